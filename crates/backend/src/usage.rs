//! How much of a backend is in use, for those who watch it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// How much of a backend is in use at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BackendUsage {
    /// Requests that have begun and not ended. They are counted while somebody
    /// observes them.
    pub requests: usize,
    /// Connections that are open.
    pub connections: usize,
    /// Connections that were accepted so far.
    pub accepted: u64,
    /// How many of them were closed because their peer has too many.
    pub refused: u64,
    /// The hashing of passwords.
    pub hashing: PoolUsage,
    /// The decoding of pictures.
    pub decoding: PoolUsage,
    /// How many bytes uploads hold.
    pub upload_bytes: usize,
}

/// How much of a pool for work is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolUsage {
    /// How many pieces are being worked on.
    pub running: usize,
    /// How many wait for their turn.
    pub waiting: usize,
    /// How many were done so far.
    pub done: u64,
    /// How many were refused so far because there was too much to do.
    pub refused: u64,
    /// How long all that were done took together.
    pub took: Duration,
}

/// What is open. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenCounts(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicUsize,
    connections: AtomicUsize,
    accepted: AtomicU64,
    refused: AtomicU64,
}

impl OpenCounts {
    /// A request, which counts until it is dropped.
    pub(crate) fn request(&self) -> Open {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        Open(self.clone(), |counts| &counts.requests)
    }

    /// A connection, which counts until it is dropped.
    pub(crate) fn connection(&self) -> Open {
        self.0.connections.fetch_add(1, Ordering::Relaxed);
        Open(self.clone(), |counts| &counts.connections)
    }

    pub(crate) fn count_accepted(&self) {
        self.0.accepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_refused(&self) {
        self.0.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// What there is, without the work.
    pub(crate) fn usage(&self) -> BackendUsage {
        BackendUsage {
            requests: self.0.requests.load(Ordering::Relaxed),
            connections: self.0.connections.load(Ordering::Relaxed),
            accepted: self.0.accepted.load(Ordering::Relaxed),
            refused: self.0.refused.load(Ordering::Relaxed),
            ..BackendUsage::default()
        }
    }
}

/// Something that counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Open(OpenCounts, fn(&Counts) -> &AtomicUsize);

impl Drop for Open {
    fn drop(&mut self) {
        (self.1)(&self.0.0).fetch_sub(1, Ordering::Relaxed);
    }
}
