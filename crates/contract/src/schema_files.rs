//! The JSON Schemas as files, each schema once.
//!
//! There is a file for each schema of the published document, in which others are referred
//! to by relative URIs, and one file that has all of them. Either is valid by itself, so
//! that whoever validates takes what suits the tool.

use serde_json::{Map, Value};

use crate::operation::BASE_PATH;

/// The dialect of the schemas.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Where the API is. The `$id` of each schema begins with it.
const HOST: &str = "https://api.web1on1.chat";

/// What references to schemas begin with in a document.
const REFERENCE: &str = "#/components/schemas/";

/// A file for each schema of a published document, and the one with all of them: paths and
/// contents.
pub(crate) fn files(document: &Value) -> Vec<(String, String)> {
    let none = Map::new();
    let schemas = document["components"]["schemas"]
        .as_object()
        .unwrap_or(&none);
    let mut files = vec![file("schemas.json", bundle(schemas))];
    for (name, schema) in schemas {
        let path = format!("schemas/{name}.json");
        let mut members = beginning(&path, name);
        let of_its_own = of_its_own(schema, &|target| format!("{target}.json"));
        if let Value::Object(schema) = of_its_own {
            members.extend(schema);
        }
        files.push(file(&path, members));
    }
    files
}

fn bundle(schemas: &Map<String, Value>) -> Map<String, Value> {
    let definitions = schemas.iter().map(|(name, schema)| {
        let schema = of_its_own(schema, &|target| format!("#/$defs/{target}"));
        (name.clone(), schema)
    });
    let definitions = Value::Object(definitions.collect());
    let mut members = beginning("schemas.json", "All schemas");
    members.insert("$defs".into(), definitions);
    members
}

/// A schema that refers to others as `reference` says, without what only OpenAPI knows.
fn of_its_own(value: &Value, reference: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::Object(members) => {
            // A property may have that name; its schema is no discriminator.
            let is_kept = |name: &str, member: &Value| {
                name != "discriminator" || member.get("propertyName").is_none()
            };
            let kept = members
                .iter()
                .filter(|(name, member)| is_kept(name, member));
            kept.map(|(name, member)| {
                let target = member.as_str().filter(|_| name == "$ref");
                let target = target.and_then(|target| target.strip_prefix(REFERENCE));
                let member = match target {
                    Some(target) => reference(target).into(),
                    None => of_its_own(member, reference),
                };
                (name.clone(), member)
            })
            .collect()
        }
        Value::Array(items) => items
            .iter()
            .map(|item| of_its_own(item, reference))
            .collect(),
        other => other.clone(),
    }
}

/// The keywords that each file begins with.
fn beginning(path: &str, title: &str) -> Map<String, Value> {
    let id = format!("{HOST}{BASE_PATH}/{path}");
    [("$schema", DIALECT), ("$id", &id), ("title", title)]
        .map(|(keyword, value)| (keyword.to_owned(), value.into()))
        .into_iter()
        .collect()
}

fn file(path: &str, members: Map<String, Value>) -> (String, String) {
    (path.to_owned(), format!("{:#}\n", Value::Object(members)))
}
