//! `grpc.health.v1.Health`, as the comments in its proto have it.
//!
//! tonic-health has no List and refuses to watch a service that it does not
//! know.
//!
//! The status of everything follows from two facts: whether the upstream can be
//! reached, and whether the server drains. A watcher is told of the latest state
//! alone, so that a slow one holds no queue.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::watch;
use tokio_stream::Stream;
use tokio_stream::wrappers::WatchStream;
use tonic::{Request, Response, Status};

use crate::descriptors::OWN_SERVICES;
pub use crate::pb::grpc::health::v1::health_check_response::ServingStatus;
use crate::pb::grpc::health::v1::health_server::{self, HealthServer};
pub use crate::pb::grpc::health::v1::{HealthCheckRequest, HealthCheckResponse};
use crate::pb::grpc::health::v1::{HealthListRequest, HealthListResponse};

/// How many services List returns at most, as its comment has it.
const MAX_LISTED: usize = 100;

/// Decides what callers are told about the health of a server. Cheap to clone;
/// all clones are the same.
#[derive(Debug, Clone)]
pub struct Health {
    state: watch::Sender<State>,
    subjects: Arc<BTreeMap<String, Subject>>,
}

/// Whose health is asked for.
#[derive(Debug, Clone, Copy)]
enum Subject {
    /// A service of the API, or the whole server. It needs the upstream.
    Api,
    /// Health or reflection, which the server answers by itself.
    Own,
    /// No service of this server.
    Unknown,
}

#[derive(Debug, Clone, Copy)]
struct State {
    reachable: bool,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Open,
    Draining,
    Ended,
}

impl State {
    fn status(self, subject: Subject) -> ServingStatus {
        let serves = match subject {
            Subject::Api => self.reachable && self.stage == Stage::Open,
            Subject::Own => self.stage == Stage::Open,
            Subject::Unknown => return ServingStatus::ServiceUnknown,
        };
        if serves {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        }
    }
}

impl Health {
    /// The health of a server of the services of an API, given by their full
    /// names, and of health and reflection. The upstream counts as reachable
    /// until it is said not to be.
    pub fn new<'n>(services: impl IntoIterator<Item = &'n str>) -> Self {
        let api = services.into_iter().chain([""]);
        let api = api.map(|name| (name, Subject::Api));
        let own = OWN_SERVICES.map(|name| (name, Subject::Own));
        let subjects = api.chain(own);
        Self {
            state: watch::Sender::new(State {
                reachable: true,
                stage: Stage::Open,
            }),
            subjects: Arc::new(
                subjects
                    .map(|(name, subject)| (name.to_owned(), subject))
                    .collect(),
            ),
        }
    }

    /// The service that answers callers.
    pub fn service(&self) -> HealthServer<Service> {
        HealthServer::new(Service {
            health: self.clone(),
        })
    }

    /// Says whether any endpoint of the upstream answers. While none does, the
    /// services of the API are `NOT_SERVING`.
    pub fn set_upstream_reachable(&self, reachable: bool) {
        self.state.send_if_modified(|state| {
            let changes = state.reachable != reachable;
            state.reachable = reachable;
            changes
        });
    }

    /// Says that no call should be sent here any more: everything is
    /// `NOT_SERVING` from now on. There is no way back.
    pub fn set_draining(&self) {
        self.enter(Stage::Draining);
    }

    /// Ends every watch, and those that begin later, with `UNAVAILABLE` after
    /// the last status has been sent. Everything is `NOT_SERVING` from now on.
    pub fn end_watches(&self) {
        self.enter(Stage::Ended);
    }

    /// Returns whether the whole server is `SERVING`.
    pub fn is_serving(&self) -> bool {
        self.state.borrow().status(Subject::Api) == ServingStatus::Serving
    }

    fn enter(&self, stage: Stage) {
        self.state.send_if_modified(|state| {
            let changes = state.stage < stage;
            state.stage = state.stage.max(stage);
            changes
        });
    }

    fn subject(&self, name: &str) -> Subject {
        let subject = self.subjects.get(name).copied();
        subject.unwrap_or(Subject::Unknown)
    }

    fn response(&self, subject: Subject) -> HealthCheckResponse {
        let status = self.state.borrow().status(subject);
        response(status)
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

/// Answers callers of `grpc.health.v1.Health`.
#[derive(Debug)]
pub struct Service {
    health: Health,
}

#[tonic::async_trait]
impl health_server::Health for Service {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match self.health.subject(&request.get_ref().service) {
            Subject::Unknown => Err(Status::not_found("this server has no such service")),
            subject => Ok(Response::new(self.health.response(subject))),
        }
    }

    async fn list(
        &self,
        _request: Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        let subjects = &self.health.subjects;
        if subjects.len() > MAX_LISTED {
            return Err(Status::resource_exhausted(format!(
                "this server has more than the {MAX_LISTED} services that can be listed"
            )));
        }
        let statuses = subjects
            .iter()
            .map(|(name, subject)| (name.clone(), self.health.response(*subject)));
        Ok(Response::new(HealthListResponse {
            statuses: statuses.collect(),
        }))
    }

    type WatchStream = Watch;

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Watch>, Status> {
        Ok(Response::new(Watch {
            states: WatchStream::new(self.health.state.subscribe()),
            subject: self.health.subject(&request.get_ref().service),
            last: None,
            is_ending: false,
        }))
    }
}

/// The statuses that one watcher is sent.
#[derive(Debug)]
pub struct Watch {
    states: WatchStream<State>,
    subject: Subject,
    /// What the watcher was told last.
    last: Option<ServingStatus>,
    is_ending: bool,
}

impl Stream for Watch {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        while !this.is_ending {
            let state = ready!(Pin::new(&mut this.states).poll_next(context));
            this.is_ending = state.is_none_or(|state| state.stage == Stage::Ended);
            let status = state.map(|state| state.status(this.subject));
            if let Some(status) = status
                && this.last != Some(status)
            {
                this.last = Some(status);
                return Poll::Ready(Some(Ok(response(status))));
            }
        }
        // tonic reads nothing behind an error.
        Poll::Ready(Some(Err(Status::unavailable("the server is stopping"))))
    }
}

#[cfg(test)]
mod tests;
