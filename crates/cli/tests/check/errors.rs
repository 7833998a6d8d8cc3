//! The recorded exchanges of errors are true: the backend answers them so.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::recorded::{RecordedExchange, RecordedRequest};
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const EMAIL: &str = "owner@example.com";
const PASSWORD: &str = "correct-horse-battery";

/// Those that an owner gets on an empty store. Others need users of other roles, or
/// something that is there already.
const ON_AN_EMPTY_STORE: [u16; 4] = [400, 401, 404, 415];

/// The headers of replies that mean nothing to the operation.
const OF_HTTP: [&str; 3] = ["cache-control", "content-length", "content-type"];

struct Answer {
    status: u16,
    content_type: Option<String>,
    /// The names of the headers that an exchange shows.
    headers: BTreeSet<String>,
    body: Value,
}

async fn answer(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.expect("it answers");
    let status = response.status().as_u16();
    let headers = response.headers();
    let content_type = headers.get(CONTENT_TYPE);
    let content_type = content_type.map(|value| value.to_str().expect("ASCII").to_owned());
    let names = headers.keys().map(|name| name.as_str().to_owned());
    let headers = names.filter(|name| !OF_HTTP.contains(&name.as_str()));
    let headers = headers.collect();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await;
    let body = body.expect("a body");
    Answer {
        status,
        content_type,
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }
}

/// What a recorded request sends, and its content type.
fn sent(request: &RecordedRequest) -> (Vec<u8>, String) {
    match (&request.part, &request.body) {
        (Some(part), _) => {
            let head = format!(
                "--x\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n\
                 Content-Type: {}\r\n\r\n",
                part.name, part.filename, part.content_type
            );
            let content = STANDARD.decode(&part.body).expect("it is base64");
            let body = [head.as_bytes(), &content, b"\r\n--x--\r\n"].concat();
            (body, format!("{}; boundary=x", request.content_type))
        }
        (None, Some(body)) => (body.to_string().into_bytes(), request.content_type.clone()),
        (None, None) => (Vec::new(), request.content_type.clone()),
    }
}

fn request(exchange: &RecordedExchange, token: &str) -> Request<Body> {
    let query = exchange.query.iter();
    let query: Vec<_> = query
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let uri = format!("/v2{}?{}", exchange.path, query.join("&"));
    let mut request = Request::builder()
        .method(&*exchange.method)
        .uri(uri.trim_end_matches('?'));
    if exchange.authenticated {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let body = match &exchange.request {
        Some(recorded) => {
            let (body, content_type) = sent(recorded);
            request = request.header(CONTENT_TYPE, content_type);
            Body::from(body)
        }
        None => Body::empty(),
    };
    request.body(body).expect("a request")
}

fn reason(body: &Value) -> &Value {
    &body["error"]["details"][0]["reason"]
}

#[tokio::test]
async fn recorded_errors_are_what_the_backend_answers() {
    let data = tempfile::tempdir().expect("a directory");
    let database = format!("sqlite://{}?mode=rwc", data.path().join("a.db").display());
    let mut config = backend::Config::new(database, data.path(), "http://127.0.0.1");
    config.owner_email = Some(EMAIL.to_owned());
    config.owner_password = Some(PASSWORD.to_owned());
    let backend = backend::Backend::open(config).await.expect("a backend");
    let router = backend.router();
    let log_in = Request::post("/v2/auth/token")
        .header(CONTENT_TYPE, "application/json")
        .body(
            json!({"email": EMAIL, "password": PASSWORD})
                .to_string()
                .into(),
        )
        .expect("a request");
    let tokens = answer(&router, log_in).await;
    let token = tokens.body["token"].as_str().expect("a token");

    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/recorded/errors");
    let mut wrong = Vec::new();
    let mut tried = 0;
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let text = fs::read(&path).expect("a file");
        let exchange: RecordedExchange = serde_json::from_slice(&text).expect("an exchange");
        let status = exchange.response.status.as_u16();
        if !ON_AN_EMPTY_STORE.contains(&status) {
            continue;
        }
        tried += 1;
        let found = answer(&router, request(&exchange, token)).await;
        let response = exchange.response;
        let headers = response.headers.keys().map(|name| name.to_lowercase());
        let headers: BTreeSet<_> = headers.collect();
        let expected = response.body.unwrap_or_default();
        let is_true = found.status == status
            && reason(&found.body) == reason(&expected)
            && found.content_type == response.content_type
            && found.headers == headers;
        if !is_true {
            wrong.push(format!(
                "{}: {status} {} {headers:?} is recorded, and the answer is {} {} {:?}",
                path.display(),
                reason(&expected),
                found.status,
                reason(&found.body),
                found.headers
            ));
        }
    }
    assert!(tried > 100, "only {tried} exchanges were tried");
    assert!(
        wrong.is_empty(),
        "record these exchanges again:\n{}",
        wrong.join("\n")
    );
}
