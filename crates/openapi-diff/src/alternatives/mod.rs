//! Schemas as the sets of values they admit.
//!
//! A schema is expanded into alternatives, each an [`Alternative`]: a plain
//! conjunction in which `$ref`, `allOf`, `oneOf`, `anyOf`, `nullable`, `const`
//! and type lists are gone. Two schemas that say the same in different words
//! expand to the same alternatives. `oneOf` is `anyOf` where its branches have
//! no value in common; where they may, an alternative says that it is one of
//! those.

mod admits;
mod alternative;
mod apart;
mod branches;
mod exact;
mod expand;
mod keywords;
mod names;
mod settle;
mod unevaluated;
mod written;

use std::rc::Rc;

use serde_json::Value;

use self::alternative::FOREIGN_DIALECT;
pub(super) use self::alternative::{
    ANY, ARRAY, Alternative, BOOLEAN, Bound, Condition, Contains, FRACTION, INTEGER, LEFT_OUT,
    LeftOut, NOTHING, NULL, NUMBER, Node, OBJECT, Overlaps, STRING, admits_plainly, divides, list,
    same,
};
pub(super) use self::apart::apart;
use self::branches::{Label, Walk};
pub(super) use self::exact::Exact;
pub(super) use self::expand::{Carrier, Expand};
pub(super) use self::settle::MAX_MATCHES;
use self::settle::join;
use super::classes::{Class, followed};
use super::document::{Dialect, Document, Located};

impl<'a> Expand<'a> {
    /// Returns whether a part surely admits nothing.
    fn never(&self, node: &Node<'a>) -> bool {
        if node.is_any() || self.looking.replace(true) {
            return false;
        }
        let never = self.alternatives(node).is_empty();
        self.looking.set(false);
        never
    }

    /// The alternatives; none if the schema admits nothing.
    pub(super) fn alternatives(&self, node: &Node<'a>) -> Rc<[Alternative<'a>]> {
        let all = if self.looking.get() {
            &self.looked_at
        } else {
            &self.known
        };
        let key = self.key(node);
        let known = all.borrow().get(&key).cloned();
        if let Some(known) = known {
            return known;
        }
        // Unions of the same schemas are one, however they are nested.
        let leaves = self.leaves(node);
        let same = leaves.as_ref();
        let same = same.and_then(|leaves| all.borrow().get(leaves).cloned());
        let alternatives = same.unwrap_or_else(|| self.expand(node).into());
        if leaves.is_none() && node.0.len() < 2 && is_simple(&alternatives) {
            // It is as quickly found again, and documents have many like it.
            return alternatives;
        }
        let keys = leaves.into_iter().chain([key]);
        all.borrow_mut()
            .extend(keys.map(|key| (key, alternatives.clone())));
        alternatives
    }

    /// Forgets what is known of a node. It is found again when it is asked for.
    pub(super) fn forget(&self, node: &Node<'a>) {
        let mut known = self.known.borrow_mut();
        if let Some(gone) = known.remove(&self.key(node)) {
            known.retain(|_, other| !Rc::ptr_eq(other, &gone));
        }
    }

    /// The same for all nodes that are mere references to the same schemas.
    pub(super) fn key(&self, node: &Node<'a>) -> String {
        let mut pointers: Vec<String> = node.0.iter().map(|place| self.target(place)).collect();
        pointers.sort_unstable();
        pointers.join("|")
    }

    fn class(&self, node: &Node<'a>) -> Option<Vec<Class>> {
        let (classes, side) = self.classes.as_ref()?;
        classes.of(*side, &node.0)
    }

    /// The same with mere references followed.
    pub(super) fn resolved(&self, node: &Node<'a>) -> Node<'a> {
        Node(node.0.iter().map(|place| self.followed(place)).collect())
    }

    fn target(&self, place: &Located<'a>) -> String {
        self.followed(place).pointer
    }

    fn followed(&self, place: &Located<'a>) -> Located<'a> {
        followed(self.document, place)
    }

    fn expand(&self, node: &Node<'a>) -> Vec<Alternative<'a>> {
        let mut alternatives = vec![Alternative::any(node.pointer().unwrap_or(""))];
        if let Some(dialect) = self.document.foreign_dialect() {
            alternatives[0]
                .others
                .insert(FOREIGN_DIALECT, vec![dialect.clone()]);
        }
        let mut walk = Walk::new(self.spent.get());
        for place in &node.0 {
            alternatives = self.and(alternatives, place, Label::OfTarget, &mut walk);
        }
        let mut alternatives: Vec<Alternative<'a>> = alternatives
            .into_iter()
            .map(|alternative| self.settle(alternative))
            .filter(|alternative| alternative.types != 0)
            .collect();
        let held: usize = alternatives.iter().map(Alternative::weight).sum();
        self.spent.set(self.spent.get() + walk.steps() + held);
        // The order in which they are written says nothing, and joining looks at it.
        alternatives.sort_by_cached_key(|alternative| {
            let name = alternative.label.strip_prefix("/components/schemas/");
            let name = name.filter(|name| !name.contains('/'));
            let properties: Vec<String> = alternative.properties.keys().cloned().collect();
            let values = alternative.values.iter().flatten();
            let mut values: Vec<String> = values.map(ToString::to_string).collect();
            values.sort_unstable();
            let inner = [&alternative.items, &alternative.additional];
            let inner = inner.map(|node| self.class(node));
            (
                std::cmp::Reverse(alternative.types),
                name.map(str::to_owned),
                properties,
                values,
                inner,
                alternative
                    .properties
                    .values()
                    .map(|node| self.class(node))
                    .collect::<Vec<_>>(),
            )
        });
        join(&mut alternatives);
        alternatives
    }

    /// Returns whether a schema, or one that it extends, says so of itself.
    pub(super) fn says(&self, node: &Node<'a>, keyword: &str) -> bool {
        node.0.iter().any(|place| {
            self.find(place, keyword, 0)
                .is_some_and(|value| value == &Value::Bool(true))
        })
    }

    /// An annotation of a schema, or of one that it extends.
    pub(super) fn annotation(&self, node: &Node<'a>, keyword: &str) -> Option<&'a Value> {
        node.0.iter().find_map(|place| self.find(place, keyword, 0))
    }

    fn find(&self, place: &Located<'a>, keyword: &str, depth: usize) -> Option<&'a Value> {
        let holder = self.holder_within(place, &[keyword], depth)?;
        holder.value.get(keyword)
    }

    /// The schema that has one of some keywords: itself, or one that it extends.
    pub(super) fn holder(&self, place: &Located<'a>, keywords: &[&str]) -> Option<Located<'a>> {
        self.holder_within(place, keywords, 0)
    }

    fn holder_within(
        &self,
        place: &Located<'a>,
        keywords: &[&str],
        depth: usize,
    ) -> Option<Located<'a>> {
        if depth > 20 {
            return None;
        }
        let reference = place.value.get("$ref").is_some();
        let has = |keyword: &&str| place.value.get(keyword).is_some();
        if !(reference && self.document.dialect == Dialect::V30) && keywords.iter().any(has) {
            return Some(place.clone());
        }
        if reference {
            let target = self.document.resolve_once(place)?;
            return self.holder_within(&target, keywords, depth + 1);
        }
        list(place, "allOf")
            .iter()
            .find_map(|part| self.holder_within(part, keywords, depth + 1))
    }

    fn and(
        &self,
        mut alternatives: Vec<Alternative<'a>>,
        place: &Located<'a>,
        label: Label,
        walk: &mut Walk,
    ) -> Vec<Alternative<'a>> {
        let map = match place.value {
            Value::Bool(true) => return alternatives,
            Value::Object(map) => map,
            _ => return Vec::new(),
        };
        // A schema that extends itself adds nothing to itself, nor does one that is extended
        // twice.
        if walk.has(&place.pointer) {
            return alternatives;
        }
        if !walk.enter(place, alternatives.len()) {
            leave_out(&mut alternatives, place.value);
            return alternatives;
        }
        let old = self.document.dialect == Dialect::V30;
        if map.contains_key("$ref")
            && let Some(target) = self.document.resolve_once(place)
        {
            if label == Label::OfTarget {
                for alternative in &mut alternatives {
                    alternative.label.clone_from(&target.pointer);
                }
            }
            alternatives = self.and(alternatives, &target, label, walk);
            if old {
                walk.leave(place);
                return alternatives;
            }
        }
        let nullable = old && place.flag("nullable");
        let composed = ["allOf", "oneOf", "anyOf"]
            .iter()
            .any(|keyword| map.contains_key(*keyword));
        let mut null = Vec::new();
        if nullable && (composed || map.contains_key("type") || map.contains_key("enum")) {
            null.extend(
                alternatives
                    .iter()
                    .find(|alternative| alternative.types & NULL != 0)
                    .cloned(),
            );
            for alternative in &mut null {
                alternative.types = NULL;
            }
        }
        for alternative in &mut alternatives {
            self.keywords(alternative, place);
        }
        let mut parts = list(place, "allOf");
        parts.extend(self.implied_parts(place));
        // What is put together from several parts is none of them.
        let of_part = if parts.len() == 1 { label } else { Label::Kept };
        for part in parts {
            alternatives = self.and(alternatives, &part, of_part, walk);
        }
        for keyword in ["oneOf", "anyOf"] {
            let mut branches = list(place, keyword);
            if branches.is_empty() {
                continue;
            }
            if keyword == "anyOf" {
                branches = self.flattened(branches, walk);
            }
            let Some(mut combined) = self.combined(&alternatives, &branches, walk) else {
                leave_out(&mut alternatives, &map[keyword]);
                continue;
            };
            if !map.contains_key("discriminator") {
                self.mark_overlaps(&mut combined, keyword == "oneOf", walk);
            }
            alternatives = combined
                .into_iter()
                .map(|(_, alternative)| alternative)
                .collect();
        }
        if !old {
            self.unevaluated(&mut alternatives, place);
        }
        alternatives.extend(null);
        walk.leave(place);
        alternatives
    }
}

fn is_simple(alternatives: &[Alternative<'_>]) -> bool {
    matches!(alternatives, [only] if only.weight() < 4 && only.nots.is_empty() && only.overlaps == Overlaps::default())
}

/// Keeps a part that is too involved to be compared as it is written.
fn leave_out(alternatives: &mut [Alternative<'_>], part: &Value) {
    for alternative in alternatives {
        let parts = alternative.others.entry(LEFT_OUT).or_default();
        parts.push(part.clone());
    }
}

impl Document {
    /// Where a reference leads, one step.
    fn resolve_once<'a>(&'a self, place: &Located<'a>) -> Option<Located<'a>> {
        let pointer = self.target(place.text("$ref")?)?;
        let value = self.root.pointer(&pointer)?;
        Some(Located { pointer, value })
    }
}
