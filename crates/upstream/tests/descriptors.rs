//! The client in a process that has no file descriptors left. The tests of this
//! process take turns, since they share its descriptors.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test that panics has failed"
)]

#[path = "it/support.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod support;

use std::fs::File;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::watch;
use upstream::{Config, SendErrorKind};

use self::support::{Server, get, ok, post, read_request, send, soon, write};

static TURN: Mutex<()> = Mutex::new(());

/// Runs a test while no other one has a runtime, which takes descriptors too.
fn alone(test: impl Future<Output = ()>) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(test);
}

/// Opens files until no more can be opened.
fn take_all() -> Vec<File> {
    let limit = Rlimit {
        current: Some(256),
        ..getrlimit(Resource::Nofile)
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    let files: Vec<_> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(!files.is_empty(), "no file could be opened at all");
    files
}

/// A server that answers while it is told to.
async fn patient() -> (Server, watch::Sender<bool>) {
    let (answers, told) = watch::channel(true);
    let server = Server::start(move |_, mut stream| {
        let mut told = told.clone();
        async move {
            while read_request(&mut stream).await.is_some() {
                told.wait_for(|answers| *answers).await.unwrap();
                write(&mut stream, ok("done")).await;
            }
        }
    })
    .await;
    (server, answers)
}

#[test]
fn a_call_waits_for_a_connection_where_none_can_be_made() {
    alone(waiting());
}

async fn waiting() {
    let (server, answers) = patient().await;
    let client = server.client(Config::default());
    assert_eq!(send(&client, get()).await.unwrap(), "done");
    answers.send_replace(false);
    let files = take_all();
    let one = tokio::spawn({
        let client = client.clone();
        async move { send(&client, post()).await }
    });
    let mut others: Vec<_> = (0..5)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { send(&client, post()).await })
        })
        .collect();
    // None of them fails meanwhile.
    let early = tokio::time::timeout(Duration::from_millis(300), &mut others[0]).await;
    early.expect_err("a call ended without a connection");
    answers.send_replace(true);
    assert_eq!(soon(one).await.unwrap().unwrap(), "done");
    for other in others {
        assert_eq!(soon(other).await.unwrap().unwrap(), "done");
    }
    assert_eq!(server.connections(), 1);
    drop(files);
}

#[test]
fn a_call_that_has_waited_says_what_is_missing_and_the_endpoint_is_not_blamed() {
    alone(failing());
}

async fn failing() {
    let (server, answers) = patient().await;
    let config = Config {
        connect_timeout: Duration::from_millis(100),
        probe_interval: Duration::from_millis(20),
        ..Config::default()
    };
    let client = server.client(config);
    assert_eq!(send(&client, get()).await.unwrap(), "done");
    answers.send_replace(false);
    let files = take_all();
    let busy = tokio::spawn({
        let client = client.clone();
        async move { send(&client, post()).await }
    });
    // It has the connection first.
    tokio::task::yield_now().await;
    for _ in 0..7 {
        let error = send(&client, post()).await.unwrap_err();
        assert_eq!(error.kind, SendErrorKind::NeverSent);
        let missing = "this process has no file descriptors left";
        assert_eq!(error.missing(), Some(missing));
        assert_eq!(error.source.unwrap().to_string(), missing);
    }
    assert!(*client.reachable().borrow());
    drop(files);
    answers.send_replace(true);
    assert_eq!(send(&client, post()).await.unwrap(), "done");
    assert_eq!(soon(busy).await.unwrap().unwrap(), "done");
}
