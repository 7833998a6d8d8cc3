//! The backend as a caller meets it: every test starts one of its own, with its
//! own database, clock and identifiers, and calls it over HTTP without sockets.
//! Only the tests of the server itself have some; see [`served`].
//!
//! With `WEB1ON1_TEST_POSTGRES=postgres://user@host` the same tests run on that
//! PostgreSQL server, each in a database that it creates there.

mod avatars;
mod away;
mod bots;
mod commits;
mod forms;
mod full;
mod groups;
mod http;
mod limits;
mod list_turns;
mod listed;
mod lists;
mod memberships;
mod observed;
mod operation;
mod organizations;
mod pages;
mod people;
mod pictures;
mod plans;
mod races;
mod reply;
mod resources;
mod seeds;
mod served;
mod services;
mod sharing;
mod slow_clients;
mod start;
mod stopping;
mod tenancy;
mod tls;
mod tokens;
mod updates;
mod validation;
mod workflows;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use ::http::{HeaderMap, Request, header};
use axum::body::{Body, to_bytes};
use contract::id::ObjectId;
use contract::organizations::{Organization, OrganizationStatus};
use contract::users::{Role, User, UserStatus};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tower::ServiceExt;

use reply::{Reply, detail};

use crate::store::line;
use crate::store::organizations::Tenant;
use crate::store::users::{Account, Membership, insert_account, replace_account};
use crate::{Backend, Clock, Config, Ids, store};

const EMAIL: &str = "jeff@jeffdoe.com";
const PASSWORD: &str = "z3krut-en-lang";
const START: &str = "2016-01-07T14:03:43Z";

/// Nobody's token.
const NOBODY: &str = "";

/// A backend to call.
struct Api {
    backend: Backend,
    database: String,
    milliseconds: Arc<AtomicI64>,
    directory: TempDir,
    /// The organization that the first start created.
    organization: String,
    /// The ID of its owner.
    owner_id: String,
    /// A token of its owner.
    owner: String,
}

/// A user and a token of it.
struct Person {
    id: String,
    token: String,
}

impl Api {
    /// A backend on an empty database, and its owner logged in.
    async fn start() -> Self {
        let directory =
            tempfile::tempdir().expect("the system has a directory for temporary files");
        let database = empty_database(&directory).await;
        Self::start_on(database, directory).await
    }

    /// A backend on an empty database that is configured otherwise, and its owner
    /// logged in.
    async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let directory =
            tempfile::tempdir().expect("the system has a directory for temporary files");
        let database = empty_database(&directory).await;
        Self::start_adjusted(database, directory, adjust).await
    }

    /// A backend on this database, which is empty, and its owner logged in.
    async fn start_on(database: String, directory: TempDir) -> Self {
        Self::start_adjusted(database, directory, |_| {}).await
    }

    async fn start_adjusted(
        database: String,
        directory: TempDir,
        adjust: impl FnOnce(&mut Config),
    ) -> Self {
        let start: Timestamp = START.parse().expect("is a time");
        let milliseconds = Arc::new(AtomicI64::new(start.as_millisecond()));
        let mut config = config(&database, &directory, milliseconds.clone());
        adjust(&mut config);
        let backend = Backend::open(config).await.expect("opens");
        let organization = backend
            .first_start()
            .expect("the database was empty")
            .organization
            .clone();
        let mut api = Self {
            backend,
            database,
            milliseconds,
            directory,
            organization,
            owner_id: String::new(),
            owner: String::new(),
        };
        let token = api.log_in(EMAIL, PASSWORD).await.created();
        api.owner_id = text(&token["user"]);
        api.owner = text(&token["token"]);
        api
    }

    /// A second backend on the same database and directory.
    async fn beside(&self) -> Backend {
        let config = config(&self.database, &self.directory, self.milliseconds.clone());
        Backend::open(config).await.expect("opens")
    }

    fn is_on_sqlite(&self) -> bool {
        self.database.starts_with("sqlite:")
    }

    fn advance(&self, duration: SignedDuration) {
        let milliseconds = i64::try_from(duration.as_millis()).expect("is short");
        self.milliseconds.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Calls `method path` with a token and, unless it is null, a JSON body.
    async fn call(&self, token: &str, line: &str, body: Value) -> Reply {
        let mut headers = HeaderMap::new();
        if !token.is_empty() {
            headers.insert(
                header::AUTHORIZATION,
                format!("Bearer {token}").parse().expect("is a header"),
            );
        }
        let mut bytes = Vec::new();
        if !body.is_null() {
            headers.insert(
                header::CONTENT_TYPE,
                "application/json".parse().expect("is a header"),
            );
            bytes = body.to_string().into_bytes();
        }
        self.send(line, headers, bytes).await
    }

    async fn send(&self, line: &str, headers: HeaderMap, body: impl Into<Body>) -> Reply {
        send(&self.backend, line, headers, body).await
    }

    async fn get(&self, token: &str, path: &str) -> Reply {
        self.call(token, &format!("GET {path}"), Value::Null).await
    }

    async fn log_in(&self, email: &str, password: &str) -> Reply {
        self.call(
            NOBODY,
            "POST /v2/auth/token",
            json!({"email": email, "password": password}),
        )
        .await
    }

    /// Creates a user on behalf of the owner, and logs it in. Its address is
    /// `<name>@example.com`.
    async fn person(&self, name: &str, properties: Value) -> Person {
        let mut body = json!({"email": format!("{name}@example.com"), "password": name});
        for (property, value) in properties.as_object().into_iter().flatten() {
            body[property] = value.clone();
        }
        let created = self
            .call(&self.owner, "POST /v2/users", body.clone())
            .await
            .created();
        let token = self
            .log_in(body["email"].as_str().expect("is text"), name)
            .await
            .created();
        Person {
            id: text(&created["id"]),
            token: text(&token["token"]),
        }
    }

    /// Creates a resource on behalf of the owner: a whole one, of a collection.
    async fn create(&self, collection: &str, body: Value) -> Value {
        let line = format!("POST /v2/{collection}");
        self.call(&self.owner, &line, body).await.created()
    }

    /// Changes a resource on behalf of the owner.
    async fn patch(&self, path: &str, body: Value) -> Reply {
        let line = format!("PATCH /v2/{path}");
        self.call(&self.owner, &line, body).await
    }

    async fn delete(&self, path: &str) -> Reply {
        let line = format!("DELETE /v2/{path}");
        self.call(&self.owner, &line, Value::Null).await
    }

    /// Gets something on behalf of the owner.
    async fn read(&self, path: &str) -> Reply {
        self.get(&self.owner, &format!("/v2/{path}")).await
    }

    /// The names in a list that the owner gets.
    async fn names(&self, path: &str) -> Vec<String> {
        let list = self.read(path).await.ok();
        let items = list.as_array().expect("is a list");
        items.iter().map(|item| text(&item["name"])).collect()
    }

    /// Creates an organization below `parent`. The operation creates them below
    /// that of the caller only, so it goes to the store.
    async fn organization_below(&self, parent: &str) -> String {
        self.new_organization(Some(parent)).await
    }

    /// Creates an organization of its own, with an owner.
    async fn stranger(&self) -> (String, Person) {
        let organization = self.new_organization(None).await;
        let (id, app) = (
            self.backend.app.ids.next(Timestamp::UNIX_EPOCH),
            &self.backend.app,
        );
        let user = User {
            id: Some(id),
            email: "stranger@example.com".to_owned(),
            organization: Some(object_id(&organization)),
            role: Some(Role::Owner),
            status: Some(UserStatus::Active),
            ..User::default()
        };
        let hash = app
            .hasher
            .hash("stranger".to_owned())
            .await
            .expect("hashes");
        let line = vec![object_id(&organization)];
        let account = Account::new(user, Some(hash), line).expect("is complete");
        let mut transaction = app.store.write().await.expect("begins");
        insert_account(&mut transaction, &account)
            .await
            .expect("inserts");
        store::commit(transaction).await.expect("commits");
        let token = self
            .log_in("stranger@example.com", "stranger")
            .await
            .created();
        (
            organization,
            Person {
                id: id.to_string(),
                token: text(&token["token"]),
            },
        )
    }

    /// Makes a user a member of an organization, as moving through it does.
    async fn join(&self, user: &str, organization: &str, role: Role) {
        let mut transaction = self.backend.app.store.write().await.expect("begins");
        let organization = object_id(organization);
        let line = line(&mut transaction, organization).await.expect("reads");
        let found = store::get::<Account>(&mut transaction, user).await;
        let found = found.expect("reads").expect("is there");
        let mut account = found.row.clone();
        let own = account.membership(account.organization).cloned();
        account.act_as(Membership {
            organization,
            line,
            role,
            status: UserStatus::Active,
        });
        account.act_as(own.expect("is a member of its own organization"));
        let is_kept = replace_account(&mut transaction, &found, &account).await;
        assert!(is_kept.expect("writes"), "nobody else changes the user");
        store::commit(transaction).await.expect("commits");
    }

    async fn new_organization(&self, parent: Option<&str>) -> String {
        let app = &self.backend.app;
        let now = app.now().expect("is a time");
        let id = app.ids.next(now.get());
        let tenant = Tenant {
            parent: parent.map(object_id),
            organization: Organization {
                id: Some(id),
                name: "Acme Inc.".to_owned(),
                status: Some(OrganizationStatus::Active),
                created_at: Some(now),
                updated_at: Some(now),
                ..Organization::default()
            },
        };
        let mut transaction = app.store.write().await.expect("begins");
        store::insert(&mut transaction, &tenant)
            .await
            .expect("inserts");
        store::commit(transaction).await.expect("commits");
        id.to_string()
    }
}

/// The body of a new organization.
fn organization(name: &str) -> Value {
    let billing = json!({
        "billReceiver": "Acme Inc.",
        "billSender": "Web1on1",
        "stripeCustomerId": "cus_1",
        "currentPlan": "scale",
    });
    json!({"name": name, "billingInfo": billing})
}

async fn send(
    backend: &Backend,
    line: &str,
    mut headers: HeaderMap,
    body: impl Into<Body>,
) -> Reply {
    let (method, uri) = line.split_once(' ').expect("a line is `METHOD /path`");
    let mut request = Request::builder()
        .method(method)
        .uri(uri)
        .body(body.into())
        .expect("is a request");
    std::mem::swap(request.headers_mut(), &mut headers);
    let response = backend
        .router()
        .oneshot(request)
        .await
        .expect("never fails");
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX)
        .await
        .expect("can be read")
        .to_vec();
    Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        bytes,
    }
}

fn config(database: &str, directory: &TempDir, milliseconds: Arc<AtomicI64>) -> Config {
    let counter = AtomicU32::new(1);
    Config {
        owner_email: Some(EMAIL.to_owned()),
        owner_password: Some(PASSWORD.to_owned()),
        clock: Clock::new(move || {
            Timestamp::from_millisecond(milliseconds.load(Ordering::SeqCst)).expect("is in range")
        }),
        ids: Some(Ids::new(move |_| {
            let mut bytes = [0; 12];
            bytes[8..].copy_from_slice(&counter.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            ObjectId::from_bytes(bytes)
        })),
        ..Config::new(
            database,
            directory.path().join("data"),
            "http://backend.test/",
        )
    }
}

/// The URL of a database that exists and is empty.
async fn empty_database(directory: &TempDir) -> String {
    match std::env::var("WEB1ON1_TEST_POSTGRES") {
        Ok(server) => {
            let mut random = [0; 8];
            getrandom::fill(&mut random).expect("has random numbers");
            let name = format!("test_{:x}", u64::from_be_bytes(random));
            let url = format!("{server}/postgres");
            let mut connection = PgConnection::connect(&url)
                .await
                .expect("WEB1ON1_TEST_POSTGRES names a server");
            let sql = AssertSqlSafe(format!("CREATE DATABASE {name}"));
            sqlx::query(sql)
                .execute(&mut connection)
                .await
                .expect("may create databases");
            format!("{server}/{name}")
        }
        Err(_) => format!(
            "sqlite://{}?mode=rwc",
            directory.path().join("web1on1.db").display()
        ),
    }
}

#[track_caller]
fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("is no text: {value}"))
        .to_owned()
}

#[track_caller]
fn object_id(text: &str) -> ObjectId {
    text.parse().expect("is an ID")
}
