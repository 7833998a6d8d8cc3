//! Every call ends in exactly one outcome, whoever ends it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{BufMut as _, Bytes, BytesMut};
use gateway::config::Config;
use gateway::outcome::{Observer, Outcome};
use h2::client::SendRequest;
use http::{HeaderMap, Request, Response, StatusCode};
use proto::v2::upload_user_avatar_request::Payload;
use proto::v2::{
    GetUserRequest, StreamUsersRequest, UploadUserAvatarHeader, UploadUserAvatarRequest,
};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;

use crate::stack::{Settings, Tasks, gateway_with, listen};

/// How long an outcome may take to arrive. Only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

const GET_USER: &str = "/web1on1.v2.UserService/GetUser";
const STREAM: &str = "/web1on1.v2.UserService/StreamUsers";
const UPLOAD: &str = "/web1on1.v2.UserService/UploadUserAvatar";
const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

struct Collector(mpsc::UnboundedSender<Outcome>);

impl Observer for Collector {
    fn ended(&self, outcome: &Outcome) {
        let _ = self.0.send(outcome.clone());
    }
}

/// A gateway in front of an upstream, a connection to it, and what its calls
/// come to.
struct Observed {
    address: String,
    requests: SendRequest<Bytes>,
    outcomes: mpsc::UnboundedReceiver<Outcome>,
    tasks: Tasks,
}

impl Observed {
    async fn start<F>(
        server: Config,
        answer: impl Fn(Request<Body>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let mut tasks = Tasks::default();
        let (listener, upstream) = listen().await;
        let router = axum::Router::new().fallback(answer);
        tasks.spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        let (told, outcomes) = mpsc::unbounded_channel();
        let settings = Settings {
            server,
            observers: vec![Arc::new(Collector(told))],
            ..Settings::default()
        };
        let gateway = gateway_with(settings, &format!("http://{upstream}/v2"), &mut tasks).await;
        let address = gateway.trim_start_matches("http://").to_owned();
        let requests = connect(&address, &mut tasks).await;
        Self {
            address,
            requests,
            outcomes,
            tasks,
        }
    }

    /// In front of an upstream that answers each request with an empty object.
    async fn answering() -> Self {
        Self::start(Config::default(), |_| async { json("{}") }).await
    }

    /// In front of an upstream that never answers.
    async fn waiting(server: Config) -> Self {
        Self::start(server, |_| std::future::pending()).await
    }

    /// Makes a call, and reads the reply if there is one.
    async fn call(&mut self, request: Request<()>, body: Bytes) -> Option<(StatusCode, HeaderMap)> {
        let (response, mut stream) = self
            .requests
            .send_request(request, false)
            .expect("a stream");
        stream.send_data(body, true).expect("the stream is open");
        let (head, mut body) = response.await.ok()?.into_parts();
        while let Some(data) = body.data().await {
            let length = data.ok()?.len();
            let _ = body.flow_control().release_capacity(length);
        }
        let trailers = body.trailers().await.ok()?;
        Some((head.status, trailers.unwrap_or(head.headers)))
    }

    /// The one outcome of what was called before.
    #[track_caller]
    fn one(&mut self) -> impl Future<Output = Outcome> {
        let caller = std::panic::Location::caller();
        async move {
            let outcome = self.next(caller).await;
            // Had there been another one, it would come before this one.
            let check = request(CHECK);
            let health = message(&HealthCheckRequest::default());
            let mut requests = connect(&self.address, &mut self.tasks).await;
            std::mem::swap(&mut requests, &mut self.requests);
            self.call(check, health).await.expect("health is served");
            let next = self.next(caller).await;
            assert_eq!(
                next.rpc.as_deref(),
                Some(&CHECK[1..]),
                "{caller}: a call has two outcomes, {outcome:?} and {next:?}"
            );
            outcome
        }
    }

    async fn next(&mut self, caller: &std::panic::Location<'_>) -> Outcome {
        let outcome = tokio::time::timeout(PATIENCE, self.outcomes.recv()).await;
        outcome
            .unwrap_or_else(|_| panic!("{caller}: a call has ended without an outcome"))
            .expect("the gateway is there")
    }
}

async fn connect(address: &str, tasks: &mut Tasks) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (requests, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    tasks.spawn(async move {
        let _ = connection.await;
    });
    requests.ready().await.expect("the connection is open")
}

fn json(body: &'static str) -> Response<Body> {
    let response = Response::builder().header("content-type", "application/json");
    response.body(Body::from(body)).expect("a response")
}

fn request(path: &str) -> Request<()> {
    Request::post(format!("http://gateway{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .expect("a request")
}

fn with(mut request: Request<()>, name: &'static str, value: &'static str) -> Request<()> {
    let value = http::HeaderValue::from_static(value);
    request.headers_mut().insert(name, value);
    request
}

fn framed(message: &[u8]) -> Bytes {
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).expect("a short message"));
    framed.put_slice(message);
    framed.freeze()
}

fn message(message: &impl prost::Message) -> Bytes {
    framed(&message.encode_to_vec())
}

fn me() -> Bytes {
    message(&GetUserRequest {
        user_id: "me".to_owned(),
    })
}

#[track_caller]
fn check(outcome: &Outcome, rpc: Option<&str>, code: Code, reason: Option<&str>) {
    assert_eq!(
        (
            outcome.rpc.as_deref(),
            outcome.code,
            outcome.reason.as_deref()
        ),
        (rpc.map(|rpc| &rpc[1..]), code, reason),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_answered_call_has_one() {
    let answer = |_| async { json(r#"{"id": "1", "shoeSize": 43}"#) };
    let mut observed = Observed::start(Config::default(), answer).await;
    observed.call(request(GET_USER), me()).await.expect("OK");
    let outcome = observed.one().await;
    check(&outcome, Some(GET_USER), Code::Ok, None);
    assert_eq!(outcome.upstream.status, Some(StatusCode::OK));
    assert_eq!(outcome.upstream.attempts, 1);
    assert!(outcome.upstream.duration.is_some());
    assert_eq!(outcome.upstream.drifts.len(), 1, "{outcome:?}");
    assert_eq!(outcome.received, me().len() as u64);
    assert!(outcome.sent > 5, "{outcome:?}");
}

#[tokio::test]
async fn an_error_of_the_upstream_has_one() {
    let answer = |_| async {
        let response = Response::builder().status(404);
        response.body(Body::empty()).expect("a response")
    };
    let mut observed = Observed::start(Config::default(), answer).await;
    observed.call(request(GET_USER), me()).await;
    let outcome = observed.one().await;
    check(
        &outcome,
        Some(GET_USER),
        Code::NotFound,
        Some("UPSTREAM_HTTP_404"),
    );
    assert_eq!(outcome.upstream.status, Some(StatusCode::NOT_FOUND));
}

#[tokio::test]
async fn what_tonic_refuses_has_one() {
    let mut observed = Observed::answering().await;
    observed
        .call(request("/web1on1.v2.UserService/Nothing"), me())
        .await;
    let outcome = observed.one().await;
    check(&outcome, None, Code::Unimplemented, Some("UNKNOWN_METHOD"));

    observed.call(request(GET_USER), framed(b"\xff\xff")).await;
    let outcome = observed.one().await;
    check(
        &outcome,
        Some(GET_USER),
        Code::Internal,
        Some("MALFORMED_MESSAGE"),
    );
}

#[tokio::test]
async fn what_a_layer_refuses_has_one() {
    let mut observed = Observed::answering().await;
    let two = [me(), me()].concat();
    observed.call(request(GET_USER), two.into()).await;
    let outcome = observed.one().await;
    check(
        &outcome,
        Some(GET_USER),
        Code::Unimplemented,
        Some("MESSAGE_COUNT"),
    );

    observed.call(request(GET_USER), Bytes::new()).await;
    let outcome = observed.one().await;
    check(
        &outcome,
        Some(GET_USER),
        Code::Unimplemented,
        Some("MESSAGE_COUNT"),
    );

    let mut large = BytesMut::new();
    large.put_slice(&[0, 0xff, 0xff, 0xff, 0xff]);
    observed.call(request(GET_USER), large.freeze()).await;
    let outcome = observed.one().await;
    check(
        &outcome,
        Some(GET_USER),
        Code::ResourceExhausted,
        Some("MESSAGE_TOO_LARGE"),
    );

    let malformed = with(request(GET_USER), "grpc-timeout", "soon");
    observed.call(malformed, me()).await;
    let outcome = observed.one().await;
    check(
        &outcome,
        Some(GET_USER),
        Code::InvalidArgument,
        Some("INVALID_REQUEST"),
    );
}

#[tokio::test]
async fn a_streamed_list_has_one_when_it_has_ended() {
    let answer = |_| async { json(r#"[{"givenName":"a"},{"givenName":"b"}]"#) };
    let mut observed = Observed::start(Config::default(), answer).await;
    let all = message(&StreamUsersRequest::default());
    observed.call(request(STREAM), all.clone()).await;
    let outcome = observed.one().await;
    check(&outcome, Some(STREAM), Code::Ok, None);
    assert_eq!(outcome.upstream.elements, 2);

    let answer = |_| async { json(r#"[{"givenName":"a"},{"givenName":1}]"#) };
    let mut observed = Observed::start(Config::default(), answer).await;
    observed.call(request(STREAM), all).await;
    let outcome = observed.one().await;
    let reason = Some("UPSTREAM_CONTRACT_VIOLATION");
    check(&outcome, Some(STREAM), Code::Internal, reason);
    assert_eq!(outcome.upstream.elements, 1);
}

#[tokio::test]
async fn what_is_no_grpc_has_one() {
    let mut observed = Observed::answering().await;
    let text = with(request(GET_USER), "content-type", "text/plain");
    let (status, _) = observed.call(text, me()).await.expect("an answer");
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let outcome = observed.one().await;
    let reason = Some("UNSUPPORTED_MEDIA_TYPE");
    check(&outcome, Some(GET_USER), Code::Unknown, reason);

    let mut get = request(GET_USER);
    *get.method_mut() = http::Method::GET;
    let (status, _) = observed.call(get, me()).await.expect("an answer");
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    let outcome = observed.one().await;
    let reason = Some("METHOD_NOT_ALLOWED");
    check(&outcome, Some(GET_USER), Code::Unknown, reason);
}

#[tokio::test]
async fn a_preflight_is_no_call() {
    let mut observed = Observed::answering().await;
    let mut preflight = with(request(GET_USER), "origin", "https://app.example.com");
    *preflight.method_mut() = http::Method::OPTIONS;
    let preflight = with(preflight, "access-control-request-method", "POST");
    let (status, _) = observed
        .call(preflight, Bytes::new())
        .await
        .expect("an answer");
    assert_eq!(status, StatusCode::OK);
    observed
        .call(request(GET_USER), me())
        .await
        .expect("an answer");
    let outcome = observed.one().await;
    check(&outcome, Some(GET_USER), Code::Ok, None);
}

#[tokio::test]
async fn a_passed_deadline_has_one() {
    let config = Config {
        default_deadline: Duration::from_millis(200),
        ..Config::default()
    };
    let mut observed = Observed::waiting(config).await;
    let (_, trailers) = observed
        .call(request(GET_USER), me())
        .await
        .expect("an answer");
    assert_eq!(trailers["grpc-status"], "4");
    let outcome = observed.one().await;
    let reason = Some("DEADLINE_EXCEEDED");
    check(&outcome, Some(GET_USER), Code::DeadlineExceeded, reason);
    assert_eq!(outcome.upstream.attempts, 1);

    // Headers alone.
    let (_response, _stream) = observed
        .requests
        .send_request(request(GET_USER), false)
        .expect("a stream");
    let outcome = observed.one().await;
    check(&outcome, Some(GET_USER), Code::DeadlineExceeded, reason);
}

#[tokio::test]
async fn a_reply_that_is_not_read_has_one() {
    let config = Config {
        default_deadline: Duration::from_millis(500),
        ..Config::default()
    };
    let large = || async {
        let name = "x".repeat(1 << 20);
        let response = Response::builder().header("content-type", "application/json");
        let body = format!("{{\"id\": \"{name}\"}}");
        response.body(Body::from(body)).expect("a response")
    };
    let mut observed = Observed::start(config, move |_| large()).await;
    let (response, mut stream) = observed
        .requests
        .send_request(request(GET_USER), false)
        .expect("a stream");
    stream.send_data(me(), true).expect("the stream is open");
    let response = response.await.expect("the reply begins");
    let outcome = observed.one().await;
    let reason = Some("DEADLINE_EXCEEDED");
    check(&outcome, Some(GET_USER), Code::DeadlineExceeded, reason);
    drop(response);
}

#[tokio::test]
async fn a_caller_who_goes_has_one() {
    let asked = Arc::new(tokio::sync::Notify::new());
    let reached = Arc::clone(&asked);
    let never = move |_| {
        reached.notify_one();
        std::future::pending()
    };
    let mut observed = Observed::start(Config::default(), never).await;
    let (_response, mut stream) = observed
        .requests
        .send_request(request(GET_USER), false)
        .expect("a stream");
    stream.send_data(me(), true).expect("the stream is open");
    asked.notified().await;
    stream.send_reset(h2::Reason::CANCEL);
    let outcome = observed.one().await;
    check(
        &outcome,
        Some(GET_USER),
        Code::Cancelled,
        Some("CALLER_GONE"),
    );
}

#[tokio::test]
async fn an_upload_has_one() {
    let answer = |request: Request<Body>| async {
        let body = http_body_util::BodyExt::collect(request.into_body()).await;
        let response = Response::builder().status(if body.is_ok() { 201 } else { 400 });
        let response = response.header("content-type", "application/json");
        response
            .body(Body::from(r#"{"url": "https://example.com/a.png"}"#))
            .expect("a response")
    };
    let mut observed = Observed::start(Config::default(), answer).await;
    let header = UploadUserAvatarRequest {
        payload: Some(Payload::Header(UploadUserAvatarHeader {
            user_id: "me".to_owned(),
            ..Default::default()
        })),
    };
    let chunk = UploadUserAvatarRequest {
        payload: Some(Payload::Chunk(b"picture".to_vec().into())),
    };
    let whole = [message(&header), message(&chunk)].concat();
    observed.call(request(UPLOAD), whole.into()).await;
    let outcome = observed.one().await;
    assert_eq!(outcome.rpc.as_deref(), Some(&UPLOAD[1..]));
    assert_eq!(outcome.code, Code::Ok, "{outcome:?}");

    let broken = [message(&header), framed(b"\xff\xff")].concat();
    observed.call(request(UPLOAD), broken.into()).await;
    let outcome = observed.one().await;
    check(
        &outcome,
        Some(UPLOAD),
        Code::Internal,
        Some("MALFORMED_MESSAGE"),
    );
}

#[tokio::test]
async fn an_upload_that_its_caller_cancels_has_one() {
    let arrived = Arc::new(tokio::sync::Notify::new());
    let told = Arc::clone(&arrived);
    let answer = move |request: Request<Body>| {
        let told = Arc::clone(&told);
        async move {
            told.notify_one();
            let _ = http_body_util::BodyExt::collect(request.into_body()).await;
            std::future::pending().await
        }
    };
    let mut observed = Observed::start(Config::default(), answer).await;
    let header = UploadUserAvatarRequest {
        payload: Some(Payload::Header(UploadUserAvatarHeader {
            user_id: "me".to_owned(),
            ..Default::default()
        })),
    };
    let chunk = UploadUserAvatarRequest {
        payload: Some(Payload::Chunk(b"picture".to_vec().into())),
    };
    let begin = [message(&header), message(&chunk)].concat();
    let (_response, mut stream) = observed
        .requests
        .send_request(request(UPLOAD), false)
        .expect("a stream");
    stream
        .send_data(begin.into(), false)
        .expect("the stream is open");
    arrived.notified().await;
    stream.send_reset(h2::Reason::CANCEL);
    let outcome = observed.one().await;
    assert_eq!(outcome.code, Code::Cancelled, "{outcome:?}");
}

#[tokio::test]
async fn health_and_reflection_have_one() {
    let mut observed = Observed::answering().await;
    let unknown = HealthCheckRequest {
        service: "nobody".to_owned(),
    };
    observed.call(request(CHECK), message(&unknown)).await;
    let outcome = observed.one().await;
    assert_eq!(outcome.rpc.as_deref(), Some(&CHECK[1..]));
    assert_eq!(outcome.code, Code::NotFound, "{outcome:?}");

    let watch = with(request(WATCH), "grpc-timeout", "200m");
    observed
        .call(watch, message(&HealthCheckRequest::default()))
        .await;
    let outcome = observed.one().await;
    let reason = Some("DEADLINE_EXCEEDED");
    check(&outcome, Some(WATCH), Code::DeadlineExceeded, reason);

    observed.call(request(REFLECTION), Bytes::new()).await;
    let outcome = observed.one().await;
    check(&outcome, Some(REFLECTION), Code::Ok, None);
}
