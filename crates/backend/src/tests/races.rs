//! Two requests that contradict each other: one comes first, and the other one is
//! refused.

use std::pin::pin;
use std::time::Duration;

use super::*;
use crate::store::organizations::{is_archived, lock_to_archive};
use crate::store::users::Account;
use crate::store::{Session, lock_visible};
use contract::forms::Form;
use contract::users::{Role, UserStatus};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes a call while a transaction is in its way, commits that once the call
/// waits for it, and returns what the call was answered with.
async fn behind(api: &Api, first: Session, call: impl Future<Output = Reply>) -> Reply {
    let mut call = pin!(call);
    let waits = tokio::time::timeout(PATIENCE, somebody_waits(api));
    tokio::select! {
        biased;
        // Nothing was in its way.
        reply = &mut call => return reply,
        waits = waits => waits.expect("the call is answered or waits for the transaction"),
    }
    // It is this call's turn before the commit is done.
    let (kept, reply) = tokio::join!(store::commit(first), call);
    kept.expect("commits");
    reply
}

/// Returns when a call that began before has to wait for another transaction.
async fn somebody_waits(api: &Api) {
    if api.is_on_sqlite() {
        // What a call does before it waits for its turn, it does on this thread.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        return;
    }
    let mut connection = PgConnection::connect(&api.database)
        .await
        .expect("the server is there");
    let sql = "SELECT COUNT(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock'";
    loop {
        let waiting: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut connection)
            .await
            .expect("anybody may ask that");
        if waiting > 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Begins to archive an organization, as its deletion does.
async fn archiving(api: &Api, id: &str) -> Session {
    let mut transaction = api.backend.app.store.write().await.expect("begins");
    let locked = lock_to_archive(&mut transaction, object_id(id)).await;
    locked.expect("locks");
    let found = store::get::<Tenant>(&mut transaction, id)
        .await
        .expect("reads")
        .expect("is there");
    let mut tenant = found.row.clone();
    tenant.organization.status = Some(OrganizationStatus::Archived);
    let replaced = store::replace(&mut transaction, &found, &tenant).await;
    assert!(replaced.expect("writes"), "nobody else changes it");
    transaction
}

#[tokio::test]
async fn nothing_is_created_under_what_is_archived_at_the_same_time() {
    let api = Api::start().await;
    let parent = api.organization_below(&api.organization).await;
    let inside = json!({"organization": parent, "role": "owner"});
    let anna = api.person("anna", inside).await;
    let first = archiving(&api, &parent).await;
    let create = api.call(&anna.token, "POST /v2/organizations", organization("New"));
    behind(&api, first, create)
        .await
        .error(401, "TOKEN_INVALID", "invalid token");
    let below = api.names("organizations?name=New").await;
    assert!(below.is_empty(), "{below:?} stands under {parent}");
}

#[tokio::test]
async fn nothing_is_archived_while_something_is_created_under_it() {
    let api = Api::start().await;
    let parent = api.organization_below(&api.organization).await;
    let app = &api.backend.app;
    let child = Tenant {
        parent: Some(object_id(&parent)),
        organization: Organization {
            id: Some(app.next_id()),
            name: "New".to_owned(),
            ..Organization::default()
        },
    };
    let mut first = app.store.write().await.expect("begins");
    let archived = is_archived(&mut first, object_id(&parent)).await;
    assert!(!archived.expect("reads"), "nobody has archived it");
    store::insert(&mut first, &child).await.expect("inserts");
    let path = format!("organizations/{parent}");
    behind(&api, first, api.delete(&path)).await.error(
        400,
        "ORGANIZATION_IN_USE",
        &format!("organizations under {parent} are still in use; delete them first"),
    );
    assert_eq!(api.read(&path).await.ok()["status"], "active");
}

#[tokio::test]
async fn nothing_is_restored_under_what_is_archived() {
    let api = Api::start().await;
    let parent = api.organization_below(&api.organization).await;
    let child = api.organization_below(&parent).await;
    for id in [&child, &parent] {
        api.delete(&format!("organizations/{id}"))
            .await
            .no_content();
    }
    let restored = json!({"status": "active"});
    let path = format!("organizations/{child}");
    let reply = api.patch(&path, restored.clone()).await;
    assert_eq!(reply.with_status(400).reason(), "ORGANIZATION_ARCHIVED");
    for id in [&parent, &child] {
        let path = format!("organizations/{id}");
        api.patch(&path, restored.clone()).await.ok();
    }
}

/// Checks that what would refer to a form that is deleted at the same time is
/// refused.
async fn check_gone(line: &str, body: fn(&str) -> Value, property: &str) {
    let api = Api::start().await;
    let form = api.create("forms", json!({"name": "Brochure"})).await;
    let id = text(&form["id"]);
    let mut first = api.backend.app.store.write().await.expect("begins");
    let read = store::get::<Form>(&mut first, &id).await.expect("reads");
    let read = read.expect("the form is there");
    let deleted = store::delete(&mut first, &read).await;
    assert!(deleted.expect("deletes"), "the form was there");
    let line = line.replace("{organization}", &api.organization);
    let call = api.call(&api.owner, &line, body(&id));
    behind(&api, first, call).await.violates(&[property]);
}

#[tokio::test]
async fn a_form_that_goes_at_the_same_time_cannot_be_that_of_a_new_category() {
    let line = "POST /v2/organizations/{organization}/categories";
    let body = |id: &str| json!({"name": "A", "forms": [id]});
    check_gone(line, body, "forms[0]").await;
}

#[tokio::test]
async fn a_form_that_goes_at_the_same_time_cannot_be_that_of_a_changed_category() {
    let line = "PATCH /v2/organizations/{organization}";
    let body = |id: &str| json!({"categories": [{"name": "A", "forms": [id]}]});
    check_gone(line, body, "categories[0].forms[0]").await;
}

#[tokio::test]
async fn a_form_that_goes_at_the_same_time_cannot_be_that_of_a_new_organization() {
    let body = |id: &str| {
        let mut body = organization("New");
        body["categories"] = json!([{"name": "A", "forms": [id]}]);
        body
    };
    let line = "POST /v2/organizations";
    check_gone(line, body, "categories[0].forms[0]").await;
}

#[tokio::test]
async fn a_form_that_goes_at_the_same_time_cannot_be_a_template() {
    let body = |id: &str| json!({"name": "Copy", "template": id});
    check_gone("POST /v2/forms", body, "template").await;
}

#[tokio::test]
async fn a_form_is_deleted_after_what_refers_to_it_is_kept() {
    let api = Api::start().await;
    let form = text(&api.create("forms", json!({"name": "Brochure"})).await["id"]);
    let copy = Form {
        id: Some(api.backend.app.next_id()),
        organization: Some(object_id(&api.organization)),
        name: "Copy".to_owned(),
        template: Some(object_id(&form)),
        ..Form::default()
    };
    let mut first = api.backend.app.store.write().await.expect("begins");
    let wanted = [form.clone()];
    let seen = lock_visible::<Form>(&mut first, &api.organization, &wanted).await;
    assert_eq!(seen.expect("reads").len(), 1);
    store::insert(&mut first, &copy).await.expect("inserts");
    let path = format!("forms/{form}");
    behind(&api, first, api.delete(&path)).await.no_content();
    assert_eq!(api.names("forms").await, ["Copy"]);
}

/// Begins to change what a user is.
async fn changing(api: &Api, id: &str, change: impl Fn(&mut Account)) -> Session {
    let mut transaction = api.backend.app.store.write().await.expect("begins");
    let read = store::get::<Account>(&mut transaction, id).await;
    let read = read.expect("reads").expect("the user is there");
    let mut account = read.row.clone();
    change(&mut account);
    account.user.status = Some(account.status);
    account.user.role = Some(account.role);
    let replaced = store::replace(&mut transaction, &read, &account).await;
    assert!(replaced.expect("writes"), "nobody else changes the user");
    transaction
}

fn archive(account: &mut Account) {
    account.status = UserStatus::Archived;
}

/// Checks that a caller who is archived while it calls changes nothing.
async fn check_archived(line: &str, body: Value) {
    let api = Api::start().await;
    let anna = api.person("anna", json!({"role": "admin"})).await;
    let form = text(&api.create("forms", json!({"name": "Brochure"})).await["id"]);
    let first = changing(&api, &anna.id, archive).await;
    let line = line
        .replace("{form}", &form)
        .replace("{anna}", &anna.id)
        .replace("{organization}", &api.organization);
    let call = api.call(&anna.token, &line, body);
    let reply = behind(&api, first, call).await.with_status(401);
    assert_eq!(reply.reason(), "TOKEN_INVALID", "{line}");
    assert_eq!(api.names("forms").await, ["Brochure"], "{line}");
}

#[tokio::test]
async fn who_is_archived_meanwhile_creates_nothing() {
    check_archived("POST /v2/forms", json!({"name": "B"})).await;
    let user = json!({"email": "b@example.com", "role": "admin"});
    check_archived("POST /v2/users", user).await;
    check_archived("POST /v2/bots", json!({"name": "B"})).await;
}

#[tokio::test]
async fn who_is_archived_meanwhile_changes_nothing() {
    check_archived("PATCH /v2/forms/{form}", json!({"name": "B"})).await;
    check_archived("DELETE /v2/forms/{form}", Value::Null).await;
    let line = "PATCH /v2/organizations/{organization}";
    check_archived(line, json!({"displayName": "B"})).await;
    check_archived("PATCH /v2/users/{anna}", json!({"phone": "1"})).await;
}

#[tokio::test]
async fn who_gets_another_role_meanwhile_has_to_call_again() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({"role": "admin"})).await;
    let first = changing(&api, &anna.id, |account| account.role = Role::Guest).await;
    let line = "POST /v2/forms";
    let call = api.call(&anna.token, line, json!({"name": "B"}));
    let reply = behind(&api, first, call).await.with_status(409);
    assert_eq!(reply.reason(), "CONCURRENT_UPDATE");
    let again = api.call(&anna.token, line, json!({"name": "B"})).await;
    again.with_status(403);
}
