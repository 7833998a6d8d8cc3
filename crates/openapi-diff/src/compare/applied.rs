//! Schemas that are applied to a value on a condition, or to a part of it.

use std::collections::{BTreeSet, HashSet};
use std::hash::Hash;

use serde_json::Value;

use super::pairs::Compare;
use super::site::{Change, Site};
use crate::alternatives::{
    Alternative, Condition, Contains, Expand, LeftOut, NULL, Node, OBJECT, STRING, apart,
};
use crate::classes::Side;
use crate::media::covers;
use crate::rules::{Effect, SchemaRule};
use crate::sentence::{Sentence, about};

/// The rules about a keyword.
#[derive(Debug, Clone, Copy)]
struct KeywordRules {
    added: SchemaRule,
    removed: SchemaRule,
    changed: SchemaRule,
}

/// Of lists with more pairs of demands that differ, none is taken to follow from another.
const MAX_IMPLIED: usize = 10_000;

/// Whether all of the new follows from the old, and the reverse.
#[derive(Default)]
struct Verdict {
    kept: bool,
    back: bool,
    /// The places of what does not follow, where they are known.
    base: Option<String>,
    revision: Option<String>,
}

impl Verdict {
    /// Each demand of one side must follow from one of the other's. Demands with the same key
    /// are the same.
    fn of_lists<K: Eq + Hash>(
        (olds, old_place): (&[K], impl Fn(usize) -> Option<String>),
        (news, new_place): (&[K], impl Fn(usize) -> Option<String>),
        mut implied: impl FnMut(usize, usize) -> (bool, bool),
    ) -> Self {
        let follow = |these: &[K], those: &[K]| -> Vec<bool> {
            let those: HashSet<&K> = those.iter().collect();
            these.iter().map(|key| those.contains(key)).collect()
        };
        let (mut old_follows, mut new_follows) = (follow(olds, news), follow(news, olds));
        let open = |follows: &[bool]| follows.iter().filter(|follows| !**follows).count();
        let pairs = open(&old_follows) * news.len() + open(&new_follows) * olds.len();
        if pairs <= MAX_IMPLIED {
            for (i, old_follows) in old_follows.iter_mut().enumerate() {
                for (j, new_follows) in new_follows.iter_mut().enumerate() {
                    if !*old_follows || !*new_follows {
                        let (new, old) = implied(i, j);
                        *new_follows |= new;
                        *old_follows |= old;
                    }
                }
            }
        }
        let missing = |follows: &[bool]| follows.iter().position(|follows| !follows);
        let (old, new) = (missing(&old_follows), missing(&new_follows));
        Verdict {
            kept: new.is_none(),
            back: old.is_none(),
            base: old.and_then(old_place),
            revision: new.and_then(new_place),
        }
    }

    /// About two schemas.
    fn at(self, old: &Node<'_>, new: &Node<'_>) -> Self {
        Verdict {
            base: place(old),
            revision: place(new),
            ..self
        }
    }

    fn change(
        self,
        rules: KeywordRules,
        (old, new): (bool, bool),
        text: &str,
        site: &Site,
        out: &mut Vec<Change>,
    ) {
        let effect = match (self.kept, self.back) {
            (true, true) => return,
            (true, false) => Effect::Widens,
            (false, true) => Effect::Narrows,
            (false, false) => Effect::Unknown,
        };
        let rule = match (old, new) {
            (false, _) => rules.added,
            (_, false) => rules.removed,
            _ => rules.changed,
        };
        let verb = match effect {
            Effect::Widens => "less than before",
            Effect::Narrows => "more than before",
            _ => "something else than before",
        };
        let mut change = site.change(rule, effect, about!("{text} {verb}"));
        let places = [
            (&mut change.site.base, self.base),
            (&mut change.site.revision, self.revision),
        ];
        for (place, found) in places {
            if found.is_some() {
                *place = found;
            }
        }
        out.push(change);
    }
}

fn place(node: &Node<'_>) -> Option<String> {
    node.pointer().map(str::to_owned)
}

impl<'a> Compare<'a> {
    pub(super) fn applied(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        site: &Site,
        out: &mut Vec<Change>,
    ) {
        overlaps(old, new, site, out);
        self.nots(old, new, site, out);
        self.contains(old, new, site, out);
        self.conditions(old, new, site, out);
        self.dependencies(old, new, site, out);
        if old.types & new.types & STRING != 0 {
            Verdict {
                kept: self.kept(&old.content, &new.content),
                back: self.back(&old.content, &new.content),
                ..Verdict::default()
            }
            .at(&old.content, &new.content)
            .change(
                KeywordRules {
                    added: SchemaRule::ContentSchemaAdded,
                    removed: SchemaRule::ContentSchemaRemoved,
                    changed: SchemaRule::ContentSchemaChanged,
                },
                (!old.content.is_any(), !new.content.is_any()),
                "demands of what it holds",
                site,
                out,
            );
        }
        Verdict {
            kept: self.kept(&old.names, &new.names),
            back: self.back(&old.names, &new.names),
            ..Verdict::default()
        }
        .at(&old.names, &new.names)
        .change(
            KeywordRules {
                added: SchemaRule::PropertyNamesAdded,
                removed: SchemaRule::PropertyNamesRemoved,
                changed: SchemaRule::PropertyNamesChanged,
            },
            (!old.names.is_any(), !new.names.is_any()),
            "demands of the names of its properties",
            site,
            out,
        );
        others(old, new, site, out);
    }

    fn nots(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        site: &Site,
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
        let was = self.node_numbers(Side::Base, old_nots.iter().copied());
        let is = self.node_numbers(Side::Revision, new_nots.iter().copied());
        let was = (was.as_slice(), |i: usize| place(old_nots[i]));
        let is = (is.as_slice(), |j: usize| place(new_nots[j]));
        Verdict::of_lists(was, is, |i, j| {
            // More is admitted where less is ruled out, so either way may be what is asked for.
            let (was, is) = (old_nots[i], new_nots[j]);
            // Objects that match two of them are not looked for elsewhere.
            if exclusive(&self.base, was) || exclusive(&self.revision, is) {
                return (false, false);
            }
            (
                self.node_holds(was, is, false),
                self.node_holds(was, is, true),
            )
        })
        .change(
            KeywordRules {
                added: SchemaRule::NotAdded,
                removed: SchemaRule::NotRemoved,
                changed: SchemaRule::NotChanged,
            },
            (!old_nots.is_empty(), !new_nots.is_empty()),
            "rules out",
            site,
            out,
        );
    }

    fn contains(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        site: &Site,
        out: &mut Vec<Change>,
    ) {
        // Whether `b` follows from `a`, where `within` says whose elements are whose.
        let follows = |a: &Contains<'a>, b: &Contains<'a>, a_in_b: bool, b_in_a: bool| {
            (b.least == 0 || (a_in_b && a.least >= b.least))
                && b.most
                    .is_none_or(|most| b_in_a && a.most.is_some_and(|limit| limit <= most))
        };
        let mut same_elements = false;
        let mut keys = |side, all: &[Contains<'a>]| -> Vec<_> {
            let numbers = self.node_numbers(side, all.iter().map(|one| &one.node));
            let all = numbers.into_iter().zip(all);
            all.map(|(number, one)| (number, one.least, one.most))
                .collect()
        };
        let (was, is) = (
            keys(Side::Base, &old.contains),
            keys(Side::Revision, &new.contains),
        );
        let was = (was.as_slice(), |i: usize| place(&old.contains[i].node));
        let is = (is.as_slice(), |j: usize| place(&new.contains[j].node));
        let verdict = Verdict::of_lists(was, is, |i, j| {
            let (was, is) = (&old.contains[i], &new.contains[j]);
            // What an upper limit admits grows as the schema narrows.
            let kept = self.node_holds(&was.node, &is.node, true);
            let back = self.node_holds(&was.node, &is.node, false);
            same_elements = kept && back;
            (follows(was, is, kept, back), follows(is, was, back, kept))
        });
        let changed = match (old.contains.as_slice(), new.contains.as_slice()) {
            ([was], [is]) if same_elements && was.most == is.most => {
                if is.least > was.least {
                    SchemaRule::MinContainsIncreased
                } else {
                    SchemaRule::MinContainsDecreased
                }
            }
            ([was], [is]) if same_elements && was.least == is.least => {
                let limit = |most: Option<u64>| most.unwrap_or(u64::MAX);
                if limit(is.most) < limit(was.most) {
                    SchemaRule::MaxContainsDecreased
                } else {
                    SchemaRule::MaxContainsIncreased
                }
            }
            _ => SchemaRule::ContainsChanged,
        };
        verdict.change(
            KeywordRules {
                added: SchemaRule::ContainsAdded,
                removed: SchemaRule::ContainsRemoved,
                changed,
            },
            (!old.contains.is_empty(), !new.contains.is_empty()),
            "demands of what a list must contain",
            site,
            out,
        );
    }

    fn conditions(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        site: &Site,
        out: &mut Vec<Change>,
    ) {
        let mut keys = |side, all: &[Condition<'a>]| -> Vec<_> {
            let all = all.iter();
            all.map(|one| self.node_numbers(side, [&one.test, &one.then, &one.otherwise]))
                .collect()
        };
        let (was, is) = (
            keys(Side::Base, &old.conditions),
            keys(Side::Revision, &new.conditions),
        );
        let was = (was.as_slice(), |i: usize| place(&old.conditions[i].test));
        let is = (is.as_slice(), |j: usize| place(&new.conditions[j].test));
        Verdict::of_lists(was, is, |i, j| {
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
            KeywordRules {
                added: SchemaRule::IfAdded,
                removed: SchemaRule::IfRemoved,
                changed: SchemaRule::IfChanged,
            },
            (!old.conditions.is_empty(), !new.conditions.is_empty()),
            "has a condition (`if`) that demands",
            site,
            out,
        );
    }

    fn dependencies(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        site: &Site,
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
            ..Verdict::default()
        }
        .change(
            KeywordRules {
                added: SchemaRule::DependentRequiredAdded,
                removed: SchemaRule::DependentRequiredRemoved,
                changed: SchemaRule::DependentRequiredChanged,
            },
            (!old.demands.is_empty(), !new.demands.is_empty()),
            "has properties that demand others,",
            site,
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
                ..Verdict::default()
            }
            .at(&before, &after)
            .change(
                KeywordRules {
                    added: SchemaRule::DependentSchemaAdded,
                    removed: SchemaRule::DependentSchemaRemoved,
                    changed: SchemaRule::DependentSchemaChanged,
                },
                (was.is_some(), is.is_some()),
                &format!("with the property `{name}` must keep"),
                site,
                out,
            );
        }
    }
}

/// Returns whether a schema refuses values for matching several alternatives.
fn exclusive<'a>(of: &Expand<'a>, node: &Node<'a>) -> bool {
    of.alternatives(node).iter().any(|one| one.overlaps.one > 0)
}

/// A union whose alternatives overlap changes its meaning with its keyword.
fn overlaps(old: &Alternative<'_>, new: &Alternative<'_>, site: &Site, out: &mut Vec<Change>) {
    // Objects of a new alternative are told from the old ones by what they hold.
    let plain = old.types & new.types & !NULL & OBJECT == 0;
    let (was, is) = (old.overlaps, new.overlaps);
    if is.one < was.one && is.any > was.any {
        out.push(site.change(
            SchemaRule::OneOfBecameAnyOf,
            Effect::Widens,
            Sentence::about("may now match several of its alternatives at once"),
        ));
    }
    if is.one <= was.one || (is.any >= was.any && !plain) {
        return;
    }
    out.push(site.change(
        SchemaRule::AnyOfBecameOneOf,
        Effect::Narrows,
        Sentence::about("must now match exactly one of its alternatives, and some overlap"),
    ));
}

fn others(old: &Alternative<'_>, new: &Alternative<'_>, site: &Site, out: &mut Vec<Change>) {
    let says = match old.left_out().or(new.left_out()) {
        Some(LeftOut::TooMuch) => {
            "combines too many alternatives, or extends too many schemas, to be compared, and it \
             or something in it has changed; look at it by hand"
        }
        Some(LeftOut::Unevaluated) => {
            "has `unevaluatedProperties` or `unevaluatedItems` beside conditions or alternatives \
             that speak of others, which is not compared, and it or something in it has changed; \
             look at it by hand"
        }
        Some(LeftOut::Dialect) => {
            "is written in another dialect of JSON Schema than 2020-12 (`$schema` or \
             `jsonSchemaDialect`), which is not compared, and it or something in it has \
             changed; look at it by hand"
        }
        None => "",
    };
    if !says.is_empty() {
        let about = Sentence::about(says);
        out.push(site.change(SchemaRule::NotCompared, Effect::Unknown, about));
    }
    encodings(old, new, site, out);
    let said = |of: &Alternative<'_>, keyword| of.others.get(keyword).cloned().unwrap_or_default();
    let (was, is) = (said(old, "contentMediaType"), said(new, "contentMediaType"));
    // Each media type must be one of a range of the other side.
    let implied = |from: &[Value], to: &[Value]| {
        to.iter().all(|range| {
            from.iter()
                .any(|kind| covers(text(range), text(kind)) || kind == range)
        })
    };
    Verdict {
        kept: implied(&was, &is),
        back: implied(&is, &was),
        ..Verdict::default()
    }
    .change(
        KeywordRules {
            added: SchemaRule::ContentMediaTypeAdded,
            removed: SchemaRule::ContentMediaTypeRemoved,
            changed: SchemaRule::ContentMediaTypeChanged,
        },
        (!was.is_empty(), !is.is_empty()),
        "has a `contentMediaType` that demands",
        site,
        out,
    );
    let (was, is) = (said(old, "$dynamicRef"), said(new, "$dynamicRef"));
    Verdict {
        kept: was == is || is.is_empty(),
        back: was == is || was.is_empty(),
        ..Verdict::default()
    }
    .change(
        KeywordRules {
            added: SchemaRule::DynamicRefAdded,
            removed: SchemaRule::DynamicRefRemoved,
            changed: SchemaRule::DynamicRefChanged,
        },
        (!was.is_empty(), !is.is_empty()),
        "has a `$dynamicRef` that demands",
        site,
        out,
    );
}

/// An encoding rules few texts out, but who does not know of it takes a text for another:
/// a reader gets what nobody wrote.
fn encodings(old: &Alternative<'_>, new: &Alternative<'_>, site: &Site, out: &mut Vec<Change>) {
    let said = |of: &Alternative<'_>| {
        let names = of.others.get("contentEncoding")?.iter();
        let names: Vec<String> = names.map(|name| format!("`{}`", text(name))).collect();
        Some(names.join(" and "))
    };
    let (rule, says) = match (said(old), said(new)) {
        (None, Some(is)) => (
            SchemaRule::ContentEncodingAdded,
            about!("is now encoded as {is}"),
        ),
        (Some(was), None) => (
            SchemaRule::ContentEncodingRemoved,
            about!("is no longer encoded as {was}"),
        ),
        (Some(was), Some(is)) if was != is => (
            SchemaRule::ContentEncodingChanged,
            about!("was encoded as {was} and is now encoded as {is}"),
        ),
        _ => return,
    };
    out.push(site.change(rule, Effect::Incomparable, says));
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
