//! How one request is to be sent, and what the sender learns of it.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use tokio::time::Instant;
use trace::Recorder;

/// How one request is to be sent: in its extensions, or else the default.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// When the call is over, which bounds all attempts together and the body of
    /// the reply. The upstream is told how much time is left.
    pub deadline: Option<Instant>,
    /// Whether the sender itself drops the future, and then the reply, at the
    /// deadline, so that the client need not watch the clock.
    pub drops_at_deadline: bool,
    /// Counts how often the request was sent. 0 means never.
    pub attempts: Arc<AtomicU32>,
    /// Opens a span for each attempt, if the trace of the call is recorded. The server
    /// is told of that span in the place of the one above, if the request has
    /// `traceparent` at all.
    pub recorder: Option<Recorder>,
}
