//! The document in terms of OpenAPI 3.0.

use serde_json::{Map, Value, json};

use super::components;
use super::parameters::OTHER_FAILURE;

/// Rewrites a published document as OpenAPI 3.0.3, for readers that know no other.
///
/// Null is `nullable` there, what stands beside a reference is ignored and so goes
/// around it, and a file is a `format`. The reply for every other status is one for each
/// kind of failure. Generators read the document, and nothing shows it to people, so the code
/// samples are left out.
pub fn to_3_0(document: &Value) -> Value {
    let mut document = document.clone();
    document["openapi"] = "3.0.3".into();
    if let Some(license) = document["info"]["license"].as_object_mut()
        && license.shift_remove("identifier").is_some()
    {
        license.insert("url".into(), LICENSE.into());
    }
    for operation in components::operations(&mut document) {
        if let Some(members) = operation.as_object_mut() {
            members.shift_remove("x-codeSamples");
        }
    }
    let schemas = document["components"]["schemas"].clone();
    refer_to_tags(&mut document, &schemas);
    rewrite(&mut document);
    tell_failures_apart(&mut document);
    let schemas = document["components"]["schemas"].clone();
    state_types(&mut document, &schemas);
    document
}

/// Leaves a reference to an enum of one value alone. Such a value tells the alternatives of
/// a union apart, and readers do not look for it behind what would go around the reference.
fn refer_to_tags(value: &mut Value, schemas: &Value) {
    match value {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str);
            let name = target.and_then(|target| target.strip_prefix("#/components/schemas/"));
            let values = name.and_then(|name| schemas[name]["enum"].as_array());
            if values.is_some_and(|values| values.len() == 1) {
                members.shift_remove("description");
            }
            members
                .values_mut()
                .for_each(|member| refer_to_tags(member, schemas));
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| refer_to_tags(item, schemas)),
        _ => {}
    }
}

/// Says of what type a value is that may be null: `nullable` holds beside `type` alone.
fn state_types(value: &mut Value, schemas: &Value) {
    match value {
        Value::Object(members) => {
            if members.get("nullable").is_some_and(Value::is_boolean)
                && !members.contains_key("type")
                && let Some(target) = members.get("allOf").map(|all| &all[0]["$ref"])
                && let Some(name) = target.as_str().and_then(|path| path.rsplit('/').next())
                && let Some(of) = schemas[name].get("type").cloned()
            {
                members.insert("type".into(), of);
            }
            members
                .values_mut()
                .for_each(|member| state_types(member, schemas));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| state_types(item, schemas)),
        _ => {}
    }
}

/// Gives each kind of failure a reply, where there is one for every other status.
///
/// Progenitor, which reads OpenAPI 3.0 alone, takes `default` for a reply of success as
/// well, and stops. There are generators that do not compile with ranges of statuses; they
/// read OpenAPI 3.1.
fn tell_failures_apart(document: &mut Value) {
    let shared = document["components"]["responses"].as_object_mut();
    let Some(shared) = shared else {
        return;
    };
    let Some(other) = shared.shift_remove(OTHER_FAILURE) else {
        return;
    };
    let mut refused = other.clone();
    refused["description"] = "The call was refused for another reason.".into();
    if let Some(content) = refused["content"]["application/json"].as_object_mut() {
        content.shift_remove("example");
    }
    let mut unavailable = other;
    unavailable["description"] = "The server is at fault or out of reach.".into();
    shared.insert("Refused".to_owned(), refused);
    shared.insert("Unavailable".to_owned(), unavailable);
    for operation in components::operations(document) {
        if let Some(Value::Object(responses)) = operation.get_mut("responses")
            && responses.shift_remove("default").is_some()
        {
            for (status, name) in [("4XX", "Refused"), ("5XX", "Unavailable")] {
                let reference = json!({ "$ref": format!("#/components/responses/{name}") });
                responses.insert(status.to_owned(), reference);
            }
        }
    }
}

/// The text of the licence. The identifier of SPDX has no place in OpenAPI 3.0.
const LICENSE: &str = "https://www.apache.org/licenses/LICENSE-2.0";

/// What holds values, and no schemas.
const VALUES: [&str; 4] = ["example", "examples", "default", "enum"];

fn rewrite(value: &mut Value) {
    match value {
        Value::Object(members) => {
            null_as_mark(members);
            choice_with_null(members);
            around_reference(members);
            if members
                .get("contentMediaType")
                .is_some_and(Value::is_string)
            {
                members.shift_remove("contentMediaType");
                members.insert("format".into(), "binary".into());
            }
            let inner = members
                .iter_mut()
                .filter(|(name, _)| !VALUES.contains(&name.as_str()));
            inner.for_each(|(_, member)| rewrite(member));
        }
        Value::Array(items) => items.iter_mut().for_each(rewrite),
        _ => {}
    }
}

/// `type: [T, "null"]` is `type: T` and `nullable`.
fn null_as_mark(schema: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = schema.get("type") else {
        return;
    };
    let mut others = types.iter().filter(|of| *of != "null").cloned();
    let (Some(only), None) = (others.next(), others.next()) else {
        return;
    };
    schema.insert("type".into(), only);
    schema.insert("nullable".into(), true.into());
}

/// `anyOf: [S, {type: "null"}]` is S and `nullable`.
fn choice_with_null(schema: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = schema.get("anyOf") else {
        return;
    };
    let is_null = |choice: &Value| choice["type"] == "null";
    if !choices.iter().any(is_null) {
        return;
    }
    let mut others = choices.iter().filter(|choice| !is_null(choice)).cloned();
    let (Some(Value::Object(only)), None) = (others.next(), others.next()) else {
        return;
    };
    schema.shift_remove("anyOf");
    for (keyword, rule) in only {
        schema.entry(keyword).or_insert(rule);
    }
    schema.insert("nullable".into(), true.into());
}

/// A reference alone is one, or else it is all that a schema consists of.
fn around_reference(schema: &mut Map<String, Value>) {
    if schema.len() > 1
        && let Some(reference @ Value::String(_)) = schema.shift_remove("$ref")
    {
        schema.insert("allOf".into(), json!([{ "$ref": reference }]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A document with one schema.
    fn of(schema: &Value) -> Value {
        json!({
            "openapi": "3.1.0",
            "info": { "license": { "name": "Both", "identifier": "MIT OR Apache-2.0" } },
            "components": { "schemas": {
                "Id": { "type": "string" },
                "Tag": { "type": "string", "enum": ["cat"] },
                "Some": { "oneOf": [{ "$ref": "#/components/schemas/Id" }] },
                "It": schema,
            } },
        })
    }

    #[track_caller]
    fn check(schema: &Value, expected: &Value) {
        let older = to_3_0(&of(schema));
        assert_eq!(&older["components"]["schemas"]["It"], expected);
    }

    #[test]
    fn the_version_and_the_licence_are_those_of_3_0() {
        let older = to_3_0(&of(&json!({})));
        assert_eq!(older["openapi"], "3.0.3");
        let license = json!({ "name": "Both", "url": LICENSE });
        assert_eq!(older["info"]["license"], license);
    }

    #[test]
    fn null_is_nullable() {
        check(
            &json!({ "type": ["string", "null"], "format": "uri" }),
            &json!({ "type": "string", "format": "uri", "nullable": true }),
        );
        check(
            &json!({ "type": "array", "items": { "type": ["object", "null"] } }),
            &json!({ "type": "array", "items": { "type": "object", "nullable": true } }),
        );
        // There is no form for several types.
        let several = json!({ "type": ["string", "number", "null"] });
        check(&several, &several);
    }

    #[test]
    fn a_reference_or_null_is_a_nullable_reference_with_its_type() {
        let none = json!({ "type": "null" });
        check(
            &json!({ "anyOf": [{ "$ref": "#/components/schemas/Id" }, none], "description": "It." }),
            &json!({
                "description": "It.",
                "allOf": [{ "$ref": "#/components/schemas/Id" }],
                "nullable": true,
                "type": "string",
            }),
        );
        // A union has no one type.
        check(
            &json!({ "anyOf": [{ "$ref": "#/components/schemas/Some" }, none] }),
            &json!({ "allOf": [{ "$ref": "#/components/schemas/Some" }], "nullable": true }),
        );
    }

    #[test]
    fn what_stands_beside_a_reference_is_kept() {
        check(
            &json!({ "$ref": "#/components/schemas/Id", "description": "It." }),
            &json!({ "description": "It.", "allOf": [{ "$ref": "#/components/schemas/Id" }] }),
        );
        let alone = json!({ "$ref": "#/components/schemas/Id" });
        check(&alone, &alone);
    }

    #[test]
    fn what_tells_alternatives_apart_is_found_without_detours() {
        check(
            &json!({ "$ref": "#/components/schemas/Tag", "description": "The kind." }),
            &json!({ "$ref": "#/components/schemas/Tag" }),
        );
    }

    #[test]
    fn a_file_is_a_format() {
        check(
            &json!({ "type": "string", "contentMediaType": "application/octet-stream" }),
            &json!({ "type": "string", "format": "binary" }),
        );
    }

    #[test]
    fn code_samples_are_left_out() {
        let mut document = of(&json!({}));
        document["paths"] = json!({ "/": { "get": { "operationId": "a", "x-codeSamples": [] } } });
        let operation = json!({ "operationId": "a" });
        assert_eq!(to_3_0(&document)["paths"]["/"]["get"], operation);
    }

    #[test]
    fn values_stay_as_they_are() {
        let value = json!({ "type": ["string", "null"], "contentMediaType": "image/png" });
        for keyword in VALUES {
            let schema = json!({ keyword: value });
            check(&schema, &schema);
        }
    }
}
