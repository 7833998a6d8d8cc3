//! What HTTP/2 says when it fails, without the words of the other side.

use std::fmt;

/// An error of HTTP/2. The debug data of a GOAWAY are the server's own words, and can
/// hold what must not come into a log.
#[derive(Debug)]
pub(crate) struct Http2Error {
    reason: Option<h2::Reason>,
    is_remote: bool,
    io: Option<std::io::Error>,
}

impl From<h2::Error> for Http2Error {
    fn from(error: h2::Error) -> Self {
        Self {
            reason: error.reason(),
            is_remote: error.is_remote(),
            io: error.into_io(),
        }
    }
}

impl fmt::Display for Http2Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.io, self.reason, self.is_remote) {
            (Some(error), ..) => error.fmt(f),
            (None, Some(reason), true) => write!(f, "the server says: {reason}"),
            (None, Some(reason), false) => write!(f, "HTTP/2 failed: {reason}"),
            (None, None, _) => f.write_str("HTTP/2 failed"),
        }
    }
}

impl std::error::Error for Http2Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.io.as_ref()?.source()
    }
}
