//! What the text of a parameter or a header stands for.

use serde_json::Value;

use super::schema::{has_type, resolve};
use crate::reference::follow;

/// More types below one another than this are not looked at.
const MAX_DEPTH: usize = 8;

/// The JSON value that a text stands for by a schema.
pub(crate) fn typed(root: &Value, schema: &Value, text: &str) -> Value {
    let is = |name| takes(root, schema, name, 0);
    if is("array") && !is("string") {
        let items = &resolve(root, schema)["items"];
        // An element that is a list itself has no form.
        return text
            .split(',')
            .map(|item| scalar(root, items, item))
            .collect();
    }
    scalar(root, schema, text)
}

/// The JSON value that a text stands for by a schema that is none of a list.
pub(crate) fn scalar(root: &Value, schema: &Value, text: &str) -> Value {
    let is = |name| takes(root, schema, name, 0);
    match text.parse::<Value>() {
        // Such as `1` among the texts of an enumeration.
        _ if is_option(root, schema, text) => text.into(),
        Ok(value) if value.is_number() && (is("integer") || is("number")) => value,
        Ok(value) if value.is_boolean() && is("boolean") => value,
        _ => text.into(),
    }
}

/// Returns whether a text is among the values of an enumeration, as a text.
fn is_option(root: &Value, schema: &Value, text: &str) -> bool {
    let options = resolve(root, schema)["enum"].as_array();
    options.is_some_and(|options| options.iter().any(|option| option == text))
}

/// Returns whether a type is one of those that a schema has, in any alternative.
fn takes(root: &Value, schema: &Value, name: &str, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    let schema = follow(root, schema);
    if has_type(root, schema, name) {
        return true;
    }
    let parts = ["anyOf", "oneOf", "allOf"].into_iter();
    let mut parts = parts
        .filter_map(|keyword| schema[keyword].as_array())
        .flatten();
    parts.any(|part| takes(root, part, name, depth + 1))
}
