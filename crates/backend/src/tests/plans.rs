//! How the database runs what is not a list: looking up and changing single
//! resources. The plans of lists are in [`super::listed`].

use super::avatars::{path, png, upload};
use super::*;
use crate::resources::avatars::sweep;
use crate::store::STATEMENTS;

/// Tables that no statement may read as a whole.
const TABLES: [&str; 13] = [
    "organizations",
    "users",
    "memberships",
    "workflows",
    "organization_groups",
    "bots",
    "bot_instances",
    "services",
    "forms",
    "listed",
    "settings",
    "pictures",
    "leftovers",
];

/// Calls what looks up and changes users, and what they refer to.
async fn call(api: &Api) {
    let picture = path(&upload(api, &png(10, 10)).await.created());
    api.get(NOBODY, &picture).await.with_status(200);
    api.delete("users/me/avatar").await.no_content();
    sweep(&api.backend.app).await.expect("works");
    let anna = api.person("anna", json!({"role": "admin"})).await;
    let below = api.organization_below(&api.organization).await;
    let path = format!("users/{}", anna.id);
    api.read(&path).await.ok();
    api.patch(&path, json!({"phone": "1"})).await.ok();
    api.patch(&path, json!({"organization": below})).await.ok();
    api.read("users?email=anna@example.com").await.ok();
    api.read(&format!("organizations/{below}")).await.ok();
    let form = text(&api.create("forms", json!({"name": "A"})).await["id"]);
    let category = json!({"name": "A", "forms": [form]});
    api.create(&format!("organizations/{below}/categories"), category)
        .await;
    let left = format!("{path}/organizations/{}", api.organization);
    api.delete(&left).await.no_content();
    api.delete(&path).await.no_content();
    api.delete(&format!("organizations/{below}"))
        .await
        .no_content();
}

#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    let api = Api::start().await;
    // Other tests may have run on this thread.
    STATEMENTS.take();
    call(&api).await;
    let statements = STATEMENTS.take();
    let explain = if api.is_on_sqlite() {
        "EXPLAIN QUERY PLAN"
    } else {
        "EXPLAIN"
    };
    let mut session = api.backend.app.store.write().await.expect("begins");
    let mut explained = 0;
    for (sql, values) in statements {
        let verb = sql.split(' ').next().unwrap_or_default();
        if !["SELECT", "WITH", "UPDATE", "DELETE", "INSERT"].contains(&verb) {
            continue;
        }
        let lines = session.lookup(&format!("{explain} {sql}"), values).await;
        let lines = lines.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let column = if api.is_on_sqlite() { 3 } else { 0 };
        let lines: Vec<_> = lines
            .into_iter()
            .map(|mut line| line.text(column).expect("is text"))
            .collect();
        for table in TABLES {
            for refused in [format!("SCAN {table}"), format!("Seq Scan on {table} ")] {
                let scans = lines
                    .iter()
                    .any(|line| format!("{line} ").contains(&refused));
                assert!(!scans, "{sql} reads all {table}:\n{}", lines.join("\n"));
            }
        }
        explained += 1;
    }
    assert!(explained > 20, "only {explained} statements were seen");
}
