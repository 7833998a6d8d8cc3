//! A full disk: what works meanwhile, and that everything works afterwards.
//!
//! SQLite is told how large the database may be. PostgreSQL has no such setting,
//! so nothing is tested there.

use super::*;

const MESSAGE: &str =
    "the disk of the service is full: nothing was changed, and only reading works for now";

/// A backend whose database cannot become larger than it is. Every change of a
/// user would make it larger. `None` on PostgreSQL.
async fn full() -> Option<Api> {
    let api = Api::start().await;
    if !api.is_on_sqlite() {
        return None;
    }
    let trigger = "CREATE TRIGGER grow BEFORE UPDATE ON users BEGIN \
         INSERT INTO settings VALUES (hex(randomblob(8)), hex(zeroblob(65536))); END";
    let mut transaction = api.backend.app.store.write().await.expect("begins");
    transaction
        .execute(trigger, Vec::new())
        .await
        .expect("is valid");
    store::commit(transaction).await.expect("commits");
    // No limit is below what there is.
    set_pages(&api, 1).await;
    Some(api)
}

/// Sets how many pages the database may have.
async fn set_pages(api: &Api, pages: u32) {
    let mut transaction = api.backend.app.store.write().await.expect("begins");
    let sql = format!("PRAGMA max_page_count = {pages}");
    transaction
        .lookup(&sql, Vec::new())
        .await
        .expect("is valid");
    store::commit(transaction).await.expect("commits");
}

/// The body of a form that needs room of its own.
fn large_form() -> Value {
    json!({"name": "x".repeat(100_000)})
}

async fn check_refused(api: &Api) {
    api.call(&api.owner, "POST /v2/forms", large_form())
        .await
        .error(507, "STORAGE_FULL", MESSAGE);
}

async fn health(api: &Api) -> Reply {
    api.get(NOBODY, "/healthz").await
}

#[tokio::test]
async fn a_full_disk_refuses_what_would_be_written() {
    let Some(api) = full().await else { return };
    check_refused(&api).await;
    api.patch("users/me", json!({"givenName": "Jeff"}))
        .await
        .error(507, "STORAGE_FULL", MESSAGE);
    assert_eq!(api.names("forms").await, [""; 0]);
}

#[tokio::test]
async fn one_can_log_in_and_read_while_the_disk_is_full() {
    let Some(api) = full().await else { return };
    check_refused(&api).await;
    let token = api.log_in(EMAIL, PASSWORD).await.created();
    api.get(&text(&token["token"]), "/v2/users/me").await.ok();
}

#[tokio::test]
async fn health_tells_of_a_full_disk_as_long_as_it_is_full() {
    let Some(api) = full().await else { return };
    health(&api).await.with_status(200);
    check_refused(&api).await;
    for _ in 0..3 {
        health(&api).await.error(507, "STORAGE_FULL", MESSAGE);
    }
    set_pages(&api, 1 << 20).await;
    health(&api).await.with_status(200);
}

#[tokio::test]
async fn writing_works_again_when_there_is_room() {
    let Some(api) = full().await else { return };
    for _ in 0..3 {
        check_refused(&api).await;
    }
    set_pages(&api, 1 << 20).await;
    api.create("forms", large_form()).await;
    // Nothing keeps the file locked: to open it is to write to it.
    api.beside().await;
}
