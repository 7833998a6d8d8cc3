//! What goes on in the background: names are resolved again, endpoints that do
//! not answer are tried, connections that nobody uses are closed.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::client::{Base, Inner, Known};
use crate::endpoint::Endpoint;
use crate::error::Cause;

/// Runs until the client is gone.
pub(crate) async fn supervise(client: Weak<Inner>) {
    let Some(period) = client.upgrade().map(|client| client.config.probe_interval) else {
        return;
    };
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick is now, but nothing is to be tried before requests had
    // their chance.
    ticks.tick().await;
    let mut resolved = None;
    let mut probes = JoinSet::new();
    loop {
        {
            let Some(client) = client.upgrade() else {
                return;
            };
            let pause = client.config.resolve_interval;
            let is_due = resolved.is_none_or(|at: Instant| at.elapsed() >= pause);
            if client.has_names() && (is_due || client.known().endpoints.is_empty()) {
                resolve(&client).await;
                resolved = Some(Instant::now());
            }
        }
        ticks.tick().await;
        let Some(client) = client.upgrade() else {
            return;
        };
        let now = Instant::now();
        for endpoint in &client.known().endpoints {
            endpoint.pool().purge(now);
        }
        // One round at a time, however long a connection takes.
        while probes.try_join_next().is_some() {}
        if probes.is_empty() {
            probe(&client, now, &mut probes);
        }
    }
}

/// Resolves every name, and keeps the endpoints whose address has stayed.
async fn resolve(client: &Inner) {
    let mut lookups = JoinSet::new();
    for base in &client.bases {
        if let Some((name, port)) = &base.name {
            let base = Arc::clone(base);
            let resolver = client.config.resolver.clone();
            let (name, port) = (name.clone(), *port);
            let limit = client.config.connect_timeout;
            lookups.spawn(async move {
                let answer = timeout(limit, resolver.resolve(&name, port)).await;
                let answer = match answer {
                    Ok(answer) => answer,
                    Err(late) => Err(late.into()),
                };
                (base, answer)
            });
        }
    }
    while let Some(lookup) = lookups.join_next().await {
        match lookup {
            Ok((base, Ok(addresses))) if !addresses.is_empty() => {
                client.update(&base, &addresses);
            }
            Ok((base, Ok(_))) => client.unresolved(&base, Cause::NoAddress.into()),
            Ok((base, Err(error))) => client.unresolved(&base, error.into()),
            Err(error) => tracing::error!(%error, "a name could not be resolved"),
        }
    }
}

impl Known {
    /// The endpoints with those of one base replaced.
    pub(crate) fn with(
        &self,
        base: &Arc<Base>,
        addresses: &[SocketAddr],
        make: impl Fn(SocketAddr) -> Endpoint,
    ) -> Vec<Arc<Endpoint>> {
        let is_of_base = |endpoint: &Endpoint| {
            endpoint.authority == base.authority && endpoint.scheme == base.scheme
        };
        let (own, mut endpoints): (Vec<_>, Vec<_>) = self
            .endpoints
            .iter()
            .cloned()
            .partition(|endpoint| is_of_base(endpoint));
        let mut own: HashMap<_, _> = own
            .into_iter()
            .map(|endpoint| (endpoint.address(), endpoint))
            .collect();
        let mut addresses = addresses.to_vec();
        addresses.sort_unstable();
        addresses.dedup();
        for address in addresses {
            let endpoint = own.remove(&address);
            endpoints.push(endpoint.unwrap_or_else(|| Arc::new(make(address))));
        }
        endpoints
    }
}

/// Tries a connection to each endpoint that wants it, and closes it again.
fn probe(client: &Arc<Inner>, now: Instant, probes: &mut JoinSet<()>) {
    for endpoint in &client.known().endpoints {
        if !endpoint.health().wants_probe(now) {
            continue;
        }
        let endpoint = Arc::clone(endpoint);
        let client = Arc::downgrade(client);
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
            let Some(client) = client.upgrade() else {
                return;
            };
            let slow = started.elapsed() * 2 > client.config.connect_timeout;
            let others = client.has_other_than(&endpoint);
            endpoint.probed(reached.is_ok(), slow, others);
            client.note_reachability();
        });
    }
}
