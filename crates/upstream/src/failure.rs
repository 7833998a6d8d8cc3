//! Why an attempt has no reply, and how far it got.

use crate::error::Cause;
use crate::{BoxError, SendError, SendErrorKind};

/// Which HTTP/2 connection it is.
pub(crate) type ConnectionId = u64;

/// Why an attempt has no reply.
pub(crate) struct Failure {
    pub(crate) error: SendError,
    pub(crate) stage: Stage,
    /// The HTTP/2 connection that did not take the request.
    pub(crate) refused_by: Option<ConnectionId>,
}

/// How far an attempt got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// There was no connection.
    Connect,
    /// There was none because this side had no room for one.
    NoRoom,
    /// There was one that had been used before, and it took not one byte.
    Stale,
    /// There was one that had been used before, and the server gave it up as the
    /// request went out.
    GivenUp,
    /// There was one, and the failure is that of the request.
    Sent,
}

impl Failure {
    /// There was no connection.
    pub(crate) fn connect(error: SendError) -> Self {
        let stage = if error.missing().is_some() {
            Stage::NoRoom
        } else {
            Stage::Connect
        };
        Self {
            error,
            stage,
            refused_by: None,
        }
    }

    /// Not one byte of the request was written.
    pub(crate) fn unsent(source: impl Into<BoxError>, reused: bool) -> Self {
        Self {
            error: SendError::new(SendErrorKind::NeverSent, source),
            stage: if reused { Stage::Stale } else { Stage::Sent },
            refused_by: None,
        }
    }

    /// The server has refused the certificate of this client: there was no connection,
    /// although it seemed so.
    pub(crate) fn certificate_refused(self) -> Self {
        Self {
            error: SendError {
                kind: SendErrorKind::CertificateRefused,
                source: self.error.source,
            },
            stage: Stage::Connect,
            refused_by: None,
        }
    }

    /// The server had waited too long for a request when this one came.
    pub(crate) fn given_up() -> Self {
        Self {
            error: Cause::GivenUp.into(),
            stage: Stage::GivenUp,
            refused_by: None,
        }
    }
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        Self {
            error,
            stage: Stage::Sent,
            refused_by: None,
        }
    }
}
