//! The files in `openapi/` that are derived from the contract.
//!
//! Nothing here reads or writes a file.

use serde_json::Value;

use crate::{openapi::VERSION, published, schema_files};

/// A file in `openapi/` that is derived from the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artefact {
    /// The path of the file below `openapi/`.
    pub path: String,
    /// What the file holds.
    pub content: String,
}

/// Every file in `openapi/` that is derived from the contract: the OpenAPI document
/// that is published, as JSON and as YAML, once as OpenAPI 3.1 and once as 3.0, and the
/// JSON Schema of every body.
pub fn artefacts() -> Vec<Artefact> {
    artefacts_of(VERSION, None)
}

/// The [`artefacts`], as they will be once the contract has this version. With `server`
/// the documents name that base URL, and no other.
pub fn artefacts_of(version: &str, server: Option<&str>) -> Vec<Artefact> {
    let mut document = published::document(server);
    document["info"]["version"] = version.into();
    let older = published::to_3_0(&document);
    let mut artefacts = vec![
        json_file("openapi.json", &document),
        yaml_file("openapi.yaml", &document),
        json_file("openapi-3.0.json", &older),
        yaml_file("openapi-3.0.yaml", &older),
    ];
    let files = schema_files::files(&document).into_iter();
    artefacts.extend(files.map(|(path, content)| Artefact { path, content }));
    artefacts
}

fn json_file(path: &str, document: &Value) -> Artefact {
    Artefact {
        path: path.into(),
        content: format!("{document:#}\n"),
    }
}

fn yaml_file(path: &str, document: &Value) -> Artefact {
    Artefact {
        path: path.into(),
        content: yaml_serde::to_string(document)
            // A JSON value has a YAML form.
            .unwrap_or_else(|error| panic!("the document has no YAML form: {error}")),
    }
}
