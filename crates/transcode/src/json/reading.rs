//! Where a value stands that is being read, what was noticed on the way, and
//! where it went wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use super::drift::{Drift, DriftKind, Drifts};
use super::path::Path;

/// How many differences one reply is searched for. A backend that drifts this
/// far is found out by the first of them.
pub(crate) const MAX_DRIFTS: usize = 64;

/// How many levels an object or a free-form list may stand below the root. Each
/// costs up to three levels of protobuf, of which readers allow 100 by default:
/// a deeper one could be sent and never be read. Each also takes room on the
/// stack.
pub(crate) const MAX_DEPTH: usize = 32;

/// A reply that does not have its declared shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct ReadError {
    /// The JSON path of the value that does not fit, `$` for the whole.
    pub path: String,
    /// What is wrong with it, without the value.
    pub reason: String,
}

/// What a field was to hold whose number was read as a double.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A whole number: any digit that is lost counts.
    Whole,
    /// A double. It stands for a whole number that is written without fraction
    /// and exponent, and for anything but zero if it is not zero itself. A
    /// fraction is approximate by nature.
    Double,
}

#[derive(Default)]
pub(super) struct ReadState {
    drifts: RefCell<Drifts>,
    failure: RefCell<Option<ReadError>>,
    /// The paths of the doubles that may not be what was written.
    doubtful: RefCell<BTreeMap<String, Wanted>>,
}

impl ReadState {
    /// Notes a difference.
    pub(super) fn drift(&self, path: &Path<'_>, kind: DriftKind) {
        let mut drifts = self.drifts.borrow_mut();
        if drifts.len() < MAX_DRIFTS {
            drifts.insert(Drift {
                path: path.to_string(false),
                kind,
            });
        }
    }

    /// Returns whether any double may not be what was written.
    pub(super) fn is_doubtful(&self) -> bool {
        !self.doubtful.borrow().is_empty()
    }

    /// What the field at the path was to hold, if its double is doubtful.
    pub(super) fn noted(&self, path: &Path<'_>) -> Option<Wanted> {
        self.doubtful.borrow().get(&path.to_string(false)).copied()
    }

    pub(super) fn into_drifts(self) -> Drifts {
        self.drifts.into_inner()
    }

    pub(super) fn into_error(self, error: &serde_json::Error) -> ReadError {
        let mut error_here = self.failure.into_inner().unwrap_or_else(|| ReadError {
            path: "$".to_owned(),
            reason: error.to_string(),
        });
        // Where the text is JSON, the path says more than the column.
        let position = format!(" at line {} column {}", error.line(), error.column());
        if error.is_data() && error_here.reason.ends_with(&position) {
            let end = error_here.reason.len() - position.len();
            error_here.reason.truncate(end);
        }
        error_here
    }
}

/// The place that is being read.
#[derive(Clone, Copy)]
pub struct At<'a> {
    state: &'a ReadState,
    path: &'a Path<'a>,
    /// The number of steps from the root.
    depth: usize,
}

impl<'a> At<'a> {
    pub(super) fn root(state: &'a ReadState) -> Self {
        Self {
            state,
            path: Path::ROOT,
            depth: 0,
        }
    }

    /// Notes a difference at this place.
    pub fn drift(&self, kind: DriftKind) {
        self.state.drift(self.path, kind);
    }

    /// Notes that the double at this place may not be what was written.
    pub(super) fn doubt(&self, wanted: Wanted) {
        let mut doubtful = self.state.doubtful.borrow_mut();
        if doubtful.len() < MAX_DRIFTS {
            doubtful.insert(self.path.to_string(false), wanted);
        }
    }

    /// Makes sure that what starts here is not too deep.
    pub(super) fn check_depth<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.depth <= MAX_DEPTH {
            Ok(())
        } else {
            Err(E::custom(format_args!(
                "lies deeper than the {MAX_DEPTH} levels that are read"
            )))
        }
    }

    /// Runs `read` one step further down; an error is noted with its place.
    pub(super) fn element<T, E: fmt::Display>(
        &self,
        index: usize,
        read: impl FnOnce(At<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.step(&self.path.index(index), read)
    }

    /// Runs `read` one step further down; an error is noted with its place.
    pub(super) fn property<T, E: fmt::Display>(
        &self,
        name: &str,
        read: impl FnOnce(At<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.step(&self.path.name(name), read)
    }

    fn step<T, E: fmt::Display>(
        &self,
        path: &Path<'_>,
        read: impl FnOnce(At<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let at = At {
            state: self.state,
            path,
            depth: self.depth + 1,
        };
        read(at).inspect_err(|error| {
            let mut failure = self.state.failure.borrow_mut();
            // The innermost place is the first to see the error.
            failure.get_or_insert_with(|| ReadError {
                path: path.to_string(true),
                reason: error.to_string(),
            });
        })
    }
}
