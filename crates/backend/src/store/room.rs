//! Whether there is room for what is written.
//!
//! A full disk is an episode: every write is tried, whatever became of the one
//! before, and works as soon as there is room. What is remembered here is for
//! those who ask how the database is.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, MutexGuard};

use super::error::DatabaseError;

/// Whether there was room when something was written.
#[derive(Debug, Default)]
pub(super) struct Room {
    is_short: AtomicBool,
    /// Held while somebody finds out.
    asking: Mutex<()>,
}

impl Room {
    /// Remembers that something could not be written for want of room.
    pub(super) fn watch<T>(&self, done: Result<T, DatabaseError>) -> Result<T, DatabaseError> {
        if done.as_ref().is_err_and(DatabaseError::is_full) {
            self.is_short.store(true, Ordering::Relaxed);
        }
        done
    }

    /// Returns whether something could not be written and nothing has shown since
    /// that there is room.
    pub(super) fn is_short(&self) -> bool {
        self.is_short.load(Ordering::Relaxed)
    }

    /// Lets one at a time find out whether there is room again.
    pub(super) fn ask(&self) -> Option<MutexGuard<'_, ()>> {
        self.asking.try_lock().ok()
    }

    pub(super) fn is_there(&self) {
        self.is_short.store(false, Ordering::Relaxed);
    }
}
