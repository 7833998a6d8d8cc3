//! The spans that wait for the collector, and what became of the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc::{Receiver, Sender, channel};
use trace::Span;

use crate::catalogue::traces::{DROPPED, EXPORTED, FAILURES, QUEUED};
use crate::registry::Registry;

/// Why spans were dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dropped {
    /// More were waiting than may.
    QueueFull,
    /// The collector did not answer, again and again, or said that it could not.
    Unreachable,
    /// The collector does not take them.
    Refused,
}

impl Dropped {
    const ALL: [Self; 3] = [Self::QueueFull, Self::Unreachable, Self::Refused];

    fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
        }
    }
}

/// What became of spans.
#[derive(Debug, Default)]
pub(super) struct Counts {
    exported: AtomicU64,
    failures: AtomicU64,
    dropped: [AtomicU64; Dropped::ALL.len()],
}

impl Counts {
    pub(super) fn exported(&self, spans: u64) {
        self.exported.fetch_add(spans, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self, spans: u64, why: Dropped) {
        self.dropped[why as usize].fetch_add(spans, Ordering::Relaxed);
    }

    /// How many were dropped in all.
    pub(super) fn all_dropped(&self) -> u64 {
        let counts = self.dropped.iter();
        counts.map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

/// Takes spans, without ever waiting.
#[derive(Clone)]
pub(super) struct Queue {
    spans: Sender<Span>,
    counts: Arc<Counts>,
}

impl Queue {
    /// A queue for so many spans, and its other end.
    pub(super) fn new(length: usize) -> (Self, Receiver<Span>, Arc<Counts>) {
        let (spans, receiver) = channel(length.max(1));
        let counts = Arc::<Counts>::default();
        let queue = Self {
            spans,
            counts: Arc::clone(&counts),
        };
        (queue, receiver, counts)
    }

    /// Takes a span, or counts it as dropped.
    pub(super) fn take(&self, span: Span) {
        if self.spans.try_send(span).is_err() {
            self.counts.dropped(1, Dropped::QueueFull);
        }
    }

    /// Adds what is counted to the registry.
    pub(super) fn register(&self, registry: &Registry) {
        let queue = self.clone();
        registry.add(move |scrape| {
            let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
            let Counts {
                exported,
                failures,
                dropped,
            } = &*queue.counts;
            scrape.count(&EXPORTED, [], load(exported));
            scrape.count(&FAILURES, [], load(failures));
            for (why, count) in Dropped::ALL.iter().zip(dropped) {
                scrape.count(&DROPPED, [why.as_str()], load(count));
            }
            let waiting = queue.spans.max_capacity() - queue.spans.capacity();
            scrape.level(&QUEUED, [], waiting);
        });
    }
}
