//! What the OpenAPI document says of its operations.

use serde_json::Value;

use crate::html::slug;

/// The methods that a path item of OpenAPI can have, in the order in which readers
/// expect them.
const METHODS: [&str; 8] = [
    "get", "post", "put", "patch", "delete", "head", "options", "trace",
];

/// What is said of a REST API on all pages.
pub(crate) struct Rest {
    pub(crate) title: String,
    pub(crate) version: String,
    /// The first paragraph of the description, in Markdown.
    pub(crate) summary: String,
    pub(crate) operations: Vec<Operation>,
    /// Where the API may be, as URLs.
    pub(crate) servers: Vec<String>,
}

/// An operation of the document.
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) tag: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) summary: String,
}

impl Rest {
    pub(crate) fn read(document: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let info = &document["info"];
        let description = text(&info["description"]);
        let servers = document["servers"].as_array().into_iter().flatten();
        Self {
            title: text(&info["title"]),
            version: text(&info["version"]),
            summary: description
                .split("\n\n")
                .find(|paragraph| !paragraph.starts_with('#'))
                .unwrap_or_default()
                .to_owned(),
            operations: operations(document),
            servers: servers.map(|server| text(&server["url"])).collect(),
        }
    }

    /// The operation of a method and a path, whatever the variables of the path are
    /// called.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<&Operation> {
        let shape = shape(path);
        self.operations
            .iter()
            .find(|operation| operation.method == method && self::shape(&operation.path) == shape)
    }
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    let tags = document["tags"].as_array().into_iter().flatten();
    let tags: Vec<_> = tags.filter_map(|tag| tag["name"].as_str()).collect();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let operation = &item[method];
            if operation.is_null() {
                continue;
            }
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            operations.push(Operation {
                id: text(&operation["operationId"]),
                tag: text(&operation["tags"][0]),
                method: method.to_uppercase(),
                path: path.clone(),
                summary: text(&operation["summary"]),
            });
        }
    }
    operations.sort_by_key(|operation| tags.iter().position(|tag| *tag == operation.tag));
    operations
}

/// A path with nothing in the place of its variables.
fn shape(path: &str) -> String {
    let mut shape = String::with_capacity(path.len());
    let mut is_variable = false;
    for character in path.chars() {
        match character {
            '{' => is_variable = true,
            '}' => {
                is_variable = false;
                shape.push_str("{}");
            }
            other if !is_variable => shape.push(other),
            _ => {}
        }
    }
    shape
}

impl Operation {
    /// Where the REST reference has the operation, from the root of the site. The
    /// script of the reference gives the renderer the same names.
    pub(crate) fn href(&self) -> String {
        format!("rest.html#tag/{}/{}", slug(&self.tag), self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_variables_do_not_tell_paths_apart() {
        assert_eq!(shape("/users/{user_id}"), shape("/users/{id}"));
        assert_ne!(shape("/users/{user_id}"), shape("/users/me"));
    }
}
