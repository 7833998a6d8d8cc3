//! What goes on in the background: names are resolved again, endpoints that do
//! not answer are tried, connections that nobody uses are closed.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::error::Cause;
use crate::fleet::{Fleet, Host};

/// Runs until it is ended.
pub(crate) async fn supervise(fleet: Arc<Fleet>) {
    let mut ticks = interval(fleet.config.probe_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick is now, but nothing is to be tried before requests had
    // their chance.
    ticks.tick().await;
    let mut resolved = None;
    let mut lookups = JoinSet::new();
    let mut probes = JoinSet::new();
    let mut changes = fleet.changes();
    let mut asked = false;
    loop {
        // One round at a time, however long the answers take.
        while lookups.try_join_next().is_some() {}
        if lookups.is_empty() && wants_lookup(&fleet, resolved) {
            resolve(&fleet, &mut lookups);
            resolved = Some(Instant::now());
        }
        tokio::select! {
            _ = ticks.tick() => {}
            // Who asks is not to wait for requests.
            () = fleet.asked() => asked = true,
            Ok(()) = changes.changed(), if asked => {}
        }
        let now = Instant::now();
        for endpoint in &fleet.known().endpoints {
            endpoint.pool().purge(now);
        }
        // Two calls that end at once may tell of their endpoints in the wrong
        // order.
        fleet.note_reachability();
        while probes.try_join_next().is_some() {}
        if probes.is_empty() {
            probe(&fleet, now, &mut probes);
        }
    }
}

/// Returns whether names are to be resolved: every so often, and whenever the last
/// answer is of no use.
fn wants_lookup(fleet: &Fleet, resolved: Option<Instant>) -> bool {
    let is_due = resolved.is_none_or(|at| at.elapsed() >= fleet.config.resolve_interval);
    is_due || !fleet.is_reachable()
}

/// Resolves every name.
fn resolve(fleet: &Arc<Fleet>, lookups: &mut JoinSet<()>) {
    for base in &fleet.bases {
        let Host::Name(name, port) = &base.host else {
            continue;
        };
        let (name, port) = (name.clone(), *port);
        let (fleet, base) = (Arc::clone(fleet), Arc::clone(base));
        lookups.spawn(async move {
            let limit = fleet.config.connect_timeout;
            let answer = timeout(limit, fleet.config.resolver.resolve(&name, port)).await;
            match answer {
                Ok(Ok(addresses)) if !addresses.is_empty() => fleet.update(&base, &addresses),
                Ok(Ok(_)) => fleet.unresolved(&base, Cause::NoAddress.into()),
                Ok(Err(error)) => fleet.unresolved(&base, error.into()),
                Err(late) => fleet.unresolved(&base, late.into()),
            }
        });
    }
}

/// Tries a connection to each endpoint that wants it, and closes it again.
fn probe(fleet: &Arc<Fleet>, now: Instant, probes: &mut JoinSet<()>) {
    for endpoint in &fleet.known().endpoints {
        if !endpoint.health().wants_probe(now) {
            continue;
        }
        let (fleet, endpoint) = (Arc::clone(fleet), Arc::clone(endpoint));
        probes.spawn(async move {
            let started = Instant::now();
            let reached = endpoint.target().connect().await;
            if let Err(error) = &reached {
                tracing::debug!(
                    address = %endpoint.address(),
                    error = error as &dyn std::error::Error,
                    "an endpoint cannot be reached",
                );
            }
            if reached
                .as_ref()
                .is_err_and(|error| error.missing().is_some())
            {
                // It says nothing about the endpoint.
                return;
            }
            let slow = started.elapsed() * 2 > fleet.config.connect_timeout;
            let others = fleet.has_other_than(&endpoint);
            endpoint.probed(reached.is_ok(), slow, others);
            fleet.note_reachability();
        });
    }
}
