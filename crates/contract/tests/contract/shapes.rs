//! What the resources look like, for people to review.

use std::{collections::BTreeMap, fmt::Write};

use contract::{catalogue, id::ObjectId, schema::SchemaDocument};
use serde_json::Value;

/// The type of a property in a few characters: `[string]` is a list of strings,
/// `?` may be null.
fn kind(schema: &Value) -> String {
    if let Some(alternatives) = schema["anyOf"].as_array() {
        let kinds: Vec<_> = alternatives
            .iter()
            .filter(|alternative| alternative["type"] != "null")
            .map(kind)
            .collect();
        return format!("{}?", kinds.join(" | "));
    }
    if let Some(target) = schema["$ref"].as_str() {
        return target.trim_start_matches("#/$defs/").to_owned();
    }
    let (types, null) = match &schema["type"] {
        Value::Array(types) => (
            types.clone(),
            if types.contains(&"null".into()) {
                "?"
            } else {
                ""
            },
        ),
        Value::Null => return "any".to_owned(),
        only => (vec![only.clone()], ""),
    };
    let name = types
        .iter()
        .find_map(|value| value.as_str().filter(|name| *name != "null"));
    let name = match (name, schema["format"].as_str()) {
        (Some("array"), _) => format!("[{}]", kind(&schema["items"])),
        (Some("string"), _) if schema["pattern"] == ObjectId::PATTERN => "id".to_owned(),
        (Some("string"), Some(format)) => format.to_owned(),
        (name, _) => name.unwrap_or("null").to_owned(),
    };
    name + null
}

fn shape(document: &SchemaDocument) -> String {
    let mut text = String::new();
    let others = document
        .definitions
        .keys()
        .filter(|name| **name != document.name);
    for name in std::iter::once(&document.name).chain(others) {
        let schema = &document.definitions[name];
        if let Some(values) = schema["enum"].as_array() {
            let values: Vec<_> = values.iter().filter_map(Value::as_str).collect();
            writeln!(text, "{name}: {}", values.join(" | ")).expect("a string takes any text");
            continue;
        }
        let open = if schema["additionalProperties"] == true {
            " (and others)"
        } else {
            ""
        };
        writeln!(text, "{name}{open}").expect("a string takes any text");
        for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
            let required = document.definitions[name]["required"]
                .as_array()
                .is_some_and(|required| required.iter().any(|other| other == property));
            let marks = [
                ("required", required),
                ("read-only", schema["readOnly"] == true),
                ("write-only", schema["writeOnly"] == true),
            ];
            let mut line = format!("  {property:<22}{}", kind(schema));
            for (mark, _) in marks.iter().filter(|(_, is_on)| *is_on) {
                write!(line, ", {mark}").expect("a string takes any text");
            }
            if let Some(default) = schema.get("default") {
                write!(line, " = {default}").expect("a string takes any text");
            }
            writeln!(text, "{line}").expect("a string takes any text");
        }
    }
    text
}

#[test]
fn resources_look_like_this() {
    let resources: BTreeMap<_, _> = catalogue()
        .iter()
        .filter_map(|operation| operation.reply.body.of())
        .map(|of| (of.name(), of))
        .filter(|(_, of)| of.views().read.root()["properties"].is_object())
        .collect();
    for (name, of) in resources {
        insta::assert_snapshot!(name.into_owned(), shape(&of.views().read));
    }
}
