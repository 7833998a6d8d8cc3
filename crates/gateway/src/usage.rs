//! How much of a server is in use, for those who watch it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How much of a server is in use. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct ServerUsage(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    calls: AtomicUsize,
    connections: AtomicUsize,
    accepted: AtomicU64,
    silent: AtomicU64,
    not_accepted: AtomicU64,
}

impl ServerUsage {
    /// How many calls have begun and not ended, watches and streams included.
    pub fn calls(&self) -> usize {
        self.0.calls.load(Ordering::Relaxed)
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.0.connections.load(Ordering::Relaxed)
    }

    /// How many connections were accepted so far.
    pub fn accepted(&self) -> u64 {
        self.0.accepted.load(Ordering::Relaxed)
    }

    /// How many of them were closed because they did not say in time what they
    /// speak.
    pub fn silent(&self) -> u64 {
        self.0.silent.load(Ordering::Relaxed)
    }

    /// How often a connection could not be accepted, for the reasons that the
    /// system has.
    pub fn not_accepted(&self) -> u64 {
        self.0.not_accepted.load(Ordering::Relaxed)
    }

    pub(crate) fn call(&self) -> OpenCall {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        OpenCall(self.clone())
    }

    pub(crate) fn connection(&self) -> OpenConnection {
        self.0.accepted.fetch_add(1, Ordering::Relaxed);
        self.0.connections.fetch_add(1, Ordering::Relaxed);
        OpenConnection(self.clone())
    }

    pub(crate) fn count_not_accepted(&self) {
        self.0.not_accepted.fetch_add(1, Ordering::Relaxed);
    }
}

/// A call that counts as open until it is dropped.
pub(crate) struct OpenCall(ServerUsage);

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.0.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection that counts as open until it is dropped.
pub(crate) struct OpenConnection(ServerUsage);

impl OpenConnection {
    /// It did not say in time what it speaks.
    pub(crate) fn was_silent(&self) {
        self.0.0.silent.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
