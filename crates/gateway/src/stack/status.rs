//! Sees the status of every call, and completes those that say too little.
//!
//! The gateway's own failures have a reason, a domain and the id of their
//! request. Those that tonic makes have none of it: an unknown method, a message
//! that does not parse. Here they get one, so that every error has.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tower::Service;
use transcode::REQUEST_ID;

use super::call::Call;

/// When a call that was ended for a server that leaves can be sent again: at
/// once, to another one.
pub(super) const RETRY_ELSEWHERE: Duration = Duration::from_millis(100);

/// When a call can be sent again that the server had no room for.
const RETRY_HERE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub(super) struct Layer {
    domain: Arc<str>,
}

impl Layer {
    pub(super) fn new(domain: Arc<str>) -> Self {
        Self { domain }
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Statuses<S>;

    fn layer(&self, inner: S) -> Statuses<S> {
        Statuses {
            inner,
            domain: Arc::clone(&self.domain),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Statuses<S> {
    inner: S,
    domain: Arc<str>,
}

impl<S, B> Service<Request<Body>> for Statuses<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body<Data = Bytes, Error = Status> + Send + Unpin + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Telling<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = request.extensions().get::<Arc<Call>>().cloned();
        Telling {
            response: self.inner.call(request),
            call,
            domain: Arc::clone(&self.domain),
        }
    }
}

pin_project! {
    /// A response on its way through the layer.
    pub(super) struct Telling<F> {
        #[pin]
        response: F,
        call: Option<Arc<Call>>,
        domain: Arc<str>,
    }
}

impl<F, B> Future for Telling<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
    B: http_body::Body<Data = Bytes, Error = Status> + Send + Unpin + 'static,
{
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(mut response) = ready!(this.response.poll(context));
        let domain = Arc::clone(this.domain);
        let call = this.call.take();
        if let Some(call) = &call {
            // A status in the headers is the whole reply.
            if response.headers().contains_key(Status::GRPC_STATUS) {
                complete(response.headers_mut(), call, &domain);
            } else if !response.headers().contains_key(REQUEST_ID)
                && let Ok(request_id) = HeaderValue::from_str(&call.request_id)
            {
                response.headers_mut().insert(REQUEST_ID, request_id);
            }
        }
        Poll::Ready(Ok(
            response.map(|body| Body::new(Told { body, call, domain }))
        ))
    }
}

/// The body of a reply, whose trailers carry its status.
struct Told<B> {
    body: B,
    call: Option<Arc<Call>>,
    domain: Arc<str>,
}

impl<B: http_body::Body<Data = Bytes, Error = Status> + Unpin> http_body::Body for Told<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
            && let Some(call) = &self.call
        {
            complete(trailers, call, &self.domain);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Notes the status in the headers for the outcome, and completes it if it is
/// an error without details.
fn complete(headers: &mut HeaderMap, call: &Call, domain: &str) {
    if headers
        .get(Status::GRPC_STATUS)
        .is_some_and(|status| status.as_bytes() == b"0")
    {
        call.end(Code::Ok, None);
        return;
    }
    let Some(status) = Status::from_header_map(headers) else {
        return;
    };
    if !status.details().is_empty() {
        let details = status.get_error_details();
        let reason = details.error_info();
        let reason = reason.map(|info| transcode::loggable(&info.reason).to_owned());
        call.end(status.code(), reason);
        return;
    }
    let (code, reason) = reason_of(status.code());
    call.end(code, Some(reason.to_owned()));
    let retry_after = match code {
        Code::Unavailable => Some(RETRY_ELSEWHERE),
        Code::ResourceExhausted if reason == "OVERLOADED" => Some(RETRY_HERE),
        _ => None,
    };
    let completed = transcode::status(
        code,
        reason,
        domain,
        status.message(),
        retry_after,
        &call.request_id,
    );
    let mut told = HeaderMap::new();
    if completed.add_header(&mut told).is_ok() {
        for (name, value) in told {
            if let Some(name) = name {
                headers.insert(name, value);
            }
        }
    }
}

/// The reason of a status that was made by somebody who gives none, and the
/// code that the documentation of gRPC has for it.
fn reason_of(code: Code) -> (Code, &'static str) {
    match code {
        // What tonic says of a message above its limit.
        Code::OutOfRange => (Code::ResourceExhausted, "MESSAGE_TOO_LARGE"),
        Code::Unimplemented => (code, "UNKNOWN_METHOD"),
        // What tonic says of a message that does not parse.
        Code::Internal => (code, "MALFORMED_MESSAGE"),
        // What the health service says.
        Code::NotFound => (code, "UNKNOWN_SERVICE"),
        Code::Unavailable => (code, "SHUTTING_DOWN"),
        Code::ResourceExhausted => (code, "OVERLOADED"),
        Code::DeadlineExceeded => (code, "DEADLINE_EXCEEDED"),
        Code::Cancelled | Code::Aborted => (code, "CALLER_GONE"),
        Code::InvalidArgument => (code, "INVALID_REQUEST"),
        _ => (code, "GATEWAY_FAULT"),
    }
}
