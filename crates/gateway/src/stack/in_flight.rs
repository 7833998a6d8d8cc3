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
use crate::rpcs::Rpc;

/// When it makes sense to try again. By then some calls have ended, or none
/// will soon.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The rpc that tells orchestrators and balancers whether the server lives.
const HEALTH_CHECK: &str = "grpc.health.v1.Health/Check";

/// How many health checks may be open on top of all other calls.
const RESERVE: usize = 64;

/// The services of gRPC itself. Their streams are watches and conversations.
const GRPC_ITSELF: &str = "grpc.";

#[derive(Debug, Clone)]
pub(super) struct Layer {
    places: Arc<Places>,
    reserve: Arc<Places>,
    /// For those calls that stream a list, beside the place that each call has.
    lists: Arc<Places>,
    domain: Arc<str>,
}

impl Layer {
    pub(super) fn new(config: &Config, domain: Arc<str>) -> Self {
        Self {
            places: Places::new(config.max_calls, config.max_calls_per_caller),
            reserve: Places::new(RESERVE, RESERVE),
            lists: Places::new(config.max_lists, config.max_lists.div_ceil(4)),
            domain,
        }
    }

    /// A place for a call, or why there is none.
    fn take(&self, call: Option<&Call>) -> Result<TakenPlace, NoPlace> {
        let caller = call.map_or(CallerKey(0), Call::caller);
        let rpc = call.and_then(|call| call.rpc.as_ref());
        let is_health_check = || rpc.is_some_and(|rpc| &*rpc.name == HEALTH_CHECK);
        let taken = match self.places.take(caller, 1) {
            // A server that is busy is not dead.
            Err(_) if is_health_check() => self.reserve.take(caller, 1),
            taken => taken,
        };
        let taken = taken.map_err(NoPlace::Call)?;
        let of_list = if rpc.is_some_and(streams_a_list) {
            Some(self.lists.take(caller, 1).map_err(NoPlace::List)?)
        } else {
            None
        };
        Ok(TakenPlace(Arc::new((taken, of_list))))
    }
}

/// Why a call has no place.
enum NoPlace {
    Call(Full),
    List(Full),
}

impl NoPlace {
    fn because(self) -> &'static str {
        match self {
            Self::Call(Full::Caller) => "the caller has as many calls open as it may",
            Self::Call(Full::All) => "the gateway has as many calls open as it may",
            Self::List(Full::Caller) => "the caller streams as many lists as it may",
            Self::List(Full::All) => "the gateway streams as many lists as it may",
        }
    }
}

/// Returns whether the calls of an rpc last as long as their callers read.
fn streams_a_list(rpc: &Rpc) -> bool {
    rpc.server_streaming && !rpc.client_streaming && !rpc.name.starts_with(GRPC_ITSELF)
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
struct TakenPlace(#[expect(dead_code, reason = "it is held")] Arc<(Taken, Option<Taken>)>);

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
            Err(none) => {
                let because = none.because();
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

    fn layer() -> Layer {
        let config = Config {
            max_calls: 4,
            max_calls_per_caller: 2,
            max_lists: 4,
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

    #[test]
    fn lists_that_are_streamed_leave_places_for_other_calls() {
        let layer = layer();
        let list = Call::of(Rpc {
            name: "test.Service/Stream".into(),
            client_streaming: false,
            server_streaming: true,
        });
        let first = layer.take(Some(&list)).ok().expect("a place");
        let second = layer.take(Some(&list)).err().map(NoPlace::because);
        assert_eq!(second, Some("the caller streams as many lists as it may"));
        let other = call_of("test.Service/Call");
        assert!(layer.take(Some(&other)).is_ok(), "the place is given back");
        drop(first);
        assert!(layer.take(Some(&list)).is_ok());
    }

    #[test]
    fn a_watch_is_no_list() {
        let is_list = |name: &str| {
            streams_a_list(&Rpc {
                name: name.into(),
                client_streaming: false,
                server_streaming: true,
            })
        };
        assert!(is_list("test.Service/Stream"));
        assert!(!is_list("grpc.health.v1.Health/Watch"));
    }
}
