//! Examples of requests that name nothing which a server may lack.
//!
//! Whoever reads the reference sends the example as it is, to a server that has other
//! things than the recorded one. What names another thing, such as the organization that
//! something belongs to, is left out where a request can do without.

use serde_json::{Map, Value};

use super::components::{self, name_behind, name_of};
use super::examples::fits;

/// The schema of what names a thing.
const IDENTIFIER: &str = "ObjectId";

/// Takes from the examples of requests what names another thing. What a request needs stays.
pub(super) fn let_stand_alone(document: &mut Value) {
    let schemas = components::of(document).clone();
    for operation in components::operations(document) {
        let Some(content) = operation.pointer_mut("/requestBody/content/application~1json") else {
            continue;
        };
        let schema = content["schema"].clone();
        if let Some(example) = content.get_mut("example") {
            take_references(&schemas, &schema, example);
        }
        let several = content.get_mut("examples").and_then(Value::as_object_mut);
        for (_, example) in several.into_iter().flatten() {
            take_references(&schemas, &schema, &mut example["value"]);
        }
    }
}

/// Takes what names another thing from an example. Returns whether the example says nothing
/// without that.
fn take_references(schemas: &Map<String, Value>, schema: &Value, example: &mut Value) -> bool {
    if name_behind(schema) == Some(IDENTIFIER) {
        return true;
    }
    if let Some(name) = name_of(schema) {
        return take_references(schemas, &schemas[name], example);
    }
    for choice in ["anyOf", "oneOf"] {
        let mut choices = schema[choice].as_array().into_iter().flatten();
        if let Some(choice) = choices.find(|choice| fits(schemas, choice, example)) {
            return take_references(schemas, choice, example);
        }
    }
    match example {
        Value::Object(members) => take_members(schemas, schema, members),
        Value::Array(items) => {
            let is_empty = items.is_empty();
            items.retain_mut(|item| !take_element(schemas, &schema["items"], item));
            !is_empty && items.is_empty()
        }
        _ => false,
    }
}

/// Takes the members of an object that name another thing. Returns whether one of them is
/// required, and so is still there.
fn take_members(
    schemas: &Map<String, Value>,
    schema: &Value,
    members: &mut Map<String, Value>,
) -> bool {
    let required = schema["required"].as_array();
    let is_required =
        |name: &str| required.is_some_and(|names| names.iter().any(|other| other == name));
    let mut needs_one = false;
    members.retain(|name, value| {
        let is_reference = take_references(schemas, &schema["properties"][name], value);
        needs_one |= is_reference && is_required(name);
        !is_reference || is_required(name)
    });
    needs_one
}

/// As [`take_references`], of an element of a list. Such an element is there for the one
/// thing that it names, if it names one. Its own id names what has to be in the list already,
/// and the element is a new one without it.
fn take_element(schemas: &Map<String, Value>, schema: &Value, element: &mut Value) -> bool {
    let object = name_of(schema).map_or(schema, |name| &schemas[name]);
    let properties = object["properties"].as_object().into_iter().flatten();
    let names_one = properties
        .filter(|(name, _)| *name != "id")
        .any(|(name, property)| {
            name_behind(property) == Some(IDENTIFIER) && element.get(name).is_some()
        });
    names_one || take_references(schemas, schema, element)
}
