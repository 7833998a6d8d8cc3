//! What a body must look like, to the letter.
//!
//! The contract leaves a reply open, so that clients of today read the replies
//! of tomorrow. A verification wants the opposite: nothing but what is
//! declared. The strict schema follows from the published one: an object that
//! declares properties has no others, what is write-only is not there, and what
//! every reply has is. An object that the contract itself leaves open, such as
//! free-form data, stays open.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use contract::error::ErrorBody;
use contract::operation::{OperationInfo, ReplyBody};
use contract::published::of_a_reply;
use contract::schema::{Definitions, Described as _, SchemaDocument};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::problem::{self, Problem};

/// A schema in force.
pub(crate) struct Strict {
    validator: Validator,
}

/// What a schema is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Purpose {
    /// The document as it is published.
    AsIs,
    /// One value in a reply.
    Reply,
    /// A list in a reply.
    List,
    /// A list in a reply, of resources that can lack anything.
    PartialList,
}

/// How much of a reply an exchange shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shown {
    /// What was sent.
    #[default]
    Whole,
    /// What a person left of it, as references do in their examples.
    Abbreviated,
}

impl Strict {
    fn new(document: &SchemaDocument, purpose: Purpose, shown: Shown) -> Self {
        let mut definitions = document.definitions.clone();
        if purpose != Purpose::AsIs {
            let schemas = definitions.values_mut();
            schemas.for_each(|schema| tighten(schema, shown));
        }
        if purpose == Purpose::PartialList
            && let Some(Value::Object(root)) = definitions.get_mut(&document.name)
        {
            root.shift_remove("required");
        }
        let root = json!({ "$ref": format!("#/$defs/{}", document.name) });
        let mut schema = match purpose {
            Purpose::List | Purpose::PartialList => json!({ "type": "array", "items": root }),
            Purpose::AsIs | Purpose::Reply => root,
        };
        schema["$defs"] = json!(definitions);
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&schema)
            // Depends on nothing but the types of the contract, all of which the tests compile.
            .unwrap_or_else(|error| panic!("{} is not a valid schema: {error}", document.name));
        Self { validator }
    }

    /// Everything that is wrong with a value.
    pub(crate) fn problems(&self, value: &Value) -> Vec<Problem> {
        problem::problems(&self.validator, value, &published)
    }
}

type Cache = Mutex<BTreeMap<(String, Purpose, Shown), &'static Strict>>;

/// Schemas are made once. There are as many as types in the contract.
fn cached(document: &SchemaDocument, purpose: Purpose, shown: Shown) -> &'static Strict {
    static CACHE: LazyLock<Cache> = LazyLock::new(Cache::default);
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    cache
        .entry((document.name.clone(), purpose, shown))
        .or_insert_with(|| Box::leak(Box::new(Strict::new(document, purpose, shown))))
}

/// The schema of the reply to an operation. `partial` tells that the request
/// selected properties, so that none is missing.
pub(crate) fn reply(
    operation: &OperationInfo,
    partial: bool,
    shown: Shown,
) -> Option<&'static Strict> {
    let (of, purpose) = match operation.reply.body {
        ReplyBody::None => return None,
        ReplyBody::One(of) => (of, Purpose::Reply),
        ReplyBody::List(of) if partial => (of, Purpose::PartialList),
        ReplyBody::List(of) => (of, Purpose::List),
    };
    Some(cached(&of.views().read, purpose, shown))
}

/// The schema of the body of every error.
pub(crate) fn error(shown: Shown) -> &'static Strict {
    cached(&ErrorBody::views().read, Purpose::Reply, shown)
}

/// A schema of a request, which is closed as published.
pub(crate) fn request(document: &SchemaDocument) -> &'static Strict {
    cached(document, Purpose::AsIs, Shown::Whole)
}

/// Closes objects and takes write-only properties away. Of a reply that is shown whole it
/// requires what every reply has, and allows null only where a reply may have it.
fn tighten(schema: &mut Value, shown: Shown) {
    let mut hidden = Vec::new();
    if let Some(properties) = schema["properties"].as_object() {
        let all = properties.iter();
        let write_only = all.filter(|(_, property)| property["writeOnly"] == true);
        hidden.extend(write_only.map(|(name, _)| name.clone()));
        if shown == Shown::Whole {
            of_a_reply(schema, false);
        }
    }
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        let all = properties.values_mut();
        all.for_each(|property| tighten(property, shown));
        // What nothing fits is told apart from what is not declared.
        let never = hidden.iter().map(|name| (name.clone(), Value::Bool(false)));
        properties.extend(never);
        members
            .entry("additionalProperties")
            .or_insert(Value::Bool(false));
    }
    if let Some(Value::Array(required)) = members.get_mut("required") {
        required.retain(|name| !hidden.iter().any(|hidden| name == hidden.as_str()));
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(below) = members.get_mut(keyword) {
            tighten(below, shown);
        }
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(alternatives)) = members.get_mut(keyword) {
            let all = alternatives.iter_mut();
            all.for_each(|alternative| tighten(alternative, shown));
        }
    }
}

/// The place in the OpenAPI document of a place in a strict schema.
fn published(pointer: &str) -> String {
    pointer.strip_prefix("/$defs/").map_or_else(
        || "/components/schemas".to_owned(),
        |rest| format!("/components/schemas/{rest}"),
    )
}

/// What a walk along a schema meets.
pub(crate) trait Visit {
    /// A declared property, such as `User.settings`.
    fn property(&mut self, name: &str);
    /// A value of an enum, such as `owner` of `Role`.
    fn enum_value(&mut self, name: &str, value: &str);
}

/// Visits every property and enum value of a type, or with a `value` those
/// that it shows.
pub(crate) fn walk(document: &SchemaDocument, value: Option<&Value>, visit: &mut impl Visit) {
    let mut walker = Walker {
        definitions: &document.definitions,
        below: Vec::new(),
    };
    walker.walk(document.root(), &document.name, value, visit);
}

struct Walker<'a> {
    definitions: &'a Definitions,
    /// The types on the way, which end the walk of a type that contains itself.
    below: Vec<&'a str>,
}

impl<'a> Walker<'a> {
    fn walk(
        &mut self,
        schema: &'a Value,
        name: &str,
        value: Option<&Value>,
        visit: &mut impl Visit,
    ) {
        if let Some(target) = schema["$ref"]
            .as_str()
            .and_then(|reference| reference.strip_prefix("#/$defs/"))
        {
            let recursive = value.is_none() && self.below.contains(&target);
            if let Some(definition) = self.definitions.get(target)
                && !recursive
            {
                self.below.push(target);
                self.walk(definition, target, value, visit);
                self.below.pop();
            }
            return;
        }
        for keyword in ["anyOf", "oneOf", "allOf"] {
            for alternative in schema[keyword].as_array().into_iter().flatten() {
                self.walk(alternative, name, value, visit);
            }
        }
        for option in schema["enum"].as_array().into_iter().flatten() {
            if let Some(text) = option.as_str()
                && value.is_none_or(|value| value == option)
            {
                visit.enum_value(name, text);
            }
        }
        let empty = Map::new();
        let members = value.map(|value| value.as_object().unwrap_or(&empty));
        for (property, below) in schema["properties"].as_object().into_iter().flatten() {
            let value = match members {
                None => None,
                Some(members) => match members.get(property) {
                    None => continue,
                    found => found,
                },
            };
            if below["writeOnly"] == true {
                continue;
            }
            let name = format!("{name}.{property}");
            visit.property(&name);
            self.walk(below, &name, value, visit);
        }
        let Some(items) = schema.get("items") else {
            return;
        };
        match value {
            None => self.walk(items, name, None, visit),
            Some(list) => {
                for item in list.as_array().into_iter().flatten() {
                    self.walk(items, name, Some(item), visit);
                }
            }
        }
    }
}
