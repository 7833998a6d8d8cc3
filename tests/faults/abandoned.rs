//! Calls that are over before their time: whatever belongs to them ends with
//! them, on both sides.

use std::slice;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::Code;

use crate::QUIET;
use crate::calls::{Answer, Call, Caller};
use crate::gateway::{Gateway, Settings};
use crate::matrix::settles;
use crate::upstream::Act;
use crate::upstream::Step::{Send, Stall};
use crate::upstream::{GOOD, Script, Upstream, Version, roots};

/// How a call ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Its deadline passes.
    Expired,
    /// The caller resets it.
    Cancelled,
    /// The caller hangs up.
    Disconnected,
    /// The upstream answers before it has read the request, and reads no more.
    AnsweredEarly,
}

const CALLS: &[Call] = &[Call::Get, Call::LargePost, Call::Upload];
const VERSIONS: &[Version] = &[Version::Http1, Version::Http2];

/// How often a call is abandoned before the connection is looked at: what an
/// abandoned call keeps of a window adds up.
const TIMES: usize = 3;

/// Time for a call of many bytes in a debug build.
const PATIENCE: Duration = Duration::from_secs(10);

fn script(ending: Ending, version: Version) -> Script {
    match (ending, version) {
        (Ending::AnsweredEarly, Version::Http1) => Script::OnHead(&[
            Send(b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n"),
            Stall,
        ]),
        (Ending::AnsweredEarly, Version::Http2) => {
            Script::OnHeaders(&[], &[Act::Headers(&[(":status", "413")], true)])
        }
        (_, Version::Http1) => Script::OnHead(&[Stall]),
        (_, Version::Http2) => Script::OnHeaders(&[], &[Act::Stall]),
    }
}

/// Abandons every kind of call in this way over both versions of HTTP.
async fn check(ending: Ending) {
    let _quiet = QUIET.read().await;
    let mut abandoning = JoinSet::new();
    for call in CALLS {
        for version in VERSIONS {
            if ending == Ending::AnsweredEarly && *call == Call::Get {
                // There is nothing of it that could be read or not.
                continue;
            }
            abandoning.spawn(async move {
                let found = abandon(ending, *call, *version).await;
                found
                    .into_iter()
                    .map(|found| format!("{call:?} over {version:?}: {found}"))
                    .collect::<Vec<_>>()
            });
        }
    }
    let left = abandoning.join_all().await.concat();
    assert!(
        left.is_empty(),
        "calls go on after they are over:\n{}",
        left.join("\n")
    );
}

/// Abandons a call. Returns what does not end with it.
async fn abandon(ending: Ending, call: Call, version: Version) -> Vec<String> {
    let mut found = Vec::new();
    let mut upstream = Upstream::start(version, script(ending, version), false, GOOD);
    let settings = Settings {
        roots: roots(version),
        ..Settings::default()
    };
    let gateway = Gateway::start(slice::from_ref(&upstream.url), settings).await;
    let tasks = gateway.tasks();
    let mut caller = Caller::new(gateway.address);
    upstream.fault();
    for attempt in 1..=TIMES {
        found.extend(end(ending, call, &mut caller, &upstream, attempt).await);
    }
    upstream.recover(version);
    // Its bytes do not fit into a window that is not given back.
    let next = caller.call(Call::LargePost, Some(PATIENCE));
    let next = timeout(PATIENCE, next).await;
    if !matches!(&next, Ok(Answer::Ok { .. })) {
        found.push(format!("the next call on the connection: {next:?}"));
    }
    upstream.release();
    let ends = settles(|| {
        let left = upstream.left();
        left.faulty == 0 && left.streams == 0
    });
    if !ends.await {
        found.push(format!("the upstream still has {:?}", upstream.left()));
    }
    drop(caller);
    let rests = settles(|| {
        let left = upstream.left();
        left.sockets <= 2 && gateway.tasks() <= tasks + 3 * left.sockets + 2
    });
    if !rests.await {
        found.push(format!(
            "{} tasks are left of {tasks}, and {:?}",
            gateway.tasks(),
            upstream.left()
        ));
    }
    found
}

/// Makes one call, and ends it. Returns what it was told that it should not.
async fn end(
    ending: Ending,
    call: Call,
    caller: &mut Caller,
    upstream: &Upstream,
    attempt: usize,
) -> Option<String> {
    let arrived = settles(|| upstream.attempts() >= attempt);
    let code = match ending {
        Ending::Expired => Code::DeadlineExceeded,
        Ending::AnsweredEarly => Code::ResourceExhausted,
        Ending::Cancelled => {
            tokio::select! {
                answer = caller.call(call, Some(PATIENCE)) => {
                    return Some(format!("answered before it was cancelled: {answer:?}"));
                }
                _ = arrived => return None,
            }
        }
        Ending::Disconnected => {
            let leaving = Caller::new(caller.gateway);
            tokio::select! {
                answer = leaving.call(call, Some(PATIENCE)) => {
                    return Some(format!("answered before the caller left: {answer:?}"));
                }
                _ = arrived => return None,
            }
        }
    };
    let deadline = match ending {
        Ending::Expired => Duration::from_secs(2),
        _ => PATIENCE,
    };
    let answer = timeout(PATIENCE, caller.call(call, Some(deadline))).await;
    match &answer {
        Ok(Answer::Failed(failure)) if failure.code == code => None,
        _ => Some(format!("expected {code:?}, found {answer:?}")),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_call_leaves_nothing() {
    check(Ending::Expired).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_call_leaves_nothing() {
    check(Ending::Cancelled).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_caller_hangs_up_leaves_nothing() {
    check(Ending::Disconnected).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_answered_early_leaves_nothing() {
    check(Ending::AnsweredEarly).await;
}
