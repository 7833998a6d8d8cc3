//! Bounds the calls that are open at once.
//!
//! tower's concurrency limit with load shedding knows no callers, its error
//! would have to become a status here anyway, and its permit is given back
//! before the reply is written.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready as poll_ready};
use std::time::Duration;

use futures_util::future::Either;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tonic::Code;
use tonic::body::Body;
use tower::Service;
use transcode::CallerKey;

use super::call::Call;
use crate::config::Config;
use crate::places::{Full, Places, Taken};

/// When it makes sense to try again. By then some calls have ended, or none
/// will soon.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The rpc that tells orchestrators and balancers whether the server lives.
const HEALTH_CHECK: &str = "grpc.health.v1.Health/Check";

/// How many health checks may be open on top of all other calls.
const RESERVE: usize = 64;

#[derive(Debug, Clone)]
pub(super) struct Layer {
    places: Arc<Places>,
    reserve: Arc<Places>,
    domain: Arc<str>,
}

impl Layer {
    pub(super) fn new(config: &Config, domain: Arc<str>) -> Self {
        Self {
            places: Places::new(config.max_calls, config.max_calls_per_caller),
            reserve: Places::new(RESERVE, RESERVE),
            domain,
        }
    }

    /// A place for a call, or why there is none.
    fn take(&self, call: Option<&Call>) -> Result<TakenPlace, Full> {
        let caller = call.map_or(CallerKey(0), Call::caller);
        let is_health_check = || {
            let rpc = call.and_then(|call| call.rpc.as_ref());
            rpc.is_some_and(|rpc| &*rpc.name == HEALTH_CHECK)
        };
        let taken = match self.places.take(caller, 1) {
            // A server that is busy is not dead.
            Err(_) if is_health_check() => self.reserve.take(caller, 1),
            taken => taken,
        };
        Ok(TakenPlace(Arc::new(taken?)))
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
struct TakenPlace(#[expect(dead_code, reason = "it is held")] Arc<Taken>);

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
        let call = request.extensions().get::<Arc<Call>>();
        match self.layer.take(call.map(|call| &**call)) {
            Ok(place) => Either::Left(Placed {
                response: self.inner.call(request),
                place: Some(place),
            }),
            Err(full) => {
                let because = match full {
                    Full::Caller => "the caller has as many calls open as it may",
                    Full::All => "the gateway has as many calls open as it may",
                };
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
        place: Option<TakenPlace>,
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
    use crate::rpcs::Rpc;

    fn layer() -> Layer {
        let config = Config {
            max_calls: 4,
            max_calls_per_caller: 2,
            ..Config::default()
        };
        Layer::new(&config, "test".into())
    }

    fn call_of(name: &str) -> Arc<Call> {
        Call::of(Rpc {
            name: name.into(),
            client_streaming: false,
            server_streaming: false,
        })
    }

    #[test]
    fn a_health_check_has_a_place_where_other_calls_have_none() {
        let layer = layer();
        let call = call_of("test.Service/Call");
        let taken: Vec<_> = std::iter::from_fn(|| layer.take(Some(&call)).ok()).collect();
        assert_eq!(taken.len(), 2);
        let check = call_of(HEALTH_CHECK);
        let checks: Vec<_> = std::iter::from_fn(|| layer.take(Some(&check)).ok()).collect();
        assert_eq!(checks.len(), RESERVE, "and they are bounded");
    }
}
