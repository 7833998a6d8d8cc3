//! Any OpenAPI document in the few forms that the reading of ours understands.
//!
//! Whatever says the same to a client is written in one way: extension by `allOf` and
//! unions of objects as one object, objects that stand where they are used as components,
//! JSON as `application/json`. What has no such form stays as it is. Each schema that
//! moves keeps where it stood under [`PLACE`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::json_schema::PLACE;
use crate::reference::escape;

const FORM: &str = "multipart/form-data";
const PREFIX: &str = "#/components/schemas/";

/// A part of a schema as it stands in the document, until it is rewritten, and what an
/// object is called that stands there.
const RAW: &str = "x-raw";
const LABEL: &str = "x-label";

/// Extension deeper than this is left as it is, and so differs from every proto.
const MAX_DEPTH: usize = 64;

/// How often schemas are made that are in a circle. Each is made anew for each schema that
/// leads into the circle; beyond this the first that was made is taken.
const MAX_IN_CIRCLES: usize = 10_000;

/// What is said of a use of a schema and not of the schema.
const OF_THE_USE: [&str; 3] = ["deprecated", "readOnly", "writeOnly"];

/// The keywords beside a reference that change nothing of what it refers to.
const ANNOTATIONS: [&str; 11] = [
    "$comment",
    "default",
    "deprecated",
    "description",
    "example",
    "examples",
    "externalDocs",
    "nullable",
    "readOnly",
    "title",
    "writeOnly",
];

/// Rewrites the schemas and the content of a document.
pub(super) fn plain(document: &mut Value) {
    let stated = document["components"]["schemas"].as_object().cloned();
    let mut schemas = Plain {
        taken: stated.iter().flat_map(Map::keys).cloned().collect(),
        named: stated.unwrap_or_default(),
        flat: BTreeMap::new(),
        within: Vec::new(),
        met_again: None,
        in_circles: 0,
        moved: Map::new(),
        moved_from: BTreeMap::new(),
        unfinished: Vec::new(),
    };
    for (key, value) in document.as_object_mut().into_iter().flatten() {
        match (key.as_str(), value) {
            ("paths", value) => schemas.walk(value, "/paths", "the API"),
            ("components", Value::Object(sections)) => {
                for (section, members) in sections {
                    for (name, member) in members.as_object_mut().into_iter().flatten() {
                        let pointer = format!("/components/{section}/{}", escape(name));
                        if section != "schemas" {
                            schemas.walk(member, &pointer, name);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let all = schemas.into_components();
    if !all.is_empty() {
        document["components"]["schemas"] = all.into();
    }
}

struct Plain {
    named: Map<String, Value>,
    /// Named schemas without `allOf` and unions, made once.
    flat: BTreeMap<String, Value>,
    /// The named schemas that are being made.
    within: Vec<String>,
    /// Of those, the outermost that was met again since the last that was made whole.
    met_again: Option<usize>,
    /// How many were made without what they have of a circle.
    in_circles: usize,
    /// Objects that stood where they are used, by their new names.
    moved: Map<String, Value>,
    /// The new names by where the objects stood.
    moved_from: BTreeMap<String, String>,
    /// Those of the new names whose properties are still [`RAW`].
    unfinished: Vec<String>,
    taken: BTreeSet<String>,
}

impl Plain {
    /// Rewrites what stands outside of schemas. `label` is what an object that stands here
    /// is called.
    fn walk(&mut self, value: &mut Value, pointer: &str, label: &str) {
        match value {
            Value::Object(members) => {
                // What stands elsewhere has been put here.
                let moved = members.remove(PLACE);
                let pointer = moved.as_ref().and_then(Value::as_str).unwrap_or(pointer);
                let label = match members.get("operationId").and_then(Value::as_str) {
                    Some(id) => id.to_owned(),
                    None => label.to_owned(),
                };
                if let Some(Value::Object(content)) = members.get_mut("content") {
                    keep_json(content);
                    if let Some(form) = content.get_mut(FORM) {
                        self.file(form);
                    }
                }
                for (key, member) in members {
                    let pointer = format!("{pointer}/{}", escape(key));
                    match key.as_str() {
                        "example" | "examples" | "callbacks" | "links" | FORM => {}
                        _ if key.starts_with("x-") => {}
                        "schema" => *member = self.used(member, &pointer, &label),
                        "requestBody" => self.walk(member, &pointer, &format!("{label} body")),
                        "responses" => self.walk(member, &pointer, &format!("{label} reply")),
                        _ => self.walk(member, &pointer, &label),
                    }
                }
            }
            Value::Array(items) => {
                for (number, item) in items.iter_mut().enumerate() {
                    self.walk(item, &format!("{pointer}/{number}"), label);
                }
            }
            _ => {}
        }
    }

    /// Says of the files of a form that they are files as 3.1 does.
    fn file(&self, form: &mut Value) {
        if let Some(name) = self.reference(&form["schema"]) {
            form["schema"] = self.named[name].clone();
        }
        let properties = form["schema"]["properties"].as_object_mut();
        for property in properties.into_iter().flat_map(|all| all.values_mut()) {
            let is_file = property["format"] == "binary"
                || property["contentMediaType"].is_string()
                    && property.get("contentEncoding").is_none();
            if is_file {
                *property =
                    json!({"type": "string", "contentMediaType": "application/octet-stream"});
            }
        }
    }

    /// A schema where it is used: a reference for each object, else the schema itself.
    fn used(&mut self, schema: &Value, pointer: &str, label: &str) -> Value {
        let marks = schema.as_object().into_iter().flatten();
        let marks: Map<_, _> = marks
            .filter(|(key, _)| OF_THE_USE.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let mut used = if let Some(name) = self.reference(schema) {
            json!({"$ref": format!("{PREFIX}{name}")})
        } else if let Some(name) = self.moved_from.get(pointer) {
            json!({"$ref": format!("{PREFIX}{name}")})
        } else {
            let mut flat = self.flattened(schema, pointer, label);
            if flat["properties"].is_object() {
                flat[PLACE] = pointer.into();
                json!({"$ref": format!("{PREFIX}{}", self.moved(flat, pointer, label))})
            } else {
                self.finish(&mut flat);
                flat
            }
        };
        if let Some(members) = used.as_object_mut() {
            members.extend(marks);
            members.insert(PLACE.to_owned(), pointer.into());
        }
        used
    }

    /// Rewrites what a schema is made of, after the schema itself.
    fn finish(&mut self, flat: &mut Value) {
        for (keyword, value) in flat.as_object_mut().into_iter().flatten() {
            match (keyword.as_str(), value) {
                ("properties", Value::Object(properties)) => {
                    for property in properties.values_mut() {
                        self.finish_part(property);
                    }
                }
                ("items" | "additionalProperties", part) => self.finish_part(part),
                _ => {}
            }
        }
    }

    fn finish_part(&mut self, part: &mut Value) {
        let taken = part.take();
        *part = match (&taken[RAW], taken[PLACE].as_str(), taken[LABEL].as_str()) {
            (schema, Some(pointer), Some(label)) => self.used(schema, pointer, label),
            _ => taken,
        };
    }

    /// All schemas by their names, those of the document and those that were moved.
    fn into_components(mut self) -> Map<String, Value> {
        let names: Vec<_> = self.named.keys().cloned().collect();
        let mut all = Map::new();
        for name in names {
            let mut flat = self.flat_of(&name);
            self.finish(&mut flat);
            all.insert(name, flat);
        }
        // What is moved can hold more of it, all of which stands in the document.
        while let Some(name) = self.unfinished.pop() {
            if let Some(mut flat) = self.moved.remove(&name) {
                self.finish(&mut flat);
                all.insert(name, flat);
            }
        }
        all
    }

    /// The named object or other schema that this one is, however it says so.
    fn reference<'a>(&self, schema: &'a Value) -> Option<&'a str> {
        let members = schema.as_object()?;
        let mut others = members
            .iter()
            .filter(|(key, _)| !ANNOTATIONS.contains(&key.as_str()) && !key.starts_with("x-"));
        let (keyword, target) = others.next()?;
        if others.next().is_some() {
            return None;
        }
        match keyword.as_str() {
            "$ref" => {
                let name = target.as_str()?.strip_prefix(PREFIX)?;
                self.named.contains_key(name).then_some(name)
            }
            "allOf" | "anyOf" | "oneOf" => match besides_null(target)?.as_slice() {
                [only] => self.reference(only),
                _ => None,
            },
            _ => None,
        }
    }

    fn moved(&mut self, flat: Value, pointer: &str, label: &str) -> String {
        let mut name = label.to_owned();
        let mut number = 1;
        while !self.taken.insert(name.clone()) {
            number += 1;
            name = format!("{label} ({number})");
        }
        self.moved.insert(name.clone(), flat);
        self.moved_from.insert(pointer.to_owned(), name.clone());
        self.unfinished.push(name.clone());
        name
    }

    /// A named schema without `allOf` and unions; null for one that is being made, which
    /// adds nothing to itself.
    fn flat_of(&mut self, name: &str) -> Value {
        if let Some(flat) = self.flat.get(name) {
            return flat.clone();
        }
        if let Some(depth) = self.within.iter().position(|outer| outer == name) {
            self.met_again = Some(self.met_again.map_or(depth, |met| met.min(depth)));
            return Value::Null;
        }
        let depth = self.within.len();
        if depth >= MAX_DEPTH {
            return json!({"$ref": format!("{PREFIX}{name}")});
        }
        let schema = self.named[name].clone();
        self.within.push(name.to_owned());
        let pointer = match schema[PLACE].as_str() {
            Some(moved) => moved.to_owned(),
            None => format!("/components/schemas/{}", escape(name)),
        };
        let mut flat = self.flattened(&schema, &pointer, name);
        self.within.pop();
        if flat.is_null() {
            // It is nothing but itself.
            flat = json!({});
        }
        if let Some(members) = flat.as_object_mut() {
            members.insert(PLACE.to_owned(), pointer.into());
        }
        // One that lacks what an outer schema has is not the same elsewhere.
        let lacks = self.met_again.is_some_and(|met| met < depth);
        if lacks {
            self.in_circles += 1;
        } else {
            self.met_again = None;
        }
        if !lacks || self.in_circles > MAX_IN_CIRCLES {
            self.flat.insert(name.to_owned(), flat.clone());
        }
        flat
    }

    /// A schema without `allOf`, and without unions where one schema says the same.
    /// Null stands for a reference to what is being made.
    fn flattened(&mut self, schema: &Value, pointer: &str, label: &str) -> Value {
        let Value::Object(members) = schema else {
            // `true` and whatever is no schema.
            return json!({});
        };
        let mut flat = Map::new();
        for (keyword, value) in members {
            let below = format!("{pointer}/{keyword}");
            let value = match (keyword.as_str(), value) {
                ("allOf" | "anyOf" | "oneOf" | "$ref" | "nullable", _) => continue,
                ("const", value) => {
                    flat.insert("enum".to_owned(), json!([value]));
                    continue;
                }
                ("properties", Value::Object(properties)) => {
                    let parts = properties.iter().map(|(name, property)| {
                        let pointer = format!("{below}/{}", escape(name));
                        let part = raw(property, &pointer, &format!("{label}.{name}"));
                        (name.clone(), part)
                    });
                    Value::Object(parts.collect())
                }
                ("items", value) => raw(value, &below, label),
                ("additionalProperties", Value::Object(of)) if says_nothing(of) => true.into(),
                ("additionalProperties", Value::Object(_)) => raw(value, &below, label),
                (_, value) => value.clone(),
            };
            flat.insert(keyword.clone(), value);
        }
        if let Some(target) = members.get("$ref").and_then(Value::as_str) {
            let name = target.strip_prefix(PREFIX).unwrap_or_default().to_owned();
            if self.named.contains_key(&name) {
                let target = self.flat_of(&name);
                if target.is_null() && flat.is_empty() {
                    return target;
                }
                extend(&mut flat, target);
            } else {
                flat.insert("$ref".to_owned(), target.into());
            }
        }
        for (number, part) in members.get("allOf").into_iter().flat_map(items).enumerate() {
            let part = self.flattened(part, &format!("{pointer}/allOf/{number}"), label);
            extend(&mut flat, part);
        }
        for keyword in ["anyOf", "oneOf"] {
            let Some(alternatives) = members.get(keyword) else {
                continue;
            };
            let below = format!("{pointer}/{keyword}");
            let read: Vec<_> = besides_null(alternatives)
                .unwrap_or_default()
                .into_iter()
                .enumerate()
                .map(|(number, one)| self.flattened(one, &format!("{below}/{number}"), label))
                .filter(|one| !one.is_null())
                .collect();
            match united(read) {
                Some(union) => extend(&mut flat, union),
                None => {
                    flat.insert(keyword.to_owned(), alternatives.clone());
                }
            }
        }
        typed(&mut flat);
        flat.into()
    }
}

/// Says the type in one way.
fn typed(flat: &mut Map<String, Value>) {
    if let Some(Value::Array(several)) = flat.get("type") {
        let mut others = several.iter().filter(|name| *name != "null");
        if others.next().is_some() && others.next().is_some() {
            // Any value, as far as protos can say.
            flat.remove("type");
            flat.remove("enum");
            flat.remove("properties");
            return;
        }
    }
    let values = flat.get("enum").and_then(Value::as_array);
    let is_text = values.is_some_and(|values| {
        let mut values = values.iter().filter(|value| !value.is_null());
        values.all(Value::is_string)
    });
    if !flat.contains_key("type") {
        let known = [
            ("properties", "object"),
            ("additionalProperties", "object"),
            ("items", "array"),
        ];
        let known = known
            .iter()
            .find(|(keyword, _)| flat.contains_key(*keyword));
        let name = known.map(|(_, name)| *name).or(is_text.then_some("string"));
        flat.extend(name.map(|name| ("type".to_owned(), name.into())));
    }
    if !is_text {
        // Protos list texts only.
        flat.remove("enum");
    }
    let is_object = has_type(flat, "object");
    if is_object {
        match flat.get("additionalProperties") {
            _ if flat.contains_key("properties") => {}
            None => {
                flat.insert("additionalProperties".to_owned(), true.into());
            }
            Some(Value::Bool(false)) => {
                flat.insert("properties".to_owned(), json!({}));
            }
            Some(_) => {}
        }
        if flat.contains_key("properties") {
            flat.insert("type".to_owned(), "object".into());
        }
    }
}

/// A part of a schema that is rewritten when the schema is.
fn raw(schema: &Value, pointer: &str, label: &str) -> Value {
    json!({RAW: schema, PLACE: pointer, LABEL: label})
}

/// Returns whether a schema allows anything.
fn says_nothing(schema: &Map<String, Value>) -> bool {
    schema
        .keys()
        .all(|keyword| ANNOTATIONS.contains(&keyword.as_str()) || keyword.starts_with("x-"))
}

fn has_type(schema: &Map<String, Value>, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        _ => false,
    }
}

/// Adds what another schema says that holds as well.
fn extend(flat: &mut Map<String, Value>, other: Value) {
    let Value::Object(other) = other else { return };
    for (keyword, value) in other {
        match (keyword.as_str(), flat.get_mut(&keyword), value) {
            ("properties", Some(Value::Object(mine)), Value::Object(more)) => {
                for (name, property) in more {
                    mine.entry(name).or_insert(property);
                }
            }
            ("required", Some(Value::Array(mine)), Value::Array(more)) => {
                let more: Vec<_> = more
                    .into_iter()
                    .filter(|name| !mine.contains(name))
                    .collect();
                mine.extend(more);
            }
            // An open part opens nothing that another part closes.
            ("additionalProperties", Some(mine), more) if more == false => *mine = more,
            (_, Some(_), _) => {}
            (_, None, value) => {
                flat.insert(keyword, value);
            }
        }
    }
}

/// One schema for what is any of several: an object that has the properties of each and
/// requires what all require, or a text.
fn united(alternatives: Vec<Value>) -> Option<Value> {
    let mut alternatives = alternatives.into_iter();
    let Value::Object(mut union) = alternatives.next()? else {
        return None;
    };
    for other in alternatives {
        let other = other.as_object()?;
        if union.get("properties").is_some() && other.get("properties").is_some() {
            let required = match (union.get("required"), other.get("required")) {
                (Some(Value::Array(one)), Some(Value::Array(two))) => {
                    let both = one.iter().filter(|name| two.contains(name));
                    both.cloned().collect::<Vec<_>>()
                }
                _ => Vec::new(),
            };
            extend(&mut union, other.clone().into());
            union.insert("required".to_owned(), required.into());
        } else if has_type(&union, "string") && has_type(other, "string") {
            if let (Some(Value::Array(mine)), Some(Value::Array(more))) =
                (union.get_mut("enum"), other.get("enum"))
            {
                mine.extend(more.iter().cloned());
            } else {
                union.remove("enum");
                union.remove("format");
            }
        } else if union.get("type") != other.get("type") || union.get("items").is_some() {
            return None;
        }
    }
    Some(union.into())
}

/// The alternatives that are not null.
fn besides_null(alternatives: &Value) -> Option<Vec<&Value>> {
    let alternatives = alternatives.as_array()?;
    let others = alternatives.iter().filter(|one| one["type"] != "null");
    Some(others.collect())
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Keeps of several media types the one that is JSON, under its plain name.
fn keep_json(content: &mut Map<String, Value>) {
    let json = content.keys().find(|media_type| {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let essence = essence.to_ascii_lowercase();
        essence == "application/json" || essence.ends_with("+json") || essence == "*/*"
    });
    if let Some(media) = json.cloned().and_then(|name| content.remove(&name)) {
        content.clear();
        content.insert("application/json".to_owned(), media);
    }
}
