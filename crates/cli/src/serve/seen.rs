//! What an operator sees of the servers, put together.

use std::hash::RandomState;
use std::sync::Arc;

use ::backend::Backend;
use anyhow::Context as _;
use clap::Args;
use gateway::descriptors::Descriptors;
use gateway::outcome::Observer;
use gateway::rpcs::Rpcs;
use gateway::server::Server;
use gateway::upstream::LimitedUsage;
use telemetry::Registry;
use telemetry::access_log::AccessLog;
use telemetry::admin::{Answer, Check, Page, Pages, Readiness};
use telemetry::backend::BackendRequests;
use telemetry::catalogue::process::LOG_LINES_DROPPED;
use telemetry::drift::Drifts;
use telemetry::gateway::GatewayCalls;
use telemetry::watch::Watch;
use tokio::net::TcpListener;
use tokio::sync::watch::Receiver;
use trace::Tracer;

use super::access_log::AccessLogArgs;
use super::admin::{self, AdminArgs};
use super::contract_watch::{WatchArgs, judge};
use super::systemd::Sockets;
use super::traces::{TraceArgs, Traces};
use crate::log::Process;

/// What an operator sees of a server.
#[derive(Args, Debug)]
#[command(next_help_heading = "What operators see")]
pub(crate) struct SeenArgs {
    #[command(flatten)]
    admin: AdminArgs,

    #[command(flatten)]
    access_log: AccessLogArgs,

    #[command(flatten)]
    traces: TraceArgs,
}

/// The pages that every process has.
fn documents(level: Page, configuration: Arc<str>) -> Vec<Page> {
    let make = || {
        let artefacts = ::contract::artefacts::artefacts().into_iter();
        artefacts
            .map(|artefact| (artefact.path, artefact.content))
            .collect()
    };
    let mut pages = telemetry::documents::pages(make, proto::FILE_DESCRIPTOR_SET);
    pages.push(level);
    let about = "the effective configuration, without secrets";
    pages.push(Page::new("/config", about, move |_| {
        let configuration = Arc::clone(&configuration);
        async move { Answer::json(String::from(&*configuration)) }
    }));
    pages
}

/// What an operator sees of one process.
pub(super) struct Seen {
    registry: Registry,
    listener: Option<TcpListener>,
    access_log: Option<AccessLog>,
    traces: Option<Traces>,
    /// The key of the hashes that stand for tokens and users, the same in all that this
    /// process tells.
    subjects: RandomState,
    drifts: Drifts,
    checks: Vec<Check>,
    pages: Vec<Page>,
}

impl Seen {
    /// What every process shows, whatever it serves. `command` is what it runs as.
    pub(super) async fn open(
        command: &'static str,
        args: &SeenArgs,
        process: Process,
        sockets: &mut Sockets,
    ) -> anyhow::Result<Self> {
        let registry = Registry::default();
        telemetry::process::register(&registry, env!("CARGO_PKG_VERSION"), command);
        let access_log = args.access_log.to(&process.log);
        let traces = args.traces.start(command, &registry)?;
        let log = process.log;
        registry.add(move |scrape| scrape.count(&LOG_LINES_DROPPED, [], log.dropped()));
        Ok(Self {
            registry,
            listener: args.admin.open(sockets).await?,
            access_log,
            traces,
            subjects: RandomState::new(),
            drifts: Drifts::default(),
            checks: Vec::new(),
            pages: documents(process.level.page(), process.configuration),
        })
    }

    /// Where the admin pages are, as a line for whoever has started the server.
    pub(super) fn address(&self) -> anyhow::Result<String> {
        let address = self.listener.as_ref().map(TcpListener::local_addr);
        Ok(match address.transpose()? {
            Some(address) => format!("admin {address}\n"),
            None => String::new(),
        })
    }

    /// What says where calls stand in their traces, if that is asked for.
    pub(super) fn tracer(&self) -> Option<Tracer> {
        self.traces.as_ref().map(Traces::tracer)
    }

    /// The key of the hashes that stand for tokens and users.
    pub(super) fn subjects(&self) -> RandomState {
        self.subjects.clone()
    }

    /// Not ready from when the process was told to stop.
    pub(super) fn until(&mut self, stop: Receiver<bool>) {
        self.checks.push(Check::new("the process", move || {
            let is_told = *stop.borrow();
            async move { if is_told { Err("stops") } else { Ok(()) } }
        }));
    }

    /// Watches the replies of the upstream.
    pub(super) fn watch(&mut self, args: &WatchArgs) -> anyhow::Result<Watch> {
        self.drifts.register(&self.registry);
        self.pages.push(self.drifts.page());
        let drifts = self.drifts.clone();
        Watch::start(args.watch_sample, judge, drifts, &self.registry)
            .context("the contract cannot be watched")
    }

    /// Who is told of the calls of a gateway with these services.
    pub(super) fn observers(&self, descriptors: &Descriptors) -> Vec<Arc<dyn Observer>> {
        let mut observers: Vec<Arc<dyn Observer>> = vec![Arc::new(self.drifts.clone())];
        match &self.access_log {
            Some(access_log) => observers.push(Arc::new(access_log.clone())),
            // What fails is told all the same.
            None => observers.push(Arc::new(gateway::access_log::AccessLog)),
        }
        if let Some(traces) = &self.traces {
            observers.push(traces.calls());
        }
        // Nobody could read what is counted.
        if self.listener.is_some() {
            let rpcs = Rpcs::new(descriptors);
            observers.push(GatewayCalls::register(&self.registry, rpcs.names()));
        }
        observers
    }

    /// Shows a gateway.
    pub(super) fn gateway(&mut self, server: &Server, limit: LimitedUsage) {
        telemetry::gateway::register_server(&self.registry, server.usage());
        telemetry::gateway::register_limit(&self.registry, limit);
        let health = server.health();
        self.checks.push(Check::new("the gateway", move || {
            let is_ready = health.is_serving();
            async move {
                if is_ready {
                    Ok(())
                } else {
                    Err("stops, or its upstream does not answer")
                }
            }
        }));
    }

    /// Who is told of the requests of a backend.
    pub(super) fn backend_observers(&self) -> Vec<Arc<dyn ::backend::observer::Observer>> {
        let mut observers: Vec<Arc<dyn ::backend::observer::Observer>> = Vec::new();
        if let Some(access_log) = &self.access_log {
            observers.push(Arc::new(access_log.clone()));
        }
        if let Some(traces) = &self.traces {
            observers.push(traces.calls());
        }
        if self.listener.is_some() {
            let operations = ::contract::catalogue().iter();
            let operations = operations.map(|operation| operation.id);
            observers.push(BackendRequests::register(&self.registry, operations));
        }
        observers
    }

    /// Shows a backend.
    pub(super) fn backend(&mut self, backend: Backend) {
        telemetry::backend::register_usage(&self.registry, backend.clone());
        self.checks.push(Check::new("the store", move || {
            let backend = backend.clone();
            async move {
                if backend.is_ready().await {
                    Ok(())
                } else {
                    Err("does not answer, or has no room")
                }
            }
        }));
    }

    /// Shows the TLS of a listener of this name.
    pub(super) fn tls(&self, listener: &'static str, acceptor: Option<&tls::Acceptor>) {
        if let Some(acceptor) = acceptor {
            telemetry::tls::register_listener(&self.registry, listener, acceptor.clone());
        }
    }

    /// Shows the client that a gateway has for its upstream.
    pub(super) fn client(&self, client: upstream::Client) {
        telemetry::upstream::register(&self.registry, client);
    }

    /// Serves everything as pages, for as long as `serving` takes.
    pub(super) async fn beside<T>(
        self,
        serving: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        let mut pages = vec![
            self.registry.page(),
            Readiness::alive(),
            Readiness::new(self.checks).page(),
        ];
        pages.extend(self.pages);
        let pages = Pages::new("web1on1", pages);
        let traces = self.traces;
        // The counts can be read for as long as spans are sent.
        let serving = async {
            let ended = serving.await;
            if let Some(traces) = traces {
                traces.stop().await;
            }
            ended
        };
        admin::beside(self.listener, pages, serving).await
    }
}
