//! A backend with a fault in front of it, and its verification.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use backend::{Backend, Clock};
use conformance::report::{Level, Report};
use conformance::verify::{Laws, Live, with_laws};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tower::ServiceExt as _;

const EMAIL: &str = "owner@example.com";
const PASSWORD: &str = "correct horse battery";

/// How long an access token is accepted, and more.
const TOO_LONG: i64 = 48;

/// A request on its way to the backend.
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Below the base path.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    /// The JSON body; null where there is none.
    pub(crate) body: Value,
}

/// A reply on its way back.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The JSON body; null where there is none.
    pub(crate) body: Value,
}

impl Asked {
    pub(crate) fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }

    /// Returns whether it is about one thing in a collection.
    pub(crate) fn is_of(&self, method: &str, collection: &str) -> bool {
        let rest = self.path.strip_prefix(collection);
        let rest = rest.and_then(|rest| rest.strip_prefix('/'));
        self.method == method && rest.is_some_and(|rest| !rest.contains('/'))
    }

    /// Returns whether the verification of laws makes it, and not what is before it.
    pub(crate) fn is_of_laws(&self) -> bool {
        let id = self.headers.get("x-request-id");
        id.is_some_and(|id| id.as_bytes().starts_with(b"laws-"))
    }

    pub(crate) fn has(&self, parameter: &str) -> bool {
        self.query
            .split('&')
            .any(|pair| pair.split('=').next() == Some(parameter))
    }
}

type InReply = dyn Fn(&Asked, &mut Answered) + Send + Sync;

/// What is wrong with a backend.
#[derive(Clone)]
pub(crate) struct Fault {
    /// Changes requests before the backend sees them.
    pub(crate) request: Arc<dyn Fn(&mut Asked) + Send + Sync>,
    /// Changes replies after the backend made them.
    pub(crate) reply: Arc<InReply>,
}

impl Fault {
    pub(crate) fn none() -> Self {
        Self {
            request: Arc::new(|_| ()),
            reply: Arc::new(|_, _| ()),
        }
    }

    pub(crate) fn in_requests(fault: impl Fn(&mut Asked) + Send + Sync + 'static) -> Self {
        Self {
            request: Arc::new(fault),
            ..Self::none()
        }
    }

    pub(crate) fn in_replies(
        fault: impl Fn(&Asked, &mut Answered) + Send + Sync + 'static,
    ) -> Self {
        Self {
            reply: Arc::new(fault),
            ..Self::none()
        }
    }
}

/// A backend behind a fault, until the test ends.
pub(crate) struct Faulty {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) expired: String,
    pub(crate) foreign: String,
    pub(crate) limited: String,
    serving: AbortHandle,
    _data: TempDir,
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Faulty {
    pub(crate) async fn start(fault: Fault) -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let url = format!("http://{address}");
        let database = format!("sqlite://{}/web1on1.db?mode=rwc", data.path().display());
        let mut config = backend::Config::new(database, data.path(), &url);
        config.owner_email = Some(EMAIL.to_owned());
        config.owner_password = Some(PASSWORD.to_owned());
        let hours = Arc::new(AtomicI64::new(-TOO_LONG));
        let offset = Arc::clone(&hours);
        config.clock = Clock::new(move || {
            let hours = jiff::SignedDuration::from_hours(offset.load(Ordering::Relaxed));
            jiff::Timestamp::now() + hours
        });
        let backend = Backend::open(config).await.expect("the backend opens");
        let router = backend.router();
        let expired = log_in(&router, EMAIL, PASSWORD).await;
        hours.store(0, Ordering::Relaxed);
        let token = log_in(&router, EMAIL, PASSWORD).await;
        let foreign = foreign(&router, &token).await;
        let limited = limited(&router, &token).await;
        let inner = router.clone();
        let outer = Router::new().fallback(move |request: Request| {
            let (fault, inner) = (fault.clone(), inner.clone());
            async move { pass(&fault, inner, request).await }
        });
        let serving = tokio::spawn(async move {
            axum::serve(listener, outer).await.expect("it serves");
            drop(backend);
        });
        Self {
            url,
            token,
            expired,
            foreign,
            limited,
            serving: serving.abort_handle(),
            _data: data,
        }
    }

    pub(crate) async fn verify(&self, laws: Laws, allow_writes: bool) -> Report {
        let live = Live {
            url: self.url.clone(),
            token: self.token.clone(),
            allow_writes,
            ca: None,
        };
        let laws = Laws {
            expired_token: Some(self.expired.clone()),
            foreign_token: Some(self.foreign.clone()),
            limited_token: Some(self.limited.clone()),
            ..laws
        };
        with_laws(&live, &laws).await.expect("the backend answers")
    }
}

async fn pass(fault: &Fault, inner: Router, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    let bytes = to_bytes(body, 64 << 20).await.expect("a whole body");
    let path = head.uri.path().trim_start_matches("/v2").to_owned();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let mut asked = Asked {
        method: head.method.clone(),
        path,
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.clone(),
        body: body.clone(),
    };
    (fault.request)(&mut asked);
    let bytes = if asked.body == body {
        bytes
    } else {
        asked.body.to_string().into()
    };
    let mark = if asked.query.is_empty() { "" } else { "?" };
    head.uri = format!("/v2{}{mark}{}", asked.path, asked.query)
        .parse()
        .expect("a path");
    head.method = asked.method.clone();
    head.headers = asked.headers.clone();
    head.headers.remove("content-length");
    let response = inner.oneshot(Request::from_parts(head, Body::from(bytes)));
    let (mut head, body) = response.await.expect("the backend answers").into_parts();
    let bytes = to_bytes(body, 64 << 20).await.expect("a whole body");
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let mut answered = Answered {
        status: head.status,
        headers: head.headers.clone(),
        body: body.clone(),
    };
    (fault.reply)(&asked, &mut answered);
    head.status = answered.status;
    head.headers = answered.headers;
    head.headers.remove("content-length");
    let body = match answered.body {
        same if same == body => Body::from(bytes),
        Value::Null => Body::empty(),
        other => Body::from(other.to_string()),
    };
    Response::from_parts(head, body)
}

/// Makes a request to the backend itself.
pub(crate) async fn call(
    router: &Router,
    method: &str,
    path: &str,
    token: &str,
    body: Value,
) -> Value {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("/v2{path}"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .expect("a request");
    let response = router.clone().oneshot(request).await.expect("an answer");
    let bytes = to_bytes(response.into_body(), 1 << 20)
        .await
        .expect("a body");
    serde_json::from_slice(&bytes).expect("JSON")
}

async fn log_in(router: &Router, email: &str, password: &str) -> String {
    let body = json!({ "email": email, "password": password });
    let reply = call(router, "POST", "/auth/token", "none", body).await;
    reply["token"]
        .as_str()
        .unwrap_or_else(|| panic!("no token in {reply}"))
        .to_owned()
}

/// A caller of an organization that nobody else is in.
async fn foreign(router: &Router, token: &str) -> String {
    let body = json!({ "name": "Foreign", "billingInfo": { "billReceiver": "a", "billSender": "b", "stripeCustomerId": "c", "currentPlan": "scale" } });
    let organization = call(router, "POST", "/organizations", token, body).await;
    let (email, password) = ("foreign@example.com", "a foreign password");
    let body = json!({
        "email": email, "password": password, "role": "owner", "organization": organization["id"],
    });
    let user = call(router, "POST", "/users", token, body).await;
    assert!(
        user["id"].is_string(),
        "no user was created: {organization} {user}"
    );
    log_in(router, email, password).await
}

/// A caller of the same organization who may change nothing.
async fn limited(router: &Router, token: &str) -> String {
    let (email, password) = ("guest@example.com", "the password of a guest");
    let body = json!({ "email": email, "password": password, "role": "guest" });
    let user = call(router, "POST", "/users", token, body).await;
    assert!(user["id"].is_string(), "no user was created: {user}");
    log_in(router, email, password).await
}

/// What there is to find, without what is only told.
pub(crate) fn serious(report: &Report) -> Vec<String> {
    let serious = report
        .findings
        .iter()
        .filter(|finding| finding.level > Level::Info);
    serious
        .map(|finding| {
            let operation = finding.operation.as_deref().unwrap_or_default();
            format!("{} {operation}: {}", finding.id, finding.message)
        })
        .collect()
}
