//! What callers see of an upstream that misbehaves, and what an upstream sees
//! of callers.

use std::sync::Arc;

use axum::body::Body;
use http::Response;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use proto::v2::user_service_client::UserServiceClient;
use proto::v2::{DeleteUserRequest, GetUserRequest, User};
use serde_json::json;
use tokio::sync::Notify;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::stub::Stub;

fn me() -> GetUserRequest {
    GetUserRequest {
        user_id: "me".to_owned(),
    }
}

async fn get_me(stub: &Stub) -> Result<User, Status> {
    let mut users = UserServiceClient::new(stub.channel.clone());
    let reply = users.get_user(me()).await?.into_inner();
    Ok(reply.user.expect("OK comes with a user"))
}

#[track_caller]
fn check(result: Result<User, Status>, code: Code, reason: &str) -> (Status, ErrorDetails) {
    let status = result.expect_err("the upstream's fault was taken for an answer");
    assert_eq!(status.code(), code, "{status}");
    let details = status.get_error_details();
    let found = details
        .error_info()
        .map(|info| info.reason.clone())
        .unwrap_or_default();
    assert_eq!(found, reason, "{status}");
    (status, details)
}

const VIOLATION: &str = "UPSTREAM_CONTRACT_VIOLATION";

#[tokio::test]
async fn html_is_no_answer() {
    let stub = Stub::answering(200, "text/html", "<html>Please log in</html>").await;
    let (status, _) = check(get_me(&stub).await, Code::Internal, VIOLATION);
    assert!(
        !status.message().contains("log in"),
        "the body leaked: {status}"
    );
}

#[tokio::test]
async fn truncated_json_is_no_answer() {
    let stub = Stub::answering_json(r#"{"id": "1", "email": "a@b"#).await;
    let (_, details) = check(get_me(&stub).await, Code::Internal, VIOLATION);
    let path = details
        .error_info()
        .and_then(|info| info.metadata.get("path").cloned());
    assert_eq!(path.as_deref(), Some("$.email"));
}

#[tokio::test]
async fn an_empty_body_is_no_answer() {
    for status in [200, 204] {
        let stub = Stub::answering(status, "application/json", "").await;
        check(get_me(&stub).await, Code::Internal, VIOLATION);
    }
}

#[tokio::test]
async fn a_byte_order_mark_hides_nothing() {
    let stub = Stub::answering_json("\u{FEFF}{\"email\": \"a@b.example\"}").await;
    let user = get_me(&stub).await.expect("a mark may be ignored");
    assert_eq!(user.email(), "a@b.example");
    let stub = Stub::answering_json("\u{FEFF}").await;
    check(get_me(&stub).await, Code::Internal, VIOLATION);
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_named() {
    let stub = Stub::answering_json(r#"{"settings": {"notifications": ["a", 7]}}"#).await;
    let (status, _) = check(get_me(&stub).await, Code::Internal, VIOLATION);
    assert!(
        status
            .message()
            .contains("$.settings.notifications[1]: expected a string, found a number"),
        "{status}"
    );
}

#[tokio::test]
async fn a_null_in_a_list_is_not_dropped() {
    let stub = Stub::answering_json(r#"{"settings": {"notifications": ["a", null]}}"#).await;
    check(get_me(&stub).await, Code::Internal, VIOLATION);
}

#[tokio::test]
async fn an_upstream_that_hangs_up_is_unavailable() {
    let stub = Stub::sending(b"").await;
    check(
        get_me(&stub).await,
        Code::Unavailable,
        "UPSTREAM_CONNECTION_LOST",
    );
    let cut_short = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\": \"1\"";
    let stub = Stub::sending(cut_short).await;
    check(
        get_me(&stub).await,
        Code::Unavailable,
        "UPSTREAM_REPLY_BROKEN",
    );
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_unavailable() {
    let stub = Stub::absent().await;
    let (_, details) = check(
        get_me(&stub).await,
        Code::Unavailable,
        "UPSTREAM_UNAVAILABLE",
    );
    assert!(
        details.retry_info().is_some(),
        "a retry makes sense and is not suggested"
    );
}

/// The upstream never answers; that its request is dropped is seen by the guard
/// in its handler.
#[tokio::test]
async fn a_late_upstream_exceeds_the_deadline_and_is_abandoned() {
    struct Dropped(Arc<Notify>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let dropped = Arc::new(Notify::new());
    let guard = Arc::clone(&dropped);
    let stub = Stub::start(move |_| {
        let guard = Dropped(Arc::clone(&guard));
        async move {
            let _guard = guard;
            std::future::pending::<Response<Body>>().await
        }
    })
    .await;
    let mut request = Request::new(me());
    request
        .metadata_mut()
        .insert("grpc-timeout", "200m".parse().expect("ASCII"));
    // tonic's own channel would keep the deadline itself, and say CANCELLED.
    let client = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let origin = stub.gateway.parse().expect("the address is a URL");
    let result = UserServiceClient::with_origin(client, origin)
        .get_user(request)
        .await;
    let result = result.map(|reply| reply.into_inner().user.unwrap_or_default());
    check(result, Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
    dropped.notified().await;
}

#[tokio::test]
async fn not_found_is_not_unimplemented() {
    let stub = Stub::answering(404, "text/plain", "no such page").await;
    let (status, _) = check(get_me(&stub).await, Code::NotFound, "UPSTREAM_HTTP_404");
    assert_eq!(status.message(), "the upstream answered 404 Not Found");
}

#[tokio::test]
async fn a_large_error_does_not_bury_its_code() {
    let message = "ü".repeat(32 << 10);
    let body = json!({"error": {"code": 409, "status": "ABORTED", "message": message}});
    let stub = Stub::answering(409, "application/json", body.to_string()).await;
    check(get_me(&stub).await, Code::Aborted, "UPSTREAM_HTTP_409");
}

#[tokio::test]
async fn a_body_where_none_is_declared_is_no_fault() {
    let stub = Stub::answering_json(r#"{"id": "1"}"#).await;
    let mut users = UserServiceClient::new(stub.channel.clone());
    let request = DeleteUserRequest {
        user_id: "1".to_owned(),
    };
    users
        .delete_user(request.clone())
        .await
        .expect("a deleted user may be returned");

    let stub = Stub::answering(200, "text/html", "<html>").await;
    let mut users = UserServiceClient::new(stub.channel.clone());
    let status = users
        .delete_user(request)
        .await
        .expect_err("something else has answered");
    assert_eq!(status.code(), Code::Internal);
}

#[tokio::test]
async fn properties_and_values_that_nobody_declared_do_no_harm() {
    let body = r#"{"email": "a@b.example", "role": "janitor", "shoeSize": 43}"#;
    let user = get_me(&Stub::answering_json(body).await)
        .await
        .expect("it is an answer");
    assert_eq!((user.email(), user.role), ("a@b.example", Some(0)));
}

#[tokio::test]
async fn headers_of_the_hop_stay_behind() {
    let stub = Stub::answering_json("{}").await;
    let mut request = Request::new(me());
    for (name, value) in [
        ("authorization", "Bearer t"),
        ("x-request-id", "my-request"),
        (
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        ("grpc-timeout", "10S"),
        ("x-forwarded-for", "10.0.0.1"),
        ("cookie", "a=b"),
    ] {
        request
            .metadata_mut()
            .insert(name, value.parse().expect("ASCII"));
    }
    let mut users = UserServiceClient::new(stub.channel.clone());
    let reply = users.get_user(request).await.expect("an answer");
    let request_id = reply
        .metadata()
        .get("x-request-id")
        .map(|id| id.to_str().expect("ASCII"));
    assert_eq!(request_id, Some("my-request"));

    let seen = stub.only_request();
    let names: Vec<_> = seen.headers.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "accept",
            "accept-encoding",
            "authorization",
            "host",
            "traceparent",
            "x-request-id"
        ]
    );
    assert!(seen.body.is_empty(), "a GET carries no body");
}

#[tokio::test]
async fn a_request_without_an_id_is_given_one() {
    let stub = Stub::answering_json("{}").await;
    let mut users = UserServiceClient::new(stub.channel.clone());
    let reply = users.get_user(me()).await.expect("an answer");
    let given = reply.metadata().get("x-request-id").expect("an id");
    let sent = &stub.only_request().headers["x-request-id"];
    assert_eq!(given.to_str().expect("ASCII"), sent);
    assert_eq!(sent.len(), 32);
}

#[tokio::test]
async fn compressed_requests_are_understood() {
    let stub = Stub::answering_json("{}").await;
    let mut users =
        UserServiceClient::new(stub.channel.clone()).send_compressed(CompressionEncoding::Gzip);
    let request = GetUserRequest {
        user_id: "x".repeat(10_000),
    };
    users.get_user(request).await.expect("an answer");
    assert_eq!(
        stub.only_request().path,
        format!("/v2/users/{}", "x".repeat(10_000))
    );
}

#[tokio::test]
async fn values_that_are_no_path_never_leave() {
    let stub = Stub::answering_json("{}").await;
    let mut users = UserServiceClient::new(stub.channel.clone());
    for user_id in ["", ".", ".."] {
        let request = GetUserRequest {
            user_id: user_id.to_owned(),
        };
        let status = users
            .get_user(request)
            .await
            .expect_err("it is no segment of a path");
        assert_eq!(status.code(), Code::InvalidArgument, "for {user_id:?}");
    }
    assert!(stub.is_untouched(), "a request went out all the same");
}

#[tokio::test]
async fn reserved_bytes_stay_in_their_segment() {
    for (user_id, path) in [
        ("a/b", "/v2/users/a%2Fb"),
        ("%2F", "/v2/users/%252F"),
        ("?#", "/v2/users/%3F%23"),
    ] {
        let stub = Stub::answering_json("{}").await;
        let mut users = UserServiceClient::new(stub.channel.clone());
        let request = GetUserRequest {
            user_id: user_id.to_owned(),
        };
        users.get_user(request).await.expect("an answer");
        assert_eq!(stub.only_request().path, path);
    }
}
