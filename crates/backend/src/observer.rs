//! What a backend tells those who watch it.
//!
//! Nothing of what a request is about is told: no body, no query, no token, and of a
//! user only a hash.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use trace::Position;

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestOutcome {
    /// The operation of the contract, `avatar` for a picture or `health`; `None` where
    /// the request is for none of them.
    pub operation: Option<&'static str>,
    /// The ID of the request, as in `x-request-id`.
    pub request_id: String,
    /// Tells the token that the client shows from others, and nothing else of it: a hash
    /// with the key of [`Config::subjects`](crate::Config::subjects), as the gateway
    /// makes it. `None` without a token.
    pub subject: Option<u64>,
    /// The same of the user who calls. `None` where it is not known who does.
    pub user: Option<u64>,
    /// Where the request stands in its trace; `None` without a tracer.
    pub trace: Option<Position>,
    /// The method of the request.
    pub method: Method,
    /// The template of the path, where the trace is recorded and there is a route.
    pub route: Option<String>,
    /// The address at the other end of the connection. `None` for a gateway in this
    /// process.
    pub peer: Option<IpAddr>,
    /// The status of the reply. `None` where the client went before there was one.
    pub status: Option<u16>,
    /// Why it failed, in the words of `google.rpc.ErrorInfo`.
    pub reason: Option<String>,
    /// From the arrival of the head to the last byte of the reply.
    pub duration: Duration,
    /// How many bytes of the request's body were read.
    pub received: u64,
    /// How many bytes of the reply's body were handed on.
    pub sent: u64,
}

/// What is done to the database at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statement {
    /// A few rows are looked up by their keys.
    Lookup,
    /// The same, and nobody else changes them for a while.
    Lock,
    /// Many rows are read.
    List,
    /// Rows are changed.
    Change,
    /// What was changed is kept.
    Commit,
}

impl Statement {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Lookup,
        Self::Lock,
        Self::List,
        Self::Change,
        Self::Commit,
    ];

    /// The name of the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Lock => "lock",
            Self::List => "list",
            Self::Change => "change",
            Self::Commit => "commit",
        }
    }
}

/// What an attempt to log in with a password came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginOutcome {
    /// There are tokens.
    Succeeded,
    /// The e-mail address or the password is wrong.
    Failed,
    /// There were too many that failed before.
    Throttled,
    /// The backend could not find out.
    Broken,
}

impl LoginOutcome {
    /// All outcomes, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Succeeded, Self::Failed, Self::Throttled, Self::Broken];

    /// The name of the outcome.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Throttled => "throttled",
            Self::Broken => "broken",
        }
    }
}

/// Told of what happens. It runs where that does, so it must not block.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// A request has ended. Told once of each.
    fn ended(&self, outcome: &RequestOutcome);

    /// The database has done something, or failed to.
    fn stored(&self, _statement: Statement, _duration: Duration, _has_succeeded: bool) {}

    /// Somebody has tried to log in.
    fn logged_in(&self, _outcome: LoginOutcome) {}
}

/// Those that a backend tells. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observers(Arc<[Arc<dyn Observer>]>);

impl Observers {
    pub(crate) fn new(observers: Vec<Arc<dyn Observer>>) -> Self {
        Self(observers.into())
    }

    /// Returns whether nobody watches.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn ended(&self, outcome: &RequestOutcome) {
        for observer in &*self.0 {
            observer.ended(outcome);
        }
    }

    /// When a statement begins, if that is of use to anybody.
    pub(crate) fn begin(&self) -> Option<Instant> {
        (!self.is_empty()).then(Instant::now)
    }

    /// Tells of a statement that has begun then.
    pub(crate) fn stored(&self, statement: Statement, began: Option<Instant>, succeeded: bool) {
        let Some(began) = began else { return };
        let duration = began.elapsed();
        for observer in &*self.0 {
            observer.stored(statement, duration, succeeded);
        }
    }

    pub(crate) fn logged_in(&self, outcome: LoginOutcome) {
        for observer in &*self.0 {
            observer.logged_in(outcome);
        }
    }
}
