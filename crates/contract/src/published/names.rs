//! Names for objects and enums that have none. A generator has to make a name up for what is
//! written in place, and none of them finds a good one.

use serde_json::{Map, Value, json};

use super::components;
use crate::schema::base_name;

/// Makes a schema of its own of each free-form object and each enum, called as the property
/// that it is: `UserMeta` is `meta` of `User`, `UserCreate` and `UserUpdate`, and
/// `UserSettingsNotification` is one of `notifications` of `UserSettings`.
pub(super) fn name_objects(document: &mut Value) {
    let schemas = components::of(document);
    let mut named = Map::new();
    for (owner, schema) in schemas.iter_mut() {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            let own = format!("{}{}", base_name(owner), pascal(name));
            if is_enum(property) {
                let values = take_enum(property, &own);
                named.insert(own, values);
                continue;
            }
            if let Some(items) = property.get_mut("items").filter(|items| is_enum(items)) {
                let one = own.strip_suffix('s').unwrap_or(&own);
                let values = take_enum(items, one);
                named.insert(one.to_owned(), values);
                continue;
            }
            if !is_free_form(property) {
                continue;
            }
            refer_to(property, &own);
            named.entry(own).or_insert_with(|| {
                json!({
                    "description": "Any JSON object.",
                    "type": "object",
                    "additionalProperties": true,
                })
            });
        }
    }
    schemas.extend(named);
    schemas.sort_keys();
}

/// Returns whether a schema is that of any object, or of any object and null.
fn is_free_form(schema: &Value) -> bool {
    let is_object = match &schema["type"] {
        Value::Array(types) => types.iter().any(|of| of == "object"),
        only => only == "object",
    };
    is_object && schema["additionalProperties"] == true && schema.get("properties").is_none()
}

/// Refers to a named text, such as an id, wherever one with the same pattern is written in
/// place. Where it has no name, a generator calls it after the object and the property,
/// and `organization` of `User` would be another `UserOrganization`.
pub(super) fn name_texts(document: &mut Value) {
    let texts = components::of(document).iter();
    let texts = texts.filter(|(_, schema)| schema["type"] == "string");
    let texts: Vec<_> = texts
        .filter_map(|(name, schema)| {
            let pattern = schema["pattern"].as_str()?;
            Some((pattern.to_owned(), name.clone()))
        })
        .collect();
    for (pattern, name) in texts {
        let schemas = components::of(document).iter_mut();
        for (_, schema) in schemas.filter(|(other, _)| **other != name) {
            refer_to_text(schema, &pattern, &name);
        }
        refer_to_text(&mut document["paths"], &pattern, &name);
    }
}

fn refer_to_text(value: &mut Value, pattern: &str, name: &str) {
    match value {
        Value::Object(members) => {
            let is_it = members.get("pattern").is_some_and(|own| own == pattern);
            members.iter_mut().for_each(|(keyword, member)| {
                if keyword != "example" {
                    refer_to_text(member, pattern, name);
                }
            });
            if !is_it {
                return;
            }
            members.shift_remove("pattern");
            let of = members.shift_remove("type");
            let reference = components::reference(name);
            if of.is_some_and(|of| of.is_array()) {
                members.insert("anyOf".into(), json!([reference, { "type": "null" }]));
            } else if let Value::Object(reference) = reference {
                members.extend(reference);
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| refer_to_text(item, pattern, name)),
        _ => {}
    }
}

/// Returns whether a schema lists the texts that a value can be.
fn is_enum(schema: &Value) -> bool {
    schema["type"] == "string" && schema["enum"].is_array()
}

/// Takes the texts out of a schema, and leaves a reference to them.
fn take_enum(schema: &mut Value, name: &str) -> Value {
    let mut values = Map::new();
    if let Some(members) = schema.as_object_mut() {
        for keyword in ["type", "enum"] {
            values.extend(
                members
                    .shift_remove(keyword)
                    .map(|rule| (keyword.into(), rule)),
            );
        }
        if let Value::Object(reference) = components::reference(name) {
            members.extend(reference);
        }
    }
    values.into()
}

/// Puts a reference in the place of an object, and keeps what else is said of the
/// property.
fn refer_to(property: &mut Value, name: &str) {
    let reference = components::reference(name);
    let may_be_null = property["type"].is_array();
    let Some(members) = property.as_object_mut() else {
        return;
    };
    members.shift_remove("type");
    members.shift_remove("additionalProperties");
    if may_be_null {
        members.insert("anyOf".into(), json!([reference, { "type": "null" }]));
    } else if let Value::Object(reference) = reference {
        members.extend(reference);
    }
}

/// The name of a type that is called as a property or a value.
pub(super) fn pascal(name: &str) -> String {
    let words = name.split(|character: char| !character.is_alphanumeric());
    words
        .map(|word| {
            let mut characters = word.chars();
            let first = characters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(characters).collect::<String>()
        })
        .collect()
}
