//! `web1on1 serve`, `gateway` and `backend`: the servers.

mod access;
mod access_log;
mod admin;
mod bounds;
mod contract_watch;
mod credentials;
mod database;
mod error_shape;
mod forward;
mod greeting;
mod http_bounds;
mod listen;
mod owner;
mod pictures;
pub(crate) mod process;
mod reload;
mod seen;
mod signals;
mod stop;
mod systemd;
mod tls;
mod traces;
mod upstream;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ::backend::{Backend, Lock, PictureStore};
use ::gateway::server::Server;
use ::gateway::upstream::Client;
use ::tls::Acceptor;
use anyhow::Context as _;
use clap::Args;
use http::uri::Authority;
use tokio::net::TcpListener;

use self::access::AccessArgs;
pub(crate) use self::access::KeyArgs;
use self::bounds::BoundsArgs;
pub(crate) use self::bounds::duration;
use self::contract_watch::WatchArgs;
use self::credentials::{CredentialsArgs, OwnCredentials};
use self::database::DatabaseArgs;
pub(crate) use self::database::PlaceArgs;
use self::error_shape::ErrorShapeArgs;
use self::greeting::first_calls;
pub(crate) use self::greeting::{owner, tell};
use self::http_bounds::HttpBoundsArgs;
pub(crate) use self::owner::check_owner_password;
use self::pictures::PictureArgs;
use self::reload::{Hangups, ReloadArgs, Reloaded};
use self::seen::{Seen, SeenArgs};
use self::stop::{Stop, Stopping, stop_signal, stopped};
use self::systemd::{Purpose, Sockets, notify_ready};
use self::tls::{HttpTlsArgs, TlsArgs};
use self::upstream::UpstreamArgs;
pub(crate) use self::upstream::server_name;
use crate::log::Process;
use crate::portal;
use crate::progress::Progress;

/// The domain of the reasons that the gateway gives for its own errors.
const DOMAIN: &str = "gateway.web1on1.chat";

/// How long requests may go on after a backend that serves alone was told to
/// stop.
pub(crate) const GRACE: Duration = Duration::from_secs(30);

/// How many threads may do work that blocks, if it is not said: each has one file or
/// one statement at a time.
pub(crate) const BLOCKING_THREADS: NonZeroUsize = NonZeroUsize::new(64).expect("it is not zero");

/// Serve the whole system from one process: the REST API and the gRPC gateway
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Where to serve gRPC; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
    grpc: SocketAddr,

    #[command(flatten)]
    tls: TlsArgs,

    #[command(flatten)]
    backend: BackendArgs,

    #[command(flatten)]
    watch: WatchArgs,

    #[command(flatten)]
    bounds: BoundsArgs,
}

/// Serve the REST API alone
#[derive(Args, Debug)]
pub(crate) struct BackendArgs {
    /// Where to serve REST; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    http: SocketAddr,

    #[command(flatten)]
    seen: SeenArgs,

    #[command(flatten)]
    place: PlaceArgs,

    /// Where others reach the REST API, if not at the address of --http
    ///
    /// URLs of avatars, links to next pages and the `$id` of each JSON Schema that is served
    /// begin with it.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,

    /// A further host under which clients reach the REST API, such as backend:8080; may be
    /// given more than once
    ///
    /// The links in the reply to a request that names it begin with it. One without a port
    /// stands for all ports. Without --public-url the names of this machine for itself and
    /// the address of --http are such hosts.
    #[arg(long, value_name = "HOST", value_delimiter = ',', value_parser = host)]
    public_host: Vec<Authority>,

    /// Serve no documentation of the API at /docs, and none of its documents
    #[arg(long)]
    no_docs: bool,

    /// A JSON document of resources to load at the start; may be given more than once
    ///
    /// What exists is left as it is. An example is seed/sample.json.
    #[arg(long, value_name = "FILE")]
    seed: Vec<PathBuf>,

    /// E-mail address of the owner that the first start creates
    #[arg(long, value_name = "EMAIL")]
    owner_email: Option<String>,

    /// Password of that owner; made up and printed if not given
    #[arg(long, value_name = "PASSWORD", hide_env_values = true)]
    owner_password: Option<String>,

    #[command(flatten)]
    access: AccessArgs,

    #[command(flatten)]
    database_limits: DatabaseArgs,

    #[command(flatten)]
    pictures: PictureArgs,

    #[command(flatten)]
    http_tls: HttpTlsArgs,

    #[command(flatten)]
    http_bounds: HttpBoundsArgs,

    #[command(flatten)]
    reload: ReloadArgs,

    /// How many threads may read and write files, work on SQLite, hash passwords and
    /// scale pictures; further work waits for one
    #[arg(
        long,
        value_name = "NUMBER",
        help_heading = "Process",
        default_value_t = BLOCKING_THREADS
    )]
    max_blocking_threads: NonZeroUsize,
}

impl BackendArgs {
    /// Makes sure that no other server runs on the same data, before anything listens or
    /// is created there.
    fn alone(&self) -> anyhow::Result<Option<Lock>> {
        check_owner_password(self.owner_password.as_deref())?;
        Ok(Lock::take(&self.place.url()?)?)
    }

    pub(crate) fn max_blocking_threads(&self) -> NonZeroUsize {
        self.max_blocking_threads
    }
}

impl ServeArgs {
    #[cfg(test)]
    pub(crate) fn stopping(&self) -> (Duration, Duration) {
        self.bounds.stopping()
    }

    pub(crate) fn max_blocking_threads(&self) -> NonZeroUsize {
        self.backend.max_blocking_threads
    }
}

impl GatewayArgs {
    #[cfg(test)]
    pub(crate) fn stopping(&self) -> (Duration, Duration) {
        self.bounds.stopping()
    }

    pub(crate) fn max_blocking_threads(&self) -> NonZeroUsize {
        self.max_blocking_threads
    }
}

/// Serve the gRPC gateway alone, in front of a REST API
#[derive(Args, Debug)]
pub(crate) struct GatewayArgs {
    #[command(flatten)]
    upstream: UpstreamArgs,

    /// Where to serve gRPC; port 0 picks a free one
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:50051",
        help_heading = None
    )]
    grpc: SocketAddr,

    #[command(flatten)]
    seen: SeenArgs,

    #[command(flatten)]
    watch: WatchArgs,

    #[command(flatten)]
    tls: TlsArgs,

    #[command(flatten)]
    credentials: CredentialsArgs,

    #[command(flatten)]
    errors: ErrorShapeArgs,

    #[command(flatten)]
    bounds: BoundsArgs,

    #[command(flatten)]
    reload: ReloadArgs,

    /// How many threads may resolve names and do what else blocks; further work waits
    /// for one
    #[arg(
        long,
        value_name = "NUMBER",
        help_heading = "Process",
        default_value = "8"
    )]
    max_blocking_threads: NonZeroUsize,
}

pub(crate) async fn serve(args: ServeArgs, process: Process) -> anyhow::Result<ExitCode> {
    self::process::prepare();
    let hangups = Hangups::listen(&args.backend.reload);
    let _alone = args.backend.alone()?;
    let mut sockets = Sockets::handed_for(&[Purpose::Grpc, Purpose::Http, Purpose::Admin])?;
    let mut seen = Seen::open("serve", &args.backend.seen, process, &mut sockets).await?;
    let grpc = sockets.take_or_bind(Purpose::Grpc, args.grpc).await?;
    let acceptor = args.tls.acceptor().context(NO_TLS)?;
    seen.tls("grpc", acceptor.as_ref());
    let most = share_of_descriptors();
    let opened = Opened::open(&args.backend, &mut sockets, most, &mut seen).await?;
    let base = format!(
        "http://{}{}",
        opened.address,
        ::contract::operation::BASE_PATH
    );
    let upstream = seen.watch(&args.watch)?.over(opened.router());
    let base = ::upstream::base(&base)?;
    let settings = settings(base, None, &args.bounds, most, &seen)?;
    let (server, limit) = grpc::over_router(upstream, settings);
    seen.gateway(&server, limit);
    let has_tls = acceptor.is_some();
    let listeners = [("grpc", acceptor.clone()), ("http", opened.tls.clone())];
    hangups.reload(listeners_of(listeners).collect());
    let server = with_tls(server, acceptor);

    let grpc_address = grpc.local_addr()?;
    tell(&format!("grpc {grpc_address}\n"));
    opened.announce();
    tell(&seen.address()?);
    let first_start = opened.backend.first_start();
    tell(&first_calls(
        grpc_address,
        has_tls,
        first_start,
        opened.docs.as_deref(),
    ));

    let stop = stop_signal();
    notify_ready();
    let stop_http = Stopping::after(stop.clone(), args.bounds.drain_delay, args.bounds.grace);
    let serving =
        async { tokio::try_join!(serve_grpc(grpc, server, stop), opened.serve(stop_http)) };
    Box::pin(seen.beside(serving)).await?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn backend(args: BackendArgs, process: Process) -> anyhow::Result<ExitCode> {
    self::process::prepare();
    let hangups = Hangups::listen(&args.reload);
    let _alone = args.alone()?;
    let mut sockets = Sockets::handed_for(&[Purpose::Http, Purpose::Admin])?;
    let mut seen = Seen::open("backend", &args.seen, process, &mut sockets).await?;
    let opened = Opened::open(&args, &mut sockets, usize::MAX, &mut seen).await?;
    hangups.reload(listeners_of([("http", opened.tls.clone())]).collect());
    opened.announce();
    tell(&seen.address()?);
    if let Some(first_start) = opened.backend.first_start() {
        tell(&format!("\n{}", owner(first_start)));
    }
    let stop = stop_signal();
    seen.until(stop.clone());
    let stopping = Stopping::after(stop, Duration::ZERO, GRACE);
    notify_ready();
    Box::pin(seen.beside(opened.serve(stopping))).await?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn gateway(args: GatewayArgs, process: Process) -> anyhow::Result<ExitCode> {
    self::process::prepare();
    let hangups = Hangups::listen(&args.reload);
    let mut sockets = Sockets::handed_for(&[Purpose::Grpc, Purpose::Admin])?;
    let mut seen = Seen::open("gateway", &args.seen, process, &mut sockets).await?;
    let bases = args.upstream.bases()?;
    let client = args.upstream.client(&bases)?;
    let reachable = client.reachable();
    let Some(base) = bases.first().cloned() else {
        anyhow::bail!("--upstream names no upstream");
    };
    seen.client(client.clone());
    let mut reloaded = vec![Reloaded::Upstream(client.clone())];
    let upstream = seen.watch(&args.watch)?.over(Client(client));
    let own = args.credentials.own(&base)?;
    reloaded.extend(
        own.as_ref()
            .and_then(OwnCredentials::tokens)
            .map(Reloaded::Tokens),
    );
    let mut settings = settings(base, own, &args.bounds, usize::MAX, &seen)?;
    settings.translation.errors = args.errors.shape();
    let (server, limit) = grpc::over_http(upstream, settings);
    seen.gateway(&server, limit);
    let server = server.following(reachable);
    let acceptor = args.tls.acceptor().context(NO_TLS)?;
    seen.tls("grpc", acceptor.as_ref());
    reloaded.extend(listeners_of([("grpc", acceptor.clone())]));
    hangups.reload(reloaded);
    let server = with_tls(server, acceptor);
    let grpc = sockets.take_or_bind(Purpose::Grpc, args.grpc).await?;
    tell(&format!("grpc {}\n", grpc.local_addr()?));
    for base in &bases {
        tell(&format!("upstream {base}\n"));
    }
    tell(&seen.address()?);
    let serving = serve_grpc(grpc, server, stop_signal());
    notify_ready();
    Box::pin(seen.beside(serving)).await?;
    Ok(ExitCode::SUCCESS)
}

/// What is said of an error with the TLS of gRPC.
const NO_TLS: &str = "gRPC cannot be served over TLS";

/// The TLS of these listeners, as far as they have any.
fn listeners_of<const N: usize>(
    listeners: [(&'static str, Option<Acceptor>); N],
) -> impl Iterator<Item = Reloaded> {
    let listeners = listeners.into_iter();
    listeners.filter_map(|(name, acceptor)| Some(Reloaded::Listener(name, acceptor?)))
}

/// The server, with TLS if there is an acceptor for it.
fn with_tls(server: Server, acceptor: Option<Acceptor>) -> Server {
    match acceptor {
        Some(acceptor) => server.with_tls(acceptor),
        None => server,
    }
}

/// What a server of gRPC has besides its upstream, for no more connections than `most`.
fn settings(
    base: http::Uri,
    own: Option<OwnCredentials>,
    bounds: &BoundsArgs,
    most: usize,
    seen: &Seen,
) -> anyhow::Result<grpc::Settings> {
    let mut server = bounds.config(DOMAIN);
    server.tracer = seen.tracer();
    server.subjects = seen.subjects();
    server.max_connections = server.max_connections.min(most);
    let login = own.map(|own| {
        server.admission = Some(Arc::new(own.admission));
        own.login
    });
    let descriptors = grpc::descriptors().context("the embedded descriptors cannot be read")?;
    let observers = seen.observers(&descriptors).into();
    Ok(grpc::Settings {
        descriptors,
        server,
        translation: bounds.transcode(base, DOMAIN),
        login,
        observers,
    })
}

/// How many connections each of two servers in one process may have. Each alone
/// leaves a quarter of the descriptors; both together are to leave as many.
fn share_of_descriptors() -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        let limit = getrlimit(Resource::Nofile).current;
        if let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) {
            return (limit / 8).saturating_mul(3).max(1);
        }
    }
    usize::MAX
}

/// A backend and the listener that it will be served on.
struct Opened {
    backend: Backend,
    listener: TcpListener,
    address: SocketAddr,
    /// What takes the handshakes of the listener.
    tls: Option<Acceptor>,
    kept_in: String,
    /// Where the documentation is.
    docs: Option<String>,
}

impl Opened {
    /// Opens a backend for no more connections than `most`.
    async fn open(
        args: &BackendArgs,
        sockets: &mut Sockets,
        most: usize,
        seen: &mut Seen,
    ) -> anyhow::Result<Self> {
        let listener = sockets.take_or_bind(Purpose::Http, args.http).await?;
        let address = listener.local_addr()?;
        let tls = args
            .http_tls
            .acceptor()
            .context("REST cannot be served over TLS")?;
        seen.tls("http", tls.as_ref());
        let public_url = args
            .public_url
            .clone()
            .unwrap_or_else(|| public_url(address, tls.is_some()));
        let data = &args.place.data;
        let pages = (!args.no_docs).then(|| portal::pages(public_url.clone()));
        let docs = pages.as_ref().map(|_| portal::url(&public_url));
        let mut config = ::backend::Config::new(args.place.url()?, data, public_url);
        config.hosts.clone_from(&args.public_host);
        if args.public_url.is_none() {
            config.hosts.extend(own_hosts(address));
        }
        config.pages = pages;
        config.pictures = args.pictures.store()?;
        config.picture_limits = args.pictures.limits();
        let kept_in = kept_in(args.place.database.is_some(), &config);
        config.database_limits = args.database_limits.limits();
        config.owner_email.clone_from(&args.owner_email);
        config.owner_password.clone_from(&args.owner_password);
        config.token_keys = Some(args.access.keys.keys(data)?);
        config.hash_limits = args.access.hash_limits();
        config.login_limits = args.access.limits();
        config
            .trusted_proxies
            .clone_from(&args.access.trusted_proxy);
        config
            .cors_origins
            .clone_from(&args.access.http_cors_origin);
        config.housekeeping = args.access.housekeeping;
        config.tls.clone_from(&tls);
        config.server_limits = args.http_bounds.limits();
        let max = &mut config.server_limits.max_connections;
        *max = most.min(*max);
        config.observers = seen.backend_observers();
        config.tracer = seen.tracer();
        config.subjects = seen.subjects();
        let backend = Backend::open(config).await?;
        seen.backend(backend.clone());
        for file in &args.seed {
            seed(&backend, file).await?;
        }
        Ok(Self {
            backend,
            listener,
            address,
            tls,
            kept_in,
            docs,
        })
    }

    fn router(&self) -> axum::Router {
        self.backend.router()
    }

    fn announce(&self) {
        tell(&format!("http {}\ndata {}\n", self.address, self.kept_in));
    }

    async fn serve(self, stopping: Stopping) -> anyhow::Result<()> {
        let Stopping { stop, delay, grace } = stopping;
        let leave = async move {
            stopped(stop).await;
            tokio::time::sleep(delay).await;
        };
        self.backend
            .serve(self.listener, leave, grace)
            .await
            .context("the REST server failed")
    }
}

/// Where everything is kept. A URL of a database has a password, so it is not shown.
fn kept_in(has_url: bool, config: &::backend::Config) -> String {
    let data = config.data.display();
    match config.picture_store() {
        PictureStore::Data if has_url => format!("{data} (pictures); the rest in the database"),
        PictureStore::Database if has_url => "in the database".to_owned(),
        PictureStore::Data | PictureStore::Database => data.to_string(),
        PictureStore::S3(s3) => {
            let place = format!("s3://{}/{}", s3.bucket, s3.prefix);
            if has_url {
                format!("in the database; pictures in {place}")
            } else {
                format!("{data}; pictures in {place}")
            }
        }
    }
}

/// Loads the resources of a file.
async fn seed(backend: &Backend, file: &Path) -> anyhow::Result<()> {
    let document =
        std::fs::read(file).with_context(|| format!("--seed {} cannot be read", file.display()))?;
    let progress = Progress::start(&format!("seeding {}", file.display()), "steps");
    backend
        .seed_telling(&document, &|done, all| progress.set(done, all))
        .await
        .with_context(|| format!("--seed {} was not loaded", file.display()))?;
    Ok(())
}

/// How others reach a listener, as far as it can be told from here.
fn public_url(address: SocketAddr, has_tls: bool) -> String {
    let reachable = if address.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
    } else {
        address
    };
    let scheme = if has_tls { "https" } else { "http" };
    format!("{scheme}://{reachable}")
}

/// The hosts that clients on this machine, or those that know its address, name.
fn own_hosts(address: SocketAddr) -> Vec<Authority> {
    let address = address.to_string();
    let hosts = ["localhost", "127.0.0.1", "[::1]", &address];
    hosts.iter().filter_map(|host| host.parse().ok()).collect()
}

/// Reads a host, perhaps with a port.
fn host(text: &str) -> Result<Authority, String> {
    text.parse::<Authority>()
        .ok()
        .filter(|host| !host.host().is_empty() && !host.as_str().contains('@'))
        .ok_or_else(|| {
            "must be a host such as backend or backend:8080, without a scheme".to_owned()
        })
}

async fn serve_grpc(listener: TcpListener, server: Server, stop: Stop) -> anyhow::Result<()> {
    server
        .serve(listener, stopped(stop))
        .await
        .context("the gRPC server failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_address_is_reached_by_loopback() {
        let all = SocketAddr::from(([0, 0, 0, 0], 8080));
        assert_eq!(public_url(all, false), "http://127.0.0.1:8080");
        let one = SocketAddr::from(([10, 0, 0, 1], 80));
        assert!(own_hosts(one).contains(&Authority::from_static("10.0.0.1:80")));
        assert_eq!(public_url(one, true), "https://10.0.0.1:80");
    }
}
