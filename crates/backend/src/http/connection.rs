//! Serves one connection until it is closed, its client takes too long, or the
//! server stops.

use std::future::poll_fn;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, ready};

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tls::Acceptor;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::either::Either;

use super::activity::{Activity, Overdue};
use super::connections::ConnectionPlace;
use super::door::Door;
use super::socket::Socket;
use crate::limits::ServerLimits;
use crate::peer::{Peer, network};

/// The smallest buffer that hyper takes, in bytes.
const SMALLEST_BUFFER: usize = 8 << 10;

/// How many headers hyper reads without memory of their own.
const HYPER_HEADERS: usize = 100;

/// What serves connections with these bounds.
///
/// hyper answers by itself, without a body, what it cannot read. So over HTTP/1.1
/// it reads heads that are up to twice as large as may be, and the door refuses
/// those that are too large.
pub(super) fn builder(limits: &ServerLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let head = limits.max_head.saturating_mul(2).max(SMALLEST_BUFFER);
    builder
        .http1()
        .timer(TokioTimer::new())
        // It would count the pauses between requests too.
        .header_read_timeout(None)
        .max_buf_size(head);
    if limits.max_headers >= HYPER_HEADERS {
        builder
            .http1()
            .max_headers(limits.max_headers.saturating_mul(2));
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_streams)
        .max_header_list_size(u32::try_from(limits.max_head).unwrap_or(u32::MAX))
        .keep_alive_interval(limits.keep_alive_interval)
        .keep_alive_timeout(limits.keep_alive_timeout);
    builder
}

/// What has become of a connection.
enum Event {
    /// It was closed by HTTP or by the client.
    Closed(Result<(), Box<dyn std::error::Error + Send + Sync>>),
    Overdue(Overdue),
    /// It was told to go away and has nothing more to do.
    Over,
    /// Somebody else has changed what goes on.
    Nudged,
    /// The server stops.
    Stopping,
}

/// Waits until the connection was told to make room for others, and can.
async fn room_is_needed(activity: &Activity) {
    loop {
        activity.nudge.notified().await;
        if activity.makes_room() {
            return;
        }
    }
}

/// Serves a connection, with TLS if there is an acceptor for it.
pub(super) async fn serve(
    stream: TcpStream,
    tls: Option<Acceptor>,
    place: ConnectionPlace,
    door: Door,
    builder: Arc<auto::Builder<TokioExecutor>>,
    limits: ServerLimits,
    mut stopping: watch::Receiver<bool>,
) {
    // Without it small replies wait for acknowledgements.
    let _ = stream.set_nodelay(true);
    let activity = Arc::clone(&place.activity);
    let called = Arc::clone(&activity);
    let peer = stream.peer_addr().ok().map(|address| Peer(address.ip()));
    let service = service_fn(move |mut request: Request<Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        let call = called.call(request.version());
        door.clone().answer(request, call)
    });
    let socket = Socket::new(
        stream,
        Arc::clone(&activity),
        limits.linger_bytes,
        tls.is_some(),
    );
    let stream = match tls {
        None => Either::Left(socket),
        Some(tls) => {
            let network = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |Peer(address)| {
                network(address)
            });
            // The head of the first request is due as early as without TLS: what the
            // handshake takes is not there for it.
            let handshake = timeout(limits.head_timeout, tls.accept(socket, network));
            let shaken = tokio::select! {
                shaken = handshake => shaken,
                () = room_is_needed(&activity) => return,
                _ = stopping.wait_for(|stopping| *stopping) => return,
            };
            match shaken {
                Ok(Ok(stream)) => Either::Right(Box::new(stream)),
                Ok(Err(error)) => {
                    tracing::debug!(?peer, %error, "a connection came to nothing");
                    return;
                }
                Err(_) => {
                    tracing::debug!(?peer, "a TLS handshake took too long");
                    return;
                }
            }
        }
    };
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut timer = pin!(sleep_until(Instant::now()));
    let mut leaving_since = None;
    loop {
        let event = poll_fn(|context| {
            if let Poll::Ready(result) = connection.as_mut().poll(context) {
                return Poll::Ready(Event::Closed(result));
            }
            if leaving_since.is_some() && activity.is_over() {
                return Poll::Ready(Event::Over);
            }
            // What the connection has just done may have changed what is due. A
            // timer that goes off too early is set anew.
            while let Some((due, what)) = activity.due(&limits, leaving_since) {
                if due <= Instant::now() {
                    return Poll::Ready(Event::Overdue(what));
                }
                if timer.is_elapsed() || due < timer.deadline() {
                    timer.as_mut().reset(due);
                }
                ready!(timer.as_mut().poll(context));
            }
            Poll::Pending
        });
        let event = tokio::select! {
            biased;
            event = event => event,
            () = activity.nudge.notified() => Event::Nudged,
            _ = stopping.wait_for(|stopping| *stopping), if leaving_since.is_none() => Event::Stopping,
        };
        match event {
            Event::Closed(Ok(())) | Event::Over => return,
            Event::Closed(Err(error)) => {
                // Without its sources, which can have the words of the other side.
                tracing::debug!(%error, "a connection ended with an error");
                return;
            }
            Event::Overdue(Overdue::Idle) | Event::Stopping if leaving_since.is_none() => {
                leaving_since = Some(Instant::now());
                connection.as_mut().graceful_shutdown();
            }
            Event::Overdue(what) => {
                tracing::debug!(?what, "a client took too long and is hung up on");
                return;
            }
            Event::Nudged if activity.makes_room() => return,
            Event::Nudged | Event::Stopping => {}
        }
    }
}
