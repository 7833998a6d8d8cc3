//! Which schemas of two documents surely admit the same values.
//!
//! Schemas are put into classes by what they are written as, and by the classes of
//! the schemas in them: the coarsest partition in which schemas of one class differ
//! in nothing that a comparison looks at. Order, names, descriptions, unknown keys
//! and references as such never matter. That is cheap, whatever the schemas hold,
//! and leaves the comparison with what has changed and what holds it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::canonical::canonical;
use super::children::Children;
use super::dialect::is_foreign;
use super::document::{Dialect, Document, Located};
use super::places::{Kind, holds_schemas, within};

/// The class of a schema.
pub(super) type Class = u32;

/// Something for each schema of a document, by the address of its value. Pointers would take
/// much more room.
type ByAddress<T> = HashMap<usize, T>;

fn address(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
}

/// The class of every schema in two documents.
#[derive(Debug, Default)]
pub(super) struct Classes {
    base: ByAddress<Class>,
    revision: ByAddress<Class>,
    /// The class of schemas that admit everything and say nothing else.
    any: Option<Class>,
    base_children: Children,
    revision_children: Children,
}

/// Which of the two documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Side {
    Base,
    Revision,
}

/// Keywords whose value alone says what they mean.
const KEYWORDS: [&str; 32] = [
    "$dynamicRef",
    "const",
    "contentEncoding",
    "contentMediaType",
    "default",
    "dependentRequired",
    "deprecated",
    "discriminator",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "nullable",
    "pattern",
    "readOnly",
    "required",
    "type",
    "uniqueItems",
    "writeOnly",
    "x-extensible-enum",
    "xml",
];

/// Keywords whose list of schemas has no order.
const UNORDERED: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// A schema, as far as the partition looks at it.
struct Item {
    /// What it says without the schemas in it.
    own: u32,
    /// The schemas in it: the keyword with the name, and the items.
    inner: Vec<(u32, Vec<usize>)>,
    /// Whether the items of a keyword stand in no order.
    unordered: Vec<bool>,
}

#[derive(Default)]
struct Names(HashMap<String, u32>);

impl Names {
    fn number(&mut self, name: String) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(name).or_insert(next)
    }
}

impl Classes {
    pub(super) fn find(base: &Document, revision: &Document) -> Self {
        let mut names = Names::default();
        let children = [Children::of(base), Children::of(revision)];
        let [base_children, revision_children] = children;
        let (base_places, base_items) = items(base, &base_children, 0, &mut names);
        let first = base_items.len();
        let (revision_places, revision_items) =
            items(revision, &revision_children, first, &mut names);
        let any = names.number(String::new());
        let mut all = base_items;
        all.extend(revision_items);
        let classes = partition(&all);
        let of = |places: ByAddress<usize>| -> ByAddress<Class> {
            let numbered = places.into_iter();
            numbered
                .map(|(address, item)| (address, classes[item]))
                .collect()
        };
        let admits_all = |item: &Item| item.own == any && item.inner.is_empty();
        Classes {
            any: all.iter().position(admits_all).map(|item| classes[item]),
            base: of(base_places),
            revision: of(revision_places),
            base_children,
            revision_children,
        }
    }

    /// The schemas that extend others and may stand for them.
    pub(super) fn children(&self, side: Side) -> &Children {
        match side {
            Side::Base => &self.base_children,
            Side::Revision => &self.revision_children,
        }
    }

    /// Returns whether old schemas that hold together surely differ in nothing from new ones.
    pub(super) fn are_same(&self, old: &[Located<'_>], new: &[Located<'_>]) -> bool {
        if let ([old], [new]) = (old, new) {
            let old = self.base.get(&address(old.value));
            return old.is_some() && old == self.revision.get(&address(new.value));
        }
        let old = self.of(Side::Base, old);
        old.is_some() && old == self.of(Side::Revision, new)
    }

    /// The classes of schemas that hold together; none for those that admit everything.
    pub(super) fn of(&self, side: Side, places: &[Located<'_>]) -> Option<Vec<Class>> {
        let known = match side {
            Side::Base => &self.base,
            Side::Revision => &self.revision,
        };
        let mut classes = BTreeSet::new();
        for place in places {
            let class = *known.get(&address(place.value))?;
            if Some(class) != self.any {
                classes.insert(class);
            }
        }
        Some(classes.into_iter().collect())
    }
}

/// The schemas of a document, by their addresses. Those that stand for others are these.
fn items(
    document: &Document,
    children: &Children,
    first: usize,
    names: &mut Names,
) -> (ByAddress<usize>, Vec<Item>) {
    let mut numbers: ByAddress<usize> = HashMap::new();
    let mut places: Vec<(&str, &Value)> = Vec::new();
    let schemas = document.schemas();
    for pointer in &schemas {
        if let Some(value) = document.root.pointer(pointer)
            && stands_for(document, pointer, value).is_none()
        {
            numbers.insert(address(value), first + places.len());
            places.push((pointer, value));
        }
    }
    let resolved = |pointer: &str, value: &Value| -> Option<usize> {
        // Most stand for nothing else.
        if let Some(number) = numbers.get(&address(value)) {
            return Some(*number);
        }
        let pointer = pointer.to_owned();
        let end = followed(document, &Located { pointer, value });
        numbers.get(&address(end.value)).copied()
    };
    let at = |pointer: &str| resolved(pointer, document.root.pointer(pointer)?);
    let items = places
        .iter()
        .map(|(pointer, value)| {
            let mut item = item(document, pointer, value, &resolved, names);
            // What a discriminator tells apart is meant wherever the schema is.
            for (name, child) in children.at(pointer).into_iter().flatten() {
                if let Some(child) = at(child) {
                    let name = names.number(format!("child {name}"));
                    item.inner.push((name, vec![child]));
                    item.unordered.push(false);
                }
            }
            item
        })
        .collect();
    let places = schemas.iter().filter_map(|pointer| {
        let value = document.root.pointer(pointer)?;
        Some((address(value), resolved(pointer, value)?))
    });
    (places.collect(), items)
}

/// Chains of schemas that stand for others are followed so far.
const MAX_CHAIN: usize = 200;

/// Where the schema is that another only stands for: the one that it refers to, or the
/// only one that it extends.
fn stands_for(document: &Document, pointer: &str, value: &Value) -> Option<String> {
    let Value::Object(map) = value else {
        return None;
    };
    if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
        let is_mere = document.dialect == Dialect::V30
            || said(document, map).all(|keyword| keyword == "$ref");
        return is_mere.then(|| document.target(reference)).flatten();
    }
    let parts = map.get("allOf").and_then(Value::as_array)?;
    (parts.len() == 1 && said(document, map).eq(["allOf"])).then(|| format!("{pointer}/allOf/0"))
}

/// The schema that one stands for in the end, which may be itself.
pub(super) fn followed<'a>(document: &'a Document, place: &Located<'a>) -> Located<'a> {
    let mut at = place.clone();
    for _ in 0..MAX_CHAIN {
        let next = stands_for(document, &at.pointer, at.value);
        let Some(pointer) = next else { break };
        let Some(value) = document.root.pointer(&pointer) else {
            break;
        };
        at = Located { pointer, value };
    }
    at
}

/// The keywords of a schema that say something of values.
pub(super) fn said<'m>(
    document: &'m Document,
    map: &'m Map<String, Value>,
) -> impl Iterator<Item = &'m str> {
    let says_something = |key: &str, value: &Value| {
        key == "$ref" || says(document, map, key, value).is_some() || holds_schemas(key, value)
    };
    map.iter()
        .filter(move |(key, value)| says_something(key, value))
        .map(|(key, _)| key.as_str())
}

fn item(
    document: &Document,
    pointer: &str,
    value: &Value,
    resolved: &impl Fn(&str, &Value) -> Option<usize>,
    names: &mut Names,
) -> Item {
    let mut inner: BTreeMap<(u32, bool), Vec<usize>> = BTreeMap::new();
    let own = match value {
        Value::Object(map) => {
            let said = map.iter().filter_map(|(key, value)| {
                let mut said = says(document, map, key, value)?;
                if let Some(whole) = document.digits(|| format!("{pointer}/{key}")) {
                    // Writing to a string cannot fail.
                    let _ = write!(said, " {whole}");
                }
                Some(said)
            });
            let mut said: BTreeSet<String> = said.collect();
            if is_foreign_schema(document, map) {
                // Nobody knows which keywords say something.
                said.insert(canonical(&without_notes(value)));
            }
            let listed = document.listed_digits(pointer, value);
            said.extend((!listed.is_empty()).then(|| format!("{listed:?}")));
            if let Some(reference) = map.get("$ref").and_then(Value::as_str)
                && let Some(at) = document.target(reference)
                && let Some(value) = document.root.pointer(&at)
                && let Some(target) = resolved(&at, value)
            {
                inner.insert((names.number("$ref".to_owned()), false), vec![target]);
            }
            if let Some(reference) = map.get("$dynamicRef") {
                let targets = document.dynamic_targets(reference).into_iter();
                let targets = targets.filter_map(|place| resolved(&place.pointer, place.value));
                let key = (names.number("$dynamicRef".to_owned()), true);
                inner.insert(key, targets.collect());
            }
            said.into_iter().collect::<Vec<_>>().join("\n")
        }
        Value::Bool(true) => String::new(),
        other => other.to_string(),
    };
    for (at, _, value) in within(Kind::Schema, pointer, value) {
        let Some(target) = resolved(&at, value) else {
            continue;
        };
        let step = at.get(pointer.len() + 1..).unwrap_or_default();
        let (keyword, rest) = step.split_once('/').unwrap_or((step, ""));
        // What is only there to be referred to says nothing.
        if matches!(keyword, "$defs" | "definitions") {
            continue;
        }
        let unordered = UNORDERED.contains(&keyword);
        let name = if unordered {
            keyword.to_owned()
        } else {
            format!("{keyword}/{rest}")
        };
        let key = (names.number(name), unordered);
        inner.entry(key).or_default().push(target);
    }
    Item {
        own: names.number(own),
        unordered: inner.keys().map(|(_, unordered)| *unordered).collect(),
        inner: inner
            .into_iter()
            .map(|((name, _), items)| (name, items))
            .collect(),
    }
}

/// Returns whether a schema is written in a dialect that is not compared.
fn is_foreign_schema(document: &Document, map: &Map<String, Value>) -> bool {
    document.dialect == Dialect::V31
        && (document.foreign_dialect().is_some() || map.get("$schema").is_some_and(is_foreign))
}

/// A value without the texts that only people read.
fn without_notes(value: &Value) -> Value {
    let is_note = |key: &str, value: &Value| {
        value.is_string() && matches!(key, "title" | "description" | "$comment")
    };
    match value {
        Value::Object(map) => {
            let said = map.iter().filter(|(key, value)| !is_note(key, value));
            said.map(|(key, value)| (key.clone(), without_notes(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(without_notes).collect(),
        other => other.clone(),
    }
}

/// What a keyword says, in one spelling; nothing if it could as well be left out.
fn says(
    document: &Document,
    map: &Map<String, Value>,
    keyword: &str,
    value: &Value,
) -> Option<String> {
    if keyword == "$schema" && document.dialect == Dialect::V31 && is_foreign(value) {
        return Some(format!("{keyword} {value}"));
    }
    if !KEYWORDS.contains(&keyword) {
        return None;
    }
    // A flag that is not set could as well be left out; these are no flags.
    if value == &Value::Bool(false) && !matches!(keyword, "const" | "default") {
        return None;
    }
    let old = document.dialect == Dialect::V30;
    if keyword == "nullable" && !old {
        return None;
    }
    let set = |values: &Value| -> String {
        let values = values.as_array().into_iter().flatten();
        let sorted: BTreeSet<String> = values.map(canonical).collect();
        sorted.into_iter().collect::<Vec<_>>().join(",")
    };
    // In OpenAPI 3.0 a type that is nullable is what later is a list with null.
    let nullable = old
        && map.get("nullable") == Some(&Value::Bool(true))
        && map.get("type").is_some_and(Value::is_string)
        && !["enum", "allOf", "anyOf", "oneOf", "not"]
            .iter()
            .any(|keyword| map.contains_key(*keyword));
    let said = match (keyword, value) {
        ("nullable", _) if nullable => return None,
        ("type", Value::String(_)) if nullable => {
            set(&Value::from(vec![value.clone(), "null".into()]))
        }
        ("enum" | "required" | "type", Value::Array(values)) => {
            if values.is_empty() && keyword == "required" {
                return None;
            }
            set(value)
        }
        // Alternatives are selected by their names as well.
        ("discriminator", _) => format!("{} {:?}", canonical(value), names_of_branches(map)),
        _ => canonical(value),
    };
    Some(format!("{keyword} {said}"))
}

/// The names of the schemas that a union refers to.
fn names_of_branches(map: &Map<String, Value>) -> BTreeSet<&str> {
    let unions = ["oneOf", "anyOf"].into_iter();
    let branches = unions.filter_map(|keyword| map.get(keyword)?.as_array());
    let references = branches
        .flatten()
        .filter_map(|branch| branch.get("$ref")?.as_str());
    references
        .filter_map(|text| Some(text.rsplit_once('/')?.1))
        .collect()
}

/// Puts items into classes, and splits the classes until no two items of one class
/// have inner items of different classes. The largest part keeps the number, so
/// that the others are looked at again only as often as their own class is halved.
fn partition(items: &[Item]) -> Vec<Class> {
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    for (index, item) in items.iter().enumerate() {
        for inner in item.inner.iter().flat_map(|(_, inner)| inner) {
            users[*inner].push(index);
        }
    }
    let mut classes: Vec<Class> = vec![0; items.len()];
    // Of each class: how many items it has, and the signature that they share.
    let mut sizes = vec![items.len()];
    let mut shared: Vec<Vec<u32>> = vec![Vec::new()];
    let mut dirty: BTreeSet<usize> = (0..items.len()).collect();
    while !dirty.is_empty() {
        let mut parts: BTreeMap<(Class, Vec<u32>), Vec<usize>> = BTreeMap::new();
        let mut looked_at: HashMap<Class, usize> = HashMap::new();
        for item in std::mem::take(&mut dirty) {
            let key = (classes[item], signature(&items[item], &classes));
            *looked_at.entry(key.0).or_default() += 1;
            parts.entry(key).or_default().push(item);
        }
        // Where every item of a class was looked at, the largest part keeps its number.
        let mut kept: HashMap<Class, (usize, Vec<u32>)> = HashMap::new();
        for ((class, signature), part) in &parts {
            if looked_at[class] == sizes[*class as usize] {
                let largest = kept.entry(*class).or_default();
                if part.len() > largest.0 {
                    *largest = (part.len(), signature.clone());
                }
            }
        }
        for (class, (_, signature)) in kept {
            shared[class as usize] = signature;
        }
        for ((class, signature), part) in parts {
            if shared[class as usize] == signature {
                continue;
            }
            let new = Class::try_from(sizes.len()).unwrap_or(Class::MAX);
            sizes[class as usize] -= part.len();
            sizes.push(part.len());
            shared.push(signature);
            for item in part {
                classes[item] = new;
                dirty.extend(&users[item]);
            }
        }
    }
    classes
}

/// What tells an item from others, as far as the classes go.
fn signature(item: &Item, classes: &[Class]) -> Vec<u32> {
    let mut signature = vec![item.own];
    for ((name, inner), unordered) in item.inner.iter().zip(&item.unordered) {
        let mut inner: Vec<Class> = inner.iter().map(|item| classes[*item]).collect();
        if *unordered {
            inner.sort_unstable();
        }
        signature.push(*name);
        signature.push(u32::try_from(inner.len()).unwrap_or(u32::MAX));
        signature.extend(inner);
    }
    signature
}
