//! Verification against a server that plays the recorded replies, with one
//! fault at a time, and against captured traffic.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use contract::error::{Code, ErrorBody};
use contract::operation::{BASE_PATH, OperationInfo, ReplyBody};
use contract::recorded::recorded;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use super::check::{query, route};
use super::{Against, Live, live};
use crate::report::{Level, Report};

/// What the stub answers, before a fault is put in.
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

type Fault = dyn Fn(&OperationInfo, &mut Reply) + Send + Sync;

/// A server that plays the recorded replies, until the test ends.
async fn stub(fault: Arc<Fault>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address: SocketAddr = listener.local_addr().expect("an address");
    let router = Router::new().fallback(move |request: Request| answer(fault.clone(), request));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn answer(fault: Arc<Fault>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    let path = head.uri.path().strip_prefix(BASE_PATH).expect("the base");
    let (operation, variables) = route(&head.method, path).expect("an operation");
    let pairs = query(head.uri.query().unwrap_or_default());
    let content_type = head.headers.get("content-type");
    let content_type = content_type.map_or("", |value| value.to_str().expect("ASCII"));
    let is = |name: &str, value: &str| pairs.iter().any(|(n, v)| n == name && v == value);
    let error = if operation.authenticated && !head.headers.contains_key("authorization") {
        Some(Code::Unauthenticated)
    } else if variables.iter().any(|(_, value)| value == "not-an-id")
        || is("limit", "0")
        || body.as_ref() == b"[0]"
        || (operation.id == "refreshToken" && pairs.is_empty())
    {
        Some(Code::InvalidArgument)
    } else if content_type == "text/plain" {
        None
    } else if variables
        .iter()
        .any(|(_, value)| value.ends_with("0000000000000000"))
    {
        Some(Code::NotFound)
    } else {
        None
    };
    let mut reply = match error {
        Some(code) => failure(&ErrorBody::new(code, "STUB", "no")),
        None if content_type == "text/plain" => failure(
            &ErrorBody::new(Code::InvalidArgument, "STUB", "no")
                .with_http_status(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ),
        None => success(operation),
    };
    let id = head.headers.get("x-request-id").expect("an ID").clone();
    reply.headers.insert("x-request-id", id);
    fault(operation, &mut reply);
    let body = match &reply.body {
        Value::Null => Body::empty(),
        Value::String(raw) => Body::from(raw.clone()),
        body => Body::from(body.to_string()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}

fn failure(error: &ErrorBody) -> Reply {
    Reply {
        status: StatusCode::from_u16(error.error.code).expect("a status"),
        headers: json_headers(),
        body: json!(error),
    }
}

fn json_headers() -> HeaderMap {
    HeaderMap::from_iter([(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    )])
}

/// The reply that the published document shows, which has everything that every reply
/// has, or null.
fn shown(operation: &OperationInfo) -> Value {
    static PUBLISHED: LazyLock<Value> = LazyLock::new(|| contract::published::document(None));
    let method = operation.method.as_str().to_lowercase();
    let responses = &PUBLISHED["paths"][operation.path][method]["responses"];
    let content = &responses[operation.status.as_str()]["content"]["application/json"];
    let examples = content["examples"].as_object();
    let first = examples.and_then(|examples| examples.values().next());
    first
        .map_or(&content["example"], |example| &example["value"])
        .clone()
}

/// What is shown of a user.
fn shown_user() -> Value {
    let mut catalogue = contract::catalogue().iter();
    shown(
        catalogue
            .find(|operation| operation.id == "getUser")
            .expect("it is there"),
    )
}

fn success(operation: &OperationInfo) -> Reply {
    let exchange = recorded(operation.id).expect("every operation is recorded");
    let mut body = shown(operation);
    if let ReplyBody::List(_) = operation.reply.body {
        // An element of a list may be shown abbreviated; the element itself is whole.
        let element = contract::catalogue().iter().find(|other| {
            let rest = other.path.strip_prefix(operation.path);
            other.method == Method::GET
                && rest.is_some_and(|rest| rest.starts_with("/{") && rest.ends_with('}'))
        });
        if let Some(element) = element {
            body = json!([shown(element)]);
        }
    }
    let mut headers = if body.is_null() {
        HeaderMap::new()
    } else {
        json_headers()
    };
    if let Some(location) = exchange.response.header("Location") {
        let mut location = location.to_owned();
        if let Some(id) = body["id"].as_str() {
            let parent = location.rsplit_once('/').expect("a path").0;
            location = format!("{parent}/{id}");
        }
        headers.insert("location", location.parse().expect("ASCII"));
    }
    Reply {
        status: operation.status,
        headers,
        body,
    }
}

async fn verify(
    allow_writes: bool,
    fault: impl Fn(&OperationInfo, &mut Reply) + Send + Sync + 'static,
) -> Report {
    let url = stub(Arc::new(fault)).await;
    let options = Live {
        url,
        token: "t".to_owned(),
        allow_writes,
        ca: None,
    };
    live(&options).await.expect("the stub answers")
}

/// One line for each finding: level, kind, operation and pointer.
fn lines(report: &Report) -> Vec<String> {
    let found = report.findings.iter().map(|finding| {
        let pointer = finding
            .revision
            .as_ref()
            .map_or("", |place| place.pointer.as_str());
        let operation = finding.operation.as_deref().unwrap_or_default();
        format!("{} {operation} {pointer}", finding.id)
            .trim_end()
            .to_owned()
    });
    let mut found: Vec<_> = found.collect();
    found.sort();
    found.dedup();
    found
}

/// Checks that a fault in the replies that succeed of one operation is named,
/// and nothing else is.
#[track_caller]
fn check(operation: &'static str, fault: fn(&mut Reply), expected: &[&str]) {
    let report = block_on(verify(true, move |called, reply| {
        if called.id == operation && reply.status == called.status {
            fault(reply);
        }
    }));
    let mut found = lines(&report);
    found.retain(|line| !line.starts_with("operation-not-tried"));
    assert_eq!(found, expected, "{:#?}", report.findings);
}

/// The same for a fault in the errors of one operation with a status.
#[track_caller]
fn check_error(operation: &'static str, status: u16, fault: fn(&mut Reply), expected: &[&str]) {
    let report = block_on(verify(false, move |called, reply| {
        if called.id == operation && reply.status == status {
            fault(reply);
        }
    }));
    let mut found = lines(&report);
    found.retain(|line| !line.starts_with("operation-not-tried"));
    assert_eq!(found, expected, "{:#?}", report.findings);
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(future)
}

#[test]
fn a_server_without_a_fault_passes() {
    let report = block_on(verify(true, |_, _| {}));
    assert!(lines(&report).is_empty(), "{:#?}", report.findings);
}

#[test]
fn operations_that_write_are_told_as_not_tried() {
    let report = block_on(verify(false, |called, _| {
        assert_eq!(called.method, Method::GET);
    }));
    assert!(!report.fails_on(Level::Warning), "{:#?}", report.findings);
    let writes = contract::catalogue()
        .iter()
        .filter(|operation| operation.method != Method::GET);
    for operation in writes {
        let title = super::check::title(operation);
        let told = report.findings.iter().any(|finding| {
            finding.id == "operation-not-tried"
                && finding.operation.as_deref() == Some(title.as_str())
        });
        assert!(told, "{title} is neither tried nor told");
    }
}

#[test]
fn an_undeclared_property_is_named() {
    check(
        "updateUser",
        |reply| reply.body["settings"]["shoeSize"] = 43.into(),
        &["response-undeclared-property PATCH /users/{user_id} /settings/shoeSize"],
    );
}

#[test]
fn a_missing_required_property_is_named() {
    check(
        "createUser",
        |reply| drop(reply.body.as_object_mut().map(|user| user.remove("email"))),
        &["response-missing-property POST /users /email"],
    );
}

#[test]
fn a_missing_property_that_every_reply_has_is_named() {
    check(
        "updateUser",
        |reply| drop(reply.body.as_object_mut().map(|user| user.remove("role"))),
        &["response-missing-property PATCH /users/{user_id} /role"],
    );
    check_error(
        "getBot",
        404,
        |reply| {
            let error = reply.body["error"].as_object_mut();
            drop(error.map(|error| error.remove("details")));
        },
        &["response-missing-property GET /bots/{bot_id} /error/details"],
    );
}

#[test]
fn null_in_the_place_of_a_property_is_named() {
    check(
        "updateUser",
        |reply| reply.body["phone"] = Value::Null,
        &["response-wrong-type PATCH /users/{user_id} /phone"],
    );
}

#[test]
fn a_missing_required_property_in_a_list_is_named() {
    check(
        "listUsers",
        |reply| {
            let user = reply.body[0].as_object_mut();
            drop(user.map(|user| user.remove("email")));
        },
        &["response-missing-property GET /users /0/email"],
    );
}

#[test]
fn a_value_of_another_type_is_named() {
    check(
        "listUsers",
        |reply| reply.body[0]["phone"] = 31_209_876_543_u64.into(),
        &["response-wrong-type GET /users /0/phone"],
    );
}

#[test]
fn an_unknown_enum_value_is_named() {
    check(
        "getUser",
        |reply| reply.body["settings"]["locale"] = "tlh".into(),
        &["response-unknown-enum-value GET /users/{user_id} /settings/locale"],
    );
}

#[test]
fn a_write_only_property_is_named() {
    check(
        "getUser",
        |reply| reply.body["password"] = "z3krUt".into(),
        &["response-write-only-property GET /users/{user_id} /password"],
    );
}

#[test]
fn a_value_of_another_format_is_named() {
    check(
        "uploadUserAvatar",
        |reply| reply.body["createdAt"] = "yesterday".into(),
        &["response-wrong-format POST /users/{user_id}/avatar /createdAt"],
    );
}

#[test]
fn a_list_that_is_no_list_is_named() {
    check(
        "listUsers",
        |reply| reply.body = json!({ "users": [] }),
        &["response-wrong-type GET /users"],
    );
}

#[test]
fn a_list_longer_than_its_limit_is_named() {
    check(
        "listUsers",
        |reply| reply.body = vec![reply.body[0].clone(); 11].into(),
        &["response-list-too-long GET /users"],
    );
}

#[test]
fn elements_that_are_wrong_alike_are_told_once() {
    check(
        "listUsers",
        |reply| {
            let mut user = reply.body[0].clone();
            user["role"] = "boss".into();
            reply.body = vec![user; 3].into();
        },
        &["response-unknown-enum-value GET /users /0/role"],
    );
}

#[test]
fn another_status_is_named() {
    check(
        "updateUser",
        |reply| reply.status = StatusCode::ACCEPTED,
        &["response-unexpected-status PATCH /users/{user_id}"],
    );
}

#[test]
fn another_content_type_is_named() {
    check(
        "getUser",
        |reply| {
            drop(
                reply
                    .headers
                    .insert("content-type", HeaderValue::from_static("text/html")),
            );
        },
        &["response-wrong-content-type GET /users/{user_id}"],
    );
}

#[test]
fn a_body_that_is_not_json_is_named() {
    check(
        "updateUser",
        |reply| reply.body = "<html>".into(),
        &["response-body-not-json PATCH /users/{user_id}"],
    );
}

#[test]
fn a_missing_location_is_named() {
    check(
        "createUser",
        |reply| drop(reply.headers.remove("location")),
        &["response-wrong-location POST /users"],
    );
}

#[test]
fn a_location_of_something_else_is_named() {
    check(
        "createUser",
        |reply| {
            let other = HeaderValue::from_static("/users/000000000000000000000000");
            reply.headers.insert("location", other);
        },
        &["response-wrong-location POST /users"],
    );
}

#[test]
fn a_link_that_leads_elsewhere_is_named() {
    check(
        "listUsers",
        |reply| {
            let link = "</v2/users?limit=10&offset=7>; rel=\"next\"";
            reply.headers.insert("link", HeaderValue::from_static(link));
        },
        &["response-wrong-link GET /users"],
    );
}

#[test]
fn a_missing_request_id_is_named() {
    check(
        "updateUser",
        |reply| drop(reply.headers.remove("x-request-id")),
        &["response-wrong-request-id PATCH /users/{user_id}"],
    );
}

#[test]
fn an_error_of_another_shape_is_named() {
    check_error(
        "getUser",
        404,
        |reply| reply.body = json!({ "message": "no" }),
        &[
            "response-missing-property GET /users/{user_id} /error",
            "response-undeclared-property GET /users/{user_id} /message",
        ],
    );
}

#[test]
fn an_error_that_contradicts_its_status_is_named() {
    check_error(
        "getUser",
        404,
        |reply| reply.body["error"]["status"] = "INTERNAL".into(),
        &["response-wrong-error-code GET /users/{user_id}"],
    );
}

#[test]
fn a_server_that_asks_for_no_token_is_named() {
    check_error(
        "listUserOrganizations",
        401,
        |reply| {
            reply.status = StatusCode::OK;
            reply.body = json!({ "id": "57c8479433f5d57d3013a0bc", "organizations": [] });
        },
        &["response-unexpected-status GET /users/me/organizations"],
    );
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let options = Live {
        url: "http://127.0.0.1:1".to_owned(),
        token: "t".to_owned(),
        allow_writes: false,
        ca: None,
    };
    let error = block_on(live(&options)).expect_err("nothing listens on port 1");
    assert_eq!(
        error.to_string(),
        "http://127.0.0.1:1/v2/users/me does not answer; is the server up, and is the URL right?"
    );
}

#[test]
fn coverage_tells_what_was_seen_and_what_was_not() {
    let report = block_on(verify(false, |_, _| {}));
    let coverage = report.coverage.expect("a live verification has coverage");
    let has = |all: &[String], name: &str| all.iter().any(|listed| listed == name);
    assert!(has(&coverage.operations.seen, "GET /users"));
    assert!(has(&coverage.operations.unseen, "POST /users"));
    assert!(has(&coverage.statuses.seen, "GET /users/{user_id} 404"));
    assert!(has(&coverage.statuses.unseen, "POST /users 201"));
    assert!(has(&coverage.properties.seen, "UserSettings.locale"));
    assert!(has(&coverage.properties.unseen, "Token.scope"));
    assert!(!has(&coverage.properties.unseen, "User.password"));
    assert!(has(&coverage.enum_values.seen, "Role=agent"));
    assert!(has(&coverage.enum_values.unseen, "Locale=nl"));
}

/// Checks the findings in a HAR file with one entry.
#[track_caller]
fn check_har(
    method: &str,
    url: &str,
    request: &Value,
    status: u16,
    response: &Value,
    expected: &[&str],
) {
    let post_data = json!({ "mimeType": "application/json", "text": request.to_string() });
    check_har_of(method, url, &post_data, status, response, expected);
}

/// Checks the findings in a HAR file with one entry whose request body is given
/// as HAR has it.
#[track_caller]
fn check_har_of(
    method: &str,
    url: &str,
    post_data: &Value,
    status: u16,
    response: &Value,
    expected: &[&str],
) {
    let id = json!({ "name": "X-Request-Id", "value": "r1" });
    let typed = json!({ "name": "Content-Type", "value": "application/json" });
    let sent_as = json!({ "name": "Content-Type", "value": post_data["mimeType"] });
    let entry = json!({
        "request": {
            "method": method,
            "url": url,
            "headers": [sent_as],
            "postData": post_data,
        },
        "response": {
            "status": status,
            "headers": [id, typed],
            "content": { "size": 1, "mimeType": "application/json", "text": response.to_string() },
        },
    });
    let har = json!({ "log": { "version": "1.2", "entries": [entry] } });
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.har");
    std::fs::write(&path, har.to_string()).expect("a file");
    let report = super::har(&path, &Against::Contract).expect("a HAR file");
    assert_eq!(lines(&report), expected, "{:#?}", report.findings);
}

const HOST: &str = "https://api.web1on1.chat/v2";

#[test]
fn a_har_without_a_fault_passes() {
    let patched = json!({ "email": "a@example.com" });
    let url = format!("{HOST}/users/57c8479433f5d57d3013a0bc");
    check_har("PATCH", &url, &patched, 200, &shown_user(), &[]);
}

#[test]
fn requests_and_replies_in_a_har_are_judged() {
    let mut reply = shown_user();
    reply["role"] = "boss".into();
    check_har(
        "PATCH",
        &format!("{HOST}/users/42?dryRun=1"),
        &json!({ "nickname": "x", "role": "boss" }),
        200,
        &reply,
        &[
            "request-undeclared-parameter PATCH /users/{user_id}",
            "request-undeclared-property PATCH /users/{user_id} /nickname",
            "request-unknown-enum-value PATCH /users/{user_id} /role",
            "request-wrong-format PATCH /users/{user_id} /user_id",
            "response-unknown-enum-value PATCH /users/{user_id} /role",
        ],
    );
}

/// Checks the findings of an upload whose part is of this name and type, in
/// either way that HAR has to write it.
#[track_caller]
fn check_har_upload(name: &str, content_type: &str, expected: &[&str]) {
    let url = format!("{HOST}/users/57c8479433f5d57d3013a0bc/avatar");
    let user = shown_user();
    let mime = "multipart/form-data; boundary=b";
    let param = json!({ "name": name, "fileName": "a.png", "contentType": content_type });
    let in_parts = json!({ "mimeType": mime, "params": [param] });
    let text = format!(
        "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\n\
         Content-Type: {content_type}\r\n\r\n\u{fffd}PNG\r\n--b--\r\n"
    );
    let as_text = json!({ "mimeType": mime, "text": text });
    for post_data in [in_parts, as_text] {
        check_har_of("POST", &url, &post_data, 201, &user, expected);
    }
}

#[test]
fn uploads_in_a_har_are_judged_by_their_parts() {
    let wrong = ["request-invalid-upload POST /users/{user_id}/avatar"];
    check_har_upload("file", "image/png", &[]);
    check_har_upload("picture", "image/png", &wrong);
    check_har_upload("file", "text/html", &wrong);
}

#[test]
fn entries_of_no_operation_are_passed_over() {
    check_har(
        "POST",
        "https://stats.example.com/collect",
        &json!({}),
        200,
        &json!({}),
        &["nothing-verified", "traffic-unmatched  /log/entries/0"],
    );
}

#[test]
fn the_recorded_exchanges_differ_only_where_the_vendor_shows_passwords() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/recorded");
    let report =
        super::recorded(directory.as_ref(), &Against::Contract).expect("the recorded exchanges");
    let of_users = lines(&report)
        .into_iter()
        .filter(|line| line.contains("/users"));
    let expected = [
        "response-write-only-property GET /users /response/body/0/password",
        "response-write-only-property GET /users/{user_id} /response/body/password",
        "response-write-only-property PATCH /users/{user_id} /response/body/password",
        "response-write-only-property POST /users /response/body/password",
        "response-write-only-property POST /users/{user_id}/avatar /response/body/password",
    ];
    assert_eq!(of_users.collect::<Vec<_>>(), expected);
}

#[test]
fn a_directory_without_exchanges_is_an_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let error =
        super::recorded(directory.path(), &Against::Contract).expect_err("there is no exchange");
    assert!(
        error.to_string().ends_with("no file ends in .json"),
        "{error}"
    );
}

#[test]
fn every_body_that_is_sent_keeps_the_contract() {
    let mut known = super::plan::Known::new();
    known.insert("email".to_owned(), "a@example.com".to_owned());
    known.insert("password".to_owned(), "correct horse".to_owned());
    known.insert("bot_id".to_owned(), "57c8479433f5d57d3013a0bc".to_owned());
    for operation in contract::catalogue() {
        let Some(document) = operation.body.document() else {
            continue;
        };
        let body = super::plan::body(operation, &known, "run")
            .unwrap_or_else(|missing| panic!("{} lacks {missing}", operation.id));
        let problems = super::schema::request(document).problems(&body);
        assert_eq!(problems, [], "{}: {body:#}", operation.id);
    }
}

#[test]
fn bodies_refer_to_nothing_that_the_run_does_not_know() {
    let operation = contract::find("createUser").expect("an operation");
    let known = |id: &str| [("organization_id".to_owned(), id.to_owned())].into();
    let id = "0123456789abcdef01234567";
    let body = super::plan::body(operation, &known(id), "run").expect("a body");
    assert_eq!(body["organization"], id);
    assert_eq!(body["email"], "verify-run@example.com");
    let body = super::plan::body(operation, &super::plan::Known::new(), "run");
    assert_eq!(body.expect("a body").get("organization"), None);
}
