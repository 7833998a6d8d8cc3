//! Credentials of the gateway's own: it logs in upstream, and makes all calls with the
//! token that it gets.
//!
//! One task logs in for everybody: at the start, before the token expires, and when the
//! upstream has refused it. Failed logins are rare whatever callers do: after one, nobody
//! logs in for a while that grows, and callers are told so at once. Nothing of a
//! credential is ever logged or told.
//!
//! [`Authorized`](crate::authorized::Authorized) is the upstream that calls go through.

mod config;
mod login;
mod secret;
mod session;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::HeaderValue;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use transcode::{SendErrorKind, Upstream};

pub use self::config::{LoginConfig, Proof};
pub(crate) use self::secret::text_of;
pub use self::secret::{Secret, SecretSource, Unreadable};
use self::session::{Failure, Session, Shared, State, Token};

/// When a call can be sent again that had no time left to wait for a login.
const SOON: Duration = Duration::from_secs(1);

/// The credentials of a gateway. Clones share everything; the last one that is dropped
/// ends the task that logs in.
#[derive(Debug, Clone)]
pub struct Credentials(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How many logins a gateway has made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoginCounts {
    /// Those that have brought a token.
    pub succeeded: u64,
    /// Those that the upstream has refused.
    pub refused: u64,
    /// Those that failed otherwise.
    pub unavailable: u64,
}

/// A token that a call is made with.
#[derive(Debug, Clone)]
pub(crate) struct Access(Arc<Token>);

impl Access {
    /// The value of `authorization`.
    pub(crate) fn authorization(&self) -> HeaderValue {
        self.0.authorization.clone()
    }
}

impl Credentials {
    /// Credentials that log in through this upstream, for the first time at once. A login
    /// that fails does not make this fail: calls are told.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime.
    pub fn new<U: Upstream>(config: LoginConfig, upstream: U) -> Self {
        let shared = Arc::new(Shared::new());
        let session = Session::new(upstream, config, Arc::clone(&shared));
        let task = tokio::spawn(session.run());
        Self(Arc::new(Inner { shared, task }))
    }

    /// How many logins were made by now.
    pub fn logins(&self) -> LoginCounts {
        let Shared {
            succeeded, failed, ..
        } = &*self.0.shared;
        let failed = |failure: Failure| failed[failure as usize].load(Ordering::Relaxed);
        LoginCounts {
            succeeded: succeeded.load(Ordering::Relaxed),
            refused: failed(Failure::Refused),
            unavailable: failed(Failure::Unavailable),
        }
    }

    /// Returns whether there is a token that calls can be made with.
    pub fn are_usable(&self) -> bool {
        let state = self.0.shared.state.borrow();
        self.0.shared.usable(&state).is_some()
    }

    /// A token for a call that is over at the deadline. Waits for a login if there is
    /// none, for three quarters of the time that is left at most, so that the caller
    /// learns why there was no answer.
    ///
    /// # Errors
    ///
    /// `CredentialsRefused` or `CredentialsUnavailable`, at once where a login has failed
    /// just now.
    pub(crate) async fn access(&self, deadline: Option<Instant>) -> Result<Access, SendErrorKind> {
        let shared = &*self.0.shared;
        if let Some(token) = shared.usable(&shared.state.borrow()) {
            return Ok(Access(Arc::clone(token)));
        }
        let Some(deadline) = deadline else {
            return self.awaited().await;
        };
        let now = Instant::now();
        let patience = deadline.saturating_duration_since(now) / 4 * 3;
        let awaited = timeout_at(now + patience, self.awaited()).await;
        awaited.unwrap_or(Err(SendErrorKind::CredentialsUnavailable {
            retry_after: SOON,
        }))
    }

    /// The upstream has refused this token: no call is made with it any more, nor with an
    /// older one. Returns false for a token that is too young to be replaced. Its fault
    /// would not be its age, and an upstream that says 401 to one kind of calls alone must
    /// not take the token from all others.
    pub(crate) fn refuse(&self, access: &Access) -> bool {
        let shared = &self.0.shared;
        let generation = access.0.generation;
        let is_too_young = {
            let state = shared.state.borrow();
            let newest = state.token.as_ref().map(|token| token.generation);
            newest == Some(generation) && Instant::now() < state.not_before
        };
        if !is_too_young {
            shared.refused.fetch_max(generation, Ordering::AcqRel);
        }
        !is_too_young
    }

    /// Waits for a login, which has a bound of its own.
    async fn awaited(&self) -> Result<Access, SendErrorKind> {
        let shared = &*self.0.shared;
        let mut states = shared.state.subscribe();
        loop {
            let found = {
                let state = states.borrow_and_update();
                match shared.usable(&state) {
                    Some(token) => Some(Ok(Access(Arc::clone(token)))),
                    None => why_none(&state).map(Err),
                }
            };
            if let Some(found) = found {
                return found;
            }
            shared.wanted.notify_one();
            if states.changed().await.is_err() {
                return Err(SendErrorKind::CredentialsUnavailable { retry_after: SOON });
            }
        }
    }
}

/// Why there will be no token soon, if no login may be made now.
fn why_none(state: &State) -> Option<SendErrorKind> {
    let left = state.not_before.checked_duration_since(Instant::now())?;
    if left.is_zero() {
        return None;
    }
    Some(match state.failure {
        Some(Failure::Refused) => SendErrorKind::CredentialsRefused,
        Some(Failure::Unavailable) | None => {
            SendErrorKind::CredentialsUnavailable { retry_after: left }
        }
    })
}
