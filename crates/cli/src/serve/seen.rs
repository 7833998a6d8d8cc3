//! What an operator sees of the servers, put together.

use telemetry::Registry;
use telemetry::admin::{Check, Page, Pages, Readiness};
use telemetry::catalogue::process::LOG_LINES_DROPPED;

use super::Stop;
use crate::log::Logging;

/// What an operator sees of one process.
pub(super) struct Seen {
    registry: Registry,
    checks: Vec<Check>,
    pages: Vec<Page>,
}

impl Seen {
    /// What every process shows, whatever it serves. `command` is what it runs as.
    pub(super) fn new(command: &'static str, logging: &Logging) -> Self {
        let registry = Registry::default();
        telemetry::process::register(&registry, env!("CARGO_PKG_VERSION"), command);
        let log = logging.log.clone();
        registry.add(move |scrape| scrape.count(&LOG_LINES_DROPPED, [], log.dropped()));
        Self {
            registry,
            checks: Vec::new(),
            pages: vec![logging.level.clone().page()],
        }
    }

    /// Not ready from when the process was told to stop.
    pub(super) fn until(&mut self, stop: Stop) {
        self.checks.push(Check::new("the process", move || {
            let is_told = *stop.borrow();
            async move { if is_told { Err("stops") } else { Ok(()) } }
        }));
    }

    /// Ready only while the health service of the gateway says so.
    pub(super) fn gateway(&mut self, health: gateway::health::Health) {
        self.checks.push(Check::new("the gateway", move || {
            let serves = health.is_serving();
            async move {
                if serves {
                    Ok(())
                } else {
                    Err("stops, or its upstream does not answer")
                }
            }
        }));
    }

    /// Everything as pages.
    pub(super) fn pages(self) -> Pages {
        let mut pages = vec![
            self.registry.page(),
            Readiness::alive(),
            Readiness::new(self.checks).page(),
        ];
        pages.extend(self.pages);
        Pages::new("web1on1", pages)
    }
}
