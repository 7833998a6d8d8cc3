//! What a limit is told.

use std::time::Duration;

/// The bounds of a [`Limiter`](super::Limiter).
///
/// `min` and `max` that are the same make a fixed limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitConfig {
    /// How many calls may be in flight at first. 32.
    pub initial: u32,
    /// How many calls may be in flight at least, however slow the upstream is;
    /// at least 1. 1.
    pub min: u32,
    /// How many calls may be in flight at most. 1024.
    pub max: u32,
    /// How many uploads may be in flight at once, which are not among the
    /// others: they take as long as their callers want. One caller may have a
    /// quarter of them. 128.
    pub max_uploads: u32,
    /// How many calls may wait at a time, of all callers together. 1024.
    pub max_queued: usize,
    /// How long a call may wait, at most a day. 1 s.
    pub max_wait: Duration,
    /// After what time callers are told to try again, at least; they are told
    /// up to twice as much, to spread them. At most a day. 1 s.
    pub retry_after: Duration,
}

impl Default for LimitConfig {
    fn default() -> Self {
        Self {
            initial: 32,
            min: 1,
            max: 1024,
            max_uploads: 128,
            max_queued: 1024,
            max_wait: Duration::from_secs(1),
            retry_after: Duration::from_secs(1),
        }
    }
}

impl LimitConfig {
    /// The same with times that can be added to an instant.
    pub(super) fn bounded(self) -> Self {
        // What is longer means for ever; instants have an end.
        const MAX: Duration = Duration::from_hours(24);
        Self {
            max_wait: self.max_wait.min(MAX),
            retry_after: self.retry_after.min(MAX),
            ..self
        }
    }

    /// When a call that is shed should be tried again: after once to twice the
    /// time that is configured, so that those who are turned away at once do not
    /// come back at once. `shed` counts them.
    pub(super) fn retry_after(&self, shed: u32) -> Duration {
        const STEPS: u32 = 16;
        self.retry_after + self.retry_after * (shed % STEPS) / STEPS
    }
}
