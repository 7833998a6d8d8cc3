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
async fn the_last_organization_of_a_user_is_not_removed() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    let organization = &api.organization;
    let message = format!(
        "the user is a member of no organization in use but {organization}; move it to another \
         one first, or delete it"
    );
    api.delete(&format!("users/{}/organizations/{organization}", anna.id))
        .await
        .error(400, "LAST_ORGANIZATION", &message);
}

#[tokio::test]
async fn who_loses_the_organization_it_belongs_to_belongs_to_another_one() {
    let api = Api::start().await;
    let closed = api.organization_below(&api.organization).await;
    let below = api.organization_below(&api.organization).await;
    let anna = api.person("anna", json!({"role": "admin"})).await;
    api.join(&anna.id, &closed, Role::Agent).await;
    api.join(&anna.id, &below, Role::Agent).await;
    api.delete(&format!("organizations/{closed}"))
        .await
        .no_content();
    let line = format!("users/{}/organizations/{}", anna.id, api.organization);
    api.delete(&line).await.no_content();
    let user = api.read(&format!("users/{}", anna.id)).await.ok();
    assert_eq!(
        (&user["organization"], &user["role"]),
        (&json!(below), &json!("agent"))
    );
    assert_eq!(user["status"], "active");
    // It does not go on acting with what it had.
    api.get(&anna.token, "/v2/users/me")
        .await
        .error(401, "TOKEN_INVALID", "invalid token");
    let token = api.log_in("anna@example.com", "anna").await.created();
    assert_eq!(token["organization"], below);
}

#[tokio::test]
async fn with_a_membership_sessions_end() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    let anna = api.person("anna", json!({})).await;
    api.join(&anna.id, &below, Role::Agent).await;
    let line = format!("users/{}/organizations/{below}", anna.id);
    api.delete(&line).await.no_content();
    api.get(&anna.token, "/v2/users/me")
        .await
        .error(401, "TOKEN_INVALID", "invalid token");
}

#[tokio::test]
async fn a_user_has_a_status_in_each_of_its_organizations() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    let anna = api.person("anna", json!({"status": "invited"})).await;
    let path = format!("users/{}", anna.id);
    let moved = json!({"organization": below, "status": "active"});
    assert_eq!(api.patch(&path, moved).await.ok()["status"], "active");
    let back = json!({"organization": api.organization});
    assert_eq!(api.patch(&path, back).await.ok()["status"], "invited");
    let again = json!({"organization": below});
    assert_eq!(api.patch(&path, again).await.ok()["status"], "active");
}

#[tokio::test]
async fn a_user_who_belongs_elsewhere_is_seen_as_a_member() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    let bert = api
        .person("bert", json!({"organization": below, "role": "admin"}))
        .await;
    let anna = api
        .person(
            "anna",
            json!({
                "organization": below,
                "status": "active",
                "role": "agent",
                "givenName": "Anna",
                "phone": "+31209876543",
                "meta": {"secret": "plan"},
                "settings": {"cannedResponses": ["Hello"]},
            }),
        )
        .await;
    let path = format!("/v2/users/{}", anna.id);
    assert_eq!(
        api.get(&bert.token, &path).await.ok()["phone"],
        "+31209876543"
    );
    let up = json!({"organization": api.organization, "role": "admin"});
    api.patch(&format!("users/{}", anna.id), up).await.ok();

    let expected = json!({
        "id": anna.id,
        "givenName": "Anna",
        "displayName": "Anna",
        "email": "anna@example.com",
        "organization": below,
        "role": "agent",
        "status": "active",
        "createdAt": START,
    });
    assert_eq!(api.get(&bert.token, &path).await.ok(), expected);
    for (query, is_there) in [
        ("", true),
        ("?role=agent", true),
        ("?role=admin&sort=phone", false),
        ("?sort=lastLogin&email=anna@example.com", true),
        (&format!("?organization={below}&sort=role"), true),
        (&format!("?organization={}", api.organization), false),
    ] {
        let list = api
            .get(&bert.token, &format!("/v2/users{query}"))
            .await
            .ok();
        let found = list.as_array().into_iter().flatten();
        let found: Vec<_> = found.filter(|user| user["id"] == anna.id).collect();
        let wanted = if is_there {
            vec![&expected]
        } else {
            Vec::new()
        };
        assert_eq!(found, wanted, "{query}");
    }
    // Who sees where it belongs sees all of it.
    assert_eq!(
        api.read(&format!("users/{}", anna.id)).await.ok()["phone"],
        "+31209876543"
    );
}

#[tokio::test]
async fn who_is_restored_is_so_in_every_organization() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    let there = api
        .person("there", json!({"role": "owner", "organization": below}))
        .await;
    let anna = api.person("anna", json!({"organization": below})).await;
    let path = format!("users/{}", anna.id);
    api.delete(&path).await.no_content();
    let moved = json!({"organization": api.organization});
    api.patch(&path, moved).await.ok();
    api.patch(&path, json!({"status": "active"})).await.ok();
    let seen = api.get(&there.token, &format!("/v2/{path}")).await.ok();
    assert_eq!(seen["status"], "active");
}
