//! What a change of a schema does to the values that it admits.
//!
//! Two schemas are compared as [`Alternative`]s. An alternative is a
//! conjunction, so it is compared constraint by constraint: the new schema
//! admits whatever the old one did if no constraint narrows, and nothing else if
//! none widens. That makes the list of changes a proof as well as an
//! explanation.
//!
//! Each pair of schemas is compared once, however many operations lead to it. What
//! one pair asks of others, such as whether the alternatives of one union are among
//! those of another, [`holds`] answers.

mod annotations;
mod applied;
mod children;
mod exact_place;
mod facts;
mod holds;
mod objects;
mod overlaps;
mod pairs;
mod reach;
mod scalars;
mod site;
mod text;
mod unions;

use std::collections::{BTreeSet, HashSet};

pub(super) use self::pairs::{Compare, Compared, Link};
pub(super) use self::reach::{Reach, Root};
use self::scalars::{SIZES, numbers, sizes, type_lists, types, values};
pub(super) use self::site::Change;
use self::site::{Found, Site};
use self::text::{formats, patterns};
use super::alternatives::{
    ARRAY, Alternative, BOOLEAN, Carrier, Expand, NUMBER, Node, OBJECT, STRING, admits_plainly,
};
use serde_json::Value;

use crate::bounds::MAX_CHANGES;
use crate::rules::{Effect, SchemaRule};
use crate::sentence::{Sentence, about, around};

/// What is known of schemas in which so many differ is not kept while these are compared:
/// both take much room.
const LARGE: usize = 10_000;

impl<'a> Compare<'a> {
    /// Compares two schemas and whatever is in them, where that was not done before.
    /// Returns the number of the pair, or `None` if they do not differ.
    pub(super) fn explore(&mut self, old: &Node<'a>, new: &Node<'a>) -> Option<usize> {
        if self.count.get() > MAX_CHANGES {
            return None;
        }
        let root = self.number(old, new, None)?;
        while let Some((old, new)) = self.left.pop_front() {
            let next = self.pairs.len() - self.left.len() - 1;
            let found = self.pair(&old, &new);
            if found.inner.len() > LARGE {
                self.base.forget(&old);
                self.revision.forget(&new);
            }
            let inner = found.inner.into_iter();
            let mut inner: Vec<Link> = inner
                .filter_map(|inner| {
                    Some(Link {
                        pair: self.number(&inner.old, &inner.new, inner.extends.then_some(next))?,
                        step: inner.step,
                        always: inner.always,
                    })
                })
                .collect();
            let mut seen = HashSet::new();
            let mut changes = found.changes;
            changes.retain(|change| {
                seen.insert((change.rule, change.site.path.clone(), change.says.clone()))
            });
            for change in &mut changes {
                exact_place::refine(change, (&self.base, &old), (&self.revision, &new));
            }
            self.leave_to_parent(next, (&old, &new), &mut changes);
            self.keep_to_bound((&old, &new), &mut changes);
            // Most pairs have no more than one.
            changes.shrink_to_fit();
            inner.shrink_to_fit();
            self.pairs[next].inner = inner;
            self.pairs[next].changes = changes;
            if self.count.get() > MAX_CHANGES {
                self.left.clear();
            }
        }
        Some(root)
    }

    /// Leaves out what is more than anybody could look at, and says so once.
    fn keep_to_bound(&self, (old, new): (&Node<'a>, &Node<'a>), changes: &mut Vec<Change>) {
        let count = self.count.get();
        if count + changes.len() > MAX_CHANGES {
            changes.truncate(MAX_CHANGES - count);
            changes.push(Site::of(old, new).change(
                SchemaRule::NotCompared,
                Effect::Unknown,
                about!(
                    "has changed, and what comes after it is not compared, because \
                     {MAX_CHANGES} changes are told already; look at these first"
                ),
            ));
        }
        self.count.set(count + changes.len());
    }

    fn pair(&mut self, old: &Node<'a>, new: &Node<'a>) -> Found<'a> {
        let site = Site::of(old, new);
        let mut found = Found::default();
        self.annotations(old, new, &site, &mut found.changes);
        let before = self.base.alternatives(old);
        let after = self.revision.alternatives(new);
        match (&*before, &*after) {
            ([], []) => {}
            ([], _) => found.changes.push(site.change(
                SchemaRule::BecamePossible,
                Effect::Widens,
                Sentence::about("used to admit no value, and does now"),
            )),
            (_, []) => found.changes.push(site.change(
                SchemaRule::BecameImpossible,
                Effect::Narrows,
                Sentence::about("admits no value any more"),
            )),
            ([before], [after]) => self.alternatives(before, after, &site, &mut found),
            _ => {
                let discriminator = self.revision.annotation(new, "discriminator");
                let told_apart = discriminator.is_some();
                self.unions(&before, &after, &site, told_apart, &mut found);
            }
        }
        self.listed_digits(old, new, &site, &mut found);
        self.children(old, new, &site, &mut found);
        found
    }

    /// Says of whole numbers that are listed, and differ in digits that are not compared.
    fn listed_digits(&self, old: &Node<'a>, new: &Node<'a>, site: &Site, out: &mut Found<'a>) {
        let listed = |of: &Expand<'a>, node: &Node<'a>| -> BTreeSet<i128> {
            let parts = node.0.iter();
            parts
                .flat_map(|part| of.document.listed_digits(&part.pointer, part.value))
                .collect()
        };
        let is_told = |change: &Change| {
            matches!(
                change.rule,
                SchemaRule::EnumValueAdded | SchemaRule::EnumValueRemoved
            )
        };
        if listed(&self.base, old) != listed(&self.revision, new)
            && !out.changes.iter().any(is_told)
        {
            out.changes.push(site.change(
                SchemaRule::NotCompared,
                Effect::Unknown,
                Sentence::about(
                    "lists whole numbers of more than 64 bits, which are not compared by all \
                     their digits, and these have changed; look at it by hand",
                ),
            ));
        }
    }

    /// Returns whether this is about the question what holds, not about a report. Then
    /// undeclared properties count as values.
    fn strict(&self) -> bool {
        self.facts.asking().is_some()
    }

    fn alternatives(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        site: &Site,
        out: &mut Found<'a>,
    ) {
        // Names are compared as properties where the other side rules properties out.
        let by_names = |of: &Expand<'a>, one: &Alternative<'a>, other: &Alternative<'a>| {
            let has_names = other.names.0.is_empty() && other.additional.is_never();
            has_names.then(|| of.by_names(one)).flatten()
        };
        let (was, is) = (
            by_names(&self.base, old, new),
            by_names(&self.revision, new, old),
        );
        let (old, new) = (was.as_ref().unwrap_or(old), is.as_ref().unwrap_or(new));
        if self.carrier == Carrier::Text && self.text_widens(old, new) {
            out.changes.push(site.change(
                SchemaRule::TypeGeneralized,
                Effect::Widens,
                about!("was {} and is now {}", types(old.types), types(new.types)),
            ));
            return;
        }
        if !type_lists(old, new, site, &mut out.changes) {
            // Of null, what applies to every type still holds.
            if old.types & new.types != 0 {
                self.applied(old, new, site, &mut out.changes);
            }
            return;
        }
        let both = old.types & new.types;
        let (of_old, of_new) = (&self.base, &self.revision);
        if values((of_old, old), (of_new, new), site, &mut out.changes) {
            return;
        }
        if both & NUMBER != 0 {
            numbers(old, new, site, &mut out.changes);
        }
        if both & STRING != 0 {
            patterns(old, new, site, &mut out.changes);
        }
        if both & (STRING | NUMBER) != 0 {
            formats(old, new, site, &mut out.changes);
        }
        for (index, (bit, least, most)) in SIZES.into_iter().enumerate() {
            if both & bit != 0 {
                sizes((old, new), index, (least, most), site, &mut out.changes);
            }
        }
        if both & ARRAY != 0 {
            arrays(old, new, site, out);
        }
        if both & OBJECT != 0 {
            self.objects(old, new, site, out);
        }
        self.applied(old, new, site, &mut out.changes);
    }

    /// Any text will do for a text without rules, and a value alone for a list
    /// of one.
    fn text_widens(&mut self, old: &Alternative<'a>, new: &Alternative<'a>) -> bool {
        let scalar = STRING | NUMBER | BOOLEAN;
        if old.types & !scalar != 0 {
            return false;
        }
        let both = [Value::Bool(false), Value::Bool(true)];
        let was = match &old.values {
            None if old.types == BOOLEAN => Some(both.as_slice()),
            values => values.as_deref(),
        };
        if let Some(texts) = was.filter(|_| old.types == STRING)
            && new.types & !(NUMBER | BOOLEAN) == 0
        {
            // Texts that spell values of another type are these values.
            return texts.iter().all(|text| {
                let value = text
                    .as_str()
                    .and_then(|text| serde_json::from_str(text).ok());
                value.is_some_and(|value: Value| admits_plainly(new, &value))
            });
        }
        if let (Some(was), Some(is)) = (was, &new.values) {
            let text = |value: &Value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            };
            return old.types & STRING == 0
                && new.types & STRING != 0
                && was
                    .iter()
                    .all(|value| is.iter().any(|other| text(value) == text(other)));
        }
        if new.types & STRING != 0 && old.types & STRING == 0 {
            return new.values.is_none()
                && new.patterns.is_empty()
                && new.formats.is_empty()
                && new.nots.is_empty()
                && new.others.is_empty()
                && new.sizes[0].0 <= 1
                && new.sizes[0].1.is_none();
        }
        if new.types == ARRAY && new.sizes[1].0 <= 1 && new.prefix.is_empty() {
            let items = self.revision.alternatives(&new.items);
            return items
                .iter()
                .any(|item| self.alternative_holds(old, item, true));
        }
        false
    }
}

fn arrays<'a>(old: &Alternative<'a>, new: &Alternative<'a>, site: &Site, out: &mut Found<'a>) {
    let may_repeat =
        |alternative: &Alternative<'a>| alternative.sizes[1].1.is_none_or(|most| most > 1);
    match (old.unique, new.unique) {
        (false, true) if may_repeat(old) && may_repeat(new) => {
            out.changes.push(site.change(
                SchemaRule::UniqueItemsSet,
                Effect::Narrows,
                around!("the elements of", "must now all differ"),
            ));
        }
        (true, false) if may_repeat(old) && may_repeat(new) => {
            out.changes.push(site.change(
                SchemaRule::UniqueItemsUnset,
                Effect::Widens,
                around!("the elements of", "need no longer differ"),
            ));
        }
        _ => {}
    }
    let limit = |alternative: &Alternative<'a>| alternative.sizes[1].1.unwrap_or(u64::MAX);
    let limit = limit(old).min(limit(new));
    let first = old.prefix.len().max(new.prefix.len());
    for index in 0..first {
        if index as u64 >= limit {
            break;
        }
        let (was, is) = (old.item(index).clone(), new.item(index).clone());
        out.inner(&format!("[{index}]"), true, was, is);
    }
    if (first as u64) < limit {
        out.inner("[]", true, old.items.clone(), new.items.clone());
    }
}
