//! How one request is to be sent, and what the sender learns of it.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use tokio::time::Instant;

/// In the extensions of a request: when the call ends. It bounds all attempts
/// together and the body of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(pub Instant);

/// In the extensions of a request: counts how often it was sent. 0 means never.
#[derive(Clone, Debug, Default)]
pub struct Attempts(pub Arc<AtomicU32>);

/// How one request is to be sent.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// When the call is over. The upstream is told how much time is left, and no
    /// attempt begins that cannot end by then.
    pub deadline: Option<Instant>,
    /// Whether the sender itself drops the future, and then the reply, at the
    /// deadline, so that the client need not watch the clock.
    pub drops_at_deadline: bool,
    /// Counts the attempts.
    pub attempts: Attempts,
}
