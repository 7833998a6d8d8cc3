//! What a change of a schema does to the values that it admits.
//!
//! Two schemas are compared as [`Shape`]s. A shape is a conjunction, so it is
//! compared constraint by constraint: the new schema admits whatever the old
//! one did if no constraint narrows, and nothing else if none widens. That
//! makes the list of changes a proof as well as an explanation.

#![expect(
    clippy::float_cmp,
    reason = "bounds are the same only if they are equal"
)]

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::document::{Document, escape};
use super::pattern;
use super::shape::{
    ANY, ARRAY, BOOLEAN, Bound, Expand, FRACTION, INTEGER, NULL, NUMBER, Node, OBJECT, STRING,
    Shape, admits_plainly, divides, same,
};
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
    /// It cannot be decided.
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
    known: HashMap<(String, String), Relation>,
    /// While a union is matched up, undeclared properties count as values.
    strict: bool,
    fuel: usize,
    /// Whether the values travel as text in a URL or header.
    pub(super) text: bool,
}

/// Which of two sets of values holds the other; `None` if undecided.
#[derive(Debug, Clone, Copy)]
struct Relation {
    old_within_new: Option<bool>,
    new_within_old: Option<bool>,
}

impl<'a> Compare<'a> {
    pub(super) fn new(
        base: &'a Document,
        revision: &'a Document,
        dirty: &'a Dirty,
        direction: Direction,
    ) -> Self {
        Compare {
            base: Expand {
                document: base,
                direction,
            },
            revision: Expand {
                document: revision,
                direction,
            },
            dirty,
            visited: HashSet::new(),
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
        if self.untouched(old, new) || !self.visited.insert((old.key(), new.key())) {
            return;
        }
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
        let before = self.base.shapes(old);
        let after = self.revision.shapes(new);
        match (before.as_slice(), after.as_slice()) {
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
            ([before], [after]) => self.shapes(before, after, path, depth, &at, out),
            _ => self.unions(&before, &after, path, depth, &at, out),
        }
        if !self.strict {
            self.exclusive(old, new, &before, &at, out);
        }
    }

    /// A union whose branches overlap changes its meaning with its keyword.
    fn exclusive(
        &self,
        old: &Node<'a>,
        new: &Node<'a>,
        before: &[Shape<'a>],
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Vec<Change>,
    ) {
        let has = |expand: &Expand<'a>, node, keyword| expand.annotation(node, keyword).is_some();
        let any_to_one = has(&self.base, old, "anyOf")
            && !has(&self.revision, new, "anyOf")
            && has(&self.revision, new, "oneOf")
            && !has(&self.base, old, "oneOf");
        if any_to_one && before.len() > 1 && before.iter().all(|it| it.types & OBJECT != 0) {
            out.push(at(
                "any-of-became-one-of",
                Effect::Unknown,
                "{S} must now match exactly one of its alternatives; check that none overlap"
                    .to_owned(),
            ));
        }
    }

    fn annotations(
        &self,
        old: &Node<'a>,
        new: &Node<'a>,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Vec<Change>,
    ) {
        let both = |keyword| {
            (
                self.base.annotation(old, keyword),
                self.revision.annotation(new, keyword),
            )
        };
        let default = match both("default") {
            (None, Some(new)) => Some((
                "default-value-added",
                format!("{{S}} now defaults to {new}"),
            )),
            (Some(old), None) => Some((
                "default-value-removed",
                format!("{{S}} no longer defaults to {old}"),
            )),
            (Some(old), Some(new)) if !same(old, new) => Some((
                "default-value-changed",
                format!(
                    "the default of {{S}} changed from {old} to {new}; clients that leave it out get the new one"
                ),
            )),
            _ => None,
        };
        out.extend(default.map(|(kind, text)| at(kind, Effect::None, text)));
        let yes = |it: Option<&Value>| it == Some(&Value::Bool(true));
        let (was, is) = both("deprecated");
        match (yes(was), yes(is)) {
            (false, true) => out.push(at(
                "deprecated",
                Effect::None,
                "{S} is deprecated".to_owned(),
            )),
            (true, false) => out.push(at(
                "reactivated",
                Effect::None,
                "{S} is no longer deprecated".to_owned(),
            )),
            _ => {}
        }
        match both("discriminator") {
            (Some(old), Some(new)) => {
                if old.get("propertyName") != new.get("propertyName") {
                    out.push(at(
                        "discriminator-property-name-changed",
                        Effect::Unknown,
                        "the property that tells the alternatives of {S} apart has another name"
                            .to_owned(),
                    ));
                }
                let names = |it: &Value| -> BTreeSet<String> {
                    let map = it.get("mapping").and_then(Value::as_object);
                    map.map(|it| it.keys().cloned().collect())
                        .unwrap_or_default()
                };
                let (was, is) = (names(old), names(new));
                for name in was.difference(&is) {
                    out.push(at(
                        "discriminator-mapping-deleted",
                        Effect::None,
                        format!("`{name}` no longer selects an alternative of {{S}}"),
                    ));
                }
                for name in is.difference(&was) {
                    out.push(at(
                        "discriminator-mapping-added",
                        Effect::None,
                        format!("`{name}` now selects an alternative of {{S}}"),
                    ));
                }
            }
            (Some(_), None) => out.push(at(
                "discriminator-removed",
                Effect::None,
                "{S} lost its discriminator".to_owned(),
            )),
            (None, Some(_)) => out.push(at(
                "discriminator-added",
                Effect::None,
                "{S} got a discriminator".to_owned(),
            )),
            (None, None) => {}
        }
    }

    /// Asks which schema holds which, without saying why.
    fn relation(&mut self, old: &Shape<'a>, new: &Shape<'a>, depth: usize) -> Relation {
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
        self.shapes(old, new, "", depth + 1, &at, &mut out);
        self.visited = visited;
        self.strict = strict;
        relation_of(&out)
    }

    fn node_relation(&mut self, old: &Node<'a>, new: &Node<'a>, depth: usize) -> Relation {
        let key = (old.key(), new.key());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let mut out = Vec::new();
        let (visited, strict) = (std::mem::take(&mut self.visited), self.strict);
        if !strict {
            self.fuel = FUEL;
        }
        self.strict = true;
        self.nodes(old, new, "", depth + 1, &mut out);
        self.visited = visited;
        self.strict = strict;
        let relation = relation_of(&out);
        self.known.insert(key, relation);
        relation
    }

    fn unions(
        &mut self,
        before: &[Shape<'a>],
        after: &[Shape<'a>],
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
            .filter(|i| {
                !relations[*i]
                    .iter()
                    .any(|it| it.old_within_new == Some(true))
            })
            .collect();
        let mut new_left: Vec<usize> = (0..after.len())
            .filter(|j| {
                !relations
                    .iter()
                    .any(|it| it[*j].new_within_old == Some(true))
            })
            .collect();
        // Alternatives of one name are one alternative that changed, unless
        // the name is a mere position that another one has taken.
        let lost = old_left.clone();
        let pairs_up = |i: usize, j: usize| {
            let equal =
                |it: &Relation| it.old_within_new == Some(true) && it.new_within_old == Some(true);
            before[i].label == after[j].label
                && before[i].types & after[j].types & !NULL != 0
                && (lost.contains(&i) || relations[i][j].old_within_new == Some(true))
                && !(0..before.len()).any(|other| other != i && equal(&relations[other][j]))
        };
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for i in 0..before.len() {
            for j in 0..after.len() {
                let needed = old_left.contains(&i) || new_left.contains(&j);
                if needed && pairs_up(i, j) && !pairs.iter().any(|it| it.0 == i || it.1 == j) {
                    pairs.push((i, j));
                }
            }
        }
        old_left.retain(|i| !pairs.iter().any(|it| it.0 == *i));
        new_left.retain(|j| !pairs.iter().any(|it| it.1 == *j));
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
            self.shapes(&before[i], &after[j], path, depth, &inner, out);
        }
        for i in old_left {
            let undecided = relations[i].iter().any(|it| it.old_within_new.is_none());
            let mut change = at(
                "one-of-removed",
                if undecided {
                    Effect::Unknown
                } else {
                    Effect::Narrows
                },
                format!(
                    "{{S}} no longer has the alternative {}",
                    describe(&before[i])
                ),
            );
            change.base = Some(before[i].label.clone());
            out.push(change);
        }
        for j in new_left {
            let undecided = relations.iter().any(|it| it[j].new_within_old.is_none());
            let mut change = at(
                "one-of-added",
                if undecided {
                    Effect::Unknown
                } else {
                    Effect::Widens
                },
                format!("{{S}} has the new alternative {}", describe(&after[j])),
            );
            change.revision = Some(after[j].label.clone());
            out.push(change);
        }
    }

    fn shapes(
        &mut self,
        old: &Shape<'a>,
        new: &Shape<'a>,
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
        self.nots(old, new, depth, at, out);
        others(old, new, at, out);
    }

    /// Any text will do for a text without rules, and a value alone for a list
    /// of one.
    fn text_widens(&mut self, old: &Shape<'a>, new: &Shape<'a>, depth: usize) -> bool {
        let scalar = STRING | NUMBER | BOOLEAN;
        if old.types & !scalar != 0 {
            return false;
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
            let items = self.revision.shapes(&new.items);
            return items
                .iter()
                .any(|it| self.relation(old, it, depth).old_within_new == Some(true));
        }
        false
    }

    fn arrays(
        &mut self,
        old: &Shape<'a>,
        new: &Shape<'a>,
        path: &str,
        depth: usize,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Vec<Change>,
    ) {
        match (old.unique, new.unique) {
            (false, true) if new.sizes[1].1.is_none_or(|it| it > 1) => out.push(at(
                "unique-items-set",
                Effect::Narrows,
                "the elements of {S} must now all differ".to_owned(),
            )),
            (true, false) if new.sizes[1].1.is_none_or(|it| it > 1) => out.push(at(
                "unique-items-unset",
                Effect::Widens,
                "the elements of {S} need no longer differ".to_owned(),
            )),
            _ => {}
        }
        let inner = join(path, "items");
        for index in 0..old.prefix.len().max(new.prefix.len()) {
            let limit = old.sizes[1]
                .1
                .unwrap_or(u64::MAX)
                .min(new.sizes[1].1.unwrap_or(u64::MAX));
            if index as u64 >= limit {
                break;
            }
            let path = format!("{inner}[{index}]");
            let (was, is) = (old.item(index).clone(), new.item(index).clone());
            self.nodes(&was, &is, &path, depth + 1, out);
        }
        let (was, is) = (old.items.clone(), new.items.clone());
        self.nodes(&was, &is, &inner, depth + 1, out);
    }

    fn objects(
        &mut self,
        old: &Shape<'a>,
        new: &Shape<'a>,
        path: &str,
        depth: usize,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Vec<Change>,
    ) {
        let names: BTreeSet<&String> = old
            .properties
            .keys()
            .chain(new.properties.keys())
            .chain(&old.required)
            .chain(&new.required)
            .collect();
        for name in names {
            let inner = join(path, name);
            let required = (old.required.contains(name), new.required.contains(name));
            let nodes = (old.properties.get(name), new.properties.get(name));
            let change = |kind, effect, text: String| {
                let mut it = at(kind, effect, text);
                it.path.clone_from(&inner);
                let part = |node: Option<&Node<'a>>, of: Option<String>| {
                    node.and_then(Node::pointer)
                        .map(str::to_owned)
                        .or_else(|| node.and(of))
                };
                it.base = part(
                    nodes.0,
                    it.base
                        .take()
                        .map(|it| format!("{it}/properties/{}", escape(name))),
                );
                it.revision = part(
                    nodes.1,
                    it.revision
                        .take()
                        .map(|it| format!("{it}/properties/{}", escape(name))),
                );
                it
            };
            match nodes {
                (Some(was), None) if !was.is_never() => {
                    let (was, rest) = (was.clone(), new.additional.clone());
                    self.removed(
                        &was,
                        &rest,
                        new.additional_stated,
                        required,
                        &change,
                        depth,
                        out,
                    );
                    if required == (false, true) {
                        out.push(change(
                            "property-became-required",
                            Effect::Narrows,
                            "{S} is now required".to_owned(),
                        ));
                    }
                }
                (None, Some(is)) if !is.is_never() => {
                    let (is, rest) = (is.clone(), old.additional.clone());
                    self.added(
                        &is,
                        &rest,
                        old.additional_stated,
                        required,
                        &change,
                        depth,
                        out,
                    );
                    if required == (true, false) {
                        out.push(change(
                            "property-became-optional",
                            Effect::Widens,
                            "{S} is no longer required".to_owned(),
                        ));
                    }
                }
                _ => {
                    match required {
                        (false, true) => out.push(change(
                            "property-became-required",
                            Effect::Narrows,
                            "{S} is now required".to_owned(),
                        )),
                        (true, false) => out.push(change(
                            "property-became-optional",
                            Effect::Widens,
                            "{S} is no longer required, and may be missing".to_owned(),
                        )),
                        _ => {}
                    }
                    if let (Some(was), Some(is)) = nodes {
                        let (was, is) = (was.clone(), is.clone());
                        self.nodes(&was, &is, &inner, depth + 1, out);
                    }
                }
            }
        }
        self.undeclared(old, new, path, depth, at, out);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one caller; a struct would only rename them"
    )]
    fn removed(
        &mut self,
        was: &Node<'a>,
        rest: &Node<'a>,
        stated: bool,
        required: (bool, bool),
        change: &impl Fn(&'static str, Effect, String) -> Change,
        depth: usize,
        out: &mut Vec<Change>,
    ) {
        let kind = if required.0 {
            "required-property-removed"
        } else {
            "optional-property-removed"
        };
        let request = self.base.direction == Direction::Request;
        let relation = self.node_relation(was, rest, depth);
        let effect = if rest.is_never() {
            if required.0 {
                Effect::Incomparable
            } else {
                Effect::Narrows
            }
        } else if self.strict {
            match (relation.old_within_new, relation.new_within_old) {
                (Some(false), Some(false)) => Effect::Incomparable,
                (Some(false), _) => Effect::Narrows,
                (None, _) => Effect::Unknown,
                _ => Effect::Widens,
            }
        } else if stated && relation.old_within_new == Some(false) {
            Effect::Incomparable
        } else if required.0 && !required.1 && !request {
            Effect::Widens
        } else {
            Effect::Unknown
        };
        // Gone from a closed answer, an optional property is merely never sent.
        let text = match (request, rest.is_never()) {
            (true, true) => "{S} is gone, and a request that holds it is rejected",
            (true, false) => "{S} is gone; clients that send it are no longer heard",
            (false, _) if required.0 => "{S} is gone, and clients rely on it",
            (false, _) => "{S} is gone; clients may look for it",
        };
        let effect = if !request && !self.strict && !required.0 && rest.is_never() {
            Effect::Unknown
        } else {
            effect
        };
        out.push(change(kind, effect, text.to_owned()));
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one caller; a struct would only rename them"
    )]
    fn added(
        &mut self,
        is: &Node<'a>,
        rest: &Node<'a>,
        stated: bool,
        required: (bool, bool),
        change: &impl Fn(&'static str, Effect, String) -> Change,
        depth: usize,
        out: &mut Vec<Change>,
    ) {
        let request = self.base.direction == Direction::Request;
        if required == (false, true) {
            let effect = if rest.is_never() && !request {
                Effect::Incomparable
            } else {
                Effect::Narrows
            };
            out.push(change(
                "required-property-added",
                effect,
                if request {
                    "{S} is new and required; requests without it are rejected".to_owned()
                } else {
                    "{S} is new and always there".to_owned()
                },
            ));
            return;
        }
        let relation = self.node_relation(rest, is, depth);
        let effect = if rest.is_never() {
            Effect::Widens
        } else if self.strict || (stated && !rest.is_any()) {
            match (relation.old_within_new, relation.new_within_old) {
                (Some(true), Some(true)) => Effect::None,
                (Some(true), _) => Effect::Widens,
                (None, _) | (_, None) => Effect::Unknown,
                (Some(false), Some(true)) => Effect::Narrows,
                (Some(false), Some(false)) => Effect::Incomparable,
            }
        } else {
            Effect::None
        };
        let text = if rest.is_never() && !request {
            "{S} is new, where the old contract rules undeclared properties out"
        } else {
            "{S} is new and optional"
        };
        out.push(change("optional-property-added", effect, text.to_owned()));
    }

    fn undeclared(
        &mut self,
        old: &Shape<'a>,
        new: &Shape<'a>,
        path: &str,
        depth: usize,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Vec<Change>,
    ) {
        match (old.additional.is_never(), new.additional.is_never()) {
            (false, true) => out.push(at(
                "additional-properties-forbidden",
                Effect::Narrows,
                "{S} no longer takes properties that are not declared".to_owned(),
            )),
            (true, false) => out.push(at(
                "additional-properties-allowed",
                Effect::Widens,
                "{S} may now hold properties that are not declared".to_owned(),
            )),
            (true, true) => {}
            (false, false) => {
                let (was, is) = (old.additional.clone(), new.additional.clone());
                self.nodes(&was, &is, &join(path, "*"), depth + 1, out);
            }
        }
        let patterns: BTreeSet<&String> =
            old.by_pattern.keys().chain(new.by_pattern.keys()).collect();
        for pattern in patterns {
            let inner = join(path, &format!("/{pattern}/"));
            match (old.by_pattern.get(pattern), new.by_pattern.get(pattern)) {
                (Some(was), Some(is)) => {
                    let (was, is) = (was.clone(), is.clone());
                    self.nodes(&was, &is, &inner, depth + 1, out);
                }
                (None, Some(_)) => out.push(at(
                    "pattern-properties-added",
                    if old.additional.is_never() {
                        Effect::Widens
                    } else {
                        Effect::Narrows
                    },
                    format!("properties of {{S}} whose name matches `{pattern}` now have a schema"),
                )),
                _ => out.push(at(
                    "pattern-properties-removed",
                    if new.additional.is_never() {
                        Effect::Narrows
                    } else {
                        Effect::Widens
                    },
                    format!(
                        "properties of {{S}} whose name matches `{pattern}` no longer have a schema"
                    ),
                )),
            }
        }
    }

    fn nots(
        &mut self,
        old: &Shape<'a>,
        new: &Shape<'a>,
        depth: usize,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Vec<Change>,
    ) {
        let node = |it: &super::document::Place<'a>| Node::one(it.clone());
        let mut fresh: Vec<Node<'a>> = new.nots.iter().map(node).collect();
        let mut lost = Vec::new();
        for was in old.nots.iter().map(node) {
            let found = fresh.iter().position(|is| {
                let it = self.node_relation(&was, is, depth);
                it.old_within_new == Some(true) && it.new_within_old == Some(true)
            });
            match found {
                Some(index) => drop(fresh.remove(index)),
                None => lost.push(was),
            }
        }
        if let ([was], [is]) = (lost.as_slice(), fresh.as_slice()) {
            // What is ruled out grows, so what is admitted shrinks.
            let it = self.node_relation(&was.clone(), &is.clone(), depth);
            let effect = match (it.old_within_new, it.new_within_old) {
                (Some(true), _) => Effect::Narrows,
                (_, Some(true)) => Effect::Widens,
                (Some(false), Some(false)) => Effect::Incomparable,
                _ => Effect::Unknown,
            };
            out.push(at(
                "not-changed",
                effect,
                "what {S} must not be has changed".to_owned(),
            ));
            return;
        }
        for _ in lost {
            out.push(at(
                "not-removed",
                Effect::Widens,
                "{S} rules less out than before".to_owned(),
            ));
        }
        for _ in fresh {
            out.push(at(
                "not-added",
                Effect::Narrows,
                "{S} rules more out than before".to_owned(),
            ));
        }
    }
}

/// A keyword that is compared as written, and the kinds of its changes.
const KEYWORDS: [(&str, &str, &str, &str); 11] = [
    (
        "contains",
        "contains-added",
        "contains-removed",
        "contains-changed",
    ),
    (
        "minContains",
        "min-contains-increased",
        "min-contains-decreased",
        "min-contains-changed",
    ),
    (
        "maxContains",
        "max-contains-decreased",
        "max-contains-increased",
        "max-contains-changed",
    ),
    (
        "dependentRequired",
        "dependent-required-added",
        "dependent-required-removed",
        "dependent-required-changed",
    ),
    (
        "dependentSchemas",
        "dependent-schema-added",
        "dependent-schema-removed",
        "dependent-schema-changed",
    ),
    (
        "propertyNames",
        "property-names-added",
        "property-names-removed",
        "property-names-changed",
    ),
    (
        "contentEncoding",
        "content-encoding-added",
        "content-encoding-removed",
        "content-encoding-changed",
    ),
    (
        "contentMediaType",
        "content-media-type-added",
        "content-media-type-removed",
        "content-media-type-changed",
    ),
    (
        "unevaluatedItems",
        "unevaluated-items-added",
        "unevaluated-items-removed",
        "unevaluated-items-changed",
    ),
    (
        "$dynamicRef",
        "dynamic-ref-added",
        "dynamic-ref-removed",
        "dynamic-ref-changed",
    ),
    ("oneOf", "one-of-added", "one-of-removed", "one-of-changed"),
];

/// The kinds of changes of a bound: raised or lowered, set, and unset.
type Kinds = (&'static str, &'static str, &'static str, &'static str);

const SIZES: [(u8, Kinds, Kinds); 3] = [
    (
        STRING,
        (
            "min-length-increased",
            "min-length-decreased",
            "min-length-set",
            "min-length-unset",
        ),
        (
            "max-length-increased",
            "max-length-decreased",
            "max-length-set",
            "max-length-unset",
        ),
    ),
    (
        ARRAY,
        (
            "min-items-increased",
            "min-items-decreased",
            "min-items-set",
            "min-items-unset",
        ),
        (
            "max-items-increased",
            "max-items-decreased",
            "max-items-set",
            "max-items-unset",
        ),
    ),
    (
        OBJECT,
        (
            "min-properties-increased",
            "min-properties-decreased",
            "min-properties-set",
            "min-properties-unset",
        ),
        (
            "max-properties-increased",
            "max-properties-decreased",
            "max-properties-set",
            "max-properties-unset",
        ),
    ),
];

fn relation_of(changes: &[Change]) -> Relation {
    let any = |effect| changes.iter().any(|it| it.effect == effect);
    let verdict = |against| {
        if any(against) || any(Effect::Incomparable) {
            Some(false)
        } else if any(Effect::Unknown) {
            None
        } else {
            Some(true)
        }
    };
    Relation {
        old_within_new: verdict(Effect::Narrows),
        new_within_old: verdict(Effect::Widens),
    }
}

/// Whether there is anything left to compare.
fn type_lists(
    old: &Shape<'_>,
    new: &Shape<'_>,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) -> bool {
    let (gone, come) = (old.types & !new.types, new.types & !old.types);
    // What values lists say of the types, they say themselves.
    let both_listed = old.values.is_some() && new.values.is_some();
    // Of a schema without types null is nothing special.
    let typed = ![old.types, new.types]
        .iter()
        .any(|it| matches!(*it, NULL | ANY));
    if typed && gone & NULL != 0 {
        out.push(at(
            "became-not-nullable",
            Effect::Narrows,
            "{S} may no longer be null".to_owned(),
        ));
    }
    if typed && come & NULL != 0 {
        out.push(at(
            "became-nullable",
            Effect::Widens,
            "{S} may now be null".to_owned(),
        ));
    }
    let (gone, come) = if typed {
        (gone & !NULL, come & !NULL)
    } else {
        (gone, come)
    };
    let text = || {
        format!(
            "the type of {{S}} changed from {} to {}",
            types(old.types),
            types(new.types)
        )
    };
    let common = old.types & new.types & !NULL;
    if both_listed && common != 0 {
        return true;
    }
    match (gone, come) {
        (0, 0) => {}
        (0, _) => out.push(at("type-generalized", Effect::Widens, text())),
        (_, 0) => out.push(at("type-specialized", Effect::Narrows, text())),
        _ => out.push(at("type-changed", Effect::Incomparable, text())),
    }
    common != 0 || (gone == 0 && come == 0)
}

fn others(
    old: &Shape<'_>,
    new: &Shape<'_>,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) {
    // The parts of a condition mean something together only.
    let conditional = |it: &Shape<'_>| -> Vec<Value> {
        if it.others.contains_key("then") || it.others.contains_key("else") {
            ["if", "then", "else"]
                .iter()
                .filter_map(|key| it.others.get(key))
                .map(|it| Value::from(it.clone()))
                .collect()
        } else {
            Vec::new()
        }
    };
    let (was, is) = (conditional(old), conditional(new));
    if was != is {
        let (kind, effect, text) = if was.is_empty() {
            (
                "if-added",
                Effect::Narrows,
                "{S} now has a condition to keep",
            )
        } else if is.is_empty() {
            (
                "if-removed",
                Effect::Widens,
                "{S} no longer has a condition to keep",
            )
        } else {
            (
                "if-changed",
                Effect::Unknown,
                "the condition on {S} changed; look at it by hand",
            )
        };
        out.push(at(kind, effect, text.to_owned()));
    }
    for (keyword, added, removed, changed) in KEYWORDS {
        let (was, is) = (old.others.get(keyword), new.others.get(keyword));
        if was == is {
            continue;
        }
        let (kind, effect, verb) = match (was, is) {
            (None, _) => (added, Effect::Narrows, "has a new"),
            (_, None) => (removed, Effect::Widens, "lost its"),
            _ => (changed, Effect::Unknown, "has another"),
        };
        let counts = |it: Option<&Vec<Value>>| it.and_then(|it| it.first()).and_then(Value::as_f64);
        let effect = match (keyword, counts(was), counts(is)) {
            ("minContains", Some(was), Some(is)) if was < is => Effect::Narrows,
            ("maxContains", Some(was), Some(is)) if was > is => Effect::Narrows,
            ("minContains" | "maxContains", Some(_), Some(_)) => Effect::Widens,
            _ => effect,
        };
        out.push(at(
            kind,
            effect,
            format!("{{S}} {verb} `{keyword}`; look at what it rules out"),
        ));
    }
}

fn values(
    old: &Shape<'_>,
    new: &Shape<'_>,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) {
    match (&old.values, &new.values) {
        (Some(was), Some(is)) => {
            let lacks = |list: &[Value], it: &Value| !list.iter().any(|other| same(other, it));
            for value in was.iter().filter(|it| lacks(is, it) && !it.is_null()) {
                out.push(at(
                    "enum-value-removed",
                    Effect::Narrows,
                    format!("{{S}} may no longer be {value}"),
                ));
            }
            for value in is.iter().filter(|it| lacks(was, it) && !it.is_null()) {
                out.push(at(
                    "enum-value-added",
                    Effect::Widens,
                    format!("{{S}} may now be {value} as well"),
                ));
            }
        }
        (None, Some(is)) => {
            let every: Vec<String> = is.iter().map(Value::to_string).collect();
            out.push(at(
                "became-enum",
                Effect::Narrows,
                format!("{{S}} must now be one of {}", every.join(", ")),
            ));
        }
        (Some(was), None) => {
            let refused: Vec<String> = was
                .iter()
                .filter(|it| !admits_plainly(new, it))
                .map(Value::to_string)
                .collect();
            if refused.is_empty() {
                out.push(at(
                    "became-not-enum",
                    Effect::Widens,
                    "{S} is no longer limited to certain values".to_owned(),
                ));
            } else {
                out.push(at(
                    "became-not-enum",
                    Effect::Incomparable,
                    format!("{{S}} may no longer be {}", refused.join(", ")),
                ));
            }
        }
        (None, None) => {}
    }
}

fn numbers(
    old: &Shape<'_>,
    new: &Shape<'_>,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) {
    if old.values.is_some() || new.values.is_some() {
        return;
    }
    limits(old.low, new.low, true, at, out);
    limits(old.high, new.high, false, at, out);
    let implied = |all: &[f64], by: f64, types: u8| {
        all.iter().any(|it| divides(by, *it)) || (types & FRACTION == 0 && divides(by, 1.0))
    };
    let kept = new
        .multiples
        .iter()
        .all(|by| implied(&old.multiples, *by, old.types));
    let back = old
        .multiples
        .iter()
        .all(|by| implied(&new.multiples, *by, new.types));
    let (effect, kind) = match (kept, back) {
        (true, true) => return,
        (true, false) if new.multiples.is_empty() => (Effect::Widens, "multiple-of-unset"),
        (true, false) => (Effect::Widens, "multiple-of-changed"),
        (false, true) if old.multiples.is_empty() => (Effect::Narrows, "multiple-of-set"),
        (false, true) => (Effect::Narrows, "multiple-of-changed"),
        (false, false) => (Effect::Incomparable, "multiple-of-changed"),
    };
    let list = |all: &[f64]| {
        if all.is_empty() {
            "anything".to_owned()
        } else {
            all.iter()
                .map(f64::to_string)
                .collect::<Vec<_>>()
                .join(" and ")
        }
    };
    out.push(at(
        kind,
        effect,
        format!(
            "{{S}} had to be a multiple of {}, now of {}",
            list(&old.multiples),
            list(&new.multiples)
        ),
    ));
}

fn limits(
    old: Option<Bound>,
    new: Option<Bound>,
    low: bool,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) {
    if old == new {
        return;
    }
    let exclusive = new.or(old).is_some_and(|it| it.exclusive);
    let kinds: Kinds = match (low, exclusive) {
        (true, false) => ("min-increased", "min-decreased", "min-set", "min-unset"),
        (true, true) => (
            "exclusive-min-increased",
            "exclusive-min-decreased",
            "exclusive-min-set",
            "exclusive-min-unset",
        ),
        (false, false) => ("max-increased", "max-decreased", "max-set", "max-unset"),
        (false, true) => (
            "exclusive-max-increased",
            "exclusive-max-decreased",
            "exclusive-max-set",
            "exclusive-max-unset",
        ),
    };
    let word = if low { "least" } else { "greatest" };
    let say = |it: Bound| {
        if it.exclusive {
            format!("{} (excluded)", it.at)
        } else {
            it.at.to_string()
        }
    };
    out.push(match (old, new) {
        (None, Some(new)) => at(
            kinds.2,
            Effect::Narrows,
            format!("{{S}} now has the {word} value {}", say(new)),
        ),
        (Some(old), None) => at(
            kinds.3,
            Effect::Widens,
            format!("{{S}} no longer has the {word} value {}", say(old)),
        ),
        (Some(old), Some(new)) => {
            let rises = if old.at == new.at {
                new.exclusive == low
            } else {
                new.at > old.at
            };
            let kind = if rises { kinds.0 } else { kinds.1 };
            let effect = if rises == low {
                Effect::Narrows
            } else {
                Effect::Widens
            };
            at(
                kind,
                effect,
                format!(
                    "the {word} value of {{S}} changed from {} to {}",
                    say(old),
                    say(new)
                ),
            )
        }
        (None, None) => return,
    });
}

fn sizes(
    old: (u64, Option<u64>),
    new: (u64, Option<u64>),
    least: Kinds,
    most: Kinds,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) {
    if old.0 < new.0 {
        let kind = if old.0 == 0 { least.2 } else { least.0 };
        out.push(at(
            kind,
            Effect::Narrows,
            format!("the least size of {{S}} rose from {} to {}", old.0, new.0),
        ));
    } else if old.0 > new.0 {
        let kind = if new.0 == 0 { least.3 } else { least.1 };
        out.push(at(
            kind,
            Effect::Widens,
            format!("the least size of {{S}} fell from {} to {}", old.0, new.0),
        ));
    }
    match (old.1, new.1) {
        (None, Some(new)) => out.push(at(
            most.2,
            Effect::Narrows,
            format!("the size of {{S}} is now limited to {new}"),
        )),
        (Some(old), None) => out.push(at(
            most.3,
            Effect::Widens,
            format!("the size of {{S}} is no longer limited to {old}"),
        )),
        (Some(old), Some(new)) if old < new => {
            out.push(at(
                most.0,
                Effect::Widens,
                format!("the greatest size of {{S}} rose from {old} to {new}"),
            ));
        }
        (Some(old), Some(new)) if old > new => {
            out.push(at(
                most.1,
                Effect::Narrows,
                format!("the greatest size of {{S}} fell from {old} to {new}"),
            ));
        }
        _ => {}
    }
}

fn patterns(
    old: &Shape<'_>,
    new: &Shape<'_>,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) {
    if old.patterns == new.patterns || old.values.is_some() || new.values.is_some() {
        return;
    }
    let show = |all: &BTreeSet<String>| {
        all.iter()
            .map(|it| format!("`{it}`"))
            .collect::<Vec<_>>()
            .join(" and ")
    };
    // Each new pattern must follow from a single old one.
    let implied = |from: &BTreeSet<String>, to: &BTreeSet<String>| -> Option<bool> {
        let mut verdict = Some(true);
        for target in to {
            let each: Vec<Option<bool>> =
                from.iter().map(|it| pattern::within(it, target)).collect();
            if each.contains(&Some(true)) {
                continue;
            }
            if from.is_empty() && pattern::within("", target) == Some(true) {
                continue;
            }
            if from.len() > 1 || each.contains(&None) {
                verdict = None;
            } else {
                return Some(false);
            }
        }
        verdict
    };
    let (kept, back) = (
        implied(&old.patterns, &new.patterns),
        implied(&new.patterns, &old.patterns),
    );
    let change = match (kept, back) {
        (Some(true), Some(true)) => return,
        _ if old.patterns.is_empty() => at(
            "pattern-added",
            Effect::Narrows,
            format!("{{S}} must now match {}", show(&new.patterns)),
        ),
        _ if new.patterns.is_empty() => at(
            "pattern-removed",
            Effect::Widens,
            format!("{{S}} need no longer match {}", show(&old.patterns)),
        ),
        (kept, back) => {
            let (kind, effect) = match (kept, back) {
                (Some(true), _) => ("pattern-generalized", Effect::Widens),
                (_, Some(true)) => ("pattern-specialized", Effect::Narrows),
                (Some(false), Some(false)) => ("pattern-replaced", Effect::Incomparable),
                _ => ("pattern-changed", Effect::Unknown),
            };
            at(
                kind,
                effect,
                format!(
                    "{{S}} had to match {}, now {}",
                    show(&old.patterns),
                    show(&new.patterns)
                ),
            )
        }
    };
    out.push(change);
}

/// Formats of which every value of the first is one of the second.
const FORMATS: [(&str, &str); 9] = [
    ("email", "idn-email"),
    ("hostname", "idn-hostname"),
    ("uri", "uri-reference"),
    ("uri", "iri"),
    ("uri", "iri-reference"),
    ("uri-reference", "iri-reference"),
    ("iri", "iri-reference"),
    ("url", "uri"),
    ("int32", "float"),
];

/// Formats that rule values out. Others are names that two parties agree on.
const KNOWN_FORMATS: [&str; 27] = [
    "date-time",
    "date",
    "time",
    "duration",
    "email",
    "idn-email",
    "hostname",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "ip",
    "uri",
    "url",
    "uri-reference",
    "iri",
    "iri-reference",
    "uri-template",
    "uuid",
    "json-pointer",
    "relative-json-pointer",
    "regex",
    "byte",
    "binary",
    "int32",
    "float",
    "int8",
    "int16",
];

fn formats(
    old: &Shape<'_>,
    new: &Shape<'_>,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) {
    if old.formats == new.formats || old.values.is_some() || new.values.is_some() {
        return;
    }
    let implied = |from: &BTreeSet<String>, to: &BTreeSet<String>| {
        to.iter().all(|target| {
            from.contains(target)
                || FORMATS
                    .iter()
                    .any(|(sub, all)| all == target && from.contains(*sub))
        })
    };
    let known = old
        .formats
        .iter()
        .chain(&new.formats)
        .all(|it| KNOWN_FORMATS.contains(&it.as_str()));
    let show = |all: &BTreeSet<String>| {
        if all.is_empty() {
            "none".to_owned()
        } else {
            all.iter()
                .map(|it| format!("`{it}`"))
                .collect::<Vec<_>>()
                .join(" and ")
        }
    };
    let (effect, kind) = match (
        implied(&old.formats, &new.formats),
        implied(&new.formats, &old.formats),
    ) {
        _ if !known => (Effect::Unknown, "format-changed"),
        (true, true) => return,
        (true, false) => (Effect::Widens, "type-generalized"),
        (false, true) => (Effect::Narrows, "type-specialized"),
        (false, false) => (Effect::Incomparable, "type-changed"),
    };
    out.push(at(
        kind,
        effect,
        format!(
            "the format of {{S}} changed from {} to {}",
            show(&old.formats),
            show(&new.formats)
        ),
    ));
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}/{name}")
    }
}

/// `integer or null`.
fn types(bits: u8) -> String {
    if bits == ANY {
        return "any type".to_owned();
    }
    let mut names = Vec::new();
    for (bit, name) in [
        (OBJECT, "object"),
        (ARRAY, "array"),
        (STRING, "string"),
        (BOOLEAN, "boolean"),
    ] {
        if bits & bit != 0 {
            names.push(name);
        }
    }
    match bits & NUMBER {
        0 => {}
        INTEGER => names.push("integer"),
        _ => names.push("number"),
    }
    if bits & NULL != 0 {
        names.push("null");
    }
    names.join(" or ")
}

/// What an alternative is called, or else what type it has.
fn describe(shape: &Shape<'_>) -> String {
    match shape.label.rsplit_once("/schemas/") {
        Some((_, name)) if !name.contains('/') => format!("`{name}`"),
        _ => match &shape.values {
            Some(values) => values
                .iter()
                .map(Value::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            None => types(shape.types),
        },
    }
}

/// Which parts of two documents may differ.
#[derive(Debug, Default)]
pub(super) struct Dirty(HashSet<String>);

impl Dirty {
    /// Every reference whose target differs, or reaches one that does.
    pub(super) fn find(base: &Document, revision: &Document) -> Self {
        let mut uses: HashMap<String, HashSet<String>> = HashMap::new();
        let mut dirty = HashSet::new();
        let mut queue = Vec::new();
        let mut pending: Vec<String> = Vec::new();
        references(&base.root, &mut |it| pending.push(it.to_owned()));
        references(&revision.root, &mut |it| pending.push(it.to_owned()));
        let mut seen = HashSet::new();
        while let Some(reference) = pending.pop() {
            if !seen.insert(reference.clone()) {
                continue;
            }
            let value = |document: &'_ Document| {
                document
                    .target(&reference)
                    .and_then(|it| document.root.pointer(&it).cloned())
            };
            let (old, new) = (value(base), value(revision));
            if old != new && old.is_some() {
                queue.push(reference.clone());
            }
            if let Some(old) = &old {
                references(old, &mut |inner| {
                    uses.entry(inner.to_owned())
                        .or_default()
                        .insert(reference.clone());
                });
            }
        }
        while let Some(reference) = queue.pop() {
            if dirty.insert(reference.clone())
                && let Some(users) = uses.get(&reference)
            {
                queue.extend(users.iter().cloned());
            }
        }
        Dirty(dirty)
    }

    pub(super) fn reaches(&self, value: &Value) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let mut found = false;
        references(value, &mut |it| found |= self.0.contains(it));
        found
    }
}

fn references(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match inner {
                    Value::String(it) if key == "$ref" => visit(it),
                    _ => references(inner, visit),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|it| references(it, visit)),
        _ => {}
    }
}
