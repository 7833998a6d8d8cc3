//! Properties that no schema declares, where the schemas are open to more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::reference::escape;
use crate::reference::follow;
use crate::verify::problem::{Problem, told_once};

/// More schemas or values than this below one another are not looked at.
const MAX_DEPTH: usize = 24;

/// Keywords with which a schema says itself what it takes besides its properties.
const SAYS: [&str; 4] = [
    "additionalProperties",
    "unevaluatedProperties",
    "patternProperties",
    "dependentSchemas",
];

/// What all schemas of one value declare of it.
#[derive(Default)]
struct Declared<'a> {
    properties: BTreeMap<&'a str, Vec<&'a Value>>,
    items: Vec<&'a Value>,
    says_what_else: bool,
    /// The schemas that were looked at, which ends circles among them.
    seen: BTreeSet<*const Value>,
}

/// The properties in a value that none of its schemas declares, and that none of them
/// speaks of. `pointer` is the place of the schema.
pub(crate) fn undeclared(root: &Value, pointer: &str, value: &Value) -> Vec<Problem> {
    let mut found = Vec::new();
    if let Some(schema) = root.pointer(pointer) {
        visit(root, &[schema], value, "", pointer, 0, &mut found);
    }
    told_once(found)
}

fn visit(
    root: &Value,
    schemas: &[&Value],
    value: &Value,
    at: &str,
    schema: &str,
    depth: usize,
    found: &mut Vec<Problem>,
) {
    if depth > MAX_DEPTH {
        return;
    }
    let mut declared = Declared::default();
    for stated in schemas {
        declared.gather(root, stated);
    }
    match value {
        Value::Object(members) => {
            // An object without properties is data of any form.
            let is_open = declared.says_what_else || declared.properties.is_empty();
            for (name, member) in members {
                let at = format!("{at}/{}", escape(name));
                match declared.properties.get(name.as_str()) {
                    Some(below) => visit(root, below, member, &at, schema, depth + 1, found),
                    None if is_open => {}
                    None => found.push(Problem {
                        kind: "undeclared-property",
                        pointer: at,
                        schema: schema.to_owned(),
                        message: "is not declared in the contract, which leaves that open"
                            .to_owned(),
                    }),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let at = format!("{at}/{index}");
                visit(root, &declared.items, item, &at, schema, depth + 1, found);
            }
        }
        _ => {}
    }
}

impl<'a> Declared<'a> {
    fn gather(&mut self, root: &'a Value, schema: &'a Value) {
        if !self.seen.insert(std::ptr::from_ref(schema)) {
            return;
        }
        let target = follow(root, schema);
        if !std::ptr::eq(target, schema) {
            self.gather(root, target);
        }
        self.says_what_else |= SAYS.iter().any(|keyword| schema.get(keyword).is_some());
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            self.properties.entry(name).or_default().push(property);
        }
        self.items.extend(schema.get("items"));
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for part in schema[keyword].as_array().into_iter().flatten() {
                self.gather(root, part);
            }
        }
        for keyword in ["if", "then", "else"] {
            if let Some(part) = schema.get(keyword) {
                self.gather(root, part);
            }
        }
    }
}
