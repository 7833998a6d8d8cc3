//! The client crate against a gateway that does what a test wants.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use client::v2::{
    CreateTokenResponse, CreateUserRequest, CreateUserResponse, GetUserRequest, GetUserResponse,
    RefreshTokenResponse, StreamUsersRequest, Token, User,
};
use client::{Client, Config, Credentials, Error};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use prost::Message;
use tonic::Code;

use crate::stack::{Tasks, listen};

/// What a gateway answers a call with.
enum Answer {
    /// This message.
    Message(Vec<u8>),
    /// This code, and this metadata.
    Status(Code, &'static [(&'static str, &'static str)]),
    /// This code, behind this message.
    MessageAndStatus(Vec<u8>, Code),
    /// A status of HTTP alone.
    Http(u16),
    /// Nothing, ever.
    Nothing,
}

impl Answer {
    fn message(message: &impl Message) -> Self {
        Self::Message(message.encode_to_vec())
    }

    async fn respond(self) -> Response<Body> {
        let response = Response::builder().header("content-type", "application/grpc");
        let response = match self {
            Self::Message(message) => return with_trailer(&message, Code::Ok),
            Self::MessageAndStatus(message, code) => return with_trailer(&message, code),
            Self::Status(code, metadata) => {
                let response = response.header("grpc-status", code as i32);
                let add =
                    |response: http::response::Builder, (name, value)| response.header(name, value);
                metadata.iter().copied().fold(response, add)
            }
            Self::Http(status) => Response::builder().status(status),
            Self::Nothing => std::future::pending().await,
        };
        response.body(Body::empty()).expect("a valid response")
    }
}

fn with_trailer(message: &[u8], code: Code) -> Response<Body> {
    let length = u32::try_from(message.len()).expect("it is short");
    let frame = [&[0], &length.to_be_bytes()[..], message].concat();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", (code as i32).into());
    let body = Full::new(Bytes::from(frame)).with_trailers(std::future::ready(Some(Ok(trailers))));
    Response::builder()
        .header("content-type", "application/grpc")
        .body(Body::new(body))
        .expect("a valid response")
}

/// A gateway, and what it was asked: the name of each rpc and its `authorization`.
struct Gateway {
    url: String,
    seen: Arc<Mutex<Vec<(String, HeaderMap)>>>,
    _tasks: Tasks,
}

impl Gateway {
    /// Answers by the name of the rpc, and by how often it was called before.
    async fn start(
        answer: impl Fn(&str, usize, &HeaderMap) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let seen: Arc<Mutex<Vec<(String, HeaderMap)>>> = Arc::default();
        let (remembered, answer) = (Arc::clone(&seen), Arc::new(answer));
        let router = axum::Router::new().fallback(move |request: Request<Body>| {
            let path = request.uri().path();
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            let answer = {
                let mut seen = remembered.lock().expect("nobody panics");
                let before = seen.iter().filter(|(other, _)| *other == name).count();
                let answer = answer(&name, before, request.headers());
                seen.push((name, request.headers().clone()));
                answer
            };
            answer.respond()
        });
        let (listener, address) = listen().await;
        let mut tasks = Tasks::default();
        tasks.spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self {
            url: format!("http://{address}"),
            seen,
            _tasks: tasks,
        }
    }

    fn config(&self) -> Config {
        let mut config = Config::new(&self.url);
        config.retry.first_pause = Duration::ZERO;
        config.login_pause = Duration::ZERO;
        config
    }

    fn client(&self) -> Client {
        Client::connect_lazy(&self.config()).expect("the URL is one")
    }

    fn count(&self, name: &str) -> usize {
        let seen = self.seen.lock().expect("nobody panics");
        seen.iter().filter(|(other, _)| other == name).count()
    }
}

async fn get(client: &Client) -> Result<GetUserResponse, Error> {
    let request = GetUserRequest {
        user_id: "me".to_owned(),
    };
    Ok(client.users().get_user(request).await?.into_inner())
}

async fn create(client: &Client) -> Result<CreateUserResponse, Error> {
    let request = CreateUserRequest {
        user: Some(User::default()),
    };
    Ok(client.users().create_user(request).await?.into_inner())
}

/// Answers with this in place of what works, until this often.
fn failing(times: usize, answer: fn() -> Answer) -> impl Fn(&str, usize, &HeaderMap) -> Answer {
    move |_, before, _| {
        if before < times {
            answer()
        } else {
            Answer::message(&GetUserResponse::default())
        }
    }
}

fn unavailable() -> Answer {
    Answer::Status(Code::Unavailable, &[])
}

/// Calls a read that is answered with this, and expects it to be sent so often.
async fn check_read(answer: fn() -> Answer, code: Code, sent: usize) {
    let gateway = Gateway::start(failing(usize::MAX, answer)).await;
    let error = get(&gateway.client()).await.expect_err("it always fails");
    assert_eq!(
        (error.code(), gateway.count("GetUser")),
        (code, sent),
        "{error}"
    );
}

#[tokio::test]
async fn a_read_is_sent_again_until_it_succeeds() {
    let gateway = Gateway::start(failing(2, unavailable)).await;
    get(&gateway.client())
        .await
        .expect("the third attempt succeeds");
    assert_eq!(gateway.count("GetUser"), 3);
}

#[tokio::test]
async fn a_read_is_sent_three_times_at_most() {
    check_read(unavailable, Code::Unavailable, 3).await;
}

#[tokio::test]
async fn a_proxy_that_answers_without_grpc_is_unavailable() {
    let answer = || Answer::Http(503);
    check_read(answer, Code::Unavailable, 3).await;
}

#[tokio::test]
async fn other_codes_are_told_at_once() {
    check_read(|| Answer::Status(Code::Internal, &[]), Code::Internal, 1).await;
    check_read(|| Answer::Http(500), Code::Unknown, 1).await;
}

#[tokio::test]
async fn a_server_can_forbid_another_attempt() {
    let answer = || Answer::Status(Code::Unavailable, &[("grpc-retry-pushback-ms", "-1")]);
    check_read(answer, Code::Unavailable, 1).await;
}

#[tokio::test]
async fn a_pause_that_outlasts_the_deadline_is_not_made() {
    let answer = || Answer::Status(Code::Unavailable, &[("grpc-retry-pushback-ms", "60000")]);
    check_read(answer, Code::Unavailable, 1).await;
}

#[tokio::test]
async fn a_write_is_sent_once() {
    let gateway = Gateway::start(failing(1, unavailable)).await;
    let error = create(&gateway.client()).await.expect_err("it fails");
    assert_eq!(
        (error.code(), gateway.count("CreateUser")),
        (Code::Unavailable, 1)
    );
}

#[tokio::test]
async fn a_list_is_opened_again_but_not_read_twice() {
    let gateway = Gateway::start(|_, before, _| match before {
        0 => unavailable(),
        _ => Answer::MessageAndStatus(User::default().encode_to_vec(), Code::Unavailable),
    })
    .await;
    let mut list = gateway.client().list(StreamUsersRequest::default());
    assert!(
        list.try_next()
            .await
            .expect("the second attempt brings one")
            .is_some()
    );
    let error = list.try_next().await.expect_err("it breaks off");
    assert_eq!(
        (error.code(), gateway.count("StreamUsers")),
        (Code::Unavailable, 2)
    );
    assert!(list.try_next().await.expect("it has ended").is_none());
}

#[tokio::test]
async fn a_call_ends_with_its_deadline() {
    let gateway = Gateway::start(|_, _, _| Answer::Nothing).await;
    let mut config = gateway.config();
    config.deadline = Some(Duration::from_millis(50));
    config.stream_deadline = config.deadline;
    let client = Client::connect_lazy(&config).expect("the URL is one");
    let error = get(&client).await.expect_err("nothing comes");
    assert_eq!(error.code(), Code::DeadlineExceeded);
    let mut list = client.list(StreamUsersRequest::default());
    let error = list.try_next().await.expect_err("nothing comes");
    assert_eq!(error.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_call_can_have_a_deadline_of_its_own() {
    let gateway = Gateway::start(|_, _, _| Answer::Nothing).await;
    let mut request = tonic::Request::new(GetUserRequest::default());
    request.set_timeout(Duration::from_millis(50));
    let status = gateway.client().users().get_user(request).await;
    assert_eq!(
        status.expect_err("nothing comes").code(),
        Code::DeadlineExceeded
    );
}

#[tokio::test]
async fn the_server_is_told_the_deadline() {
    let gateway = Gateway::start(failing(0, unavailable)).await;
    get(&gateway.client()).await.expect("it answers");
    let seen = gateway.seen.lock().expect("nobody panics");
    assert!(seen[0].1.contains_key("grpc-timeout"));
}

#[tokio::test]
async fn a_gateway_that_nobody_listens_for_is_unavailable() {
    let (listener, address) = listen().await;
    drop(listener);
    let mut config = Config::new(format!("http://{address}"));
    config.retry.first_pause = Duration::ZERO;
    let client = Client::connect_lazy(&config).expect("the URL is one");
    let error = get(&client).await.expect_err("nobody is there");
    assert_eq!((error.code(), error.reason()), (Code::Unavailable, None));
}

fn token(number: usize) -> Token {
    Token {
        token: Some(format!("access-{number}")),
        refresh_token: Some(format!("refresh-{number}")),
        ..Token::default()
    }
}

/// A gateway that gives a new token each time, and takes what the test says.
async fn with_logins(takes: impl Fn(&str) -> bool + Send + Sync + 'static) -> (Gateway, Client) {
    let logins = AtomicUsize::new(0);
    let gateway = Gateway::start(move |name, _, headers| match name {
        "CreateToken" => Answer::message(&CreateTokenResponse {
            token: Some(token(logins.fetch_add(1, Ordering::Relaxed))),
        }),
        "RefreshToken" => Answer::message(&RefreshTokenResponse {
            token: Some(token(logins.fetch_add(1, Ordering::Relaxed))),
        }),
        _ => {
            let shown = headers
                .get("authorization")
                .and_then(|shown| shown.to_str().ok());
            if shown.is_some_and(&takes) {
                Answer::message(&GetUserResponse::default())
            } else {
                Answer::Status(Code::Unauthenticated, &[])
            }
        }
    })
    .await;
    let mut config = gateway.config();
    config.credentials = Credentials::password("jan@example.com", "hunter2");
    let client = Client::connect_lazy(&config).expect("the URL is one");
    (gateway, client)
}

#[tokio::test]
async fn callers_at_once_share_one_login_and_one_refresh() {
    let (gateway, client) = with_logins(|shown| shown == "Bearer access-1").await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { get(&client).await })
        })
        .collect();
    for call in calls {
        call.await
            .expect("does not panic")
            .expect("the second token is taken");
    }
    assert_eq!(
        (gateway.count("CreateToken"), gateway.count("RefreshToken")),
        (1, 1)
    );
}

#[tokio::test]
async fn a_call_is_made_with_a_new_token_once() {
    let (gateway, client) = with_logins(|_| false).await;
    let error = get(&client).await.expect_err("no token is taken");
    assert_eq!(error.code(), Code::Unauthenticated);
    assert_eq!(
        (gateway.count("GetUser"), gateway.count("RefreshToken")),
        (2, 1)
    );
}

#[tokio::test]
async fn a_write_is_made_again_with_a_new_token() {
    let (gateway, client) = with_logins(|shown| shown == "Bearer access-1").await;
    create(&client).await.expect("the second token is taken");
    assert_eq!(gateway.count("CreateUser"), 2);
}

#[tokio::test]
async fn a_new_token_is_not_replaced_at_once() {
    let (gateway, _) = with_logins(|_| false).await;
    let mut config = gateway.config();
    config.credentials = Credentials::password("jan@example.com", "hunter2");
    config.login_pause = Duration::from_hours(1);
    let client = Client::connect_lazy(&config).expect("the URL is one");
    for _ in 0..5 {
        get(&client).await.expect_err("no token is taken");
    }
    assert_eq!(
        (gateway.count("CreateToken"), gateway.count("RefreshToken")),
        (1, 0)
    );
}

#[tokio::test]
async fn authorization_of_a_call_is_left_alone() {
    let (gateway, client) = with_logins(|shown| shown == "Bearer mine").await;
    let request = crate::stack::with_token("mine", GetUserRequest::default());
    client.users().get_user(request).await.expect("it is taken");
    assert_eq!(gateway.count("CreateToken"), 0);
}
