//! Organization groups and their members.

use contract::organization_groups::{MAX_MEMBERS, OrganizationGroup};

use super::*;

/// A backend, two organizations, and the path of a group with the first one.
async fn start() -> (Api, String, String, String) {
    let api = Api::start().await;
    let one = api.organization_below(&api.organization).await;
    let other = api.organization_below(&api.organization).await;
    let group = json!({"name": "Realtors", "members": [one]});
    let group = api.create("orggroups", group).await;
    let path = format!("orggroups/{}", text(&group["id"]));
    (api, one, other, path)
}

#[tokio::test]
async fn members_are_added_and_removed() {
    let (api, one, other, path) = start().await;
    let line = format!("POST /v2/{path}/members");
    let added = api.call(&api.owner, &line, json!([other, one])).await;
    assert_eq!(added.header("location"), format!("/v2/{path}"));
    assert_eq!(added.created(), json!([one, other]));
    api.delete(&format!("{path}/members/{one}"))
        .await
        .no_content();
    let members = api.read(&format!("{path}/members")).await.ok();
    assert_eq!(members, json!([other]));
    assert_eq!(api.read(&path).await.ok()["members"], json!([other]));
}

#[tokio::test]
async fn members_come_in_pages() {
    let (api, one, other, path) = start().await;
    api.patch(&path, json!({"members": [other, one, other]}))
        .await
        .ok();
    let page = api.read(&format!("{path}/members?limit=1")).await;
    let next = format!("<http://backend.test/v2/{path}/members?limit=1&offset=1>; rel=\"next\"");
    assert_eq!(page.header("link"), next);
    assert_eq!(page.ok(), json!([other]));
    let page = api
        .read(&format!("{path}/members?limit=1&offset=1"))
        .await
        .ok();
    assert_eq!(page, json!([one]));
}

#[tokio::test]
async fn a_member_must_be_visible() {
    let (api, one, _, path) = start().await;
    let (elsewhere, _) = api.stranger().await;
    let line = format!("POST /v2/{path}/members");
    api.call(&api.owner, &line, json!([one, elsewhere]))
        .await
        .violates(&["[1]"]);
    let members = json!({"members": [elsewhere]});
    api.patch(&path, members.clone())
        .await
        .violates(&["members[0]"]);
    let mut group = members;
    group["name"] = "Realtors".into();
    api.call(&api.owner, "POST /v2/orggroups", group)
        .await
        .violates(&["members[0]"]);
}

#[tokio::test]
async fn an_organization_that_is_no_member_cannot_be_removed() {
    let (api, _, other, path) = start().await;
    let message = format!("organization {other} is not a member of the group");
    api.delete(&format!("{path}/members/{other}"))
        .await
        .error(404, "NOT_FOUND", &message);
}

#[tokio::test]
async fn a_deleted_group_is_gone_and_its_members_stay() {
    let (api, one, _, path) = start().await;
    api.delete(&path).await.no_content();
    assert_eq!(api.read(&path).await.status, 404);
    assert_eq!(api.delete(&path).await.status, 404);
    api.read(&format!("organizations/{one}")).await.ok();
}

#[tokio::test]
async fn a_group_that_is_full_takes_no_more() {
    let api = Api::start().await;
    let members = (0..MAX_MEMBERS).map(|number| object_id(&format!("b{number:023x}")));
    let group = OrganizationGroup {
        id: Some(object_id(&"a".repeat(24))),
        name: "All".to_owned(),
        organization: Some(object_id(&api.organization)),
        members: Some(members.collect()),
        ..OrganizationGroup::default()
    };
    let mut transaction = api.backend.app.store.write().await.expect("begins");
    store::insert(&mut transaction, &group)
        .await
        .expect("inserts");
    store::commit(transaction).await.expect("commits");
    let below = api.organization_below(&api.organization).await;
    let line = format!("POST /v2/orggroups/{}/members", "a".repeat(24));
    let refused = api.call(&api.owner, &line, json!([below])).await;
    let message = "a group has 10000 members at most";
    refused.error(400, "GROUP_FULL", message);
}
