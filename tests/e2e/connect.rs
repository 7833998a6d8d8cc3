//! The Connect protocol, on the port of gRPC, over both versions of HTTP.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use gateway::config::Config;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use prost::Message as _;
use proto::v2::{GetUserRequest, GetUserResponse, User};
use serde_json::{Value, json};
use tonic_types::pb::ErrorInfo;

use crate::stack::{Settings, Tasks, gateway_with, listen};

const GET_USER: &str = "/web1on1.v2.UserService/GetUser";
const CREATE_USER: &str = "/web1on1.v2.UserService/CreateUser";
const STREAM_USERS: &str = "/web1on1.v2.UserService/StreamUsers";
const JSON: (&str, &str) = ("content-type", "application/json");
const PROTO: (&str, &str) = ("content-type", "application/proto");
const STREAM_JSON: (&str, &str) = ("content-type", "application/connect+json");
const STREAM_PROTO: (&str, &str) = ("content-type", "application/connect+proto");

/// A gateway in front of an upstream that knows two users, and never says who user
/// `slow` is.
struct Connect {
    gateway: String,
    is_http2: bool,
    _tasks: Tasks,
}

/// A reply.
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Connect {
    async fn start() -> Self {
        Self::start_with(Config::default()).await
    }

    async fn start_with(server: Config) -> Self {
        let mut tasks = Tasks::default();
        let (listener, upstream) = listen().await;
        let known = async || axum::Json(json!({"id": "1", "givenName": "Jan"}));
        let list = async || axum::Json(json!([{"id": "1"}, {"id": "2"}]));
        let slow = async || std::future::pending::<()>().await;
        let unknown = async || {
            let error = json!({"error": {"message": "no such user"}});
            (StatusCode::NOT_FOUND, axum::Json(error))
        };
        let router = axum::Router::new()
            .route("/v2/users/me", axum::routing::get(known))
            .route("/v2/users/slow", axum::routing::get(slow))
            .route("/v2/users/nobody", axum::routing::get(unknown))
            .route("/v2/bots", axum::routing::get(unknown))
            .route("/v2/users", axum::routing::get(list));
        tasks.spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        let settings = Settings {
            server,
            ..Settings::default()
        };
        let gateway = gateway_with(settings, &format!("http://{upstream}/v2"), &mut tasks).await;
        Self {
            gateway,
            is_http2: false,
            _tasks: tasks,
        }
    }

    async fn send(
        &self,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{target}", self.gateway));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).expect("a request");
        let client = Client::builder(TokioExecutor::new())
            .http2_only(self.is_http2)
            .build_http();
        let response = client.request(request).await.expect("the gateway answers");
        let (head, body) = response.into_parts();
        Reply {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.expect("a whole body").to_bytes(),
        }
    }

    async fn post(&self, rpc: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        self.send(Method::POST, rpc, headers, body).await
    }

    async fn get(&self, target: &str) -> Reply {
        self.send(Method::GET, target, &[], Bytes::new()).await
    }
}

impl Reply {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{} {:?} is no JSON", self.status, self.body))
    }

    /// Checks that it is an error, and returns it.
    #[track_caller]
    fn error(&self, status: u16, code: &str) -> Value {
        let error = self.json();
        assert_eq!(self.status.as_u16(), status, "{error}");
        assert_eq!(self.headers["content-type"], "application/json");
        assert_eq!(error["code"], code, "{error}");
        error
    }

    /// The messages of a stream, and what ends it.
    #[track_caller]
    fn stream(&self, content_type: &str) -> (Vec<Vec<u8>>, Value) {
        assert_eq!(self.status, StatusCode::OK);
        assert_eq!(self.headers["content-type"], content_type);
        let (mut messages, mut end) = (Vec::new(), None);
        let mut rest = self.body.as_ref();
        while let Some((head, behind)) = rest.split_at_checked(5) {
            assert_eq!(end, None, "something comes after the end");
            let length = u32::from_be_bytes(head[1..].try_into().expect("four bytes"));
            let (content, behind) = behind.split_at(usize::try_from(length).expect("it fits"));
            match head[0] {
                0 => messages.push(content.to_vec()),
                2 => end = Some(serde_json::from_slice(content).expect("JSON")),
                flags => panic!("an unknown frame: {flags}"),
            }
            rest = behind;
        }
        (messages, end.expect("the stream says how it ends"))
    }
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a short message");
    [&[0][..], &length.to_be_bytes(), message].concat()
}

fn binary(user_id: &str) -> Vec<u8> {
    let user_id = user_id.to_owned();
    GetUserRequest { user_id }.encode_to_vec()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("it goes to memory");
    encoder.finish().expect("it goes to memory")
}

const ME: &str = r#"{"userId": "me"}"#;

#[track_caller]
fn check_json(reply: &Reply) {
    assert_eq!(reply.headers["content-type"], "application/json");
    let expected = json!({"user": {"id": "1", "givenName": "Jan"}});
    assert_eq!(reply.json(), expected);
    assert_eq!(reply.status, StatusCode::OK);
    assert!(reply.headers.contains_key("x-request-id"));
    assert!(!reply.headers.contains_key("grpc-status"));
}

#[track_caller]
fn check_binary(reply: &Reply) {
    assert_eq!(reply.status, StatusCode::OK, "{:?}", reply.body);
    assert_eq!(reply.headers["content-type"], "application/proto");
    let user = GetUserResponse::decode(reply.body.clone()).expect("a message");
    assert_eq!(user.user.expect("a user").id(), "1");
}

#[tokio::test]
async fn unary_calls_are_answered_as_they_are_made() {
    let mut connect = Connect::start().await;
    for is_http2 in [false, true] {
        connect.is_http2 = is_http2;
        check_json(&connect.post(GET_USER, &[JSON], ME).await);
        check_binary(&connect.post(GET_USER, &[PROTO], binary("me")).await);
    }
}

#[tokio::test]
async fn reads_can_be_made_with_get() {
    let mut connect = Connect::start().await;
    for is_http2 in [false, true] {
        connect.is_http2 = is_http2;
        let message = "%7B%22userId%22%3A%22me%22%7D";
        let target = format!("{GET_USER}?connect=v1&encoding=json&message={message}");
        let reply = connect.get(&target).await;
        assert_eq!(reply.headers["cache-control"], "no-store");
        check_json(&reply);
        let message = URL_SAFE_NO_PAD.encode(binary("me"));
        let target = format!("{GET_USER}?encoding=proto&base64=1&message={message}");
        check_binary(&connect.get(&target).await);
        let message = URL_SAFE_NO_PAD.encode(gzip(&binary("me")));
        let target =
            format!("{GET_USER}?encoding=proto&base64=1&compression=gzip&message={message}");
        check_binary(&connect.get(&target).await);
    }
}

#[tokio::test]
async fn nothing_else_can_be_made_with_get() {
    let connect = Connect::start().await;
    for target in [
        format!("{CREATE_USER}?encoding=json&message=%7B%7D"),
        "/web1on1.v2.AuthService/RefreshToken?encoding=json&message=%7B%7D".to_owned(),
        format!("{STREAM_USERS}?encoding=json&message=%7B%7D"),
        GET_USER.to_owned(),
    ] {
        let reply = connect.get(&target).await;
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{target}");
        assert_eq!(reply.headers["allow"], "POST");
    }
    let target = format!("{GET_USER}?encoding=text&message=me");
    let reply = connect.get(&target).await;
    assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let target = format!("{GET_USER}?encoding=proto&base64=1&message=%25");
    connect.get(&target).await.error(400, "invalid_argument");
}

#[tokio::test]
async fn lists_are_streamed() {
    let mut connect = Connect::start().await;
    for is_http2 in [false, true] {
        connect.is_http2 = is_http2;
        let reply = connect.post(STREAM_USERS, &[STREAM_JSON], framed(b"{}"));
        let (messages, end) = reply.await.stream(STREAM_JSON.1);
        assert_eq!(messages, [br#"{"id":"1"}"#, br#"{"id":"2"}"#]);
        assert_eq!(end, json!({}));
        let reply = connect.post(STREAM_USERS, &[STREAM_PROTO], framed(b""));
        let (messages, end) = reply.await.stream(STREAM_PROTO.1);
        let ids = messages.iter().map(|message| {
            let user = User::decode(message.as_slice()).expect("a user");
            user.id().to_owned()
        });
        assert_eq!(ids.collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(end, json!({}));
    }
}

#[tokio::test]
async fn an_error_has_its_details_in_both_forms() {
    let connect = Connect::start().await;
    let reply = connect
        .post(GET_USER, &[JSON], r#"{"userId": "nobody"}"#)
        .await;
    let error = reply.error(404, "not_found");
    assert_eq!(error["message"], "no such user");
    let details = error["details"].as_array().expect("there are details");
    let info = details
        .iter()
        .find(|detail| detail["type"] == "google.rpc.ErrorInfo")
        .expect("there is a reason");
    let value = info["value"].as_str().expect("it is text");
    let value = STANDARD_NO_PAD.decode(value).expect("it is base64");
    let decoded = ErrorInfo::decode(value.as_slice()).expect("a message");
    assert_eq!(info["debug"]["reason"], decoded.reason.as_str());
    assert!(!decoded.reason.is_empty());

    let rpc = "/web1on1.v2.BotService/StreamBots";
    let reply = connect.post(rpc, &[STREAM_JSON], framed(b"{}")).await;
    let (messages, end) = reply.stream(STREAM_JSON.1);
    assert!(messages.is_empty());
    assert_eq!(end["error"]["code"], "not_found", "{end}");
}

#[tokio::test]
async fn what_is_not_the_message_is_invalid() {
    let connect = Connect::start().await;
    for body in ["", "me", "[]", r#"{"userId": 7}"#, r#"{"userId": "me"} x"#] {
        let reply = connect.post(GET_USER, &[JSON], body).await;
        reply.error(400, "invalid_argument");
    }
    let reply = connect
        .post(STREAM_USERS, &[STREAM_JSON], &b"\0\0\0\0\x09{}"[..])
        .await;
    let (_, end) = reply.stream(STREAM_JSON.1);
    assert_eq!(end["error"]["code"], "invalid_argument", "{end}");
    let reply = connect
        .post(STREAM_USERS, &[STREAM_JSON], &b"\x04\0\0\0\x02{}"[..])
        .await;
    let (_, end) = reply.stream(STREAM_JSON.1);
    assert_eq!(end["error"]["code"], "invalid_argument", "{end}");
}

#[tokio::test]
async fn unknown_members_are_left_out() {
    let connect = Connect::start().await;
    let body = r#"{"userId": "me", "colour": {"is": ["blue"]}}"#;
    check_json(&connect.post(GET_USER, &[JSON], body).await);
}

#[tokio::test]
async fn an_unknown_rpc_is_unimplemented() {
    let connect = Connect::start().await;
    let rpc = "/web1on1.v2.UserService/Nothing";
    connect
        .post(rpc, &[JSON], "{}")
        .await
        .error(501, "unimplemented");
    let reply = connect.post(rpc, &[STREAM_PROTO], framed(b"")).await;
    let (_, end) = reply.stream(STREAM_PROTO.1);
    assert_eq!(end["error"]["code"], "unimplemented");
}

#[tokio::test]
async fn a_call_has_the_shape_of_its_rpc() {
    let connect = Connect::start().await;
    for (rpc, content_type, accepted) in [
        (GET_USER, STREAM_JSON, "application/json"),
        (STREAM_USERS, JSON, "application/connect+json"),
    ] {
        let reply = connect.post(rpc, &[content_type], "{}").await;
        assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{rpc}");
        let offered = reply.headers["accept-post"].to_str().expect("ASCII");
        assert!(offered.contains(accepted), "{offered}");
    }
}

#[tokio::test]
async fn requests_may_be_compressed() {
    let connect = Connect::start().await;
    let gzipped = ("content-encoding", "gzip");
    check_json(
        &connect
            .post(GET_USER, &[JSON, gzipped], gzip(ME.as_bytes()))
            .await,
    );
    check_binary(
        &connect
            .post(GET_USER, &[PROTO, gzipped], gzip(&binary("me")))
            .await,
    );
    for content_type in [STREAM_JSON, STREAM_PROTO] {
        let content = if content_type == STREAM_JSON {
            "{}"
        } else {
            ""
        };
        let mut body = framed(&gzip(content.as_bytes()));
        body[0] = 1;
        let headers = [content_type, ("connect-content-encoding", "gzip")];
        let reply = connect.post(STREAM_USERS, &headers, body).await;
        let (messages, end) = reply.stream(content_type.1);
        assert_eq!((messages.len(), end), (2, json!({})), "{content_type:?}");
    }
    for content_type in [JSON, PROTO] {
        let headers = [content_type, ("content-encoding", "br")];
        let reply = connect.post(GET_USER, &headers, "xx").await;
        reply.error(501, "unimplemented");
    }
}

#[tokio::test]
async fn a_deadline_ends_a_call() {
    let connect = Connect::start().await;
    let timeout = ("connect-timeout-ms", "20");
    let reply = connect
        .post(GET_USER, &[JSON, timeout], r#"{"userId": "slow"}"#)
        .await;
    reply.error(504, "deadline_exceeded");
    for wrong in ["", "1s", "12345678901"] {
        let headers = [JSON, ("connect-timeout-ms", wrong)];
        let reply = connect.post(GET_USER, &headers, ME).await;
        reply.error(400, "invalid_argument");
    }
}

#[tokio::test]
async fn another_version_of_the_protocol_is_refused() {
    let connect = Connect::start().await;
    let version = |version| [JSON, ("connect-protocol-version", version)];
    check_json(&connect.post(GET_USER, &version("1"), ME).await);
    let reply = connect.post(GET_USER, &version("2"), ME).await;
    reply.error(400, "invalid_argument");
}

#[tokio::test]
async fn messages_are_held_to_their_size() {
    let connect = Connect::start_with(Config {
        max_message: 1000,
        max_held: 2000,
        ..Config::default()
    })
    .await;
    let long = "x".repeat(1001);
    let json = json!({ "userId": long }).to_string();
    for (headers, body) in [
        (vec![JSON], json.clone().into_bytes()),
        (vec![PROTO], binary(&long)),
        (
            vec![JSON, ("content-encoding", "gzip")],
            gzip(json.as_bytes()),
        ),
        (
            vec![PROTO, ("content-encoding", "gzip")],
            gzip(&binary(&long)),
        ),
    ] {
        let reply = connect.post(GET_USER, &headers, body).await;
        let error = reply.error(429, "resource_exhausted");
        assert_eq!(
            error["details"][0]["debug"]["reason"], "MESSAGE_TOO_LARGE",
            "{headers:?}"
        );
    }
    let reply = connect.post(STREAM_USERS, &[STREAM_JSON], framed(json.as_bytes()));
    let (_, end) = reply.await.stream(STREAM_JSON.1);
    assert_eq!(end["error"]["code"], "resource_exhausted");
}

#[tokio::test]
async fn pages_of_configured_origins_may_call() {
    const ORIGIN: &str = "https://app.example.com";
    let connect = Connect::start_with(Config {
        cors_origins: vec![ORIGIN.parse().expect("a value")],
        ..Config::default()
    })
    .await;
    let asked = "connect-protocol-version,connect-timeout-ms,content-type";
    let headers = [
        ("origin", ORIGIN),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", asked),
    ];
    let reply = connect.send(Method::OPTIONS, GET_USER, &headers, "").await;
    let allowed = reply.headers["access-control-allow-headers"]
        .to_str()
        .expect("ASCII");
    for name in asked.split(',') {
        assert!(allowed.split(',').any(|other| other == name), "{allowed}");
    }
    let reply = connect
        .post(GET_USER, &[JSON, ("origin", ORIGIN)], ME)
        .await;
    assert_eq!(reply.headers["access-control-allow-origin"], ORIGIN);
    check_json(&reply);
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let connect = Connect::start_with(Config {
        connect: false,
        ..Config::default()
    })
    .await;
    let reply = connect.post(GET_USER, &[JSON], ME).await;
    assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}
