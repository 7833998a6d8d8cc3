//! How much of a document is read at most.

/// Nested deeper than this, a document is an attack or a mistake.
pub(crate) const MAX_DEPTH: usize = 100;

/// More values than this (about 100 MB of text) cannot be judged in seconds. Those that
/// an alias of YAML repeats count each time.
const MAX_VALUES: usize = 4_000_000;

/// How many values a document may have besides those that its text has room for: only
/// aliases make more of them.
const REPEATED_VALUES: usize = 250_000;

/// Each value takes so many bytes of a text.
const VALUE: usize = 2;

/// How many bytes the pointers to all values may have together, because references and
/// findings name places by pointers. Documents that are published have about two for each
/// byte of text, and four are allowed besides; only endless keys exceed that.
const MAX_POINTERS: usize = 64 << 20;
const POINTERS: usize = 4;

/// How many bytes a text may have, and all texts of a document together.
pub const MAX_BYTES: usize = 100 << 20;

/// How many files a document may consist of.
pub const MAX_FILES: usize = 1_000;

/// How many changes of schemas are told of. More is nothing that a person could look at, and
/// each takes room.
pub(crate) const MAX_CHANGES: usize = 100_000;

/// How many references may follow each other before something else comes.
pub(crate) const MAX_CHAIN: usize = 100;

/// A repeated text of so many bytes costs as much as a value.
const TEXT: usize = 32;

/// What may still be read of a document.
#[derive(Debug)]
pub(crate) struct Budget {
    /// How many values there may be in all.
    all_values: usize,
    values: usize,
    pointers: usize,
    bytes: usize,
}

impl Budget {
    /// All that a document may have.
    pub(crate) fn new() -> Self {
        Self {
            all_values: REPEATED_VALUES,
            values: REPEATED_VALUES,
            pointers: MAX_POINTERS,
            bytes: MAX_BYTES,
        }
    }

    /// Takes values at a place whose pointer has so many bytes from what is left; the error
    /// says what was exceeded.
    pub(crate) fn values(&mut self, count: usize, pointer: usize) -> Result<(), String> {
        match self.values.checked_sub(count) {
            Some(left) => self.values = left,
            None => return Err(format!("more than {} values", self.all_values)),
        }
        match self.pointers.checked_sub(count.saturating_mul(pointer)) {
            Some(left) => self.pointers = left,
            None => return Err("keys that are too long for so many values".to_owned()),
        }
        Ok(())
    }

    /// Takes a file of so many bytes from what is left, and adds what may be in it.
    pub(crate) fn bytes(&mut self, count: usize) -> Result<(), String> {
        match self.bytes.checked_sub(count) {
            Some(left) => self.bytes = left,
            None => return Err(format!("more than {} MiB of text", MAX_BYTES >> 20)),
        }
        let values = (count / VALUE).min(MAX_VALUES - self.all_values);
        self.all_values += values;
        self.values += values;
        self.pointers += count * POINTERS;
        Ok(())
    }
}

/// How many values a text counts as when it is held once more.
pub(crate) fn weight(text: &str) -> usize {
    1 + text.len() / TEXT
}
