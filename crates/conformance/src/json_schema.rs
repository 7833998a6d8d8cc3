//! Reading JSON Schemas (2020-12) into types, for every statement that has
//! them.
//!
//! Only the forms that the API uses are understood. Any other keyword is kept
//! as a rule, and any other form as a kind that no statement shares, so that
//! nothing is overlooked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::api::{Api, Kind, Place, Property, Rules, Shape, Type, Undeclared};
use crate::reference::escape;

/// More references than this in a row are a circle.
const MAX_REFERENCES: usize = 32;

/// Where a schema stood before it was moved, as a JSON pointer.
pub(crate) const PLACE: &str = "x-place";

/// The keywords that are read into something else than a rule, and those that
/// are prose.
const READ_OTHERWISE: [&str; 14] = [
    "$comment",
    "$ref",
    "$schema",
    "additionalProperties",
    "description",
    "enum",
    "example",
    "examples",
    "items",
    "properties",
    "required",
    "title",
    "type",
    PLACE,
];

/// The keywords that are facts of a property. Anywhere else they are rules.
const MARKS: [&str; 3] = ["deprecated", "readOnly", "writeOnly"];

/// Named schemas, which refer to each other.
pub(crate) struct Schemas<'a> {
    /// What a reference begins with, before the name.
    pub(crate) prefix: &'static str,
    pub(crate) named: BTreeMap<&'a str, &'a Value>,
    /// The document, unless this is the contract.
    pub(crate) document: Option<Arc<str>>,
}

/// What is behind references and behind an alternative to null.
struct Resolved<'a> {
    schema: &'a Value,
    name: Option<&'a str>,
    nullable: bool,
}

impl<'a> Schemas<'a> {
    /// Reads every named object, and names those that are not in `reached`.
    pub(crate) fn declare_types(&self, api: &mut Api, reached: &BTreeSet<&str>) {
        for (name, schema) in &self.named {
            let place = self.place(name, None, schema);
            if !reached.contains(name) {
                api.convention(*name, "no operation uses it", place.clone());
            }
            if schema["properties"].is_object() {
                let declared = self.object(name, schema, place, api);
                api.types.insert((*name).to_owned(), declared);
            }
        }
    }

    /// Adds what a value refers to, directly or not, to the names in `reached`.
    pub(crate) fn reach(&self, value: &'a Value, reached: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    match member {
                        Value::String(target) if key == "$ref" => self.reach_name(target, reached),
                        _ if key == "example" || key == "examples" => {}
                        member => self.reach(member, reached),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.reach(item, reached)),
            _ => {}
        }
    }

    fn reach_name(&self, target: &'a str, reached: &mut BTreeSet<&'a str>) {
        if let Some(name) = target.strip_prefix(self.prefix)
            && let Some(schema) = self.named.get(name)
            && reached.insert(name)
        {
            self.reach(schema, reached);
        }
    }

    fn place(&self, name: &str, property: Option<&str>, schema: &Value) -> Place {
        if let (Some(source), Some(pointer)) = (&self.document, schema[PLACE].as_str()) {
            return Place::Document {
                source: source.clone(),
                pointer: pointer.to_owned(),
            };
        }
        match (&self.document, property) {
            (None, None) => Place::Contract(name.to_owned()),
            (None, Some(property)) => Place::Contract(format!("{name}.{property}")),
            (Some(source), property) => {
                let mut pointer = format!("/components/schemas/{}", escape(name));
                if let Some(property) = property {
                    pointer.push_str("/properties/");
                    pointer.push_str(&escape(property));
                }
                Place::Document {
                    source: source.clone(),
                    pointer,
                }
            }
        }
    }

    fn object(&self, name: &str, schema: &Value, place: Place, api: &mut Api) -> Type {
        let mut rules = Rules::new();
        keep_rules(schema, "", &mut rules);
        if schema["type"] != "object" {
            rules.insert("type".to_owned(), schema["type"].clone());
        }
        let undeclared = match schema.get("additionalProperties") {
            None => Undeclared::Ignored,
            Some(Value::Bool(false)) => Undeclared::Rejected,
            Some(Value::Bool(true)) => Undeclared::Kept,
            Some(other) => {
                rules.insert("additionalProperties".to_owned(), other.clone());
                Undeclared::Kept
            }
        };
        let properties = self.properties(schema, |property, schema| {
            self.place(name, Some(property), schema)
        });
        for required in required(schema) {
            if !properties.contains_key(required) {
                let message = format!("it requires {required:?}, which it does not have");
                api.problem(name, message, place.clone());
            }
        }
        Type {
            place,
            view_of: None,
            named: true,
            is_patch: false,
            properties,
            undeclared,
            deprecated: rules.remove("deprecated") == Some(Value::Bool(true)),
            rules: Some(rules),
        }
    }

    /// The properties of an object, or parameters that are stated as one.
    pub(crate) fn properties(
        &self,
        schema: &Value,
        place: impl Fn(&str, &Value) -> Place,
    ) -> BTreeMap<String, Property> {
        let required: Vec<_> = required(schema).collect();
        let members = schema["properties"].as_object();
        let read = members.into_iter().flatten().map(|(name, schema)| {
            let property = Property {
                place: place(name, schema),
                shape: self.unmarked_shape(schema),
                required: required.contains(&name.as_str()),
                read_only: is(schema, "readOnly"),
                write_only: is(schema, "writeOnly"),
                deprecated: is(schema, "deprecated"),
            };
            (name.clone(), property)
        });
        read.collect()
    }

    /// The shape of the schema of this name.
    pub(crate) fn shape_of(&self, name: &str) -> Shape {
        let reference = serde_json::json!({"$ref": format!("{}{name}", self.prefix)});
        self.shape(&reference)
    }

    /// What a schema describes, but for its own marks.
    pub(crate) fn unmarked_shape(&self, schema: &Value) -> Shape {
        let mut shape = self.shape(schema);
        for mark in MARKS {
            if is(schema, mark)
                && let Some(rules) = &mut shape.rules
            {
                rules.remove(mark);
            }
        }
        shape
    }

    /// What a schema describes.
    pub(crate) fn shape(&self, schema: &Value) -> Shape {
        self.shape_within(schema, false)
    }

    fn shape_within(&self, schema: &Value, is_in_map: bool) -> Shape {
        let mut rules = Rules::new();
        let outer = self.resolve(schema, "", &mut rules);
        let list = has_type(outer.schema, "array");
        let inner = if list {
            self.resolve(&outer.schema["items"], "items.", &mut rules)
        } else {
            Resolved { ..outer }
        };
        let kind = if list && has_type(inner.schema, "array") {
            Kind::Other("a list of lists".to_owned())
        } else {
            self.kind(&inner, is_in_map)
        };
        // Objects and enums have their name in their kind.
        let is_plain = !matches!(kind, Kind::Object(_) | Kind::Enum { .. });
        let names = [
            ("$ref", outer.name.filter(|_| list || is_plain)),
            ("items.$ref", inner.name.filter(|_| list && is_plain)),
        ];
        for (keyword, name) in names {
            rules.extend(name.map(|name| (keyword.to_owned(), name.into())));
        }
        Shape {
            nullable: Some(outer.nullable || (!list && kind == Kind::Any)),
            null_elements: list && inner.nullable,
            kind,
            list,
            rules: Some(rules),
        }
    }

    fn resolve<'s>(&'s self, schema: &'s Value, prefix: &str, rules: &mut Rules) -> Resolved<'s> {
        let mut resolved = Resolved {
            schema,
            name: None,
            nullable: false,
        };
        for _ in 0..MAX_REFERENCES {
            let schema = resolved.schema;
            resolved.nullable |= has_type(schema, "null");
            if schema["properties"].is_object() {
                // The rules of an object are those of its type.
                return resolved;
            }
            keep_rules(schema, prefix, rules);
            if let Some(target) = schema["$ref"].as_str() {
                let name = target.strip_prefix(self.prefix);
                let Some((name, schema)) = name.and_then(|name| self.named.get_key_value(name))
                else {
                    return resolved;
                };
                resolved.schema = schema;
                resolved.name = Some(name);
            } else if let Some(other) = besides_null(schema) {
                resolved.schema = other;
                resolved.nullable = true;
                resolved.name = None;
            } else {
                return resolved;
            }
        }
        resolved
    }

    fn kind(&self, resolved: &Resolved<'_>, is_in_map: bool) -> Kind {
        let schema = resolved.schema;
        let other = || Kind::Other(format!("a value of schema {schema}"));
        if schema.get("$ref").is_some() {
            return other();
        }
        if schema.get("type").is_none() {
            return if schema.get("enum").is_none() && schema.get("properties").is_none() {
                Kind::Any
            } else {
                other()
            };
        }
        match only_type(schema) {
            Some("string") => match (schema.get("enum"), schema["format"] == "date-time") {
                (Some(values), false) => match listed(values) {
                    Some(values) => Kind::Enum {
                        name: resolved.name.map(ToOwned::to_owned),
                        values,
                    },
                    None => other(),
                },
                (Some(_), true) => other(),
                (None, true) => Kind::Timestamp,
                (None, false) => Kind::String,
            },
            Some(_) if schema.get("enum").is_some() => other(),
            Some("object") if schema["properties"].is_object() => match resolved.name {
                Some(name) => Kind::Object(name.to_owned()),
                None => other(),
            },
            Some("object") if is(schema, "additionalProperties") => Kind::FreeForm,
            // A map of maps can be one of itself.
            Some("object") if schema["additionalProperties"].is_object() && !is_in_map => {
                Kind::Map(Box::new(
                    self.shape_within(&schema["additionalProperties"], true),
                ))
            }
            Some("boolean") => Kind::Boolean,
            Some("number") => Kind::Number,
            Some("integer") if fits_32_bits(schema) => Kind::Integer,
            Some("integer") => Kind::LongInteger,
            _ => other(),
        }
    }
}

/// `{itemType_id}` is `{item_type_id}` in protos.
pub(crate) fn snake_variables(path: &str) -> String {
    let mut in_variable = false;
    let mut snake = String::new();
    for character in path.chars() {
        match character {
            '{' => in_variable = true,
            '}' => in_variable = false,
            _ => {}
        }
        if in_variable {
            push_snake(character, &mut snake);
        } else {
            snake.push(character);
        }
    }
    snake
}

/// `itemType_id` is `item_type_id` in protos.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::new();
    name.chars()
        .for_each(|character| push_snake(character, &mut snake));
    snake
}

fn push_snake(character: char, snake: &mut String) {
    if character.is_ascii_uppercase() {
        snake.push('_');
    }
    snake.push(character.to_ascii_lowercase());
}

fn is(schema: &Value, mark: &str) -> bool {
    schema[mark] == Value::Bool(true)
}

/// The names that an object requires.
pub(crate) fn required(schema: &Value) -> impl Iterator<Item = &str> {
    let names = schema["required"].as_array();
    names.into_iter().flatten().filter_map(Value::as_str)
}

fn keep_rules(schema: &Value, prefix: &str, rules: &mut Rules) {
    for (keyword, rule) in schema.as_object().into_iter().flatten() {
        let is_read = READ_OTHERWISE.contains(&keyword.as_str())
            || (keyword == "anyOf" && besides_null(schema).is_some())
            || (keyword == "format" && rule == "date-time");
        if !is_read {
            let mut name = format!("{prefix}{keyword}");
            // What stands beside a reference holds together with its target.
            while rules.contains_key(&name) {
                name.push('+');
            }
            rules.insert(name, rule.clone());
        }
    }
}

/// The other one of two alternatives where one is null.
fn besides_null(schema: &Value) -> Option<&Value> {
    match schema["anyOf"].as_array()?.as_slice() {
        [other, null] | [null, other] if null["type"] == "null" => Some(other),
        _ => None,
    }
}

fn has_type(schema: &Value, name: &str) -> bool {
    match &schema["type"] {
        Value::String(only) => only == name,
        Value::Array(several) => several.iter().any(|one| one == name),
        _ => false,
    }
}

/// The one type besides null.
fn only_type(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::String(only) => Some(only),
        Value::Array(several) => {
            let mut others = several.iter().filter(|name| *name != "null");
            let only = others.next()?.as_str();
            others.next().is_none().then_some(only)?
        }
        _ => None,
    }
}

/// The values of an enum, but for null.
fn listed(values: &Value) -> Option<Vec<String>> {
    let values = values.as_array()?.iter().filter(|value| !value.is_null());
    values
        .map(|value| value.as_str().map(ToOwned::to_owned))
        .collect()
}

fn fits_32_bits(schema: &Value) -> bool {
    let fits = |bound: &str| {
        schema[bound]
            .as_i64()
            .is_some_and(|limit| i32::try_from(limit).is_ok())
    };
    fits("minimum") && fits("maximum")
}
