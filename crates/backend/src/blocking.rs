//! Work that keeps a processor busy: password hashing and image scaling.

use std::sync::{Arc, LazyLock};
use std::thread;

use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};

static SLOTS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    Arc::new(Semaphore::new(
        thread::available_parallelism().map_or(1, Into::into),
    ))
});

/// Runs `work` on the blocking pool, and no more of it at once than there are
/// processors: each piece also takes much memory.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    let slot = SLOTS.clone().acquire_owned().await;
    let slot = slot.expect("the semaphore is never closed");
    spawn_blocking(move || {
        let _slot = slot;
        work()
    })
    .await
}
