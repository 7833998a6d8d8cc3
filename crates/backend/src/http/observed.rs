//! The outermost layer: whoever watches is told of every request once, whatever
//! becomes of it.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use contract::id::ObjectId;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Extensions, Method};
use http_body::{Frame, SizeHint};
use trace::Position;

use crate::app::App;
use crate::observer::{Observers, RequestOutcome};
use crate::peer::Peer;
use crate::usage::Open;

/// What is found out of a request on its way, in its extensions.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes(Arc<Noted>);

#[derive(Debug, Default)]
struct Noted {
    request_id: OnceLock<String>,
    operation: OnceLock<&'static str>,
    user: OnceLock<ObjectId>,
    /// Where the request stands in its trace.
    trace: Option<Position>,
    route: OnceLock<String>,
    received: AtomicU64,
}

impl Notes {
    /// Lets `note` write down something of a request, if anybody watches it.
    fn of(extensions: &Extensions, note: impl FnOnce(&Noted)) {
        if let Some(Self(noted)) = extensions.get() {
            note(noted);
        }
    }

    /// The request has this ID.
    pub(super) fn request_id(extensions: &Extensions, id: &str) {
        Self::of(extensions, |noted| {
            let _ = noted.request_id.set(id.to_owned());
        });
    }

    /// The request is for this operation.
    pub(super) fn operation(extensions: &Extensions, id: &'static str) {
        Self::of(extensions, |noted| {
            let _ = noted.operation.set(id);
        });
    }

    /// The template of the path is this. It is noted where a trace is recorded.
    pub(super) fn route(extensions: &Extensions, route: &str) {
        Self::of(extensions, |noted| {
            if noted
                .trace
                .as_ref()
                .is_some_and(|trace| trace.context.is_sampled)
            {
                let _ = noted.route.set(route.to_owned());
            }
        });
    }

    /// This user makes the request.
    pub(super) fn user(extensions: &Extensions, user: ObjectId) {
        Self::of(extensions, |noted| {
            let _ = noted.user.set(user);
        });
    }
}

/// Why a request failed, in the extensions of its response.
#[derive(Clone, Debug)]
pub(super) struct Reason(pub(super) String);

/// A request whose end is told when it is dropped.
struct Observed {
    notes: Notes,
    began: Instant,
    method: Method,
    subject: Option<u64>,
    peer: Option<IpAddr>,
    status: Option<u16>,
    reason: Option<String>,
    sent: u64,
    observers: Observers,
    subjects: RandomState,
    _open: Open,
}

impl Drop for Observed {
    fn drop(&mut self) {
        let noted = &*self.notes.0;
        let user = noted.user.get();
        self.observers.ended(&RequestOutcome {
            operation: noted.operation.get().copied(),
            request_id: noted.request_id.get().cloned().unwrap_or_default(),
            subject: self.subject,
            user: user.map(|user| self.subjects.hash_one(user.as_bytes())),
            trace: noted.trace.clone(),
            method: std::mem::take(&mut self.method),
            route: noted.route.get().cloned(),
            peer: self.peer,
            status: self.status,
            reason: self.reason.take(),
            duration: self.began.elapsed(),
            received: noted.received.load(Ordering::Relaxed),
            sent: self.sent,
        });
    }
}

/// Has whoever watches told of a request.
pub(super) async fn observed(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    if app.observers.is_empty() {
        return next.run(request).await;
    }
    let tracer = app.tracer.as_ref();
    let notes = Notes(Arc::new(Noted {
        trace: tracer.map(|tracer| tracer.position(request.headers())),
        ..Noted::default()
    }));
    let token = request.headers().get(AUTHORIZATION);
    let mut observed = Observed {
        notes: notes.clone(),
        began: Instant::now(),
        method: request.method().clone(),
        subject: token.map(|token| app.subjects.hash_one(token.as_bytes())),
        peer: request.extensions().get::<Peer>().map(|peer| peer.0),
        status: None,
        reason: None,
        sent: 0,
        observers: app.observers.clone(),
        subjects: app.subjects.clone(),
        _open: app.open.request(),
    };
    request.extensions_mut().insert(notes.clone());
    let request = request.map(|body| {
        let count = move |bytes| {
            notes.0.received.fetch_add(bytes, Ordering::Relaxed);
        };
        Body::new(CountedBody { body, count })
    });
    let mut response = next.run(request).await;
    observed.note(&mut response);
    // The request is over when the body of its reply is dropped.
    response.map(|body| {
        // By a method, so that the closure holds all of it.
        let count = move |bytes| observed.count_sent(bytes);
        Body::new(CountedBody { body, count })
    })
}

/// Tells of a request that was refused before it was routed.
pub(super) fn refused(app: &App, head: &Parts, request_id: &str, response: &mut Response) {
    if app.observers.is_empty() {
        return;
    }
    let tracer = app.tracer.as_ref();
    let notes = Notes(Arc::new(Noted {
        trace: tracer.map(|tracer| tracer.position(&head.headers)),
        ..Noted::default()
    }));
    let _ = notes.0.request_id.set(request_id.to_owned());
    let mut observed = Observed {
        notes,
        began: Instant::now(),
        method: head.method.clone(),
        subject: None,
        peer: head.extensions.get::<Peer>().map(|peer| peer.0),
        status: None,
        reason: None,
        sent: http_body::Body::size_hint(response.body())
            .exact()
            .unwrap_or_default(),
        observers: app.observers.clone(),
        subjects: app.subjects.clone(),
        _open: app.open.request(),
    };
    observed.note(response);
}

impl Observed {
    fn count_sent(&mut self, bytes: u64) {
        self.sent += bytes;
    }

    fn note(&mut self, response: &mut Response) {
        self.status = Some(response.status().as_u16());
        let reason = response.extensions_mut().remove::<Reason>();
        self.reason = reason.map(|Reason(reason)| reason);
    }
}

/// A body whose bytes are counted as they pass. What `count` holds lives as long as the
/// body.
struct CountedBody<F> {
    body: Body,
    count: F,
}

impl<F: FnMut(u64) + Unpin> http_body::Body for CountedBody<F> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            (self.count)(data.len() as u64);
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
