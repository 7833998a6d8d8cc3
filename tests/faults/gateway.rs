//! The gateway under test. It is started in this one place, the way
//! `web1on1 gateway` starts it, on a runtime of its own, so that its tasks can
//! be counted.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use gateway::descriptors::Descriptors;
use gateway::outcome::Observers;
use gateway::server::Server;
use gateway::upstream::{Client, Limited};
use rustls::RootCertStore;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// What these tests set of a gateway's configuration. The rest has its
/// defaults.
#[derive(Clone)]
pub(crate) struct Settings {
    /// How long a call may take whose caller says nothing.
    pub(crate) default_deadline: Duration,
    /// How long a call may take, whatever its caller says.
    pub(crate) max_deadline: Duration,
    /// How large a reply of the upstream may be once it is decoded, in bytes.
    pub(crate) max_reply: usize,
    /// How large a message of a caller may be once it is decoded, in bytes.
    pub(crate) max_message: usize,
    /// How long a connection may take until its first request is there.
    pub(crate) handshake: Duration,
    /// How often an HTTP/2 connection to the upstream is asked whether it is
    /// still there, and how long it has to answer.
    pub(crate) keep_alive: Duration,
    /// How long new connections are served after the stop.
    pub(crate) drain_delay: Duration,
    /// How long calls may go on after the stop.
    pub(crate) grace: Duration,
    /// Who may vouch for an `https` upstream.
    pub(crate) roots: Option<RootCertStore>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_deadline: Duration::from_secs(2),
            max_deadline: Duration::from_secs(20),
            max_reply: 48 << 10,
            max_message: 4 << 20,
            handshake: Duration::from_secs(1),
            keep_alive: Duration::from_millis(500),
            drain_delay: Duration::ZERO,
            grace: Duration::from_secs(10),
            roots: None,
        }
    }
}

/// A gateway in front of some endpoints.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<io::Result<()>>,
    runtime: Option<Runtime>,
}

impl Gateway {
    /// Starts a gateway on a free port of the loopback interface, and waits until
    /// it has reached its upstream, as far as there is one.
    pub(crate) async fn start(endpoints: &[String], settings: Settings) -> Self {
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_stack_size(8 << 20)
            .enable_all()
            .build()
            .expect("a runtime");
        let (stop, stopped) = oneshot::channel();
        let (bound, address) = oneshot::channel();
        let endpoints = endpoints.to_vec();
        let served = runtime.spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            serve(listener, &endpoints, settings, bound, async move {
                let _ = stopped.await;
            })
            .await
        });
        Self {
            address: address.await.expect("the gateway listens"),
            stop: Some(stop),
            served,
            runtime: Some(runtime),
        }
    }

    /// How many tasks the gateway has.
    pub(crate) fn tasks(&self) -> usize {
        self.runtime
            .as_ref()
            .map_or(0, |runtime| runtime.metrics().num_alive_tasks())
    }

    /// Tells the gateway to stop, as SIGTERM does.
    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Waits until the gateway has stopped.
    pub(crate) async fn stopped(&mut self) -> io::Result<()> {
        (&mut self.served).await.map_err(io::Error::other)?
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Everything here that depends on how a gateway is put together.
async fn serve(
    listener: TcpListener,
    endpoints: &[String],
    settings: Settings,
    bound: oneshot::Sender<SocketAddr>,
    stopped: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let bases: Result<Vec<_>, _> = endpoints
        .iter()
        .map(|endpoint| upstream::base(endpoint))
        .collect();
    let bases = bases.map_err(io::Error::other)?;
    let client = upstream::Config {
        roots: settings
            .roots
            .map_or(upstream::Roots::System, upstream::Roots::Given),
        ping_interval: settings.keep_alive,
        ping_timeout: settings.keep_alive,
        connect_timeout: Duration::from_secs(2),
        idle_timeout: Duration::from_secs(3),
        ..upstream::Config::default()
    };
    let client = upstream::Client::new(&bases, client).map_err(io::Error::other)?;
    let mut reachable = client.reachable();
    // The way there is tried at once, and is not to meet a fault that is for a call.
    let _ = timeout(
        Duration::from_secs(5),
        reachable.wait_for(|reachable| *reachable),
    )
    .await;
    let mut config = transcode::Config::new(bases[0].clone());
    config.max_reply = settings.max_reply;
    config.max_message = settings.max_message;
    let bounds = gateway::config::Config {
        default_deadline: settings.default_deadline,
        max_deadline: settings.max_deadline,
        max_message: settings.max_message,
        preface_timeout: settings.handshake,
        first_call_timeout: settings.handshake,
        drain_delay: settings.drain_delay,
        grace: settings.grace,
        ..gateway::config::Config::default()
    };
    let gateway = transcode::Gateway::new(Limited::new(bounds.limit, Client(client)), config);
    let descriptors = Descriptors::new(proto::FILE_DESCRIPTOR_SET, proto::v2::SERVICES);
    let server = Server::new(
        proto::v2::routes(&gateway),
        descriptors.map_err(io::Error::other)?,
        Observers::from([]),
        bounds,
    );
    let server = server.following(reachable);
    let _ = bound.send(listener.local_addr()?);
    server.serve(listener, stopped).await
}
