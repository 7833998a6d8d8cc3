//! Compares what calls cost in small and in large stores, in one run.
//!
//!     cargo run --release -p web1on1-backend --example size -- 100 10000 1000000
//!
//! For each number it fills a store with so many users, in an organization below
//! that of the caller, and a few in another one; then it prints the median time of
//! each call in microseconds, and its ratio to that with the first number. Last
//! comes the whole list: its time, and how much the process grows while it reads
//! it. The store is a file of SQLite, or with
//! `WEB1ON1_TEST_POSTGRES=postgres://user@host` a database that it creates there
//! and drops again. What runs is the service without sockets.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use axum::body::Body;
use backend::{Backend, Clock, Config};
use http::Request;
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tower::ServiceExt as _;

type Failure = Box<dyn Error>;

/// How many users are created; the others are copies of them.
const TEMPLATES: usize = 50;

/// How many users the other organization has.
const FEW: usize = 20;

/// How often each call is measured.
const ROUNDS: usize = 101;

/// A statement is run on either database.
enum Database {
    Sqlite(rusqlite::Connection),
    Postgres(PgConnection),
}

impl Database {
    async fn run(&mut self, sql: &str) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            Self::Postgres(connection) => {
                connection
                    .execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())))
                    .await?;
                Ok(())
            }
        }
    }

    /// Copies the users of an organization until there are so many of them.
    async fn copy(
        &mut self,
        organization: &str,
        viewers: &[&str],
        users: usize,
    ) -> Result<(), Failure> {
        let copies = (users / TEMPLATES).saturating_sub(1);
        let number = "CAST(n * 1000 + template AS TEXT)";
        self.run(&format!(
            "CREATE TABLE copies AS WITH RECURSIVE numbers (n) AS \
             (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {copies}), \
             templates AS (SELECT id, email, ROW_NUMBER() OVER (ORDER BY id) AS template \
             FROM users WHERE organization = '{organization}') \
             SELECT id AS old_id, email AS old_email, \
             '6' || SUBSTR('00000000000000000000000' || {number}, LENGTH({number}) + 1) AS new_id, \
             'u' || {number} || '@example.com' AS new_email FROM numbers, templates \
             WHERE {copies} > 0; \
             INSERT INTO users (id, organization, status, role, email, version, document) \
             SELECT new_id, organization, status, role, new_email, 1, \
             REPLACE(REPLACE(document, old_id, new_id), old_email, new_email) \
             FROM copies JOIN users ON users.id = old_id ORDER BY new_id; \
             INSERT INTO memberships SELECT new_id, organization_id, role \
             FROM copies JOIN memberships ON user_id = old_id ORDER BY new_id; \
             CREATE TABLE originals AS SELECT * FROM listed \
             WHERE id IN (SELECT old_id FROM copies); \
             CREATE INDEX originals_place ON originals (list, viewer);"
        ))
        .await?;
        for viewer in viewers {
            // The lists of users that are not archived; see the table's comment.
            for list in (0..64).map(|property| 64 + property * 2).take(16) {
                self.run(&format!(
                    "INSERT INTO listed SELECT list, viewer, \
                     REPLACE(value, old_email, new_email), new_id \
                     FROM originals JOIN copies ON originals.id = old_id \
                     WHERE list = {list} AND viewer = '{viewer}' ORDER BY 1, 2, 3, 4;"
                ))
                .await?;
            }
        }
        self.run("DROP TABLE copies; DROP TABLE originals;").await?;
        if let Self::Postgres(_) = self {
            self.run("VACUUM ANALYZE").await?;
        }
        Ok(())
    }
}

/// A service and who calls it.
struct Service {
    router: axum::Router,
    milliseconds: Arc<AtomicI64>,
}

impl Service {
    async fn start(database: &str, directory: &std::path::Path) -> Result<(Self, String), Failure> {
        let milliseconds = Arc::new(AtomicI64::new(1_452_175_423_000));
        let now = Arc::clone(&milliseconds);
        let backend = Backend::open(Config {
            owner_email: Some("owner@example.com".to_owned()),
            owner_password: Some("owner-of-it-all".to_owned()),
            clock: Clock::new(move || {
                let now = now.fetch_add(1, Ordering::Relaxed);
                Timestamp::from_millisecond(now).unwrap_or_default()
            }),
            ..Config::new(database, directory.join("data"), "http://backend.test/")
        })
        .await?;
        let first = backend.first_start().ok_or("the database is not empty")?;
        let organization = first.organization.clone();
        let router = backend.router();
        Ok((
            Self {
                router,
                milliseconds,
            },
            organization,
        ))
    }

    /// Calls and returns how many bytes came back, and the body if it is wanted.
    async fn call(
        &self,
        token: &str,
        line: &str,
        body: &Value,
        keep: bool,
    ) -> Result<Vec<u8>, Failure> {
        let (method, uri) = line.split_once(' ').ok_or("a line is `METHOD /path`")?;
        let mut request = Request::builder().method(method).uri(uri);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if !body.is_null() {
            request = request.header("content-type", "application/json");
        }
        let bytes = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let response = self
            .router
            .clone()
            .oneshot(request.body(Body::from(bytes))?)
            .await?;
        let status = response.status();
        let mut reply = Vec::new();
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data()
                && (keep || !status.is_success())
            {
                reply.extend_from_slice(&data);
            }
        }
        if !status.is_success() {
            return Err(format!("{line}: {status} {}", String::from_utf8_lossy(&reply)).into());
        }
        Ok(reply)
    }

    async fn json(&self, token: &str, line: &str, body: Value) -> Result<Value, Failure> {
        Ok(serde_json::from_slice(
            &self.call(token, line, &body, true).await?,
        )?)
    }

    async fn log_in(&self, email: &str, password: &str) -> Result<String, Failure> {
        let body = json!({"email": email, "password": password});
        text(&self.json("", "POST /v2/auth/token", body).await?["token"])
    }

    async fn organization(&self, token: &str, name: &str) -> Result<String, Failure> {
        let billing = json!({
            "billReceiver": name, "billSender": name,
            "stripeCustomerId": "cus_1", "currentPlan": "scale",
        });
        let body = json!({"name": name, "billingInfo": billing});
        text(&self.json(token, "POST /v2/organizations", body).await?["id"])
    }

    async fn users(
        &self,
        token: &str,
        organization: &str,
        users: usize,
    ) -> Result<Vec<String>, Failure> {
        let mut ids = Vec::new();
        for number in 0..users {
            // A little later.
            self.milliseconds.fetch_add(10_000, Ordering::Relaxed);
            let role = if number % 10 == 0 { "admin" } else { "agent" };
            let body = json!({
                "email": format!("t{number}.{organization}@example.com"),
                "organization": organization, "role": role, "status": "active",
                "givenName": format!("Given{number}"), "familyName": format!("Family{number}"),
            });
            ids.push(text(
                &self.json(token, "POST /v2/users", body).await?["id"],
            )?);
        }
        Ok(ids)
    }

    /// The median time of a call, in microseconds.
    async fn median(
        &self,
        token: &str,
        line: &str,
        body: impl Fn(usize) -> Value,
    ) -> Result<f64, Failure> {
        let mut times = Vec::new();
        let begin = Instant::now();
        for round in 0..ROUNDS {
            let start = Instant::now();
            self.call(token, line, &body(round), false).await?;
            times.push(start.elapsed().as_secs_f64() * 1e6);
            if begin.elapsed().as_secs() >= 20 {
                break;
            }
        }
        times.sort_by(f64::total_cmp);
        Ok(times[times.len() / 2])
    }
}

fn text(value: &Value) -> Result<String, Failure> {
    Ok(value.as_str().ok_or("is no text")?.to_owned())
}

/// A number of kilobytes that the system has on this process.
fn memory(name: &str) -> Result<i64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(number.ok_or("is not told")?.parse()?)
}

/// Measures all calls with so many users.
async fn measure(users: usize) -> Result<Vec<(String, f64)>, Failure> {
    let directory = tempfile::tempdir()?;
    let server = std::env::var("WEB1ON1_TEST_POSTGRES").ok();
    let name = format!("size_{}_{users}", std::process::id());
    let mut admin = None;
    let url = if let Some(server) = &server {
        let mut connection = PgConnection::connect(&format!("{server}/postgres")).await?;
        let sql = format!("CREATE DATABASE {name}");
        connection
            .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await?;
        admin = Some(connection);
        format!("{server}/{name}")
    } else {
        format!(
            "sqlite://{}?mode=rwc",
            directory.path().join("size.db").display()
        )
    };
    let measured = measure_at(&url, directory.path(), users).await;
    if let Some(mut admin) = admin {
        let sql = format!("DROP DATABASE {name} WITH (FORCE)");
        admin.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
    }
    measured
}

async fn measure_at(
    url: &str,
    directory: &std::path::Path,
    users: usize,
) -> Result<Vec<(String, f64)>, Failure> {
    let (service, root) = Service::start(url, directory).await?;
    let owner = service
        .log_in("owner@example.com", "owner-of-it-all")
        .await?;
    let many = service.organization(&owner, "Many").await?;
    let few = service.organization(&owner, "Few").await?;
    let ids = service.users(&owner, &many, TEMPLATES).await?;
    service.users(&owner, &few, FEW).await?;
    let body = json!({
        "email": "few@example.com", "password": "few", "role": "owner",
        "organization": few, "status": "active",
    });
    service.json(&owner, "POST /v2/users", body).await?;
    let stranger = service.log_in("few@example.com", "few").await?;

    let start = Instant::now();
    let mut database = match url.strip_prefix("sqlite:") {
        Some(_) => Database::Sqlite(rusqlite::Connection::open(directory.join("size.db"))?),
        None => Database::Postgres(PgConnection::connect(url).await?),
    };
    database.copy(&many, &[&root, &many], users).await?;
    drop(database);
    eprintln!(
        "{users} users are there after {:.0} s",
        start.elapsed().as_secs_f64()
    );

    let one = &ids[TEMPLATES / 2];
    let null = |_| Value::Null;
    let mut table = Vec::new();
    let get = format!("GET /v2/users/{one}");
    table.push((
        "GetUser".to_owned(),
        service.median(&owner, &get, null).await?,
    ));
    let rename = |round| json!({"givenName": format!("Name{round}")});
    let patch = format!("PATCH /v2/users/{one}");
    table.push((
        "UpdateUser".to_owned(),
        service.median(&owner, &patch, rename).await?,
    ));
    let email = format!("t{}.{many}@example.com", TEMPLATES / 2);
    for query in [
        "limit=100",
        "limit=100&sort=email",
        "limit=100&sort=-createdAt",
        "limit=100&role=agent",
        "limit=100&role=agent&sort=email",
        "limit=100&createdAt=%3E=2016-01-07T14:06:00Z",
        "limit=100&email=%5Eu1",
        &format!("email={email}"),
        "limit=100&email=~999",
        "limit=100&email=~nobody",
        &format!("limit=100&offset={}", users / 2),
        "limit=100&sort=phone",
    ] {
        // More than is put in order without an index is refused.
        let line = format!("GET /v2/users?{query}");
        let query = query
            .replace(&email, "…")
            .replace(&(users / 2).to_string(), "half");
        table.push((query, service.median(&owner, &line, null).await?));
    }
    for query in ["limit=100", "limit=100&sort=email", "limit=100&role=agent"] {
        let line = format!("GET /v2/users?{query}");
        let time = service.median(&stranger, &line, null).await?;
        table.push((format!("{query} of few"), time));
    }
    std::fs::write("/proc/self/clear_refs", "5")?;
    let before = memory("VmRSS")?;
    let start = Instant::now();
    service
        .call(&owner, "GET /v2/users", &Value::Null, false)
        .await?;
    table.push(("whole list".to_owned(), start.elapsed().as_secs_f64() * 1e6));
    let grown = memory("VmHWM")? - before;
    table.push((
        "whole list, KiB".to_owned(),
        f64::from(i32::try_from(grown)?),
    ));
    Ok(table)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut sizes = Vec::new();
    for argument in std::env::args().skip(1) {
        sizes.push(argument.parse()?);
    }
    let mut first: Option<Vec<(String, f64)>> = None;
    for users in sizes {
        let table = measure(users).await?;
        println!("\n{users} users");
        let base = first.get_or_insert_with(|| table.clone());
        for ((name, value), (_, base)) in table.iter().zip(base.iter()) {
            println!("{name:45} {value:12.0} {:10.2}", value / base);
        }
    }
    Ok(())
}
