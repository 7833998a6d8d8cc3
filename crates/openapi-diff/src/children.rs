//! Schemas that are told apart by a discriminator without standing in a union.
//!
//! A schema can have a discriminator, and others extend it by `allOf`: where it is used,
//! each of them can stand (OpenAPI 3.1, section 4.8.25.3).

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::document::Document;
use super::places::escape;

/// The schemas that extend others whose values a discriminator tells apart.
#[derive(Debug, Default)]
pub(super) struct Children {
    /// By the pointer of the schema that is extended: their pointers by their names.
    by_parent: HashMap<String, BTreeMap<String, String>>,
}

impl Children {
    pub(super) fn of(document: &Document) -> Self {
        let schemas = document.root.pointer("/components/schemas");
        let schemas = schemas.and_then(Value::as_object);
        let mut by_parent: HashMap<String, BTreeMap<String, String>> = HashMap::new();
        let mut todo = Vec::new();
        for (name, schema) in schemas.into_iter().flatten() {
            let pointer = format!("/components/schemas/{}", escape(name));
            let parts = schema.get("allOf").and_then(Value::as_array);
            for part in parts.into_iter().flatten() {
                let reference = part.get("$ref").and_then(Value::as_str);
                let parent = reference.and_then(|reference| document.target(reference));
                if let Some(parent) = parent.filter(|parent| *parent != pointer) {
                    let children = by_parent.entry(parent).or_default();
                    children.insert(name.clone(), pointer.clone());
                }
            }
            if tells_children_apart(schema) {
                todo.push(pointer);
            }
        }
        // What extends a schema that is told apart so is itself, with what extends that.
        let mut is_told_apart = HashSet::new();
        while let Some(parent) = todo.pop() {
            if is_told_apart.insert(parent.clone()) {
                let children = by_parent.entry(parent).or_default();
                todo.extend(children.values().cloned());
            }
        }
        by_parent.retain(|parent, _| is_told_apart.contains(parent));
        Self { by_parent }
    }

    /// The schemas that may stand for the one at a pointer: their pointers by their names.
    pub(super) fn at(&self, parent: &str) -> Option<&BTreeMap<String, String>> {
        self.by_parent.get(parent)
    }
}

/// Returns whether a schema has a discriminator, and no union that it belongs to.
fn tells_children_apart(schema: &Value) -> bool {
    schema.get("discriminator").is_some_and(Value::is_object)
        && schema.get("oneOf").is_none()
        && schema.get("anyOf").is_none()
}
