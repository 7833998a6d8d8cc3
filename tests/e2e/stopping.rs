//! A gateway that is told to stop ends what waits at once, and what is under way
//! in time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use gateway::config::Config;
use http::Response;
use proto::v2::GetUserRequest;
use proto::v2::user_service_client::UserServiceClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio_stream::StreamExt as _;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_types::StatusExt as _;

use crate::stack::{Settings, Tasks, connect, gateway_until, listen, until_serving};

/// How long a step may take. Only a failing test waits for it; it is shorter
/// than the grace period, so that a gateway that waits for it fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// A gateway that can be told to stop, in front of an upstream that answers when
/// it is told to.
struct Stoppable {
    gateway: String,
    channel: Channel,
    stop: oneshot::Sender<()>,
    stopped: JoinHandle<()>,
    /// Lets the upstream answer one request.
    answer: Arc<Notify>,
    /// A request has reached the upstream.
    asked: Arc<Notify>,
    _tasks: Tasks,
}

impl Stoppable {
    async fn start(server: Config) -> Self {
        let mut tasks = Tasks::default();
        let (listener, upstream) = listen().await;
        let (answer, asked) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (may, reached) = (Arc::clone(&answer), Arc::clone(&asked));
        let router = axum::Router::new().fallback(move || {
            let (may, reached) = (Arc::clone(&may), Arc::clone(&reached));
            async move {
                reached.notify_one();
                may.notified().await;
                let response = Response::builder().header("content-type", "application/json");
                response.body(Body::from("{}")).expect("a response")
            }
        });
        tasks.spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        let (stop, told) = oneshot::channel();
        let shutdown = async move {
            let _ = told.await;
        };
        let settings = Settings {
            server,
            ..Settings::default()
        };
        let base = format!("http://{upstream}/v2");
        let (gateway, serving) = gateway_until(shutdown, settings, &base).await;
        let stopped = tokio::spawn(serving);
        let channel = connect(&gateway).await;
        Self {
            gateway,
            channel,
            stop,
            stopped,
            answer,
            asked,
            _tasks: tasks,
        }
    }

    fn call(&self) -> JoinHandle<Result<(), Status>> {
        let mut users = UserServiceClient::new(self.channel.clone());
        tokio::spawn(async move {
            let request = GetUserRequest {
                user_id: "me".to_owned(),
            };
            users.get_user(request).await.map(|_| ())
        })
    }

    async fn raw(&self) -> TcpStream {
        let address = self.gateway.trim_start_matches("http://");
        TcpStream::connect(address).await.expect("a connection")
    }
}

async fn in_time<T>(what: &str, step: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, step)
        .await
        .unwrap_or_else(|_| panic!("{what} takes too long"))
}

#[tokio::test]
async fn a_call_under_way_is_answered() {
    let stoppable = Stoppable::start(Config::default()).await;
    let call = stoppable.call();
    in_time("the request upstream", stoppable.asked.notified()).await;
    stoppable.stop.send(()).expect("the gateway is there");
    stoppable.answer.notify_one();
    let answered = in_time("the call", call).await.expect("no panic");
    answered.expect("the call was under way");
    in_time("the stop", stoppable.stopped)
        .await
        .expect("no panic");
}

#[tokio::test]
async fn what_does_not_end_is_broken_off_after_the_grace_period() {
    let config = Config {
        grace: Duration::from_millis(200),
        ..Config::default()
    };
    let stoppable = Stoppable::start(config).await;
    let call = stoppable.call();
    in_time("the request upstream", stoppable.asked.notified()).await;
    stoppable.stop.send(()).expect("the gateway is there");
    in_time("the stop", stoppable.stopped)
        .await
        .expect("no panic");
    let answered = in_time("the call", call).await.expect("no panic");
    let status = answered.expect_err("nobody has answered");
    check_reason(&status, "SHUTTING_DOWN");
    let details = status.get_error_details();
    assert!(
        details.retry_info().is_none(),
        "it may be carried out twice"
    );
}

#[track_caller]
fn check_reason(status: &Status, reason: &str) {
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    let details = status.get_error_details();
    let found = details.error_info().map(|info| info.reason.as_str());
    assert_eq!(found, Some(reason), "{status}");
}

#[tokio::test]
async fn streams_and_silent_connections_end_at_once() {
    let stoppable = Stoppable::start(Config::default()).await;
    until_serving(&stoppable.channel).await;
    let mut health = HealthClient::new(stoppable.channel.clone());
    let watch = health.watch(HealthCheckRequest::default()).await;
    let mut watch = watch.expect("health is served").into_inner();
    let first = watch.next().await.expect("a status").expect("a status");
    assert_eq!(first.status(), ServingStatus::Serving);
    let mut reflection = ServerReflectionClient::new(stoppable.channel.clone());
    let asking = reflection
        .server_reflection_info(tokio_stream::pending())
        .await;
    let mut asking = asking.expect("reflection is served").into_inner();
    let mut silent = stoppable.raw().await;
    let mut half = stoppable.raw().await;
    half.write_all(b"PRI * HTTP/2.0\r\n").await.expect("sent");

    stoppable.stop.send(()).expect("the gateway is there");

    let second = in_time("the news", watch.next()).await.expect("a status");
    assert_eq!(second.expect("news").status(), ServingStatus::NotServing);
    let end = in_time("the watch", watch.next()).await.expect("a status");
    let end = end.expect_err("it ends");
    check_reason(&end, "SHUTTING_DOWN");
    let details = end.get_error_details();
    assert!(details.retry_info().is_some(), "it can watch another one");
    let end = in_time("reflection", asking.next())
        .await
        .expect("a status");
    check_reason(&end.expect_err("it ends"), "SHUTTING_DOWN");
    for connection in [&mut silent, &mut half] {
        let end = in_time("the connection", connection.read(&mut [0])).await;
        assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    }
    in_time("the stop", stoppable.stopped)
        .await
        .expect("no panic");
}

#[tokio::test]
async fn half_sent_calls_end_at_once() {
    let stoppable = Stoppable::start(Config::default()).await;
    let (requests, mut connection) = h2::client::handshake(stoppable.raw().await)
        .await
        .expect("HTTP/2");
    let mut pings = connection.ping_pong().expect("it is taken once");
    tokio::spawn(async move {
        let _ = connection.await;
    });
    let mut requests = requests.ready().await.expect("a connection");
    let request = http::Request::post("http://gateway/web1on1.v2.UserService/GetUser")
        .header("content-type", "application/grpc")
        .body(())
        .expect("a request");
    let (response, mut body) = requests.send_request(request, false).expect("a stream");
    let half = bytes::Bytes::from_static(&[0, 0, 0]);
    body.send_data(half, false).expect("the stream is open");
    // What was sent before a ping has arrived when it is answered.
    let pong = pings.ping(h2::Ping::opaque());
    in_time("the ping", pong).await.expect("a pong");

    stoppable.stop.send(()).expect("the gateway is there");

    let response = in_time("the call", response).await;
    if let Ok(response) = response {
        assert_eq!(response.headers()["grpc-status"], "14", "{response:?}");
    }
    in_time("the stop", stoppable.stopped)
        .await
        .expect("no panic");
}

#[tokio::test]
async fn new_connections_are_served_while_health_says_no() {
    let config = Config {
        drain_delay: Duration::from_secs(2),
        ..Config::default()
    };
    let stoppable = Stoppable::start(config).await;
    until_serving(&stoppable.channel).await;
    let mut health = HealthClient::new(stoppable.channel.clone());
    let watch = health.watch(HealthCheckRequest::default()).await;
    let mut watch = watch.expect("health is served").into_inner();
    watch.next().await.expect("a status").expect("a status");
    stoppable.stop.send(()).expect("the gateway is there");
    let news = in_time("the news", watch.next()).await.expect("a status");
    assert_eq!(news.expect("news").status(), ServingStatus::NotServing);

    let late = connect(&stoppable.gateway).await;
    let request = GetUserRequest {
        user_id: "me".to_owned(),
    };
    stoppable.answer.notify_one();
    let answered = in_time("the call", UserServiceClient::new(late).get_user(request)).await;
    answered.expect("the delay is for those who come late");
    in_time("the stop", stoppable.stopped)
        .await
        .expect("no panic");
}
