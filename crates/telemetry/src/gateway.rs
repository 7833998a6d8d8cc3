//! The metrics of a gateway.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::gateway::outcome::{Observer, Outcome};
use ::gateway::upstream::LimitedUsage;
use ::gateway::usage::ServerUsage;
use transcode::json::DriftKind;

use crate::catalogue::gateway::{
    ACCEPT_FAILURES, CALL_DURATION, CALLS, CALLS_IN_FLIGHT, CONNECTIONS, CONNECTIONS_ACCEPTED,
    CONNECTIONS_SILENT, DRIFT, EXCHANGE_DURATION, FAILURES, LIST_ELEMENTS, RECEIVED, SENT,
};
use crate::catalogue::upstream;
use crate::codes::CODES;
use crate::measure;
use crate::reasons::Reasons;
use crate::registry::{Measurements, Registry, Scrape};

/// What a call of no known rpc counts as.
const UNKNOWN: &str = "unknown";

/// The numbers of HTTP statuses.
const STATUSES: std::ops::Range<usize> = 100..600;

/// Counts the calls of a gateway, as one of its observers.
#[derive(Debug)]
pub struct GatewayCalls {
    /// An entry for each rpc, made beforehand: whatever callers call, there are no
    /// others.
    rpcs: HashMap<Arc<str>, OfRpc>,
    unknown: OfRpc,
    reasons: Reasons,
    statuses: [AtomicU64; STATUSES.end - STATUSES.start],
}

/// What is counted of one rpc.
#[derive(Debug)]
struct OfRpc {
    codes: [AtomicU64; CODES.len()],
    duration: Measurements,
    exchange: Measurements,
    exchanges: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
    elements: AtomicU64,
    attempts: AtomicU64,
    upstream_received: AtomicU64,
    upstream_sent: AtomicU64,
    drifts: [AtomicU64; DriftKind::ALL.len()],
}

impl Default for OfRpc {
    fn default() -> Self {
        Self {
            codes: Default::default(),
            duration: measure::of_calls(),
            exchange: measure::of_calls(),
            exchanges: AtomicU64::default(),
            received: AtomicU64::default(),
            sent: AtomicU64::default(),
            elements: AtomicU64::default(),
            attempts: AtomicU64::default(),
            upstream_received: AtomicU64::default(),
            upstream_sent: AtomicU64::default(),
            drifts: Default::default(),
        }
    }
}

fn add(count: &AtomicU64, by: u64) {
    if by > 0 {
        count.fetch_add(by, Ordering::Relaxed);
    }
}

impl GatewayCalls {
    /// Counts the calls of these rpcs, and adds the counts to the registry.
    pub fn register(registry: &Registry, rpcs: impl IntoIterator<Item = Arc<str>>) -> Arc<Self> {
        let rpcs = rpcs.into_iter().map(|rpc| (rpc, OfRpc::default()));
        let calls = Arc::new(Self {
            rpcs: rpcs.collect(),
            unknown: OfRpc::default(),
            reasons: Reasons::default(),
            statuses: std::array::from_fn(|_| AtomicU64::default()),
        });
        let source = Arc::clone(&calls);
        registry.add(move |scrape| source.scrape(scrape));
        calls
    }

    fn scrape(&self, scrape: &mut Scrape) {
        let mut rpcs: Vec<_> = self
            .rpcs
            .iter()
            .map(|(name, of)| (&**name, of))
            .chain([(UNKNOWN, &self.unknown)])
            .collect();
        rpcs.sort_unstable_by_key(|(name, _)| *name);
        for (name, of) in rpcs {
            of.scrape(name, scrape);
        }
        self.reasons
            .each(|reason, count| scrape.count(&FAILURES, [reason], count));
        for (status, count) in STATUSES.zip(&self.statuses) {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                scrape.count(&upstream::REPLIES, [&status.to_string()], count);
            }
        }
    }
}

impl Observer for GatewayCalls {
    fn ended(&self, outcome: &Outcome) {
        let rpc = outcome.rpc.as_ref();
        let of = rpc.and_then(|rpc| self.rpcs.get(rpc));
        of.unwrap_or(&self.unknown).count(outcome);
        if let Some(reason) = &outcome.reason {
            self.reasons.count(reason);
        }
        let status = outcome.upstream.status.map(|status| status.as_u16());
        if let Some(status) = status
            && let Some(index) = usize::from(status).checked_sub(STATUSES.start)
            && let Some(count) = self.statuses.get(index)
        {
            add(count, 1);
        }
    }
}

impl OfRpc {
    fn count(&self, outcome: &Outcome) {
        let code = usize::try_from(i32::from(outcome.code)).unwrap_or_default();
        if let Some(count) = self.codes.get(code) {
            add(count, 1);
        }
        measure::observe(&self.duration, outcome.duration);
        if let Some(duration) = outcome.upstream.duration {
            measure::observe(&self.exchange, duration);
            add(&self.exchanges, 1);
        }
        add(&self.received, outcome.received);
        add(&self.sent, outcome.sent);
        add(&self.elements, outcome.upstream.elements);
        add(&self.attempts, outcome.upstream.attempts.into());
        add(&self.upstream_received, outcome.upstream.received);
        add(&self.upstream_sent, outcome.upstream.sent);
        if !outcome.upstream.drifts.is_empty() {
            for (kind, count) in DriftKind::ALL.iter().zip(&self.drifts) {
                let mut drifts = outcome.upstream.drifts.iter();
                add(count, drifts.any(|drift| drift.kind == *kind).into());
            }
        }
    }

    fn scrape(&self, rpc: &str, scrape: &mut Scrape) {
        for (code, count) in CODES.iter().zip(&self.codes) {
            let count = count.load(Ordering::Relaxed);
            // That of success is there from the beginning, so that its rate is known.
            if count > 0 || *code == "OK" {
                scrape.count(&CALLS, [rpc, code], count);
            }
        }
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        if self.codes.iter().all(|count| load(count) == 0) {
            return;
        }
        scrape.histogram(&CALL_DURATION, [rpc], &self.duration);
        scrape.count(&RECEIVED, [rpc], load(&self.received));
        scrape.count(&SENT, [rpc], load(&self.sent));
        if load(&self.elements) > 0 {
            scrape.count(&LIST_ELEMENTS, [rpc], load(&self.elements));
        }
        if load(&self.exchanges) > 0 {
            scrape.histogram(&EXCHANGE_DURATION, [rpc], &self.exchange);
            scrape.count(&upstream::ATTEMPTS, [rpc], load(&self.attempts));
            scrape.count(&upstream::SENT, [rpc], load(&self.upstream_sent));
            scrape.count(&upstream::RECEIVED, [rpc], load(&self.upstream_received));
        }
        for (kind, count) in DriftKind::ALL.iter().zip(&self.drifts) {
            if load(count) > 0 {
                scrape.count(&DRIFT, [rpc, kind.as_str()], load(count));
            }
        }
    }
}

/// Adds how much of a server is in use.
pub fn register_server(registry: &Registry, usage: ServerUsage) {
    registry.add(move |scrape| {
        scrape.level(&CALLS_IN_FLIGHT, [], usage.calls());
        scrape.level(&CONNECTIONS, [], usage.connections());
        scrape.count(&CONNECTIONS_ACCEPTED, [], usage.accepted());
        scrape.count(&CONNECTIONS_SILENT, [], usage.silent());
        scrape.count(&ACCEPT_FAILURES, [], usage.not_accepted());
    });
}

/// Adds how much of the limit on what is sent upstream is in use.
pub fn register_limit(registry: &Registry, usage: LimitedUsage) {
    registry.add(move |scrape| {
        let calls = usage.calls();
        let level = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        scrape.level(&upstream::CONCURRENCY_LIMIT, [], level(calls.limit));
        scrape.level(&upstream::CALLS_IN_FLIGHT, [], level(calls.in_flight));
        scrape.level(&upstream::CALLS_QUEUED, [], calls.queued);
        scrape.level(&upstream::UPLOADS_IN_FLIGHT, [], usage.uploads());
        for (reason, count) in usage.shed() {
            scrape.count(&upstream::SHED, [reason], count);
        }
    });
}

#[cfg(test)]
mod tests;
