//! The metrics of TLS: handshakes, how long certificates are valid, and reloads.

use std::time::UNIX_EPOCH;

use ::tls::{Acceptor, Status};
use tokio::sync::watch::Receiver;

use crate::catalogue::tls::{CERTIFICATE_END, FILES_UNUSABLE, HANDSHAKES, RELOADS};
use crate::registry::{Registry, Scrape};

/// Adds how it stands with the TLS of a listener of this name.
pub fn register_listener(registry: &Registry, listener: &'static str, acceptor: Acceptor) {
    let status = acceptor.status();
    registry.add(move |scrape| {
        for (outcome, count) in acceptor.handshakes() {
            scrape.count(&HANDSHAKES, [listener, outcome.as_str()], count);
        }
        of_files(scrape, listener, &status);
    });
}

/// Adds how it stands with the files of TLS for the way upstream.
pub fn register_upstream(registry: &Registry, status: Receiver<Status>) {
    registry.add(move |scrape| of_files(scrape, "upstream", &status));
}

fn of_files(scrape: &mut Scrape, listener: &str, status: &Receiver<Status>) {
    let Status {
        ends,
        reloads,
        failures,
        problem,
    } = &*status.borrow();
    if let Some(ends) = ends {
        let since = ends.duration_since(UNIX_EPOCH).unwrap_or_default();
        scrape.gauge(&CERTIFICATE_END, [listener], since.as_secs_f64());
    }
    scrape.count(&RELOADS, [listener, "ok"], *reloads);
    scrape.count(&RELOADS, [listener, "failed"], *failures);
    let is_unusable = usize::from(problem.is_some());
    scrape.level(&FILES_UNUSABLE, [listener], is_unusable);
}
