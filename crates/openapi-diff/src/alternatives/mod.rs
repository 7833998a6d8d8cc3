//! Schemas as the sets of values they admit.
//!
//! A schema is expanded into alternatives, each an [`Alternative`]: a plain
//! conjunction in which `$ref`, `allOf`, `oneOf`, `anyOf`, `nullable`, `const`
//! and type lists are gone. Two schemas that say the same in different words
//! expand to the same alternatives. `oneOf` is `anyOf` where its branches have
//! no value in common; where they may, an alternative says that it is one of
//! those.

mod keywords;
mod settle;
mod written;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use serde_json::Value;

use super::classes::{Class, Classes, Side, is_mere_reference};
use super::document::{Dialect, Document, Located};
use crate::finding::Direction;
use settle::join;
pub(super) use settle::{admits_plainly, divides, same};

pub(super) const NULL: u8 = 1;
pub(super) const BOOLEAN: u8 = 2;
pub(super) const INTEGER: u8 = 4;
pub(super) const FRACTION: u8 = 8;
pub(super) const STRING: u8 = 16;
pub(super) const ARRAY: u8 = 32;
pub(super) const OBJECT: u8 = 64;
pub(super) const NUMBER: u8 = INTEGER | FRACTION;
pub(super) const ANY: u8 = 127;

/// A product of unions with more alternatives than this is not compared.
const MAX_ALTERNATIVES: usize = 1_024;

/// A schema that extends others, which extend others, deeper than this is not compared.
const MAX_EXTENSIONS: usize = 60;

/// The key in [`Alternative::others`] of what is left out of a comparison.
pub(super) const LEFT_OUT: &str = "";

static NOTHING: Value = Value::Bool(false);

/// A conjunction of schemas; the empty one admits everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Node<'a>(pub(super) Vec<Located<'a>>);

impl<'a> Node<'a> {
    pub(super) fn one(place: Located<'a>) -> Self {
        if matches!(place.value, Value::Bool(true)) {
            Node::default()
        } else {
            Node(vec![place])
        }
    }

    pub(super) fn and(mut self, other: &Node<'a>) -> Self {
        for place in &other.0 {
            if !self.0.iter().any(|own| own.pointer == place.pointer) {
                self.0.push(place.clone());
            }
        }
        self
    }

    pub(super) fn is_any(&self) -> bool {
        self.0.iter().all(|place| {
            place
                .value
                .as_object()
                .is_some_and(serde_json::Map::is_empty)
        })
    }

    pub(super) fn is_never(&self) -> bool {
        self.0.iter().any(|place| place.value == &NOTHING)
    }

    pub(super) fn key(&self) -> String {
        let mut pointers: Vec<&str> = self.0.iter().map(|place| place.pointer.as_str()).collect();
        pointers.sort_unstable();
        pointers.join("|")
    }

    pub(super) fn pointer(&self) -> Option<&str> {
        self.0.first().map(|place| place.pointer.as_str())
    }
}

/// A bound, and whether it is excluded itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bound {
    pub(super) at: f64,
    pub(super) exclusive: bool,
}

/// How many elements of a list match a schema.
#[derive(Debug, Clone)]
pub(super) struct Contains<'a> {
    pub(super) node: Node<'a>,
    pub(super) least: u64,
    pub(super) most: Option<u64>,
}

/// `if`, `then` and `else`.
#[derive(Debug, Clone)]
pub(super) struct Condition<'a> {
    pub(super) test: Node<'a>,
    pub(super) then: Node<'a>,
    pub(super) otherwise: Node<'a>,
}

/// In how many unions, one within another, an alternative may have values in
/// common with the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Overlaps {
    /// By `anyOf`, which takes such values.
    pub(super) any: u8,
    /// By `oneOf`, which refuses them.
    pub(super) one: u8,
}

#[derive(Debug, Clone)]
pub(super) struct Alternative<'a> {
    /// Where the innermost branch stands that this alternative comes from.
    pub(super) label: String,
    pub(super) types: u8,
    pub(super) values: Option<Vec<Value>>,
    pub(super) low: Option<Bound>,
    pub(super) high: Option<Bound>,
    pub(super) multiples: Vec<f64>,
    pub(super) formats: BTreeSet<String>,
    pub(super) patterns: BTreeSet<String>,
    /// Length of a text, number of items, number of properties.
    pub(super) sizes: [(u64, Option<u64>); 3],
    pub(super) unique: bool,
    pub(super) prefix: Vec<Node<'a>>,
    pub(super) items: Node<'a>,
    pub(super) properties: BTreeMap<String, Node<'a>>,
    pub(super) required: BTreeSet<String>,
    pub(super) additional: Node<'a>,
    /// Whether a schema for undeclared properties is written down.
    pub(super) additional_stated: bool,
    pub(super) by_pattern: BTreeMap<String, Node<'a>>,
    pub(super) nots: Vec<Node<'a>>,
    pub(super) contains: Vec<Contains<'a>>,
    /// What names of properties must be.
    pub(super) names: Node<'a>,
    /// With the property of the first name comes that of the second.
    pub(super) demands: BTreeSet<(String, String)>,
    /// With the property of this name the whole must keep a schema.
    pub(super) dependent: BTreeMap<String, Node<'a>>,
    pub(super) conditions: Vec<Condition<'a>>,
    pub(super) overlaps: Overlaps,
    /// Keywords whose meaning is not modelled, as they are written.
    pub(super) others: BTreeMap<&'static str, Vec<Value>>,
}

impl<'a> Alternative<'a> {
    fn any(label: &str) -> Self {
        Alternative {
            label: label.to_owned(),
            types: ANY,
            values: None,
            low: None,
            high: None,
            multiples: Vec::new(),
            formats: BTreeSet::new(),
            patterns: BTreeSet::new(),
            sizes: [(0, None); 3],
            unique: false,
            prefix: Vec::new(),
            items: Node::default(),
            properties: BTreeMap::new(),
            required: BTreeSet::new(),
            additional: Node::default(),
            additional_stated: false,
            by_pattern: BTreeMap::new(),
            nots: Vec::new(),
            contains: Vec::new(),
            names: Node::default(),
            demands: BTreeSet::new(),
            dependent: BTreeMap::new(),
            conditions: Vec::new(),
            overlaps: Overlaps::default(),
            others: BTreeMap::new(),
        }
    }

    /// What holds for the element at an index.
    pub(super) fn item(&self, index: usize) -> &Node<'a> {
        self.prefix.get(index).unwrap_or(&self.items)
    }

    /// What holds for a property that is not declared, and whether the schema
    /// says anything about it.
    pub(super) fn undeclared(&self, name: &str) -> (Node<'a>, bool) {
        let mut matching = self
            .by_pattern
            .iter()
            .filter(|(pattern, _)| super::pattern::matches(pattern, name) == Some(true))
            .map(|(_, node)| node)
            .peekable();
        if matching.peek().is_none() {
            return (self.additional.clone(), self.additional_stated);
        }
        (matching.fold(Node::default(), Node::and), true)
    }
}

/// Where the label of alternatives comes from when a reference is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    /// They are what the reference leads to.
    OfTarget,
    /// They only extend it.
    Kept,
}

/// Expands schemas of one document, as seen from one direction: a request does
/// not hold read-only properties, a response no write-only ones.
pub(super) struct Expand<'a> {
    pub(super) document: &'a Document,
    pub(super) direction: Direction,
    /// The classes of the schemas of both documents, where they matter.
    classes: Option<(&'a Classes, Side)>,
    /// Set while parts of a schema are looked at to learn what it holds. Then
    /// their own parts are not, or recursive schemas would never end.
    looking: Cell<bool>,
    /// What nodes have been found to be.
    known: RefCell<HashMap<String, Rc<[Alternative<'a>]>>>,
}

impl<'a> Expand<'a> {
    pub(super) fn new(document: &'a Document, direction: Direction) -> Self {
        Expand {
            document,
            direction,
            classes: None,
            looking: Cell::new(false),
            known: RefCell::default(),
        }
    }

    pub(super) fn with(self, classes: &'a Classes, side: Side) -> Self {
        Expand {
            classes: Some((classes, side)),
            ..self
        }
    }

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
        if self.looking.get() {
            return self.expand(node).into();
        }
        let key = self.key(node);
        let known = self.known.borrow().get(&key).cloned();
        known.unwrap_or_else(|| {
            let alternatives: Rc<[Alternative<'a>]> = self.expand(node).into();
            self.known.borrow_mut().insert(key, alternatives.clone());
            alternatives
        })
    }

    /// The same for all nodes that are mere references to the same schemas.
    pub(super) fn key(&self, node: &Node<'a>) -> String {
        let mut pointers: Vec<String> = node.0.iter().map(|place| self.target(place)).collect();
        pointers.sort_unstable();
        pointers.join("|")
    }

    fn class(&self, node: &Node<'a>) -> Option<Vec<Class>> {
        let (classes, side) = self.classes?;
        classes.of(side, &node.0)
    }

    /// The same with mere references followed.
    pub(super) fn resolved(&self, node: &Node<'a>) -> Node<'a> {
        Node(node.0.iter().map(|place| self.followed(place)).collect())
    }

    fn target(&self, place: &Located<'a>) -> String {
        self.followed(place).pointer
    }

    fn followed(&self, place: &Located<'a>) -> Located<'a> {
        let mut at = place.clone();
        while is_mere_reference(self.document, at.value)
            && let Some(target) = self.document.resolve_once(&at)
        {
            at = target;
        }
        at
    }

    fn expand(&self, node: &Node<'a>) -> Vec<Alternative<'a>> {
        let mut alternatives = vec![Alternative::any(node.pointer().unwrap_or(""))];
        for place in &node.0 {
            alternatives = self.and(alternatives, place, Label::OfTarget, &mut Vec::new());
        }
        let mut alternatives: Vec<Alternative<'a>> = alternatives
            .into_iter()
            .map(|alternative| self.settle(alternative))
            .filter(|alternative| alternative.types != 0)
            .collect();
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
        if depth > 20 {
            return None;
        }
        let reference = place.value.get("$ref").is_some();
        if !(reference && self.document.dialect == Dialect::V30)
            && let Some(found) = place.value.get(keyword)
        {
            return Some(found);
        }
        if reference {
            let target = self.document.resolve_once(place)?;
            return self.find(&target, keyword, depth + 1);
        }
        list(place, "allOf")
            .iter()
            .find_map(|part| self.find(part, keyword, depth + 1))
    }

    fn and(
        &self,
        mut alternatives: Vec<Alternative<'a>>,
        place: &Located<'a>,
        label: Label,
        within: &mut Vec<String>,
    ) -> Vec<Alternative<'a>> {
        let map = match place.value {
            Value::Bool(true) => return alternatives,
            Value::Object(map) => map,
            _ => return Vec::new(),
        };
        // A schema that extends itself adds nothing to itself.
        if within.contains(&place.pointer) {
            return alternatives;
        }
        if within.len() > MAX_EXTENSIONS {
            leave_out(&mut alternatives, place.value);
            return alternatives;
        }
        within.push(place.pointer.clone());
        let old = self.document.dialect == Dialect::V30;
        if map.contains_key("$ref")
            && let Some(target) = self.document.resolve_once(place)
        {
            if label == Label::OfTarget {
                for alternative in &mut alternatives {
                    alternative.label.clone_from(&target.pointer);
                }
            }
            alternatives = self.and(alternatives, &target, label, within);
            if old {
                within.pop();
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
        let parts = list(place, "allOf");
        // What is put together from several parts is none of them.
        let of_part = if parts.len() == 1 { label } else { Label::Kept };
        for part in parts {
            alternatives = self.and(alternatives, &part, of_part, within);
        }
        for keyword in ["oneOf", "anyOf"] {
            let branches = list(place, keyword);
            if branches.is_empty() {
                continue;
            }
            if branches.len() * alternatives.len() > MAX_ALTERNATIVES {
                leave_out(&mut alternatives, &map[keyword]);
                continue;
            }
            let mut combined: Vec<(usize, Alternative<'a>)> = Vec::new();
            for (index, branch) in branches.iter().enumerate() {
                let target = self.document.resolve(branch.clone());
                if within.contains(&target.pointer) {
                    continue;
                }
                let mut started = alternatives.clone();
                for alternative in &mut started {
                    alternative.label.clone_from(&branch.pointer);
                }
                combined.extend(
                    self.and(started, branch, Label::OfTarget, within)
                        .into_iter()
                        .map(|alternative| (index, self.settle(alternative)))
                        .filter(|(_, alternative)| alternative.types != 0),
                );
            }
            if !map.contains_key("discriminator") {
                self.mark_overlaps(&mut combined, keyword == "oneOf");
            }
            alternatives = combined
                .into_iter()
                .map(|(_, alternative)| alternative)
                .collect();
        }
        if !old {
            unevaluated(&mut alternatives, place);
        }
        alternatives.extend(null);
        within.pop();
        alternatives
    }

    /// Marks the alternatives that may have a value in common. Listed values
    /// that several alternatives of `oneOf` have are taken out.
    fn mark_overlaps(&self, alternatives: &mut [(usize, Alternative<'a>)], exclusive: bool) {
        if exclusive {
            let lists: Vec<(usize, Vec<Value>)> = alternatives
                .iter()
                .filter_map(|(index, alternative)| Some((*index, alternative.values.clone()?)))
                .collect();
            for (index, alternative) in alternatives.iter_mut() {
                let Some(values) = &mut alternative.values else {
                    continue;
                };
                values.retain(|value| {
                    !lists.iter().any(|(other, list)| {
                        other != index && list.iter().any(|listed| same(listed, value))
                    })
                });
            }
        }
        if self.looking.get() {
            return;
        }
        let mut marked = vec![false; alternatives.len()];
        for (i, (branch, a)) in alternatives.iter().enumerate() {
            for (j, (other, b)) in alternatives.iter().enumerate().skip(i + 1) {
                if branch != other && !(marked[i] && marked[j]) && !apart(self, a, self, b) {
                    marked[i] = true;
                    marked[j] = true;
                }
            }
        }
        for ((_, alternative), _) in alternatives
            .iter_mut()
            .zip(marked)
            .filter(|(_, marked)| *marked)
        {
            let count = if exclusive {
                &mut alternative.overlaps.one
            } else {
                &mut alternative.overlaps.any
            };
            *count = count.saturating_add(1);
        }
    }
}

/// Keeps a part that is too involved to be compared as it is written.
fn leave_out(alternatives: &mut [Alternative<'_>], part: &Value) {
    for alternative in alternatives {
        let parts = alternative.others.entry(LEFT_OUT).or_default();
        parts.push(part.clone());
    }
}

/// Takes in what is said of the properties and items that nothing else speaks of.
fn unevaluated<'a>(alternatives: &mut [Alternative<'a>], place: &Located<'a>) {
    let properties = place.raw_member("unevaluatedProperties");
    let items = place.raw_member("unevaluatedItems");
    for alternative in alternatives {
        if !alternative.additional_stated
            && let Some(properties) = &properties
        {
            alternative.additional = Node::one(properties.clone());
            alternative.additional_stated = true;
        }
        if alternative.items.is_any()
            && let Some(items) = &items
        {
            alternative.items = Node::one(items.clone());
        }
    }
}

/// Returns whether two alternatives surely have no value in common.
pub(super) fn apart<'a>(
    of_a: &Expand<'a>,
    a: &Alternative<'a>,
    of_b: &Expand<'a>,
    b: &Alternative<'a>,
) -> bool {
    let common = a.types & b.types;
    let beyond = |low: Option<Bound>, high: Option<Bound>| match (low, high) {
        (Some(low), Some(high)) => {
            low.at > high.at || (low.at >= high.at && (low.exclusive || high.exclusive))
        }
        _ => false,
    };
    let refuses_all = |list: &Alternative<'a>, other: &Alternative<'a>| {
        list.values
            .as_ref()
            .is_some_and(|values| values.iter().all(|value| !admits_plainly(other, value)))
    };
    if common == 0 || refuses_all(a, b) || refuses_all(b, a) {
        return true;
    }
    let sizes = |bit: u8, index: usize| {
        let over = |x: &Alternative<'a>, y: &Alternative<'a>| {
            y.sizes[index].1.is_some_and(|most| most < x.sizes[index].0)
        };
        common & bit == 0 || over(a, b) || over(b, a)
    };
    common & (NULL | BOOLEAN) == 0
        && (common & NUMBER == 0 || beyond(a.low, b.high) || beyond(b.low, a.high))
        && sizes(STRING, 0)
        && sizes(ARRAY, 1)
        && (sizes(OBJECT, 2)
            || a.required.union(&b.required).any(|name| {
                let property =
                    |alternative: &Alternative<'a>| match alternative.properties.get(name) {
                        Some(node) => node.clone(),
                        None => alternative.undeclared(name).0,
                    };
                nodes_apart(of_a, &property(a), of_b, &property(b))
            }))
}

/// Returns whether two schemas surely have no value in common.
fn nodes_apart<'a>(of_a: &Expand<'a>, a: &Node<'a>, of_b: &Expand<'a>, b: &Node<'a>) -> bool {
    if a.is_never() || b.is_never() {
        return true;
    }
    if a.is_any() || b.is_any() {
        return false;
    }
    if of_a.looking.get() || of_b.looking.get() {
        return false;
    }
    of_a.looking.set(true);
    of_b.looking.set(true);
    let others = of_b.alternatives(b);
    let all_apart = of_a
        .alternatives(a)
        .iter()
        .all(|x| others.iter().all(|y| apart(of_a, x, of_b, y)));
    of_a.looking.set(false);
    of_b.looking.set(false);
    all_apart
}

impl Document {
    /// Where a reference leads, one step.
    fn resolve_once<'a>(&'a self, place: &Located<'a>) -> Option<Located<'a>> {
        let pointer = self.target(place.text("$ref")?)?;
        let value = self.root.pointer(&pointer)?;
        Some(Located { pointer, value })
    }
}

pub(super) fn list<'a>(place: &Located<'a>, keyword: &str) -> Vec<Located<'a>> {
    let Some(Value::Array(items)) = place.value.get(keyword) else {
        return Vec::new();
    };
    items
        .iter()
        .enumerate()
        .map(|(index, value)| Located {
            pointer: format!("{}/{keyword}/{index}", place.pointer),
            value,
        })
        .collect()
}
