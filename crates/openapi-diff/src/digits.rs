//! Whole numbers with more digits than the numbers of JSON keep here.

use std::collections::BTreeMap;

/// The numbers of a text that have more digits than are kept, by their pointers.
pub(super) type Digits = BTreeMap<String, i128>;

/// From here on whole numbers are kept as doubles: those of 64 bits end.
const LARGE: f64 = 9.2e18;

/// Returns whether a double may stand for a whole number with more digits.
pub(super) fn is_large(number: f64) -> bool {
    number.abs() > LARGE
}

/// The whole number that a text spells, if it has all its digits there.
pub(super) fn whole(text: &str) -> Option<i128> {
    text.trim().parse().ok()
}
