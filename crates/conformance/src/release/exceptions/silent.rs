//! What a document no longer says, or says besides, so that a law of behaviour does not
//! hold an operation any more: that it needs a token, that a property is a secret, that a
//! list has all that was written.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::reference::follow;
use crate::verify::{ApiDocument, Exemption, LEFT_OUT, Model, Operation, is_marked, properties};

/// How deep secrets are looked for in a body, which may hold itself.
const DEEPEST: usize = 8;

/// Returns the statements that keep laws from holding operations which both documents
/// have, and did not before.
pub(super) fn silenced(now: &ApiDocument, before: &ApiDocument) -> Vec<Exemption> {
    let (now, before) = (Model::new(now.clone()), Model::new(before.clone()));
    let mut found = Vec::new();
    for operation in &now.operations {
        let old = before
            .operations
            .iter()
            .find(|old| (&old.method, &old.path) == (&operation.method, &operation.path));
        let Some(old) = old else { continue };
        let says = [
            token(operation, old),
            left_out(operation, old),
            shown(&now, operation, &before, old),
        ];
        found.extend(says.into_iter().flatten().map(|says| Exemption {
            operation: format!("{} {}", operation.method, operation.path),
            says,
        }));
    }
    found
}

fn token(now: &Operation, before: &Operation) -> Option<String> {
    let is_open = before.authenticated && !now.authenticated;
    is_open.then(|| "no longer asks for a token, or lets it be left out".to_owned())
}

fn left_out(now: &Operation, before: &Operation) -> Option<String> {
    let leaves_out = |operation: &Operation, name: Option<&str>| {
        let of_that_name = operation
            .query
            .iter()
            .filter(|parameter| name.is_none_or(|name| parameter.name == name));
        let mut those = of_that_name.filter(|parameter| parameter.description.contains(LEFT_OUT));
        those.next().map(|parameter| parameter.name.clone())
    };
    let mut names = now.query.iter().map(|parameter| parameter.name.as_str());
    let name = names.find(|name| {
        leaves_out(now, Some(name)).is_some() && leaves_out(before, Some(name)).is_none()
    })?;
    Some(format!(
        "says that without `{name}` some things are left out"
    ))
}

fn shown(now_in: &Model, now: &Operation, before_in: &Model, before: &Operation) -> Option<String> {
    let before = secrets(&before_in.document.root, before);
    let now = secrets(&now_in.document.root, now);
    let is_shown = |(name, was_secret): &(&String, &bool)| {
        **was_secret && now.get(*name).is_some_and(|is_secret| !is_secret)
    };
    let (name, _) = before.iter().find(is_shown)?;
    Some(format!(
        "no longer says that `{name}` is a secret, which only requests have (`writeOnly`)"
    ))
}

/// The properties of the body of an operation, and whether each is a secret.
fn secrets(root: &Value, operation: &Operation) -> BTreeMap<String, bool> {
    let mut found = BTreeMap::new();
    if let Some(body) = &operation.body {
        below(root, &body.schema, "", DEEPEST, &mut found);
    }
    found
}

fn below(
    root: &Value,
    schema: &Value,
    name: &str,
    deepest: usize,
    found: &mut BTreeMap<String, bool>,
) {
    let Some(deepest) = deepest.checked_sub(1) else {
        return;
    };
    for (property, stated) in properties(root, schema) {
        let name = match name {
            "" => property,
            name => format!("{name}.{property}"),
        };
        let is_password = follow(root, stated)["format"] == "password";
        found.insert(
            name.clone(),
            is_password || is_marked(root, stated, "writeOnly"),
        );
        below(root, stated, &name, deepest, found);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn document() -> Value {
        let thing = json!({"$ref": "#/components/schemas/Thing"});
        json!({
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "security": [{"key": []}],
            "paths": {"/things": {
                "get": {
                    "parameters": [{"name": "state", "in": "query",
                        "description": "Only these.", "schema": {"type": "string"}}],
                    "responses": {"200": {"description": "all", "content": {"application/json": {
                        "schema": {"type": "array", "items": thing}}}}}
                },
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": thing}}},
                    "responses": {"201": {"description": "made"}}
                }
            }},
            "components": {
                "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "K"}},
                "schemas": {"Thing": {"type": "object", "properties": {
                    "state": {"type": "string"},
                    "keys": {"type": "object", "properties": {
                        "secret": {"type": "string", "writeOnly": true}}}
                }}}
            }
        })
    }

    #[track_caller]
    fn check(pointer: &str, to: Value, expected: &[&str]) {
        let before = document();
        let mut now = before.clone();
        match pointer.rsplit_once('/') {
            Some((parent, member)) => now.pointer_mut(parent).expect("it is there")[member] = to,
            None => panic!("{pointer} is no pointer"),
        }
        let [now, before] = [now, before].map(|value| {
            ApiDocument::parse("openapi.json", &value.to_string()).expect("it is valid")
        });
        let found = silenced(&now, &before);
        let found: Vec<_> = found
            .iter()
            .map(|found| format!("{} {}", found.operation, found.says))
            .collect();
        assert_eq!(found, expected, "{pointer}");
        assert_eq!(silenced(&before, &now), [], "{pointer}: a law more is none");
    }

    #[test]
    fn an_operation_that_needs_no_token_any_more_is_told() {
        let open = "no longer asks for a token, or lets it be left out";
        let both = [
            format!("GET /things {open}"),
            format!("POST /things {open}"),
        ];
        let both = both.each_ref().map(String::as_str);
        check("/security", json!([]), &both);
        check("/security", json!([{"key": []}, {}]), &both);
        check("/security", Value::Null, &both);
        check("/paths/~1things/post/security", json!([]), &both[1..]);
    }

    #[test]
    fn a_list_that_leaves_things_out_is_told() {
        let pointer = "/paths/~1things/get/parameters/0/description";
        let expected = "GET /things says that without `state` some things are left out";
        let left_out = "Only these. Without it drafts are left out.";
        check(pointer, left_out.into(), &[expected]);
        check(pointer, "Only those.".into(), &[]);
    }

    #[test]
    fn a_secret_that_is_none_any_more_is_told() {
        let secret = "/components/schemas/Thing/properties/keys/properties/secret";
        let expected = "POST /things no longer says that `keys.secret` is a secret, which only \
                        requests have (`writeOnly`)";
        check(secret, json!({"type": "string"}), &[expected]);
        let password = json!({"type": "string", "format": "password"});
        check(secret, password, &[]);
    }

    #[test]
    fn a_property_more_is_no_secret_less() {
        let keys = "/components/schemas/Thing/properties/keys/properties";
        let more = json!({"secret": {"type": "string", "writeOnly": true}, "name": {}});
        check(keys, more, &[]);
    }
}
