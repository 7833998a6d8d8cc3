//! The schemas of a document, made ready for requests and for replies.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::{Draft, Registry, Validator};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::schema::{is_marked, properties};
use crate::report::Direction;
use crate::verify::problem::{self, Problem};

/// What schemas call the document.
const URI: &str = "document:///openapi";

/// What needs no encoding in a JSON pointer that is the fragment of a URI.
const POINTER: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The schemas of a document.
pub(crate) struct Schemas<'m> {
    root: &'m Value,
    requests: Side,
    replies: Side,
}

/// The schemas for one direction.
struct Side {
    /// The document, with its schemas as they are in this direction.
    registry: Result<Registry<'static>, String>,
    /// Validators by the places of their schemas. They are made once.
    made: BTreeMap<String, Result<Validator, String>>,
}

impl<'m> Schemas<'m> {
    pub(crate) fn new(root: &'m Value) -> Self {
        Self {
            root,
            requests: Side::new(root, Direction::Request),
            replies: Side::new(root, Direction::Response),
        }
    }

    /// Everything that is wrong with a value by the schema at a place, or else why
    /// that cannot be told.
    pub(crate) fn problems(
        &mut self,
        direction: Direction,
        pointer: &str,
        value: &Value,
    ) -> Result<Vec<Problem>, String> {
        let side = match direction {
            Direction::Request => &mut self.requests,
            Direction::Response => &mut self.replies,
        };
        let Side { registry, made } = side;
        let made = made
            .entry(pointer.to_owned())
            .or_insert_with(|| validator(registry.as_ref().map_err(Clone::clone)?, pointer));
        let validator = made.as_ref().map_err(Clone::clone)?;
        let mut problems = problem::problems(validator, value, &str::to_owned);
        for problem in &mut problems {
            let schema = self.root.pointer(&problem.schema);
            let is_hidden = schema.is_some_and(|schema| is_marked(self.root, schema, "writeOnly"));
            // A schema can refuse everything for reasons of its own.
            if problem.kind == "write-only-property" && !is_hidden {
                problem.kind = "invalid-value";
                "must not be there".clone_into(&mut problem.message);
            }
        }
        Ok(problems)
    }
}

impl Side {
    fn new(root: &Value, direction: Direction) -> Self {
        let mut adapted = root.clone();
        adapt(&mut adapted, root, direction);
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .add(URI, adapted)
            .and_then(jsonschema::RegistryBuilder::prepare);
        Self {
            registry: registry.map_err(|error| error.to_string()),
            made: BTreeMap::new(),
        }
    }
}

fn validator(registry: &Registry<'static>, pointer: &str) -> Result<Validator, String> {
    let fragment = utf8_percent_encode(pointer, POINTER);
    let schema = json!({ "$ref": format!("{URI}#{fragment}") });
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .with_registry(registry)
        .build(&schema)
        .map_err(|error| error.to_string())
}

/// Members of schemas that hold values, not schemas.
const VALUES: [&str; 5] = ["example", "examples", "default", "enum", "const"];

/// Members of schemas that hold schemas by names of any kind.
const BY_NAME: [&str; 5] = [
    "properties",
    "patternProperties",
    "dependentSchemas",
    "$defs",
    "schemas",
];

/// Takes what is write-only out of replies, and the need for what is read-only out of
/// requests.
fn adapt(value: &mut Value, root: &Value, direction: Direction) {
    match value {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| adapt(item, root, direction)),
        Value::Object(_) => {
            let marked = marked(value, root, direction);
            forget(value, &marked);
            if let Some(Value::Array(parts)) = value.get_mut("allOf") {
                for part in parts {
                    forget(part, &marked);
                }
            }
            let Some(members) = value.as_object_mut() else {
                return;
            };
            for (name, member) in members.iter_mut() {
                match member {
                    _ if VALUES.contains(&name.as_str()) => {}
                    Value::Object(named) if BY_NAME.contains(&name.as_str()) => {
                        for (property, schema) in named.iter_mut() {
                            let is_hidden = name == "properties" && marked.contains(property);
                            if is_hidden && direction == Direction::Response {
                                *schema = Value::Bool(false);
                            } else {
                                adapt(schema, root, direction);
                            }
                        }
                    }
                    _ => adapt(member, root, direction),
                }
            }
        }
        _ => {}
    }
}

/// The properties of a schema, or of a part of it, that this direction does not have.
fn marked(schema: &Value, root: &Value, direction: Direction) -> BTreeSet<String> {
    let mark = match direction {
        Direction::Request => "readOnly",
        Direction::Response => "writeOnly",
    };
    let has_some = schema["properties"].is_object() || schema["allOf"].is_array();
    let all = has_some.then(|| properties(root, schema));
    let all = all.into_iter().flatten();
    let marked = all.filter(|(_, property)| is_marked(root, property, mark));
    marked.map(|(name, _)| name).collect()
}

/// Requires some properties no more.
fn forget(schema: &mut Value, names: &BTreeSet<String>) {
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| name.as_str().is_none_or(|name| !names.contains(name)));
    }
}
