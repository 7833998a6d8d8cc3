//! On which lines of a text the places stand that a report names.

use std::collections::{HashMap, HashSet};

/// The lines of places, counted from 1.
pub(super) struct Lines {
    pub(super) found: HashMap<String, u32>,
}

impl Lines {
    /// That of a place, or else of the one that it is in.
    pub(super) fn of(&self, pointer: &str) -> u32 {
        let found = prefixes(pointer).find_map(|prefix| self.found.get(prefix));
        found.copied().unwrap_or(1)
    }
}

/// A pointer and those of the places that it is in, from the inside out.
pub(super) fn prefixes(pointer: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(pointer), |inner| {
        inner.rsplit_once('/').map(|(outer, _)| outer)
    })
}

/// Pointers and those of all places that they are in.
pub(super) fn with_outer<'p>(pointers: impl Iterator<Item = &'p str>) -> HashSet<String> {
    let mut all = HashSet::new();
    for pointer in pointers {
        for prefix in prefixes(pointer) {
            if !all.insert(prefix.to_owned()) {
                break;
            }
        }
    }
    all
}
