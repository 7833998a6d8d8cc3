//! Tasks that end with what they serve.

use tokio::task::{AbortHandle, JoinHandle};

/// Ends a task when dropped.
pub(crate) struct AbortOnDrop(JoinHandle<()>);

impl AbortOnDrop {
    pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task))
    }

    /// Ends the task before that.
    pub(crate) fn handle(&self) -> AbortHandle {
        self.0.abort_handle()
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
