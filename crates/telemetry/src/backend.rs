//! The metrics of a backend.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ::backend::observer::{LoginOutcome, Observer, RequestOutcome, Statement};
use ::backend::{Backend, PoolUsage};

use crate::catalogue::backend::{
    CONNECTIONS, CONNECTIONS_ACCEPTED, CONNECTIONS_REFUSED, FAILURES, LOGINS, RECEIVED,
    REQUEST_DURATION, REQUESTS, REQUESTS_IN_FLIGHT, SENT, STATEMENT_DURATION, STATEMENT_FAILURES,
    UPLOAD_BYTES, WORK, WORK_REFUSED, WORK_RUNNING, WORK_TIME, WORK_WAITING,
};
use crate::measure;
use crate::reasons::Reasons;
use crate::registry::{Measurements, Registry, Scrape};

/// What a request for no operation counts as.
const UNKNOWN: &str = "unknown";

/// What is served beside the operations.
const OTHERS: [&str; 3] = ["avatar", "documentation", "health"];

/// The status of a request whose client went before there was a reply, as nginx has it.
pub(crate) const CLIENT_GONE: u16 = 499;

/// The numbers of HTTP statuses.
const STATUSES: std::ops::Range<u16> = 100..600;

/// Counts the requests of a backend, as one of its observers.
#[derive(Debug)]
pub struct BackendRequests {
    /// An entry for each operation, made beforehand: whatever clients ask for, there
    /// are no others.
    operations: BTreeMap<&'static str, OfOperation>,
    unknown: OfOperation,
    reasons: Reasons,
    logins: [AtomicU64; LoginOutcome::ALL.len()],
    statements: [OfStatement; Statement::ALL.len()],
}

/// What is counted of one operation.
#[derive(Debug)]
struct OfOperation {
    statuses: [AtomicU64; (STATUSES.end - STATUSES.start) as usize],
    duration: Measurements,
    received: AtomicU64,
    sent: AtomicU64,
}

#[derive(Debug)]
struct OfStatement {
    duration: Measurements,
    failures: AtomicU64,
}

impl Default for OfOperation {
    fn default() -> Self {
        Self {
            statuses: std::array::from_fn(|_| AtomicU64::default()),
            duration: measure::of_calls(),
            received: AtomicU64::default(),
            sent: AtomicU64::default(),
        }
    }
}

impl Default for OfStatement {
    fn default() -> Self {
        Self {
            duration: measure::of_statements(),
            failures: AtomicU64::default(),
        }
    }
}

impl BackendRequests {
    /// Counts the requests for these operations, and adds the counts to the registry.
    pub fn register(
        registry: &Registry,
        operations: impl IntoIterator<Item = &'static str>,
    ) -> Arc<Self> {
        let operations = operations.into_iter().chain(OTHERS);
        let requests = Arc::new(Self {
            operations: operations
                .map(|operation| (operation, OfOperation::default()))
                .collect(),
            unknown: OfOperation::default(),
            reasons: Reasons::default(),
            logins: Default::default(),
            statements: Default::default(),
        });
        let source = Arc::clone(&requests);
        registry.add(move |scrape| source.scrape(scrape));
        requests
    }

    fn scrape(&self, scrape: &mut Scrape) {
        let operations = self.operations.iter();
        for (name, of) in operations.chain([(&UNKNOWN, &self.unknown)]) {
            of.scrape(name, scrape);
        }
        self.reasons
            .each(|reason, count| scrape.count(&FAILURES, [reason], count));
        for (outcome, count) in LoginOutcome::ALL.iter().zip(&self.logins) {
            let count = count.load(Ordering::Relaxed);
            scrape.count(&LOGINS, [outcome.as_str()], count);
        }
        for (kind, of) in Statement::ALL.iter().zip(&self.statements) {
            let kind = [kind.as_str()];
            scrape.histogram(&STATEMENT_DURATION, kind, &of.duration);
            let failures = of.failures.load(Ordering::Relaxed);
            scrape.count(&STATEMENT_FAILURES, kind, failures);
        }
    }
}

impl Observer for BackendRequests {
    fn ended(&self, outcome: &RequestOutcome) {
        let of = outcome
            .operation
            .and_then(|operation| self.operations.get(operation));
        of.unwrap_or(&self.unknown).count(outcome);
        if let Some(reason) = &outcome.reason {
            self.reasons.count(reason);
        }
    }

    fn stored(&self, statement: Statement, duration: Duration, has_succeeded: bool) {
        let of = &self.statements[statement as usize];
        measure::observe(&of.duration, duration);
        if !has_succeeded {
            of.failures.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn logged_in(&self, outcome: LoginOutcome) {
        self.logins[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }
}

impl OfOperation {
    fn count(&self, outcome: &RequestOutcome) {
        let status = outcome.status.unwrap_or(CLIENT_GONE);
        let index = usize::from(status.saturating_sub(STATUSES.start));
        if let Some(count) = self.statuses.get(index) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        measure::observe(&self.duration, outcome.duration);
        self.received.fetch_add(outcome.received, Ordering::Relaxed);
        self.sent.fetch_add(outcome.sent, Ordering::Relaxed);
    }

    fn scrape(&self, operation: &str, scrape: &mut Scrape) {
        let mut is_used = false;
        for (status, count) in STATUSES.zip(&self.statuses) {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                is_used = true;
                scrape.count(&REQUESTS, [operation, &status.to_string()], count);
            }
        }
        if is_used {
            scrape.histogram(&REQUEST_DURATION, [operation], &self.duration);
            let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
            scrape.count(&RECEIVED, [operation], load(&self.received));
            scrape.count(&SENT, [operation], load(&self.sent));
        }
    }
}

/// Adds how much of a backend is in use.
pub fn register_usage(registry: &Registry, backend: Backend) {
    registry.add(move |scrape| {
        let usage = backend.usage();
        scrape.level(&REQUESTS_IN_FLIGHT, [], usage.requests);
        scrape.level(&CONNECTIONS, [], usage.connections);
        scrape.count(&CONNECTIONS_ACCEPTED, [], usage.accepted);
        scrape.count(&CONNECTIONS_REFUSED, [], usage.refused);
        scrape.level(&UPLOAD_BYTES, [], usage.upload_bytes);
        of_pool(scrape, "password", usage.hashing);
        of_pool(scrape, "picture", usage.decoding);
    });
}

fn of_pool(scrape: &mut Scrape, kind: &str, usage: PoolUsage) {
    scrape.level(&WORK_RUNNING, [kind], usage.running);
    scrape.level(&WORK_WAITING, [kind], usage.waiting);
    scrape.count(&WORK, [kind], usage.done);
    scrape.counter(&WORK_TIME, [kind], usage.took.as_secs_f64());
    scrape.count(&WORK_REFUSED, [kind], usage.refused);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(operation: Option<&'static str>, status: Option<u16>) -> RequestOutcome {
        RequestOutcome {
            operation,
            request_id: "a-request".to_owned(),
            subject: None,
            user: None,
            trace: None,
            method: http::Method::GET,
            route: None,
            peer: None,
            status,
            reason: None,
            duration: Duration::from_millis(3),
            received: 1,
            sent: 2,
        }
    }

    #[track_caller]
    fn check(tell: impl FnOnce(&BackendRequests), line: &str) {
        let registry = Registry::default();
        tell(&BackendRequests::register(&registry, ["getUser"]));
        let text = registry.render();
        assert!(
            text.lines().any(|found| found == line),
            "no {line}:\n{text}"
        );
    }

    #[test]
    fn a_request_counts_once_for_its_operation_and_status() {
        check(
            |requests| {
                requests.ended(&outcome(Some("getUser"), Some(200)));
                requests.ended(&outcome(Some("getUser"), Some(200)));
            },
            r#"web1on1_backend_requests_total{operation="getUser",status="200"} 2"#,
        );
    }

    #[test]
    fn a_client_that_has_gone_has_a_status_of_its_own() {
        check(
            |requests| requests.ended(&outcome(Some("getUser"), None)),
            r#"web1on1_backend_requests_total{operation="getUser",status="499"} 1"#,
        );
    }

    #[test]
    fn what_is_no_operation_is_unknown() {
        check(
            |requests| {
                requests.ended(&outcome(None, Some(404)));
                requests.ended(&outcome(Some("made up"), Some(404)));
            },
            r#"web1on1_backend_requests_total{operation="unknown",status="404"} 2"#,
        );
    }

    #[test]
    fn statements_and_logins_are_told_apart() {
        check(
            |requests| requests.stored(Statement::Commit, Duration::from_millis(1), false),
            r#"web1on1_backend_statement_failures_total{kind="commit"} 1"#,
        );
        check(
            |requests| requests.logged_in(LoginOutcome::Throttled),
            r#"web1on1_backend_logins_total{outcome="throttled"} 1"#,
        );
    }
}
