//! Bounds the calls that are open at once.
//!
//! tower's concurrency limit with load shedding knows no callers, its error
//! would have to become a status here anyway, and its permit is given back
//! before the reply is written.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready as poll_ready};
use std::time::Duration;

use futures_util::future::Either;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Code;
use tonic::body::Body;
use tower::Service;
use transcode::{CallContext, CallerKey};

use super::call::Call;

/// When it makes sense to try again. By then some calls have ended, or none
/// will soon.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How many shares the callers are divided into. Callers of one share have
/// their bound together; it takes no memory that grows with their number.
const SHARES: usize = 1024;

#[derive(Debug, Clone)]
pub(super) struct Layer {
    places: Arc<Places>,
    domain: Arc<str>,
}

#[derive(Debug)]
struct Places {
    all: Arc<Semaphore>,
    /// How many calls of each share are open.
    shares: [AtomicUsize; SHARES],
    max_share: usize,
}

impl Layer {
    pub(super) fn new(max_calls: usize, max_calls_per_caller: usize, domain: Arc<str>) -> Self {
        Self {
            places: Arc::new(Places {
                all: Arc::new(Semaphore::new(max_calls.min(Semaphore::MAX_PERMITS))),
                shares: [const { AtomicUsize::new(0) }; SHARES],
                max_share: max_calls_per_caller,
            }),
            domain,
        }
    }
}

impl Places {
    /// A place for a call, or why there is none.
    fn take(self: &Arc<Self>, caller: CallerKey) -> Result<Place, &'static str> {
        // The keys are hashes, so any part of them does.
        let [one, two, ..] = caller.0.to_le_bytes();
        let share = usize::from(u16::from_le_bytes([one, two])) % SHARES;
        // From here on the count is given back by the place.
        let place = PlaceInShare {
            places: Arc::clone(self),
            share,
        };
        if self.shares[share].fetch_add(1, Ordering::Relaxed) >= self.max_share {
            return Err("the caller has as many calls open as it may");
        }
        let permit = Arc::clone(&self.all).try_acquire_owned();
        let permit = permit.map_err(|_| "the gateway has as many calls open as it may")?;
        Ok(Place(Arc::new((place, permit))))
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
struct Place(#[expect(dead_code, reason = "it is held")] Arc<(PlaceInShare, OwnedSemaphorePermit)>);

#[derive(Debug)]
struct PlaceInShare {
    places: Arc<Places>,
    share: usize,
}

impl Drop for PlaceInShare {
    fn drop(&mut self) {
        self.places.shares[self.share].fetch_sub(1, Ordering::Relaxed);
    }
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
        let extensions = request.extensions();
        let context = extensions.get::<CallContext>();
        // Without a stack above, all callers are one.
        let caller = context.and_then(|context| context.caller);
        let caller = caller.unwrap_or(CallerKey(0));
        match self.layer.places.take(caller) {
            Ok(place) => Either::Left(Placed {
                response: self.inner.call(request),
                place: Some(place),
            }),
            Err(because) => {
                let call = extensions.get::<Arc<Call>>();
                let status = transcode::status(
                    Code::ResourceExhausted,
                    "OVERLOADED",
                    &self.layer.domain,
                    because,
                    Some(RETRY_AFTER),
                    call.map_or("", |call| &call.request_id),
                );
                Either::Right(ready(Ok(status.into_http())))
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_has_no_more_than_its_share() {
        let layer = Layer::new(10, 4, "test".into());
        let fill = |caller| -> Vec<_> {
            let take = || layer.places.take(CallerKey(caller)).ok();
            std::iter::from_fn(take).collect()
        };
        let first = fill(1);
        assert_eq!(first.len(), 4);
        assert_eq!(fill(2).len(), 4, "another caller has no places");
        let others = [fill(2), fill(3), fill(4)];
        assert_eq!(others.map(|places| places.len()), [4, 2, 0]);
        drop(first);
        assert_eq!(fill(1).len(), 4, "the places were not given back");
        assert_eq!(layer.places.all.available_permits(), 10);
    }
}
