//! Alternatives, matched up.

use std::collections::BTreeSet;

use serde_json::Value;

use super::scalars::types;
use super::{Change, Compare, Effect, Found};
use crate::diff::alternatives::{Alternative, NULL, OBJECT, apart};
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
        // What has a name is meant by it, whatever else holds its values. Others go with
        // what looks most like them; where they stand decides only between equals.
        let mut likely: Vec<(u32, bool, usize, usize)> = Vec::new();
        for (i, old) in before.iter().enumerate() {
            for (j, new) in after.iter().enumerate() {
                let needed = old_left.contains(&i) || new_left.contains(&j);
                let same_name = name(old).is_some() && name(old) == name(new);
                let meant = same_name && old.types & new.types & OBJECT != 0;
                if (meant && !equal(self, i, j))
                    || (needed && same_name && old.types & new.types & !NULL != 0)
                {
                    likely.push((u32::MAX, true, i, j));
                } else if needed
                    && (name(old).is_none() || name(new).is_none())
                    && !apart(&self.base, old, &self.revision, new)
                    && let Some(likeness) = self.likeness(old, new)
                    && (old_left.contains(&i) || self.alternative_holds(old, new, true))
                {
                    likely.push((likeness, old.label == new.label, i, j));
                }
            }
        }
        likely.sort_by_key(|(likeness, in_place, i, j)| {
            (std::cmp::Reverse((*likeness, *in_place)), *i, *j)
        });
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for (_, _, i, j) in likely {
            let is_settled = (0..before.len()).any(|other| other != i && equal(self, other, j));
            let is_taken = pairs.iter().any(|pair| pair.0 == i || pair.1 == j);
            if !is_taken && !(is_settled && name(&before[i]).is_none()) {
                pairs.push((i, j));
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

    /// How much two alternatives without a common name have in common, in thousandths;
    /// `None` if they are hardly one that has changed.
    fn likeness(&self, old: &Alternative<'a>, new: &Alternative<'a>) -> Option<u32> {
        let common = old.types & new.types & !NULL;
        if common == 0 {
            return None;
        }
        let share = |part: usize, whole: usize, of: usize| {
            u32::try_from(part * of / whole.max(1)).unwrap_or_default()
        };
        let bits = |types: u8| types.count_ones() as usize;
        let types = share(bits(common), bits((old.types | new.types) & !NULL), 400);
        let items = share(usize::from(self.untouched(&old.items, &new.items)), 1, 100);
        if common & OBJECT == 0 || (old.properties.is_empty() && new.properties.is_empty()) {
            return Some(types + items + 500);
        }
        let names: BTreeSet<&String> = old.properties.keys().chain(new.properties.keys()).collect();
        let (mut both, mut same) = (0, 0);
        for name in &names {
            if let (Some(was), Some(is)) = (old.properties.get(*name), new.properties.get(*name)) {
                both += 1;
                same += usize::from(self.untouched(was, is));
            }
        }
        let properties = share(both, names.len(), 300);
        (properties >= 60).then(|| types + items + properties + share(same, names.len(), 200))
    }
}

/// The name of the schema that an alternative is.
fn name<'n>(alternative: &'n Alternative<'_>) -> Option<&'n str> {
    let name = alternative.label.strip_prefix("/components/schemas/")?;
    (!name.contains('/')).then_some(name)
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
