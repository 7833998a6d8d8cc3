//! Plays every fault again and again, and counts what is left: connections,
//! streams, tasks, memory.
//!
//! By default each fault is repeated a few dozen times, which finds what a
//! fault leaves behind each time. `FAULT_REPETITIONS=10000` repeats it so
//! often. The bound on memory stays the same, so it gets finer.

use std::alloc::System;
use std::sync::Arc;
use std::time::Duration;

use cap::Cap;
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::QUIET;
use crate::caller::Conversation;
use crate::caller_rows::{Fault as CallerFault, floods};
use crate::callers;
use crate::calls::{Call, Caller};
use crate::gateway::Gateway;
use crate::matrix::{Row, settles};
use crate::rows::{Deadline, Time};
use crate::upstream::Upstream;

/// Counts the bytes of this process.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// How many faults are repeated side by side. Each has a gateway of its own.
const SIDE_BY_SIDE: usize = 24;

/// How many calls of a fault are under way at the same time.
const AT_ONCE: usize = 10;

/// How often a fault is repeated before anything is counted, so that pools and
/// buffers have what they keep.
const BEFORE: usize = 10;

/// How often a fault is repeated where the environment says nothing else.
const REPETITIONS: usize = 25;

/// How many bytes may be left of all repetitions of faults that are repeated
/// side by side. Pools and buffers are not filled to the byte.
const SLACK: usize = 6 << 20;

fn repetitions() -> usize {
    std::env::var("FAULT_REPETITIONS").map_or(REPETITIONS, |times| {
        times.parse().expect("FAULT_REPETITIONS is a number")
    })
}

/// Repeats faults side by side, and returns what is left of any.
async fn repeat_all<T: Send + 'static, F>(
    faults: Vec<T>,
    repeat: impl Fn(T, Arc<Barrier>) -> F,
) -> Vec<String>
where
    F: Future<Output = Vec<String>> + Send + 'static,
{
    // The one beside the faults measures.
    let barrier = Arc::new(Barrier::new(faults.len() + 1));
    let mut repeating = JoinSet::new();
    for fault in faults {
        repeating.spawn(repeat(fault, Arc::clone(&barrier)));
    }
    barrier.wait().await;
    let before = MEMORY.allocated();
    barrier.wait().await;
    barrier.wait().await;
    let after = MEMORY.allocated();
    barrier.wait().await;
    let mut left = repeating.join_all().await.concat();
    if after.saturating_sub(before) > SLACK {
        let grown = after.saturating_sub(before) >> 10;
        left.push(format!(
            "{grown} KiB of memory are left of these, where {} may be: FAULT_ONLY tells which",
            SLACK >> 10
        ));
    }
    left
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_fault_of_an_upstream_leaves_anything_behind() {
    let _quiet = QUIET.write().await;
    let mut left = Vec::new();
    for rows in Row::all().chunks(SIDE_BY_SIDE) {
        let found = repeat_all(rows.to_vec(), |row, barrier| async move {
            repeat_upstream(&row, &barrier).await
        });
        left.extend(found.await);
    }
    assert!(
        left.is_empty(),
        "faults leave something behind:\n{}",
        left.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_fault_of_a_caller_leaves_anything_behind() {
    let _quiet = QUIET.write().await;
    let mut left = Vec::new();
    for faults in callers::selected().chunks(SIDE_BY_SIDE) {
        let found = repeat_all(faults.to_vec(), |(name, fault), barrier| async move {
            repeat_caller(&name, fault, &barrier).await
        });
        left.extend(found.await);
    }
    assert!(
        left.is_empty(),
        "faults leave something behind:\n{}",
        left.join("\n")
    );
}

async fn repeat_upstream(row: &Row, barrier: &Barrier) -> Vec<String> {
    let (mut upstream, gateway) = row.start().await;
    let tasks = gateway.tasks();
    let times = match row.fault.call {
        Call::LargePost | Call::Upload => repetitions().div_ceil(5),
        _ => repetitions(),
    };
    make_calls(row, &mut upstream, &gateway, BEFORE.min(times)).await;
    rest(&upstream, &gateway, tasks).await;
    barrier.wait().await;
    barrier.wait().await;
    make_calls(row, &mut upstream, &gateway, times).await;
    let left = rest(&upstream, &gateway, tasks).await;
    barrier.wait().await;
    barrier.wait().await;
    left.map(|left| format!("{}: {left} after {times} repetitions", row.name()))
        .into_iter()
        .collect()
}

async fn make_calls(row: &Row, upstream: &mut Upstream, gateway: &Gateway, times: usize) {
    let deadline = match (row.fault.deadline, row.fault.time) {
        (Deadline::Own, Time::AtOnce) => Some(Duration::from_secs(2)),
        (Deadline::Own, Time::AtDeadline) => Some(Duration::from_millis(300)),
        _ => row.deadline(),
    };
    upstream.fault();
    let caller = Caller::new(gateway.address);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut calling = JoinSet::new();
    let call = row.fault.call;
    for _ in 0..times {
        let (caller, places) = (caller.clone(), Arc::clone(&places));
        calling.spawn(async move {
            let _place = places.acquire_owned().await.expect("it is never closed");
            // What it is told is the matter of other tests.
            let _ = timeout(Duration::from_secs(3), caller.call(call, deadline)).await;
        });
    }
    calling.join_all().await;
    upstream.recover(row.version).await;
}

async fn repeat_caller(name: &str, fault: &CallerFault, barrier: &Barrier) -> Vec<String> {
    let (mut upstream, gateway) = callers::start(fault).await;
    let tasks = gateway.tasks();
    let is_flood = floods::FAULTS.iter().any(|flood| flood.name == fault.name);
    let times = if is_flood {
        repetitions().div_ceil(10)
    } else {
        repetitions()
    };
    converse(fault, &mut upstream, &gateway, BEFORE.min(times)).await;
    rest(&upstream, &gateway, tasks).await;
    barrier.wait().await;
    barrier.wait().await;
    converse(fault, &mut upstream, &gateway, times).await;
    let left = rest(&upstream, &gateway, tasks).await;
    barrier.wait().await;
    barrier.wait().await;
    left.map(|left| format!("{name}: {left} after {times} repetitions"))
        .into_iter()
        .collect()
}

async fn converse(fault: &CallerFault, upstream: &mut Upstream, gateway: &Gateway, times: usize) {
    upstream.fault();
    let mut done = 0;
    while done < times {
        let round = AT_ONCE.min(times - done);
        let conversations = (0..round).map(|_| async {
            let Ok(mut caller) = Conversation::start(gateway.address, fault.reads).await else {
                return;
            };
            if caller.follow(fault.script, upstream).await {
                caller.listen_to_the_end(Duration::from_millis(700)).await;
            }
        });
        join_all(conversations).await;
        done += round;
    }
    upstream.recover(crate::upstream::Version::Http1).await;
}

/// Waits for several futures that borrow.
async fn join_all(futures: impl Iterator<Item = impl Future<Output = ()>>) {
    let mut waiting: Vec<_> = futures.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if waiting.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

/// Waits until nothing is left but a pool of idle connections. Returns what is
/// left instead.
async fn rest(upstream: &Upstream, gateway: &Gateway, tasks: usize) -> Option<String> {
    let at_rest = settles(|| {
        let left = upstream.left();
        left.sockets <= AT_ONCE + 2
            && left.streams == 0
            && gateway.tasks() <= tasks + 3 * left.sockets + 4
    });
    if at_rest.await {
        return None;
    }
    let (left, found) = (upstream.left(), gateway.tasks());
    Some(format!("{left:?}, {found} tasks, {tasks} before"))
}
