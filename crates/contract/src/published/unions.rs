//! Alternatives of an object, each as a whole schema with a name.

use serde_json::{Map, Value, json};

use super::components::{self, name_behind, reference};
use super::names::pascal;
use crate::schema::base_name;

/// Writes every union as one of whole, named schemas.
pub(super) fn make_whole(document: &mut Value) {
    let names: Vec<String> = components::of(document).keys().cloned().collect();
    for name in names {
        let schemas = components::of(document);
        let schema = schemas[&name].clone();
        if schema.get("x-told-apart").is_some() {
            by_a_property(schemas, &name, &schema);
        } else if let Some(alternatives) = schema["oneOf"].as_array() {
            by_what_they_require(schemas, &name, &schema, alternatives);
        }
    }
    components::of(document).sort_keys();
}

/// Alternatives that are told apart by the properties that they require. Each has these
/// and no others, and is called as its `title`.
fn by_what_they_require(
    schemas: &mut Map<String, Value>,
    name: &str,
    schema: &Value,
    alternatives: &[Value],
) {
    let mut references = Vec::new();
    for alternative in alternatives {
        let Some(title) = alternative["title"].as_str() else {
            continue;
        };
        let mut whole = schema.clone();
        if let Some(members) = whole.as_object_mut() {
            members.shift_remove("oneOf");
            members.insert("description".into(), alternative["x-about"].clone());
            members.insert("required".into(), alternative["required"].clone());
        }
        if let Some(Value::Object(properties)) = whole.get_mut("properties") {
            properties.retain(|property, _| requires(alternative, property));
        }
        schemas.insert(title.to_owned(), whole);
        references.push(reference(title));
    }
    let union = json!({ "description": schema["description"], "oneOf": references });
    schemas.insert(name.to_owned(), union);
}

fn requires(schema: &Value, property: &str) -> bool {
    let required = schema["required"].as_array();
    required.is_some_and(|names| names.iter().any(|name| name == property))
}

/// Alternatives that are told apart by the value of a property, on which the content of
/// another one depends. There is one for each value; of updates there is one more, for
/// those that concern neither property.
fn by_a_property(schemas: &mut Map<String, Value>, name: &str, schema: &Value) {
    let mark = &schema["x-told-apart"];
    let (Some(by), Some(property)) = (mark["by"].as_str(), mark["property"].as_str()) else {
        return;
    };
    let properties = &schema["properties"];
    let Some(kinds) = name_behind(&properties[by]).map(|kinds| schemas[kinds].clone()) else {
        return;
    };
    let Some(content_name) = name_behind(&properties[property]).map(ToOwned::to_owned) else {
        return;
    };
    let content = schemas[&content_name].clone();
    let view = name.strip_prefix(base_name(name)).unwrap_or_default();
    let is_new = view == "Create";
    let is_update = view == "Update";
    let content_view = if is_new || is_update { view } else { "" };

    let mut references = Vec::new();
    let mut mapping = Map::new();
    for value in kinds["enum"].as_array().into_iter().flatten() {
        let Some(value) = value.as_str() else {
            continue;
        };
        let about = about(&kinds, value);
        let content_of = format!("{}{}{content_view}", pascal(value), pascal(property));
        schemas.insert(
            content_of.clone(),
            content_for(&content, value, &about, is_new),
        );

        let mut whole = schema.clone();
        whole["description"] = format!(
            "{} The `{by}` is `{value}`. {about}",
            first(&schema["description"])
        )
        .into();
        // One for all views: `WebhookServiceType` is `type` of `WebhookServiceUpdate` too.
        let kind = format!("{}{}{}", pascal(value), base_name(name), pascal(by));
        let mut told = reference(&kind);
        told["description"] = first(&properties[by]["description"]).into();
        whole["properties"][by] = told;
        schemas.insert(
            kind,
            json!({ "description": about, "type": "string", "enum": [value] }),
        );
        let mut described = reference(&content_of);
        described["description"] = properties[property]["description"].clone();
        whole["properties"][property] = described;
        require(&mut whole, by);
        let whole_name = format!("{}{name}", pascal(value));
        mapping.insert(value.to_owned(), reference(&whole_name)["$ref"].clone());
        references.push(reference(&whole_name));
        schemas.insert(whole_name, whole);
    }
    let mut description = first(&schema["description"]);
    if is_update {
        let mut rest = schema.clone();
        if let Some(Value::Object(properties)) = rest.get_mut("properties") {
            properties.shift_remove(by);
            properties.shift_remove(property);
        }
        rest["description"] = format!("What can be changed whatever the `{by}` is.").into();
        let rest_name = format!("Any{name}");
        references.push(reference(&rest_name));
        schemas.insert(rest_name, rest);
        description =
            format!("{description} A change of `{property}` says for which `{by}` it is.");
    }
    let mut union = json!({ "description": description, "oneOf": references });
    if !is_update {
        union["discriminator"] = json!({ "propertyName": by, "mapping": mapping });
    }
    schemas.insert(name.to_owned(), union);
}

/// The content for one value: the properties that are marked with it.
fn content_for(content: &Value, value: &str, about: &str, is_new: bool) -> Value {
    let mut own = content.clone();
    own["description"] = about.into();
    let mut needed = Vec::new();
    if let Some(Value::Object(properties)) = own.get_mut("properties") {
        properties.retain(|_, property| property["x-of"]["value"] == value);
        for (name, property) in properties.iter_mut() {
            drop_owner(property);
            if is_new && property["x-of"]["needed"] == true {
                needed.push(name.clone());
                never_null(property);
            }
        }
    }
    let is_empty = own["properties"].as_object().is_some_and(Map::is_empty);
    if let Some(members) = own.as_object_mut() {
        if is_empty {
            members.shift_remove("properties");
        }
        if !needed.is_empty() {
            members.insert("required".into(), needed.into());
        }
    }
    own
}

/// Drops from a description which alternative the property is for: each has its own now.
fn drop_owner(property: &mut Value) {
    let text = property["description"].as_str().unwrap_or_default();
    if let Some((_, rest)) = text.split_once(": ") {
        let mut characters = rest.chars();
        let first = characters.next().map(|first| first.to_ascii_uppercase());
        let rest: String = first.into_iter().chain(characters).collect();
        property["description"] = rest.into();
    }
}

/// Adds a property to those that an object requires.
pub(super) fn require(schema: &mut Value, property: &str) {
    if requires(schema, property) {
        return;
    }
    match schema.get_mut("required").and_then(Value::as_array_mut) {
        Some(names) => names.push(property.into()),
        None => schema["required"] = json!([property]),
    }
}

/// Takes null from what a property can be.
pub(super) fn never_null(property: &mut Value) {
    if let Some(members) = property.as_object_mut() {
        crate::schema::refuse_null(members);
    }
    if let Some(only) = property["type"]
        .as_array()
        .and_then(|types| match &types[..] {
            [only] => Some(only.clone()),
            _ => None,
        })
    {
        property["type"] = only;
    }
    if let Some(Value::Array(values)) = property.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
}

/// What the description of an enum says of one of its values.
fn about(kinds: &Value, value: &str) -> String {
    let lines = kinds["description"].as_str().unwrap_or_default().lines();
    let lead = format!("- `{value}`: ");
    let mut own = lines.filter_map(|line| line.strip_prefix(&lead));
    own.next().unwrap_or_default().to_owned()
}

/// The first paragraph of a description.
fn first(description: &Value) -> String {
    let text = description.as_str().unwrap_or_default();
    text.split("\n\n").next().unwrap_or_default().to_owned()
}
