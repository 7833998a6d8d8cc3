//! Parameters, uploads and failures, as generators understand them.

use http::Method;
use serde_json::{Map, Value, json};

use super::components;
use crate::catalogue;
use crate::error::{Detail, ErrorBody};
use crate::failure::Failure;
use crate::filters::TimeFilter;
use crate::id::ObjectId;
use crate::openapi::REQUEST_ID_EXAMPLE;
use crate::operation::OperationInfo;

/// An identifier that looks like one.
const IDENTIFIER: &str = "5877a4a9b6b1bc76263e0a83";

/// Adapts every operation.
pub(super) fn adapt(document: &mut Value) {
    let mut shared = Map::new();
    for operation in components::operations(document) {
        let parameters = operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            adapt_sort(parameter);
            adapt_time(parameter);
            show(parameter);
        }
        if let Some(Value::Object(responses)) = operation.get_mut("responses") {
            adapt_failures(responses, &mut shared);
        }
        if let Some(form) =
            operation.pointer_mut("/requestBody/content/multipart~1form-data/schema")
        {
            adapt_upload(form);
        }
    }
    spare_the_caller(document);
    if let Value::Object(responses) = &mut document["components"]["responses"] {
        responses.extend(shared);
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

/// The calendar makes a pattern that nobody reads. The one that is published has the form
/// alone; the server goes by the other.
fn adapt_time(parameter: &mut Value) {
    if parameter["schema"]["pattern"] == TimeFilter::PATTERN {
        parameter["schema"]["pattern"] = TimeFilter::FORM.into();
    }
}

/// Gives a parameter an example: of a filter one that compares, as far as it can.
fn show(parameter: &mut Value) {
    let name = parameter["name"].as_str().unwrap_or_default();
    let schema = &parameter["schema"];
    let selectable = schema["items"]["enum"].as_array();
    let example = match (name, selectable) {
        ("limit", _) => 100.into(),
        ("offset", _) => 0.into(),
        ("user_id", _) => "me".into(),
        ("createdAt", _) => ">=2019-01-01".into(),
        ("email" | "name", _) => "~acme".into(),
        ("enabled", _) => true.into(),
        ("refreshToken", _) => "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…".into(),
        ("sort", _) if schema["pattern"].as_str().is_some_and(has_creation) => "-createdAt".into(),
        ("sort", _) => "name".into(),
        ("select", Some(names)) => names.iter().take(3).cloned().collect(),
        // The identifiers of everything else.
        _ if schema["pattern"] == ObjectId::PATTERN => IDENTIFIER.into(),
        _ => return,
    };
    parameter["example"] = example;
}

/// Shows another user in the place of the caller where a user is deleted: nobody who tries the
/// reference out means to lose the own account.
fn spare_the_caller(document: &mut Value) {
    let is_of_a_user = |operation: &&OperationInfo| {
        operation.method == Method::DELETE && operation.path.ends_with("/{user_id}")
    };
    for operation in catalogue().iter().filter(is_of_a_user) {
        let parameters = &mut document["paths"][operation.path]["delete"]["parameters"];
        for parameter in parameters.as_array_mut().into_iter().flatten() {
            if parameter["name"] == "user_id" {
                parameter["example"] = IDENTIFIER.into();
            }
        }
    }
}

/// Returns true if resources that match this pattern of an order know when they were made.
fn has_creation(pattern: &str) -> bool {
    pattern.contains("createdAt")
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

/// The name of the reply for every status that no operation lists.
pub(super) const OTHER_FAILURE: &str = "OtherFailure";

/// The reply for every other status is that of a failure, and all operations share it.
fn adapt_failures(responses: &mut Map<String, Value>, shared: &mut Map<String, Value>) {
    if let Some(mut other) = responses.shift_remove("default") {
        let request_id = REQUEST_ID_EXAMPLE.to_owned();
        let example =
            ErrorBody::from(Failure::Unavailable).with(Detail::RequestInfo { request_id });
        other["content"]["application/json"]["example"] = json!(example);
        shared.insert(OTHER_FAILURE.to_owned(), other);
        let reference = json!({ "$ref": format!("#/components/responses/{OTHER_FAILURE}") });
        responses.insert("default".to_owned(), reference);
    }
}
