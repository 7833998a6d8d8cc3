//! What can go wrong on the way to an API.

use std::fmt;
use std::sync::Arc;

/// An error of any type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why there is no [`Client`](crate::Client) for an API.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is not a URL.
    #[error("the upstream {url:?} is not a URL")]
    Url {
        /// The address as it was given.
        url: String,
        /// What is wrong with it.
        source: http::uri::InvalidUri,
    },
    /// The URL is not the base of an API, or does not fit the others.
    #[error("the upstream {url:?} {reason}")]
    Base {
        /// The address as it was given.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no endpoint at all.
    #[error("there is no upstream")]
    NoEndpoints,
    /// A bound cannot be met or makes no sense.
    #[error("{field} {reason}")]
    Bound {
        /// The field of [`Config`](crate::Config).
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] tls::Error),
    /// A client watches its endpoints in the background, and needs a runtime.
    #[error("there is no tokio runtime to watch the upstream in")]
    NoRuntime(#[source] tokio::runtime::TryCurrentError),
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct SendError {
    /// What it means for the request.
    pub kind: SendErrorKind,
    /// The cause.
    #[source]
    pub source: Option<BoxError>,
}

/// What a failure means for the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendErrorKind {
    /// No application has seen the request. Sending it again is safe.
    #[error("the request was not sent")]
    NeverSent,
    /// The request was sent, at least in part, and may have been carried out.
    #[error("the connection was lost while the request was under way")]
    PerhapsCarriedOut,
    /// The server's certificate is not trusted. Nothing was sent.
    #[error("the upstream's TLS certificate is not trusted")]
    Untrusted,
    /// The server does not accept the certificate of this client, or that there is none.
    /// Nothing was carried out.
    #[error("the upstream refuses the TLS certificate of this client, or asks for one")]
    CertificateRefused,
    /// Client and server do not come to terms about TLS, as where the server speaks plain
    /// text. Nothing was sent.
    #[error("the TLS handshake with the upstream failed")]
    HandshakeFailed,
    /// The reply cannot be read within the bounds. The request may have been
    /// carried out, and the same request is likely to fail again.
    #[error("the reply is malformed: {detail}")]
    Malformed {
        /// What is wrong with the reply.
        detail: &'static str,
    },
    /// The body of the request broke off. Its error is the source. The server
    /// has seen an aborted request, never a complete one.
    #[error("the body of the request broke off")]
    RequestBody,
}

const NO_DESCRIPTORS: &str = "this process has no file descriptors left";

impl SendError {
    /// What was missing on this side of the connection, if that is why the
    /// request was not sent: the server is not to blame.
    pub fn missing(&self) -> Option<&'static str> {
        let cause = self.source.as_ref()?.downcast_ref();
        matches!(cause, Some(Cause::NoDescriptors)).then_some(NO_DESCRIPTORS)
    }

    pub(crate) fn new(kind: SendErrorKind, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    pub(crate) fn malformed(detail: &'static str) -> Self {
        Self {
            kind: SendErrorKind::Malformed { detail },
            source: None,
        }
    }
}

/// Why a reply is not complete.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct ReplyError {
    /// What happened.
    pub kind: ReplyErrorKind,
    /// The cause.
    #[source]
    pub source: Option<BoxError>,
}

/// What happened to the body of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyErrorKind {
    /// The connection or the stream ended before the reply did.
    #[error("the reply broke off")]
    BrokeOff,
    /// The reply cannot be read, or not within the bounds.
    #[error("the reply is malformed: {detail}")]
    Malformed {
        /// What is wrong with it.
        detail: &'static str,
    },
    /// Nothing arrived for [`Config::stall_timeout`](crate::Config).
    #[error("the reply stalled")]
    Stalled,
    /// The [deadline](crate::Options::deadline) passed.
    #[error("the deadline passed before the reply was complete")]
    DeadlineExceeded,
}

impl ReplyError {
    pub(crate) fn new(kind: ReplyErrorKind, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    pub(crate) fn bare(kind: ReplyErrorKind) -> Self {
        Self { kind, source: None }
    }
}

/// Causes that no library has an error for.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error("no connection was made in time")]
    ConnectTimeout,
    #[error("the deadline passed")]
    Deadline,
    #[error("every endpoint failed just now")]
    AllOpen,
    #[error("the connection was closed")]
    Closed,
    #[error("a connection was silent, a PING was not answered in time")]
    PingTimeout,
    #[error("the server does not speak HTTP/2")]
    NoHttp2,
    #[error("the name has no address")]
    NoAddress,
    #[error("bytes arrived that belong to no reply")]
    StrayBytes,
    #[error("the server gave up an idle connection as the request went out")]
    GivenUp,
    #[error("{NO_DESCRIPTORS}")]
    NoDescriptors,
}

impl From<Cause> for SendError {
    fn from(cause: Cause) -> Self {
        Self::new(SendErrorKind::NeverSent, cause)
    }
}

/// An error for all who waited for the same thing.
#[derive(Clone, Debug)]
pub(crate) struct SharedError(pub(crate) Arc<BoxError>);

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SharedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
