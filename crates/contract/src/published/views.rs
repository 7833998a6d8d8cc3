//! What a reply and what a request needs of a schema.

use std::collections::BTreeSet;

use serde_json::Value;

use super::components::{self, reached};
use super::unions::{never_null, require};

/// Gives the schemas of replies what is true of what the server sends, and those of
/// requests what a caller has to know:
///
/// - A reply requires what every reply has. It holds no null in the place of a property,
///   and nothing that is only ever sent to the server. Only what is marked with
///   `x-may-be-null` is null there.
/// - A request has nothing that only the server sets. Where that is sent all the same,
///   it is ignored.
/// - A default is told in words. Many generators require a property that has one.
pub(super) fn tell_apart(document: &mut Value) {
    let sent = of_bodies(document, "responses");
    let taken = of_bodies(document, "requestBody");
    for (name, schema) in components::of(document) {
        if sent.contains(name) && schema["properties"].is_object() {
            of_a_reply(schema, is_partial(name));
        }
        if taken.contains(name) && schema["properties"].is_object() {
            of_a_request(schema);
        }
    }
}

/// An element of a list has no more than what was selected.
fn is_partial(name: &str) -> bool {
    name.ends_with("Partial")
}

/// The names of the schemas that bodies hold.
fn of_bodies(document: &Value, part: &str) -> BTreeSet<String> {
    let operations = components::operations_of(document);
    let bodies: Vec<_> = operations.map(|operation| &operation[part]).collect();
    reached(document, &bodies, |name| name == "example")
}

/// Gives the schema of an object what is true of it in a reply. Of what was selected from
/// it, which is what `is_partial` says, that is less.
pub fn of_a_reply(schema: &mut Value, is_partial: bool) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    properties.retain(|_, property| property["writeOnly"] != true);
    let mut always = Vec::new();
    for (name, property) in properties.iter_mut() {
        if property["x-may-be-null"] != true {
            never_null(property);
        }
        say_default(property, "Where it was never set, it is");
        let Some(members) = property.as_object_mut() else {
            continue;
        };
        members.shift_remove("readOnly");
        let has_default = members.shift_remove("default").is_some();
        let mark = members.get("x-always").and_then(Value::as_bool);
        // What a list is reduced to has its id.
        let is_selected = !is_partial || name == "id";
        if mark.unwrap_or(has_default) && is_selected {
            always.push(name.clone());
        }
    }
    for name in always {
        require(schema, &name);
    }
}

fn of_a_request(schema: &mut Value) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    properties.retain(|_, property| property["readOnly"] != true);
    for property in properties.values_mut() {
        say_default(property, "Where it is left out, it is");
        if let Some(members) = property.as_object_mut() {
            members.shift_remove("default");
            members.shift_remove("writeOnly");
        }
    }
}

/// Says in the description what the default is.
fn say_default(property: &mut Value, lead: &str) {
    let text = match &property["default"] {
        // What an empty object stands for is said by its own properties.
        Value::Null | Value::Object(_) => return,
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items = items.iter().filter_map(Value::as_str);
            items.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    let description = property["description"].as_str().unwrap_or_default();
    property["description"] = format!("{description} {lead} `{text}`.").trim().into();
}
