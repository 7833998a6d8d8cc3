//! Examples, as far as the recorded exchanges have them, and of what they do not have.
//!
//! The reference abbreviates what it shows: elements of lists, and objects inside of
//! others. Its examples of the same things by themselves are whole, and tell the rest.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::components::{self, name_of};
use crate::catalogue;
use crate::operation::OperationInfo;
use crate::schema::base_name;

/// What properties of resources are in the examples that are whole, by the name of the
/// resource.
type Samples = BTreeMap<String, Map<String, Value>>;

/// Gives the examples of replies what every reply has, and takes from those of requests what
/// only the server sets.
pub(super) fn complete(document: &mut Value) {
    for operation in catalogue() {
        if let Some(content) = json_request(document, operation)
            && let Some(example) = content.get_mut("example")
        {
            *example = operation.body.without_read_only(example.take());
        }
    }
    let samples = samples(document);
    let schemas = components::of(document).clone();
    for operation in components::operations(document) {
        let responses = operation["responses"].as_object_mut();
        for (_, response) in responses.into_iter().flatten() {
            let Some(content) = response.pointer_mut("/content/application~1json") else {
                continue;
            };
            let schema = content["schema"].clone();
            if let Some(example) = content.get_mut("example") {
                fill_in(&schemas, &samples, &schema, example);
            }
        }
    }
}

/// Shows each kind of request where an operation takes several.
pub(super) fn show_kinds(document: &mut Value) {
    for operation in catalogue() {
        let Some(text) = operation.examples else {
            continue;
        };
        let examples: Value = serde_json::from_str(text)
            // The text is part of the program, and the tests read it.
            .unwrap_or_else(|error| panic!("the examples of {}: {error}", operation.id));
        if let Some(content) = json_request(document, operation) {
            // There is either one example or several.
            content.shift_remove("example");
            content.insert("examples".to_owned(), examples);
        }
    }
}

/// What is said of the JSON body of a request, if there is one.
fn json_request<'a>(
    document: &'a mut Value,
    operation: &OperationInfo,
) -> Option<&'a mut Map<String, Value>> {
    let path = operation.path.replace('~', "~0").replace('/', "~1");
    let method = operation.method.as_str().to_lowercase();
    let place = format!("/paths/{path}/{method}/requestBody/content/application~1json");
    document.pointer_mut(&place)?.as_object_mut()
}

/// Those of replies that are one resource.
fn samples(document: &Value) -> Samples {
    let mut samples = Samples::new();
    for operation in components::operations_of(document) {
        let responses = operation["responses"].as_object().into_iter().flatten();
        for (_, response) in responses {
            let content = &response["content"]["application/json"];
            if let (Some(name), Some(example)) =
                (name_of(&content["schema"]), content["example"].as_object())
            {
                let known = samples.entry(name.to_owned()).or_default();
                for (property, value) in example {
                    known.entry(property).or_insert_with(|| value.clone());
                }
            }
        }
    }
    samples
}

fn fill_in(schemas: &Map<String, Value>, samples: &Samples, schema: &Value, example: &mut Value) {
    if let Some(name) = name_of(schema) {
        let schema = &schemas[name];
        if let Some(members) = example.as_object_mut()
            && let Some(known) = samples.get(base_name(name))
        {
            for property in required(schemas, schema) {
                if let Some(value) = known.get(property) {
                    members.entry(property).or_insert_with(|| value.clone());
                }
            }
        }
        return fill_in(schemas, samples, schema, example);
    }
    for choice in ["anyOf", "oneOf"] {
        // No object fits more than one of them.
        let mut choices = schema[choice].as_array().into_iter().flatten();
        if let Some(choice) = choices.find(|choice| fits(schemas, choice, example)) {
            fill_in(schemas, samples, choice, example);
        }
    }
    match example {
        Value::Object(members) => {
            for (property, value) in members {
                fill_in(schemas, samples, &schema["properties"][property], value);
            }
        }
        Value::Array(items) => {
            for item in items {
                fill_in(schemas, samples, &schema["items"], item);
            }
        }
        _ => {}
    }
}

/// Returns whether an object has the one value that an alternative is told by.
pub(super) fn fits(schemas: &Map<String, Value>, choice: &Value, example: &Value) -> bool {
    let schema = name_of(choice).map_or(choice, |name| &schemas[name]);
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut told = properties.filter_map(|(name, property)| {
        let property = name_of(property).map_or(property, |name| &schemas[name]);
        match property["enum"].as_array() {
            Some(values) if values.len() == 1 => Some((name, &values[0])),
            _ => None,
        }
    });
    example.is_object() && told.all(|(name, value)| example[name] == *value)
}

/// What an object requires, whichever alternative it is.
fn required<'a>(schemas: &'a Map<String, Value>, schema: &'a Value) -> Vec<&'a str> {
    let schema = match schema["oneOf"]
        .as_array()
        .and_then(|choices| choices.first())
    {
        Some(first) => name_of(first).map_or(first, |name| &schemas[name]),
        None => schema,
    };
    let names = schema["required"].as_array().into_iter().flatten();
    names.filter_map(Value::as_str).collect()
}
