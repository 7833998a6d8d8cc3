//! Finds the numbers of a reply that its reader could not keep.
//!
//! The reader sees a number with a fraction, an exponent or more digits than 64
//! bits hold as a double, without its text. Where such a double may not be what
//! was written, the reader makes a note, and the text is looked at once more
//! after it has been read. Most replies have no such number.

use super::drift::DriftKind;
use super::path::Path;
use super::reading::{ReadState, Wanted};

/// Reports the noted numbers of the text that differ from what was read.
pub(super) fn report(json: &[u8], state: &ReadState) {
    let mut walk = Walk { rest: json, state };
    walk.value(Path::ROOT);
}

/// Walks through a text that is known to be JSON.
struct Walk<'j, 's> {
    rest: &'j [u8],
    state: &'s ReadState,
}

impl<'j> Walk<'j, '_> {
    fn value(&mut self, path: &Path<'_>) {
        self.blank();
        match self.rest.first() {
            Some(b'{') => self.members(path),
            Some(b'[') => self.elements(path),
            Some(b'"') => {
                self.string();
            }
            Some(b'-' | b'0'..=b'9') => {
                let number =
                    self.take(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
                if let Ok(number) = std::str::from_utf8(number) {
                    self.number(path, number);
                }
            }
            _ => {
                self.take(|b| b.is_ascii_alphabetic());
            }
        }
    }

    fn members(&mut self, path: &Path<'_>) {
        self.skip();
        loop {
            self.blank();
            let Some(b'"') = self.rest.first() else {
                return self.skip();
            };
            let name = serde_json::from_slice::<String>(self.string()).unwrap_or_default();
            self.blank();
            self.skip();
            self.value(&path.name(&name));
            self.blank();
            if self.rest.first() == Some(&b',') {
                self.skip();
            }
        }
    }

    fn elements(&mut self, path: &Path<'_>) {
        self.skip();
        loop {
            self.blank();
            if matches!(self.rest.first(), None | Some(b']')) {
                return self.skip();
            }
            // Reports name any element alike.
            self.value(&path.index(0));
            self.blank();
            if self.rest.first() == Some(&b',') {
                self.skip();
            }
        }
    }

    fn number(&mut self, path: &Path<'_>, text: &str) {
        // Integers that fit were read as such.
        let is_integer = text.parse::<u64>().is_ok() || text.parse::<i64>().is_ok();
        if is_integer || is_kept(text, Wanted::Whole) {
            return;
        }
        let noted = self.state.noted(path);
        if noted.is_some_and(|wanted| !is_kept(text, wanted)) {
            self.state.drift(path, DriftKind::RoundedNumber);
        }
    }

    /// A string with its quotes.
    fn string(&mut self) -> &'j [u8] {
        let mut is_escaped = true;
        let end = self.rest.iter().position(|byte| {
            let is_end = *byte == b'"' && !is_escaped;
            is_escaped = *byte == b'\\' && !is_escaped;
            is_end
        });
        let end = end.map_or(self.rest.len(), |end| end + 1);
        let (string, rest) = self.rest.split_at(end);
        self.rest = rest;
        string
    }

    fn take(&mut self, allowed: impl Fn(u8) -> bool) -> &'j [u8] {
        let end = self.rest.iter().position(|b| !allowed(*b));
        // Something is always taken, so that the walk ends.
        let end = end.unwrap_or(self.rest.len()).max(1).min(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }
}

/// Returns whether the double that a number is read as holds it. A number that is
/// not whole as a double is kept as well as a double can.
pub(crate) fn is_kept(text: &str, wanted: Wanted) -> bool {
    let Ok(double) = text.parse::<f64>() else {
        return true;
    };
    if double.fract() != 0.0 || !double.is_finite() {
        return true;
    }
    let is_plain = !text.contains(['.', 'e', 'E']);
    if wanted == Wanted::Double && double != 0.0 && !is_plain {
        return true;
    }
    Decimal::of(text) == Decimal::of(&format!("{double:.0}"))
}

/// The absolute value of a number, written in one way: digits without zeros at
/// either end, and the power of ten of the last one.
#[derive(PartialEq, Eq)]
struct Decimal {
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn of(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{}{fraction}", whole.trim_start_matches('-'));
        let digits = all.trim_end_matches('0');
        let zeros = all.len() - digits.len();
        let digits = digits.trim_start_matches('0').to_owned();
        // An exponent beyond this one belongs to zero or to no double.
        let exponent: i64 = exponent.parse().unwrap_or(i64::from(i32::MIN));
        let length = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        let exponent = exponent
            .saturating_sub(length(fraction.len()))
            .saturating_add(length(zeros));
        Self {
            exponent: if digits.is_empty() { 0 } else { exponent },
            digits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, as_whole: bool, as_double: bool) {
        let found = (is_kept(text, Wanted::Whole), is_kept(text, Wanted::Double));
        assert_eq!(found, (as_whole, as_double), "for {text}");
    }

    #[test]
    fn whole_numbers_are_kept_or_not() {
        for exact in [
            "0", "-0", "0.0", "0e9", "1.0", "1e2", "100", "10e-1", "-5.00",
        ] {
            check(exact, true, true);
        }
        check("9007199254740993", false, false);
        check("18446744073709551616", true, true);
        check("18446744073709551617", false, false);
        check("-18446744073709551617", false, false);
        check("1.00000000000000000000000001", false, true);
        check("1e300", false, true);
    }

    #[test]
    fn what_vanishes_is_not_kept() {
        check("1e-400", false, false);
        check("-0.0000001e-400", false, false);
        check("1e-99999999999999999999", false, false);
        check("0e-99999999999999999999", true, true);
    }

    proptest! {
        #[test]
        fn every_whole_double_is_kept(bits in any::<u64>()) {
            let double = f64::from_bits(bits);
            prop_assume!(double.is_finite());
            let (all, short) = (format!("{double:.0}"), format!("{double:e}"));
            prop_assert!(is_kept(&all, Wanted::Whole), "{}", all);
            prop_assert!(is_kept(&short, Wanted::Double), "{}", short);
        }

        /// The walk ends, whatever it is given.
        #[test]
        fn a_walk_ends(text in "[\\[\\]{}:,\" 0-9ae.-]{0,40}") {
            report(text.as_bytes(), &ReadState::default());
        }
    }
}
