//! Every call has a deadline.
//!
//! It is the caller's, cut to a maximum, or a default. It counts from the
//! arrival of the headers, so a message that never comes is covered as well as
//! a reply that is never read. tonic and tower answer a passed deadline with
//! `CANCELLED`, or as if the connection had failed; gRPC has
//! `DEADLINE_EXCEEDED` for it. A server that leaves and cannot wait any longer
//! is the other end that a call may come to while it waits.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready as poll_ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::Either;
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, Timeout, sleep_until, timeout_at};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;
use transcode::CallContext;

use super::call::Call;
use crate::config::Config;
use crate::extensions::Ends;
use crate::phase::Phase;
use crate::rpcs::Rpc;

#[derive(Debug, Clone)]
pub(super) struct Layer {
    default: Duration,
    max: Duration,
    domain: Arc<str>,
    phase: watch::Receiver<Phase>,
}

impl Layer {
    pub(super) fn new(config: &Config, phase: watch::Receiver<Phase>) -> Self {
        Self {
            default: config.default_deadline.min(config.max_deadline),
            max: config.max_deadline,
            domain: config.domain.as_str().into(),
            phase,
        }
    }

    /// How long a call may take.
    fn timeout(&self, headers: &HeaderMap, rpc: Option<&Rpc>) -> Result<Duration, String> {
        // A watch answers once and then waits for news; it is as long as it may
        // be, or else every idle client would come back each half minute. A
        // streamed list takes as long as its caller reads.
        let is_stream = rpc.is_some_and(|rpc| rpc.server_streaming && !rpc.client_streaming);
        Ok(match transcode::grpc_timeout(headers)? {
            Some(timeout) => timeout.min(self.max),
            None if is_stream => self.max,
            None => self.default,
        })
    }

    fn exceeded(&self, timeout: Duration, request_id: &str) -> Status {
        transcode::status(
            Code::DeadlineExceeded,
            "DEADLINE_EXCEEDED",
            &self.domain,
            format!("the call was not over within its deadline of {timeout:?}"),
            None,
            request_id,
        )
    }
}

/// Waits until the server cannot wait any longer.
async fn over(mut phase: watch::Receiver<Phase>) {
    if phase.wait_for(|phase| *phase == Phase::Over).await.is_err() {
        // The server is gone, and its connections with it.
        std::future::pending::<()>().await;
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Deadlines<S>;

    fn layer(&self, inner: S) -> Deadlines<S> {
        Deadlines {
            inner,
            layer: Arc::new(self.clone()),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Deadlines<S> {
    inner: S,
    layer: Arc<Layer>,
}

impl<S> Service<Request<Body>> for Deadlines<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Limited>;
    type Error = Infallible;
    type Future = Either<Timed<S::Future>, Ready<Result<Self::Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let call = request.extensions().get::<Arc<Call>>().cloned();
        let request_id: Arc<str> = match &call {
            Some(call) => Arc::clone(&call.request_id),
            None => transcode::request_id(request.headers()).into(),
        };
        let rpc = call.as_ref().and_then(|call| call.rpc.as_ref());
        let timeout = match self.layer.timeout(request.headers(), rpc) {
            Ok(timeout) => timeout,
            Err(violation) => {
                let status = transcode::status(
                    Code::InvalidArgument,
                    "INVALID_REQUEST",
                    &self.layer.domain,
                    format!("grpc-timeout {violation}"),
                    None,
                    &request_id,
                );
                return Either::Right(ready(Ok(status.into_http().map(Limited::over))));
            }
        };
        let deadline = Instant::now() + timeout;
        if let Some(call) = &call {
            let _ = call.deadline.set(deadline);
        }
        if let Some(context) = request.extensions_mut().get_mut::<CallContext>() {
            context.deadline = Some(deadline);
        }
        Either::Left(Timed {
            response: timeout_at(deadline, self.inner.call(request)),
            deadline,
            over: None,
            exceeded: Some(Exceeded {
                layer: Arc::clone(&self.layer),
                timeout,
                request_id,
            }),
        })
    }
}

/// What it takes to say that a deadline has passed.
struct Exceeded {
    layer: Arc<Layer>,
    timeout: Duration,
    request_id: Arc<str>,
}

impl Exceeded {
    fn status(&self) -> Status {
        self.layer.exceeded(self.timeout, &self.request_id)
    }

    fn broken_off(&self) -> Status {
        transcode::status(
            Code::Unavailable,
            "SHUTTING_DOWN",
            &self.layer.domain,
            "the gateway is shutting down and cannot wait for the answer any longer; \
             the call may have been carried out",
            None,
            &self.request_id,
        )
    }
}

pin_project! {
    /// A call that ends with its deadline, or with the server.
    pub(super) struct Timed<F> {
        #[pin]
        response: Timeout<F>,
        deadline: Instant,
        // Set up only where there is something to wait for.
        over: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
        exceeded: Option<Exceeded>,
    }
}

impl<F> Future for Timed<F>
where
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    type Output = Result<Response<Limited>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let deadline = *this.deadline;
        // The timers of tokio count in milliseconds, and a deadline may be sooner: the clock
        // decides. A call that has no time left is not begun.
        let answered = if Instant::now() >= deadline {
            Poll::Ready(None)
        } else {
            this.response.poll(context).map(Result::ok)
        };
        let answered = match answered {
            Poll::Ready(answered) => answered.filter(|_| Instant::now() < deadline),
            Poll::Pending => {
                let Some(exceeded) = this.exceeded else {
                    return Poll::Pending;
                };
                let phase = &exceeded.layer.phase;
                let over = this
                    .over
                    .get_or_insert_with(|| Box::pin(over(phase.clone())));
                poll_ready!(over.as_mut().poll(context));
                let broken_off = exceeded.broken_off().into_http().map(Limited::over);
                return Poll::Ready(Ok(broken_off));
            }
        };
        let exceeded = this.exceeded.take();
        let mut response = match answered {
            Some(Ok(response)) => response.map(|body| Limited {
                body,
                deadline,
                sleep: None,
                over: None,
                exceeded,
            }),
            None => match exceeded {
                Some(exceeded) => exceeded.status().into_http().map(Limited::over),
                // A future that is done is not asked again.
                None => return Poll::Pending,
            },
        };
        // Whoever writes the reply ends it where it cannot be written.
        response.extensions_mut().insert(Ends(deadline));
        Poll::Ready(Ok(response))
    }
}

/// A reply that ends with its deadline.
pub(super) struct Limited {
    body: Body,
    deadline: Instant,
    /// Set up only where there is something to wait for.
    sleep: Option<Pin<Box<Sleep>>>,
    over: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// What it takes to say so, until it was said.
    exceeded: Option<Exceeded>,
}

impl Limited {
    /// A reply that has nothing to wait for.
    fn over(body: Body) -> Self {
        Self {
            body,
            deadline: Instant::now(),
            sleep: None,
            over: None,
            exceeded: None,
        }
    }
}

impl Limited {
    /// Waits until the server cannot wait any longer.
    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(exceeded) = &self.exceeded else {
            return Poll::Pending;
        };
        let phase = &exceeded.layer.phase;
        let over = self
            .over
            .get_or_insert_with(|| Box::pin(over(phase.clone())));
        over.as_mut().poll(context)
    }
}

impl http_body::Body for Limited {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        let deadline = self.deadline;
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        let has_no_time = sleep.as_mut().poll(context).is_ready();
        if !has_no_time && self.poll_over(context).is_pending() {
            return Poll::Pending;
        }
        let Some(exceeded) = self.exceeded.take() else {
            return Poll::Ready(None);
        };
        // What the reply still waits for is over too.
        self.body = Body::empty();
        let status = if has_no_time {
            exceeded.status()
        } else {
            exceeded.broken_off()
        };
        let mut trailers = HeaderMap::new();
        Poll::Ready(Some(match status.add_header(&mut trailers) {
            Ok(()) => Ok(Frame::trailers(trailers)),
            Err(status) => Err(status),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tower::{Layer as _, ServiceExt as _};

    use super::*;

    /// Makes a call with this `grpc-timeout`, which is answered after that time. Returns the
    /// code, and how many calls were begun.
    fn call(timeout: &str, takes: Duration) -> (Code, usize) {
        let (_phase, phase) = watch::channel(Phase::Serving);
        let begun = AtomicUsize::new(0);
        let counter = &begun;
        let answer = |_: Request<Body>| {
            async move {
                counter.fetch_add(1, Ordering::Relaxed);
                // A clock that stands still, so that no timer is involved.
                tokio::time::advance(takes).await;
                Ok::<_, Infallible>(Response::new(Body::empty()))
            }
        };
        let service = Layer::new(&Config::default(), phase).layer(tower::service_fn(answer));
        let request = Request::builder().header("grpc-timeout", timeout);
        let request = request.body(Body::empty()).expect("a request");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let Ok(response) = runtime.block_on(service.oneshot(request));
        let status = Status::from_header_map(response.headers());
        let code = status.map_or(Code::Ok, |status| status.code());
        (code, begun.load(Ordering::Relaxed))
    }

    #[test]
    fn a_deadline_of_less_than_a_millisecond_is_kept() {
        let in_time = call("100u", Duration::from_micros(99));
        assert_eq!(in_time, (Code::Ok, 1));
        let late = call("100u", Duration::from_micros(101));
        assert_eq!(late, (Code::DeadlineExceeded, 1));
        assert_eq!(
            call("1n", Duration::from_nanos(1)).0,
            Code::DeadlineExceeded
        );
    }

    #[test]
    fn a_call_without_any_time_is_not_begun() {
        assert_eq!(call("0n", Duration::ZERO), (Code::DeadlineExceeded, 0));
    }
}
