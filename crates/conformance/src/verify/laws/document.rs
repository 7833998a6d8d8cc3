//! OpenAPI documents, as they are read.

use serde_json::Value;

use super::bundle::{BundleError, bundle};
use super::schema;
use crate::diff::BoxError;

/// Why a document cannot be verified against.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is no JSON.
    #[error("{source_name} is not JSON")]
    Json {
        /// The name of the document.
        source_name: String,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// It is no YAML.
    #[error("{source_name} is not YAML")]
    Yaml {
        /// The name of the document.
        source_name: String,
        /// What the parser says.
        source: yaml_serde::Error,
    },
    /// It refers to what cannot be read.
    #[error("{source_name} cannot be put together")]
    Bundle {
        /// The name of the document.
        source_name: String,
        /// What hinders it.
        source: BundleError,
    },
    /// It is something else than an OpenAPI document.
    #[error("{source_name} {problem}")]
    NotOpenApi {
        /// The name of the document.
        source_name: String,
        /// What is wrong, as the end of a sentence about the document.
        problem: String,
    },
}

/// An OpenAPI document, version 3.0 or 3.1.
#[derive(Clone, Debug)]
pub struct ApiDocument {
    pub(crate) source: String,
    pub(crate) root: Value,
}

impl ApiDocument {
    /// Reads a document; `source` is what messages call it. A text that starts with
    /// `{` is read as JSON, any other as YAML.
    ///
    /// # Errors
    ///
    /// If it is no OpenAPI document of version 3.0 or 3.1, or has no operations.
    pub fn parse(source: &str, text: &str) -> Result<Self, DocumentError> {
        Self::of(source, read(source, text)?)
    }

    /// Reads a document together with the files that it refers to. `source` is its path,
    /// and `fetch` returns the text of a file by its path.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), and if a file cannot be read.
    pub fn load(
        source: &str,
        text: &str,
        fetch: &mut dyn FnMut(&str) -> Result<String, BoxError>,
    ) -> Result<Self, DocumentError> {
        let mut root = read(source, text)?;
        let mut fetch = |path: &str| Ok(read(path, &fetch(path)?)?);
        bundle(&mut root, source, &mut fetch).map_err(|error| DocumentError::Bundle {
            source_name: source.to_owned(),
            source: error,
        })?;
        Self::of(source, root)
    }

    /// What the document says, as OpenAPI 3.1 has it, with the files that it refers to.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.root
    }

    fn of(source: &str, mut root: Value) -> Result<Self, DocumentError> {
        let source_name = source.to_owned();
        let is_old = root["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3.0"));
        let not_open_api = |problem: &str| DocumentError::NotOpenApi {
            source_name: source_name.clone(),
            problem: problem.to_owned(),
        };
        let version = root["openapi"].as_str().unwrap_or_default();
        if !version.starts_with("3.0") && !version.starts_with("3.1") {
            return Err(not_open_api(
                "is not an OpenAPI document of version 3.0 or 3.1; convert it first",
            ));
        }
        if root["paths"]
            .as_object()
            .is_none_or(serde_json::Map::is_empty)
        {
            return Err(not_open_api("has no paths, so there is nothing to verify"));
        }
        if is_old {
            schema::modernize(&mut root);
        }
        Ok(Self {
            source: source_name,
            root,
        })
    }

    /// The document of this API.
    pub(crate) fn of_contract() -> Self {
        Self {
            source: crate::verify::check::DOCUMENT.to_owned(),
            root: contract::openapi::openapi(),
        }
    }

    /// The path below which the operations are, from the first server.
    pub(crate) fn base_path(&self) -> &str {
        let url = self.root["servers"][0]["url"].as_str().unwrap_or_default();
        let path = match url.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
            None => url,
        };
        // A template has no value that is known here.
        if path.contains('{') {
            return "";
        }
        path.trim_end_matches('/')
    }
}

/// What a file says, in JSON or YAML.
fn read(name: &str, text: &str) -> Result<Value, DocumentError> {
    let source_name = name.to_owned();
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|source| DocumentError::Json {
            source_name,
            source,
        })
    } else {
        yaml_serde::from_str(text).map_err(|source| DocumentError::Yaml {
            source_name,
            source,
        })
    }
}
