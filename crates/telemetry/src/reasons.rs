//! Counting by a word that comes from elsewhere, with a bound on the words.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How many words are told apart.
const MAX: usize = 128;

/// What the others are counted as.
const OTHER: &str = "other";

/// Counts by reason.
#[derive(Debug, Default)]
pub(crate) struct Reasons(Mutex<BTreeMap<String, u64>>);

impl Reasons {
    /// Counts one. A word that is no reason, as `google.rpc.ErrorInfo` has them,
    /// counts as another one.
    pub(crate) fn count(&self, reason: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(reason) {
            *count += 1;
            return;
        }
        let has_room = counts.len() < MAX;
        let reason = if has_room && is_reason(reason) {
            reason
        } else {
            OTHER
        };
        *counts.entry(reason.to_owned()).or_default() += 1;
    }

    /// Tells each reason and how often it was counted.
    pub(crate) fn each(&self, mut tell: impl FnMut(&str, u64)) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (reason, count) in &*counts {
            tell(reason, *count);
        }
    }
}

/// Returns whether a text is a reason, as `google.rpc.ErrorInfo` has them.
pub(crate) fn is_reason(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=63).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(counted: &[&str], expected: &[(&str, u64)]) {
        let reasons = Reasons::default();
        for reason in counted {
            reasons.count(reason);
        }
        let mut found = Vec::new();
        reasons.each(|reason, count| found.push((reason.to_owned(), count)));
        let expected: Vec<_> = expected
            .iter()
            .map(|(reason, count)| ((*reason).to_owned(), *count))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_reason_has_no_series() {
        let long = "A".repeat(64);
        check(
            &["NOT_FOUND", "a secret", "NOT_FOUND", "", &long],
            &[("NOT_FOUND", 2), ("other", 3)],
        );
    }

    #[test]
    fn there_are_only_so_many_reasons() {
        let many: Vec<_> = (0..1000).map(|n| format!("REASON_{n}")).collect();
        let reasons = Reasons::default();
        for reason in &many {
            reasons.count(reason);
        }
        let (mut series, mut all) = (0, 0);
        reasons.each(|_, count| {
            series += 1;
            all += count;
        });
        assert_eq!((series, all), (MAX + 1, 1000));
    }
}
