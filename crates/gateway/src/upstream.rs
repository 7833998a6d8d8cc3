//! The way upstream of a gateway: what an HTTP client means to it, and the
//! limit on what is sent at once.
//!
//! Connections, retries and endpoints are the business of the `upstream` crate.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::MapErr;
use transcode::{
    BoxError, CallContext, CallerKey, RequestBody, SendError, SendErrorKind, Upstream,
};

use crate::limit::{LimitConfig, Limiter, Permit, Shed, UploadPermit, Uploads, Usage};

/// An HTTP client as the upstream of a gateway.
#[derive(Clone)]
pub struct Client(pub upstream::Client);

impl Upstream for Client {
    type Body = MapErr<upstream::ReplyBody, fn(upstream::ReplyError) -> BoxError>;

    async fn send(&self, request: Request<RequestBody>) -> Result<Response<Self::Body>, SendError> {
        let mut request = request.map(|body| match body {
            RequestBody::Whole(bytes) => upstream::Body::Whole(bytes),
            RequestBody::Stream(stream) => upstream::Body::Stream(stream),
        });
        let context = request.extensions_mut().remove::<CallContext>();
        let CallContext {
            deadline,
            record,
            mut passed,
            ..
        } = context.unwrap_or_default();
        let options = upstream::Options {
            deadline,
            drops_at_deadline: true,
            attempts: Arc::clone(record.attempts()),
            recorder: passed.remove(),
        };
        request.extensions_mut().insert(options);
        let response = self.0.send(request).await.map_err(not_sent)?;
        if let Some(origin) = response.extensions().get::<upstream::Origin>().cloned() {
            record.on_rejection(move || origin.reject());
        }
        Ok(response.map(|body| body.map_err(broken as fn(_) -> _)))
    }
}

/// What a failure of the client means to a gateway.
fn not_sent(error: upstream::SendError) -> SendError {
    let kind = match error.kind {
        upstream::SendErrorKind::NeverSent => SendErrorKind::NeverSent {
            detail: error.missing(),
        },
        // Why the body of a request broke off is known to those who made it.
        upstream::SendErrorKind::PerhapsCarriedOut | upstream::SendErrorKind::RequestBody => {
            SendErrorKind::PerhapsCarriedOut
        }
        upstream::SendErrorKind::Untrusted => SendErrorKind::Untrusted,
        upstream::SendErrorKind::CertificateRefused => SendErrorKind::CertificateRefused,
        upstream::SendErrorKind::HandshakeFailed => SendErrorKind::HandshakeFailed,
        upstream::SendErrorKind::Malformed { detail } => SendErrorKind::Malformed { detail },
    };
    SendError {
        kind,
        source: Some(error.into()),
    }
}

/// What a failure of a reply's body means to a gateway.
fn broken(error: upstream::ReplyError) -> BoxError {
    match error.kind {
        upstream::ReplyErrorKind::Malformed { detail } => {
            SendErrorKind::Malformed { detail }.because(error).into()
        }
        upstream::ReplyErrorKind::BrokeOff
        | upstream::ReplyErrorKind::Stalled
        | upstream::ReplyErrorKind::DeadlineExceeded => error.into(),
    }
}

/// An upstream that is sent no more than it can take.
#[derive(Clone)]
pub struct Limited<U> {
    usage: LimitedUsage,
    upstream: U,
}

/// How much of what may be sent at once is in use. Clones are the same.
#[derive(Debug, Clone)]
pub struct LimitedUsage {
    limiter: Limiter,
    uploads: Uploads,
    shed: Arc<ShedCounts>,
}

#[derive(Debug, Default)]
struct ShedCounts {
    queue_full: AtomicU64,
    waited_too_long: AtomicU64,
    deadline_unattainable: AtomicU64,
}

impl LimitedUsage {
    /// How much of the limit on calls is in use.
    pub fn calls(&self) -> Usage {
        self.limiter.usage()
    }

    /// How many uploads are on their way.
    pub fn uploads(&self) -> usize {
        self.uploads.in_flight()
    }

    /// How many calls were shed so far, by the name of the reason.
    pub fn shed(&self) -> [(&'static str, u64); 3] {
        let ShedCounts {
            queue_full,
            waited_too_long,
            deadline_unattainable,
        } = &*self.shed;
        [
            ("queue_full", queue_full.load(Ordering::Relaxed)),
            ("waited_too_long", waited_too_long.load(Ordering::Relaxed)),
            (
                "deadline_unattainable",
                deadline_unattainable.load(Ordering::Relaxed),
            ),
        ]
    }

    /// Counts what is shed, and returns what that means for the call.
    fn shed_call(&self, shed: Shed) -> SendError {
        let (count, kind) = match shed {
            Shed::QueueFull { retry_after } => (
                &self.shed.queue_full,
                SendErrorKind::Overloaded { retry_after },
            ),
            Shed::WaitedTooLong { retry_after } => (
                &self.shed.waited_too_long,
                SendErrorKind::Overloaded { retry_after },
            ),
            Shed::DeadlineUnattainable => (
                &self.shed.deadline_unattainable,
                SendErrorKind::DeadlineUnattainable,
            ),
        };
        count.fetch_add(1, Ordering::Relaxed);
        SendError {
            kind,
            source: Some(shed.into()),
        }
    }
}

impl<U> Limited<U> {
    /// Puts a limit in front of the upstream.
    pub fn new(config: LimitConfig, upstream: U) -> Self {
        Self {
            usage: LimitedUsage {
                limiter: Limiter::new(config),
                uploads: Uploads::new(config),
                shed: Arc::default(),
            },
            upstream,
        }
    }

    /// How much of the limit is in use, for those who watch it.
    pub fn usage(&self) -> LimitedUsage {
        self.usage.clone()
    }
}

impl<U: Upstream> Upstream for Limited<U> {
    type Body = Permitted<U::Body>;

    async fn send(&self, request: Request<RequestBody>) -> Result<Response<Self::Body>, SendError> {
        let context = request.extensions().get::<CallContext>();
        let (rpc, deadline) = context.map_or(("", None), |context| (context.rpc, context.deadline));
        let is_streamed = context.is_some_and(|context| context.is_streamed);
        // A call without a caller has not come through a server's stack.
        let caller = context.and_then(|context| context.caller);
        let caller = caller.unwrap_or(CallerKey(0));
        let mut permit = if let RequestBody::Stream(_) = request.body() {
            let acquired = self.usage.uploads.acquire(caller, deadline).await;
            OnTheWay::Upload(acquired.map_err(|shed| self.usage.shed_call(shed))?)
        } else {
            let acquired = self.usage.limiter.acquire(caller, rpc, deadline).await;
            OnTheWay::Call(acquired.map_err(|shed| self.usage.shed_call(shed))?)
        };
        let response = self.upstream.send(request).await?;
        if let OnTheWay::Call(permit) = &mut permit {
            permit.answered(is_congested(response.status()));
        }
        // How long the body of a streamed list takes is up to its caller. Lists have
        // places of their own in the stack of the server.
        let permit = (!is_streamed).then_some(permit);
        Ok(response.map(|body| Permitted {
            body: Box::pin(body),
            _permit: permit,
        }))
    }
}

/// Leave to be on the way upstream, given back when it is dropped.
enum OnTheWay {
    Call(Permit),
    Upload(#[expect(dead_code, reason = "it is held")] UploadPermit),
}

/// Returns whether an upstream says that it has too much to do. A 429 may be about
/// its caller alone, so it does not count.
fn is_congested(status: StatusCode) -> bool {
    status == StatusCode::SERVICE_UNAVAILABLE
}

/// A reply whose call keeps its place until it is read, unless it is a streamed
/// list.
pub struct Permitted<B> {
    body: Pin<Box<B>>,
    _permit: Option<OnTheWay>,
}

impl<B: Body<Data = Bytes, Error: Into<BoxError>>> Body for Permitted<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.body.as_mut().poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
