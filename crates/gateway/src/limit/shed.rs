//! Why calls are shed.

use std::time::Duration;

/// Why a call is not sent. It never reaches the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Shed {
    /// As many calls wait as may. The call that is shed is the oldest of the
    /// caller that has the most calls waiting.
    #[error("too many calls wait for the upstream")]
    QueueFull {
        /// After what time the caller may try again.
        retry_after: Duration,
    },
    /// The call has waited as long as it may.
    #[error("the upstream is too busy to take the call")]
    WaitedTooLong {
        /// After what time the caller may try again.
        retry_after: Duration,
    },
    /// The upstream has not answered a call of this rpc of late in as little
    /// time as is left, or no time is left.
    #[error("the upstream cannot answer before the deadline any more")]
    DeadlineUnattainable,
}
