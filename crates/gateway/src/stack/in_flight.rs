//! Bounds the calls that are open at once.
//!
//! tower's concurrency limit with load shedding would do, but its error has to
//! become a status here anyway, and its permit is given back before the reply
//! is written.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready as poll_ready};
use std::time::Duration;

use futures_util::future::Either;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Code;
use tonic::body::Body;
use tower::Service;

use super::call::Call;

/// When it makes sense to try again. By then some calls have ended, or none
/// will soon.
const RETRY_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub(super) struct Layer {
    places: Arc<Semaphore>,
    domain: Arc<str>,
}

impl Layer {
    pub(super) fn new(max_calls: usize, domain: Arc<str>) -> Self {
        Self {
            places: Arc::new(Semaphore::new(max_calls.min(Semaphore::MAX_PERMITS))),
            domain,
        }
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = InFlight<S>;

    fn layer(&self, inner: S) -> InFlight<S> {
        InFlight {
            inner,
            layer: self.clone(),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct InFlight<S> {
    inner: S,
    layer: Layer,
}

/// The place of a call, in the extensions of its response: it is given back
/// when the reply is written.
#[derive(Debug, Clone)]
struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
}

impl<S> Service<Request<Body>> for InFlight<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<Placed<S::Future>, Ready<Result<Self::Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Ok(permit) = Arc::clone(&self.layer.places).try_acquire_owned() else {
            let call = request.extensions().get::<Arc<Call>>();
            let status = transcode::status(
                Code::ResourceExhausted,
                "OVERLOADED",
                &self.layer.domain,
                "the gateway has as many calls open as it may",
                Some(RETRY_AFTER),
                call.map_or("", |call| &call.request_id),
            );
            return Either::Right(ready(Ok(status.into_http())));
        };
        Either::Left(Placed {
            response: self.inner.call(request),
            place: Some(Place {
                _permit: Arc::new(permit),
            }),
        })
    }
}

pin_project! {
    /// A call that has its place.
    pub(super) struct Placed<F> {
        #[pin]
        response: F,
        place: Option<Place>,
    }
}

impl<F> Future for Placed<F>
where
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(mut response) = poll_ready!(this.response.poll(context));
        if let Some(place) = this.place.take() {
            response.extensions_mut().insert(place);
        }
        Poll::Ready(Ok(response))
    }
}
