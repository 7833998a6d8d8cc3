//! Which organizations a user is a member of, and how that ends.

use super::tenancy::check;
use super::*;

#[tokio::test]
async fn a_user_knows_its_organizations() {
    let api = Api::start().await;
    let mine = api.get(&api.owner, "/v2/users/me/organizations").await.ok();
    let entry = json!({"organization": api.organization, "role": "owner", "selected": true});
    assert_eq!(mine, json!({"id": api.owner_id, "organizations": [entry]}));
}

#[tokio::test]
async fn a_user_who_moves_stays_a_member() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    let anna = api.person("anna", json!({"role": "admin"})).await;
    let line = format!("PATCH /v2/users/{}", anna.id);
    api.call(
        &api.owner,
        &line,
        json!({"organization": below, "role": "agent"}),
    )
    .await
    .ok();
    let organizations = api
        .get(&anna.token, "/v2/users/me/organizations")
        .await
        .ok()["organizations"]
        .clone();
    assert_eq!(
        organizations,
        json!([
            {"organization": api.organization, "role": "admin", "selected": false},
            {"organization": below, "role": "agent", "selected": true},
        ]),
    );
}

#[tokio::test]
async fn a_member_can_move_back_to_the_role_it_had() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    let anna = api.person("anna", json!({"role": "admin"})).await;
    let line = format!("PATCH /v2/users/{}", anna.id);
    api.call(
        &api.owner,
        &line,
        json!({"organization": below, "role": "agent"}),
    )
    .await
    .ok();
    let body = json!({"organization": api.organization});
    assert_eq!(
        api.call(&anna.token, "PATCH /v2/users/me", body).await.ok()["role"],
        "admin"
    );
}

#[tokio::test]
async fn power_in_one_organization_is_none_in_another() {
    let api = Api::start().await;
    let (elsewhere, stranger) = api.stranger().await;
    api.join(&stranger.id, &api.organization, Role::Agent).await;
    let moved = json!({"organization": api.organization, "role": "admin"});
    check(&api, &stranger.token, "PATCH /v2/users/me", moved, 403).await;
    let moved = json!({"organization": api.organization});
    let user = api
        .call(&stranger.token, "PATCH /v2/users/me", moved)
        .await
        .ok();
    assert_eq!(user["role"], "agent");
    let back = json!({"organization": elsewhere, "role": "agent"});
    assert_eq!(
        api.call(&stranger.token, "PATCH /v2/users/me", back)
            .await
            .ok()["role"],
        "owner"
    );
}

#[tokio::test]
async fn a_membership_can_be_removed() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    let anna = api.person("anna", json!({})).await;
    api.join(&anna.id, &below, Role::Agent).await;
    let line = format!("DELETE /v2/users/{}/organizations/{below}", anna.id);
    api.call(&api.owner, &line, Value::Null).await.no_content();
    let message = format!("the user is not a member of organization {below}");
    api.call(&api.owner, &line, Value::Null)
        .await
        .error(404, "NOT_FOUND", &message);
}

#[tokio::test]
async fn a_member_can_leave() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    let anna = api.person("anna", json!({})).await;
    api.join(&anna.id, &below, Role::Agent).await;
    let line = format!("DELETE /v2/users/me/organizations/{below}");
    api.call(&anna.token, &line, Value::Null).await.no_content();
}

#[tokio::test]
async fn agents_remove_nobody_else() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    let anna = api.person("anna", json!({})).await;
    let bert = api.person("bert", json!({})).await;
    api.join(&anna.id, &below, Role::Agent).await;
    let line = format!("DELETE /v2/users/{}/organizations/{below}", anna.id);
    check(&api, &bert.token, &line, Value::Null, 403).await;
}

#[tokio::test]
async fn the_organization_that_a_user_belongs_to_is_not_removed() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    let line = format!(
        "DELETE /v2/users/{}/organizations/{}",
        anna.id, api.organization
    );
    let reply = api
        .call(&api.owner, &line, Value::Null)
        .await
        .with_status(400)
        .json();
    assert_eq!(
        detail(&reply, "ErrorInfo")["reason"],
        "ORGANIZATION_SELECTED"
    );
}

#[tokio::test]
async fn a_membership_elsewhere_is_nobody_elses_business() {
    let api = Api::start().await;
    let (elsewhere, _) = api.stranger().await;
    let anna = api.person("anna", json!({})).await;
    api.join(&anna.id, &elsewhere, Role::Agent).await;
    let line = format!("DELETE /v2/users/{}/organizations/{elsewhere}", anna.id);
    check(&api, &api.owner, &line, Value::Null, 404).await;
}

#[tokio::test]
async fn the_last_owner_of_an_organization_does_not_leave_it() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    api.join(&api.owner_id, &below, Role::Owner).await;
    let line = format!("DELETE /v2/users/me/organizations/{below}");
    let reply = api
        .call(&api.owner, &line, Value::Null)
        .await
        .with_status(400)
        .json();
    assert_eq!(detail(&reply, "ErrorInfo")["reason"], "LAST_OWNER");
}
