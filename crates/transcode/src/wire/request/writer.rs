//! What is written, and the place in it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;

use crate::json::Path;
use crate::layout::{Cleared, KeyLayout, ValueLayout};
use crate::mask::Mask;
use crate::request_parts::Malformed;

use super::found::{Occurrences, Stack};
use super::scalar::{ScalarValue, write_text};
use super::shape::{KEY, Shape, VALUE};

/// Writes the JSON of a message.
#[derive(Debug, Default)]
pub(super) struct Writer<'m> {
    pub(super) stack: Stack<'m>,
    pub(super) json: Vec<u8>,
}

/// Why a message has no JSON.
#[derive(Debug)]
pub(super) enum Failure {
    /// It cannot be decoded.
    Malformed(Malformed),
    /// A value has no JSON form.
    NoForm { path: String, reason: String },
}

impl From<Malformed> for Failure {
    fn from(error: Malformed) -> Self {
        Self::Malformed(error)
    }
}

/// The place that is being written, and what of it is selected.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) path: &'a Path<'a>,
    pub(super) mask: Mask<'a>,
    /// What of it is not part of the body.
    pub(super) cleared: &'static [Cleared],
}

impl<'a> At<'a> {
    /// A value of which nothing is cleared.
    pub(super) fn new(path: &'a Path<'a>, mask: Mask<'a>) -> Self {
        Self {
            path,
            mask,
            cleared: &[],
        }
    }

    /// The failure of the value here.
    pub(super) fn fail(&self, reason: impl Into<String>) -> Failure {
        Failure::NoForm {
            path: self.path.to_string(true),
            reason: reason.into(),
        }
    }

    /// What of the field is cleared; `None` where all of it is.
    pub(super) fn cleared_below(&self, index: u16) -> Option<&'static [Cleared]> {
        match self.cleared.iter().find(|cleared| cleared.index == index) {
            Some(cleared) if cleared.below.is_empty() => None,
            Some(cleared) => Some(cleared.below),
            None => Some(&[]),
        }
    }
}

/// An entry of a map.
pub(super) struct Entry<'m> {
    /// The key as it is written in JSON.
    pub(super) name: Cow<'m, str>,
    pub(super) value: Occurrences<'m>,
}

/// The entries of a map, in the order of their keys.
pub(super) struct Entries<'m>(pub(super) Vec<Entry<'m>>);

impl<'m> Entries<'m> {
    /// The values by their keys.
    pub(super) fn by_name(&self) -> HashMap<&str, &Occurrences<'m>> {
        let entries = self.0.iter();
        entries.map(|entry| (&*entry.name, &entry.value)).collect()
    }
}

impl<'m> Writer<'m> {
    /// Begins a property.
    pub(super) fn key(&mut self, name: &str) {
        // No value ends with an opening brace.
        if self.json.last() != Some(&b'{') {
            self.json.push(b',');
        }
        write_text(name, &mut self.json);
        self.json.push(b':');
    }

    pub(super) fn null(&mut self) {
        self.json.extend_from_slice(b"null");
    }

    /// The entries of a map, of which the last with a key counts. Their values stay on
    /// the stack.
    pub(super) fn entries(
        &mut self,
        map: Range<usize>,
        key: KeyLayout,
        value: ValueLayout,
    ) -> Result<Entries<'m>, Malformed> {
        let mut entries = Vec::with_capacity(map.len());
        for at in map {
            let Some(entry) = self.stack.at(at) else {
                continue;
            };
            let entry = Occurrences::One(entry);
            let entry = self.stack.open(Shape::Entry(key, value), &entry)?;
            let name = Occurrences::Found(self.stack.values(&entry, KEY));
            let name = ScalarValue::of(&key.into(), self.stack.last(&name))?;
            let value = self.stack.values(&entry, VALUE);
            let value = if value.is_empty() {
                Occurrences::Nowhere
            } else {
                Occurrences::Found(value)
            };
            entries.extend(name.map(|name| (name, value)));
        }
        entries.sort_by(|(one, _), (other, _)| compare(one, other));
        entries.dedup_by(|later, earlier| {
            let is_same = compare(&later.0, &earlier.0) == Ordering::Equal;
            if is_same {
                std::mem::swap(later, earlier);
            }
            is_same
        });
        let entries = entries.into_iter().filter_map(|(name, value)| {
            let name = name.text().ok()?;
            Some(Entry { name, value })
        });
        Ok(Entries(entries.collect()))
    }
}

/// The order of two keys of one map.
fn compare(one: &ScalarValue<'_>, other: &ScalarValue<'_>) -> Ordering {
    match (one, other) {
        (ScalarValue::Text(one), ScalarValue::Text(other)) => one.cmp(other),
        (ScalarValue::Signed(one), ScalarValue::Signed(other)) => one.cmp(other),
        (ScalarValue::Unsigned(one), ScalarValue::Unsigned(other)) => one.cmp(other),
        (ScalarValue::Bool(one), ScalarValue::Bool(other)) => one.cmp(other),
        _ => Ordering::Equal,
    }
}
