//! One address of an API.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderValue;
use http::uri::{Authority, Scheme};
use tokio::time::Instant;

use crate::SendErrorKind;
use crate::config::Config;
use crate::connect::Target;
use crate::failure::{Failure, Stage};
use crate::health::{Admission, Health, Memory, Outcome};
use crate::pool::{Pool, PoolStatus};
use crate::status::{EndpointState, EndpointStatus};

/// One address of an API, with its connections and its record.
pub(crate) struct Endpoint {
    /// What the server is called in requests.
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    /// The authority as the field `Host` has it.
    pub(crate) host: Option<HeaderValue>,
    target: Target,
    pool: Pool,
    health: Mutex<Health>,
    in_flight: AtomicUsize,
}

impl Endpoint {
    pub(crate) fn new(scheme: Scheme, authority: Authority, target: Target) -> Self {
        Self {
            scheme,
            host: HeaderValue::from_str(authority.as_str()).ok(),
            authority,
            pool: Pool::new(&target),
            target,
            health: Mutex::new(Health::new(Instant::now())),
            in_flight: AtomicUsize::new(0),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.target.address
    }

    pub(crate) fn config(&self) -> &Config {
        &self.target.config
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn admission(&self, now: Instant) -> Admission {
        self.health().admission(now)
    }

    /// What a request here is expected to cost.
    pub(crate) fn load(&self, now: Instant) -> f64 {
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        self.health().load(in_flight, now)
    }

    /// How the endpoint is doing.
    pub(crate) fn status(&self, now: Instant) -> EndpointStatus {
        let PoolStatus {
            connections,
            idle,
            connected,
            failed_to_connect,
        } = self.pool.status(self.config().max_connections);
        EndpointStatus {
            authority: self.authority.to_string(),
            address: self.address(),
            state: match self.admission(now) {
                Admission::Free => EndpointState::Closed,
                Admission::Trial => EndpointState::HalfOpen,
                // Without others it may be tried, but it was not reached.
                Admission::Ejected if self.health().is_unreached() => EndpointState::Open,
                Admission::Ejected => EndpointState::Ejected,
                Admission::Open => EndpointState::Open,
            },
            load: self.load(now),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            connections,
            idle_connections: idle,
            connected,
            failed_to_connect,
        }
    }

    /// Notes that a connection was tried in the background.
    pub(crate) fn probed(&self, reached: bool, slow: bool, others: bool) {
        let now = Instant::now();
        let mut health = self.health();
        if reached {
            health.reached(now);
        } else {
            health.record(Outcome::Unreached { slow }, others, self.config(), now);
        }
    }
}

/// A request on its way to an endpoint. Dropped, it counts no more.
pub(crate) struct Lease {
    pub(crate) endpoint: Arc<Endpoint>,
    started: Instant,
    ends: Instant,
    others: bool,
    trial: bool,
    progress: Progress,
}

/// How far a request has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// It has no connection yet.
    Waiting,
    Connected,
    /// How it ended is recorded.
    Settled,
}

impl Lease {
    pub(crate) fn new(endpoint: Arc<Endpoint>, others: bool, ends: Instant) -> Self {
        let now = Instant::now();
        endpoint.in_flight.fetch_add(1, Ordering::Relaxed);
        let mut health = endpoint.health();
        let trial = !health.is_free() && health.begin(now);
        drop(health);
        Self {
            endpoint,
            started: now,
            ends,
            others,
            trial,
            progress: Progress::Waiting,
        }
    }

    /// Notes that the request has got its connection.
    pub(crate) fn connected(&mut self) {
        self.progress = Progress::Connected;
    }

    /// Notes that a reply has begun. Returns where it came from.
    pub(crate) fn answered(&mut self, status: http::StatusCode) -> Origin {
        let latency = self.started.elapsed();
        let outcome = match status.as_u16() {
            429 => Outcome::Busy(latency),
            500.. => Outcome::Failed(latency),
            _ => Outcome::Answered(latency),
        };
        Origin(Arc::new(Answered {
            endpoint: Arc::clone(&self.endpoint),
            others: self.others,
            before: self.settle(outcome),
            // One failure does not count twice.
            failed: AtomicBool::new(!matches!(outcome, Outcome::Answered(_))),
        }))
    }

    /// Notes that there is no reply.
    pub(crate) fn failed(&mut self, failure: &Failure) {
        let outcome = match failure.error.kind {
            // The next attempt tells more than a connection that had gone stale.
            _ if matches!(failure.stage, Stage::Stale | Stage::GivenUp) => return,
            // It says nothing about the endpoint.
            _ if failure.stage == Stage::NoRoom => return,
            // That is the caller's failure.
            SendErrorKind::RequestBody => return,
            _ if failure.stage == Stage::Connect => Outcome::Unreached {
                slow: self.started.elapsed() * 2 > self.endpoint.config().connect_timeout,
            },
            SendErrorKind::NeverSent if failure.refused_by.is_some() => {
                Outcome::Failed(self.started.elapsed())
            }
            SendErrorKind::Malformed { .. } => Outcome::Failed(self.started.elapsed()),
            _ => Outcome::Lost,
        };
        self.settle(outcome);
    }

    /// Records how the request ended. Returns what was remembered before.
    fn settle(&mut self, outcome: Outcome) -> Memory {
        self.progress = Progress::Settled;
        let config = self.endpoint.config();
        let mut health = self.endpoint.health();
        let before = health.memory();
        health.record(outcome, self.others, config, Instant::now());
        before
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.endpoint.in_flight.fetch_sub(1, Ordering::Relaxed);
        let tells = match self.progress {
            Progress::Settled => return,
            Progress::Connected => true,
            // What waits for room on this side tells nothing about the other one.
            Progress::Waiting => !self.endpoint.pool().is_starved(),
        };
        if tells && Instant::now() >= self.ends {
            self.settle(Outcome::TimedOut);
        } else if self.trial {
            self.endpoint.health().give_back_trial();
        }
    }
}

/// Where a reply came from. The extensions of each reply of a
/// [`Client`](crate::Client) hold it.
///
/// Whether a body is what the API has is not known to a client, so whoever reads
/// it can say so.
#[derive(Clone)]
pub struct Origin(Arc<Answered>);

struct Answered {
    endpoint: Arc<Endpoint>,
    others: bool,
    /// What was remembered before this reply.
    before: Memory,
    failed: AtomicBool,
}

impl Origin {
    /// Says that the reply is not one of the API, whatever its status: an HTML
    /// page, for example. It counts as a failure of its endpoint, once.
    pub fn reject(&self) {
        let answered = &*self.0;
        if answered.failed.swap(true, Ordering::AcqRel) {
            return;
        }
        let config = answered.endpoint.config();
        let mut health = answered.endpoint.health();
        health.reject(answered.before, answered.others, config, Instant::now());
    }
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Origin({})", self.0.endpoint.address())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    /// An endpoint for which this side had no room.
    fn starved() -> Arc<Endpoint> {
        let target = Target {
            address: (Ipv4Addr::LOCALHOST, 1).into(),
            tls: None,
            config: Arc::new(Config {
                eject_after: 1,
                ..Config::default()
            }),
        };
        let authority = Authority::from_static("localhost");
        let endpoint = Endpoint::new(Scheme::HTTP, authority, target);
        endpoint.pool.starve();
        Arc::new(endpoint)
    }

    #[test]
    fn an_endpoint_is_not_blamed_for_calls_that_waited_for_room() {
        let endpoint = starved();
        drop(Lease::new(Arc::clone(&endpoint), true, Instant::now()));
        assert!(endpoint.health().is_free());
    }

    #[test]
    fn an_endpoint_is_blamed_for_calls_that_had_their_connection() {
        let endpoint = starved();
        let mut lease = Lease::new(Arc::clone(&endpoint), true, Instant::now());
        lease.connected();
        drop(lease);
        assert!(!endpoint.health().is_free());
    }
}
