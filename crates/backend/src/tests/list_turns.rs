//! Lists that look at much, beside requests that do not.

use std::sync::mpsc;
use std::time::Duration;

use super::*;
use crate::limits::DatabaseLimits;
use crate::store::{Store, StoreError};

/// Opens the database of a backend anew, so that lists take turns: one at a time.
async fn one_at_a_time(api: &Api) -> Store {
    let limits = DatabaseLimits {
        connections: 2,
        list_wait: Duration::from_millis(50),
        ..DatabaseLimits::default()
    };
    Store::open(&api.database, limits).await.expect("is there")
}

async fn look_up(store: &Store) {
    let mut session = store.read().await.expect("lists leave a connection");
    let found = session.lookup("SELECT 1", Vec::new()).await;
    assert_eq!(found.expect("can be read").len(), 1);
}

#[tokio::test]
async fn lists_leave_connections_to_lookups() {
    let api = Api::start().await;
    let store = one_at_a_time(&api).await;
    let list = store.read_list().await.expect("is the first");
    let second = store.read_list().await.err();
    assert!(
        matches!(second, Some(StoreError::Unavailable(_))),
        "{second:?}"
    );
    look_up(&store).await;
    drop(list);
    store.read_list().await.expect("there is no other any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_was_given_up_has_its_turn_until_it_ends() {
    let api = Api::start().await;
    let store = one_at_a_time(&api).await;
    let (begun, begins) = tokio::sync::oneshot::channel();
    let (end, ends) = mpsc::channel::<()>();
    let mut list = store.read_list().await.expect("is the first");
    let reading = tokio::spawn(async move {
        let read = move |_| {
            let _ = begun.send(());
            let _ = ends.recv();
        };
        list.list("SELECT 1".to_owned(), Vec::new(), read).await
    });
    begins.await.expect("is read");
    reading.abort();
    reading.await.expect_err("was given up");
    let second = store.read_list().await.err();
    assert!(
        matches!(second, Some(StoreError::Unavailable(_))),
        "{second:?}"
    );
    look_up(&store).await;
    drop(end);
    // The thread ends now.
    for _ in 0..200 {
        if store.read_list().await.is_ok() {
            return;
        }
    }
    panic!("a list that has ended still has its turn");
}
