//! The turns of lists.
//!
//! A list may look at much of the database. Half of the connections are never
//! taken by lists, so that what takes microseconds does not wait for what takes
//! seconds.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::limits::DatabaseLimits;

/// The turns of lists. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct ListTurns {
    turns: Arc<Semaphore>,
    wait: Duration,
}

/// The turn of a list, until it is dropped.
#[derive(Debug)]
pub(super) struct ListTurn {
    _permit: OwnedSemaphorePermit,
}

impl ListTurns {
    pub(super) fn new(limits: &DatabaseLimits) -> Self {
        let turns = usize::try_from(limits.connections / 2).unwrap_or(1).max(1);
        Self {
            turns: Arc::new(Semaphore::new(turns)),
            wait: limits.list_wait,
        }
    }

    /// Waits for a turn. `None` if none has come in time.
    pub(super) async fn take(&self) -> Option<ListTurn> {
        let permit = timeout(self.wait, Arc::clone(&self.turns).acquire_owned()).await;
        let permit = permit.ok()?.ok()?;
        Some(ListTurn { _permit: permit })
    }
}
