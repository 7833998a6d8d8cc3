//! A place for one stream, and what the streams of a connection share.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use super::allowed::Allowed;
use super::keep_alive::Watch;
use crate::failure::ConnectionId;

/// What the streams of a connection share.
pub(super) struct Shared {
    pub(super) id: ConnectionId,
    pub(super) watch: Arc<Watch>,
    pub(super) max_streams: usize,
    pub(super) allowed: Arc<Allowed>,
    pub(super) untold_until: Instant,
    pub(super) max_requests: usize,
    pub(super) idle_timeout: Duration,
    pub(super) max_headers: usize,
    pub(super) max_informational: u32,
    pub(super) freed: Arc<Notify>,
    pub(super) _permit: OwnedSemaphorePermit,
    /// Dropped with the last stream and the pool's own handle; then the
    /// connection's task ends.
    pub(super) _in_use: oneshot::Sender<()>,
}

/// A place for one stream. Frees it when dropped.
pub(crate) struct Slot {
    pub(super) shared: Arc<Shared>,
    pub(super) reused: bool,
}

impl Slot {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        shared.watch.active.fetch_add(1, Ordering::AcqRel);
        let before = shared.watch.opened.fetch_add(1, Ordering::AcqRel);
        Self {
            shared,
            reused: before > 0,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let watch = &self.shared.watch;
        if watch.active.fetch_sub(1, Ordering::AcqRel) == 1 {
            let mut idle_since = watch
                .idle_since
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *idle_since = Instant::now();
        }
        self.shared.freed.notify_one();
    }
}
