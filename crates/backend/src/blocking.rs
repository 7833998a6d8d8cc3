//! Work that keeps a processor busy: password hashing and image scaling.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::timeout;

use crate::usage::PoolUsage;

/// Why work was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PoolError {
    /// Too much other work waits, or this has waited for too long.
    #[error("there is more work of this kind than can be done")]
    Busy,
    #[error("the work did not end")]
    Lost(#[from] JoinError),
}

/// Work of one kind: so much is done at once, and so much more may wait, so long.
#[derive(Debug)]
pub(crate) struct Pool {
    slots: Arc<Semaphore>,
    /// For what is done and what waits.
    places: Arc<Semaphore>,
    wait: Duration,
    /// How many slots and places there are.
    size: (usize, usize),
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    refused: AtomicU64,
    /// In microseconds.
    took: AtomicU64,
}

impl Pool {
    /// At least one piece is done at a time.
    pub(crate) fn new(slots: usize, waiting: usize, wait: Duration) -> Self {
        let slots = slots.clamp(1, Semaphore::MAX_PERMITS);
        let places = slots.saturating_add(waiting).min(Semaphore::MAX_PERMITS);
        Self {
            slots: Arc::new(Semaphore::new(slots)),
            places: Arc::new(Semaphore::new(places)),
            wait,
            size: (slots, places),
            counts: Arc::default(),
        }
    }

    /// How much of the pool is in use.
    pub(crate) fn usage(&self) -> PoolUsage {
        let (slots, places) = self.size;
        let running = slots.saturating_sub(self.slots.available_permits());
        let taken = places.saturating_sub(self.places.available_permits());
        PoolUsage {
            running,
            waiting: taken.saturating_sub(running),
            done: self.counts.done.load(Ordering::Relaxed),
            refused: self.counts.refused.load(Ordering::Relaxed),
            took: Duration::from_micros(self.counts.took.load(Ordering::Relaxed)),
        }
    }

    fn busy(&self) -> PoolError {
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
        PoolError::Busy
    }

    /// Runs `work` on the blocking pool, and returns what it comes to. Work that
    /// nobody waits for any more keeps its slot until it ends.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| self.busy())?;
        let slot = timeout(self.wait, Arc::clone(&self.slots).acquire_owned()).await;
        let Ok(Ok(slot)) = slot else {
            return Err(self.busy());
        };
        let counts = Arc::clone(&self.counts);
        let done = spawn_blocking(move || {
            let _held = (place, slot);
            let began = Instant::now();
            let done = work();
            let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            counts.took.fetch_add(took, Ordering::Relaxed);
            counts.done.fetch_add(1, Ordering::Relaxed);
            done
        });
        Ok(done.await?)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::pin::pin;
    use std::sync::mpsc;

    use futures_util::FutureExt as _;

    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    /// A pool of one slot and one place to wait, whose slot is taken until
    /// something is sent.
    async fn occupied(wait: Duration) -> (Arc<Pool>, mpsc::Sender<()>) {
        let pool = Arc::new(Pool::new(1, 1, wait));
        let (free, freed) = mpsc::channel();
        let (begin, has_begun) = tokio::sync::oneshot::channel();
        let occupant = Arc::clone(&pool);
        tokio::spawn(async move {
            let work = move || {
                let _ = begin.send(());
                freed.recv()
            };
            let _ = occupant.run(work).await;
            pending::<()>().await;
        });
        has_begun.await.expect("the work begins");
        (pool, free)
    }

    #[tokio::test]
    async fn what_finds_no_place_to_wait_is_refused_at_once() {
        let (pool, free) = occupied(LONG).await;
        let mut waiting = pin!(pool.run(|| 1));
        assert!(waiting.as_mut().now_or_never().is_none(), "it waits");
        let usage = pool.usage();
        assert_eq!((usage.running, usage.waiting), (1, 1));
        let refused = pool.run(|| 2).now_or_never();
        assert_eq!(pool.usage().refused, 1);
        assert!(matches!(refused, Some(Err(PoolError::Busy))));
        free.send(()).expect("the work waits for it");
        assert!(matches!(waiting.await, Ok(1)));
        assert!(matches!(pool.run(|| 3).await, Ok(3)));
    }

    #[tokio::test]
    async fn what_waits_for_too_long_is_refused() {
        let (pool, free) = occupied(Duration::ZERO).await;
        assert!(matches!(pool.run(|| 1).await, Err(PoolError::Busy)));
        free.send(()).expect("the work waits for it");
    }

    #[tokio::test]
    async fn who_gives_up_waiting_makes_room() {
        let (pool, free) = occupied(LONG).await;
        for _ in 0..3 {
            assert!(pool.run(|| 1).now_or_never().is_none(), "it waits");
        }
        free.send(()).expect("the work waits for it");
    }

    #[tokio::test]
    async fn work_that_panics_frees_its_slot() {
        let pool = Pool::new(1, 0, LONG);
        let lost = pool.run(|| panic!("on purpose")).await;
        assert!(matches!(lost, Err(PoolError::Lost(_))));
        // The place is free once the thread has unwound, which was waited for.
        assert!(matches!(pool.run(|| 1).await, Ok(1)));
    }
}
