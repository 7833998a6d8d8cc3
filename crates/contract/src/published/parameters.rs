//! Parameters, uploads and failures, as generators understand them.

use serde_json::{Map, Value, json};

use super::components;

/// Adapts every operation.
pub(super) fn adapt(document: &mut Value) {
    for operation in components::operations(document) {
        let parameters = operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut);
        parameters.into_iter().flatten().for_each(adapt_sort);
        if let Some(Value::Object(responses)) = operation.get_mut("responses") {
            adapt_failures(responses);
        }
        if let Some(form) =
            operation.pointer_mut("/requestBody/content/multipart~1form-data/schema")
        {
            adapt_upload(form);
        }
    }
}

/// `name` and `-name` would be one constant in most languages, so an order is a text
/// that matches a pattern.
fn adapt_sort(parameter: &mut Value) {
    let Some(values) = parameter["schema"]["enum"].as_array() else {
        return;
    };
    let values: Vec<_> = values.iter().filter_map(Value::as_str).collect();
    if !values.iter().any(|value| value.starts_with('-')) {
        return;
    }
    let names: Vec<_> = values
        .iter()
        .filter(|value| !value.starts_with('-'))
        .copied()
        .collect();
    let described = names.iter().map(|name| format!("`{name}`"));
    let described = described.collect::<Vec<_>>().join(", ");
    let description = parameter["description"].as_str().unwrap_or_default();
    let description = format!("{description} There are {described}.");
    let pattern = format!("^-?({})$", names.join("|"));
    parameter["description"] = description.into();
    parameter["schema"] = json!({ "type": "string", "pattern": pattern });
}

/// Generators that are not yet at home in OpenAPI 3.1 know a file by its format, and
/// the others by its media type.
fn adapt_upload(form: &mut Value) {
    let properties = form.get_mut("properties").and_then(Value::as_object_mut);
    let parts = properties.into_iter().flatten();
    for (_, part) in parts.filter(|(_, part)| part.get("contentMediaType").is_some()) {
        part["format"] = "binary".into();
    }
}

/// The reply for every other status is that of a failure. Some generators take it for one
/// of success as well, so each kind of failure has its own.
fn adapt_failures(responses: &mut Map<String, Value>) {
    if let Some(other) = responses.shift_remove("default") {
        for (status, description) in [
            ("4XX", "The call was refused for another reason."),
            ("5XX", "The server is at fault or out of reach."),
        ] {
            let mut failure = other.clone();
            failure["description"] = description.into();
            responses.insert(status.to_owned(), failure);
        }
    }
}
