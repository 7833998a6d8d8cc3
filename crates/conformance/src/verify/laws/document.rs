//! The OpenAPI document that an API is verified against.

use std::sync::Arc;

use serde_json::Value;

use super::schema;
use crate::diff::{self, Document};
use crate::report::{Finding, Location};

/// Why an API cannot be verified against a document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is no OpenAPI document that can be used.
    #[error(transparent)]
    Unusable(#[from] diff::DocumentError),
    /// It has no operations.
    #[error("{source_name} has no paths, so there is nothing to verify")]
    NoPaths {
        /// The name of the document.
        source_name: String,
    },
}

/// An OpenAPI document, version 3.0, 3.1 or 3.2.
#[derive(Clone, Debug)]
pub struct ApiDocument {
    pub(crate) source: String,
    /// As OpenAPI 3.1 has it.
    pub(crate) root: Value,
    /// As it is written; nothing where it is derived.
    written: Option<Arc<Document>>,
}

impl ApiDocument {
    /// Reads a document that consists of one text; `source` is what messages call it.
    ///
    /// # Errors
    ///
    /// As [`Document::parse`], and if it has no paths.
    pub fn parse(source: &str, text: &str) -> Result<Self, DocumentError> {
        Self::new(source, Document::parse(source, text)?)
    }

    /// Takes a document, which messages call `source`.
    ///
    /// # Errors
    ///
    /// It has no paths.
    pub fn new(source: &str, document: Document) -> Result<Self, DocumentError> {
        let mut root = document.value().clone();
        let paths = root["paths"].as_object();
        if paths.is_none_or(serde_json::Map::is_empty) {
            return Err(DocumentError::NoPaths {
                source_name: source.to_owned(),
            });
        }
        let version = root["openapi"].as_str().unwrap_or_default();
        if version.starts_with("3.0") {
            schema::modernize(&mut root);
        }
        Ok(Self {
            source: source.to_owned(),
            root,
            written: Some(Arc::new(document)),
        })
    }

    /// What the document says, as OpenAPI 3.1 has it, with the files that it refers to.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.root
    }

    /// The document of this API.
    pub(crate) fn of_contract() -> Self {
        Self {
            source: crate::verify::check::DOCUMENT.to_owned(),
            root: contract::openapi::openapi(),
            written: None,
        }
    }

    /// Says of the places in the document that findings name in which file and on which
    /// line they are written.
    pub(crate) fn locate(&self, findings: &mut [Finding]) {
        let Some(written) = &self.written else {
            return;
        };
        let places = findings
            .iter_mut()
            .flat_map(|finding| [&mut finding.base, &mut finding.revision])
            .flatten();
        let is_its = |place: &&mut Location| place.source == self.source && place.line.is_none();
        written.locate(places.filter(is_its));
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
