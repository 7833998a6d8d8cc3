//! A document in which references lead to named schemas only.
//!
//! Path items, operations, parameters, bodies, responses and headers stand where they are
//! used. Schemas that stand elsewhere than among the components get a name there. What has
//! moved keeps where it stood under [`PLACE`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::json_schema::PLACE;
use crate::methods::each_operation;
use crate::reference::{end, escape, target};

const SCHEMAS: &str = "/components/schemas";

/// Returns the same document in that form.
pub(crate) fn in_place(document: &Value) -> Value {
    let mut all = document.clone();
    for item in each(all.get_mut("paths")) {
        path_item(document, item);
    }
    name_schemas(document, &mut all);
    all
}

fn path_item(document: &Value, item: &mut Value) {
    resolve(document, item);
    parameters(document, item);
    each_operation(item, |operation| {
        resolve(document, operation);
        parameters(document, operation);
        if let Some(body) = operation.get_mut("requestBody") {
            resolve(document, body);
            contents(document, body);
        }
        for response in each(operation.get_mut("responses")) {
            resolve(document, response);
            contents(document, response);
            for header in each(response.get_mut("headers")) {
                resolve(document, header);
                contents(document, header);
            }
        }
    });
}

fn parameters(document: &Value, of: &mut Value) {
    let all = of.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in all.into_iter().flatten() {
        resolve(document, parameter);
        contents(document, parameter);
    }
}

fn contents(document: &Value, of: &mut Value) {
    for media in each(of.get_mut("content")) {
        resolve(document, media);
    }
}

fn each(of: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    let members = of.and_then(Value::as_object_mut);
    members.into_iter().flat_map(Map::values_mut)
}

/// Puts what a reference leads to in its place.
fn resolve(document: &Value, value: &mut Value) {
    if let Some((pointer, target)) = end(document, value) {
        *value = target.clone();
        if let Some(members) = value.as_object_mut() {
            members.insert(PLACE.to_owned(), pointer.into());
        }
    }
}

/// Gives names to the schemas that are referred to and have none.
fn name_schemas(document: &Value, all: &mut Value) {
    let known = document.pointer(SCHEMAS).and_then(Value::as_object);
    let mut names = Names {
        document,
        taken: known.into_iter().flat_map(Map::keys).cloned().collect(),
        by_pointer: BTreeMap::new(),
        todo: Vec::new(),
    };
    if let Some(paths) = all.get_mut("paths") {
        names.walk(paths, false);
    }
    let sections = all.get_mut("components").and_then(Value::as_object_mut);
    for (section, members) in sections.into_iter().flatten() {
        for member in each(Some(members)) {
            names.walk(member, section == "schemas");
        }
    }
    let mut found = Map::new();
    while let Some((name, pointer)) = names.todo.pop() {
        let Some(mut schema) = document.pointer(&pointer).cloned() else {
            continue;
        };
        names.walk(&mut schema, true);
        if let Some(members) = schema.as_object_mut() {
            members.insert(PLACE.to_owned(), pointer.into());
        }
        found.insert(name, schema);
    }
    if found.is_empty() {
        return;
    }
    let empty = || Value::Object(Map::new());
    if let Some(root) = all.as_object_mut()
        && let Value::Object(components) = root.entry("components").or_insert_with(empty)
        && let Value::Object(schemas) = components.entry("schemas").or_insert_with(empty)
    {
        schemas.extend(found);
    }
}

struct Names<'d> {
    document: &'d Value,
    taken: BTreeSet<String>,
    /// The names of schemas by where they stand.
    by_pointer: BTreeMap<String, String>,
    /// Those that are still to be put among the components, with where they stand.
    todo: Vec<(String, String)>,
}

impl Names<'_> {
    /// Makes the references in a value lead to names.
    fn walk(&mut self, value: &mut Value, in_schema: bool) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    match (key.as_str(), &mut *member) {
                        ("$ref", Value::String(reference)) if in_schema => {
                            if let Some(name) = self.name(reference) {
                                *reference = format!("#{SCHEMAS}/{}", escape(&name));
                            }
                        }
                        // What stands there is data.
                        ("const" | "default" | "enum" | "example" | "examples", _) => {}
                        (key, _) if key.starts_with("x-") => {}
                        (
                            "properties" | "patternProperties" | "$defs" | "dependentSchemas",
                            Value::Object(schemas),
                        ) if in_schema => {
                            for schema in schemas.values_mut() {
                                self.walk(schema, true);
                            }
                        }
                        ("schema", member) => self.walk(member, true),
                        (_, member) => self.walk(member, in_schema),
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.walk(item, in_schema);
                }
            }
            _ => {}
        }
    }

    /// The name to be given to what a reference leads to; nothing where it has one.
    fn name(&mut self, reference: &str) -> Option<String> {
        let pointer = target(reference)?;
        let named = pointer
            .strip_prefix(SCHEMAS)
            .and_then(|at| at.strip_prefix('/'));
        if named.is_some_and(|name| !name.contains('/')) {
            return None;
        }
        if let Some(name) = self.by_pointer.get(&pointer) {
            return Some(name.clone());
        }
        self.document.pointer(&pointer)?;
        let token = pointer.rsplit('/').next().unwrap_or_default();
        let token = token.replace("~1", "/").replace("~0", "~");
        let mut name = token.clone();
        let mut number = 1;
        while !self.taken.insert(name.clone()) {
            number += 1;
            name = format!("{token} ({number})");
        }
        self.by_pointer.insert(pointer.clone(), name.clone());
        self.todo.push((name.clone(), pointer));
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::in_place;

    #[test]
    fn what_is_referred_to_stands_where_it_is_used() {
        let document = json!({
            "paths": {"/a": {"$ref": "#/x-files/0"}},
            "x-files": [{
                "parameters": [{"$ref": "#/x-files/1/Limit"}],
                "get": {"responses": {"200": {"$ref": "#/x-files/1/Done"}}},
            }, {
                "Limit": {"in": "query", "name": "limit", "schema": {"$ref": "#/x-files/1/Size"}},
                "Size": {"type": "integer"},
                "Done": {"content": {"application/json": {"schema": {
                    "properties": {"default": {"$ref": "#/paths/~1a/parameters/0/schema"}},
                    "example": {"$ref": "#/data"},
                }}}},
            }],
        });
        let whole = in_place(&document);
        let get = &whole["paths"]["/a"]["get"];
        let body = &get["responses"]["200"]["content"]["application/json"]["schema"];
        assert_eq!(body["example"]["$ref"], "#/data");
        let limit = &whole["paths"]["/a"]["parameters"][0];
        assert_eq!(limit["name"], "limit");
        assert_eq!(limit["x-place"], "/x-files/1/Limit");
        assert_eq!(limit["schema"]["$ref"], "#/components/schemas/Size");
        let size = &whole["components"]["schemas"]["Size"];
        assert_eq!(
            (&size["type"], &size["x-place"]),
            (&json!("integer"), &json!("/x-files/1/Size"))
        );
    }

    #[test]
    fn schemas_get_names_that_none_has() {
        let document = json!({
            "paths": {},
            "components": {"schemas": {
                "Pet": {"properties": {"tag": {"type": "string"}, "other": {"$ref": "#/components/schemas/Pet/properties/tag"}}},
                "tag": {"$ref": "#/components/schemas/Pet"},
            }},
        });
        let schemas = &in_place(&document)["components"]["schemas"];
        let other = &schemas["Pet"]["properties"]["other"];
        assert_eq!(other["$ref"], "#/components/schemas/tag (2)");
        assert_eq!(schemas["tag (2)"]["type"], "string");
        assert_eq!(schemas["tag"]["$ref"], "#/components/schemas/Pet");
    }
}
