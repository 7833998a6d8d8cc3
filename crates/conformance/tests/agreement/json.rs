//! Changes of JSON Schemas, and helpers for changes of JSON.

use serde_json::{Map, Value, json};

use crate::mutation::Change;

/// A kind of change, the place below the schema, and the change.
pub(crate) type SchemaChange = (&'static str, String, Change<Value>);

fn change(
    kind: &'static str,
    place: &str,
    change: impl Fn(&mut Value) + Send + Sync + 'static,
) -> SchemaChange {
    (kind, place.to_owned(), Box::new(change))
}

pub(crate) fn members(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().expect("an object")
}

/// Flips a flag that is absent where it is false.
pub(crate) fn flip(value: &mut Value, name: &str) {
    if value[name] == true {
        members(value).shift_remove(name);
    } else {
        value[name] = true.into();
    }
}

pub(crate) fn rename(value: &mut Value, from: &str, to: &str) {
    let renamed = std::mem::take(members(value))
        .into_iter()
        .map(|(name, value)| {
            let name = if name == from { to.to_owned() } else { name };
            (name, value)
        });
    *members(value) = renamed.collect();
}

/// Removes what only confuses: prose and examples have no meaning here.
pub(crate) fn without_prose(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (keyword, member) in members.iter_mut() {
                // What is called `description` may be a property.
                match member {
                    Value::Object(named) if keyword == "properties" => {
                        named.values_mut().for_each(without_prose);
                    }
                    member => without_prose(member),
                }
            }
            members.retain(|keyword, member| match keyword.as_str() {
                "description" => !member.is_string(),
                "example" | "examples" => false,
                _ => true,
            });
        }
        Value::Array(items) => items.iter_mut().for_each(without_prose),
        _ => {}
    }
}

/// Adds the targets of all references in a value to those in `found`.
pub(crate) fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (keyword, member) in members {
                match member {
                    Value::String(target) if keyword == "$ref" => found.push(target.clone()),
                    member => references(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// Every change of a named schema. `others` are references that could stand in
/// it instead.
pub(crate) fn of_schema(schema: &Value, others: &[String]) -> Vec<SchemaChange> {
    let mut changes = Vec::new();
    let is_empty = schema["type"] == "object" && schema["additionalProperties"] != true;
    if schema["properties"].is_object() || is_empty {
        changes.extend(of_object(schema));
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            for (kind, place, change) in of_value(property, others) {
                let name = name.clone();
                changes.push((
                    kind,
                    format!(".{name}{place}"),
                    Box::new(move |schema: &mut Value| change(&mut schema["properties"][&name])),
                ));
            }
        }
    } else {
        changes.extend(of_value(schema, others));
    }
    changes
}

fn of_object(schema: &Value) -> Vec<SchemaChange> {
    let mut changes = vec![
        change("property added", "", |schema| {
            schema["properties"]["shoeSize"] = json!({"type": ["string", "null"]});
        }),
        change("required names nothing", "", |schema| {
            let mut required = schema["required"].as_array().cloned().unwrap_or_default();
            required.push("shoeSize".into());
            schema["required"] = required.into();
        }),
        change("type deprecated", "", |schema| flip(schema, "deprecated")),
        change("type readOnly", "", |schema| flip(schema, "readOnly")),
        change("type writeOnly", "", |schema| flip(schema, "writeOnly")),
        change("additionalProperties absent", "", |schema| {
            members(schema).shift_remove("additionalProperties");
        }),
        change("additionalProperties false", "", |schema| {
            schema["additionalProperties"] = false.into();
        }),
        change("additionalProperties true", "", |schema| {
            schema["additionalProperties"] = true.into();
        }),
        change("additionalProperties typed", "", |schema| {
            schema["additionalProperties"] = json!({"type": "string"});
        }),
        change("object nullable", "", |schema| {
            schema["type"] = json!(["object", "null"]);
        }),
        change("properties limited", "", |schema| {
            schema["maxProperties"] = 3.into();
        }),
        change("properties dropped altogether", "", |schema| {
            members(schema).shift_remove("properties");
        }),
    ];
    for name in schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
    {
        let owned = || name.clone();
        let place = format!(".{name}");
        let name = owned();
        changes.push(change("property renamed", &place, move |schema| {
            rename(&mut schema["properties"], &name, "shoeSize");
            for required in schema["required"].as_array_mut().into_iter().flatten() {
                if *required == name.as_str() {
                    *required = "shoeSize".into();
                }
            }
        }));
        let name = owned();
        changes.push(change("property dropped", &place, move |schema| {
            members(&mut schema["properties"]).shift_remove(&name);
        }));
        let name = owned();
        changes.push(change("required flipped", &place, move |schema| {
            let mut required = schema["required"].as_array().cloned().unwrap_or_default();
            if required.iter().any(|one| *one == name.as_str()) {
                required.retain(|one| *one != name.as_str());
            } else {
                required.push(name.as_str().into());
            }
            schema["required"] = required.into();
        }));
    }
    changes
}

/// Puts another schema in the place of this one, and keeps its marks.
fn retyped(value: &mut Value, to: Value) {
    let mut to = to;
    for mark in ["readOnly", "writeOnly"] {
        if value[mark] == true {
            to[mark] = true.into();
        }
    }
    *value = to;
}

/// Every change of the schema of a value.
pub(crate) fn of_value(schema: &Value, others: &[String]) -> Vec<SchemaChange> {
    let mut changes: Vec<SchemaChange> = Vec::new();
    for mark in ["readOnly", "writeOnly", "deprecated"] {
        changes.push(change(
            match mark {
                "readOnly" => "readOnly flipped",
                "writeOnly" => "writeOnly flipped",
                _ => "property deprecated",
            },
            "",
            move |schema| flip(schema, mark),
        ));
    }
    let targets = [
        json!({"type": ["string", "null"]}),
        json!({"type": ["string", "null"], "format": "date-time"}),
        json!({"type": ["number", "null"]}),
        json!({"type": ["integer", "null"]}),
        json!({"type": ["boolean", "null"]}),
        json!({"type": ["object", "null"], "additionalProperties": true}),
        json!({"type": ["array", "null"], "items": {"type": "string"}}),
        json!({}),
    ];
    for to in targets {
        changes.push(change("retyped", &format!(" to {to}"), move |schema| {
            retyped(schema, to.clone());
        }));
    }
    changes.push(change("list-ness flipped", "", |schema| {
        let to = match schema.get("items") {
            Some(items) => items.clone(),
            None => json!({"type": ["array", "null"], "items": schema.clone()}),
        };
        retyped(schema, to);
    }));
    // What can be anything is null already.
    if ["type", "$ref", "anyOf"]
        .iter()
        .any(|keyword| schema.get(*keyword).is_some())
    {
        changes.push(change("null flipped", "", |schema| {
            let with_null = || json!({"anyOf": [schema.clone(), {"type": "null"}]});
            *schema = without_null(schema).unwrap_or_else(with_null);
        }));
    }
    for keyword in schema
        .as_object()
        .into_iter()
        .flatten()
        .map(|(keyword, _)| keyword.clone())
    {
        let is_rule = !matches!(
            keyword.as_str(),
            "readOnly" | "writeOnly" | "type" | "items" | "$ref" | "anyOf"
        );
        if is_rule {
            let place = format!(" {keyword}");
            changes.push(change("rule dropped", &place, move |schema| {
                members(schema).shift_remove(&keyword);
            }));
        }
    }
    for (keyword, rule) in [
        ("pattern", json!("^x$")),
        ("format", json!("uri-template")),
        ("default", json!("x")),
        ("minLength", json!(3)),
        ("maximum", json!(3)),
        ("maxItems", json!(3)),
        ("const", json!("x")),
        ("not", json!({})),
    ] {
        changes.push(change(
            "rule changed",
            &format!(" {keyword}"),
            move |schema| {
                schema[keyword] = rule.clone();
            },
        ));
    }
    for other in others {
        let other = other.clone();
        let place = format!(" to {other}");
        changes.push(change("other type referred to", &place, move |schema| {
            refer(schema, &other);
        }));
    }
    if schema.get("items").is_some() {
        for (kind, place, change) in of_value(&schema["items"], others) {
            if matches!(
                kind,
                "readOnly flipped" | "writeOnly flipped" | "property deprecated"
            ) {
                // A mark on an element means nothing.
                continue;
            }
            let place = format!("[]{place}");
            changes.push((
                kind,
                place,
                Box::new(move |schema| change(&mut schema["items"])),
            ));
        }
    }
    changes.extend(of_enum(schema));
    changes
}

fn of_enum(schema: &Value) -> Vec<SchemaChange> {
    let Some(values) = schema["enum"].as_array() else {
        return Vec::new();
    };
    let mut changes = vec![change("enum value added", "", |schema| {
        schema["enum"]
            .as_array_mut()
            .expect("values")
            .push("shoe".into());
    })];
    for (number, value) in values
        .iter()
        .enumerate()
        .filter(|(_, value)| !value.is_null())
    {
        let place = format!(" {value}");
        changes.push(change("enum value renamed", &place, move |schema| {
            schema["enum"][number] = "shoe".into();
        }));
        changes.push(change("enum value dropped", &place, move |schema| {
            schema["enum"]
                .as_array_mut()
                .expect("values")
                .remove(number);
        }));
        if values.get(number + 1).is_some_and(|next| !next.is_null()) {
            changes.push(change("enum values swapped", &place, move |schema| {
                schema["enum"]
                    .as_array_mut()
                    .expect("values")
                    .swap(number, number + 1);
            }));
        }
    }
    changes
}

/// The schema without null among what it allows, if that is there.
fn without_null(schema: &Value) -> Option<Value> {
    let mut schema = schema.clone();
    if let Some(types) = schema["type"].as_array() {
        let others: Vec<_> = types
            .iter()
            .filter(|name| *name != "null")
            .cloned()
            .collect();
        if others.len() < types.len() {
            schema["type"] = others.into();
            return Some(schema);
        }
    }
    let alternatives = schema["anyOf"].as_array()?;
    let other = alternatives
        .iter()
        .find(|alternative| alternative["type"] != "null")?
        .clone();
    let is_nullable = alternatives
        .iter()
        .any(|alternative| alternative["type"] == "null");
    members(&mut schema).shift_remove("anyOf");
    members(&mut schema).extend(other.as_object()?.clone());
    is_nullable.then_some(schema)
}

/// Puts another target in the place of the reference, if there is one.
fn refer(value: &mut Value, target: &str) {
    if value.get("$ref").is_some() {
        value["$ref"] = target.into();
    }
    for alternative in value["anyOf"].as_array_mut().into_iter().flatten() {
        if alternative.get("$ref").is_some() {
            alternative["$ref"] = target.into();
        }
    }
}

/// Every other path that is one step away: `/users/{user_id}/x`.
pub(crate) fn of_path(path: &str) -> Vec<(&'static str, String)> {
    let segments: Vec<_> = path.split('/').skip(1).collect();
    let join = |segments: &[&str]| format!("/{}", segments.join("/"));
    let mut paths = vec![
        ("path segment added", format!("{path}/more")),
        ("path segment added", format!("/more{path}")),
        ("path ends in a slash", format!("{path}/")),
    ];
    for number in 0..segments.len() {
        let mut changed = segments.clone();
        let renamed = match segments[number].strip_prefix('{') {
            Some(variable) => format!("{{shoe_{variable}"),
            None => format!("{}s", segments[number]),
        };
        changed[number] = &renamed;
        let kind = if renamed.starts_with('{') {
            "path variable renamed"
        } else {
            "path segment renamed"
        };
        paths.push((kind, join(&changed)));
        let mut changed = segments.clone();
        changed.remove(number);
        paths.push(("path segment dropped", join(&changed)));
        if number + 1 < segments.len() {
            let mut changed = segments.clone();
            changed.swap(number, number + 1);
            paths.push(("path segments swapped", join(&changed)));
        }
    }
    paths
}
