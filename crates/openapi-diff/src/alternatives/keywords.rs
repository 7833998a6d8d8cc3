//! The keywords of one schema, taken into an alternative.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::alternative::{
    ANY, ARRAY, Alternative, BOOLEAN, Bound, Condition, Contains, FOREIGN_DIALECT, INTEGER, NULL,
    NUMBER, Node, OBJECT, STRING, bound, list,
};
use super::exact::Exact;
use super::expand::Expand;
use crate::canonical::ValueSet;
use crate::classes::{followed, said};
use crate::dialect::is_foreign;
use crate::document::{Dialect, Located};
use crate::media::media;
use crate::places::escape;

/// What a condition comes to that does not depend on the value.
enum Decided<'a> {
    Demands(Located<'a>),
    Nothing,
}

impl<'a> Decided<'a> {
    fn of(schema: Option<Located<'a>>) -> Self {
        schema.map_or(Decided::Nothing, Decided::Demands)
    }
}

impl<'a> Expand<'a> {
    pub(super) fn keywords(&self, into: &mut Alternative<'a>, place: &Located<'a>) {
        let Value::Object(map) = place.value else {
            return;
        };
        let old = self.document.dialect == Dialect::V30;
        for (keyword, value) in map {
            match keyword.as_str() {
                "type" => {
                    into.types &= types_of(value);
                }
                "enum" => {
                    if let Value::Array(values) = value {
                        restrict(into, values);
                    }
                }
                "const" => restrict(into, std::slice::from_ref(value)),
                "minimum" | "maximum" => {
                    if let Some(at) = self.exact(place, keyword, value) {
                        let exclusive = old
                            && place.flag(if keyword == "minimum" {
                                "exclusiveMinimum"
                            } else {
                                "exclusiveMaximum"
                            });
                        bound(into, keyword == "minimum", Bound { at, exclusive });
                    }
                }
                "exclusiveMinimum" | "exclusiveMaximum" => {
                    if let Some(at) = self.exact(place, keyword, value) {
                        let bound_ = Bound {
                            at,
                            exclusive: true,
                        };
                        bound(into, keyword == "exclusiveMinimum", bound_);
                    }
                }
                "multipleOf" => {
                    if let Some(by) = value.as_f64()
                        && by > 0.0
                        && !into.multiples.contains(&by)
                    {
                        into.multiples.push(by);
                        into.multiples.sort_by(f64::total_cmp);
                    }
                }
                "format" => {
                    if let Some(name) = value.as_str() {
                        format(into, name);
                    }
                }
                "pattern" => {
                    if let Some(pattern) = value.as_str() {
                        into.patterns.insert(pattern.to_owned());
                    }
                }
                "minLength" | "minItems" | "minProperties" => {
                    let size = &mut into.sizes[size_index(keyword)].0;
                    *size = (*size).max(whole(value).unwrap_or(0));
                }
                "maxLength" | "maxItems" | "maxProperties" => {
                    if let Some(limit) = whole(value) {
                        let size = &mut into.sizes[size_index(keyword)].1;
                        *size = Some(size.map_or(limit, |old| old.min(limit)));
                    }
                }
                "uniqueItems" => into.unique |= value == &Value::Bool(true),
                "required" => {
                    if let Value::Array(names) = value {
                        let names = names.iter().filter_map(Value::as_str);
                        into.required.extend(names.map(str::to_owned));
                    }
                }
                "not" => {
                    if let Some(not) = place.raw_member("not")
                        && self.negated(&not).is_none()
                    {
                        self.rule_out(into, not);
                    }
                }
                "propertyNames" if value.as_object().is_some_and(is_string) => {}
                "propertyNames" => take(&mut into.names, place, keyword),
                "contentSchema" => take(&mut into.content, place, keyword),
                "contains" => into.contains.extend(contains(place)),
                "dependentRequired" | "dependentSchemas" => dependencies(into, place, keyword),
                "if" if self.decided(place).is_none() => into.conditions.extend(condition(place)),
                _ => self.as_written(into, keyword, value),
            }
        }
        arrays(into, place);
        objects(into, place);
    }

    /// Takes in a keyword that is compared as it is written.
    fn as_written(&self, into: &mut Alternative<'a>, keyword: &str, value: &Value) {
        match (keyword, value.as_str()) {
            ("contentEncoding", Some(name)) => encoding(into, name),
            ("contentMediaType", Some(kind)) => {
                add_other(into, "contentMediaType", &media(kind).into());
            }
            ("$dynamicRef", _) => add_other(into, "$dynamicRef", &self.dynamic(value)),
            ("$schema", _) if self.document.dialect == Dialect::V31 && is_foreign(value) => {
                add_other(into, FOREIGN_DIALECT, value);
            }
            _ => {}
        }
    }

    /// A dynamic reference, with the classes of the schemas that it may lead to.
    fn dynamic(&self, reference: &Value) -> Value {
        let Some((classes, side)) = &self.classes else {
            return reference.clone();
        };
        let may_lead_to = self.document.dynamic_targets(reference);
        let mut known: Vec<_> = may_lead_to
            .iter()
            .map(|place| classes.of(*side, std::slice::from_ref(place)))
            .collect();
        known.sort_unstable();
        Value::from(format!("{reference} {known:?}"))
    }

    /// A number with all its digits.
    fn exact(&self, place: &Located<'a>, keyword: &str, value: &Value) -> Option<Exact> {
        let pointer = || format!("{}/{keyword}", place.pointer);
        let digits = self.document.digits(pointer).map(Exact::Whole);
        digits.or_else(|| value.as_number().map(Exact::of))
    }

    /// The schemas that a schema must keep in other words than `allOf`.
    pub(super) fn implied_parts(&self, place: &Located<'a>) -> Vec<Located<'a>> {
        let decided = match self.decided(place) {
            Some(Decided::Demands(schema)) => Some(schema),
            Some(Decided::Nothing) | None => None,
        };
        let mut parts: Vec<_> = decided.into_iter().collect();
        parts.extend(self.doubly_negated(place));
        parts
    }

    /// The schemas that a schema rules out twice.
    pub(super) fn doubly_negated(&self, place: &Located<'a>) -> Vec<Located<'a>> {
        let mut parts = Vec::new();
        if let Some(not) = place.raw_member("not") {
            self.twice_ruled_out(&not, &mut parts);
        }
        parts
    }

    /// What a condition demands of every value, if it is always or never met, or demands
    /// the same either way.
    fn decided(&self, place: &Located<'a>) -> Option<Decided<'a>> {
        let test = followed(self.document, &place.raw_member("if")?);
        let (then, otherwise) = (place.raw_member("then"), place.raw_member("else"));
        match test.value {
            Value::Bool(true) => return Some(Decided::of(then)),
            Value::Bool(false) => return Some(Decided::of(otherwise)),
            Value::Object(map) if said(self.document, map).next().is_none() => {
                return Some(Decided::of(then));
            }
            _ => {}
        }
        let (one, other) = (then?, otherwise?);
        let is_same = followed(self.document, &one).pointer
            == followed(self.document, &other).pointer
            || one.value == other.value;
        is_same.then_some(Decided::Demands(one))
    }

    /// Finds what may not be ruled out: a schema that is nothing but a `not`, or one of
    /// several that are. None of several is each of them.
    fn twice_ruled_out(&self, not: &Located<'a>, parts: &mut Vec<Located<'a>>) {
        if let Some(schema) = self.negated(not) {
            parts.push(schema);
        } else if self.is_any_of(not) {
            for branch in list(not, "anyOf") {
                self.twice_ruled_out(&branch, parts);
            }
        }
    }

    /// The schema in one that is nothing but a `not`.
    fn negated(&self, schema: &Located<'a>) -> Option<Located<'a>> {
        let not = followed(self.document, schema);
        let map = not.value.as_object()?;
        let is_mere = said(self.document, map).eq(["not"]);
        is_mere.then(|| not.raw_member("not")).flatten()
    }

    /// Returns whether a schema is nothing but a union.
    fn is_any_of(&self, schema: &Located<'a>) -> bool {
        let members = schema.value.as_object();
        members.is_some_and(|members| said(self.document, members).eq(["anyOf"]))
    }

    /// Takes away the types of which all values are ruled out; anything else is kept as it
    /// is.
    fn rule_out(&self, into: &mut Alternative<'a>, not: Located<'a>) {
        // Not any of them is none of them.
        if self.is_any_of(&not) {
            for branch in list(&not, "anyOf") {
                if self.negated(&branch).is_none() {
                    self.rule_out(into, branch);
                }
            }
            return;
        }
        let not = Node::one(not);
        // What is ruled out may lead back here.
        if self.looking.replace(true) {
            into.nots.push(not);
            return;
        }
        let alternatives = self.alternatives(&not);
        self.looking.set(false);
        let (plain, other): (Vec<_>, Vec<_>) = alternatives
            .iter()
            .partition(|alternative| alternative.is_of_types());
        for alternative in plain {
            into.types &= !alternative.types;
        }
        if !other.is_empty() {
            into.nots.push(not);
        }
    }
}

/// Adds the schema under a keyword to what is demanded.
fn take<'a>(into: &mut Node<'a>, place: &Located<'a>, keyword: &str) {
    if let Some(schema) = place.raw_member(keyword) {
        *into = std::mem::take(into).and(&Node::one(schema));
    }
}

/// Takes in a keyword that is compared as it is written.
fn add_other(into: &mut Alternative<'_>, keyword: &'static str, value: &Value) {
    let values = into.others.entry(keyword).or_default();
    if !values.contains(value) {
        values.push(value.clone());
    }
}

/// How a text is encoded (RFC 2045, section 6): three names say that it is not.
fn encoding(into: &mut Alternative<'_>, name: &str) {
    let name = name.to_ascii_lowercase();
    if !matches!(name.as_str(), "7bit" | "8bit" | "binary") {
        add_other(into, "contentEncoding", &name.into());
    }
}

fn contains<'a>(place: &Located<'a>) -> Option<Contains<'a>> {
    let count = |keyword| place.value.get(keyword).and_then(whole);
    let all = Contains {
        node: Node::one(place.raw_member("contains")?),
        least: count("minContains").unwrap_or(1),
        most: count("maxContains"),
    };
    (all.least > 0 || all.most.is_some()).then_some(all)
}

fn condition<'a>(place: &Located<'a>) -> Option<Condition<'a>> {
    let part = |keyword| place.raw_member(keyword).map(Node::one).unwrap_or_default();
    let mut all = Condition {
        test: part("if"),
        then: part("then"),
        otherwise: part("else"),
    };
    while let [test] = all.test.0.as_slice()
        && let Some(not) = only(test, "not").and_then(|_| test.raw_member("not"))
    {
        all.test = Node::one(not);
        std::mem::swap(&mut all.then, &mut all.otherwise);
    }
    (!all.then.is_any() || !all.otherwise.is_any()).then_some(all)
}

/// The value of the only keyword of a schema.
fn only<'a>(schema: &Located<'a>, keyword: &str) -> Option<&'a Value> {
    let members = schema.value.as_object()?;
    members.get(keyword).filter(|_| members.len() == 1)
}

/// A dependent schema that only requires properties is a list of them.
fn dependencies<'a>(into: &mut Alternative<'a>, place: &Located<'a>, keyword: &str) {
    let Some(Located {
        pointer,
        value: Value::Object(map),
    }) = place.raw_member(keyword)
    else {
        return;
    };
    for (name, value) in map {
        let required = match value {
            Value::Array(_) => Some(value),
            Value::Object(members) if members.keys().all(|key| key == "required") => {
                members.get("required")
            }
            _ => None,
        };
        if let Some(required) = required {
            let wanted = required.as_array().into_iter().flatten();
            for other in wanted.filter_map(Value::as_str) {
                into.demands.insert((name.clone(), other.to_owned()));
            }
        } else {
            let pointer = format!("{pointer}/{}", escape(name));
            let node = into.dependent.remove(name).unwrap_or_default();
            let node = node.and(&Node::one(Located { pointer, value }));
            into.dependent.insert(name.clone(), node);
        }
    }
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
        .or_else(|| value.as_f64().map(|number| number as u64))
}

fn types_of(value: &Value) -> u8 {
    match value {
        Value::String(name) => type_bits(name),
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .fold(0, |bits, name| bits | type_bits(name)),
        _ => ANY,
    }
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

/// Returns whether a schema says of texts no more than that.
fn is_string(schema: &Map<String, Value>) -> bool {
    schema.len() == 1
        && schema
            .get("type")
            .is_some_and(|types| types_of(types) & STRING != 0)
}

fn restrict(into: &mut Alternative<'_>, values: &[Value]) {
    into.values = Some(match into.values.take() {
        None => values.to_vec(),
        Some(mut old) => {
            let set: ValueSet = values.iter().collect();
            old.retain(|value| set.contains(value));
            old
        }
    });
}

fn format(into: &mut Alternative<'_>, name: &str) {
    match name {
        // How OpenAPI 3.0 writes an encoding.
        "byte" => encoding(into, "base64"),
        // A hint for forms, not for values.
        "password" => {}
        _ => {
            into.formats.insert(name.to_owned());
        }
    }
}

fn arrays<'a>(into: &mut Alternative<'a>, place: &Located<'a>) {
    let mut prefix: Vec<Node<'a>> = list(place, "prefixItems")
        .into_iter()
        .map(Node::one)
        .collect();
    let mut items = place.raw_member("items").map(Node::one).unwrap_or_default();
    into.stated.items |= place.value.get("items").is_some();
    let old_tuple = list(place, "items");
    if !old_tuple.is_empty() {
        prefix = old_tuple.into_iter().map(Node::one).collect();
        items = Node::default();
    }
    let length = prefix.len().max(into.prefix.len());
    let joined = (0..length)
        .map(|index| {
            into.item(index)
                .clone()
                .and(prefix.get(index).unwrap_or(&items))
        })
        .collect();
    into.prefix = joined;
    into.items = std::mem::take(&mut into.items).and(&items);
}

fn objects<'a>(into: &mut Alternative<'a>, place: &Located<'a>) {
    let additional = place.raw_member("additionalProperties");
    into.stated.additional |= additional.is_some();
    let additional = additional.map(Node::one).unwrap_or_default();
    let mut own: BTreeMap<String, Node<'a>> = BTreeMap::new();
    if let Some(Value::Object(map)) = place.value.get("properties") {
        for (name, value) in map {
            let pointer = format!("{}/properties/{}", place.pointer, escape(name));
            own.insert(name.clone(), Node(vec![Located { pointer, value }]));
        }
    }
    let mut patterns: BTreeMap<String, Node<'a>> = BTreeMap::new();
    if let Some(Value::Object(map)) = place.value.get("patternProperties") {
        for (pattern, value) in map {
            let pointer = format!("{}/patternProperties/{}", place.pointer, escape(pattern));
            patterns.insert(pattern.clone(), Node::one(Located { pointer, value }));
        }
    }
    // What one schema calls by a pattern or a name may be undeclared to the other.
    let undeclared = into.additional.clone();
    meet(&mut into.by_pattern, patterns, &undeclared, &additional);
    meet(&mut into.properties, own, &undeclared, &additional);
    into.additional = std::mem::take(&mut into.additional).and(&additional);
}

/// Adds schemas by name to others, where each side has one for the names of the other.
fn meet<'a>(
    into: &mut BTreeMap<String, Node<'a>>,
    own: BTreeMap<String, Node<'a>>,
    undeclared: &Node<'a>,
    additional: &Node<'a>,
) {
    if !additional.0.is_empty() {
        let others = into.iter_mut().filter(|(name, _)| !own.contains_key(*name));
        for (_, node) in others {
            *node = std::mem::take(node).and(additional);
        }
    }
    for (name, here) in own {
        let there = into.remove(&name).unwrap_or_else(|| undeclared.clone());
        into.insert(name, there.and(&here));
    }
}
