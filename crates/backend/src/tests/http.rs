//! What every call has in common.

use std::collections::BTreeSet;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::get;

use contract::access::{Anonymous, Authenticated};
use contract::auth::CreateToken;
use contract::operation::Operation;
use contract::users::GetUser;

use super::*;
use crate::access::{Caller, Origin};
use crate::http::{identified, operations};
use crate::resources::Request;

#[test]
fn every_operation_of_the_contract_is_served() {
    let documented: BTreeSet<_> = contract::catalogue()
        .iter()
        .map(|operation| operation.id)
        .collect();
    let served: BTreeSet<_> = operations().iter().map(|route| route.id).collect();
    let missing: Vec<_> = documented.difference(&served).collect();
    assert!(
        missing.is_empty(),
        "write handlers for {missing:?} and list them in `operations` of http/router.rs"
    );
    let unknown: Vec<_> = served.difference(&documented).collect();
    assert!(
        unknown.is_empty(),
        "add {unknown:?} to the catalogue of the contract"
    );
}

#[tokio::test]
async fn every_operation_that_needs_a_token_refuses_a_call_without_one() {
    let api = Api::start().await;
    for operation in contract::catalogue() {
        let path = operation
            .path
            .replace("{user_id}", "me")
            .replace("{organization_id}", &api.organization);
        let reply = api
            .call(
                NOBODY,
                &format!("{} /v2{path}", operation.method),
                Value::Null,
            )
            .await;
        let expected = if operation.authenticated { 401 } else { 400 };
        assert_eq!(reply.status, expected, "{}", operation.id);
    }
}

/// What a handler knows of its caller follows from the operation. So no handler
/// of an operation that needs a token can do without a caller: this does not
/// compile unless every such handler gets one.
#[test]
fn the_handler_of_an_operation_that_needs_a_token_has_a_caller() {
    fn caller<O: Operation<Access = Authenticated>>(request: &Request<O>) -> &Caller {
        &request.caller
    }
    fn nobody<O: Operation<Access = Anonymous>>(request: &Request<O>) -> &Origin {
        &request.caller
    }
    let _: fn(&Request<GetUser>) -> &Caller = caller;
    let _: fn(&Request<CreateToken>) -> &Origin = nobody;
}

#[tokio::test]
async fn a_request_id_is_echoed() {
    let api = Api::start().await;
    let with_id = async |id: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", id.parse().expect("is a header"));
        api.send("GET /v2/users/me", headers, Body::empty())
            .await
            .header("x-request-id")
            .to_owned()
    };
    assert_eq!(with_id("b7a4-3.x_y:z").await, "b7a4-3.x_y:z");
    assert_eq!(
        with_id("a b").await.len(),
        32,
        "one that is not fit for a log is replaced"
    );
    assert_eq!(
        with_id(&"x".repeat(129)).await.len(),
        32,
        "one that is too long is replaced"
    );
}

#[tokio::test]
async fn every_response_has_a_request_id() {
    let api = Api::start().await;
    for path in ["/v2/users/me", "/v2/nothing", "/healthz"] {
        assert_eq!(
            api.get(&api.owner, path).await.header("x-request-id").len(),
            32,
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let api = Api::start().await;
    for path in ["/", "/users", "/v2", "/v2/users/", "/v2/shoes"] {
        api.get(&api.owner, path).await.error(
            404,
            "PATH_UNKNOWN",
            &format!("nothing is served at {path}"),
        );
    }
}

#[tokio::test]
async fn path_variables_are_taken_as_text() {
    let api = Api::start().await;
    for variable in ["..", ".", "a%2Fb", "%2F", "%20", "me%00", "%F0%9F%8E%89"] {
        let path = format!("/v2/users/{variable}");
        api.get(&api.owner, &path).await.violates(&["user_id"]);
    }
    api.get(&api.owner, "/v2/users/%FF")
        .await
        .violates(&["path"]);
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_refused() {
    let api = Api::start().await;
    let reply = api.call(&api.owner, "PUT /v2/users", Value::Null).await;
    let mut allowed: Vec<_> = reply.header("allow").split(',').map(str::trim).collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    reply.error(
        405,
        "METHOD_NOT_ALLOWED",
        "/v2/users does not take PUT; the Allow header names what it takes",
    );
}

#[tokio::test]
async fn the_health_is_told_to_everybody() {
    let api = Api::start().await;
    assert_eq!(
        api.get(NOBODY, "/healthz").await.with_status(200).bytes,
        b"ok\n"
    );
}

async fn create_with(api: &Api, content_type: Option<&str>, body: impl Into<Body>) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::AUTHORIZATION,
        format!("Bearer {}", api.owner)
            .parse()
            .expect("is a header"),
    );
    if let Some(content_type) = content_type {
        headers.insert(
            header::CONTENT_TYPE,
            content_type.parse().expect("is a header"),
        );
    }
    api.send("POST /v2/users", headers, body).await
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let api = Api::start().await;
    create_with(
        &api,
        Some("application/x-www-form-urlencoded"),
        "email=a@example.com",
    )
    .await
    .error(
        415,
        "CONTENT_TYPE_UNSUPPORTED",
        "the body must be `application/json`, and Content-Type says \
        `application/x-www-form-urlencoded`",
    );
}

#[tokio::test]
async fn json_goes_by_several_types() {
    let api = Api::start().await;
    let types = [
        Some("application/json; charset=utf-8"),
        Some("APPLICATION/JSON"),
        Some("application/merge-patch+json"),
        None,
    ];
    for (n, content_type) in types.into_iter().enumerate() {
        let body = json!({"email": format!("user{n}@example.com")}).to_string();
        create_with(&api, content_type, body).await.created();
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let api = Api::start().await;
    for body in ["", "{\"email\": ", "email=a@example.com", "\u{feff}{}"] {
        create_with(&api, Some("application/json"), body)
            .await
            .violates(&[""]);
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let api = Api::start().await;
    let body = json!({"email": "a@example.com", "meta": {"x": "x".repeat(1 << 20)}}).to_string();
    let message = "the body is too large: 1 MiB is the most that is read";
    create_with(&api, None, body.clone())
        .await
        .error(413, "BODY_TOO_LARGE", message);
    // Without a length in advance it is found out while reading.
    let chunks = body
        .into_bytes()
        .chunks(1 << 16)
        .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
        .collect::<Vec<_>>();
    let stream = Body::from_stream(tokio_stream::iter(chunks));
    create_with(&api, None, stream)
        .await
        .error(413, "BODY_TOO_LARGE", message);
}

#[tokio::test]
async fn a_handler_that_panics_is_answered_for() {
    let router = Router::new()
        .route(
            "/",
            get(async || -> String { panic!("a defect with secret details") }),
        )
        .layer(from_fn(identified));
    let response = router
        .oneshot(::http::Request::new(Body::empty()))
        .await
        .expect("never fails");
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX)
        .await
        .expect("can be read")
        .to_vec();
    check_at_fault(Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        bytes,
    });
}

/// Makes every user's document what `sql` makes of it, behind the backend's back.
async fn damage_users(api: &Api, sql: &'static str) {
    let mut connection = api.backend.app.store.write().await.expect("begins");
    connection.execute(sql, Vec::new()).await.expect("writes");
    store::commit(connection).await.expect("commits");
}

/// Checks that the server takes the blame, without a word on what is wrong.
#[track_caller]
fn check_at_fault(reply: Reply) {
    reply.error(
        500,
        "INTERNAL",
        "something went wrong on the server; its log tells more about this request",
    );
}

#[tokio::test]
async fn a_database_in_disorder_is_not_explained_to_the_caller() {
    let api = Api::start().await;
    damage_users(&api, "UPDATE users SET document = '{'").await;
    check_at_fault(api.get(&api.owner, "/v2/users/me").await);
}

#[tokio::test]
async fn what_was_stored_before_a_rule_does_not_stand_in_the_way_of_a_patch() {
    let api = Api::start().await;
    let sql = "UPDATE users SET document = REPLACE(document, 'jeff@jeffdoe.com', 'nowhere')";
    damage_users(&api, sql).await;
    let patch = json!({"givenName": "Jeff"});
    let changed = api.patch("users/me", patch).await.ok();
    assert_eq!(
        (&changed["givenName"], &changed["email"]),
        (&json!("Jeff"), &json!("nowhere"))
    );
    api.patch("users/me", json!({"email": "nowhere"}))
        .await
        .violates(&["email"]);
    let repair = json!({"email": "jeff@jeffdoe.com"});
    api.patch("users/me", repair).await.ok();
}

#[tokio::test]
async fn a_stored_document_of_another_resource_is_no_conflict() {
    let api = Api::start().await;
    let form = api.create("forms", json!({"name": "Contact"})).await;
    let id = text(&form["id"]);
    let mut connection = api.backend.app.store.write().await.expect("begins");
    let damage = "UPDATE forms SET document = REPLACE(document, '\"id\":', '\"gone\":')";
    connection
        .execute(damage, Vec::new())
        .await
        .expect("writes");
    store::commit(connection).await.expect("commits");
    let patch = json!({"name": "Contact us"});
    check_at_fault(api.patch(&format!("forms/{id}"), patch).await);
}
