//! Traffic through a recorder, with canaries wherever something private can
//! hide.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use contract::recorded::recorded;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use upstream::{Client, Config, base};

use super::{Operations, RecordError, Recorder};

/// What reached the upstream.
#[derive(Clone, Debug, PartialEq)]
struct SeenRequest {
    method: String,
    target: String,
    headers: HeaderMap,
    body: Bytes,
}

/// A recorder in front of an upstream that answers every request alike.
struct Setup {
    url: String,
    out: tempfile::TempDir,
    written: mpsc::Receiver<String>,
    seen: mpsc::Receiver<SeenRequest>,
}

struct Canned {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Canned {
    fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        }
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    (listener, format!("http://{address}"))
}

async fn setup(canned: Canned) -> Setup {
    let (listener, upstream) = listen().await;
    let (note, seen) = mpsc::channel();
    let canned = Arc::new(canned);
    let upstream_router = Router::new().fallback(move |request: Request| {
        let (note, canned) = (note.clone(), canned.clone());
        async move {
            let (head, body) = request.into_parts();
            let body = to_bytes(body, 1 << 20).await.expect("a body");
            let target = head.uri.path_and_query().expect("a path").to_string();
            let method = head.method.to_string();
            let headers = head.headers;
            note.send(SeenRequest {
                method,
                target,
                headers,
                body,
            })
            .expect("the test waits");
            let mut response = Response::new(axum::body::Body::from(canned.body.clone()));
            *response.status_mut() = StatusCode::from_u16(canned.status).expect("a status");
            for (name, value) in &canned.headers {
                let value = value.parse().expect("a header value");
                response.headers_mut().append(*name, value);
            }
            response
        }
    });
    tokio::spawn(async move { axum::serve(listener, upstream_router).await });

    let out = tempfile::tempdir().expect("a directory");
    let (note, written) = mpsc::channel();
    let notify = move |written: Result<std::path::PathBuf, RecordError>| {
        let path = written.expect("the directory can be written");
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        // The test may be over.
        let _ = note.send(name);
    };
    let recorder = Recorder::new(&upstream, None, out.path(), Operations::built_in(), notify)
        .expect("a recorder");
    let (listener, url) = listen().await;
    tokio::spawn(recorder.serve(listener, std::future::pending()));
    Setup {
        url,
        out,
        written,
        seen,
    }
}

/// A client that shows each reply as it is.
fn direct(url: &str) -> Client {
    let config = Config {
        decode: false,
        max_retries: 0,
        ..Config::default()
    };
    Client::new(&[base(url).expect("a base")], config).expect("a client")
}

impl Setup {
    async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> (StatusCode, HeaderMap, Bytes) {
        let uri = format!("{}{target}", self.url);
        let mut request = http::Request::builder().method(method).uri(&uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = direct(&self.url)
            .send(request.body(body.into().into()).expect("a request"))
            .await
            .expect("the recorder answers");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        (head.status, head.headers, body)
    }

    /// The name of the next file, once it is written.
    fn written(&self) -> String {
        let patience = std::time::Duration::from_secs(20);
        self.written
            .recv_timeout(patience)
            .expect("a file is written")
    }

    fn files(&self) -> BTreeMap<String, String> {
        files(self.out.path())
    }
}

fn files(directory: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(directory).expect("a directory");
    entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(&path).expect("a text"))
        })
        .collect()
}

/// Checks that nothing of a canary is in what was written: not as it is, in
/// another case or encoding, nor a half of it.
#[track_caller]
#[expect(clippy::format_collect, reason = "a few characters of a test")]
fn check_gone(canary: &str, written: &str) {
    let (first, second) = canary.split_at(canary.len() / 2);
    let escaped: String = canary
        .chars()
        .map(|character| format!("\\u{:04x}", u32::from(character)))
        .collect();
    let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![
        canary.to_owned(),
        first.to_owned(),
        second.to_owned(),
        canary.chars().rev().collect(),
        canary.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        escaped,
        hex,
    ];
    // In base64 it depends on what comes before.
    for skipped in 0..3 {
        let padded = [&b"xxx"[..skipped], canary.as_bytes()].concat();
        let encoded = STANDARD.encode(&padded);
        forms.extend(encoded.get(4..encoded.len() - 4).map(str::to_owned));
    }
    // Shorter ones come about by chance.
    forms.retain(|form| form.len() >= 7);
    let written = written.to_lowercase();
    for form in forms {
        let form = form.to_lowercase();
        assert!(
            !written.contains(&form),
            "{canary} is there as {form}:\n{written}"
        );
    }
}

/// A canary for each place, which tells where it was.
fn canary(place: &str) -> String {
    format!("kanarie{place}vogelnest")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_private_reaches_the_disk() {
    let jwt = format!("eyJh.{}.sig", URL_SAFE_NO_PAD.encode(canary("jwt")));
    let phone = 31_698_765_432_u64;
    let body = |place: &str| {
        json!({
            "id": "57c8479433f5d57d3013a0bc",
            "email": format!("{}@{}.nl", canary(&format!("{place}mail")), canary(&format!("{place}domain"))),
            "familyName": canary(&format!("{place}family")),
            "givenName": format!("Dr. {}", canary(&format!("{place}given"))),
            "phone": phone.to_string(),
            "password": canary(&format!("{place}password")),
            "apiToken": jwt,
            "role": canary(&format!("{place}role")),
            "createdAt": canary(&format!("{place}date")),
            "avatar": format!("https://{}:{}@host/{}?k={}",
                canary(&format!("{place}user")), canary(&format!("{place}secret")),
                canary(&format!("{place}path")), canary(&format!("{place}key"))),
            "settings": {
                "cannedResponses": [canary(&format!("{place}item"))],
                "timezone": canary(&format!("{place}zone")),
                canary(&format!("{place}settingname")): true,
            },
            "meta": {
                canary(&format!("{place}metaname")): {
                    "deep": [[canary(&format!("{place}deep"))], { "number": phone, "float": 316_987.654_32 }],
                },
                "basic": STANDARD.encode(canary(&format!("{place}basic"))),
            },
            canary(&format!("{place}undeclared")): canary(&format!("{place}value")),
        })
    };
    let mut reply = Canned::json(200, &body("reply"));
    reply.headers.push(("set-cookie", canary("setcookie")));
    reply.headers.push(("x-secret", canary("replyheader")));
    let setup = setup(reply).await;
    let target = format!(
        "/v2/users/{}?{}={}&select={}",
        canary("segment"),
        canary("queryname"),
        canary("queryvalue"),
        canary("select"),
    );
    let headers = [
        ("content-type", "application/json"),
        ("authorization", &format!("Bearer {}", canary("bearer"))),
        ("cookie", &canary("cookie")),
        ("x-other", &canary("header")),
    ];
    setup
        .send("PATCH", &target, &headers, body("sent").to_string())
        .await;
    let name = setup.written();
    assert_eq!(name, "updateUser.json");
    let files = setup.files();
    let written = &files[&name];
    // All of them begin and end alike, so that looking for the ends finds any.
    check_gone("kanarie", written);
    check_gone("vogel", written);
    check_gone("31698765432", written);
    check_gone("698765432", written);
    check_gone("31698765", written);
    check_gone(&jwt, written);
    for name in files.keys() {
        check_gone("kanarie", name);
    }
    let exchange: contract::recorded::RecordedExchange =
        serde_json::from_str(written).expect("a recorded exchange");
    assert!(exchange.authenticated);
    assert_eq!(exchange.path_template, "/users/{user_id}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_recorded_without_what_they_mention() {
    let body = json!({ "error": {
        "code": 409,
        "status": "ALREADY_EXISTS",
        "message": canary("message"),
        "details": [{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": canary("reason"),
            "metadata": { canary("name"): canary("value") },
        }],
        "stack": canary("stack"),
    }});
    let setup = setup(Canned::json(409, &body)).await;
    setup.send("POST", "/v2/users", &[], "{}").await;
    let name = setup.written();
    assert_eq!(name, "createUser-409.json");
    let written = &setup.files()[&name];
    check_gone("kanarie", written);
    let exchange: Value = serde_json::from_str(written).expect("JSON");
    let error = &exchange["response"]["body"]["error"];
    assert_eq!(error["status"], "ALREADY_EXISTS");
    assert_eq!(
        error["details"][0]["@type"],
        "type.googleapis.com/google.rpc.ErrorInfo"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_passes_as_it_is_and_is_recorded_as_the_picture_of_nobody() {
    let setup = setup(Canned::json(201, &json!({ "email": "a@example.com" }))).await;
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}.png\"\r\n\
         Content-Type: image/png\r\n\r\n{}\r\n--b--\r\n",
        canary("file"),
        canary("pixels"),
    );
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let path = "/v2/users/me/avatar";
    setup.send("POST", path, &headers, body.clone()).await;
    assert_eq!(setup.seen.recv().expect("a request").body, body);
    let name = setup.written();
    let written = &setup.files()[&name];
    check_gone("kanarie", written);
    check_gone("vogel", written);
    let exchange: contract::recorded::RecordedExchange =
        serde_json::from_str(written).expect("a recorded exchange");
    let part = exchange
        .request
        .and_then(|request| request.part)
        .expect("a part");
    let own =
        recorded("uploadUserAvatar").and_then(|exchange| exchange.request.as_ref()?.part.as_ref());
    assert_eq!(part.body, own.expect("a part is recorded").body);
    assert_eq!(exchange.path, "/users/me/avatar");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traffic_passes_unchanged() {
    let mut reply = Canned::json(418, &json!({ "a": [1, 2.5, "ü"] }));
    reply.headers.push(("x-kept", "one".to_owned()));
    reply.headers.push(("x-kept", "two".to_owned()));
    let setup = setup(reply).await;
    let headers = [
        ("x-sent", "a"),
        ("authorization", "Bearer t"),
        ("cookie", "c=1"),
    ];
    let target = "/v2/nowhere/a%2Fb?x=%20&y";
    let (status, received, body) = setup.send("PUT", target, &headers, "raw \u{0} bytes").await;
    let seen = setup.seen.recv().expect("a request");
    assert_eq!(seen.method, "PUT");
    assert_eq!(seen.target, target);
    assert_eq!(seen.body, "raw \u{0} bytes");
    for (name, value) in headers {
        assert_eq!(seen.headers[name], value);
    }
    assert_eq!(status, StatusCode::IM_A_TEAPOT);
    let kept: Vec<_> = received.get_all("x-kept").iter().collect();
    assert_eq!(kept, ["one", "two"]);
    assert_eq!(body, json!({ "a": [1, 2.5, "ü"] }).to_string());
    assert!(
        setup.files().is_empty(),
        "what is of no operation leaves no trace"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_is_recorded_once_and_references_match() {
    let id = "57c8479433f5d57d3013a0bc";
    let setup = setup(Canned::json(200, &json!({ "id": id, "email": "a@b.nl" }))).await;
    let path = format!("/v2/users/{id}");
    setup.send("GET", &path, &[], "").await;
    assert_eq!(setup.written(), "getUser.json");
    setup.send("GET", &path, &[], "").await;
    // Another kind, which comes after the first in any case.
    setup
        .send("GET", &path, &[("authorization", "Bearer t")], "")
        .await;
    assert_eq!(setup.written(), "getUser-2.json");
    setup
        .send(
            "PATCH",
            &path,
            &[],
            json!({ "email": "a@b.nl" }).to_string(),
        )
        .await;
    assert_eq!(setup.written(), "updateUser.json");
    let files = setup.files();
    assert_eq!(files.len(), 3, "{:?}", files.keys());
    let first: Value = serde_json::from_str(&files["getUser.json"]).expect("JSON");
    let second: Value = serde_json::from_str(&files["updateUser.json"]).expect("JSON");
    let fake = &first["response"]["body"]["id"];
    assert_ne!(fake, id);
    assert_eq!(&first["pathParameters"]["user_id"], fake);
    assert_eq!(&second["response"]["body"]["id"], fake);
    assert_eq!(
        second["request"]["body"]["email"],
        first["response"]["body"]["email"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_recorded_keeps_the_contract() {
    let exchange = recorded("createUser").expect("an exchange");
    let mut body = exchange.response.body.clone().expect("a body");
    body.as_object_mut().expect("an object").remove("password");
    let mut reply = Canned::json(201, &body);
    for name in ["location", "x-request-id"] {
        let value = exchange.response.header(name).expect("a header");
        reply.headers.push((name, value.to_owned()));
    }
    let setup = setup(reply).await;
    let sent = exchange
        .request
        .as_ref()
        .and_then(|request| request.body.as_ref());
    let sent = sent.expect("a body").to_string();
    setup
        .send("POST", "/v2/users", &[("authorization", "Bearer t")], sent)
        .await;
    setup.written();
    let report = crate::verify::recorded(setup.out.path(), &crate::verify::Against::Contract)
        .expect("recorded exchanges");
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_is_not_there_is_told() {
    let out = tempfile::tempdir().expect("a directory");
    let (note, told) = mpsc::channel();
    let notify = move |written| note.send(written).expect("the test waits");
    let recorder = Recorder::new(
        "http://127.0.0.1:1",
        None,
        out.path(),
        Operations::built_in(),
        notify,
    );
    let recorder = recorder.expect("a recorder");
    let (listener, url) = listen().await;
    tokio::spawn(recorder.serve(listener, std::future::pending()));
    let request = http::Request::get(format!("{url}/v2/users/me?secret=1"));
    let request = request.body(upstream::Body::empty()).expect("a request");
    let response = direct(&url).send(request).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    let body = response.into_body().collect().await.expect("a body");
    let body = String::from_utf8(body.to_bytes().to_vec()).expect("UTF-8");
    assert!(body.contains("refused"), "the cause is not in {body}");
    let patience = std::time::Duration::from_secs(20);
    let told = told.recv_timeout(patience).expect("the operator is told");
    let RecordError::Unanswered { path, source, .. } = told.expect_err("nothing was written")
    else {
        panic!("another error is told");
    };
    assert_eq!(path, "/v2/users/me");
    assert_eq!(source.kind, upstream::SendErrorKind::NeverSent);
    assert!(files(out.path()).is_empty());
}
