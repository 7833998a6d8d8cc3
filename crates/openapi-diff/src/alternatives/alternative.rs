//! A schema without references and unions: a plain conjunction.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::exact::Exact;
use crate::canonical::canonical;
use crate::document::Located;
use crate::pattern::{Texts, matches};

pub(crate) const NULL: u8 = 1;
pub(crate) const BOOLEAN: u8 = 2;
pub(crate) const INTEGER: u8 = 4;
pub(crate) const FRACTION: u8 = 8;
pub(crate) const STRING: u8 = 16;
pub(crate) const ARRAY: u8 = 32;
pub(crate) const OBJECT: u8 = 64;
pub(crate) const NUMBER: u8 = INTEGER | FRACTION;
pub(crate) const ANY: u8 = 127;

/// The key in [`Alternative::others`] of what is left out of a comparison, because it is too
/// much.
pub(crate) const LEFT_OUT: &str = "";

/// The key of what is left out because it depends on the value.
const UNEVALUATED: &str = "unevaluated";

/// The key of the dialect of a schema that is left out because it is another one.
pub(super) const FOREIGN_DIALECT: &str = "$schema";

/// Why a part of a schema is left out of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeftOut {
    /// It is too much.
    TooMuch,
    /// What it speaks of depends on the value.
    Unevaluated,
    /// It is written in another dialect of JSON Schema.
    Dialect,
}

pub(crate) static NOTHING: Value = Value::Bool(false);

/// A conjunction of schemas; the empty one admits everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node<'a>(pub(crate) Vec<Located<'a>>);

impl<'a> Node<'a> {
    pub(crate) fn one(place: Located<'a>) -> Self {
        if matches!(place.value, Value::Bool(true)) {
            Node::default()
        } else {
            Node(vec![place])
        }
    }

    pub(crate) fn and(mut self, other: &Node<'a>) -> Self {
        if self.0.is_empty() {
            return other.clone();
        }
        for place in &other.0 {
            if !self.0.iter().any(|own| own.pointer == place.pointer) {
                self.0.push(place.clone());
            }
        }
        self
    }

    pub(crate) fn is_any(&self) -> bool {
        self.0.iter().all(|place| {
            place
                .value
                .as_object()
                .is_some_and(serde_json::Map::is_empty)
        })
    }

    /// Returns whether it plainly admits nothing: it is `false`, or rules everything out.
    pub(crate) fn is_never(&self) -> bool {
        let rules_all_out = |value: &Value| match value.get("not") {
            Some(Value::Bool(not)) => *not,
            Some(Value::Object(not)) => not.is_empty(),
            _ => false,
        };
        let mut places = self.0.iter();
        places.any(|place| place.value == &NOTHING || rules_all_out(place.value))
    }

    pub(crate) fn key(&self) -> String {
        let mut pointers: Vec<&str> = self.0.iter().map(|place| place.pointer.as_str()).collect();
        pointers.sort_unstable();
        pointers.join("|")
    }

    pub(crate) fn pointer(&self) -> Option<&str> {
        let place = self.0.first()?;
        if std::ptr::eq(place.value, &raw const NOTHING) {
            // It stands for what another schema rules out; see `by_names`.
            return Some(place.pointer.strip_suffix('#').unwrap_or(&place.pointer));
        }
        Some(&place.pointer)
    }
}

/// A bound, and whether it is excluded itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bound {
    pub(crate) at: Exact,
    pub(crate) exclusive: bool,
}

/// How many elements of a list match a schema.
#[derive(Debug, Clone)]
pub(crate) struct Contains<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) least: u64,
    pub(crate) most: Option<u64>,
}

/// `if`, `then` and `else`.
#[derive(Debug, Clone)]
pub(crate) struct Condition<'a> {
    pub(crate) test: Node<'a>,
    pub(crate) then: Node<'a>,
    pub(crate) otherwise: Node<'a>,
}

/// In how many unions, one within another, an alternative may have values in
/// common with the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Overlaps {
    /// By `anyOf`, which takes such values.
    pub(crate) any: u8,
    /// By `oneOf`, which refuses them.
    pub(crate) one: u8,
}

/// Which schemas for the rest are written down, whatever they say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stated {
    /// For properties that are not declared.
    pub(crate) additional: bool,
    /// For the elements behind those of `prefix`.
    pub(crate) items: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Alternative<'a> {
    /// Where the innermost branch stands that this alternative comes from.
    pub(crate) label: String,
    /// Whether it is several in one, and none of them.
    pub(crate) joined: bool,
    pub(crate) types: u8,
    pub(crate) values: Option<Vec<Value>>,
    pub(crate) low: Option<Bound>,
    pub(crate) high: Option<Bound>,
    pub(crate) multiples: Vec<f64>,
    pub(crate) formats: BTreeSet<String>,
    pub(crate) patterns: BTreeSet<String>,
    /// Length of a text, number of items, number of properties.
    pub(crate) sizes: [(u64, Option<u64>); 3],
    pub(crate) unique: bool,
    pub(crate) prefix: Vec<Node<'a>>,
    pub(crate) items: Node<'a>,
    pub(crate) properties: BTreeMap<String, Node<'a>>,
    pub(crate) required: BTreeSet<String>,
    pub(crate) additional: Node<'a>,
    pub(crate) stated: Stated,
    pub(crate) by_pattern: BTreeMap<String, Node<'a>>,
    pub(crate) nots: Vec<Node<'a>>,
    pub(crate) contains: Vec<Contains<'a>>,
    /// What names of properties must be.
    pub(crate) names: Node<'a>,
    /// With the property of the first name comes that of the second.
    pub(crate) demands: BTreeSet<(String, String)>,
    /// With the property of this name the whole must keep a schema.
    pub(crate) dependent: BTreeMap<String, Node<'a>>,
    pub(crate) conditions: Vec<Condition<'a>>,
    /// What a text must hold, once it is decoded.
    pub(crate) content: Node<'a>,
    pub(crate) overlaps: Overlaps,
    /// Keywords whose meaning is not modelled, as they are written.
    pub(crate) others: BTreeMap<&'static str, Vec<Value>>,
}

impl<'a> Alternative<'a> {
    pub(super) fn any(label: &str) -> Self {
        Alternative {
            label: label.to_owned(),
            joined: false,
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
            stated: Stated::default(),
            by_pattern: BTreeMap::new(),
            nots: Vec::new(),
            contains: Vec::new(),
            names: Node::default(),
            demands: BTreeSet::new(),
            dependent: BTreeMap::new(),
            conditions: Vec::new(),
            content: Node::default(),
            overlaps: Overlaps::default(),
            others: BTreeMap::new(),
        }
    }

    /// Returns whether it admits all values of its types.
    pub(crate) fn is_of_types(&self) -> bool {
        self.values.is_none()
            && self.low.is_none()
            && self.high.is_none()
            && self.multiples.is_empty()
            && self.formats.is_empty()
            && self.patterns.is_empty()
            && self.sizes == [(0, None); 3]
            && !self.unique
            && self.prefix.is_empty()
            && self.properties.values().all(Node::is_any)
            && self.required.is_empty()
            && self.by_pattern.values().all(Node::is_any)
            && [&self.items, &self.additional, &self.names, &self.content]
                .iter()
                .all(|node| node.is_any())
            && self.nots.is_empty()
            && self.contains.is_empty()
            && self.demands.is_empty()
            && self.dependent.is_empty()
            && self.conditions.is_empty()
            && self.overlaps.one == 0
            && self.others.is_empty()
    }

    /// Returns whether it says nothing of objects.
    pub(crate) fn is_of_any_object(&self) -> bool {
        self.properties.is_empty()
            && self.required.is_empty()
            && self.by_pattern.is_empty()
            && self.sizes[2] == (0, None)
            && self.additional.is_any()
            && self.names.is_any()
            && self.demands.is_empty()
            && self.dependent.is_empty()
    }

    /// The types that its values have: multiples of whole numbers are whole.
    pub(crate) fn types_of_values(&self) -> u8 {
        if self.multiples.iter().any(|by| by.fract() == 0.0) {
            self.types & !FRACTION
        } else {
            self.types
        }
    }

    /// Returns whether texts (0), lists (1) or objects (2) that it admits may have a size
    /// within these bounds.
    pub(crate) fn may_have_size(&self, index: usize, least: u64, most: Option<u64>) -> bool {
        if index == 0 {
            return self.texts().any_is_long(least, most) != Some(false);
        }
        let (implied_least, implied_most) = self.implied_size(index);
        lesser(most, implied_most).is_none_or(|most| most >= least.max(implied_least))
    }

    /// The least and the greatest size of lists (1) or objects (2), those that follow from
    /// what else is said included.
    fn implied_size(&self, index: usize) -> (u64, Option<u64>) {
        let (least, most) = self.sizes[index];
        if index == 1 {
            let contains = self.contains.iter().map(|contains| contains.least);
            let mut places = self.prefix.iter().chain([&self.items]);
            let closed = places.position(Node::is_never).map(|index| index as u64);
            return (least.max(contains.max().unwrap_or(0)), lesser(most, closed));
        }
        let is_closed = self.additional.is_never() && self.by_pattern.is_empty();
        let declared = self.properties.values();
        let possible = declared.filter(|node| !node.is_never()).count() as u64;
        (
            least.max(self.required.len() as u64),
            lesser(most, is_closed.then_some(possible)),
        )
    }

    /// Leaves out one of the keywords for what nothing else speaks of.
    pub(super) fn leave_out_unevaluated(&mut self, keyword: &str) {
        let parts = self.others.entry(UNEVALUATED).or_default();
        parts.push(Value::from(keyword));
    }

    /// Why a part of it is left out, if one is.
    pub(crate) fn left_out(&self) -> Option<LeftOut> {
        if self.others.contains_key(LEFT_OUT) {
            return Some(LeftOut::TooMuch);
        }
        if self.others.contains_key(FOREIGN_DIALECT) {
            return Some(LeftOut::Dialect);
        }
        let is_unevaluated = self.others.contains_key(UNEVALUATED);
        is_unevaluated.then_some(LeftOut::Unevaluated)
    }

    /// The texts that it admits, but for its formats.
    pub(crate) fn texts(&self) -> Texts<'_> {
        let (least, most) = self.sizes[0];
        Texts {
            patterns: &self.patterns,
            least,
            most,
        }
    }

    /// How many parts it has.
    pub(super) fn weight(&self) -> usize {
        let nodes = self.properties.values().chain(self.by_pattern.values());
        let nodes = nodes.chain(self.dependent.values()).chain(&self.prefix);
        let values = self.values.as_ref().map_or(0, Vec::len);
        1 + values + nodes.map(|node| 1 + node.0.len()).sum::<usize>()
    }

    /// What holds for the element at an index.
    pub(crate) fn item(&self, index: usize) -> &Node<'a> {
        self.prefix.get(index).unwrap_or(&self.items)
    }

    /// What holds for a property that is not declared, and whether the schema
    /// says anything about it.
    pub(crate) fn undeclared(&self, name: &str) -> (Node<'a>, bool) {
        let mut matching = self
            .by_pattern
            .iter()
            .filter(|(pattern, _)| matches(pattern, name) == Some(true))
            .map(|(_, node)| node)
            .peekable();
        if matching.peek().is_none() {
            return (self.additional.clone(), self.stated.additional);
        }
        (matching.fold(Node::default(), Node::and), true)
    }
}

/// The lesser of two limits, of which nothing is none.
fn lesser(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

pub(crate) fn bound(into: &mut Alternative<'_>, low: bool, new: Bound) {
    let old = if low { &mut into.low } else { &mut into.high };
    let tighter = old.is_none_or(|old| {
        if old.at == new.at {
            new.exclusive
        } else {
            (new.at > old.at) == low
        }
    });
    if tighter {
        *old = Some(new);
    }
}

pub(crate) fn type_of(value: &Value) -> u8 {
    match value {
        Value::Null => NULL,
        Value::Bool(_) => BOOLEAN,
        Value::Number(number) if number.as_f64().is_some_and(|float| float.fract() == 0.0) => {
            INTEGER
        }
        Value::Number(_) => FRACTION,
        Value::String(_) => STRING,
        Value::Array(_) => ARRAY,
        Value::Object(_) => OBJECT,
    }
}

/// Equality in which `1` and `1.0` are one number.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a == b,
        _ => a == b || canonical(a) == canonical(b),
    }
}

/// Returns whether a value keeps the constraints that need no other schema.
pub(crate) fn admits_plainly(alternative: &Alternative<'_>, value: &Value) -> bool {
    let bits = type_of(value);
    if alternative.types & bits == 0 {
        return false;
    }
    if let Some(values) = &alternative.values
        && !values.iter().any(|listed| same(listed, value))
    {
        return false;
    }
    match value {
        Value::Number(number) => {
            let float = number.as_f64().unwrap_or(0.0);
            let number = Exact::of(number);
            alternative
                .low
                .is_none_or(|low| number > low.at || (number == low.at && !low.exclusive))
                && alternative
                    .high
                    .is_none_or(|high| number < high.at || (number == high.at && !high.exclusive))
                && alternative.multiples.iter().all(|by| divides(*by, float))
        }
        Value::String(text) => {
            let length = text.chars().count() as u64;
            length >= alternative.sizes[0].0
                && alternative.sizes[0].1.is_none_or(|max| length <= max)
                && alternative
                    .patterns
                    .iter()
                    .all(|pattern| matches(pattern, text) != Some(false))
        }
        _ => true,
    }
}

pub(crate) fn divides(by: f64, value: f64) -> bool {
    let times = value / by;
    (times - times.round()).abs() < 1e-9
}

pub(crate) fn list<'a>(place: &Located<'a>, keyword: &str) -> Vec<Located<'a>> {
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
