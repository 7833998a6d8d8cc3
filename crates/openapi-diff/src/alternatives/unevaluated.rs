//! `unevaluatedProperties` and `unevaluatedItems`: what holds for the properties and the
//! elements that nothing else in a schema speaks of (JSON Schema 2020-12, core, 11).
//!
//! What is spoken of depends on the value where conditions speak. Where that matters the
//! schema is left out of the comparison.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::alternative::{ARRAY, Alternative, Node, OBJECT, list};
use super::expand::Expand;
use crate::document::Located;
use crate::pattern::matches;
use crate::places::escape;

/// More schemas than this are not looked through.
const MAX_PARTS: usize = 1_000;

/// What schemas speak of.
#[derive(Debug, Default)]
struct Spoken {
    names: BTreeSet<String>,
    patterns: BTreeSet<String>,
    /// Whether of all properties.
    all_properties: bool,
    /// How many elements at the beginning of a list.
    prefix: usize,
    /// Whether of all elements.
    all_items: bool,
    /// How many schemas there are that some elements must keep, of which no other speaks.
    contains: usize,
}

/// What a schema, and those that are applied in its place, speak of.
#[derive(Debug, Default)]
struct Parts {
    /// Whatever the value is.
    always: Spoken,
    /// If the value keeps a condition.
    sometimes: Spoken,
    seen: HashSet<(String, bool)>,
}

impl Parts {
    fn of(&mut self, sometimes: bool) -> &mut Spoken {
        if sometimes {
            &mut self.sometimes
        } else {
            &mut self.always
        }
    }
}

impl<'a> Expand<'a> {
    /// Takes in what a schema says of the properties and the elements that nothing else in
    /// it speaks of.
    pub(super) fn unevaluated(&self, alternatives: &mut [Alternative<'a>], place: &Located<'a>) {
        let properties = place.raw_member("unevaluatedProperties");
        let items = place.raw_member("unevaluatedItems");
        if properties.is_none() && items.is_none() {
            return;
        }
        let mut parts = Parts::default();
        self.spoken_in(place, false, true, &mut parts);
        if let Some(properties) = properties {
            let same = are_same(alternatives, |one| (names(one), one.stated.additional));
            let node = Node::one(properties);
            for one in &mut *alternatives {
                unevaluated_properties(one, &node, &parts, same);
            }
        }
        if let Some(items) = items {
            let same = are_same(alternatives, |one| (one.prefix.len(), one.stated.items));
            let node = Node::one(items);
            for one in &mut *alternatives {
                unevaluated_items(one, &node, &parts, same);
            }
        }
    }

    /// Gathers what a schema speaks of.
    fn spoken_in(&self, place: &Located<'a>, sometimes: bool, outermost: bool, parts: &mut Parts) {
        let Value::Object(map) = place.value else {
            return;
        };
        if !parts.seen.insert((place.pointer.clone(), sometimes)) {
            return;
        }
        if parts.seen.len() > MAX_PARTS {
            parts.sometimes.all_properties = true;
            parts.sometimes.all_items = true;
            return;
        }
        let spoken = parts.of(sometimes);
        for (keyword, value) in map {
            match (keyword.as_str(), value) {
                ("properties", Value::Object(all)) => spoken.names.extend(all.keys().cloned()),
                ("patternProperties", Value::Object(all)) => {
                    spoken.patterns.extend(all.keys().cloned());
                }
                ("additionalProperties", _) => spoken.all_properties = true,
                ("unevaluatedProperties", _) => spoken.all_properties |= !outermost,
                ("prefixItems", Value::Array(all)) => spoken.prefix = spoken.prefix.max(all.len()),
                ("items", _) => spoken.all_items = true,
                ("unevaluatedItems", _) => spoken.all_items |= !outermost,
                ("contains", _) => spoken.contains += 1,
                _ => {}
            }
        }

        if let Some(target) = self.document.resolve_once(place) {
            self.spoken_in(&target, sometimes, false, parts);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for part in list(place, keyword) {
                self.spoken_in(&part, sometimes, false, parts);
            }
        }
        let conditional = ["if", "then", "else"].map(|keyword| place.raw_member(keyword));
        if map.contains_key("if") {
            for part in conditional.into_iter().flatten() {
                self.spoken_in(&part, true, false, parts);
            }
        }
        if let Some(Value::Object(all)) = map.get("dependentSchemas") {
            for (name, value) in all {
                let pointer = format!("{}/dependentSchemas/{}", place.pointer, escape(name));
                self.spoken_in(&Located { pointer, value }, true, false, parts);
            }
        }
        if !self.doubly_negated(place).is_empty() {
            // What is ruled out speaks of nothing, ruled out twice or not.
            parts.sometimes.all_properties = true;
            parts.sometimes.all_items = true;
        }
    }
}

/// Returns whether alternatives that a value may match at once speak of the same.
fn are_same<'a, T: PartialEq>(
    alternatives: &[Alternative<'a>],
    spoken: impl Fn(&Alternative<'a>) -> T,
) -> bool {
    let mut common = alternatives.iter().filter(|one| one.overlaps.any > 0);
    let first = common.next().map(&spoken);
    common.all(|one| Some(spoken(one)) == first)
}

fn names(one: &Alternative<'_>) -> Vec<String> {
    let names = one.properties.keys().chain(one.by_pattern.keys());
    names.cloned().collect()
}

fn unevaluated_properties<'a>(
    one: &mut Alternative<'a>,
    node: &Node<'a>,
    parts: &Parts,
    same: bool,
) {
    if one.types & OBJECT == 0 || (one.stated.additional && parts.always.all_properties) {
        return;
    }
    let sometimes = &parts.sometimes;
    let is_spoken_of = |name: &String| one.properties.contains_key(name);
    let is_known = |pattern: &String| one.by_pattern.contains_key(pattern);
    let by_chance = sometimes.all_properties
        || !sometimes.names.iter().all(is_spoken_of)
        || !sometimes.patterns.iter().all(is_known)
        || (one.overlaps.any > 0 && !same);
    if by_chance && !node.is_any() {
        one.leave_out_unevaluated("unevaluatedProperties");
        return;
    }
    // Other schemas that are extended speak for themselves alone.
    let spoken = &parts.always;
    let matches_any = |name: &str| {
        let mut patterns = spoken.patterns.iter();
        patterns.any(|pattern| matches(pattern, name) == Some(true))
    };
    for (name, property) in &mut one.properties {
        if !spoken.names.contains(name) && !matches_any(name) {
            *property = std::mem::take(property).and(node);
        }
    }
    for (pattern, property) in &mut one.by_pattern {
        if !spoken.patterns.contains(pattern) {
            *property = std::mem::take(property).and(node);
        }
    }
    one.additional = std::mem::take(&mut one.additional).and(node);
    one.stated.additional = true;
}

fn unevaluated_items<'a>(one: &mut Alternative<'a>, node: &Node<'a>, parts: &Parts, same: bool) {
    if one.types & ARRAY == 0 || (one.stated.items && parts.always.all_items) {
        return;
    }
    let contains = parts.always.contains;
    let sometimes = &parts.sometimes;
    let by_chance = sometimes.all_items
        || sometimes.prefix > one.prefix.len()
        || sometimes.contains > 0
        || (one.overlaps.any > 0 && !same)
        || (contains > 0 && !(node.is_never() && contains == 1 && one.contains.len() == 1));
    if by_chance && !node.is_any() {
        one.leave_out_unevaluated("unevaluatedItems");
        return;
    }
    // Of the elements that keep the one schema, `contains` speaks.
    let rest = match one.contains.as_slice() {
        [contains] if node.is_never() => contains.node.clone(),
        _ => node.clone(),
    };
    one.items = std::mem::take(&mut one.items).and(&rest);
    one.stated.items = true;
}
