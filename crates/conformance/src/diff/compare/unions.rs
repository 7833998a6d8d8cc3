//! Alternatives, matched up.

use serde_json::Value;

use super::Relation;
use super::scalars::types;
use super::{Change, Compare, Effect};
use crate::diff::alternatives::{Alternative, NULL, OBJECT};

impl<'a> Compare<'a> {
    pub(super) fn unions(
        &mut self,
        before: &[Alternative<'a>],
        after: &[Alternative<'a>],
        path: &str,
        depth: usize,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Vec<Change>,
    ) {
        let relations: Vec<Vec<Relation>> = before
            .iter()
            .map(|old| {
                after
                    .iter()
                    .map(|new| self.relation(old, new, depth))
                    .collect()
            })
            .collect();
        let mut old_left: Vec<usize> = (0..before.len())
            .filter(|i| !relations[*i].iter().any(|relation| relation.old_within_new))
            .collect();
        let mut new_left: Vec<usize> = (0..after.len())
            .filter(|j| !relations.iter().any(|row| row[*j].new_within_old))
            .collect();
        // Alternatives of one name are one alternative that changed, unless
        // the name is a mere position that another one has taken.
        let lost = old_left.clone();
        let pairs_up = |i: usize, j: usize| {
            let equal = |relation: &Relation| relation.equal();
            before[i].label == after[j].label
                && before[i].types & after[j].types & !NULL != 0
                && (lost.contains(&i) || relations[i][j].old_within_new)
                && !(0..before.len()).any(|other| other != i && equal(&relations[other][j]))
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
                    && !relations[i][j].equal();
                if (named || (needed && pairs_up(i, j)))
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
            let mut found = Vec::new();
            self.alternatives(&before[i], &after[j], path, depth, &inner, &mut found);
            // A property that another alternative declares is not gone.
            found.retain(|change| {
                !change.kind.ends_with("-property-removed")
                    || !after.iter().any(|alternative| {
                        let declared = |name: &String| change.path == super::join(path, name);
                        alternative.properties.keys().any(declared)
                    })
            });
            out.extend(found);
        }
        // What each of these refuses depends on the others.
        let entangled = |alternative: &Alternative<'a>| {
            alternative.overlaps.one > 0 && alternative.types & OBJECT == 0
        };
        let settled = |j: usize| relations.iter().any(|row| row[j].equal());
        if before.iter().chain(after).any(entangled)
            && !(before.len() == after.len() && (0..after.len()).all(settled))
        {
            out.push(at(
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
            out.push(change);
        }
        for j in new_left {
            let mut change = at(
                "one-of-added",
                Effect::Widens,
                format!("{{S}} has the new alternative {}", describe(&after[j])),
            );
            change.revision = Some(after[j].label.clone());
            out.push(change);
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
