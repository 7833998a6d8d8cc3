//! Alternatives, matched up.

use serde_json::Value;

use super::scalars::types;
use super::{Change, Compare, Effect, Found};
use crate::diff::alternatives::{Alternative, NULL, OBJECT};
use crate::diff::classes::Side;

impl<'a> Compare<'a> {
    pub(super) fn unions(
        &mut self,
        before: &[Alternative<'a>],
        after: &[Alternative<'a>],
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Found<'a>,
    ) {
        let old_numbers = self.alternative_numbers(Side::Base, before);
        let new_numbers = self.alternative_numbers(Side::Revision, after);
        let mut kept = |i: usize, j: usize| {
            old_numbers[i] == new_numbers[j] || self.alternative_holds(&before[i], &after[j], true)
        };
        let mut old_left: Vec<usize> = (0..before.len())
            .filter(|i| {
                !new_numbers.contains(&old_numbers[*i]) && !(0..after.len()).any(|j| kept(*i, j))
            })
            .collect();
        let mut back = |i: usize, j: usize| {
            old_numbers[i] == new_numbers[j] || self.alternative_holds(&before[i], &after[j], false)
        };
        let mut new_left: Vec<usize> = (0..after.len())
            .filter(|j| {
                !old_numbers.contains(&new_numbers[*j]) && !(0..before.len()).any(|i| back(i, *j))
            })
            .collect();
        let equal = |compare: &mut Self, i: usize, j: usize| {
            old_numbers[i] == new_numbers[j]
                || (compare.alternative_holds(&before[i], &after[j], true)
                    && compare.alternative_holds(&before[i], &after[j], false))
        };
        // Alternatives of one name are one alternative that changed, unless
        // the name is a mere position that another one has taken.
        let lost = old_left.clone();
        let pairs_up = |compare: &mut Self, i: usize, j: usize| {
            before[i].label == after[j].label
                && before[i].types & after[j].types & !NULL != 0
                && (lost.contains(&i) || compare.alternative_holds(&before[i], &after[j], true))
                && !(0..before.len()).any(|other| other != i && equal(compare, other, j))
        };
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for i in 0..before.len() {
            for j in 0..after.len() {
                let needed = old_left.contains(&i) || new_left.contains(&j);
                // What has a name is meant by it, whatever else holds its values.
                let named = before[i].label == after[j].label
                    && before[i].label.starts_with("/components/schemas/")
                    && !before[i].label["/components/schemas/".len()..].contains('/')
                    && before[i].types & after[j].types & OBJECT != 0
                    && !(self.alternative_holds(&before[i], &after[j], true)
                        && self.alternative_holds(&before[i], &after[j], false));
                if (named || (needed && pairs_up(self, i, j)))
                    && !pairs.iter().any(|pair| pair.0 == i || pair.1 == j)
                {
                    pairs.push((i, j));
                }
            }
        }
        old_left.retain(|i| !pairs.iter().any(|pair| pair.0 == *i));
        new_left.retain(|j| !pairs.iter().any(|pair| pair.1 == *j));
        if let ([i], [j]) = (old_left.as_slice(), new_left.as_slice())
            && before[*i].types & after[*j].types != 0
        {
            pairs.push((*i, *j));
            old_left.clear();
            new_left.clear();
        }
        for (i, j) in pairs {
            let inner = |kind, effect, text| Change {
                base: Some(before[i].label.clone()),
                revision: Some(after[j].label.clone()),
                ..at(kind, effect, text)
            };
            let mut found = Found::default();
            self.alternatives(&before[i], &after[j], &inner, &mut found);
            // A property that another alternative declares is not gone.
            found.changes.retain(|change| {
                !change.kind.ends_with("-property-removed")
                    || !after
                        .iter()
                        .any(|alternative| alternative.properties.contains_key(&change.path))
            });
            out.changes.extend(found.changes);
            out.inner.extend(found.inner);
        }
        // What each of these refuses depends on the others.
        let entangled = |alternative: &Alternative<'a>| {
            alternative.overlaps.one > 0 && alternative.types & OBJECT == 0
        };
        if before.iter().chain(after).any(entangled)
            && !self.are_settled(&old_numbers, &new_numbers)
        {
            out.changes.push(at(
                "one-of-changed",
                Effect::Unknown,
                "{S} has alternatives that overlap, and they changed".to_owned(),
            ));
        }
        for i in old_left {
            let mut change = at(
                "one-of-removed",
                Effect::Narrows,
                format!(
                    "{{S}} no longer has the alternative {}",
                    describe(&before[i])
                ),
            );
            change.base = Some(before[i].label.clone());
            out.changes.push(change);
        }
        for j in new_left {
            let mut change = at(
                "one-of-added",
                Effect::Widens,
                format!("{{S}} has the new alternative {}", describe(&after[j])),
            );
            change.revision = Some(after[j].label.clone());
            out.changes.push(change);
        }
    }
}

/// What an alternative is called, or else what type it has.
fn describe(alternative: &Alternative<'_>) -> String {
    match alternative.label.rsplit_once("/schemas/") {
        Some((_, name)) if !name.contains('/') => format!("`{name}`"),
        _ => match &alternative.values {
            Some(values) => values
                .iter()
                .map(Value::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            None => types(alternative.types),
        },
    }
}
