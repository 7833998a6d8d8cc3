//! Lets the task of a busy connection run once for many of its calls.
//!
//! Each call that gets on wakes the task of its connection, which tokio then
//! runs at once: it would write one reply at a time, with a system call each.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;
use pin_project_lite::pin_project;

/// Whether it is worth waiting for others.
#[derive(Clone, Default)]
pub(crate) struct Busy(Arc<AtomicBool>);

impl Busy {
    pub(crate) fn set(&self, is_busy: bool) {
        self.0.store(is_busy, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

pin_project! {
    /// A future that is polled once for all that wakes it in one round of the
    /// scheduler, while it is busy.
    pub(crate) struct Batched<F> {
        #[pin]
        inner: F,
        busy: Busy,
        round: Arc<Round>,
        waits: bool,
    }
}

impl<F> Batched<F> {
    pub(crate) fn new(inner: F, busy: Busy) -> Self {
        Self {
            inner,
            busy,
            round: Arc::default(),
            waits: false,
        }
    }
}

/// Woken when the scheduler has run what was ready.
#[derive(Default)]
struct Round {
    is_over: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Round {
    fn wake(self: Arc<Self>) {
        self.is_over.store(true, Ordering::Release);
        self.task.wake();
    }
}

impl<F: Future> Future for Batched<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if *this.waits || this.busy.get() {
            this.round.task.register(context.waker());
            if !*this.waits {
                *this.waits = true;
                let round = Waker::from(Arc::clone(this.round));
                // It is pending once, and has kept the waker.
                let _ = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(&round));
            }
            if !this.round.is_over.swap(false, Ordering::Acquire) {
                return Poll::Pending;
            }
            *this.waits = false;
        }
        this.inner.poll(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::mpsc;

    use super::*;

    /// Sends messages from as many tasks, and returns how often who receives
    /// them was polled.
    async fn polls_for(messages: usize, is_busy: bool) -> usize {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&polls);
        let busy = Busy::default();
        busy.set(is_busy);
        let mut seen = 0;
        let receiving = std::future::poll_fn(move |context| {
            counted.fetch_add(1, Ordering::Relaxed);
            while seen < messages {
                std::task::ready!(receiver.poll_recv(context));
                seen += 1;
            }
            Poll::Ready(())
        });
        let receiving = tokio::spawn(Batched::new(receiving, busy));
        tokio::task::yield_now().await;
        for number in 0..messages {
            let sender = sender.clone();
            tokio::spawn(async move {
                sender.send(number).expect("it is waited for");
                // What this task has woken runs before it goes on.
                tokio::task::yield_now().await;
            });
        }
        receiving.await.expect("no panic");
        polls.load(Ordering::Relaxed)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_busy_future_is_polled_once_a_round() {
        let polls = tokio::spawn(polls_for(20, true)).await.expect("no panic");
        assert!(polls < 10, "it was polled {polls} times for 20 messages");
    }

    #[tokio::test]
    async fn a_wake_is_never_lost() {
        for is_busy in [true, false] {
            let within = std::time::Duration::from_secs(30);
            let polls = tokio::time::timeout(within, polls_for(20, is_busy)).await;
            assert!(polls.is_ok(), "nobody polls it any more, busy: {is_busy}");
        }
    }
}
