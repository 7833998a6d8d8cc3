//! How many streams a server allows at once (RFC 9113 §5.1.2).

use std::sync::atomic::{AtomicUsize, Ordering};

/// What h2 says of a server that has not yet said how many streams it allows.
pub(super) const UNTOLD: usize = usize::MAX - 1;

/// How many streams the connections of an endpoint were allowed last.
pub(crate) struct Allowed(AtomicUsize);

impl Default for Allowed {
    fn default() -> Self {
        Self(AtomicUsize::new(UNTOLD))
    }
}

impl Allowed {
    pub(super) fn set(&self, streams: usize) {
        self.0.store(streams, Ordering::Release);
    }

    /// `None` before any connection was told.
    pub(super) fn get(&self) -> Option<usize> {
        Some(self.0.load(Ordering::Acquire)).filter(|streams| *streams != UNTOLD)
    }
}
