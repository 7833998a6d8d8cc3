//! gRPC-Web, as browsers speak it: over HTTP/1.1, on the port of gRPC.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use gateway::config::Config;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use prost::Message as _;
use proto::v2::{GetUserRequest, GetUserResponse, User};

use crate::stack::{Settings, Tasks, gateway_with, listen};

const GET_USER: &str = "/web1on1.v2.UserService/GetUser";
const STREAM_USERS: &str = "/web1on1.v2.UserService/StreamUsers";

/// A gateway in front of an upstream that knows one user.
struct Web {
    gateway: String,
    _tasks: Tasks,
}

impl Web {
    async fn start(server: Config) -> Self {
        let mut tasks = Tasks::default();
        let (listener, upstream) = listen().await;
        let router = axum::Router::new()
            .route(
                "/v2/users/me",
                axum::routing::get(async || axum::Json(serde_json::json!({"id": "1"}))),
            )
            .route(
                "/v2/users",
                axum::routing::get(async || {
                    axum::Json(serde_json::json!([{"id": "1"}, {"id": "2"}]))
                }),
            );
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
            _tasks: tasks,
        }
    }

    async fn send(
        &self,
        method: Method,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> (StatusCode, HeaderMap, Bytes) {
        self.send_to(GET_USER, method, headers, body).await
    }

    async fn send_to(
        &self,
        rpc: &str,
        method: Method,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> (StatusCode, HeaderMap, Bytes) {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{rpc}", self.gateway));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .expect("a request");
        let client = Client::builder(TokioExecutor::new()).build_http();
        let response = client.request(request).await.expect("the gateway answers");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        (head.status, head.headers, body)
    }
}

fn framed(user_id: &str) -> Vec<u8> {
    let message = GetUserRequest {
        user_id: user_id.to_owned(),
    };
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).expect("a short message");
    [&[0][..], &length.to_be_bytes(), &message].concat()
}

/// The messages of a reply, and its trailers.
fn unframed(mut body: &[u8]) -> (Vec<Vec<u8>>, String) {
    let (mut messages, mut trailers) = (Vec::new(), String::new());
    while let Some((head, rest)) = body.split_at_checked(5) {
        let length = u32::from_be_bytes(head[1..].try_into().expect("four bytes"));
        let (content, rest) = rest.split_at(usize::try_from(length).expect("it fits"));
        match head[0] {
            0 => messages.push(content.to_vec()),
            0x80 => trailers.push_str(std::str::from_utf8(content).expect("ASCII")),
            flag => panic!("an unknown frame: {flag}"),
        }
        body = rest;
    }
    (messages, trailers)
}

#[track_caller]
fn check_user(body: &[u8]) {
    let (messages, trailers) = unframed(body);
    let [message] = messages.as_slice() else {
        panic!("one message was expected: {messages:?}, {trailers}");
    };
    let reply = GetUserResponse::decode(message.as_slice()).expect("a reply");
    assert_eq!(reply.user.expect("a user").id(), "1");
    assert!(trailers.contains("grpc-status:0"), "{trailers}");
}

/// The body has two users and ends well.
#[track_caller]
fn check_two_users(body: &[u8]) {
    let (messages, trailers) = unframed(body);
    let ids = messages.iter().map(|message| {
        let user = User::decode(message.as_slice()).expect("a user");
        user.id().to_owned()
    });
    assert_eq!(ids.collect::<Vec<_>>(), ["1", "2"]);
    assert!(trailers.contains("grpc-status:0"), "{trailers}");
}

#[tokio::test]
async fn lists_are_streamed() {
    let web = Web::start(Config::default()).await;
    let all = vec![0; 5];
    let binary = [("content-type", "application/grpc-web+proto")];
    let answer = web.send_to(STREAM_USERS, Method::POST, &binary, all.clone());
    check_two_users(&answer.await.2);
    let text = [
        ("content-type", "application/grpc-web-text"),
        ("accept", "application/grpc-web-text"),
    ];
    let all = STANDARD.encode(all).into_bytes();
    let (_, _, body) = web.send_to(STREAM_USERS, Method::POST, &text, all).await;
    // Each piece is encoded by itself, and may end with padding.
    let body = String::from_utf8(body.into()).expect("text");
    let pieces = body
        .as_bytes()
        .chunks(4)
        .map(|piece| STANDARD.decode(piece));
    let body: Result<Vec<_>, _> = pieces.collect();
    check_two_users(&body.expect("it is base64").concat());
}

#[tokio::test]
async fn binary_calls_are_answered() {
    let web = Web::start(Config::default()).await;
    let headers = [("content-type", "application/grpc-web+proto")];
    let (status, headers, body) = web.send(Method::POST, &headers, framed("me")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["content-type"], "application/grpc-web+proto");
    check_user(&body);
}

#[tokio::test]
async fn text_calls_are_answered() {
    let web = Web::start(Config::default()).await;
    let headers = [
        ("content-type", "application/grpc-web-text"),
        ("accept", "application/grpc-web-text"),
    ];
    let body = STANDARD.encode(framed("me")).into_bytes();
    let (status, _, body) = web.send(Method::POST, &headers, body).await;
    assert_eq!(status, StatusCode::OK);
    // Each chunk is encoded by itself, and may be padded.
    let text = std::str::from_utf8(&body).expect("ASCII");
    let decoded: Vec<u8> = text
        .split_inclusive("==")
        .flat_map(|part| STANDARD.decode(part).expect("base64"))
        .collect();
    check_user(&decoded);
}

#[tokio::test]
async fn errors_come_with_their_details() {
    let web = Web::start(Config::default()).await;
    let headers = [("content-type", "application/grpc-web")];
    let (status, headers, body) = web.send(Method::POST, &headers, framed("..")).await;
    assert_eq!(status, StatusCode::OK);
    let (_, trailers) = unframed(&body);
    let code = headers
        .get("grpc-status")
        .map(|code| code.to_str().expect("ASCII").to_owned());
    assert!(
        code.as_deref() == Some("3") || trailers.contains("grpc-status:3"),
        "{headers:?} {trailers}"
    );
    assert!(
        headers.contains_key("grpc-status-details-bin")
            || trailers.contains("grpc-status-details-bin"),
        "{headers:?} {trailers}"
    );
}

#[tokio::test]
async fn other_requests_over_http1_are_refused() {
    let web = Web::start(Config::default()).await;
    for content_type in ["application/grpc", "text/plain"] {
        let headers = [("content-type", content_type)];
        let (status, ..) = web.send(Method::POST, &headers, framed("me")).await;
        assert_eq!(
            status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "for {content_type}"
        );
    }
    let (status, ..) = web.send(Method::GET, &[], Vec::new()).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn pages_of_configured_origins_may_call() {
    let web = Web::start(Config {
        cors_origins: vec!["https://app.example.com".parse().expect("a value")],
        ..Config::default()
    })
    .await;
    let preflight = |origin| {
        [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,connect-protocol-version,content-type,x-grpc-web",
            ),
        ]
    };
    let headers = preflight("https://app.example.com");
    let (status, headers, _) = web.send(Method::OPTIONS, &headers, Vec::new()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        headers["access-control-allow-origin"],
        "https://app.example.com"
    );
    assert_eq!(headers["access-control-allow-methods"], "GET,POST");

    let headers = preflight("https://evil.example.com");
    let (_, headers, _) = web.send(Method::OPTIONS, &headers, Vec::new()).await;
    assert!(!headers.contains_key("access-control-allow-origin"));

    let headers = [
        ("origin", "https://app.example.com"),
        ("content-type", "application/grpc-web"),
    ];
    let (_, headers, body) = web.send(Method::POST, &headers, framed("me")).await;
    assert_eq!(
        headers["access-control-allow-origin"],
        "https://app.example.com"
    );
    let exposed = headers["access-control-expose-headers"]
        .to_str()
        .expect("ASCII");
    assert!(exposed.contains("grpc-status-details-bin"), "{exposed}");
    check_user(&body);
}

#[tokio::test]
async fn no_page_may_call_by_default() {
    let web = Web::start(Config::default()).await;
    let headers = [
        ("origin", "https://app.example.com"),
        ("content-type", "application/grpc-web"),
    ];
    let (_, headers, _) = web.send(Method::POST, &headers, framed("me")).await;
    assert!(!headers.contains_key("access-control-allow-origin"));
}
