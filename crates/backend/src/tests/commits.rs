//! Writers that come at the same time, and share a commit on SQLite.

use contract::forms::Form;
use sqlx::Row as _;
use tokio::task::JoinSet;

use super::*;
use crate::store::Session;

/// How many write at the same time.
const WRITERS: usize = 32;

/// Returns whether somebody else sees a form, which is only what has been
/// committed.
async fn is_committed(database: &str, id: &str) -> bool {
    let sql = "SELECT COUNT(*) FROM forms WHERE id = $1";
    let Some(file) = database.strip_prefix("sqlite://") else {
        let mut connection = PgConnection::connect(database)
            .await
            .expect("the server is there");
        let row = sqlx::query(sql).bind(id).fetch_one(&mut connection).await;
        return row.expect("reads").get::<i64, _>(0) == 1;
    };
    let file = file.trim_end_matches("?mode=rwc");
    let connection = rusqlite::Connection::open(file).expect("is there");
    let count: i64 = connection
        .query_row(sql, [id], |row| row.get(0))
        .expect("reads");
    count == 1
}

/// A form that is written and not committed.
async fn written(api: &Api, organization: &str) -> (Session, String) {
    let form = Form {
        id: Some(api.backend.app.next_id()),
        organization: Some(object_id(organization)),
        name: "Half".to_owned(),
        ..Form::default()
    };
    let mut transaction = api.backend.app.store.write().await.expect("begins");
    if api.is_on_sqlite() {
        // What the form refers to is looked for when the transaction is committed.
        transaction
            .execute("PRAGMA defer_foreign_keys = ON", Vec::new())
            .await
            .expect("is valid");
    }
    let inserted = store::insert(&mut transaction, &form).await;
    inserted.expect("inserts");
    (transaction, form.id.expect("was given one").to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_committed() {
    let api = Arc::new(Api::start().await);
    let mut writers = JoinSet::new();
    for n in 0..WRITERS {
        let api = Arc::clone(&api);
        writers.spawn(async move {
            let form = api.create("forms", json!({"name": n.to_string()})).await;
            let id = text(&form["id"]);
            assert!(
                is_committed(&api.database, &id).await,
                "form {n} was acknowledged before it was committed"
            );
        });
    }
    while let Some(written) = writers.join_next().await {
        written.expect("is committed");
    }
    assert_eq!(api.names("forms?limit=100").await.len(), WRITERS);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_writers_one_fails_alone() {
    let api = Arc::new(Api::start().await);
    let mut writers = JoinSet::new();
    for n in 0..WRITERS {
        let api = Arc::clone(&api);
        writers.spawn(async move {
            // The first two want the same address.
            let email = format!("user{}@example.com", n.max(1));
            let body = json!({"email": email});
            let reply = api.call(&api.owner, "POST /v2/users", body).await;
            (n, reply)
        });
    }
    let (mut created, mut refused) = (0, 0);
    while let Some(reply) = writers.join_next().await {
        let (n, reply) = reply.expect("is answered");
        if reply.status == 409 && n < 2 {
            assert_eq!(reply.reason(), "EMAIL_TAKEN");
            refused += 1;
        } else {
            reply.created();
            created += 1;
        }
    }
    assert_eq!((created, refused), (WRITERS - 1, 1));
    let users = api.read("users?limit=100").await.ok();
    // The owner is one too.
    assert_eq!(users.as_array().expect("is a list").len(), WRITERS);
}

#[tokio::test]
async fn who_gives_up_leaves_nothing_behind() {
    let api = Api::start().await;
    let (given_up, id) = written(&api, &api.organization).await;
    let other = api.call(&api.owner, "POST /v2/forms", json!({"name": "Whole"}));
    let (other, ()) = tokio::join!(other, async move { drop(given_up) });
    other.created();
    assert!(!is_committed(&api.database, &id).await);
    assert_eq!(api.names("forms").await, ["Whole"]);
}

#[tokio::test]
async fn nobody_is_acknowledged_whose_commit_fails() {
    let api = Api::start().await;
    if !api.is_on_sqlite() {
        // Nobody shares a commit there.
        return;
    }
    // There is no such organization, which only the commit finds out.
    let (first, id) = written(&api, &api.owner_id).await;
    let other = api.call(&api.owner, "POST /v2/forms", json!({"name": "Other"}));
    let (first, other) = tokio::join!(store::commit(first), other);
    assert!(first.is_err(), "a form of no organization was kept");
    assert_eq!(other.with_status(500).reason(), "INTERNAL");
    assert!(!is_committed(&api.database, &id).await);
    assert_eq!(api.names("forms").await, [""; 0]);
    api.create("forms", json!({"name": "Next"})).await;
}

#[tokio::test]
async fn a_commit_on_sqlite_waits_for_the_disk() {
    let api = Api::start().await;
    if !api.is_on_sqlite() {
        return;
    }
    let mut transaction = api.backend.app.store.write().await.expect("begins");
    let mut rows = transaction
        .lookup("PRAGMA synchronous", Vec::new())
        .await
        .expect("reads");
    let level = rows.pop().expect("has a value").integer(0).expect("is one");
    // FULL, <https://www.sqlite.org/pragma.html#pragma_synchronous>.
    assert_eq!(level, 2);
}
