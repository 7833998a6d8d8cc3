//! Bounds the uploads at once.
//!
//! How long an upload takes is up to its caller, so that it says nothing of the
//! upstream, and must not keep a place that other calls wait for. Tokio's
//! semaphores serve who has waited longest; two of them make sure that no caller
//! takes all places.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use transcode::CallerKey;

use super::config::LimitConfig;
use super::shed::Shed;

/// Bounds the uploads to an upstream. Cheap to clone; all clones share the
/// bound.
#[derive(Debug, Clone)]
pub struct Uploads {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: LimitConfig,
    places: Arc<Semaphore>,
    /// The places of each caller that has one or waits for one.
    callers: Mutex<HashMap<CallerKey, Caller>>,
    /// Counts the uploads that are shed, to spread their retries.
    shed: AtomicU32,
}

#[derive(Debug)]
struct Caller {
    places: Arc<Semaphore>,
    uploads: usize,
}

/// Leave for an upload. Its place is free when it is dropped.
#[derive(Debug)]
pub struct UploadPermit {
    /// One of all, and one of the caller's. They are given back in this order:
    /// who waits for one of the caller's then finds one of all.
    _places: [OwnedSemaphorePermit; 2],
    _registered: Registered,
}

impl Uploads {
    /// A limit without an upload.
    pub fn new(config: LimitConfig) -> Self {
        let places = usize::try_from(config.max_uploads.max(1)).unwrap_or(usize::MAX);
        Self {
            shared: Arc::new(Shared {
                config: config.bounded(),
                places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
                callers: Mutex::default(),
                shed: AtomicU32::new(0),
            }),
        }
    }

    /// Waits until the upload may be sent.
    ///
    /// # Errors
    ///
    /// Fails if there is no place within the time that a call may wait, or
    /// before its deadline.
    pub async fn acquire(
        &self,
        caller: CallerKey,
        deadline: Option<Instant>,
    ) -> Result<UploadPermit, Shed> {
        let now = Instant::now();
        let patience = self.shared.config.max_wait;
        // Who is told in time can try elsewhere.
        let until = now
            + deadline.map_or(patience, |deadline| {
                patience.min(deadline.saturating_duration_since(now) * 3 / 4)
            });
        let (registered, of_caller) = self.register(caller);
        let of_all = Arc::clone(&self.shared.places);
        let both = async {
            let first = of_caller.acquire_owned().await?;
            Ok::<_, tokio::sync::AcquireError>([of_all.acquire_owned().await?, first])
        };
        // The semaphores are never closed.
        let Ok(Ok(places)) = timeout_at(until, both).await else {
            let shed = self.shared.shed.fetch_add(1, Ordering::Relaxed);
            let retry_after = self.shared.config.retry_after(shed);
            return Err(Shed::WaitedTooLong { retry_after });
        };
        Ok(UploadPermit {
            _places: places,
            _registered: registered,
        })
    }

    /// How many uploads are on their way.
    pub fn in_flight(&self) -> usize {
        let max = usize::try_from(self.shared.config.max_uploads.max(1)).unwrap_or(usize::MAX);
        let max = max.min(Semaphore::MAX_PERMITS);
        max.saturating_sub(self.shared.places.available_permits())
    }

    /// How many callers are known.
    #[cfg(test)]
    fn callers(&self) -> usize {
        self.shared.callers().len()
    }

    fn register(&self, key: CallerKey) -> (Registered, Arc<Semaphore>) {
        let mut callers = self.shared.callers();
        let caller = callers.entry(key).or_insert_with(|| {
            let quarter = self.shared.config.max_uploads.div_ceil(4).max(1);
            let places = usize::try_from(quarter).unwrap_or(usize::MAX);
            Caller {
                places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
                uploads: 0,
            }
        });
        caller.uploads += 1;
        let places = Arc::clone(&caller.places);
        drop(callers);
        let registered = Registered {
            shared: Arc::clone(&self.shared),
            caller: key,
        };
        (registered, places)
    }
}

impl Shared {
    fn callers(&self) -> std::sync::MutexGuard<'_, HashMap<CallerKey, Caller>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An upload that has a place or waits for one. Its caller is forgotten with its
/// last upload.
#[derive(Debug)]
struct Registered {
    shared: Arc<Shared>,
    caller: CallerKey,
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut callers = self.shared.callers();
        if let Some(caller) = callers.get_mut(&self.caller) {
            caller.uploads -= 1;
            if caller.uploads == 0 {
                callers.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn uploads(max_uploads: u32) -> Uploads {
        Uploads::new(LimitConfig {
            max_uploads,
            ..LimitConfig::default()
        })
    }

    /// As many uploads of a caller as get a place at once.
    async fn fill(uploads: &Uploads, caller: u64) -> Vec<UploadPermit> {
        let mut permits = Vec::new();
        let soon = || Some(Instant::now() + SECOND / 10);
        while let Ok(permit) = uploads.acquire(CallerKey(caller), soon()).await {
            permits.push(permit);
        }
        permits
    }

    #[tokio::test(start_paused = true)]
    async fn one_caller_takes_a_quarter_of_the_places() {
        let uploads = uploads(8);
        let one = fill(&uploads, 1).await;
        assert_eq!(one.len(), 2);
        let mut others = Vec::new();
        for caller in [2, 3, 4, 5] {
            others.push(fill(&uploads, caller).await);
        }
        let lengths: Vec<_> = others.iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 2, 2, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_waits_for_a_place_as_long_as_it_may() {
        let uploads = uploads(1);
        let first = uploads.acquire(CallerKey(1), None).await.expect("a place");
        let started = Instant::now();
        let refused = uploads.acquire(CallerKey(2), None).await.map(drop);
        let retry_after = LimitConfig::default().retry_after;
        assert_eq!(refused, Err(Shed::WaitedTooLong { retry_after }));
        assert_eq!(started.elapsed(), LimitConfig::default().max_wait);
        let deadline = Instant::now() + SECOND / 2;
        let refused = uploads.acquire(CallerKey(2), Some(deadline)).await;
        assert!(
            matches!(refused, Err(Shed::WaitedTooLong { .. })),
            "{refused:?}"
        );
        assert!(Instant::now() < deadline, "it is told too late");
        let (second, ()) = tokio::join!(uploads.acquire(CallerKey(2), None), async {
            tokio::time::sleep(SECOND / 2).await;
            drop(first);
        });
        second.expect("the place that has become free");
    }

    #[tokio::test(start_paused = true)]
    async fn uploads_that_are_shed_come_back_one_after_the_other() {
        let uploads = uploads(1);
        let _first = uploads.acquire(CallerKey(1), None).await.expect("a place");
        let mut delays = std::collections::HashSet::new();
        for _ in 0..8 {
            match uploads.acquire(CallerKey(2), None).await {
                Err(Shed::WaitedTooLong { retry_after }) => delays.insert(retry_after),
                other => panic!("{other:?}"),
            };
        }
        assert_eq!(delays.len(), 8, "{delays:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_may_wait_for_ever() {
        let uploads = Uploads::new(LimitConfig {
            max_wait: Duration::MAX,
            ..LimitConfig::default()
        });
        uploads.acquire(CallerKey(1), None).await.expect("a place");
    }

    #[tokio::test(start_paused = true)]
    async fn callers_are_forgotten_with_their_last_upload() {
        let uploads = uploads(4);
        for caller in 0..1000 {
            drop(fill(&uploads, caller).await);
        }
        assert_eq!(uploads.callers(), 0);
        assert_eq!(fill(&uploads, 7).await.len(), 1);
    }
}
