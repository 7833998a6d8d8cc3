//! Logins against an upstream that the test decides for. The clock is the test's.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::Full;
use tokio::time::{advance, sleep};
use transcode::{CallContext, RequestBody, SendError};

use super::*;
use crate::authorized::Authorized;

/// What the upstream does with a login.
#[derive(Debug, Clone, Copy)]
enum Answer {
    /// It gives out a token that is good for an hour.
    Token,
    Status(u16),
    /// It never answers.
    Silence,
}

/// An upstream that accepts the token of its newest login alone.
#[derive(Clone, Default)]
struct Stub(Arc<Mutex<StubState>>);

#[derive(Default)]
struct StubState {
    /// What is done with the next logins; a token is given out after these.
    answers: VecDeque<Answer>,
    /// The logins and the calls, as they arrived.
    seen: Vec<String>,
    issued: u32,
    /// No token is accepted.
    refuses_all: bool,
}

impl Stub {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let stub = Self::default();
        stub.state().answers.extend(answers);
        stub
    }

    fn state(&self) -> std::sync::MutexGuard<'_, StubState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing that was given out is accepted any more.
    fn revoke(&self) {
        self.state().issued += 1;
    }

    /// The logins that have arrived since this was last asked, as method and what they
    /// show.
    fn logins(&self) -> Vec<String> {
        let mut state = self.state();
        let seen = std::mem::take(&mut state.seen);
        seen.into_iter()
            .filter(|line| !line.starts_with("call"))
            .collect()
    }

    fn answer(&self, request: Request<RequestBody>) -> Option<Response<Full<Bytes>>> {
        let mut state = self.state();
        let (head, body) = request.into_parts();
        let reply = |status: u16, text: String| {
            let mut response = Response::new(Full::from(text));
            *response.status_mut() = StatusCode::from_u16(status).expect("a status");
            Some(response)
        };
        if head.uri.path() != "/v2/auth/token" {
            let shown = head.headers.get(header::AUTHORIZATION);
            let shown = shown
                .map_or("nothing", |value| value.to_str().expect("text"))
                .to_owned();
            let is_newest = !state.refuses_all && shown == format!("Bearer token{}", state.issued);
            state.seen.push(format!("call with {shown}"));
            return reply(if is_newest { 200 } else { 401 }, String::new());
        }
        let shown = match (head.uri.query(), body) {
            (Some(query), _) => query.to_owned(),
            (None, RequestBody::Whole(body)) => String::from_utf8_lossy(&body).into_owned(),
            (None, RequestBody::Stream(_)) => "a stream".to_owned(),
        };
        state.seen.push(format!("{} {shown}", head.method));
        match state.answers.pop_front().unwrap_or(Answer::Token) {
            Answer::Token => {
                state.issued += 1;
                let n = state.issued;
                let in_an_hour = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
                let pair = serde_json::json!({
                    "token": format!("token{n}"),
                    "refreshToken": format!("refresh{n}"),
                    "expiresAt": in_an_hour.to_string(),
                });
                reply(201, pair.to_string())
            }
            Answer::Status(status) => reply(status, "canary".to_owned()),
            Answer::Silence => None,
        }
    }
}

impl tower::Service<Request<RequestBody>> for Stub {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let stub = self.clone();
        Box::pin(async move {
            // Time for others to come meanwhile.
            sleep(Duration::from_millis(1)).await;
            match stub.answer(request) {
                Some(response) => Ok(response),
                None => std::future::pending().await,
            }
        })
    }
}

const TARGET: &str = "http://upstream/v2/auth/token";

fn password() -> Proof {
    Proof::Password {
        email: "a@example.com".to_owned(),
        password: SecretSource::Value(Secret::new("pass")),
    }
}

const BY_PASSWORD: &str = r#"POST {"email":"a@example.com","password":"pass"}"#;

fn log_in_by(proof: Proof, stub: &Stub) -> (Credentials, Authorized<Stub>) {
    let config = LoginConfig::new(Uri::from_static(TARGET), proof);
    let credentials = Credentials::new(config, stub.clone());
    let upstream = Authorized::new(Some(credentials.clone()), stub.clone());
    (credentials, upstream)
}

/// A call that has so many seconds.
fn request(seconds: u64) -> Request<RequestBody> {
    let mut request = Request::new(RequestBody::Whole(Bytes::from_static(b"{}")));
    *request.uri_mut() = Uri::from_static("http://upstream/v2/things");
    let of_caller = "Bearer of-the-caller".parse().expect("a value");
    request
        .headers_mut()
        .insert(header::AUTHORIZATION, of_caller);
    request.extensions_mut().insert(CallContext {
        deadline: Some(Instant::now() + Duration::from_secs(seconds)),
        ..CallContext::default()
    });
    request
}

async fn send(upstream: &Authorized<Stub>, seconds: u64) -> Result<u16, SendErrorKind> {
    let sent = upstream.send(request(seconds)).await;
    sent.map(|response| response.status().as_u16())
        .map_err(|SendError { kind, .. }| kind)
}

#[track_caller]
fn check_unavailable(sent: Result<u16, SendErrorKind>) {
    assert!(
        matches!(sent, Err(SendErrorKind::CredentialsUnavailable { .. })),
        "{sent:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn all_callers_wait_for_one_login() {
    let stub = Stub::default();
    let (credentials, upstream) = log_in_by(password(), &stub);
    let calls = (0..50).map(|_| send(&upstream, 30));
    let sent = futures_util::future::join_all(calls).await;
    assert!(sent.iter().all(|sent| *sent == Ok(200)), "{sent:?}");
    let seen = stub.state().seen.clone();
    assert!(
        !seen.iter().any(|line| line.contains("of-the-caller")),
        "{seen:?}"
    );
    assert_eq!(stub.logins(), [BY_PASSWORD]);
    let expected = LoginCounts {
        succeeded: 1,
        ..LoginCounts::default()
    };
    assert_eq!(credentials.logins(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_replaced_before_it_expires() {
    let stub = Stub::default();
    let (_credentials, upstream) = log_in_by(password(), &stub);
    assert_eq!(send(&upstream, 30).await, Ok(200));
    stub.logins();
    sleep(Duration::from_mins(49)).await;
    assert_eq!(stub.logins(), ["GET refreshToken=refresh1"]);
    assert_eq!(send(&upstream, 30).await, Ok(200));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_used_while_it_cannot_be_replaced() {
    let stub = Stub::default();
    let (credentials, upstream) = log_in_by(password(), &stub);
    assert_eq!(send(&upstream, 30).await, Ok(200));
    stub.state().answers.extend([Answer::Status(503); 9]);
    sleep(Duration::from_mins(49)).await;
    assert_eq!(send(&upstream, 30).await, Ok(200));
    // Three attempts each.
    assert_eq!(credentials.logins().unavailable, 3);
    assert_eq!(credentials.logins().succeeded, 2);
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_401_makes_one_login_and_every_call_is_made_again() {
    let stub = Stub::default();
    let (_credentials, upstream) = log_in_by(password(), &stub);
    assert_eq!(send(&upstream, 30).await, Ok(200));
    advance(Duration::from_secs(6)).await;
    stub.revoke();
    stub.logins();
    let calls = (0..50).map(|_| send(&upstream, 30));
    let sent = futures_util::future::join_all(calls).await;
    assert!(sent.iter().all(|sent| *sent == Ok(200)), "{sent:?}");
    assert_eq!(stub.logins(), ["GET refreshToken=refresh1"]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_an_older_token_leaves_the_newer_one_alone() {
    let stub = Stub::default();
    let (credentials, upstream) = log_in_by(password(), &stub);
    let old = credentials.access(None).await.expect("a token");
    advance(Duration::from_secs(6)).await;
    assert!(credentials.refuse(&old));
    assert_eq!(send(&upstream, 30).await, Ok(200));
    stub.logins();
    advance(Duration::from_secs(6)).await;
    assert!(credentials.refuse(&old));
    assert_eq!(send(&upstream, 30).await, Ok(200));
    assert_eq!(stub.logins(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_that_is_refused_gives_way_to_the_password() {
    let stub = Stub::default();
    let (_credentials, upstream) = log_in_by(password(), &stub);
    assert_eq!(send(&upstream, 30).await, Ok(200));
    advance(Duration::from_secs(6)).await;
    stub.revoke();
    stub.logins();
    stub.state().answers.push_back(Answer::Status(401));
    assert_eq!(send(&upstream, 30).await, Ok(200));
    assert_eq!(stub.logins(), ["GET refreshToken=refresh1", BY_PASSWORD]);
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_not_the_fault_of_the_caller() {
    let stub = Stub::new([Answer::Status(401)]);
    let (_credentials, upstream) = log_in_by(password(), &stub);
    let sent = send(&upstream, 30).await;
    assert_eq!(sent, Err(SendErrorKind::CredentialsRefused));
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_refuses_every_token_is_not_stormed() {
    let stub = Stub::default();
    stub.state().refuses_all = true;
    let (_credentials, upstream) = log_in_by(password(), &stub);
    for _ in 0..1_000 {
        let sent = send(&upstream, 30).await;
        assert_eq!(sent, Err(SendErrorKind::CredentialsRefused));
        advance(Duration::from_millis(10)).await;
    }
    let logins = stub.logins().len();
    assert!(
        (1..=4).contains(&logins),
        "{logins} logins in some 12 seconds"
    );
}

#[tokio::test(start_paused = true)]
async fn failed_logins_are_rare_however_often_somebody_calls() {
    let stub = Stub::new([Answer::Status(401); 1_000]);
    let (credentials, upstream) = log_in_by(password(), &stub);
    for _ in 0..600 {
        let sent = send(&upstream, 30).await;
        assert_eq!(sent, Err(SendErrorKind::CredentialsRefused));
        advance(Duration::from_secs(1)).await;
    }
    // After 1, 2, 4, 8, 16, 32 and then 60 seconds, less a quarter at most.
    let refused = credentials.logins().refused;
    assert!((13..=21).contains(&refused), "{refused} in ten minutes");
}

#[tokio::test(start_paused = true)]
async fn a_login_that_hangs_leaves_the_caller_time_to_learn_of_it() {
    let stub = Stub::new([Answer::Silence; 100]);
    let (_credentials, upstream) = log_in_by(password(), &stub);
    let begun = Instant::now();
    check_unavailable(send(&upstream, 4).await);
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_login_that_hangs_is_given_up() {
    let stub = Stub::new([Answer::Silence; 100]);
    let (credentials, upstream) = log_in_by(password(), &stub);
    let begun = Instant::now();
    check_unavailable(send(&upstream, 300).await);
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
    assert_eq!(credentials.logins().unavailable, 1);
}

#[tokio::test(start_paused = true)]
async fn a_login_is_tried_again_where_the_upstream_fails() {
    let stub = Stub::new([Answer::Status(503), Answer::Status(500)]);
    let (credentials, upstream) = log_in_by(password(), &stub);
    assert_eq!(send(&upstream, 30).await, Ok(200));
    assert_eq!(stub.logins().len(), 3);
    assert_eq!(credentials.logins().unavailable, 0);
}

#[tokio::test(start_paused = true)]
async fn an_upload_is_not_made_again_but_the_next_one_has_a_new_token() {
    let stub = Stub::default();
    let (_credentials, upstream) = log_in_by(password(), &stub);
    assert_eq!(send(&upstream, 30).await, Ok(200));
    advance(Duration::from_secs(6)).await;
    stub.revoke();
    let upload = || request(30).map(|_| RequestBody::stream(Full::from(Bytes::new())));
    let sent = upstream.send(upload()).await.map(drop);
    let kind = sent.expect_err("its token is refused").kind;
    assert!(
        matches!(kind, SendErrorKind::CredentialsUnavailable { .. }),
        "{kind:?}"
    );
    let sent = upstream.send(upload()).await.expect("it is sent");
    assert_eq!(sent.status(), StatusCode::OK);
}

fn file_with(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("it is written");
    file
}

#[tokio::test]
async fn a_changed_password_file_is_read_at_the_next_login() {
    let stub = Stub::new([Answer::Status(401)]);
    let file = file_with("wrong\n");
    let proof = Proof::Password {
        email: "a@example.com".to_owned(),
        password: SecretSource::File(file.path().to_owned()),
    };
    let config = LoginConfig {
        back_off: Duration::ZERO,
        ..LoginConfig::new(Uri::from_static(TARGET), proof)
    };
    let credentials = Credentials::new(config, stub.clone());
    let upstream = Authorized::new(Some(credentials), stub.clone());
    let mut states = upstream_states(&upstream);
    states.changed().await.expect("the first login fails");
    std::fs::write(file.path(), "pass\n").expect("it is written");
    assert_eq!(send(&upstream, 30).await, Ok(200));
    let wrong = BY_PASSWORD.replace("pass\"}", "wrong\"}");
    assert_eq!(stub.logins(), [wrong.as_str(), BY_PASSWORD]);
}

/// Told when a login has ended.
fn upstream_states(upstream: &Authorized<Stub>) -> tokio::sync::watch::Receiver<State> {
    let credentials = upstream.credentials().expect("there are some");
    credentials.0.shared.state.subscribe()
}

#[tokio::test]
async fn a_new_refresh_token_is_kept_for_the_next_start() {
    let stub = Stub::default();
    let file = file_with("first\n");
    let proof = || Proof::RefreshToken(SecretSource::File(file.path().to_owned()));
    let (credentials, upstream) = log_in_by(proof(), &stub);
    assert_eq!(send(&upstream, 30).await, Ok(200));
    drop((credentials, upstream));
    let kept = std::fs::read_to_string(file.path()).expect("it is there");
    assert_eq!(kept, "refresh1\n");
    let (_credentials, upstream) = log_in_by(proof(), &stub);
    assert_eq!(send(&upstream, 30).await, Ok(200));
    let expected = ["GET refreshToken=first", "GET refreshToken=refresh1"];
    assert_eq!(stub.logins(), expected);
}
