//! Plays every fault of an upstream and tells what differs.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::QUIET;
use crate::calls::{Answer, Call, Caller};
use crate::gateway::{Gateway, Settings};
use crate::rows::{Deadline, End, FAMILIES, Fault, Next, RetryInfo, Time};
use crate::upstream::{GOOD, GOOD_LIST, Upstream, Version, roots};

/// How many faults are played at the same time.
const AT_ONCE: usize = 12;

/// The deadline of a call that is to end with it.
const SHORT: Duration = Duration::from_millis(500);

/// The same, of a call whose bytes take a while in a debug build.
const SHORT_OF_MANY_BYTES: Duration = Duration::from_secs(3);

/// The deadline of a call that is to end long before it.
const LONG: Duration = Duration::from_secs(8);

/// How long what is to come at once may take on a busy machine.
const PROMPT: Duration = Duration::from_secs(5);

/// A fault over one version of HTTP.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) family: &'static str,
    pub(crate) fault: &'static Fault,
    pub(crate) version: Version,
}

impl Row {
    /// All rows, or those that the environment selects.
    pub(crate) fn all() -> Vec<Self> {
        let mut rows = Vec::new();
        for family in FAMILIES {
            for fault in family.faults {
                for version in fault.versions() {
                    rows.push(Self {
                        family: family.name,
                        fault,
                        version: *version,
                    });
                }
            }
        }
        rows.retain(|row| is_selected(&row.name()));
        rows
    }

    pub(crate) fn name(&self) -> String {
        let used = if self.fault.warm {
            ", on a connection that was used"
        } else {
            ""
        };
        let once = if self.fault.once { ", once" } else { "" };
        format!(
            "{}: {} ({:?} over {:?}{used}{once})",
            self.family, self.fault.name, self.fault.call, self.version
        )
    }

    /// An upstream with the fault, and a gateway in front of it.
    pub(crate) async fn start(&self) -> (Upstream, Gateway) {
        let good = match self.fault.call {
            Call::List | Call::Stream => GOOD_LIST,
            _ => GOOD,
        };
        let fault = self.fault;
        let upstream = Upstream::start(self.version, fault.script, fault.once, good);
        let mut settings = Settings {
            roots: roots(self.version),
            ..Settings::default()
        };
        if fault.deadline != Deadline::Own {
            settings.default_deadline = SHORT;
            settings.max_deadline = SHORT;
        }
        let endpoints = [upstream.url.clone()];
        let gateway = Gateway::start(&endpoints, settings).await;
        (upstream, gateway)
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        match (self.fault.deadline, self.fault.time) {
            (Deadline::Default, _) => None,
            (Deadline::TooLong, _) => Some(Duration::from_hours(1)),
            (Deadline::Own, Time::AtDeadline) => Some(match self.fault.call {
                Call::LargePost | Call::Upload => SHORT_OF_MANY_BYTES,
                _ => SHORT,
            }),
            (Deadline::Own, Time::AtOnce) => Some(LONG),
        }
    }
}

/// Returns whether the name holds the text in `FAULT_ONLY`, where there is one.
pub(crate) fn is_selected(name: &str) -> bool {
    std::env::var("FAULT_ONLY").map_or(true, |only| name.contains(&only))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_fault_of_an_upstream_has_the_documented_end() {
    let _quiet = QUIET.read().await;
    let rows = Row::all();
    let count = rows.len();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut playing = JoinSet::new();
    for row in rows {
        let places = Arc::clone(&places);
        playing.spawn(async move {
            let _place = places.acquire_owned().await.expect("it is never closed");
            (row.name(), play(&row).await)
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

/// Everything that differs, for people.
pub(crate) fn report(count: usize, differing: &[(String, Vec<String>)]) -> String {
    let mut text = format!(
        "{} of {count} faults do not end as docs/faults.md says. \
         FAULT_ONLY='part of a name' plays some of them alone.\n",
        differing.len()
    );
    for (name, differences) in differing {
        writeln!(text, "\n{name}").expect("strings take everything");
        for difference in differences {
            writeln!(text, "    {difference}").expect("strings take everything");
        }
    }
    text
}

/// Plays one fault. Returns what differs.
async fn play(row: &Row) -> Vec<String> {
    let fault = row.fault;
    let mut differences = Vec::new();
    let (mut upstream, gateway) = row.start().await;
    let tasks = gateway.tasks();
    let caller = Caller::new(gateway.address);
    if fault.warm {
        let answer = timeout(PROMPT, caller.call(Call::Get, Some(LONG))).await;
        if !matches!(&answer, Ok(Answer::Ok { .. })) {
            return vec![format!("before: expected OK, found {answer:?}")];
        }
    }
    upstream.fault();
    let begun = Instant::now();
    let patience = row.deadline().unwrap_or(SHORT).min(LONG) + Duration::from_secs(3);
    let answer = timeout(patience, caller.call(fault.call, row.deadline())).await;
    let took = begun.elapsed();
    match &answer {
        Err(_) => differences.push(format!("ends: no answer within {patience:?}")),
        Ok(answer) => differences.extend(compare(fault, answer)),
    }
    if took > PROMPT && answer.is_ok() && fault.time == Time::AtOnce {
        differences.push(format!("time: expected at once, took {took:?}"));
    }
    let attempts = upstream.attempts();
    if !fault.attempts.range().contains(&attempts) {
        let expected = fault.attempts.range();
        differences.push(format!("attempts: expected {expected:?}, found {attempts}"));
    }
    upstream.recover(row.version);
    differences.extend(next(fault, &caller).await);
    upstream.release();
    let freed = settles(|| {
        let left = upstream.left();
        left.streams == 0 && (!fault.closed || left.faulty == 0)
    });
    if !freed.await {
        let left = upstream.left();
        differences.push(format!("freed: the call goes on upstream: {left:?}"));
    }
    drop(caller);
    let at_rest = settles(|| {
        let left = upstream.left();
        left.sockets <= 2 && left.streams == 0 && gateway.tasks() <= tasks + 3 * left.sockets + 2
    });
    if !at_rest.await {
        let (left, found) = (upstream.left(), gateway.tasks());
        differences.push(format!("left: {left:?}, {found} tasks, {tasks} before"));
    }
    differences
}

fn compare(fault: &Fault, answer: &Answer) -> Vec<String> {
    let fits = |end: &End| match (end, answer) {
        (End::Ok(_), Answer::Ok { .. }) if fault.call == Call::Delete => true,
        (End::Ok(expected), Answer::Ok { id, .. }) => id == expected,
        (End::Page(expected), Answer::Ok { next_offset, .. }) => next_offset == expected,
        (End::Fails(code, reason), Answer::Failed(failure)) => {
            failure.code == *code && failure.reason == *reason
        }
        _ => false,
    };
    let mut differences = Vec::new();
    if !fault.ends.iter().any(fits) {
        let expected: Vec<_> = fault.ends.iter().map(|end| format!("{end:?}")).collect();
        let expected = expected.join(" or ");
        differences.push(format!("ends: expected {expected}, found {answer:?}"));
    }
    if let Answer::Failed(failure) = answer
        && !fault.retry_info.admits(failure.retry)
    {
        let (expected, found) = (fault.retry_info, failure.retry);
        differences.push(format!("RetryInfo: expected {expected:?}, found {found:?}"));
    }
    if fault.retry_info == RetryInfo::Present && matches!(answer, Answer::Ok { .. }) {
        differences.push("RetryInfo: expected an error".to_owned());
    }
    differences
}

/// What the next call sees that it should not.
async fn next(fault: &Fault, caller: &Caller) -> Option<String> {
    let call = match fault.call {
        Call::LargePost | Call::Upload => Call::Get,
        call => call,
    };
    let is_good = |answer: &Answer| match answer {
        Answer::Ok { id, .. } => call == Call::Delete || id == "good",
        Answer::Failed(_) => false,
    };
    let begun = Instant::now();
    loop {
        let (patience, deadline) = match fault.next {
            Next::Ok => (PROMPT, SHORT.max(Duration::from_secs(4))),
            Next::OkSoon => (Duration::from_secs(8), Duration::from_secs(1)),
        };
        let answer = timeout(PROMPT, caller.call(call, Some(deadline))).await;
        if answer.as_ref().is_ok_and(is_good) {
            return None;
        }
        if fault.next == Next::Ok || begun.elapsed() > patience {
            return Some(match answer {
                Ok(answer) => format!("next: expected OK, found {answer:?}"),
                Err(_) => "next: no answer".to_owned(),
            });
        }
    }
}

/// Waits for something to become true, for as long as that may take.
pub(crate) async fn settles(condition: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < PROMPT {
        if condition() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}
