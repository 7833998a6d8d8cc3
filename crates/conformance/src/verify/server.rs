//! Which server to verify, and the way to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use http::HeaderValue;
use upstream::{BoxError, base};

use super::wire::Wire;

/// What to verify.
#[derive(Clone)]
pub struct Live {
    /// The base of the API, such as `https://api.example.com/v2`. Without a
    /// path, the contract's base path follows.
    pub url: String,
    /// The access token to make calls with. Only an API of another document may do
    /// without, where it is empty.
    pub token: String,
    /// Whether operations that write are tried too. All that is written stands
    /// in an organization of its own, which is deleted in the end.
    pub allow_writes: bool,
    /// A PEM file with the certificates of the authorities that may vouch for
    /// the server, in place of those that the system trusts.
    pub ca: Option<PathBuf>,
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Leaves out the token.
        f.debug_struct("Live")
            .field("url", &self.url)
            .field("allow_writes", &self.allow_writes)
            .field("ca", &self.ca)
            .finish_non_exhaustive()
    }
}

/// Why a server cannot be verified at all.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// There is no way to the server.
    #[error("the server cannot be verified")]
    Upstream(#[from] upstream::Error),
    /// The token is not one.
    #[error("the token holds characters that no token has")]
    Token(#[source] http::header::InvalidHeaderValue),
    /// The first request was not answered.
    #[error("{url} does not answer; is the server up, and is the URL right?")]
    Unreachable {
        /// The URL of the request.
        url: String,
        /// What happened instead.
        source: BoxError,
    },
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random(#[source] getrandom::Error),
}

/// The way to a server. `base_path` follows where the URL has no path.
pub(super) fn wire(options: &Live, base_path: &str) -> Result<Wire, LiveError> {
    let mut uri = base(&options.url)?;
    if uri.path() == "/" {
        uri = base(&format!("{}{base_path}", options.url.trim_end_matches('/')))?;
    }
    Ok(Wire::new(&uri, options.ca.as_deref())?)
}

/// The way to a server that counts its requests in `sent`.
pub(super) fn counting(mut wire: Wire, sent: &Arc<AtomicUsize>) -> Wire {
    wire.sent = Arc::clone(sent);
    wire
}

pub(super) fn bearer(options: &Live) -> Result<HeaderValue, LiveError> {
    let mut token =
        HeaderValue::try_from(format!("Bearer {}", options.token)).map_err(LiveError::Token)?;
    token.set_sensitive(true);
    Ok(token)
}

pub(super) fn run_id() -> Result<String, LiveError> {
    let mut seed = [0; 4];
    getrandom::fill(&mut seed).map_err(LiveError::Random)?;
    Ok(format!("{:08x}", u32::from_be_bytes(seed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_not_shown() {
        let options = Live {
            url: "http://localhost".to_owned(),
            token: "hidden".to_owned(),
            allow_writes: false,
            ca: None,
        };
        assert!(!format!("{options:?}").contains("hidden"));
    }
}
