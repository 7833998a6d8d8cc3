//! Plays every fault of a caller and tells what differs.

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tonic::Code;

use crate::QUIET;
use crate::caller::{Conversation, PATIENCE, Told};
use crate::caller_rows::{End, FAMILIES, Fault, Reaches};
use crate::calls::{Answer, Call, Caller};
use crate::gateway::{Gateway, Settings};
use crate::matrix::{is_selected, report, settles};
use crate::upstream::{GOOD, Upstream, Version};

/// How many faults are played at the same time.
const AT_ONCE: usize = 12;

/// The faults that the environment selects, by name.
pub(crate) fn selected() -> Vec<(String, &'static Fault)> {
    FAMILIES
        .iter()
        .flat_map(|family| {
            let named = |fault: &'static Fault| (format!("{}: {}", family.name, fault.name), fault);
            family.faults.iter().map(named)
        })
        .filter(|(name, _)| is_selected(name))
        .collect()
}

/// An upstream and a gateway in front of it.
pub(crate) async fn start(fault: &Fault) -> (Upstream, Gateway) {
    let upstream = Upstream::start(Version::Http1, fault.upstream, false, GOOD);
    let settings = Settings {
        max_reply: 4 << 20,
        ..Settings::default()
    };
    let gateway = Gateway::start(slice::from_ref(&upstream.url), settings).await;
    upstream.fault();
    (upstream, gateway)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_fault_of_a_caller_has_the_documented_end() {
    let _quiet = QUIET.read().await;
    let faults = selected();
    let count = faults.len();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut playing = JoinSet::new();
    for (name, fault) in faults {
        let places = Arc::clone(&places);
        playing.spawn(async move {
            let _place = places.acquire_owned().await.expect("it is never closed");
            (name, play(fault).await)
        });
    }
    let mut differing: Vec<_> = playing
        .join_all()
        .await
        .into_iter()
        .filter(|(_, differences)| !differences.is_empty())
        .collect();
    differing.sort();
    assert!(differing.is_empty(), "{}", report(count, &differing));
}

/// Plays one fault. Returns what differs.
async fn play(fault: &Fault) -> Vec<String> {
    let mut differences = Vec::new();
    let (mut upstream, gateway) = start(fault).await;
    let tasks = gateway.tasks();
    let mut caller = Conversation::start(gateway.address, fault.reads)
        .await
        .expect("the gateway accepts connections");
    let stays = caller.follow(fault.script, &upstream).await;
    if stays && !fault.ends.contains(&End::Gone) {
        let patience = if fault.ends.contains(&End::EachByItself) {
            PATIENCE * 3
        } else {
            PATIENCE
        };
        caller.listen_to_the_end(patience).await;
    }
    if !fault.ends.iter().any(|end| fits(*end, &caller)) {
        let expected: Vec<_> = fault.ends.iter().map(|end| format!("{end:?}")).collect();
        let expected = expected.join(" or ");
        differences.push(format!(
            "ends: expected {expected}, found {}",
            found(&caller)
        ));
    }
    let attempts = upstream.attempts();
    let reached = match fault.reaches_upstream {
        Reaches::Never => attempts == 0,
        Reaches::Once => attempts == 1,
        Reaches::Perhaps => true,
    };
    if !reached {
        let expected = fault.reaches_upstream;
        differences.push(format!(
            "reaches upstream: expected {expected:?}, found {attempts}"
        ));
    }
    upstream.recover(Version::Http1);
    if stays && fault.connection_goes_on && !fault.ends.contains(&End::Closed) {
        let told = caller.call().await;
        let status = told.status();
        if status.as_ref().is_none_or(|status| status.code != Code::Ok) {
            differences.push(format!(
                "the same connection: expected OK, found {status:?}"
            ));
        }
    }
    upstream.release();
    let stays = stays.then_some(caller);
    if !settles(|| upstream.left().faulty == 0 || attempts == 0 || reads(fault)).await {
        differences.push(format!(
            "freed: the call goes on upstream: {:?}",
            upstream.left()
        ));
    }
    drop(stays);
    let other = Caller::new(gateway.address);
    let next = other.call(Call::Get, Some(Duration::from_secs(4))).await;
    if !matches!(&next, Answer::Ok { id, .. } if id == "good") {
        differences.push(format!("another caller: expected OK, found {next:?}"));
    }
    drop(other);
    let at_rest = settles(|| {
        let sockets = upstream.left().sockets;
        sockets <= AT_ONCE_UPSTREAM && gateway.tasks() <= tasks + 3 * sockets + 2
    });
    if !at_rest.await {
        let (left, found) = (upstream.left(), gateway.tasks());
        differences.push(format!("left: {left:?}, {found} tasks, {tasks} before"));
    }
    differences
}

/// How many connections upstream may be kept for later, after 5,000 calls.
const AT_ONCE_UPSTREAM: usize = 1024;

/// Returns whether the upstream answers, so that its connection may be kept.
fn reads(fault: &Fault) -> bool {
    matches!(fault.upstream, crate::upstream::Script::Reply(_))
}

fn fits(end: End, caller: &Conversation) -> bool {
    let Some(first) = caller.told.values().next() else {
        return match end {
            End::Gone => true,
            End::Closed => caller.closed,
            End::Http(status) => caller.text.contains(&format!("HTTP/1.1 {status} ")),
            _ => false,
        };
    };
    let status = first.status();
    let code = status.as_ref().map(|status| status.code);
    match end {
        End::Ok => code == Some(Code::Ok),
        End::Fails(expected, reason) => {
            code == Some(expected) && status.is_some_and(|status| status.reason == reason)
        }
        End::Code(expected) => code == Some(expected),
        End::Http(expected) => first.http_status() == Some(expected),
        End::Reset => first.reset.is_some(),
        End::Closed => caller.closed || caller.go_away.is_some_and(|code| code != 0),
        End::EachByItself => !caller.closed && caller.told.values().all(is_fair),
        End::Gone => true,
    }
}

/// Returns whether the end of a call says that it was carried out, or was not
/// because there were too many.
fn is_fair(told: &Told) -> bool {
    const REFUSED_STREAM: u32 = 7;
    told.reset == Some(REFUSED_STREAM)
        || told
            .status()
            .is_some_and(|status| matches!(status.code, Code::Ok | Code::ResourceExhausted))
}

fn found(caller: &Conversation) -> String {
    let end = |told: &Told| {
        format!(
            "HTTP {:?}, {:?}, reset {:?}; ",
            told.http_status(),
            told.status(),
            told.reset
        )
    };
    let first = caller.told.values().next().map(end).unwrap_or_default();
    let unfair = caller.told.values().find(|told| !is_fair(told));
    let unfair = unfair.map(end).unwrap_or_default();
    let over = caller.told.values().filter(|told| told.is_over()).count();
    let fair = caller.told.values().filter(|told| is_fair(told)).count();
    format!(
        "{first}{unfair}{over} of {} calls ended, {fair} well; GOAWAY {:?}, closed {}, {:?}",
        caller.told.len(),
        caller.go_away,
        caller.closed,
        caller.text.lines().next().unwrap_or_default()
    )
}
