//! The whole system on free ports: client, gateway, backend, store.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use backend::Backend;
use bytes::Bytes;
use gateway::descriptors::Descriptors;
use gateway::outcome::Observer;
use gateway::server::Server;
use gateway::upstream::{Client, Limited};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::rt::TokioExecutor;
use proto::v2::auth_service_client::AuthServiceClient;
use proto::v2::user_service_client::UserServiceClient;
use proto::v2::{CreateTokenRequest, Token};
use rustls::RootCertStore;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tonic::Request;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use transcode::{Config, Gateway};

pub(crate) const OWNER: &str = "owner@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Tasks that end with the test.
#[derive(Default)]
pub(crate) struct Tasks(Vec<AbortHandle>);

impl Tasks {
    pub(crate) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.push(tokio::spawn(task).abort_handle());
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

/// A listener on a port that nobody uses, and its address.
pub(crate) async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener
        .local_addr()
        .expect("a bound listener has an address");
    (listener, address.to_string())
}

/// What a gateway is given beside its upstream.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) server: gateway::config::Config,
    pub(crate) upstream: upstream::Config,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    pub(crate) tls: Option<tls::Acceptor>,
}

/// Starts a gateway in front of the REST API at `base`, and returns its URL.
pub(crate) async fn gateway_to(base: &str, tasks: &mut Tasks) -> String {
    gateway_with(Settings::default(), base, tasks).await
}

/// Starts a gateway that trusts whom these roots vouch for.
pub(crate) async fn gateway_trusting(
    roots: Option<RootCertStore>,
    base: &str,
    tasks: &mut Tasks,
) -> String {
    let upstream = upstream::Config {
        roots: roots.map_or(upstream::Roots::System, upstream::Roots::Given),
        ..upstream::Config::default()
    };
    let settings = Settings {
        upstream,
        ..Settings::default()
    };
    gateway_with(settings, base, tasks).await
}

/// Starts a gateway with these settings.
pub(crate) async fn gateway_with(settings: Settings, base: &str, tasks: &mut Tasks) -> String {
    let (address, serving) = gateway_until(std::future::pending(), settings, base).await;
    tasks.spawn(serving);
    address
}

/// A gateway with these settings, which serves until `shutdown` is done: its URL
/// and what serves it.
pub(crate) async fn gateway_until(
    shutdown: impl Future<Output = ()> + Send + 'static,
    settings: Settings,
    base: &str,
) -> (String, impl Future<Output = ()> + Send + 'static) {
    let base = upstream::base(base).expect("the base is a URL");
    let client = upstream::Client::new(std::slice::from_ref(&base), settings.upstream)
        .expect("the settings fit the base");
    let reachable = client.reachable();
    let mut config = Config::new(base);
    config.max_message = settings.server.max_message;
    let gateway = Gateway::new(Limited::new(settings.server.limit, Client(client)), config);
    let descriptors = Descriptors::new(proto::FILE_DESCRIPTOR_SET, proto::v2::SERVICES);
    let server = Server::new(
        proto::v2::routes(&gateway),
        descriptors.expect("the embedded descriptors decode"),
        settings.observers.into(),
        settings.server,
    )
    .following(reachable);
    let server = match settings.tls {
        Some(tls) => server.with_tls(tls),
        None => server,
    };
    let (listener, address) = listen().await;
    let serving = async move {
        let ended = server.serve(listener, shutdown).await;
        ended.expect("the gateway serves");
    };
    (format!("http://{address}"), serving)
}

/// Connects to a gateway.
pub(crate) async fn connect(gateway: &str) -> Channel {
    Endpoint::from_shared(gateway.to_owned())
        .expect("the address is a URL")
        .connect()
        .await
        .expect("the gateway accepts connections")
}

/// Waits until a gateway has reached its upstream and says so.
pub(crate) async fn until_serving(channel: &Channel) {
    let mut health = HealthClient::new(channel.clone());
    let watch = health.watch(HealthCheckRequest::default()).await;
    let mut watch = watch.expect("health is served").into_inner();
    while let Some(news) = watch.message().await.expect("the watch goes on") {
        if news.status() == ServingStatus::Serving {
            return;
        }
    }
    panic!("the gateway has ended before it served");
}

/// The system with its own store and its own clock.
pub(crate) struct Stack {
    pub(crate) channel: Channel,
    /// The URL of the REST API, with its base path.
    pub(crate) rest: String,
    pub(crate) backend: Backend,
    now: Arc<AtomicI64>,
    _tasks: Tasks,
    _data: TempDir,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        Self::start_with(gateway::config::Config::default()).await
    }

    /// The system with a gateway of these bounds.
    pub(crate) async fn start_with(server: gateway::config::Config) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let (listener, address) = listen().await;
        let now = Arc::new(AtomicI64::new(1_700_000_000_000));
        let clock = Arc::clone(&now);
        let database = empty_database(&data).await;
        let mut config = backend::Config::new(database, data.path(), format!("http://{address}"));
        config.owner_email = Some(OWNER.to_owned());
        config.owner_password = Some(PASSWORD.to_owned());
        config.clock = backend::Clock::new(move || {
            jiff::Timestamp::from_millisecond(clock.load(Ordering::Relaxed)).expect("in range")
        });
        let backend = backend::Backend::open(config)
            .await
            .expect("an empty store opens");
        let mut tasks = Tasks::default();
        let router = backend.router();
        tasks.spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("the backend serves");
        });
        let rest = format!("http://{address}{}", contract::operation::BASE_PATH);
        let settings = Settings {
            server,
            ..Settings::default()
        };
        let channel = connect(&gateway_with(settings, &rest, &mut tasks).await).await;
        Self {
            channel,
            rest,
            backend,
            now,
            _tasks: tasks,
            _data: data,
        }
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, hours: i64) {
        self.now.fetch_add(hours * 3_600_000, Ordering::Relaxed);
    }

    pub(crate) fn auth(&self) -> AuthServiceClient<Channel> {
        AuthServiceClient::new(self.channel.clone())
    }

    pub(crate) fn users(&self) -> UserServiceClient<Channel> {
        UserServiceClient::new(self.channel.clone())
    }

    /// Logs in.
    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Token {
        let request = CreateTokenRequest {
            email: Some(email.to_owned()),
            password: Some(password.to_owned()),
            ..Default::default()
        };
        let reply = self
            .auth()
            .create_token(request)
            .await
            .expect("the password is right");
        reply.into_inner().token.expect("a login gives a token")
    }

    /// An access token of the owner.
    pub(crate) async fn owner(&self) -> String {
        self.log_in(OWNER, PASSWORD)
            .await
            .token
            .expect("a token has its text")
    }

    /// Uploads a file with a plain HTTP request and returns its status and JSON body.
    /// The part has a name, a file name and a media type.
    pub(crate) async fn upload(
        &self,
        path: &str,
        token: &str,
        (name, file, media_type): (&str, &str, &str),
        content: &[u8],
    ) -> (u16, Value) {
        let head = format!(
            "--boundary\r\nContent-Disposition: form-data; name=\"{name}\"; \
             filename=\"{file}\"\r\nContent-Type: {media_type}\r\n\r\n"
        );
        let body = [head.as_bytes(), content, b"\r\n--boundary--\r\n"].concat();
        let request = http::Request::post(format!("{}{path}", self.rest))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "multipart/form-data; boundary=boundary")
            .body(Full::from(body))
            .expect("a valid request");
        let (status, _, body) = send(request).await;
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        (status, body)
    }

    /// Sends a plain HTTP request and returns its status and JSON body.
    pub(crate) async fn http(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.rest))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Full::from(
                body.map_or_else(Vec::new, |body| body.to_string().into_bytes()),
            ))
            .expect("a valid request");
        let (status, _, body) = send(request).await;
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        (status, body)
    }
}

/// The URL of a database that exists and is empty.
async fn empty_database(directory: &TempDir) -> String {
    let Ok(server) = std::env::var("WEB1ON1_TEST_POSTGRES") else {
        return format!(
            "sqlite://{}/web1on1.db?mode=rwc",
            directory.path().display()
        );
    };
    let connection = PgConnection::connect(&format!("{server}/postgres")).await;
    let mut connection = connection.expect("WEB1ON1_TEST_POSTGRES names a server");
    let name = directory
        .path()
        .file_name()
        .expect("a directory has a name");
    let name = format!("test_{}", name.display()).replace(|c: char| !c.is_alphanumeric(), "_");
    let sql = AssertSqlSafe(format!("CREATE DATABASE \"{name}\""));
    let created = sqlx::query(sql).execute(&mut connection).await;
    created.expect("may create databases");
    format!("{server}/{name}")
}

/// Gets what lies at a URL: status, content type and body.
pub(crate) async fn get(url: &str) -> (u16, String, Bytes) {
    let request = http::Request::get(url)
        .body(Full::default())
        .expect("a valid request");
    send(request).await
}

async fn send(request: http::Request<Full<Bytes>>) -> (u16, String, Bytes) {
    let client = HttpClient::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.expect("the backend answers");
    let status = response.status().as_u16();
    let content_type = response
        .headers()
        .get("content-type")
        .map(|value| value.to_str().expect("ASCII").to_owned())
        .unwrap_or_default();
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a whole body")
        .to_bytes();
    (status, content_type, body)
}

/// A request with an access token.
pub(crate) fn with_token<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().expect("a token is ASCII");
    request.metadata_mut().insert("authorization", value);
    request
}
