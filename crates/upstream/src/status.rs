//! What is told of a client to those who watch it.

use std::net::SocketAddr;

/// How an endpoint is doing at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointStatus {
    /// The host and port of the base that it belongs to.
    pub authority: String,
    /// Where it is.
    pub address: SocketAddr,
    /// Whether it gets requests.
    pub state: EndpointState,
    /// What a request here is expected to cost: seconds of latency times the
    /// requests in flight and this one.
    pub load: f64,
    /// How many requests are on their way.
    pub in_flight: usize,
    /// How many connections there are.
    pub connections: usize,
    /// How many of them nobody uses.
    pub idle_connections: usize,
    /// How many connections were made so far.
    pub connected: u64,
    /// How many could not be made so far.
    pub failed_to_connect: u64,
}

/// Whether an endpoint gets requests: the state of its circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointState {
    /// It does.
    Closed,
    /// One request is to show whether it does again.
    HalfOpen,
    /// It has failed repeatedly: it does only if there is no better one.
    Ejected,
    /// It cannot be connected to: it does not.
    Open,
}

impl EndpointState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Closed, Self::HalfOpen, Self::Ejected, Self::Open];

    /// The name of the state, as it is called elsewhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Ejected => "ejected",
            Self::Open => "open",
        }
    }
}

/// What became of the wish to retry so far, as far as the budget decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BudgetStatus {
    /// How many retries it has given.
    pub granted: u64,
    /// How many it has refused, because there were too many for the calls.
    pub refused: u64,
}
