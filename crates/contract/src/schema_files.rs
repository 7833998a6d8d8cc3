//! The JSON Schemas as files, each schema once.
//!
//! There is a file for each named schema, in which others are referred to by relative
//! URIs, and one file that has all of them. Either is valid by itself, so that whoever
//! validates takes what suits the tool.

use serde_json::{Map, Value, json};

use crate::{
    operation::BASE_PATH,
    schema::{Definitions, definition_name, visit_references},
};

/// The dialect of the schemas.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Where the API is. The `$id` of each schema begins with it.
const HOST: &str = "https://api.web1on1.chat";

/// A file for each schema, and the one with all of them: paths and contents.
pub(crate) fn files(schemas: &Definitions) -> Vec<(String, String)> {
    let mut files = vec![file("schemas.json", bundle(schemas))];
    for (name, schema) in schemas {
        let path = format!("schemas/{name}.json");
        let mut members = beginning(&path, name);
        let mut schema = schema.clone();
        visit_references(&mut schema, &mut |target| {
            if let Some(name) = definition_name(target) {
                *target = format!("{name}.json");
            }
        });
        if let Value::Object(schema) = schema {
            members.extend(schema);
        }
        files.push(file(&path, members));
    }
    files
}

fn bundle(schemas: &Definitions) -> Map<String, Value> {
    let mut members = beginning("schemas.json", "All schemas");
    members.insert("$defs".into(), json!(schemas));
    members
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
