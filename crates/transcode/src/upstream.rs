//! What a gateway sends its requests to, and what goes there with them.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::record::CallRecord;

/// Any error, with its sources.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An HTTP service that requests can be sent to: a pooled client, or a router
/// in the same process.
///
/// It is implemented for every [`tower::Service`] whose error becomes a
/// [`SendError`].
pub trait Upstream: Clone + Send + Sync + 'static {
    /// The body of a response. An error of it that is a [`SendError`] of the kind
    /// [`Malformed`](SendErrorKind::Malformed) tells what is wrong with it; any
    /// other one means that it broke off.
    type Body: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send;

    /// Sends a request and waits for the head of the response.
    ///
    /// The extensions of the request hold the [`CallContext`]. Dropping the future
    /// abandons the request, which happens at the deadline at the latest.
    fn send(
        &self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<Self::Body>, SendError>> + Send;
}

impl<S, B> Upstream for S
where
    S: tower::Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<SendError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send,
{
    type Body = B;

    fn send(
        &self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<B>, SendError>> + Send {
        let response = self.clone().oneshot(request);
        async move { response.await.map_err(Into::into) }
    }
}

/// The body of a request on its way upstream.
#[derive(Debug)]
pub enum RequestBody {
    /// Whole in memory, so that it can be sent again. Without bytes there is no
    /// body.
    Whole(Bytes),
    /// An upload. It ends with an error where the call ends before it is whole.
    Stream(UnsyncBoxBody<Bytes, BoxError>),
}

impl RequestBody {
    /// A body that is read while it is sent.
    pub fn stream(
        body: impl http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    ) -> Self {
        Self::Stream(body.map_err(Into::into).boxed_unsync())
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut *self {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Stream(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(body) => body.size_hint(),
        }
    }
}

/// Why there is no response to a request.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct SendError {
    /// What callers are told.
    pub kind: SendErrorKind,
    /// What it follows from, for the log.
    pub source: Option<BoxError>,
}

/// The kinds of [`SendError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendErrorKind {
    /// Nothing of the request has reached an application: sending it again is
    /// safe, whatever its method.
    #[error("the upstream cannot be reached")]
    NeverSent {
        /// More about it for callers, in words that follow "the upstream cannot
        /// be reached: ".
        detail: Option<&'static str>,
    },
    /// The request may have been carried out.
    #[error("the connection to the upstream was lost")]
    PerhapsCarriedOut,
    /// The certificate of the server is not trusted. Waiting does not help.
    #[error("the upstream cannot be reached: its TLS certificate is not trusted")]
    Untrusted,
    /// The server does not accept the certificate that it was shown, or wants one. Nothing
    /// was carried out. Waiting does not help.
    #[error("the upstream refuses the gateway's TLS certificate, or asks for one")]
    CertificateRefused,
    /// There is no connection because TLS failed otherwise, as where the server speaks
    /// plain text. Waiting does not help.
    #[error("the upstream cannot be reached: the TLS handshake failed")]
    HandshakeFailed,
    /// The reply cannot be read as HTTP within the limits.
    #[error("the upstream's reply cannot be read: {detail}")]
    Malformed {
        /// What is wrong with it.
        detail: &'static str,
    },
    /// A limit of the gateway has shed the request.
    #[error("the gateway is overloaded")]
    Overloaded {
        /// When the caller should try again.
        retry_after: Duration,
    },
    /// The request was not sent, because its deadline cannot be met any more.
    #[error("the deadline cannot be met any more")]
    DeadlineUnattainable,
    /// The upstream does not accept the credentials of the gateway itself. Nothing was
    /// carried out. The caller is not to blame, and waiting does not help.
    #[error("the upstream refuses the gateway's own credentials")]
    CredentialsRefused,
    /// The gateway has no token for the upstream, and could not get one in time. Nothing
    /// was carried out.
    #[error("the gateway could not log in upstream with its own credentials")]
    CredentialsUnavailable {
        /// When the caller should try again.
        retry_after: Duration,
    },
}

impl SendErrorKind {
    /// Returns whether the request may have left.
    pub(crate) fn may_have_been_sent(self) -> bool {
        match self {
            Self::PerhapsCarriedOut | Self::Malformed { .. } => true,
            Self::NeverSent { .. }
            | Self::Untrusted
            | Self::CertificateRefused
            | Self::HandshakeFailed
            | Self::Overloaded { .. }
            | Self::DeadlineUnattainable
            | Self::CredentialsRefused
            | Self::CredentialsUnavailable { .. } => false,
        }
    }

    /// An error of this kind that follows from another one.
    pub fn because(self, source: impl Into<BoxError>) -> SendError {
        SendError {
            kind: self,
            source: Some(source.into()),
        }
    }
}

impl From<SendErrorKind> for SendError {
    fn from(kind: SendErrorKind) -> Self {
        Self { kind, source: None }
    }
}

/// Without a connection nothing was sent. Of everything else that is not known.
#[cfg(feature = "hyper-util")]
impl From<hyper_util::client::legacy::Error> for SendError {
    fn from(error: hyper_util::client::legacy::Error) -> Self {
        let kind = if error.is_connect() {
            SendErrorKind::NeverSent { detail: None }
        } else {
            SendErrorKind::PerhapsCarriedOut
        };
        kind.because(error)
    }
}

impl From<Infallible> for SendError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// A box that holds a [`SendError`] is opened, as layers box what they pass on.
/// Of any other error nothing is known, so the request may have been carried
/// out.
impl From<BoxError> for SendError {
    fn from(error: BoxError) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => *error,
            Err(source) => SendErrorKind::PerhapsCarriedOut.because(source),
        }
    }
}

/// What is known of a call beside its message.
///
/// A layer of the server puts one into the extensions of the gRPC request. The
/// gateway puts one into those of the upstream request, in which nothing is
/// missing that there is.
#[derive(Debug, Clone, Default)]
pub struct CallContext {
    /// The name of the rpc, as in `package.Service/Method`. A layer need not say
    /// it.
    pub rpc: &'static str,
    /// The name of the request, if somebody has chosen one; else the gateway
    /// does.
    pub request_id: Option<Arc<str>>,
    /// When the call ends. The layer that says so drops the call then. Where
    /// nobody does, the gateway reads `grpc-timeout` itself and keeps to it.
    pub deadline: Option<Instant>,
    /// Whether the reply is handed on while it arrives, as fast as its caller
    /// takes it, so that how long its body takes says nothing of the upstream. A
    /// layer of the server leaves it false.
    pub is_streamed: bool,
    /// Who the caller is.
    pub caller: Option<CallerKey>,
    /// What is noted of the call. Whoever wants to read it keeps a clone.
    pub record: CallRecord,
    /// What a layer of the server has to say to whoever sends the upstream request. It
    /// is passed on unseen.
    pub passed: Extensions,
}

/// What identifies a caller where callers share something fairly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerKey(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boxed_send_error_keeps_its_kind() {
        let boxed: BoxError = Box::new(SendError::from(SendErrorKind::Untrusted));
        assert_eq!(SendError::from(boxed).kind, SendErrorKind::Untrusted);
        let other = BoxError::from("connection reset");
        assert_eq!(
            SendError::from(other).kind,
            SendErrorKind::PerhapsCarriedOut
        );
    }
}
