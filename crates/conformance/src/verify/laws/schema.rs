//! Reading the schemas of an OpenAPI document where they stand.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::reference::{escape, follow};

/// More references or parts than this below one another are a circle.
const MAX_DEPTH: usize = 16;

/// The schema behind references and behind an alternative to null.
pub(crate) fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..MAX_DEPTH {
        schema = follow(root, schema);
        let alternatives = schema["anyOf"]
            .as_array()
            .or_else(|| schema["oneOf"].as_array());
        let parts = schema["allOf"].as_array().filter(|parts| parts.len() == 1);
        let mut others = alternatives
            .or(parts)
            .into_iter()
            .flatten()
            .filter(|alternative| alternative["type"] != "null");
        match (others.next(), others.next()) {
            (Some(only), None) if schema.get("properties").is_none() => schema = only,
            _ => break,
        }
    }
    schema
}

/// Returns whether null is a value of the schema.
pub(crate) fn is_nullable(root: &Value, schema: &Value) -> bool {
    let schema = follow(root, schema);
    if has_type_itself(schema, "null") {
        return true;
    }
    let alternatives = schema["anyOf"]
        .as_array()
        .or_else(|| schema["oneOf"].as_array());
    let mut alternatives = alternatives.into_iter().flatten();
    alternatives.any(|alternative| has_type_itself(follow(root, alternative), "null"))
}

fn has_type_itself(schema: &Value, name: &str) -> bool {
    match &schema["type"] {
        Value::Array(types) => types.iter().any(|kind| kind == name),
        only => only == name,
    }
}

/// Returns whether a schema, null aside, is of a type.
pub(crate) fn has_type(root: &Value, schema: &Value, name: &str) -> bool {
    has_type_itself(resolve(root, schema), name)
}

/// Returns whether a mark such as `readOnly` is on a property.
pub(crate) fn is_marked(root: &Value, schema: &Value, mark: &str) -> bool {
    schema[mark] == true || resolve(root, schema)[mark] == true
}

/// The properties of an object and of all that it is put together from.
pub(crate) fn properties<'a>(root: &'a Value, schema: &'a Value) -> BTreeMap<String, &'a Value> {
    let mut found = BTreeMap::new();
    gather(root, schema, 0, &mut found);
    found
}

fn gather<'a>(
    root: &'a Value,
    schema: &'a Value,
    depth: usize,
    found: &mut BTreeMap<String, &'a Value>,
) {
    if depth > MAX_DEPTH {
        return;
    }
    let schema = resolve(root, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(name.clone(), property);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        gather(root, part, depth + 1, found);
    }
}

/// Returns whether an object, what it is put together from or one of its alternatives
/// declares a property.
pub(crate) fn declares(root: &Value, schema: &Value, name: &str) -> bool {
    fn any(root: &Value, schema: &Value, name: &str, depth: usize) -> bool {
        let schema = resolve(root, schema);
        let parts = ["allOf", "oneOf", "anyOf"].into_iter();
        let mut parts = parts.filter_map(|keyword| schema[keyword].as_array());
        let own = schema["properties"].get(name).is_some();
        let is_deeper = depth < MAX_DEPTH;
        own || is_deeper
            && parts.any(|parts| parts.iter().any(|part| any(root, part, name, depth + 1)))
    }
    any(root, schema, name, 0)
}

/// The names of the properties that an object must have.
pub(crate) fn required<'a>(root: &'a Value, schema: &'a Value) -> BTreeSet<&'a str> {
    let schema = resolve(root, schema);
    let own = schema["required"].as_array().into_iter().flatten();
    let mut found: BTreeSet<_> = own.filter_map(Value::as_str).collect();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let part = resolve(root, part)["required"]
            .as_array()
            .into_iter()
            .flatten();
        found.extend(part.filter_map(Value::as_str));
    }
    found
}

/// Returns whether an object takes no properties but those that it declares.
pub(crate) fn is_closed(root: &Value, schema: &Value) -> bool {
    let schema = resolve(root, schema);
    schema["additionalProperties"] == false || schema["unevaluatedProperties"] == false
}

/// Where the elements of a list are in a reply, as a JSON pointer, and their
/// schema. A list stands alone, or is the only one in an object.
pub(crate) fn elements<'a>(root: &'a Value, reply: &'a Value) -> Option<(String, &'a Value)> {
    let schema = resolve(root, reply);
    if has_type_itself(schema, "array") {
        return Some((String::new(), schema.get("items")?));
    }
    let mut lists = properties(root, schema)
        .into_iter()
        .filter(|(_, property)| has_type(root, property, "array"));
    let (name, list) = lists.next()?;
    // An object with an identifier is a thing that has a list, not a list.
    let is_thing = properties(root, schema).contains_key("id");
    if lists.next().is_some() || is_thing {
        return None;
    }
    let items = resolve(root, list).get("items")?;
    Some((format!("/{}", escape(&name)), items))
}

/// The example of a schema.
pub(crate) fn example(root: &Value, schema: &Value) -> Option<Value> {
    for schema in [schema, follow(root, schema)] {
        if let Some(example) = schema.get("example") {
            return Some(example.clone());
        }
        if let Some(example) = schema["examples"].get(0) {
            return Some(example.clone());
        }
    }
    None
}

/// Returns whether the description of a property has some words.
pub(crate) fn says(root: &Value, stated: &Value, words: &str) -> bool {
    let both = [stated, resolve(root, stated)];
    let mut texts = both
        .into_iter()
        .filter_map(|schema| schema["description"].as_str());
    texts.any(|text| text.contains(words))
}

/// The strings of an enumeration.
pub(crate) fn options<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a str> {
    let options = resolve(root, schema)["enum"]
        .as_array()
        .into_iter()
        .flatten();
    options.filter_map(Value::as_str).collect()
}

/// Writes the schemas of OpenAPI 3.0 as those of 3.1.
pub(crate) fn modernize(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // A property can have that name too.
            let nullable = match members.get("nullable") {
                Some(Value::Bool(_)) => members.remove("nullable") == Some(Value::Bool(true)),
                _ => false,
            };
            for (limit, exclusive) in [
                ("minimum", "exclusiveMinimum"),
                ("maximum", "exclusiveMaximum"),
            ] {
                match members.get(exclusive) {
                    Some(Value::Bool(true)) => {
                        let bound = members.remove(limit).unwrap_or_default();
                        members.insert(exclusive.to_owned(), bound);
                    }
                    Some(Value::Bool(false)) => drop(members.remove(exclusive)),
                    _ => {}
                }
            }
            for (name, member) in members.iter_mut() {
                match (name.as_str(), member) {
                    ("example" | "examples" | "default" | "enum", _) => {}
                    // What these hold are schemas, whatever they are called.
                    ("properties" | "schemas", Value::Object(named)) => {
                        named.values_mut().for_each(modernize);
                    }
                    (_, member) => modernize(member),
                }
            }
            if nullable {
                let schema = std::mem::take(members);
                *members = or_null(schema);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(modernize),
        _ => {}
    }
}

fn or_null(mut schema: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Array(options)) = schema.get_mut("enum")
        && !options.contains(&Value::Null)
    {
        options.push(Value::Null);
    }
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.clone(), "null"]);
        return schema;
    }
    let either = json!({ "anyOf": [schema, { "type": "null" }] });
    either.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_nullable_is_an_alternative_to_null() {
        let mut schema = json!({ "type": "string", "nullable": true, "enum": ["a"] });
        modernize(&mut schema);
        assert_eq!(
            schema,
            json!({ "type": ["string", "null"], "enum": ["a", null] })
        );
    }

    #[test]
    fn a_property_can_be_called_as_a_keyword_is() {
        let mut schema = json!({ "properties": {
            "default": { "type": "string", "nullable": true },
            "nullable": { "type": "boolean" }
        }});
        modernize(&mut schema);
        let default = json!({ "type": ["string", "null"] });
        assert_eq!(schema["properties"]["default"], default);
        assert_eq!(
            schema["properties"]["nullable"],
            json!({ "type": "boolean" })
        );
    }

    #[test]
    fn what_an_alternative_declares_is_declared() {
        let root = json!({ "cat": { "properties": { "claws": {} } } });
        let own = json!({ "properties": { "name": {} } });
        let either =
            json!({ "allOf": [own, { "oneOf": [{ "$ref": "#/cat" }, { "type": "object" }] }] });
        assert!(declares(&root, &either, "name"));
        assert!(declares(&root, &either, "claws"));
        assert!(!declares(&root, &either, "fins"));
    }

    #[test]
    fn a_list_in_an_envelope_is_found() {
        let items = json!({ "type": "object" });
        let reply = json!({
            "type": "object",
            "properties": { "items": { "type": "array", "items": items }, "next": { "type": "string" } }
        });
        assert_eq!(
            elements(&Value::Null, &reply),
            Some(("/items".to_owned(), &items))
        );
    }

    #[test]
    fn a_thing_with_a_list_is_no_list() {
        let reply = json!({
            "type": "object",
            "properties": {
                "id": { "type": "string" },
                "tags": { "type": "array", "items": { "type": "string" } }
            }
        });
        assert_eq!(elements(&Value::Null, &reply), None);
    }
}
