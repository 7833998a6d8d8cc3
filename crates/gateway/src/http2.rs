//! Serves one HTTP/2 connection.
//!
//! This stands on `h2` itself. hyper's server cannot end a stream whose reply
//! its peer does not read: it polls neither the body nor a timer while the
//! flow-control window is closed, so that such a reply would outlive its
//! deadline. It never looks into a call.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use h2::server::{Connection, SendResponse};
use h2::{Ping, PingPong, Reason, RecvStream, SendStream};
use http::{Extensions, HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tonic::Status;
use tonic::body::Body;
use tower::{Service, ServiceExt as _};

use crate::batched::{Batched, Busy};
use crate::config::Config;
use crate::cork::Corked;
use crate::extensions::{Ends, Peer};
use crate::phase::Phase;
use crate::socket::Socket;
use crate::traffic::Traffic;

/// How many streams of one connection h2 may reset for errors of the peer,
/// frames for a refused stream among them. A client that opens thousands of
/// calls at once must not lose the connection for it.
const MAX_ERROR_RESETS: usize = 100_000;

/// How many streams a client may open and reset before they are looked at.
const MAX_PENDING_RESETS: usize = 256;

/// How much of a reply is handed to the connection at a time, in bytes.
const CHUNK: usize = 64 << 10;

/// How much of a reply the connection holds, in bytes, on top of what the
/// socket has taken.
const MAX_SEND_BUFFER: usize = 2 * CHUNK;

/// How large a reply may be, in bytes, that is left to the connection once it
/// is handed over. A larger one is ended by its deadline up to its last byte.
const SMALL: usize = 16 << 10;

/// How often the other signs of life of a client are taken for the answer to a
/// ping.
const MAX_POSTPONED: u32 = 6;

/// How long a connection without calls may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// Serves a connection until it is closed, and ends its calls with it. Where
/// the phase is no longer [`Phase::Serving`], it goes away gracefully. `traffic` is
/// what passes at the bottom of the connection.
///
/// # Errors
///
/// Fails where the connection does.
pub(crate) async fn serve<T, S, B>(
    io: T,
    traffic: Traffic,
    peer: Peer,
    service: S,
    config: &Config,
    phase: watch::Receiver<Phase>,
) -> Result<(), h2::Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes, Error = Status> + Send + Unpin + 'static,
{
    let socket = Socket::new(io);
    let socket = Corked::new(socket);
    let busy = Busy::default();
    let begin = move |request, respond| answer(service.clone(), request, respond, peer.clone());
    let handshake = h2::server::Builder::new()
        .initial_window_size(config.stream_window)
        .initial_connection_window_size(config.connection_window)
        .max_concurrent_streams(config.max_streams)
        .max_header_list_size(config.max_headers)
        .max_local_error_reset_streams(Some(MAX_ERROR_RESETS))
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
        .max_send_buffer_size(MAX_SEND_BUFFER)
        .handshake::<_, Piece>(socket.clone());
    let serving = async {
        match timeout(config.preface_timeout, handshake).await {
            Ok(connection) => drive(connection?, traffic, config, phase, &busy, begin).await,
            Err(_) => Ok(()),
        }
    };
    Batched::new(socket.flushed_by(serving), busy.clone()).await
}

/// Serves a connection after the handshake. `begin` answers a call.
async fn drive<T, F>(
    mut connection: Connection<Corked<T>, Piece>,
    traffic: Traffic,
    config: &Config,
    mut phase: watch::Receiver<Phase>,
    busy: &Busy,
    begin: impl Fn(Request<RecvStream>, SendResponse<Piece>) -> F,
) -> Result<(), h2::Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = ()> + Send + 'static,
{
    let mut clock = Clock::new(config, connection.ping_pong(), traffic);
    let mut wake = pin!(sleep_until(clock.next()));
    let mut calls = JoinSet::new();
    let mut is_told_to_leave = false;
    // The sender lives as long as the server. Setting this up for each frame
    // would cost more than the frame.
    let mut leave = pin!(phase.wait_for(|phase| *phase != Phase::Serving));
    loop {
        busy.set(calls.len() > 1);
        tokio::select! {
            biased;
            _ = &mut leave, if !is_told_to_leave => {
                is_told_to_leave = true;
                clock.leave();
                connection.graceful_shutdown();
                wake.as_mut().reset(clock.next());
            }
            () = &mut wake => match clock.check(calls.is_empty()) {
                Verdict::GoOn => wake.as_mut().reset(clock.next()),
                Verdict::GoAway => {
                    connection.graceful_shutdown();
                    wake.as_mut().reset(clock.next());
                }
                Verdict::Close => return Ok(()),
            },
            pong = clock.pong() => {
                pong?;
            }
            Some(_) = calls.join_next(), if !calls.is_empty() => {
                if calls.is_empty() {
                    clock.idle_since = Instant::now();
                }
            }
            accepted = connection.accept() => {
                let Some(accepted) = accepted else {
                    return Ok(());
                };
                let (request, respond) = accepted?;
                clock.call_begins();
                // A task is moved about until it is under way.
                calls.spawn(Box::pin(begin(request, respond)));
            }
        }
    }
}

/// What is to be done with a connection.
enum Verdict {
    GoOn,
    GoAway,
    Close,
}

/// When a connection has to be asked whether it is there, and when it is over.
struct Clock {
    pings: Option<PingPong>,
    /// Whatever a client sends while it owes a pong shows that it is there. A
    /// busy one may send much before it comes to the ping.
    traffic: Traffic,
    /// How often the answer to the last ping may still be postponed.
    postponements: u32,
    /// When it was last seen that bytes had gone out.
    wrote_at: Instant,
    interval: Duration,
    keep_alive_timeout: Duration,
    /// How long the answer to the next ping may take.
    timeout: Duration,
    first_call_timeout: Duration,
    idle_timeout: Duration,
    /// Whether a call has been made.
    is_used: bool,
    ping_at: Instant,
    pong_by: Option<Instant>,
    idle_since: Instant,
    leave_at: Instant,
    leaving_since: Option<Instant>,
}

impl Clock {
    fn new(config: &Config, pings: Option<PingPong>, traffic: Traffic) -> Self {
        let now = Instant::now();
        Self {
            pings,
            traffic,
            postponements: MAX_POSTPONED,
            wrote_at: now,
            interval: config.keep_alive_interval,
            keep_alive_timeout: config.keep_alive_timeout,
            // The first one finds out whether somebody speaks HTTP/2 at all.
            timeout: config.preface_timeout,
            first_call_timeout: config.first_call_timeout.min(config.idle_timeout),
            idle_timeout: config.idle_timeout,
            is_used: false,
            ping_at: now,
            pong_by: None,
            idle_since: now,
            leave_at: now + jittered(config.max_age),
            leaving_since: None,
        }
    }

    /// Whoever makes a call is there; it need not show it by a pong at once.
    fn call_begins(&mut self) {
        if self.is_used {
            return;
        }
        self.is_used = true;
        if self.pong_by.is_some() {
            self.pong_by = Some(Instant::now() + self.keep_alive_timeout);
        }
    }

    /// How long the connection may go on without a call.
    fn idle_timeout(&self) -> Duration {
        if self.is_used {
            self.idle_timeout
        } else {
            self.first_call_timeout
        }
    }

    fn leave(&mut self) {
        self.leaving_since.get_or_insert_with(Instant::now);
    }

    /// When [`check`](Self::check) has to be called next, if no call begins or
    /// ends before.
    fn next(&self) -> Instant {
        let leave = match self.leaving_since {
            None => self.leave_at.min(self.idle_since + self.idle_timeout()),
            Some(since) => since.max(self.idle_since) + GOODBYE,
        };
        let ping = self.pong_by.unwrap_or(self.ping_at);
        // Whether the client reads is asked without a ping.
        let ping = ping.min(Instant::now() + self.keep_alive_timeout);
        // What is overdue is looked at again soon: a connection with calls is
        // never idle.
        let soon = Instant::now() + GOODBYE.min(self.idle_timeout());
        if leave <= Instant::now() {
            soon.min(ping)
        } else {
            leave.min(ping)
        }
    }

    fn check(&mut self, is_idle: bool) -> Verdict {
        let now = Instant::now();
        if self.traffic.take_written() {
            self.wrote_at = now;
        }
        if self.is_stalled(now) {
            return Verdict::Close;
        }
        if self.pong_by.is_some_and(|by| now >= by) {
            if !self.traffic.take_received() || self.postponements == 0 {
                return Verdict::Close;
            }
            self.postponements -= 1;
            self.pong_by = Some(now + self.keep_alive_timeout);
        }
        if self.pong_by.is_none() && now >= self.ping_at {
            self.traffic.take_received();
            if let Some(pings) = &mut self.pings {
                // A ping that is still on its way will do as well.
                let _ = pings.send_ping(Ping::opaque());
            }
            self.pong_by = Some(now + self.timeout);
            self.timeout = self.keep_alive_timeout;
            self.postponements = MAX_POSTPONED;
        }
        if let Some(since) = self.leaving_since {
            // The last replies may still be on their way.
            let is_done = is_idle && !self.traffic.is_blocked();
            if is_done && now >= since.max(self.idle_since) + GOODBYE {
                return Verdict::Close;
            }
            return Verdict::GoOn;
        }
        let is_unused = is_idle && now >= self.idle_since + self.idle_timeout();
        if is_unused || now >= self.leave_at {
            self.leave();
            return Verdict::GoAway;
        }
        Verdict::GoOn
    }

    /// Returns whether the client has long read nothing of what waits for it.
    fn is_stalled(&self, now: Instant) -> bool {
        self.traffic.is_blocked() && now >= self.wrote_at + self.keep_alive_timeout
    }

    /// Waits for the answer to the last ping.
    async fn pong(&mut self) -> Result<(), h2::Error> {
        let (Some(pings), Some(_)) = (&mut self.pings, self.pong_by) else {
            return std::future::pending().await;
        };
        std::future::poll_fn(|context| pings.poll_pong(context)).await?;
        self.pong_by = None;
        self.ping_at = Instant::now() + self.interval;
        Ok(())
    }
}

/// A duration that is up to a tenth longer or shorter.
fn jittered(duration: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    duration.mul_f64(0.9 + 0.2 * f64::from(random) / f64::from(u32::MAX))
}

/// What a call holds until its reply is written: its place, for instance.
struct Held {
    _extensions: Extensions,
    /// Dropped with the last piece of the reply.
    written: OnceLock<oneshot::Sender<Infallible>>,
}

/// A piece of a reply, and what is held until the connection has written it.
struct Piece {
    bytes: Bytes,
    _held: Arc<Held>,
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }
}

/// Answers one call. It is over when the caller resets it, and when its
/// deadline passes while the caller does not read.
async fn answer<S, B>(
    service: S,
    request: Request<RecvStream>,
    mut respond: SendResponse<Piece>,
    peer: Peer,
) where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body<Data = Bytes, Error = Status> + Unpin,
{
    let mut request = request.map(|stream| Body::new(Received::new(stream)));
    request.extensions_mut().insert(peer);
    let response = tokio::select! {
        biased;
        Ok(response) = service.oneshot(request) => response,
        _ = std::future::poll_fn(|context| respond.poll_reset(context)) => return,
    };
    let (mut head, body) = response.into_parts();
    let deadline = head.extensions.get().map(|Ends(deadline)| *deadline);
    let kept = Arc::new(Held {
        _extensions: std::mem::take(&mut head.extensions),
        written: OnceLock::new(),
    });
    let is_end = body.is_end_stream();
    let Ok(stream) = respond.send_response(Response::from_parts(head, ()), is_end) else {
        return;
    };
    if !is_end {
        let reply = Reply {
            stream,
            held: kept,
            deadline,
            length: 0,
        };
        reply.write(body).await;
    }
}

/// A reply that is being written.
struct Reply {
    stream: SendStream<Piece>,
    held: Arc<Held>,
    /// The body itself tells of its deadline while it can.
    deadline: Option<Instant>,
    /// How much of it was handed to the connection, in bytes.
    length: usize,
}

/// What follows a piece of a reply.
enum Next {
    More,
    /// Nothing: the last piece was handed over.
    End,
    /// Nothing: the stream is over.
    Gone,
}

impl Reply {
    /// Writes a body as fast as the caller reads.
    async fn write<B>(mut self, mut body: B)
    where
        B: http_body::Body<Data = Bytes, Error = Status> + Unpin,
    {
        loop {
            let frame = tokio::select! {
                biased;
                frame = body.frame() => frame,
                _ = std::future::poll_fn(|context| self.stream.poll_reset(context)) => return,
            };
            // Each of these fails only where the stream is over.
            let next = match frame.map(|frame| frame.map(Frame::into_data)) {
                None => self.hand_over(Bytes::new(), true),
                Some(Err(_)) => {
                    self.stream.send_reset(Reason::INTERNAL_ERROR);
                    return;
                }
                Some(Ok(Ok(data))) => {
                    let deadline = self.deadline;
                    let written = self.write_data(data, body.is_end_stream());
                    let Some(next) = before(deadline, written).await else {
                        self.stream.send_reset(Reason::CANCEL);
                        return;
                    };
                    next
                }
                Some(Ok(Err(frame))) => match frame.into_trailers() {
                    Ok(trailers) => match self.stream.send_trailers(trailers) {
                        Ok(()) => Next::End,
                        Err(_) => Next::Gone,
                    },
                    Err(_) => Next::More,
                },
            };
            match next {
                Next::More => {}
                Next::Gone => return,
                Next::End => break,
            }
        }
        // What is left of a small reply takes less than waiting for it would.
        if self.length > SMALL {
            self.written().await;
        }
    }

    async fn write_data(&mut self, mut data: Bytes, is_end: bool) -> Next {
        while !data.is_empty() {
            self.stream.reserve_capacity(data.len().min(CHUNK));
            let mut capacity = self.stream.capacity();
            if capacity == 0 {
                match std::future::poll_fn(|context| self.stream.poll_capacity(context)).await {
                    Some(Ok(more)) => capacity = more,
                    Some(Err(_)) | None => return Next::Gone,
                }
            }
            let chunk = data.split_to(capacity.min(data.len()));
            match self.hand_over(chunk, is_end && data.is_empty()) {
                Next::More => {}
                next => return next,
            }
        }
        Next::More
    }

    fn hand_over(&mut self, bytes: Bytes, is_last: bool) -> Next {
        self.length += bytes.len();
        let piece = Piece {
            bytes,
            _held: Arc::clone(&self.held),
        };
        match self.stream.send_data(piece, is_last) {
            Err(_) => Next::Gone,
            Ok(()) if is_last => Next::End,
            Ok(()) => Next::More,
        }
    }

    /// Waits until the connection has written all of the reply, and takes back
    /// what it has not written at the deadline.
    async fn written(self) {
        let Self {
            mut stream,
            held,
            deadline,
            ..
        } = self;
        let (sender, written) = oneshot::channel();
        // Nobody has set it before.
        let _ = held.written.set(sender);
        drop(held);
        if before(deadline, written).await.is_none() {
            stream.send_reset(Reason::CANCEL);
        }
    }
}

/// Waits for a future until the deadline.
async fn before<F: Future>(deadline: Option<Instant>, future: F) -> Option<F::Output> {
    match deadline {
        Some(deadline) => timeout_at(deadline, future).await.ok(),
        None => Some(future.await),
    }
}

/// The body of a request, as it arrives. What is handed on makes room for more
/// on the connection; what is not read when it is dropped does so too.
struct Received {
    stream: RecvStream,
    has_data: bool,
}

impl Received {
    fn new(stream: RecvStream) -> Self {
        Self {
            stream,
            has_data: true,
        }
    }
}

/// tonic would take a cancelled stream for one that has ended, so this is any
/// code but that. Nobody sees it: the call is over.
fn broken_off(_: h2::Error) -> Status {
    Status::aborted("the caller broke the call off")
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.has_data {
            match ready!(self.stream.poll_data(context)) {
                Some(Ok(data)) => {
                    // Fails only where the stream is over.
                    let _ = self.stream.flow_control().release_capacity(data.len());
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(broken_off(error)))),
                None => self.has_data = false,
            }
        }
        let trailers: Result<Option<HeaderMap>, h2::Error> =
            ready!(self.stream.poll_trailers(context));
        Poll::Ready(match trailers {
            Ok(trailers) => trailers.map(|trailers| Ok(Frame::trailers(trailers))),
            Err(error) => Some(Err(broken_off(error))),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests;
