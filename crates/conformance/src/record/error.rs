//! What can go wrong while traffic is recorded.

use std::path::PathBuf;

use upstream::SendError;

/// Why traffic cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// There is no way to the upstream.
    #[error("there is no way to the upstream")]
    Upstream(#[from] upstream::Error),
    /// A file or directory cannot be read or written.
    #[error("{path} cannot be read or written", path = path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What happened instead.
        source: std::io::Error,
    },
    /// The system has no random numbers, without which fakes can be turned back.
    #[error("the system gives no random numbers")]
    Random(#[source] getrandom::Error),
    /// A request could not be passed on, or was not answered.
    #[error("{method} {path} was not answered")]
    Unanswered {
        /// The method of the request.
        method: http::Method,
        /// Its path, without the query, which can hold a token.
        path: String,
        /// What happened instead.
        source: SendError,
    },
    /// An exchange passed by that recorded exchanges have no form for.
    #[error("{method} {path} is left out: {why}")]
    LeftOut {
        /// The method of the request.
        method: http::Method,
        /// The path of the operation.
        path: String,
        /// Why there is no form for it.
        why: &'static str,
    },
    /// The proxy cannot serve.
    #[error("the proxy cannot serve")]
    Serve(#[source] std::io::Error),
}
