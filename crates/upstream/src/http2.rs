//! HTTP/2 connections: many requests at once, on the h2 crate.
//!
//! hyper's client sends the body of a request in a task of its own, which
//! nobody can end while the server takes no data. Here the future of the call,
//! and then the body of its reply, carry the request's body; dropping them
//! resets the stream.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Connection, ResponseFuture, SendRequest};
use h2::{Ping, PingPong, Reason, RecvStream, SendStream};
use http::header::CONTENT_LENGTH;
use http::{Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use tokio::sync::{Notify, OwnedSemaphorePermit, oneshot};
use tokio::time::{Instant, sleep, timeout};

use crate::body::AttemptBody;
use crate::config::Config;
use crate::error::Cause;
use crate::io::{Io, Traffic, Transport};
use crate::pool::Failure;
use crate::{BoxError, ReplyError, ReplyErrorKind, SendError, SendErrorKind};

/// Which connection it is.
pub(crate) type ConnectionId = u64;

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// The largest window that HTTP/2 has.
const MAX_WINDOW: u32 = (1 << 31) - 1;

/// A connection.
#[derive(Clone)]
pub(crate) struct Http2 {
    sender: SendRequest<Bytes>,
    shared: Arc<Shared>,
}

struct Shared {
    id: ConnectionId,
    watch: Arc<Watch>,
    max_streams: usize,
    max_requests: usize,
    idle_timeout: Duration,
    max_headers: usize,
    max_informational: u32,
    freed: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
    /// Dropped with the last stream and the pool's own handle; then the
    /// connection's task ends.
    _in_use: oneshot::Sender<()>,
}

/// What the connection's task and its streams tell each other.
struct Watch {
    traffic: Arc<Traffic>,
    active: AtomicUsize,
    opened: AtomicUsize,
    idle_since: Mutex<Instant>,
    /// One more than what had been read when a call was given up that had heard
    /// nothing; 0 if there was none.
    suspected_at: AtomicU64,
    suspicion: Notify,
    ended: OnceLock<Cause>,
}

impl Watch {
    /// Whether a call was given up, and nothing was heard since.
    fn is_suspect(&self) -> bool {
        let at = self.suspected_at.load(Ordering::Acquire);
        at != 0 && self.traffic.read() == at - 1
    }

    fn suspect(&self) {
        let at = self.traffic.read() + 1;
        self.suspected_at.store(at, Ordering::Release);
        self.suspicion.notify_one();
    }
}

impl Http2 {
    pub(crate) async fn new(
        transport: Transport,
        config: &Config,
        permit: OwnedSemaphorePermit,
        freed: Arc<Notify>,
    ) -> Result<Self, SendError> {
        let (io, traffic) = Io::new(transport, false);
        let streams = u32::try_from(config.max_streams).unwrap_or(u32::MAX);
        let window = config.stream_window.saturating_mul(streams).min(MAX_WINDOW);
        let (sender, mut connection) = h2::client::Builder::new()
            .enable_push(false)
            .initial_window_size(config.stream_window)
            .initial_connection_window_size(window)
            .max_header_list_size(u32::try_from(config.max_head).unwrap_or(u32::MAX))
            .initial_max_send_streams(config.max_streams)
            .handshake(io)
            .await
            .map_err(|error| SendError::new(SendErrorKind::NeverSent, error))?;
        let watch = Arc::new(Watch {
            traffic,
            active: AtomicUsize::new(0),
            opened: AtomicUsize::new(0),
            idle_since: Mutex::new(Instant::now()),
            suspected_at: AtomicU64::new(0),
            suspicion: Notify::new(),
            ended: OnceLock::new(),
        });
        let pings = connection.ping_pong();
        let keep_alive = KeepAlive {
            interval: config.ping_interval,
            timeout: config.ping_timeout,
            watch: Arc::clone(&watch),
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
            told.notify_one();
        });
        Ok(Self {
            sender,
            shared: Arc::new(Shared {
                id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
                watch,
                max_streams: config.max_streams,
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

    pub(crate) fn id(&self) -> ConnectionId {
        self.shared.id
    }

    /// How many streams are open.
    pub(crate) fn active(&self) -> usize {
        self.shared.watch.active.load(Ordering::Acquire)
    }

    /// Whether it takes requests at all: it is neither closed nor closing (after
    /// GOAWAY), and has not carried enough.
    pub(crate) fn takes_requests(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        self.shared.watch.ended.get().is_none()
            && self.shared.watch.opened.load(Ordering::Acquire) < self.shared.max_requests
            && !matches!(self.sender.poll_ready(&mut cx), Poll::Ready(Err(_)))
    }

    /// Whether it takes a request right now.
    pub(crate) fn has_room(&self) -> bool {
        let most = self
            .shared
            .max_streams
            .min(self.sender.current_max_send_streams());
        self.active() < most && !self.shared.watch.is_suspect()
    }

    pub(crate) fn is_expired(&self, now: Instant) -> bool {
        let idle_since = self.shared.watch.idle_since.lock();
        let idle_since = *idle_since.unwrap_or_else(PoisonError::into_inner);
        self.active() == 0 && now >= idle_since + self.shared.idle_timeout
    }

    /// Keeps a place for one stream.
    pub(crate) fn slot(&self) -> Slot {
        self.shared.watch.active.fetch_add(1, Ordering::AcqRel);
        let before = self.shared.watch.opened.fetch_add(1, Ordering::AcqRel);
        Slot {
            shared: Arc::clone(&self.shared),
            reused: before > 0,
        }
    }

    /// Sends a request and waits for the head of its reply. The URI is absolute.
    /// Dropping the future resets the stream.
    pub(crate) async fn send(
        mut self,
        slot: Slot,
        request: Request<AttemptBody>,
    ) -> Result<Response<Http2Reply>, Failure> {
        let (head, body) = request.into_parts();
        let ends = body.is_end_stream();
        let reused = slot.reused;
        let id = self.shared.id;
        let watch = Arc::clone(&self.shared.watch);
        let (max_headers, max_informational) =
            (self.shared.max_headers, self.shared.max_informational);
        let written = watch.traffic.written();
        let read = watch.traffic.read();
        let (response, stream) = self
            .sender
            .send_request(Request::from_parts(head, ()), ends)
            .map_err(|error| Failure::unsent(error, reused))?;
        // Without this handle, the connection closes when it is to.
        drop(self);
        let mut exchange = Exchange {
            stream,
            upload: (!ends).then(|| Upload::new(body)),
            slot,
            read,
            finished: false,
        };
        let mut waiting = Waiting {
            response,
            informational: 0,
            max_informational,
        };
        let response = poll_fn(|cx| waiting.poll(&mut exchange, cx)).await;
        let response = response.map_err(|error| match error {
            Waited::Error(error) => classify(error, &watch, written, reused, id),
            Waited::Send(error) => error.into(),
        })?;
        if response.headers().len() > max_headers {
            return Err(SendError::malformed("it has too many fields").into());
        }
        let (head, stream) = response.into_parts();
        let length = head.headers.get(CONTENT_LENGTH);
        let length = length.and_then(|value| value.to_str().ok()?.parse().ok());
        let mut reply = Http2Reply {
            stream,
            exchange,
            length,
            received: 0,
            data_ended: false,
        };
        if reply.stream.is_end_stream() {
            reply.finish();
        }
        Ok(Response::from_parts(head, reply))
    }
}

/// A place for one stream. Frees it when dropped.
pub(crate) struct Slot {
    shared: Arc<Shared>,
    reused: bool,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let watch = &self.shared.watch;
        if watch.active.fetch_sub(1, Ordering::AcqRel) == 1 {
            let mut idle_since = watch
                .idle_since
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *idle_since = Instant::now();
        }
        self.shared.freed.notify_one();
    }
}

/// A stream and what it carries. Resets the stream when dropped, unless it is
/// finished.
struct Exchange {
    stream: SendStream<Bytes>,
    upload: Option<Upload>,
    slot: Slot,
    /// What had been read from the connection when the request was sent.
    read: u64,
    finished: bool,
}

impl Exchange {
    /// Carries the request's body on. Fails with its error.
    fn carry(&mut self, cx: &mut Context<'_>) -> Result<(), BoxError> {
        let Some(upload) = &mut self.upload else {
            return Ok(());
        };
        match upload.poll(&mut self.stream, cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(Carried::All) => {
                self.upload = None;
                Ok(())
            }
            // The server takes no more of it. Its reply, if any, says why.
            Poll::Ready(Carried::Refused) => {
                upload.stop();
                Ok(())
            }
            Poll::Ready(Carried::Broken(error)) => Err(error),
        }
    }

    /// The reply is complete. What is left of the request is not sent.
    fn finish(&mut self) {
        self.finished = true;
        if self.upload.take().is_some() {
            self.stream.send_reset(Reason::CANCEL);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        self.stream.send_reset(Reason::CANCEL);
        let watch = &self.slot.shared.watch;
        if watch.traffic.read() == self.read {
            watch.suspect();
        }
    }
}

/// The body of a request on its way into a stream.
struct Upload {
    body: Option<AttemptBody>,
    /// What the stream has no room for yet.
    chunk: Bytes,
}

enum Carried {
    All,
    Refused,
    Broken(BoxError),
}

impl Upload {
    fn new(body: AttemptBody) -> Self {
        Self {
            body: Some(body),
            chunk: Bytes::new(),
        }
    }

    /// Lets go of the body.
    fn stop(&mut self) {
        self.body = None;
        self.chunk = Bytes::new();
    }

    fn poll(&mut self, stream: &mut SendStream<Bytes>, cx: &mut Context<'_>) -> Poll<Carried> {
        let Some(body) = &mut self.body else {
            return Poll::Pending;
        };
        loop {
            if !self.chunk.is_empty() {
                stream.reserve_capacity(self.chunk.len());
                let room = match stream.capacity() {
                    0 => match ready!(stream.poll_capacity(cx)) {
                        Some(Ok(room)) => room,
                        Some(Err(_)) | None => return Poll::Ready(Carried::Refused),
                    },
                    room => room,
                };
                let next = self.chunk.split_to(room.min(self.chunk.len()));
                let ends = self.chunk.is_empty() && body.is_end_stream();
                if stream.send_data(next, ends).is_err() {
                    return Poll::Ready(Carried::Refused);
                }
                if ends {
                    return Poll::Ready(Carried::All);
                }
                continue;
            }
            // A server that has reset the stream wants no more of the body.
            if stream.poll_reset(cx).is_ready() {
                return Poll::Ready(Carried::Refused);
            }
            let frame = match ready!(Pin::new(&mut *body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Carried::Broken(error)),
                None => {
                    return Poll::Ready(match stream.send_data(Bytes::new(), true) {
                        Ok(()) => Carried::All,
                        Err(_) => Carried::Refused,
                    });
                }
            };
            match frame.into_data() {
                Ok(data) if data.is_empty() && body.is_end_stream() => {
                    return Poll::Ready(match stream.send_data(data, true) {
                        Ok(()) => Carried::All,
                        Err(_) => Carried::Refused,
                    });
                }
                Ok(data) => self.chunk = data,
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        return Poll::Ready(match stream.send_trailers(trailers) {
                            Ok(()) => Carried::All,
                            Err(_) => Carried::Refused,
                        });
                    }
                }
            }
        }
    }
}

/// The wait for the head of a reply.
struct Waiting {
    response: ResponseFuture,
    informational: u32,
    max_informational: u32,
}

enum Waited {
    Error(h2::Error),
    Send(SendError),
}

impl Waiting {
    fn poll(
        &mut self,
        exchange: &mut Exchange,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<RecvStream>, Waited>> {
        if let Err(error) = exchange.carry(cx) {
            let error = SendError::new(SendErrorKind::RequestBody, error);
            return Poll::Ready(Err(Waited::Send(error)));
        }
        while let Poll::Ready(Some(response)) = self.response.poll_informational(cx) {
            response.map_err(Waited::Error)?;
            self.informational += 1;
            if self.informational > self.max_informational {
                let error = SendError::malformed("too many informational responses");
                return Poll::Ready(Err(Waited::Send(error)));
            }
        }
        Pin::new(&mut self.response).poll(cx).map_err(Waited::Error)
    }
}

/// What an error before the reply means for the request.
fn classify(
    error: h2::Error,
    watch: &Watch,
    written: u64,
    reused: bool,
    id: ConnectionId,
) -> Failure {
    // h2 gives this error only to streams above the last one that the server
    // says it may have processed (RFC 9113 §6.8).
    let is_above_last = error.is_go_away() && error.is_remote();
    let is_refused =
        error.is_reset() && error.is_remote() && error.reason() == Some(Reason::REFUSED_STREAM);
    if is_above_last || is_refused {
        return Failure {
            refused_by: Some(id),
            ..SendError::new(SendErrorKind::NeverSent, error).into()
        };
    }
    if watch.traffic.written() == written {
        return Failure::unsent(error, reused);
    }
    if error.is_library() {
        let detail = if error.is_reset() {
            "its head is too large or not valid"
        } else {
            "it is not valid HTTP/2"
        };
        return SendError::new(SendErrorKind::Malformed { detail }, error).into();
    }
    let source: BoxError = match watch.ended.get() {
        Some(cause @ Cause::PingTimeout) => (*cause).into(),
        _ => error.into(),
    };
    SendError::new(SendErrorKind::PerhapsCarriedOut, source).into()
}

/// The body of a reply, on its stream.
pub(crate) struct Http2Reply {
    stream: RecvStream,
    exchange: Exchange,
    length: Option<u64>,
    received: u64,
    data_ended: bool,
}

impl Http2Reply {
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ReplyError>>> {
        if self.exchange.finished {
            return Poll::Ready(None);
        }
        if let Err(error) = self.exchange.carry(cx) {
            return Poll::Ready(Some(Err(ReplyError::new(ReplyErrorKind::BrokeOff, error))));
        }
        if !self.data_ended {
            match ready!(self.stream.poll_data(cx)) {
                Some(Ok(data)) => {
                    self.received += data.len() as u64;
                    // It fails only for a stream that is closed.
                    let _ = self.stream.flow_control().release_capacity(data.len());
                    if self.stream.is_end_stream() {
                        self.finish();
                    }
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Err(error)) => return self.fail(error),
                None => self.data_ended = true,
            }
        }
        match ready!(self.stream.poll_trailers(cx)) {
            Ok(trailers) => {
                self.finish();
                Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
            }
            Err(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: h2::Error) -> Poll<Option<Result<Frame<Bytes>, ReplyError>>> {
        // "I have answered, send no more" (RFC 9113 §8.1) is no failure, if
        // everything has arrived.
        let is_complete = self.length.is_none_or(|length| length == self.received);
        if error.is_remote()
            && error.is_reset()
            && error.reason() == Some(Reason::NO_ERROR)
            && is_complete
        {
            self.finish();
            return Poll::Ready(None);
        }
        let kind = if error.is_library() {
            let detail = "it is not valid HTTP/2";
            ReplyErrorKind::Malformed { detail }
        } else {
            ReplyErrorKind::BrokeOff
        };
        let source: BoxError = match self.exchange.slot.shared.watch.ended.get() {
            Some(cause @ Cause::PingTimeout) => (*cause).into(),
            _ => error.into(),
        };
        Poll::Ready(Some(Err(ReplyError::new(kind, source))))
    }

    fn finish(&mut self) {
        self.exchange.finish();
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.exchange.finished
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match self.length {
            _ if self.exchange.finished => SizeHint::with_exact(0),
            Some(length) => SizeHint::with_exact(length.saturating_sub(self.received)),
            None => SizeHint::default(),
        }
    }
}

/// How a connection is found dead that is only silent.
struct KeepAlive {
    interval: Duration,
    timeout: Duration,
    watch: Arc<Watch>,
}

impl KeepAlive {
    /// Runs the connection until it ends, and says how it ended.
    ///
    /// A PING is sent when streams are open and nothing has been read for the
    /// interval, and at once when a call was given up that had heard nothing.
    /// Whatever is read is a sign of life. Once the connection is unused, it
    /// tells the server so, and waits no longer than for a sign of life.
    async fn drive(
        self,
        connection: Connection<Io, Bytes>,
        mut pings: PingPong,
        mut unused: oneshot::Receiver<()>,
    ) -> Cause {
        enum Event {
            Pong(bool),
            Suspicion,
            Tick,
        }
        let watch = &self.watch;
        let mut connection = pin!(connection);
        let mut timer = pin!(sleep(self.interval));
        let mut asked = false;
        let mut seen = watch.traffic.read();
        loop {
            let event = tokio::select! {
                biased;
                result = &mut connection => {
                    if let Err(error) = result {
                        tracing::debug!(%error, "an HTTP/2 connection ended");
                    }
                    return Cause::Closed;
                }
                _ = &mut unused => {
                    let _ = timeout(self.timeout, connection).await;
                    return Cause::Closed;
                }
                pong = poll_fn(|cx| pings.poll_pong(cx)), if asked => Event::Pong(pong.is_ok()),
                () = watch.suspicion.notified(), if !asked => Event::Suspicion,
                () = &mut timer => Event::Tick,
            };
            let read = watch.traffic.read();
            let is_silent = read == seen;
            seen = read;
            let asks = match event {
                // The connection says itself how it ended.
                Event::Pong(false) => false,
                Event::Pong(true) => {
                    asked = false;
                    false
                }
                Event::Suspicion => true,
                Event::Tick if asked && is_silent => return Cause::PingTimeout,
                Event::Tick => !asked && is_silent && watch.active.load(Ordering::Acquire) > 0,
            };
            if asks {
                asked = pings.send_ping(Ping::opaque()).is_ok();
            }
            let wait = if asked { self.timeout } else { self.interval };
            timer.as_mut().reset(Instant::now() + wait);
        }
    }
}
