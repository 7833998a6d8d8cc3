//! The outermost layer: a call's name, its clock, and its one outcome.

use std::convert::Infallible;
use std::hash::RandomState;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Extensions, HeaderMap, HeaderName, Request, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;
use trace::{Position, TRACEPARENT, Tracer};
use transcode::{CallContext, CallRecord, CallerKey};

use crate::admission::Admission;
use crate::callers::{Caller, Callers};
use crate::extensions::Peer;
use crate::identity::Identity;
use crate::outcome::{Observers, Outcome};
use crate::places::{Full, Places, Taken};
use crate::rpcs::{Rpc, Rpcs};
use crate::usage::{OpenCall, ServerUsage};

/// The header in which a proxy says where a request comes from.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A call under way, in the extensions of its request. What the layers learn of
/// it is noted here.
pub(super) struct Call {
    pub(super) rpc: Option<Rpc>,
    pub(super) request_id: Arc<str>,
    pub(super) deadline: OnceLock<Instant>,
    /// Who makes it. Unknown only in tests of single layers.
    caller: Option<Caller>,
    /// The bytes that its messages take, as far as they are counted.
    held: Mutex<Option<Taken>>,
    /// Where it stands in its trace.
    trace: Option<Position>,
    peer: Option<IpAddr>,
    started: Instant,
    received: AtomicU64,
    sent: AtomicU64,
    end: Mutex<Option<End>>,
    record: CallRecord,
}

/// How a call ends.
#[derive(Clone)]
enum End {
    /// The caller is told this code, and why.
    Told(Code, Option<String>),
    /// It was the question of a browser whether it may call.
    Preflight,
}

impl Call {
    /// A call of the rpc that nobody observes.
    #[cfg(test)]
    pub(super) fn of(rpc: Rpc) -> Arc<Self> {
        Arc::new(Self {
            rpc: Some(rpc),
            request_id: "a-request".into(),
            deadline: OnceLock::new(),
            caller: None,
            held: Mutex::new(None),
            trace: None,
            peer: None,
            started: Instant::now(),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            end: Mutex::new(None),
            record: CallRecord::default(),
        })
    }

    /// Whom the places of this call are counted for.
    pub(super) fn caller(&self) -> CallerKey {
        // Without a stack above, all callers are one.
        self.caller.map_or(CallerKey(0), |caller| caller.key)
    }

    /// Counts so many bytes of its messages as held, until it is over.
    ///
    /// # Errors
    ///
    /// Fails where there is no room for so many more.
    pub(super) fn hold(&self, places: &Arc<Places>, bytes: usize) -> Result<(), Full> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = &mut *held {
            return held.grow(bytes.saturating_sub(held.count()));
        }
        *held = Some(places.take(self.caller(), bytes)?);
        Ok(())
    }

    /// Counts nothing of its messages as held any more.
    pub(super) fn hold_nothing(&self) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Notes what the caller is told. The first status counts: what follows
    /// is only how the connection ends.
    pub(super) fn end(&self, code: Code, reason: Option<String>) {
        self.end_with(End::Told(code, reason));
    }

    /// Notes that it is the preflight of a browser. That is no call of the rpc in its
    /// path, so nobody is told of it.
    pub(super) fn end_as_preflight(&self) {
        self.end_with(End::Preflight);
    }

    fn end_with(&self, end: End) {
        self.end
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(end);
    }

    /// Counts what has arrived of the request, in bytes.
    pub(super) fn count_received(&self, length: usize) {
        self.received.fetch_add(length as u64, Ordering::Relaxed);
    }

    /// Counts what has been handed to the connection of the reply, in bytes.
    fn count_sent(&self, length: usize) {
        self.sent.fetch_add(length as u64, Ordering::Relaxed);
    }

    /// What the call came to; `None` for a preflight.
    fn outcome(&self) -> Option<Outcome> {
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (code, reason) = match end.clone() {
            Some(End::Preflight) => return None,
            Some(End::Told(code, reason)) => (code, reason),
            // Nobody told the caller anything: it has gone, or its time has.
            None => match self.deadline.get() {
                Some(deadline) if now >= *deadline => {
                    (Code::DeadlineExceeded, Some("DEADLINE_EXCEEDED".to_owned()))
                }
                _ => (Code::Cancelled, Some("CALLER_GONE".to_owned())),
            },
        };
        Some(Outcome {
            rpc: self.rpc.as_ref().map(|rpc| Arc::clone(&rpc.name)),
            request_id: Arc::clone(&self.request_id),
            trace: self.trace.clone(),
            peer: self.peer,
            subject: self.caller.and_then(Caller::subject),
            code,
            reason,
            duration: now - self.started,
            received: self.received.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            upstream: self.record.upstream(),
        })
    }
}

/// Tells the observers when it is dropped, which is when the call is over.
struct Ending {
    call: Arc<Call>,
    observers: Observers,
    callers: Callers,
    _open: OpenCall,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let Some(outcome) = self.call.outcome() else {
            return;
        };
        if let (Some(caller), Some(status)) = (self.call.caller, outcome.upstream.status) {
            self.callers.answered(caller, status);
        }
        for observer in self.observers.iter() {
            observer.ended(&outcome);
        }
    }
}

#[derive(Clone)]
pub(super) struct Layer {
    rpcs: Rpcs,
    observers: Observers,
    callers: Callers,
    admission: Option<Arc<Admission>>,
    tracer: Option<Tracer>,
    usage: ServerUsage,
}

impl Layer {
    pub(super) fn new(
        rpcs: Rpcs,
        observers: Observers,
        admission: Option<Arc<Admission>>,
        tracer: Option<Tracer>,
        subjects: RandomState,
        usage: ServerUsage,
    ) -> Self {
        Self {
            usage,
            rpcs,
            observers,
            callers: Callers::new(subjects),
            admission,
            tracer,
        }
    }

    /// Who makes a call. A token that the gateway does not go by tells nothing.
    fn caller(
        &self,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
        identity: Option<&Identity>,
    ) -> Caller {
        match &self.admission {
            Some(admission) if !admission.knows_token_of(headers) => {
                self.callers.identify(&HeaderMap::new(), peer, identity)
            }
            _ => self.callers.identify(headers, peer, identity),
        }
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Calls<S>;

    fn layer(&self, inner: S) -> Calls<S> {
        Calls {
            inner,
            layer: self.clone(),
        }
    }
}

#[derive(Clone)]
pub(super) struct Calls<S> {
    inner: S,
    layer: Layer,
}

impl<S> Service<Request<Body>> for Calls<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Sent>;
    type Error = Infallible;
    type Future = Calling<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let peer = request.extensions_mut().remove::<Peer>();
        let (peer, address, identity) = peer.map_or((None, None, None), |peer| {
            (Some(peer.address), peer.forwarded_for, peer.identity)
        });
        let caller = self
            .layer
            .caller(request.headers(), peer, identity.as_ref());
        // As every proxy does; whoever passes it on says where the call comes from.
        if let Some(address) = address {
            request.headers_mut().append(FORWARDED_FOR, address);
        }
        let tracer = self.layer.tracer.as_ref();
        let trace = tracer.map(|tracer| tracer.position(request.headers()));
        let mut passed = Extensions::new();
        if let (Some(tracer), Some(trace)) = (tracer, &trace) {
            // Two of a field that stands once are for the layer that refuses them.
            if request
                .headers()
                .get_all(TRACEPARENT)
                .iter()
                .nth(1)
                .is_none()
            {
                trace.write(request.headers_mut());
            }
            if let Some(recorder) = tracer.recorder(trace.context) {
                passed.insert(recorder);
            }
        }
        let call = Arc::new(Call {
            rpc: self.layer.rpcs.get(request.uri().path()).cloned(),
            request_id: transcode::request_id(request.headers()).into(),
            deadline: OnceLock::new(),
            caller: Some(caller),
            held: Mutex::new(None),
            trace,
            peer,
            started: Instant::now(),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            end: Mutex::new(None),
            record: CallRecord::default(),
        });
        let context = CallContext {
            request_id: Some(Arc::clone(&call.request_id)),
            caller: Some(caller.key),
            record: call.record.clone(),
            passed,
            ..CallContext::default()
        };
        let extensions = request.extensions_mut();
        if let Some(identity) = identity {
            extensions.insert(identity);
        }
        extensions.insert(context);
        extensions.insert(Arc::clone(&call));
        let ending = Ending {
            call,
            observers: Arc::clone(&self.layer.observers),
            callers: self.layer.callers.clone(),
            _open: self.layer.usage.call(),
        };
        Calling {
            response: self.inner.call(request),
            ending: Some(ending),
        }
    }
}

pin_project! {
    /// A call that has no response yet.
    pub(crate) struct Calling<F> {
        #[pin]
        response: F,
        ending: Option<Ending>,
    }
}

impl<F> Future for Calling<F>
where
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    type Output = Result<Response<Sent>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(response) = ready!(this.response.poll(context));
        let ending = this.ending.take();
        Poll::Ready(Ok(response.map(|body| Sent { body, ending })))
    }
}

/// The body of a reply, counted. The call is over when it is dropped.
pub(crate) struct Sent {
    body: Body,
    /// Always there: a future that is done has no second response.
    ending: Option<Ending>,
}

impl http_body::Body for Sent {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
            && let Some(ending) = &self.ending
        {
            ending.call.count_sent(data.len());
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

#[cfg(test)]
mod tests {
    use tower::{Layer as _, ServiceExt as _, service_fn};

    use super::*;
    use crate::descriptors::Descriptors;
    use crate::identity::{Identity, Name};

    /// Who the services are told that a caller is.
    async fn told(identity: Option<Identity>) -> Option<Identity> {
        let descriptors = Descriptors::new(&[], &[]).expect("an empty set is one");
        let rpcs = Rpcs::new(&descriptors);
        let layer = Layer::new(
            rpcs,
            Arc::new([]),
            None,
            None,
            RandomState::new(),
            ServerUsage::default(),
        );
        let (sender, told) = tokio::sync::watch::channel(None);
        let service = layer.layer(service_fn(move |request: Request<Body>| {
            sender.send_replace(request.extensions().get::<Identity>().cloned());
            async { Ok(Response::new(Body::empty())) }
        }));
        let mut request = Request::new(Body::empty());
        let address = IpAddr::from([192, 0, 2, 1]);
        let peer = Peer::new(address, identity);
        request.extensions_mut().insert(peer);
        let Ok(_) = service.oneshot(request).await;
        told.borrow().clone()
    }

    #[tokio::test]
    async fn who_a_caller_is_by_its_certificate_is_in_the_extensions() {
        let name = Name::Uri("spiffe://example.com/shop".to_owned());
        let identity = Identity::from_iter([name]);
        assert_eq!(told(Some(identity.clone())).await, Some(identity));
        assert_eq!(told(None).await, None);
    }
}
