//! Schemas that are applied to a value on a condition, or to a part of it.

use std::collections::BTreeSet;

use super::{Change, Compare, Effect};
use crate::diff::alternatives::{Alternative, Condition, Contains, LEFT_OUT, NULL, OBJECT, apart};

/// The kinds of changes of a keyword: added, removed, and changed.
type Kinds = (&'static str, &'static str, &'static str);

/// Whether all of the new follows from the old, and the reverse.
struct Verdict {
    kept: bool,
    back: bool,
}

impl Verdict {
    /// Each demand of one side must follow from one of the other's.
    fn of_lists(
        olds: usize,
        news: usize,
        mut implied: impl FnMut(usize, usize) -> (bool, bool),
    ) -> Self {
        let mut new_follows = vec![false; news];
        let mut old_follows = vec![false; olds];
        for (i, old_follows) in old_follows.iter_mut().enumerate() {
            for (j, new_follows) in new_follows.iter_mut().enumerate() {
                let (new, old) = implied(i, j);
                *new_follows |= new;
                *old_follows |= old;
            }
        }
        Verdict {
            kept: new_follows.into_iter().all(|follows| follows),
            back: old_follows.into_iter().all(|follows| follows),
        }
    }

    fn change(
        &self,
        kinds: Kinds,
        (old, new): (bool, bool),
        text: &str,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Vec<Change>,
    ) {
        let effect = match (self.kept, self.back) {
            (true, true) => return,
            (true, false) => Effect::Widens,
            (false, true) => Effect::Narrows,
            (false, false) => Effect::Unknown,
        };
        let kind = match (old, new) {
            (false, _) => kinds.0,
            (_, false) => kinds.1,
            _ => kinds.2,
        };
        let verb = match effect {
            Effect::Widens => "less than before",
            Effect::Narrows => "more than before",
            _ => "something else than before",
        };
        out.push(at(kind, effect, format!("{{S}} {text} {verb}")));
    }
}

impl<'a> Compare<'a> {
    pub(super) fn applied(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Vec<Change>,
    ) {
        overlaps(old, new, at, out);
        self.nots(old, new, at, out);
        self.contains(old, new, at, out);
        self.conditions(old, new, at, out);
        self.dependencies(old, new, at, out);
        Verdict {
            kept: self.kept(&old.names, &new.names),
            back: self.back(&old.names, &new.names),
        }
        .change(
            (
                "property-names-added",
                "property-names-removed",
                "property-names-changed",
            ),
            (!old.names.is_any(), !new.names.is_any()),
            "demands of the names of its properties",
            at,
            out,
        );
        others(old, new, at, out);
    }

    fn nots(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Vec<Change>,
    ) {
        if old.nots.is_empty() && new.nots.is_empty() {
            return;
        }
        // What no value of the other side is need not be ruled out.
        let new_nots: Vec<_> = new
            .nots
            .iter()
            .filter(|not| {
                let alternatives = self.revision.alternatives(not);
                !alternatives
                    .iter()
                    .all(|alternative| apart(&self.base, old, &self.revision, alternative))
            })
            .collect();
        let old_nots: Vec<_> = old
            .nots
            .iter()
            .filter(|not| {
                let alternatives = self.base.alternatives(not);
                !alternatives
                    .iter()
                    .all(|alternative| apart(&self.revision, new, &self.base, alternative))
            })
            .collect();
        Verdict::of_lists(old_nots.len(), new_nots.len(), |i, j| {
            let (was, is) = (old_nots[i], new_nots[j]);
            (self.back(was, is), self.kept(was, is))
        })
        .change(
            ("not-added", "not-removed", "not-changed"),
            (!old_nots.is_empty(), !new_nots.is_empty()),
            "rules out",
            at,
            out,
        );
    }

    fn contains(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Vec<Change>,
    ) {
        // Whether `b` follows from `a`, where `within` says whose elements are whose.
        let follows = |a: &Contains<'a>, b: &Contains<'a>, a_in_b: bool, b_in_a: bool| {
            (b.least == 0 || (a_in_b && a.least >= b.least))
                && b.most
                    .is_none_or(|most| b_in_a && a.most.is_some_and(|limit| limit <= most))
        };
        let mut same_elements = false;
        let verdict = Verdict::of_lists(old.contains.len(), new.contains.len(), |i, j| {
            let (was, is) = (&old.contains[i], &new.contains[j]);
            let kept = self.kept(&was.node, &is.node);
            let back = self.back(&was.node, &is.node);
            same_elements = kept && back;
            (follows(was, is, kept, back), follows(is, was, back, kept))
        });
        let changed = match (old.contains.as_slice(), new.contains.as_slice()) {
            ([was], [is]) if same_elements && was.most == is.most => {
                if is.least > was.least {
                    "min-contains-increased"
                } else {
                    "min-contains-decreased"
                }
            }
            ([was], [is]) if same_elements && was.least == is.least => {
                let limit = |most: Option<u64>| most.unwrap_or(u64::MAX);
                if limit(is.most) < limit(was.most) {
                    "max-contains-decreased"
                } else {
                    "max-contains-increased"
                }
            }
            _ => "contains-changed",
        };
        verdict.change(
            ("contains-added", "contains-removed", changed),
            (!old.contains.is_empty(), !new.contains.is_empty()),
            "demands of what a list must contain",
            at,
            out,
        );
    }

    fn conditions(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Vec<Change>,
    ) {
        Verdict::of_lists(old.conditions.len(), new.conditions.len(), |i, j| {
            let (was, is) = (&old.conditions[i], &new.conditions[j]);
            if !self.equal(&was.test, &is.test) {
                return (false, false);
            }
            let both = |condition: &Condition<'a>| condition.test.clone().and(&condition.then);
            let then = (both(was), both(is));
            let otherwise = (&was.otherwise, &is.otherwise);
            (
                self.kept(&then.0, &then.1) && self.kept(otherwise.0, otherwise.1),
                self.back(&then.0, &then.1) && self.back(otherwise.0, otherwise.1),
            )
        })
        .change(
            ("if-added", "if-removed", "if-changed"),
            (!old.conditions.is_empty(), !new.conditions.is_empty()),
            "has a condition (`if`) that demands",
            at,
            out,
        );
    }

    fn dependencies(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Vec<Change>,
    ) {
        let follows = |a: &Alternative<'a>, b: &Alternative<'a>| {
            b.demands
                .iter()
                .all(|demand| a.demands.contains(demand) || a.required.contains(&demand.1))
        };
        Verdict {
            kept: follows(old, new),
            back: follows(new, old),
        }
        .change(
            (
                "dependent-required-added",
                "dependent-required-removed",
                "dependent-required-changed",
            ),
            (!old.demands.is_empty(), !new.demands.is_empty()),
            "has properties that demand others,",
            at,
            out,
        );
        let names: BTreeSet<&String> = old.dependent.keys().chain(new.dependent.keys()).collect();
        for name in names {
            let (was, is) = (old.dependent.get(name), new.dependent.get(name));
            let (before, after) = (
                was.cloned().unwrap_or_default(),
                is.cloned().unwrap_or_default(),
            );
            Verdict {
                kept: self.kept(&before, &after),
                back: self.back(&before, &after),
            }
            .change(
                (
                    "dependent-schema-added",
                    "dependent-schema-removed",
                    "dependent-schema-changed",
                ),
                (was.is_some(), is.is_some()),
                &format!("with the property `{name}` must keep"),
                at,
                out,
            );
        }
    }
}

/// A union whose alternatives overlap changes its meaning with its keyword.
fn overlaps(
    old: &Alternative<'_>,
    new: &Alternative<'_>,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) {
    // Objects of a new alternative are told from the old ones by what they hold.
    let plain = old.types & new.types & !NULL & OBJECT == 0;
    let (was, is) = (old.overlaps, new.overlaps);
    if is.one < was.one && is.any > was.any {
        out.push(at(
            "one-of-became-any-of",
            Effect::Widens,
            "{S} may now match several of its alternatives at once".to_owned(),
        ));
    }
    if is.one <= was.one || (is.any >= was.any && !plain) {
        return;
    }
    out.push(at(
        "any-of-became-one-of",
        Effect::Narrows,
        "{S} must now match exactly one of its alternatives, and some overlap".to_owned(),
    ));
}

/// Keywords that are compared as they are written, and the kinds of their changes.
const KEYWORDS: [(&str, Kinds); 3] = [
    (
        "contentEncoding",
        (
            "content-encoding-added",
            "content-encoding-removed",
            "content-encoding-changed",
        ),
    ),
    (
        "contentMediaType",
        (
            "content-media-type-added",
            "content-media-type-removed",
            "content-media-type-changed",
        ),
    ),
    (
        "$dynamicRef",
        (
            "dynamic-ref-added",
            "dynamic-ref-removed",
            "dynamic-ref-changed",
        ),
    ),
];

fn others(
    old: &Alternative<'_>,
    new: &Alternative<'_>,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) {
    if old.others.contains_key(LEFT_OUT) || new.others.contains_key(LEFT_OUT) {
        out.push(at(
            "not-compared",
            Effect::Unknown,
            "{S} combines too many alternatives, or extends too many schemas, to be compared, \
             and it or something in it has changed; look at it by hand"
                .to_owned(),
        ));
    }
    for (keyword, kinds) in KEYWORDS {
        let (was, is) = (old.others.get(keyword), new.others.get(keyword));
        if was == is {
            continue;
        }
        Verdict {
            kept: is.is_none(),
            back: was.is_none(),
        }
        .change(
            kinds,
            (was.is_some(), is.is_some()),
            &format!("has a `{keyword}` that demands"),
            at,
            out,
        );
    }
}
