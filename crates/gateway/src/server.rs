//! Serves gRPC, gRPC-Web and Connect on one port, and stops without losing a call.
//!
//! This is the outer half of the server: connections. The stack is the
//! inner one: calls. Neither ever knows what a call is about.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tls::{Acceptor, HandshakeError};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tonic::Status;
use tonic::body::Body;
use tonic::service::Routes;
use tower::Service;

use crate::config::Config;
use crate::descriptors::Descriptors;
use crate::extensions::Peer;
use crate::health::Health;
use crate::identity::Identity;
use crate::outcome::Observers;
use crate::phase::Phase;
use crate::reflection::Reflection;
use crate::rewind::{self, Protocol, Rewind, Undetected};
use crate::rpcs::Rpcs;
use crate::schemas::Schemas;
use crate::traffic::Metered;
use crate::usage::{OpenConnection, ServerUsage};
use crate::{callers, http1, http2, open_files, stack};

/// How long the server waits before it accepts again where it could not, or must
/// not, as when the process has hardly a file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A server that is put together and not yet started.
pub struct Server {
    routes: Routes,
    rpcs: Rpcs,
    schemas: Schemas,
    health: Health,
    observers: Observers,
    config: Arc<Config>,
    reachable: Option<watch::Receiver<bool>>,
    tls: Option<Acceptor>,
    usage: ServerUsage,
}

impl Server {
    /// Adds server reflection (v1 and v1alpha) and the health service to the
    /// services of an API, which the descriptors describe.
    #[must_use]
    pub fn new(
        routes: Routes,
        descriptors: Descriptors,
        observers: Observers,
        config: Config,
    ) -> Self {
        let rpcs = Rpcs::new(&descriptors);
        let schemas = Schemas::new(&descriptors);
        let health = Health::new(descriptors.api_services());
        let reflection = Reflection::new(descriptors);
        let routes = routes
            .add_service(reflection.v1())
            .add_service(reflection.v1alpha())
            .add_service(health.service());
        Self {
            routes,
            rpcs,
            schemas,
            health,
            observers,
            config: Arc::new(config),
            reachable: None,
            tls: None,
            usage: ServerUsage::default(),
        }
    }

    /// The same server, whose health is `NOT_SERVING` while the upstream cannot
    /// be reached.
    #[must_use]
    pub fn following(self, mut reachable: watch::Receiver<bool>) -> Self {
        self.health
            .set_upstream_reachable(*reachable.borrow_and_update());
        Self {
            reachable: Some(reachable),
            ..self
        }
    }

    /// The same server, which speaks TLS and nothing else.
    #[must_use]
    pub fn with_tls(self, tls: Acceptor) -> Self {
        Self {
            tls: Some(tls),
            ..self
        }
    }

    /// What the server says of its health.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// How much of the server is in use, before it serves and while it does.
    pub fn usage(&self) -> ServerUsage {
        self.usage.clone()
    }

    /// Serves until `shutdown` is done, then leaves in order:
    ///
    /// 1. Health answers `NOT_SERVING`, while new connections are still served
    ///    for [`Config::drain_delay`].
    /// 2. Nothing new is accepted; what has connected until then is served.
    ///    Every connection is told to go away, and watches, other streams and
    ///    calls whose message is not whole are ended.
    /// 3. Calls under way have [`Config::grace`] to end. Those that have no answer
    ///    by then end with `UNAVAILABLE`.
    ///
    /// # Errors
    ///
    /// Fails where the listener is not usable.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        listener.local_addr()?;
        let Self {
            routes,
            rpcs,
            schemas,
            health,
            observers,
            config,
            mut reachable,
            tls,
            usage,
        } = self;
        let (phase, phases) = watch::channel(Phase::Serving);
        let service = stack::grpc(routes, rpcs, schemas, observers, &usage, &config, &phases);
        let places = Arc::new(Semaphore::new(max_connections(&config)));
        let mut connections = JoinSet::new();
        let begin = |connections: &mut JoinSet<()>, accepted| {
            let (service, config) = (service.clone(), Arc::clone(&config));
            let counted = usage.connection();
            let (tls, phases) = (tls.clone(), phases.clone());
            connections.spawn(serve_connection(
                accepted, tls, counted, service, config, phases,
            ));
        };
        let leave = async {
            shutdown.await;
            health.set_draining();
            sleep(config.drain_delay).await;
        };
        let mut leave = std::pin::pin!(leave);
        loop {
            tokio::select! {
                accepted = accept(&listener, &places, &usage) => begin(&mut connections, accepted),
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                is_reachable = next_of(&mut reachable) => health.set_upstream_reachable(is_reachable),
                () = &mut leave => break,
            }
        }
        // Whoever has connected by now must not be hung up on.
        while let Some(accepted) = accept_waiting(&listener, &places).await {
            begin(&mut connections, accepted);
        }
        drop(listener);
        phase.send_replace(Phase::Leaving);
        health.end_watches();
        if !all_end(&mut connections, config.grace).await {
            tracing::warn!(
                connections = connections.len(),
                "some calls did not end within the grace period and are broken off"
            );
            phase.send_replace(Phase::Over);
            // Whoever reads is told.
            all_end(&mut connections, LAST_WORDS).await;
        }
        connections.shutdown().await;
        Ok(())
    }
}

/// Waits for the ends of all connections. Returns false if some have not ended
/// within the time.
async fn all_end(connections: &mut JoinSet<()>, within: Duration) -> bool {
    let all = async { while connections.join_next().await.is_some() {} };
    timeout(within, all).await.is_ok()
}

/// Waits until it has changed whether the upstream can be reached.
async fn next_of(reachable: &mut Option<watch::Receiver<bool>>) -> bool {
    if let Some(receiver) = reachable
        && receiver.changed().await.is_ok()
    {
        return *receiver.borrow_and_update();
    }
    // Nobody will say any more.
    std::future::pending().await
}

/// How many connections may be open.
fn max_connections(config: &Config) -> usize {
    let files = open_files::for_callers().unwrap_or(usize::MAX);
    if files < config.max_connections {
        tracing::debug!(
            files,
            "the limit on open files lowers the number of connections"
        );
    }
    config.max_connections.min(files).max(1)
}

/// An open connection and its place among the others.
struct Accepted {
    stream: TcpStream,
    peer: IpAddr,
    place: OwnedSemaphorePermit,
}

/// Waits for a place, then for a connection. Those for which there is no place
/// wait in the backlog of the listener.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>, usage: &ServerUsage) -> Accepted {
    let place = place(places).await;
    loop {
        // The last ones are for those who are connected already.
        while !open_files::are_left() {
            sleep(ACCEPT_PAUSE).await;
        }
        match listener.accept().await {
            Ok((stream, peer)) => {
                return Accepted {
                    stream,
                    peer: peer.ip(),
                    place,
                };
            }
            Err(error) => {
                usage.count_not_accepted();
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A connection that waits to be accepted, if there is one.
async fn accept_waiting(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<Accepted> {
    let place = Arc::clone(places).try_acquire_owned().ok()?;
    // A listener that has not been polled since does not know of it yet.
    let (stream, peer) = timeout(Duration::from_millis(1), listener.accept())
        .await
        .ok()?
        .ok()?;
    Some(Accepted {
        stream,
        peer: peer.ip(),
        place,
    })
}

async fn place(places: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    match Arc::clone(places).acquire_owned().await {
        Ok(place) => place,
        // The semaphore is never closed.
        Err(_) => std::future::pending().await,
    }
}

async fn serve_connection<S, B>(
    accepted: Accepted,
    tls: Option<Acceptor>,
    counted: OpenConnection,
    service: S,
    config: Arc<Config>,
    mut phase: watch::Receiver<Phase>,
) where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes, Error = Status> + Send + Unpin + 'static,
{
    let Accepted {
        stream,
        peer,
        place,
    } = accepted;
    // Without it small replies wait for acknowledgements.
    let _ = stream.set_nodelay(true);
    let (stream, traffic) = Metered::new(stream);
    let opening = timeout(config.preface_timeout, open(stream, peer, tls.as_ref()));
    // A connection that has not said what it is when the server leaves has
    // nothing to lose.
    let opened = tokio::select! {
        opened = opening => opened,
        () = silent_when_leaving(&mut phase) => return,
    };
    let Opened {
        protocol,
        stream,
        identity,
    } = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) => {
            counted.was_silent();
            tracing::debug!(%peer, %error, "a connection came to nothing");
            return;
        }
        Err(_) => {
            counted.was_silent();
            tracing::debug!(%peer, "a connection did not say in time what it speaks");
            return;
        }
    };
    let peer = Peer::new(peer, identity);
    let address = peer.address;
    let ended: Result<(), Box<dyn std::error::Error>> = match protocol {
        Protocol::Http1 => http1::serve(stream, traffic, peer, service, &config, phase)
            .await
            .map_err(Into::into),
        // The debug data of a GOAWAY are the other side's own words.
        Protocol::Http2 => http2::serve(stream, traffic, peer, service, &config, phase)
            .await
            .map_err(|error| match error.reason() {
                Some(reason) => reason.description().into(),
                None => error.into(),
            }),
    };
    if let Err(error) = ended {
        tracing::debug!(peer = %address, error, "a connection ended with an error");
    }
    drop((counted, place));
}

/// A stream of either kind. There is one type for both, so that everything above is
/// compiled once.
type Stream = Either<Metered<TcpStream>, Box<TlsStream<Metered<TcpStream>>>>;

/// A connection that has said what it speaks.
struct Opened {
    protocol: Protocol,
    stream: Rewind<Stream>,
    identity: Option<Identity>,
}

/// Why a connection is not served.
#[derive(Debug, thiserror::Error)]
enum NotOpened {
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    #[error(transparent)]
    Undetected(#[from] Undetected),
}

/// Shakes hands, if there is TLS, and finds out what is spoken.
async fn open(
    stream: Metered<TcpStream>,
    peer: IpAddr,
    tls: Option<&Acceptor>,
) -> Result<Opened, NotOpened> {
    let (stream, identity) = match tls {
        None => (Either::Left(stream), None),
        Some(tls) => {
            let stream = tls.accept(stream, callers::network(peer)).await?;
            let identity = Identity::of(stream.get_ref().1);
            (Either::Right(Box::new(stream)), identity)
        }
    };
    let (protocol, stream) = rewind::detect(stream).await?;
    Ok(Opened {
        protocol,
        stream,
        identity,
    })
}

/// How long a connection that was accepted at the last moment may take to speak,
/// and how long those who are broken off may take to read that.
const LAST_WORDS: Duration = Duration::from_millis(500);

async fn silent_when_leaving(phase: &mut watch::Receiver<Phase>) {
    let _ = phase.wait_for(|phase| *phase != Phase::Serving).await;
    sleep(LAST_WORDS).await;
}
