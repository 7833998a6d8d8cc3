//! Who sees and changes whom.

use super::*;

/// Calls `line` with `body` as `token`, and checks the status.
pub(super) async fn check(api: &Api, token: &str, line: &str, body: Value, status: u16) {
    let reply = api.call(token, line, body.clone()).await;
    assert_eq!(
        reply.status,
        status,
        "{line} {body}: {}",
        String::from_utf8_lossy(&reply.bytes)
    );
}

#[tokio::test]
async fn a_user_of_another_organization_does_not_exist() {
    let api = Api::start().await;
    let (_, stranger) = api.stranger().await;
    let path = format!("/v2/users/{}", stranger.id);
    check(&api, &api.owner, &format!("GET {path}"), Value::Null, 404).await;
    check(
        &api,
        &api.owner,
        &format!("PATCH {path}"),
        json!({"phone": "1"}),
        404,
    )
    .await;
    check(
        &api,
        &api.owner,
        &format!("DELETE {path}"),
        Value::Null,
        404,
    )
    .await;
    check(
        &api,
        &api.owner,
        &format!("DELETE {path}/avatar"),
        Value::Null,
        404,
    )
    .await;
    check(
        &api,
        &api.owner,
        &format!("DELETE {path}/organizations/{}", api.organization),
        Value::Null,
        404,
    )
    .await;
    let seen = api.get(&api.owner, "/v2/users").await.ok();
    assert_eq!(seen.as_array().map(Vec::len), Some(1), "{seen}");
}

#[tokio::test]
async fn organizations_below_are_seen_and_those_above_are_not() {
    let api = Api::start().await;
    let middle = api.organization_below(&api.organization).await;
    let bottom = api.organization_below(&middle).await;
    let anna = api
        .person("anna", json!({"organization": middle, "role": "admin"}))
        .await;
    let bert = api.person("bert", json!({"organization": bottom})).await;
    check(
        &api,
        &api.owner,
        &format!("GET /v2/users/{}", bert.id),
        Value::Null,
        200,
    )
    .await;
    check(
        &api,
        &anna.token,
        &format!("GET /v2/users/{}", bert.id),
        Value::Null,
        200,
    )
    .await;
    check(
        &api,
        &anna.token,
        &format!("GET /v2/users/{}", api.owner_id),
        Value::Null,
        404,
    )
    .await;
    check(
        &api,
        &bert.token,
        &format!("GET /v2/users/{}", anna.id),
        Value::Null,
        404,
    )
    .await;
    let seen = api.get(&anna.token, "/v2/users").await.ok();
    let seen: Vec<_> = seen
        .as_array()
        .expect("is a list")
        .iter()
        .map(|user| text(&user["id"]))
        .collect();
    assert_eq!(seen, [anna.id, bert.id]);
}

#[tokio::test]
async fn users_are_created_in_managed_organizations_only() {
    let api = Api::start().await;
    let (elsewhere, _) = api.stranger().await;
    let body = json!({"email": "anna@example.com", "organization": elsewhere});
    let message = format!("you do not manage organization {elsewhere}");
    api.call(&api.owner, "POST /v2/users", body)
        .await
        .error(403, "PERMISSION_DENIED", &message);
}

#[tokio::test]
async fn users_are_moved_to_managed_organizations_only() {
    let api = Api::start().await;
    let (elsewhere, _) = api.stranger().await;
    let anna = api.person("anna", json!({})).await;
    let line = format!("PATCH /v2/users/{}", anna.id);
    check(
        &api,
        &api.owner,
        &line,
        json!({"organization": elsewhere}),
        403,
    )
    .await;
    check(
        &api,
        &api.owner,
        "PATCH /v2/users/me",
        json!({"organization": elsewhere}),
        403,
    )
    .await;
}

#[tokio::test]
async fn guests_only_read() {
    let api = Api::start().await;
    let guest = api.person("guest", json!({"role": "guest"})).await;
    check(&api, &guest.token, "GET /v2/users", Value::Null, 200).await;
    check(
        &api,
        &guest.token,
        "PATCH /v2/users/me",
        json!({"phone": "1"}),
        403,
    )
    .await;
    check(
        &api,
        &guest.token,
        "POST /v2/users",
        json!({"email": "a@example.com"}),
        403,
    )
    .await;
}

#[tokio::test]
async fn agents_change_themselves_only() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    let bert = api.person("bert", json!({})).await;
    check(
        &api,
        &anna.token,
        "PATCH /v2/users/me",
        json!({"phone": "1"}),
        200,
    )
    .await;
    check(
        &api,
        &anna.token,
        &format!("PATCH /v2/users/{}", bert.id),
        json!({"phone": "1"}),
        403,
    )
    .await;
    check(
        &api,
        &anna.token,
        &format!("DELETE /v2/users/{}", bert.id),
        Value::Null,
        403,
    )
    .await;
    check(&api, &anna.token, "DELETE /v2/users/me", Value::Null, 403).await;
    check(
        &api,
        &anna.token,
        "POST /v2/users",
        json!({"email": "c@example.com"}),
        403,
    )
    .await;
}

#[tokio::test]
async fn agents_change_neither_their_role_nor_their_status() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    check(
        &api,
        &anna.token,
        "PATCH /v2/users/me",
        json!({"role": "admin"}),
        403,
    )
    .await;
    check(
        &api,
        &anna.token,
        "PATCH /v2/users/me",
        json!({"status": "active"}),
        403,
    )
    .await;
    // What stays as it is may be sent along.
    check(
        &api,
        &anna.token,
        "PATCH /v2/users/me",
        json!({"role": "agent", "status": "queued"}),
        200,
    )
    .await;
}

#[tokio::test]
async fn nobody_grants_a_role_above_their_own() {
    let api = Api::start().await;
    let admin = api.person("admin", json!({"role": "admin"})).await;
    let anna = api.person("anna", json!({})).await;
    let body = json!({"email": "b@example.com", "role": "owner"});
    let message = "you are of role admin and may not grant the role owner";
    api.call(&admin.token, "POST /v2/users", body)
        .await
        .error(403, "PERMISSION_DENIED", message);
    check(
        &api,
        &admin.token,
        &format!("PATCH /v2/users/{}", anna.id),
        json!({"role": "owner"}),
        403,
    )
    .await;
    check(
        &api,
        &admin.token,
        "PATCH /v2/users/me",
        json!({"role": "owner"}),
        403,
    )
    .await;
    check(
        &api,
        &admin.token,
        &format!("PATCH /v2/users/{}", anna.id),
        json!({"role": "admin"}),
        200,
    )
    .await;
}

#[tokio::test]
async fn nobody_changes_a_user_above_themselves() {
    let api = Api::start().await;
    let admin = api.person("admin", json!({"role": "admin"})).await;
    let path = format!("/v2/users/{}", api.owner_id);
    check(
        &api,
        &admin.token,
        &format!("PATCH {path}"),
        json!({"password": "taken over"}),
        403,
    )
    .await;
    check(
        &api,
        &admin.token,
        &format!("DELETE {path}"),
        Value::Null,
        403,
    )
    .await;
    check(
        &api,
        &admin.token,
        &format!("DELETE {path}/avatar"),
        Value::Null,
        403,
    )
    .await;
}

#[tokio::test]
async fn a_member_of_an_organization_elsewhere_is_seen_but_not_changed() {
    let api = Api::start().await;
    let (_, stranger) = api.stranger().await;
    api.join(&stranger.id, &api.organization, Role::Agent).await;
    let path = format!("/v2/users/{}", stranger.id);
    check(&api, &api.owner, &format!("GET {path}"), Value::Null, 200).await;
    check(
        &api,
        &api.owner,
        &format!("PATCH {path}"),
        json!({"password": "taken over"}),
        403,
    )
    .await;
    check(
        &api,
        &api.owner,
        &format!("DELETE {path}"),
        Value::Null,
        403,
    )
    .await;
}

#[tokio::test]
async fn a_refusal_does_not_tell_the_role_in_an_organization_elsewhere() {
    let api = Api::start().await;
    let (_, stranger) = api.stranger().await;
    api.join(&stranger.id, &api.organization, Role::Agent).await;
    let admin = api.person("admin", json!({"role": "admin"})).await;
    let line = format!("PATCH /v2/users/{}", stranger.id);
    let refused = api.call(&admin.token, &line, json!({"phone": "1"})).await;
    let message = "the user is also a member of an organization that you do not manage";
    refused.error(403, "PERMISSION_DENIED", message);
}
