//! Where a value stands that is being written, what of it is selected, and where
//! it went wrong.

use std::cell::RefCell;
use std::fmt;

use serde::ser::{Serialize, Serializer};

use super::path::Path;
use crate::mask::Mask;

/// A request that has no JSON form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct WriteError {
    /// The path of the field, in the names of the proto.
    pub path: String,
    /// What is wrong with its value.
    pub reason: String,
}

#[derive(Default)]
pub(super) struct WriteState {
    failure: RefCell<Option<WriteError>>,
}

impl WriteState {
    /// Notes an error with its place, unless a place further down has noted it.
    fn fail(&self, path: &Path<'_>, error: &impl fmt::Display) {
        let mut failure = self.failure.borrow_mut();
        failure.get_or_insert_with(|| WriteError {
            path: path.to_string(true),
            reason: error.to_string(),
        });
    }

    pub(super) fn into_error(self, path: &str, error: &serde_json::Error) -> WriteError {
        self.failure.into_inner().unwrap_or_else(|| WriteError {
            path: path.to_owned(),
            reason: error.to_string(),
        })
    }
}

/// The place that is being written, and what of it is selected.
#[derive(Clone, Copy)]
pub struct To<'a> {
    state: &'a WriteState,
    path: &'a Path<'a>,
    pub(crate) mask: Mask<'a>,
}

impl<'a> To<'a> {
    pub(super) fn root(state: &'a WriteState, path: &'a Path<'a>, mask: Mask<'a>) -> Self {
        Self { state, path, mask }
    }

    /// Runs `write` one step further down; an error is noted with its place.
    pub(super) fn property<T, E: fmt::Display>(
        &self,
        name: &str,
        mask: Mask<'_>,
        write: impl FnOnce(To<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let path = &self.path.name(name);
        let to = To {
            state: self.state,
            path,
            mask,
        };
        write(to).inspect_err(|error| self.state.fail(path, error))
    }
}

/// Writes a value at a place as serde wants it: without arguments.
pub(super) struct Writing<'a, F> {
    state: &'a WriteState,
    path: Path<'a>,
    mask: Mask<'a>,
    write: F,
}

impl<'a, F> Writing<'a, F> {
    pub(super) fn element(to: &To<'a>, index: usize, write: F) -> Self {
        Self {
            state: to.state,
            path: to.path.index(index),
            mask: Mask::Set,
            write,
        }
    }

    pub(super) fn property(to: &To<'a>, name: &'a str, mask: Mask<'a>, write: F) -> Self {
        Self {
            state: to.state,
            path: to.path.name(name),
            mask,
            write,
        }
    }
}

/// What [`Writing`] does once it has a serializer.
pub(super) trait WriteWith {
    fn write<S: Serializer>(&self, to: S, at: To<'_>) -> Result<S::Ok, S::Error>;
}

impl<F: WriteWith> Serialize for Writing<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let to = To {
            state: self.state,
            path: &self.path,
            mask: self.mask,
        };
        self.write
            .write(serializer, to)
            .inspect_err(|error| self.state.fail(&self.path, error))
    }
}
