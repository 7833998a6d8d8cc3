//! Schemas as the sets of values they admit.
//!
//! A schema is expanded into alternatives, each a [`Shape`]: a plain
//! conjunction in which `$ref`, `allOf`, `oneOf`, `anyOf`, `nullable`, `const`
//! and type lists are gone. Two schemas that say the same in different words
//! expand to the same shapes. `oneOf` is read as `anyOf`: branches of a union
//! that overlap are a mistake of its author.

#![expect(
    clippy::float_cmp,
    reason = "bounds are the same only if they are equal"
)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::document::{Dialect, Document, Place, escape};
use crate::report::Direction;

pub(super) const NULL: u8 = 1;
pub(super) const BOOLEAN: u8 = 2;
pub(super) const INTEGER: u8 = 4;
pub(super) const FRACTION: u8 = 8;
pub(super) const STRING: u8 = 16;
pub(super) const ARRAY: u8 = 32;
pub(super) const OBJECT: u8 = 64;
pub(super) const NUMBER: u8 = INTEGER | FRACTION;
pub(super) const ANY: u8 = 127;

/// More alternatives than this are compared as they are written.
const MAX_ALTERNATIVES: usize = 64;

static NOTHING: Value = Value::Bool(false);

/// A conjunction of schemas; the empty one admits everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Node<'a>(pub(super) Vec<Place<'a>>);

impl<'a> Node<'a> {
    pub(super) fn one(place: Place<'a>) -> Self {
        if matches!(place.value, Value::Bool(true)) {
            Node::default()
        } else {
            Node(vec![place])
        }
    }

    fn and(mut self, other: &Node<'a>) -> Self {
        for place in &other.0 {
            if !self.0.iter().any(|it| it.pointer == place.pointer) {
                self.0.push(place.clone());
            }
        }
        self
    }

    pub(super) fn is_any(&self) -> bool {
        self.0
            .iter()
            .all(|it| it.value.as_object().is_some_and(serde_json::Map::is_empty))
    }

    pub(super) fn is_never(&self) -> bool {
        self.0.iter().any(|it| it.value == &NOTHING)
    }

    pub(super) fn key(&self) -> String {
        let mut pointers: Vec<&str> = self.0.iter().map(|it| it.pointer.as_str()).collect();
        pointers.sort_unstable();
        pointers.join("|")
    }

    pub(super) fn pointer(&self) -> Option<&str> {
        self.0.first().map(|it| it.pointer.as_str())
    }
}

/// A bound, and whether it is excluded itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bound {
    pub(super) at: f64,
    pub(super) exclusive: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Shape<'a> {
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
    pub(super) nots: Vec<Place<'a>>,
    /// Keywords whose meaning is not modelled, as they are written.
    pub(super) others: BTreeMap<&'static str, Vec<Value>>,
}

impl<'a> Shape<'a> {
    fn any(label: &str) -> Self {
        Shape {
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
            others: BTreeMap::new(),
        }
    }

    /// What holds for the element at an index.
    pub(super) fn item(&self, index: usize) -> &Node<'a> {
        self.prefix.get(index).unwrap_or(&self.items)
    }
}

/// Expands schemas of one document, as seen from one direction: a request does
/// not hold read-only properties, a response no write-only ones.
pub(super) struct Expand<'a> {
    pub(super) document: &'a Document,
    pub(super) direction: Direction,
}

impl<'a> Expand<'a> {
    /// The alternatives; none if the schema admits nothing.
    pub(super) fn shapes(&self, node: &Node<'a>) -> Vec<Shape<'a>> {
        let mut shapes = vec![Shape::any(node.pointer().unwrap_or(""))];
        for place in &node.0 {
            shapes = self.and(shapes, place, &mut Vec::new());
        }
        let mut shapes: Vec<Shape<'a>> = shapes
            .into_iter()
            .map(|it| self.settle(it))
            .filter(|it| it.types != 0)
            .collect();
        join(&mut shapes);
        shapes
    }

    /// Whether a schema, or one that it extends, says so of itself.
    pub(super) fn says(&self, node: &Node<'a>, keyword: &str) -> bool {
        node.0.iter().any(|it| {
            self.find(it, keyword, 0)
                .is_some_and(|it| it == &Value::Bool(true))
        })
    }

    /// An annotation of a schema, or of one that it extends.
    pub(super) fn annotation(&self, node: &Node<'a>, keyword: &str) -> Option<&'a Value> {
        node.0.iter().find_map(|it| self.find(it, keyword, 0))
    }

    fn find(&self, place: &Place<'a>, keyword: &str, depth: usize) -> Option<&'a Value> {
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
            .find_map(|it| self.find(it, keyword, depth + 1))
    }

    fn and(
        &self,
        mut shapes: Vec<Shape<'a>>,
        place: &Place<'a>,
        within: &mut Vec<String>,
    ) -> Vec<Shape<'a>> {
        let map = match place.value {
            Value::Bool(true) => return shapes,
            Value::Object(map) => map,
            _ => return Vec::new(),
        };
        // A schema that extends itself adds nothing to itself.
        if within.len() > 60 || within.contains(&place.pointer) {
            return shapes;
        }
        within.push(place.pointer.clone());
        let old = self.document.dialect == Dialect::V30;
        if map.contains_key("$ref")
            && let Some(target) = self.document.resolve_once(place)
        {
            for shape in &mut shapes {
                shape.label.clone_from(&target.pointer);
            }
            shapes = self.and(shapes, &target, within);
            if old {
                within.pop();
                return shapes;
            }
        }
        let nullable = old && place.flag("nullable");
        let composed = ["allOf", "oneOf", "anyOf"]
            .iter()
            .any(|it| map.contains_key(*it));
        let mut null = Vec::new();
        if nullable && (composed || map.contains_key("type") || map.contains_key("enum")) {
            null.extend(shapes.iter().find(|it| it.types & NULL != 0).cloned());
            for it in &mut null {
                it.types = NULL;
            }
        }
        for shape in &mut shapes {
            self.keywords(shape, place);
        }
        for branch in list(place, "allOf") {
            shapes = self.and(shapes, &branch, within);
        }
        for keyword in ["oneOf", "anyOf"] {
            let branches = list(place, keyword);
            if branches.is_empty() {
                continue;
            }
            if branches.len() * shapes.len() > MAX_ALTERNATIVES {
                for shape in &mut shapes {
                    shape
                        .others
                        .entry("oneOf")
                        .or_default()
                        .push(map[keyword].clone());
                }
                continue;
            }
            let mut alternatives = Vec::new();
            for branch in &branches {
                let target = self.document.resolve(branch.clone());
                if within.contains(&target.pointer) {
                    continue;
                }
                let mut started = shapes.clone();
                for it in &mut started {
                    it.label.clone_from(&branch.pointer);
                }
                alternatives.extend(
                    self.and(started, branch, within)
                        .into_iter()
                        .map(|it| self.settle(it))
                        .filter(|it| it.types != 0),
                );
            }
            shapes = alternatives;
        }
        if !old && let Some(rest) = place.raw_member("unevaluatedProperties") {
            for shape in &mut shapes {
                shape.additional =
                    std::mem::take(&mut shape.additional).and(&Node::one(rest.clone()));
                shape.additional_stated = true;
            }
        }
        shapes.extend(null);
        within.pop();
        shapes
    }

    fn keywords(&self, shape: &mut Shape<'a>, place: &Place<'a>) {
        let Value::Object(map) = place.value else {
            return;
        };
        let old = self.document.dialect == Dialect::V30;
        for (keyword, value) in map {
            match keyword.as_str() {
                "type" => {
                    let named = match value {
                        Value::String(name) => type_bits(name),
                        Value::Array(names) => names
                            .iter()
                            .filter_map(Value::as_str)
                            .fold(0, |bits, it| bits | type_bits(it)),
                        _ => ANY,
                    };
                    shape.types &= named;
                }
                "enum" => {
                    if let Value::Array(values) = value {
                        restrict(shape, values);
                    }
                }
                "const" => restrict(shape, std::slice::from_ref(value)),
                "minimum" | "maximum" => {
                    if let Some(at) = value.as_f64() {
                        let exclusive = old
                            && place.flag(if keyword == "minimum" {
                                "exclusiveMinimum"
                            } else {
                                "exclusiveMaximum"
                            });
                        bound(shape, keyword == "minimum", Bound { at, exclusive });
                    }
                }
                "exclusiveMinimum" | "exclusiveMaximum" => {
                    if let Some(at) = value.as_f64() {
                        let bound_ = Bound {
                            at,
                            exclusive: true,
                        };
                        bound(shape, keyword == "exclusiveMinimum", bound_);
                    }
                }
                "multipleOf" => {
                    if let Some(by) = value.as_f64()
                        && by > 0.0
                        && !shape.multiples.contains(&by)
                    {
                        shape.multiples.push(by);
                        shape.multiples.sort_by(f64::total_cmp);
                    }
                }
                "format" => {
                    if let Some(name) = value.as_str() {
                        format(shape, name);
                    }
                }
                "pattern" => {
                    if let Some(pattern) = value.as_str() {
                        shape.patterns.insert(pattern.to_owned());
                    }
                }
                "minLength" | "minItems" | "minProperties" => {
                    let size = &mut shape.sizes[size_index(keyword)].0;
                    *size = (*size).max(whole(value).unwrap_or(0));
                }
                "maxLength" | "maxItems" | "maxProperties" => {
                    if let Some(limit) = whole(value) {
                        let size = &mut shape.sizes[size_index(keyword)].1;
                        *size = Some(size.map_or(limit, |it| it.min(limit)));
                    }
                }
                "uniqueItems" => shape.unique |= value == &Value::Bool(true),
                "required" => {
                    if let Value::Array(names) = value {
                        let names = names.iter().filter_map(Value::as_str);
                        shape.required.extend(names.map(str::to_owned));
                    }
                }
                "not" => shape.nots.extend(place.raw_member("not")),
                _ => {
                    if let Some(name) = OTHERS.iter().find(|it| **it == keyword) {
                        let values = shape.others.entry(name).or_default();
                        if !values.contains(value) {
                            values.push(value.clone());
                        }
                    }
                }
            }
        }
        arrays(shape, place);
        objects(shape, place);
    }

    /// Drops what cannot matter, so that equal sets look equal.
    fn settle(&self, mut shape: Shape<'a>) -> Shape<'a> {
        if let Some(values) = shape.values.take() {
            let mut kept: Vec<Value> = Vec::new();
            for value in values {
                if admits_plainly(&shape, &value) && !kept.iter().any(|it| same(it, &value)) {
                    kept.push(value);
                }
            }
            shape.types &= kept.iter().fold(0, |bits, it| bits | type_of(it));
            let mut settled = Shape::any(&shape.label);
            settled.types = shape.types;
            let plain = kept.iter().all(|it| !it.is_object() && !it.is_array());
            let both = kept.iter().filter(|it| it.is_boolean()).count() == 2;
            // All of null and booleans is no restriction.
            if !kept
                .iter()
                .all(|it| it.is_null() || (it.is_boolean() && both))
            {
                settled.values = Some(kept);
            }
            if plain {
                settled.nots = shape.nots;
                settled.others = shape.others;
                return settled;
            }
            shape.values = settled.values;
        }
        if shape.types & NUMBER == INTEGER {
            // For integers this format is nothing but a range.
            if shape.formats.remove("int32") {
                let range = [(true, f64::from(i32::MIN)), (false, f64::from(i32::MAX))];
                for (low, at) in range {
                    let exclusive = false;
                    bound(&mut shape, low, Bound { at, exclusive });
                }
            }
            for (bound, step) in [(&mut shape.low, 1.0), (&mut shape.high, -1.0)] {
                if let Some(it) = bound {
                    let inner = if step > 0.0 {
                        it.at.ceil()
                    } else {
                        it.at.floor()
                    };
                    let whole = (it.at.fract() == 0.0) && it.exclusive;
                    it.at = if whole { it.at + step } else { inner };
                    it.exclusive = false;
                }
            }
            shape.multiples.retain(|it| *it != 1.0);
        }
        if let (Some(low), Some(high)) = (shape.low, shape.high)
            && (low.at > high.at || (low.at == high.at && (low.exclusive || high.exclusive)))
        {
            shape.types &= !NUMBER;
        }
        for (index, bit) in [STRING, ARRAY, OBJECT].into_iter().enumerate() {
            if shape.sizes[index]
                .1
                .is_some_and(|max| max < shape.sizes[index].0)
            {
                shape.types &= !bit;
            }
            if shape.types & bit == 0 {
                shape.sizes[index] = (0, None);
            }
        }
        if shape.types & NUMBER == 0 {
            shape.low = None;
            shape.high = None;
            shape.multiples.clear();
        }
        if shape.types & (STRING | NUMBER) == 0 {
            shape.formats.clear();
        }
        if shape.types & STRING == 0 {
            shape.patterns.clear();
        }
        if shape.types & ARRAY == 0 {
            shape.unique = false;
            shape.prefix.clear();
            shape.items = Node::default();
        }
        if shape.types & OBJECT == 0 {
            shape.properties.clear();
            shape.required.clear();
            shape.additional = Node::default();
            shape.additional_stated = false;
            shape.by_pattern.clear();
        } else {
            self.settle_object(&mut shape);
        }
        shape
    }

    /// Takes out the properties that this direction does not hold.
    fn settle_object(&self, shape: &mut Shape<'a>) {
        let hidden = match self.direction {
            Direction::Request => "readOnly",
            Direction::Response => "writeOnly",
        };
        let gone: Vec<String> = shape
            .properties
            .iter()
            .filter(|(_, node)| self.says(node, hidden))
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            shape.properties.remove(&name);
            shape.required.remove(&name);
        }
        if shape.required.iter().any(|name| {
            shape
                .properties
                .get(name)
                .unwrap_or(&shape.additional)
                .is_never()
                && shape.by_pattern.is_empty()
        }) {
            shape.types &= !OBJECT;
        }
        let least = shape.required.len() as u64;
        shape.sizes[2].0 = if shape.sizes[2].0 <= least {
            0
        } else {
            shape.sizes[2].0
        };
    }
}

impl Document {
    /// Where a reference leads, one step.
    fn resolve_once<'a>(&'a self, place: &Place<'a>) -> Option<Place<'a>> {
        let pointer = self.target(place.text("$ref")?)?;
        let value = self.root.pointer(&pointer)?;
        Some(Place { pointer, value })
    }
}

/// Keywords that are compared as they are written.
const OTHERS: [&str; 13] = [
    "if",
    "then",
    "else",
    "contains",
    "minContains",
    "maxContains",
    "dependentRequired",
    "dependentSchemas",
    "propertyNames",
    "contentEncoding",
    "contentMediaType",
    "unevaluatedItems",
    "$dynamicRef",
];

pub(super) fn list<'a>(place: &Place<'a>, keyword: &str) -> Vec<Place<'a>> {
    let Some(Value::Array(items)) = place.value.get(keyword) else {
        return Vec::new();
    };
    items
        .iter()
        .enumerate()
        .map(|(index, value)| Place {
            pointer: format!("{}/{keyword}/{index}", place.pointer),
            value,
        })
        .collect()
}

fn size_index(keyword: &str) -> usize {
    match &keyword[3..] {
        "Length" => 0,
        "Items" => 1,
        _ => 2,
    }
}

fn whole(value: &Value) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates"
    )]
    value
        .as_u64()
        .or_else(|| value.as_f64().map(|it| it as u64))
}

fn type_bits(name: &str) -> u8 {
    match name {
        "null" => NULL,
        "boolean" => BOOLEAN,
        "integer" => INTEGER,
        "number" => NUMBER,
        "string" => STRING,
        "array" => ARRAY,
        "object" => OBJECT,
        // OpenAPI 2 had `file`; whatever it is, it is not nothing.
        _ => ANY,
    }
}

pub(super) fn type_of(value: &Value) -> u8 {
    match value {
        Value::Null => NULL,
        Value::Bool(_) => BOOLEAN,
        Value::Number(it) if it.as_f64().is_some_and(|it| it.fract() == 0.0) => INTEGER,
        Value::Number(_) => FRACTION,
        Value::String(_) => STRING,
        Value::Array(_) => ARRAY,
        Value::Object(_) => OBJECT,
    }
}

/// Equality in which `1` and `1.0` are one number.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

fn restrict(shape: &mut Shape<'_>, values: &[Value]) {
    shape.values = Some(match shape.values.take() {
        None => values.to_vec(),
        Some(old) => old
            .into_iter()
            .filter(|it| values.iter().any(|other| same(it, other)))
            .collect(),
    });
}

fn bound(shape: &mut Shape<'_>, low: bool, new: Bound) {
    let old = if low { &mut shape.low } else { &mut shape.high };
    let tighter = old.is_none_or(|it| {
        if it.at == new.at {
            new.exclusive
        } else {
            (new.at > it.at) == low
        }
    });
    if tighter {
        *old = Some(new);
    }
}

fn format(shape: &mut Shape<'_>, name: &str) {
    // A hint for forms, not for values; and what every JSON number is.
    if !matches!(name, "password" | "double" | "int64") {
        shape.formats.insert(name.to_owned());
    }
}

fn arrays<'a>(shape: &mut Shape<'a>, place: &Place<'a>) {
    let mut prefix: Vec<Node<'a>> = list(place, "prefixItems")
        .into_iter()
        .map(Node::one)
        .collect();
    let mut items = place.raw_member("items").map(Node::one).unwrap_or_default();
    let old_tuple = list(place, "items");
    if !old_tuple.is_empty() {
        prefix = old_tuple.into_iter().map(Node::one).collect();
        items = Node::default();
    }
    let length = prefix.len().max(shape.prefix.len());
    let joined = (0..length)
        .map(|index| {
            shape
                .item(index)
                .clone()
                .and(prefix.get(index).unwrap_or(&items))
        })
        .collect();
    shape.prefix = joined;
    shape.items = std::mem::take(&mut shape.items).and(&items);
}

fn objects<'a>(shape: &mut Shape<'a>, place: &Place<'a>) {
    let additional = place.raw_member("additionalProperties");
    shape.additional_stated |= additional.is_some();
    let additional = additional.map(Node::one).unwrap_or_default();
    let mut own: BTreeMap<String, Node<'a>> = BTreeMap::new();
    if let Some(Value::Object(map)) = place.value.get("properties") {
        for (name, value) in map {
            let pointer = format!("{}/properties/{}", place.pointer, escape(name));
            own.insert(name.clone(), Node(vec![Place { pointer, value }]));
        }
    }
    if let Some(Value::Object(map)) = place.value.get("patternProperties") {
        for (pattern, value) in map {
            let pointer = format!("{}/patternProperties/{}", place.pointer, escape(pattern));
            let node = shape.by_pattern.remove(pattern).unwrap_or_default();
            let node = node.and(&Node::one(Place { pointer, value }));
            shape.by_pattern.insert(pattern.clone(), node);
        }
    }
    let names: BTreeSet<String> = own.keys().chain(shape.properties.keys()).cloned().collect();
    for name in names {
        let here = own.get(&name).unwrap_or(&additional);
        let there = shape
            .properties
            .get(&name)
            .unwrap_or(&shape.additional)
            .clone();
        shape.properties.insert(name, there.and(here));
    }
    shape.additional = std::mem::take(&mut shape.additional).and(&additional);
}

/// Whether a value keeps the constraints that need no other schema.
pub(super) fn admits_plainly(shape: &Shape<'_>, value: &Value) -> bool {
    let bits = type_of(value);
    if shape.types & bits == 0 {
        return false;
    }
    if let Some(values) = &shape.values
        && !values.iter().any(|it| same(it, value))
    {
        return false;
    }
    match value {
        Value::Number(number) => {
            let it = number.as_f64().unwrap_or(0.0);
            shape
                .low
                .is_none_or(|low| it > low.at || (it == low.at && !low.exclusive))
                && shape
                    .high
                    .is_none_or(|high| it < high.at || (it == high.at && !high.exclusive))
                && shape.multiples.iter().all(|by| divides(*by, it))
        }
        Value::String(text) => {
            let length = text.chars().count() as u64;
            length >= shape.sizes[0].0
                && shape.sizes[0].1.is_none_or(|max| length <= max)
                && shape.patterns.iter().all(|pattern| {
                    super::pattern::within(&format!("^{}$", quote(text)), pattern) != Some(false)
                })
        }
        _ => true,
    }
}

pub(super) fn divides(by: f64, value: f64) -> bool {
    let times = value / by;
    (times - times.round()).abs() < 1e-9
}

fn quote(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Puts alternatives of different types together: constraints of one type say
/// nothing of another, so the conjunction of both is their union.
fn join(shapes: &mut Vec<Shape<'_>>) {
    let mut index = 0;
    while index < shapes.len() {
        let mut other = index + 1;
        while other < shapes.len() {
            if joinable(&shapes[index], &shapes[other]) {
                let from = shapes.remove(other);
                merge(&mut shapes[index], from);
            } else {
                other += 1;
            }
        }
        index += 1;
    }
}

fn joinable(a: &Shape<'_>, b: &Shape<'_>) -> bool {
    let plain = |it: &Shape<'_>| it.others.is_empty() && it.nots.is_empty();
    let finite = |it: &Shape<'_>| it.values.is_some() || it.types == NULL;
    if !plain(a) || !plain(b) {
        return false;
    }
    if finite(a) && finite(b) && (a.values.is_some() || b.values.is_some()) {
        return true;
    }
    a.values.is_none()
        && b.values.is_none()
        && a.types & b.types == 0
        // A format belongs to texts and numbers alike.
        && (a.formats.is_empty() || b.types & (STRING | NUMBER) == 0)
        && (b.formats.is_empty() || a.types & (STRING | NUMBER) == 0)
        && (a.types & NUMBER == 0 || b.types & NUMBER == 0)
}

fn merge<'a>(into: &mut Shape<'a>, from: Shape<'a>) {
    if into.values.is_some() || from.values.is_some() {
        let mut values = into.values.take().unwrap_or_else(|| vec![Value::Null]);
        for value in from.values.unwrap_or_else(|| vec![Value::Null]) {
            if !values.iter().any(|it| same(it, &value)) {
                values.push(value);
            }
        }
        into.types |= from.types;
        into.values = Some(values);
        return;
    }
    for (index, bit) in [STRING, ARRAY, OBJECT].into_iter().enumerate() {
        if from.types & bit != 0 {
            into.sizes[index] = from.sizes[index];
        }
    }
    if from.types & NUMBER != 0 {
        into.low = from.low;
        into.high = from.high;
        into.multiples = from.multiples;
    }
    into.formats.extend(from.formats);
    if from.types & STRING != 0 {
        into.patterns = from.patterns;
    }
    if from.types & ARRAY != 0 {
        into.unique = from.unique;
        into.prefix = from.prefix;
        into.items = from.items;
    }
    if from.types & OBJECT != 0 {
        into.properties = from.properties;
        into.required = from.required;
        into.additional = from.additional;
        into.additional_stated = from.additional_stated;
        into.by_pattern = from.by_pattern;
    }
    if into.types == NULL {
        into.label = from.label;
    }
    into.types |= from.types;
}
