//! What a change of a schema does to the values that it admits.
//!
//! Two schemas are compared as [`Alternative`]s. An alternative is a
//! conjunction, so it is compared constraint by constraint: the new schema
//! admits whatever the old one did if no constraint narrows, and nothing else if
//! none widens. That makes the list of changes a proof as well as an
//! explanation.

mod annotations;
mod applied;
mod objects;
mod scalars;
mod text;
mod unions;

use std::collections::{HashMap, HashSet};

use self::scalars::{SIZES, numbers, sizes, type_lists, types, values};
use self::text::{formats, patterns};
use super::alternatives::{ARRAY, Alternative, BOOLEAN, Expand, NUMBER, Node, OBJECT, STRING};
use super::dirty::Dirty;
use super::document::Document;
use serde_json::Value;

use crate::report::Direction;

/// What happens to the set of admitted values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It stays, or changes in a way that clients are bound to bear.
    None,
    Widens,
    Narrows,
    /// Some values go and others come.
    Incomparable,
    /// It cannot be decided; what cannot be shown to be safe is not safe.
    Unknown,
}

/// One difference between two schemas.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) kind: &'static str,
    pub(super) effect: Effect,
    /// The property, as `address/lines/items`; empty for the whole.
    pub(super) path: String,
    pub(super) base: Option<String>,
    pub(super) revision: Option<String>,
    /// A sentence in which `{S}` stands for the subject.
    pub(super) text: String,
}

/// Deeper than this, types are not followed.
const MAX_DEPTH: usize = 60;

/// Pairs of schemas that one question about a union may look at.
const FUEL: usize = 3_000;

pub(super) struct Compare<'a> {
    pub(super) base: Expand<'a>,
    pub(super) revision: Expand<'a>,
    /// Components that differ, or reach one that does.
    dirty: &'a Dirty,
    visited: HashSet<(String, String)>,
    /// Pairs that are being compared, and whether one was met again.
    within: HashSet<(String, String)>,
    assumed: bool,
    known: HashMap<(String, String), Relation>,
    /// While a union is matched up, undeclared properties count as values.
    strict: bool,
    fuel: usize,
    /// Whether the values travel as text in a URL or header.
    pub(super) text: bool,
}

/// Which of two sets of values surely holds the other.
#[derive(Debug, Clone, Copy)]
struct Relation {
    old_within_new: bool,
    new_within_old: bool,
}

impl Relation {
    fn equal(self) -> bool {
        self.old_within_new && self.new_within_old
    }
}

impl<'a> Compare<'a> {
    pub(super) fn new(
        base: &'a Document,
        revision: &'a Document,
        dirty: &'a Dirty,
        direction: Direction,
    ) -> Self {
        Compare {
            base: Expand::new(base, direction),
            revision: Expand::new(revision, direction),
            dirty,
            visited: HashSet::new(),
            within: HashSet::new(),
            assumed: false,
            known: HashMap::new(),
            strict: false,
            fuel: FUEL,
            text: false,
        }
    }

    pub(super) fn changes(&mut self, old: &Node<'a>, new: &Node<'a>) -> Vec<Change> {
        let mut out = Vec::new();
        self.visited.clear();
        self.nodes(old, new, "", 0, &mut out);
        let mut seen = HashSet::new();
        out.retain(|change| seen.insert((change.kind, change.path.clone(), change.text.clone())));
        out
    }

    /// Written the same, and nothing that it refers to has changed.
    fn untouched(&self, old: &Node<'a>, new: &Node<'a>) -> bool {
        self.base.document.dialect == self.revision.document.dialect
            && old.0.len() == new.0.len()
            && old
                .0
                .iter()
                .zip(&new.0)
                .all(|(a, b)| a.value == b.value && !self.dirty.reaches(a.value))
    }

    fn nodes(
        &mut self,
        old: &Node<'a>,
        new: &Node<'a>,
        path: &str,
        depth: usize,
        out: &mut Vec<Change>,
    ) {
        if self.untouched(old, new) {
            return;
        }
        let key = (self.base.key(old), self.revision.key(new));
        // In a report every place counts, in a relation every schema.
        let visit = if self.strict {
            key.clone()
        } else {
            (old.key(), new.key())
        };
        if self.within.contains(&key) {
            // Where recursive schemas come back to themselves, nothing is added.
            self.assumed = true;
        } else if self.visited.insert(visit) {
            self.within.insert(key.clone());
            self.pair(old, new, path, depth, out);
            self.within.remove(&key);
        }
    }

    fn pair(
        &mut self,
        old: &Node<'a>,
        new: &Node<'a>,
        path: &str,
        depth: usize,
        out: &mut Vec<Change>,
    ) {
        let at = |kind, effect, text: String| Change {
            kind,
            effect,
            path: path.to_owned(),
            base: old.pointer().map(str::to_owned),
            revision: new.pointer().map(str::to_owned),
            text,
        };
        self.fuel = self.fuel.saturating_sub(1);
        if depth > MAX_DEPTH || (self.strict && self.fuel == 0) {
            out.push(at(
                "not-compared",
                Effect::Unknown,
                "{S} is nested too deeply to be compared; look at it by hand".to_owned(),
            ));
            return;
        }
        if !self.strict {
            self.annotations(old, new, &at, out);
        }
        let before = self.base.alternatives(old);
        let after = self.revision.alternatives(new);
        match (&*before, &*after) {
            ([], []) => {}
            ([], _) => out.push(at(
                "became-possible",
                Effect::Widens,
                "{S} used to admit no value, and does now".to_owned(),
            )),
            (_, []) => out.push(at(
                "became-impossible",
                Effect::Narrows,
                "{S} admits no value any more".to_owned(),
            )),
            ([before], [after]) => self.alternatives(before, after, path, depth, &at, out),
            _ => self.unions(&before, &after, path, depth, &at, out),
        }
    }

    /// Asks which schema holds which, without saying why.
    fn relation(&mut self, old: &Alternative<'a>, new: &Alternative<'a>, depth: usize) -> Relation {
        let mut out = Vec::new();
        let (visited, strict) = (std::mem::take(&mut self.visited), self.strict);
        if !strict {
            self.fuel = FUEL;
        }
        self.strict = true;
        let at = |kind, effect, text| Change {
            kind,
            effect,
            path: String::new(),
            base: None,
            revision: None,
            text,
        };
        self.alternatives(old, new, "", depth + 1, &at, &mut out);
        self.visited = visited;
        self.strict = strict;
        relation_of(&out)
    }

    fn node_relation(&mut self, old: &Node<'a>, new: &Node<'a>, depth: usize) -> Relation {
        if old.is_any() && new.is_any() {
            return relation_of(&[]);
        }
        let key = (self.base.key(old), self.revision.key(new));
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let mut out = Vec::new();
        let (visited, strict) = (std::mem::take(&mut self.visited), self.strict);
        if !strict {
            self.fuel = FUEL;
        }
        self.strict = true;
        let assumed = std::mem::take(&mut self.assumed);
        self.nodes(old, new, "", depth + 1, &mut out);
        self.visited = visited;
        self.strict = strict;
        let relation = relation_of(&out);
        // What rests on an assumption holds only for as long as that is made.
        if !self.assumed {
            self.known.insert(key, relation);
        }
        self.assumed |= assumed;
        relation
    }

    fn alternatives(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        path: &str,
        depth: usize,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Vec<Change>,
    ) {
        if self.text && self.text_widens(old, new, depth) {
            out.push(at(
                "type-generalized",
                Effect::Widens,
                format!(
                    "{{S}} was {} and is now {}",
                    types(old.types),
                    types(new.types)
                ),
            ));
            return;
        }
        if !type_lists(old, new, at, out) {
            // Of null, what applies to every type still holds.
            if old.types & new.types != 0 {
                self.applied(old, new, depth, at, out);
            }
            return;
        }
        let both = old.types & new.types;
        values(old, new, at, out);
        if both & NUMBER != 0 {
            numbers(old, new, at, out);
        }
        if both & STRING != 0 {
            patterns(old, new, at, out);
        }
        if both & (STRING | NUMBER) != 0 {
            formats(old, new, at, out);
        }
        for (index, (bit, least, most)) in SIZES.into_iter().enumerate() {
            if both & bit != 0 {
                sizes(old.sizes[index], new.sizes[index], least, most, at, out);
            }
        }
        if both & ARRAY != 0 {
            self.arrays(old, new, path, depth, at, out);
        }
        if both & OBJECT != 0 {
            self.objects(old, new, path, depth, at, out);
        }
        self.applied(old, new, depth, at, out);
    }

    /// Any text will do for a text without rules, and a value alone for a list
    /// of one.
    fn text_widens(&mut self, old: &Alternative<'a>, new: &Alternative<'a>, depth: usize) -> bool {
        let scalar = STRING | NUMBER | BOOLEAN;
        if old.types & !scalar != 0 {
            return false;
        }
        if let (Some(was), Some(is)) = (&old.values, &new.values) {
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
                && new.sizes[0].0 <= 1
                && new.sizes[0].1.is_none();
        }
        if new.types == ARRAY && new.sizes[1].0 <= 1 && new.prefix.is_empty() {
            let items = self.revision.alternatives(&new.items);
            return items
                .iter()
                .any(|item| self.relation(old, item, depth).old_within_new);
        }
        false
    }

    fn arrays(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        path: &str,
        depth: usize,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Vec<Change>,
    ) {
        match (old.unique, new.unique) {
            (false, true) if new.sizes[1].1.is_none_or(|most| most > 1) => out.push(at(
                "unique-items-set",
                Effect::Narrows,
                "the elements of {S} must now all differ".to_owned(),
            )),
            (true, false) if new.sizes[1].1.is_none_or(|most| most > 1) => out.push(at(
                "unique-items-unset",
                Effect::Widens,
                "the elements of {S} need no longer differ".to_owned(),
            )),
            _ => {}
        }
        let inner = format!("{path}[]");
        for index in 0..old.prefix.len().max(new.prefix.len()) {
            let limit = old.sizes[1]
                .1
                .unwrap_or(u64::MAX)
                .min(new.sizes[1].1.unwrap_or(u64::MAX));
            if index as u64 >= limit {
                break;
            }
            let path = format!("{path}[{index}]");
            let (was, is) = (old.item(index).clone(), new.item(index).clone());
            self.nodes(&was, &is, &path, depth + 1, out);
        }
        let (was, is) = (old.items.clone(), new.items.clone());
        self.nodes(&was, &is, &inner, depth + 1, out);
    }
}

fn relation_of(changes: &[Change]) -> Relation {
    let only = |good| {
        changes
            .iter()
            .all(|change| change.effect == Effect::None || change.effect == good)
    };
    Relation {
        old_within_new: only(Effect::Widens),
        new_within_old: only(Effect::Narrows),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}/{name}")
    }
}
