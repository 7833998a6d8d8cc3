//! A backend that is killed under load. What it has acknowledged is there when it
//! is started again.
//!
//! `WEB1ON1_TEST_KILLS=100` kills it a hundred times, and
//! `WEB1ON1_TEST_POSTGRES=postgres://user@host` names the server for the test on
//! PostgreSQL.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::path::Path;

use http::StatusCode;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::server::Server;

/// How many write at the same time.
const WRITERS: usize = 16;

/// How many writes are acknowledged at most before the backend is killed.
const MOST: u64 = 200;

/// How often the backend is killed.
fn rounds() -> usize {
    let rounds = std::env::var("WEB1ON1_TEST_KILLS");
    rounds.map_or(3, |rounds| {
        rounds.parse().expect("WEB1ON1_TEST_KILLS is a number")
    })
}

/// Writes, and kills the backend after a number of acknowledged writes. Returns
/// the IDs of what was acknowledged.
async fn killed_after(count: u64, mut server: Server, token: &str) -> Vec<String> {
    let (tell, mut told) = mpsc::unbounded_channel();
    let caller = server.caller();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (tell, caller, token) = (tell.clone(), caller.clone(), token.to_owned());
        writers.spawn(async move {
            let name = format!("form of {writer}");
            while let Some(id) = caller.create_form(&token, &name).await {
                let _ = tell.send(id);
            }
        });
    }
    drop(tell);
    let mut acknowledged = Vec::new();
    for _ in 0..count {
        acknowledged.push(told.recv().await.expect("the backend still runs"));
    }
    server.kill();
    while let Some(id) = told.recv().await {
        acknowledged.push(id);
    }
    while let Some(ended) = writers.join_next().await {
        ended.expect("a write is created or not answered");
    }
    acknowledged
}

async fn check(data: &Path, database: Option<&str>) {
    let mut acknowledged = Vec::new();
    let mut server = Server::start(data, database);
    let token = server.caller().log_in().await;
    for round in 0..rounds() {
        let count = 1 + RandomState::new().hash_one(round) % MOST;
        let new = killed_after(count, server, &token).await;
        server = Server::start(data, database);
        for id in &new {
            let line = format!("GET /v2/forms/{id}");
            let reply = server.caller().call(&line, &token, Value::Null).await;
            let (status, _) = reply.expect("the backend answers");
            assert_eq!(
                status,
                StatusCode::OK,
                "form {id} was acknowledged and is lost; killed after {count} of round {round}"
            );
        }
        acknowledged.extend(new);
    }
    println!("{} acknowledged writes are all there", acknowledged.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_on_sqlite() {
    let data = tempfile::tempdir().expect("a temporary directory");
    check(data.path(), None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_on_postgresql() {
    let Ok(server) = std::env::var("WEB1ON1_TEST_POSTGRES") else {
        return;
    };
    let name = format!("killed_{:x}", RandomState::new().hash_one(0));
    let mut connection = PgConnection::connect(&format!("{server}/postgres"))
        .await
        .expect("WEB1ON1_TEST_POSTGRES names a server");
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut connection)
        .await
        .expect("may create databases");
    let data = tempfile::tempdir().expect("a temporary directory");
    check(data.path(), Some(&format!("{server}/{name}"))).await;
}
