//! What a metric is before it has a value.

use std::marker::PhantomData;

/// A metric that can be in a scrape: its name, and the names of its `N` labels.
/// `K` is its kind, so that a value of another kind, or with other labels, does not
/// compile.
#[derive(Debug)]
pub struct Metric<K, const N: usize> {
    declaration: Declaration,
    labels: [&'static str; N],
    kind: PhantomData<K>,
}

/// Only ever grows, but for a restart.
#[derive(Debug)]
pub struct Counter;

/// Goes up and down.
#[derive(Debug)]
pub struct Gauge;

/// Counts what is measured, by size.
#[derive(Debug)]
pub struct Histogram;

/// The kinds of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// See [`Counter`].
    Counter,
    /// See [`Gauge`].
    Gauge,
    /// See [`Histogram`].
    Histogram,
}

impl Kind {
    /// The name of the kind, as Prometheus has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What is said of a metric, whatever its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declaration {
    /// The whole name, which ends with its unit. That of a counter ends with
    /// `_total`.
    pub name: &'static str,
    /// What kind of metric it is.
    pub kind: Kind,
    /// What it tells, in one sentence without a full stop.
    pub help: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
}

impl<K, const N: usize> Metric<K, N> {
    pub(crate) const fn new(
        kind: Kind,
        name: &'static str,
        labels: &'static [&'static str; N],
        help: &'static str,
    ) -> Self {
        Self {
            declaration: Declaration {
                name,
                kind,
                help,
                labels,
            },
            labels: *labels,
            kind: PhantomData,
        }
    }

    /// What is said of it.
    pub const fn declaration(&self) -> Declaration {
        self.declaration
    }

    /// The names of its labels.
    pub(crate) fn labels(&self) -> [&'static str; N] {
        self.labels
    }
}
