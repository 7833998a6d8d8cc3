//! HTTP/2 connections: many requests at once, on the h2 crate.
//!
//! hyper's client sends the body of a request in a task of its own, which
//! nobody can end while the server takes no data. Before the server has said how
//! many requests it takes at once, one goes out. Here the future of the call,
//! and then the body of its reply, carry the request's body; dropping them
//! resets the stream.

mod allowed;
mod error;
mod keep_alive;
mod open_stream;
mod reply;
mod slot;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Request, Response};
use http_body::Body as _;
use tokio::sync::{Notify, OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

pub(crate) use self::allowed::Allowed;
use self::allowed::UNTOLD;
use self::error::Http2Error;
use self::keep_alive::{KeepAlive, Watch};
use self::open_stream::{OpenStream, Start};
pub(crate) use self::reply::Http2Reply;
use self::slot::Shared;
pub(crate) use self::slot::Slot;
use crate::body::AttemptBody;
use crate::config::Config;
use crate::error::Cause;
use crate::failure::{ConnectionId, Failure};
use crate::io::{Io, Traffic, Transport};
use crate::{SendError, SendErrorKind};

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// The largest window that HTTP/2 has.
const MAX_WINDOW: u32 = (1 << 31) - 1;

/// A connection.
#[derive(Clone)]
pub(crate) struct Http2 {
    sender: SendRequest<Bytes>,
    shared: Arc<Shared>,
}

impl Http2 {
    pub(crate) async fn new(
        transport: Transport,
        config: &Config,
        permit: OwnedSemaphorePermit,
        freed: Arc<Notify>,
        allowed: Arc<Allowed>,
    ) -> Result<Self, SendError> {
        let (io, traffic) = Io::new(transport, false);
        let streams = u32::try_from(config.max_streams).unwrap_or(u32::MAX);
        let window = config.stream_window.saturating_mul(streams).min(MAX_WINDOW);
        let (sender, mut connection) = h2::client::Builder::new()
            .enable_push(false)
            .initial_window_size(config.stream_window)
            .initial_connection_window_size(window)
            .max_header_list_size(u32::try_from(config.max_head).unwrap_or(u32::MAX))
            .initial_max_send_streams(UNTOLD)
            .handshake(io)
            .await
            .map_err(|error| SendError::new(SendErrorKind::NeverSent, Http2Error::from(error)))?;
        let watch = Arc::new(Watch::new(traffic));
        let pings = connection.ping_pong();
        let keep_alive = KeepAlive {
            interval: config.ping_interval,
            timeout: config.ping_timeout,
            watch: Arc::clone(&watch),
            freed: Arc::clone(&freed),
            allowed: Arc::clone(&allowed),
        };
        let ended = Arc::clone(&watch);
        let told = Arc::clone(&freed);
        let (in_use, unused) = oneshot::channel();
        tokio::spawn(async move {
            let cause = match pings {
                Some(pings) => keep_alive.drive(connection, pings, unused).await,
                // The handle exists once for each connection.
                None => Cause::Closed,
            };
            let _ = ended.ended.set(cause);
            told.notify_waiters();
        });
        Ok(Self {
            sender,
            shared: Arc::new(Shared {
                id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
                watch,
                max_streams: config.max_streams,
                allowed,
                untold_until: Instant::now() + config.connect_timeout,
                max_requests: config.max_requests_per_connection,
                idle_timeout: config.idle_timeout,
                max_headers: config.max_headers,
                max_informational: config.max_informational,
                freed,
                _permit: permit,
                _in_use: in_use,
            }),
        })
    }

    pub(crate) fn traffic(&self) -> &Arc<Traffic> {
        &self.shared.watch.traffic
    }

    pub(crate) fn id(&self) -> ConnectionId {
        self.shared.id
    }

    /// How many streams are open.
    pub(crate) fn active(&self) -> usize {
        self.shared.watch.active.load(Ordering::Acquire)
    }

    /// Returns whether it takes requests at all: it is neither closed nor closing
    /// (after GOAWAY), and has not carried enough.
    pub(crate) fn takes_requests(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        self.shared.watch.ended.get().is_none()
            && self.shared.watch.opened.load(Ordering::Acquire) < self.shared.max_requests
            && !matches!(self.sender.poll_ready(&mut cx), Poll::Ready(Err(_)))
    }

    /// Returns whether it takes a request right now.
    pub(crate) fn has_room(&self) -> bool {
        let allowed = match self.sender.current_max_send_streams() {
            UNTOLD => self.shared.allowed.get().unwrap_or(1),
            allowed => allowed,
        };
        self.active() < allowed.min(self.shared.max_streams) && !self.shared.watch.is_suspect()
    }

    /// Until when to wait for the server to say how many requests it takes at
    /// once. `None` if that is known, or was on the connections before.
    pub(crate) fn untold_until(&self) -> Option<Instant> {
        let is_untold =
            self.sender.current_max_send_streams() == UNTOLD && self.shared.allowed.get().is_none();
        is_untold.then_some(self.shared.untold_until)
    }

    pub(crate) fn is_expired(&self, now: Instant) -> bool {
        let idle_since = self.shared.watch.idle_since.lock();
        let idle_since = *idle_since.unwrap_or_else(PoisonError::into_inner);
        self.active() == 0 && now >= idle_since + self.shared.idle_timeout
    }

    /// Keeps a place for one stream.
    pub(crate) fn slot(&self) -> Slot {
        Slot::new(Arc::clone(&self.shared))
    }

    /// Sends a request and waits for the head of its reply. The URI is absolute.
    /// Dropping the future resets the stream.
    pub(crate) async fn send(
        mut self,
        slot: Slot,
        request: Request<AttemptBody>,
    ) -> Result<Response<Http2Reply>, Failure> {
        let (head, body) = request.into_parts();
        let has_body = !body.is_end_stream();
        let reused = slot.reused;
        let start = Start::now(&self.shared.watch);
        let (response, stream) = self
            .sender
            .send_request(Request::from_parts(head, ()), !has_body)
            .map_err(|error| Failure::unsent(error, reused))?;
        // Without this handle, the connection closes when it is to.
        drop(self);
        let body = has_body.then_some(body);
        let open = OpenStream::new(stream, body, slot, start);
        reply::wait(response, open).await
    }
}
