//! What those who watch a backend are told.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;

use super::*;
use crate::observer::{LoginOutcome, Observer, RequestOutcome, Statement};

/// Remembers what it is told.
#[derive(Debug, Default)]
struct Memory {
    requests: Mutex<Vec<RequestOutcome>>,
    logins: Mutex<Vec<LoginOutcome>>,
    statements: Mutex<Vec<(Statement, bool)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Observer for Memory {
    fn ended(&self, outcome: &RequestOutcome) {
        lock(&self.requests).push(outcome.clone());
    }

    fn stored(&self, statement: Statement, _: Duration, has_succeeded: bool) {
        lock(&self.statements).push((statement, has_succeeded));
    }

    fn logged_in(&self, outcome: LoginOutcome) {
        lock(&self.logins).push(outcome);
    }
}

/// A backend that is watched from now on.
async fn watched() -> (Api, Arc<Memory>) {
    let memory = Arc::<Memory>::default();
    let observer = Arc::clone(&memory);
    let api = Api::start_with(|config| config.observers.push(observer)).await;
    lock(&memory.requests).clear();
    lock(&memory.logins).clear();
    lock(&memory.statements).clear();
    (api, memory)
}

/// Checks what is told of a request.
#[track_caller]
fn check(
    outcome: &RequestOutcome,
    operation: Option<&str>,
    status: Option<u16>,
    reason: Option<&str>,
) {
    let found = (outcome.operation, outcome.status, outcome.reason.as_deref());
    assert_eq!(found, (operation, status, reason), "{outcome:?}");
}

#[tokio::test]
async fn each_request_is_told_of_once() {
    let (api, memory) = watched().await;
    let me = api.get(&api.owner, "/v2/users/me").await;
    api.get(&api.owner, "/v2/users/6b0310a386200e03b8ffffff")
        .await;
    api.get(NOBODY, "/v2/users/me").await;
    api.get(NOBODY, "/v2/nowhere").await;
    api.get(NOBODY, "/healthz").await;
    let requests = lock(&memory.requests);
    let [found, missing, anonymous, nowhere, health] = &requests[..] else {
        panic!("there are five: {requests:#?}");
    };
    check(found, Some("getUser"), Some(200), None);
    check(missing, Some("getUser"), Some(404), Some("NOT_FOUND"));
    check(anonymous, Some("getUser"), Some(401), Some("TOKEN_MISSING"));
    check(nowhere, None, Some(404), Some("PATH_UNKNOWN"));
    check(health, Some("health"), Some(200), None);
    assert_eq!(found.sent, me.bytes.len() as u64);
    assert!(found.subject.is_some());
    assert_eq!(found.subject, missing.subject, "the same user calls");
    assert_eq!(anonymous.subject, None);
    assert_ne!(found.request_id, missing.request_id);
    assert_eq!(api.backend.usage().requests, 0);
}

#[tokio::test]
async fn a_client_that_goes_is_told_of() {
    let (api, memory) = watched().await;
    // The body never comes.
    let body = Body::from_stream(futures_util::stream::pending::<
        Result<Vec<u8>, std::io::Error>,
    >());
    let request = Request::post("/v2/auth/token")
        .header(header::CONTENT_TYPE, "application/json")
        .body(body)
        .expect("is a request");
    let answer = api.backend.router().oneshot(request).now_or_never();
    assert!(answer.is_none(), "it waits for the body");
    let requests = lock(&memory.requests);
    let [gone] = &requests[..] else {
        panic!("there is one: {requests:#?}");
    };
    check(gone, Some("createToken"), None, None);
}

#[tokio::test]
async fn logins_are_told_of_by_what_came_of_them() {
    let (api, memory) = watched().await;
    for (password, times) in [(PASSWORD, 1), ("wrong", 11)] {
        for _ in 0..times {
            let body = json!({"email": EMAIL, "password": password});
            api.call(NOBODY, "POST /v2/auth/token", body).await;
        }
    }
    let logins = lock(&memory.logins);
    let count = |outcome| logins.iter().filter(|found| **found == outcome).count();
    let counts = LoginOutcome::ALL.map(count);
    assert_eq!(counts, [1, 10, 1, 0], "{logins:?}");
}

#[tokio::test]
async fn statements_are_told_of_by_kind() {
    let (api, memory) = watched().await;
    api.call(&api.owner, "POST /v2/forms", json!({"name": "x"}))
        .await
        .with_status(201);
    let statements = lock(&memory.statements);
    for kind in [Statement::Lookup, Statement::Change, Statement::Commit] {
        assert!(
            statements.contains(&(kind, true)),
            "{kind:?}: {statements:?}"
        );
    }
}
