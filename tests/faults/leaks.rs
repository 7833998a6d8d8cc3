//! Plays every fault again and again, and counts what is left: connections,
//! streams, tasks, memory.
//!
//! By default each fault is repeated a few dozen times, which finds what a
//! fault leaves behind each time. `FAULT_REPETITIONS=10000` repeats it so
//! often. The bound on memory stays the same, so it gets finer.

use std::alloc::System;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
const SIDE_BY_SIDE: usize = 48;

/// How many calls of a fault are under way at the same time.
const AT_ONCE: usize = 10;

/// How many connections to the upstream may be kept for later.
const IDLE: usize = AT_ONCE + 2;

/// The same after thousands of calls.
const IDLE_AFTER_FLOODS: usize = 1024;

/// How often a fault is repeated before anything is counted, so that pools and
/// buffers have what they keep.
const BEFORE: usize = AT_ONCE;

/// How many repetitions come before a rest. An upstream that stalls keeps its
/// sockets until then, and the process can have only so many.
const BEFORE_REST: usize = 100;

/// How often a fault is repeated where the environment says nothing else.
const REPETITIONS: usize = 25;

/// How often the repetitions go around where memory grows. What leaks grows
/// each time, while a pool that happens to be fuller does not.
const MOST_ROUNDS: usize = 4;

/// How many bytes may be left of all repetitions of faults that are repeated
/// side by side. Pools and buffers are not filled to the byte.
const SLACK: usize = 12 << 20;

fn repetitions() -> usize {
    std::env::var("FAULT_REPETITIONS").map_or(REPETITIONS, |times| {
        times.parse().expect("FAULT_REPETITIONS is a number")
    })
}

/// Keeps faults that are repeated side by side in step, so that memory can be
/// measured while all of them rest.
struct Rounds {
    /// Of all faults, and of the one that measures.
    barrier: Barrier,
    again: AtomicBool,
}

impl Rounds {
    /// Waits until memory has been measured while all faults rest. Returns
    /// false if the faults need not be repeated again.
    async fn rest(&self) -> bool {
        self.barrier.wait().await;
        self.barrier.wait().await;
        self.again.load(Ordering::SeqCst)
    }

    /// Measures between the rounds. Returns how many bytes the last one left,
    /// where each left too much.
    async fn measure(&self) -> Option<usize> {
        self.barrier.wait().await;
        let mut before = MEMORY.allocated();
        self.barrier.wait().await;
        for _ in 1..MOST_ROUNDS {
            self.barrier.wait().await;
            let after = MEMORY.allocated();
            let grown = after.saturating_sub(before);
            before = after;
            self.again.store(grown > SLACK, Ordering::SeqCst);
            if grown <= SLACK {
                self.barrier.wait().await;
                return None;
            }
            self.barrier.wait().await;
        }
        self.barrier.wait().await;
        self.again.store(false, Ordering::SeqCst);
        let grown = MEMORY.allocated().saturating_sub(before);
        self.barrier.wait().await;
        (grown > SLACK).then_some(grown)
    }
}

/// Repeats faults side by side, and returns what is left of any.
async fn repeat_all<T: Send + 'static, F>(
    about: &str,
    faults: Vec<T>,
    repeat: impl Fn(T, Arc<Rounds>) -> F,
) -> Vec<String>
where
    F: Future<Output = Vec<String>> + Send + 'static,
{
    let rounds = Arc::new(Rounds {
        barrier: Barrier::new(faults.len() + 1),
        again: AtomicBool::new(true),
    });
    let mut repeating = JoinSet::new();
    for fault in faults {
        repeating.spawn(repeat(fault, Arc::clone(&rounds)));
    }
    let ending = async {
        let mut left = Vec::new();
        while let Some(ended) = repeating.join_next().await {
            // The others would wait in vain for one that panicked.
            left.extend(ended.expect("a fault can be repeated"));
        }
        left
    };
    let (grown, mut left) = tokio::join!(rounds.measure(), ending);
    if let Some(grown) = grown {
        left.push(format!(
            "{} KiB of memory are left of {about} each time, where {} may be; FAULT_ONLY tells of which",
            grown >> 10,
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
        let about = between(&rows[0].name(), &rows[rows.len() - 1].name());
        let found = repeat_all(&about, rows.to_vec(), |row, rounds| async move {
            repeat_upstream(&row, &rounds).await
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
        let about = between(&faults[0].0, &faults[faults.len() - 1].0);
        let found = repeat_all(
            &about,
            faults.to_vec(),
            |(name, fault), rounds| async move { repeat_caller(&name, fault, &rounds).await },
        );
        left.extend(found.await);
    }
    assert!(
        left.is_empty(),
        "faults leave something behind:\n{}",
        left.join("\n")
    );
}

fn between(first: &str, last: &str) -> String {
    format!("the faults from {first:?} to {last:?}")
}

async fn repeat_upstream(row: &Row, rounds: &Rounds) -> Vec<String> {
    let (mut upstream, gateway) = row.start().await;
    let tasks = gateway.tasks();
    let times = match row.fault.call {
        Call::LargePost | Call::Upload => repetitions().div_ceil(5),
        _ => repetitions(),
    };
    make_calls(row, &mut upstream, &gateway, BEFORE.min(times)).await;
    rest(&upstream, &gateway, tasks, IDLE).await;
    rounds.rest().await;
    let mut left = None;
    loop {
        for calls in batches(times) {
            make_calls(row, &mut upstream, &gateway, calls).await;
            left = left.or(rest(&upstream, &gateway, tasks, IDLE).await);
        }
        if !rounds.rest().await {
            break;
        }
    }
    left.map(|left| format!("{}: {left} after {times} repetitions", row.name()))
        .into_iter()
        .collect()
}

/// Splits repetitions into parts with a rest behind each.
fn batches(times: usize) -> impl Iterator<Item = usize> {
    (0..times)
        .step_by(BEFORE_REST)
        .map(move |done| BEFORE_REST.min(times - done))
}

async fn make_calls(row: &Row, upstream: &mut Upstream, gateway: &Gateway, times: usize) {
    let deadline = match (row.fault.deadline, row.fault.time) {
        (Deadline::Own, Time::AtOnce) => Some(Duration::from_secs(1)),
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
            let _ = timeout(Duration::from_millis(1500), caller.call(call, deadline)).await;
        });
    }
    calling.join_all().await;
    upstream.recover(row.version);
}

async fn repeat_caller(name: &str, fault: &CallerFault, rounds: &Rounds) -> Vec<String> {
    let (mut upstream, gateway) = callers::start(fault).await;
    let tasks = gateway.tasks();
    let is_flood = floods::FAULTS.iter().any(|flood| flood.name == fault.name);
    let (times, idle) = if is_flood {
        (repetitions().div_ceil(10), IDLE_AFTER_FLOODS)
    } else {
        (repetitions(), IDLE)
    };
    converse(fault, &mut upstream, &gateway, BEFORE.min(times)).await;
    rest(&upstream, &gateway, tasks, idle).await;
    rounds.rest().await;
    let mut left = None;
    loop {
        for conversations in batches(times) {
            converse(fault, &mut upstream, &gateway, conversations).await;
            left = left.or(rest(&upstream, &gateway, tasks, idle).await);
        }
        if !rounds.rest().await {
            break;
        }
    }
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
    upstream.recover(crate::upstream::Version::Http1);
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
async fn rest(upstream: &Upstream, gateway: &Gateway, tasks: usize, idle: usize) -> Option<String> {
    upstream.release();
    let at_rest = settles(|| {
        let left = upstream.left();
        left.sockets <= idle && left.streams == 0 && gateway.tasks() <= tasks + 3 * left.sockets + 4
    });
    if at_rest.await {
        return None;
    }
    let (left, found) = (upstream.left(), gateway.tasks());
    Some(format!("{left:?}, {found} tasks, {tasks} before"))
}
