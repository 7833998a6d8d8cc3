//! Accepts connections, and stops.
//!
//! axum's own loop has no bounds, neither on connections nor on their time.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tls::Acceptor;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::connection;
use super::connections::{ConnectionPlace, Connections};
use super::door::Door;
use super::router::router;
use crate::app::App;
use crate::limits::ServerLimits;
use crate::usage::OpenCounts;

/// How long the server waits before it accepts again where it could not, as
/// when the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves on a listener, with TLS if there is an acceptor for it, until `stop` is done. Then nothing new is accepted,
/// connections without a request and those with half a head are closed, and
/// requests under way have `grace` to end.
///
/// # Errors
///
/// Fails where the listener is not usable.
pub(crate) async fn serve(
    app: Arc<App>,
    limits: ServerLimits,
    tls: Option<Acceptor>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
    grace: Duration,
) -> io::Result<()> {
    listener.local_addr()?;
    let open = app.open.clone();
    let door = Door::new(Arc::clone(&app), router(app), limits);
    let (stopping, told) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tokio::select! {
        () = stop => {}
        never = accept_all(&listener, tls.as_ref(), &door, limits, &open, &mut tasks, &told) => match never {},
    }
    drop(listener);
    stopping.send_replace(true);
    let all_over = async { while tasks.join_next().await.is_some() {} };
    if timeout(grace, all_over).await.is_err() {
        tracing::warn!(
            connections = tasks.len(),
            "some requests did not end within the grace period and are broken off"
        );
    }
    tasks.shutdown().await;
    Ok(())
}

/// Accepts one connection after another.
async fn accept_all(
    listener: &TcpListener,
    tls: Option<&Acceptor>,
    door: &Door,
    limits: ServerLimits,
    open: &OpenCounts,
    tasks: &mut JoinSet<()>,
    stopping: &watch::Receiver<bool>,
) -> Infallible {
    let builder = Arc::new(connection::builder(&limits));
    let connections = Arc::new(Connections::new(&limits, open.clone()));
    loop {
        if let Some((stream, place)) = accept(listener, &connections, open).await {
            let (door, builder) = (door.clone(), Arc::clone(&builder));
            let (stopping, tls) = (stopping.clone(), tls.cloned());
            let serving = connection::serve(stream, tls, place, door, builder, limits, stopping);
            tasks.spawn(serving);
        }
        // Those that have ended are forgotten.
        while tasks.try_join_next().is_some() {}
    }
}

/// Waits for a connection, then for a place for it. `None` where there is none
/// for that peer.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Connections>,
    open: &OpenCounts,
) -> Option<(TcpStream, ConnectionPlace)> {
    let (stream, peer) = accept_stream(listener, connections).await;
    open.count_accepted();
    let place = connections.place(peer.ip()).await;
    if place.is_none() {
        open.count_refused();
        tracing::debug!(%peer, "a peer has too many connections; one more is closed");
    }
    Some((stream, place?))
}

async fn accept_stream(
    listener: &TcpListener,
    connections: &Connections,
) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // The client has gone before its turn.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
                ) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                connections.evict(None);
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
