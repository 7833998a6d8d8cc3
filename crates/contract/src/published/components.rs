//! The named schemas of a document.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Every mark of the types, none of which is published.
const MARKS: [&str; 4] = ["x-always", "x-may-be-null", "x-told-apart", "x-of"];

/// What a reference to a schema begins with.
const PREFIX: &str = "#/components/schemas/";

/// A schema that refers to the one of this name.
pub(super) fn reference(name: &str) -> Value {
    serde_json::json!({ "$ref": format!("{PREFIX}{name}") })
}

/// The name of the schema that a reference leads to.
pub(super) fn name_of(reference: &Value) -> Option<&str> {
    reference["$ref"].as_str()?.strip_prefix(PREFIX)
}

/// The name of the schema that a property is of, or of the one beside null.
pub(super) fn name_behind(property: &Value) -> Option<&str> {
    let choices = property["anyOf"].as_array().map_or(&[][..], Vec::as_slice);
    name_of(property).or_else(|| choices.iter().find_map(name_of))
}

/// The named schemas, to change them.
pub(super) fn of(document: &mut Value) -> &mut Map<String, Value> {
    let schemas = &mut document["components"]["schemas"];
    if !schemas.is_object() {
        *schemas = Value::Object(Map::new());
    }
    match schemas {
        Value::Object(schemas) => schemas,
        // It has just been made one.
        _ => unreachable!("the schemas are an object"),
    }
}

/// The operations, to change them.
pub(super) fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    paths.flat_map(|(_, path)| {
        let operations = path.as_object_mut().into_iter().flatten();
        operations.map(|(_, operation)| operation)
    })
}

/// The operations.
pub(super) fn operations_of(document: &Value) -> impl Iterator<Item = &Value> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(_, path)| {
        let operations = path.as_object().into_iter().flatten();
        operations.map(|(_, operation)| operation)
    })
}

/// The names of the schemas that a value refers to, directly or not. What `is_left_out`
/// says is not looked into.
pub(super) fn reached(
    document: &Value,
    roots: &[&Value],
    is_left_out: fn(&str) -> bool,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut todo: Vec<&Value> = roots.to_vec();
    while let Some(value) = todo.pop() {
        match value {
            Value::Object(members) => {
                if let Some(target) = members.get("$ref").and_then(Value::as_str)
                    && let Some(pointer) = target.strip_prefix('#')
                    && let Some(schema) = document.pointer(pointer)
                    && found.insert(target.to_owned())
                {
                    todo.push(schema);
                }
                let named = members.iter().filter(|(name, _)| !is_left_out(name));
                todo.extend(named.map(|(_, member)| member));
            }
            Value::Array(items) => todo.extend(items),
            _ => {}
        }
    }
    let names = found
        .iter()
        .filter_map(|target| target.strip_prefix(PREFIX));
    names.map(ToOwned::to_owned).collect()
}

/// Removes the schemas that nothing refers to any more.
pub(super) fn drop_unused(document: &mut Value) {
    let used = reached(
        document,
        &[&document["paths"], &document["components"]["responses"]],
        |name| name == "example",
    );
    of(document).retain(|name, _| used.contains(name));
}

/// Removes the marks that only the types have.
pub(super) fn drop_marks(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !MARKS.contains(&name.as_str()));
            members.values_mut().for_each(drop_marks);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_marks),
        _ => {}
    }
}
