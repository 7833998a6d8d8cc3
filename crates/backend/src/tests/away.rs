//! PostgreSQL that goes away and comes back, and what is wrong with it at the
//! start. Nothing is tested here on SQLite.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::*;

/// How long anything may take before a test gives up. Less than a statement may
/// take, so that nobody waits for a server that is away.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server that the tests may use, if there is one.
fn server() -> Option<String> {
    std::env::var("WEB1ON1_TEST_POSTGRES").ok()
}

/// What becomes of what is sent to the server and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Up,
    /// Nothing arrives, and nobody is told.
    Silent,
    /// Every connection is closed, new ones at once.
    Cut,
}

/// What stands between a backend and its server.
struct Proxy {
    line: watch::Sender<Line>,
    /// The URL of a database behind it.
    database: String,
}

impl Proxy {
    /// Starts a proxy in front of the database at a URL.
    async fn start(database: &str) -> Self {
        let (scheme, rest) = database.split_once("://").expect("is a URL");
        let (authority, name) = rest.split_once('/').expect("names a database");
        let (user, server) = authority.split_once('@').expect("names a user");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("is bound");
        let (line, seen) = watch::channel(Line::Up);
        tokio::spawn(accept(listener, server.to_owned(), seen));
        Self {
            line,
            database: format!("{scheme}://{user}@{address}/{name}"),
        }
    }

    fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

/// Accepts connections until the proxy is dropped.
async fn accept(listener: TcpListener, server: String, mut line: watch::Receiver<Line>) {
    loop {
        let (near, _) = tokio::select! {
            accepted = listener.accept() => accepted.expect("accepts"),
            Err(_) = line.wait_for(|_| false) => return,
        };
        if *line.borrow() == Line::Cut {
            continue;
        }
        let far = TcpStream::connect(&server).await.expect("is there");
        let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
        tokio::spawn(pass_on(from_near, to_far, line.clone()));
        tokio::spawn(pass_on(from_far, to_near, line.clone()));
    }
}

async fn pass_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut line: watch::Receiver<Line>) {
    let mut bytes = [0; 16 << 10];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read,
            _ = line.wait_for(|line| *line == Line::Cut) => return,
        };
        let Ok(count @ 1..) = read else { return };
        match line.wait_for(|line| *line != Line::Silent).await.as_deref() {
            Ok(Line::Up) => {}
            _ => return,
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// A backend with a proxy in front of its server.
async fn start() -> Option<(Api, Proxy)> {
    server()?;
    let directory = tempfile::tempdir().expect("the system has a directory for temporary files");
    let proxy = Proxy::start(&empty_database(&directory).await).await;
    let api = Api::start_on(proxy.database.clone(), directory).await;
    Some((api, proxy))
}

/// Checks that calls fail and health tells while the line is down, and that both
/// recover when it is up again.
async fn check(down: Line) {
    let Some((api, proxy)) = start().await else {
        return;
    };
    let form = || api.call(&api.owner, "POST /v2/forms", json!({"name": "A"}));
    form().await.created();
    proxy.set(down);
    let failing = async {
        let (read, write, health) =
            tokio::join!(api.read("forms"), form(), api.get(NOBODY, "/healthz"));
        for reply in [read, write, health] {
            assert_eq!(reply.with_status(503).reason(), "UNAVAILABLE");
        }
    };
    tokio::time::timeout(PATIENCE, failing)
        .await
        .expect("a call fails soon when the server is away");

    proxy.set(Line::Up);
    let recovering = async {
        while api.get(NOBODY, "/healthz").await.status != 200 || form().await.status != 201 {}
    };
    tokio::time::timeout(PATIENCE, recovering)
        .await
        .expect("the backend recovers by itself");
    api.read("forms").await.ok();
}

#[tokio::test]
async fn calls_fail_while_the_server_is_cut_off_and_work_afterwards() {
    check(Line::Cut).await;
}

#[tokio::test]
async fn calls_fail_while_the_server_is_silent_and_work_afterwards() {
    check(Line::Silent).await;
}

#[tokio::test]
async fn a_slow_statement_is_not_taken_for_a_silent_server() {
    if server().is_none() {
        return;
    }
    let api = Api::start().await;
    let mut session = api.backend.app.store.read().await.expect("connects");
    // Longer than a server is waited for without asking whether it is there.
    let slow = session.lookup("SELECT pg_sleep(3)::TEXT", Vec::new()).await;
    assert_eq!(slow.expect("is answered").len(), 1);
}

/// Everything that a start on a database says when it fails.
async fn complaint(database: &str) -> String {
    let directory = tempfile::tempdir().expect("the system has a directory for temporary files");
    let config = Config::new(database, directory.path(), "http://backend.test");
    let error = Backend::open(config).await.expect_err("cannot open");
    let error: &dyn std::error::Error = &error;
    let sources = std::iter::successors(Some(error), |error| error.source());
    let lines: Vec<_> = sources.map(ToString::to_string).collect();
    lines.join(": ")
}

#[track_caller]
fn check_says(complaint: &str, expected: &str) {
    assert!(
        complaint.contains(expected),
        "{complaint:?} says nothing of {expected:?}"
    );
}

#[tokio::test]
async fn a_start_says_that_nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("is bound");
    drop(listener);
    let url = format!("postgres://postgres@{address}/postgres");
    check_says(&complaint(&url).await, "refused");
}

#[tokio::test]
async fn a_start_says_that_there_is_no_such_database() {
    let Some(server) = server() else { return };
    let complaint = complaint(&format!("{server}/nowhere")).await;
    check_says(&complaint, "database \"nowhere\" does not exist");
}

#[tokio::test]
async fn a_start_says_that_the_user_may_not_create_tables() {
    if server().is_none() {
        return;
    }
    let directory = tempfile::tempdir().expect("the system has a directory for temporary files");
    let database = empty_database(&directory).await;
    let (_, name) = database.rsplit_once('/').expect("names a database");
    let mut connection = PgConnection::connect(&database)
        .await
        .expect("the server is there");
    for sql in [
        format!("CREATE ROLE {name} LOGIN PASSWORD '{name}'"),
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC".to_owned(),
    ] {
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .expect("a superuser may do that");
    }
    let (scheme, rest) = database.split_once("://").expect("is a URL");
    let (_, server) = rest.split_once('@').expect("names a user");
    let url = format!("{scheme}://{name}:{name}@{server}");
    check_says(
        &complaint(&url).await,
        "permission denied for schema public",
    );
}
