//! JSON Schemas of their own, taken from a published document.

use serde_json::{Map, Value};

use super::components;

/// The schema of this name with everything that it refers to, as a JSON Schema document
/// with that `$id`. Returns `None` if the document has no such schema.
pub fn standalone(document: &Value, name: &str, id: &str) -> Option<Value> {
    let schemas = document["components"]["schemas"].as_object()?;
    let root = schemas.get(name)?;
    let needed = components::reached(document, &[root], |_| false);
    let mut schema = Map::new();
    schema.insert(
        "$schema".into(),
        "https://json-schema.org/draft/2020-12/schema".into(),
    );
    schema.insert("$id".into(), id.into());
    schema.insert("title".into(), name.into());
    let mut definitions: Map<_, _> = schemas
        .iter()
        .filter(|(other, _)| needed.contains(*other))
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    if let Some(root) = root.as_object() {
        schema.extend(root.clone());
    }
    // A type that contains itself needs its definition beside the root.
    if needed.contains(name) {
        schema.retain(|keyword, _| matches!(keyword.as_str(), "$schema" | "$id" | "title"));
        schema.insert("$ref".into(), format!("#/$defs/{name}").into());
        definitions.insert(name.to_owned(), root.clone());
    }
    if !definitions.is_empty() {
        schema.insert("$defs".into(), definitions.into());
    }
    let mut schema = Value::Object(schema);
    of_its_own(&mut schema);
    Some(schema)
}

/// Makes references lead to the definitions, and drops what only OpenAPI knows.
fn of_its_own(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, member| name != "discriminator" || !member.is_object());
            for (name, member) in members {
                match member {
                    Value::String(target) if name == "$ref" => {
                        *target = target.replace("#/components/schemas/", "#/$defs/");
                    }
                    member => of_its_own(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(of_its_own),
        _ => {}
    }
}
