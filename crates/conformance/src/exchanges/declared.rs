//! What an OpenAPI document, of any version from 3.0 on, declares of its operations.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::methods::{Stated, operations};
use crate::reference::follow;

/// An operation.
pub(super) struct Declared {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) needs_token: bool,
    pub(super) body: Option<Body>,
    /// The responses that are declared by their status.
    pub(super) responses: BTreeMap<u16, Response>,
}

/// The body of a request.
pub(super) struct Body {
    pub(super) required: bool,
    /// The content types without parameters.
    pub(super) types: Vec<String>,
    /// The parts of a form, each with the content types that it may have; any where
    /// there are none.
    pub(super) parts: BTreeMap<String, Vec<String>>,
}

/// A response.
pub(super) struct Response {
    pub(super) has_body: bool,
    /// The names of the headers, in small letters.
    pub(super) headers: BTreeMap<String, Header>,
}

/// A header of a response.
pub(super) struct Header {
    /// As the document spells it.
    pub(super) name: String,
    pub(super) required: bool,
}

impl Declared {
    /// The status of a reply without an error: the lowest of them.
    pub(super) fn success(&self) -> Option<u16> {
        let mut statuses = self.responses.keys().copied();
        statuses.find(|status| (200..300).contains(status))
    }
}

/// Returns the operations of a document by their ids. One without an id has none.
pub(super) fn declared(document: &Value) -> BTreeMap<String, Declared> {
    let mut found = BTreeMap::new();
    for (path, item) in members(&document["paths"]) {
        let item = follow(document, item);
        for stated in operations(item) {
            if let Some(id) = stated.operation["operationId"].as_str() {
                found.insert(id.to_owned(), operation(document, path, stated));
            }
        }
    }
    found
}

fn operation(document: &Value, path: &str, stated: Stated<'_>) -> Declared {
    let Stated {
        method,
        operation: stated,
        ..
    } = stated;
    let security = stated.get("security").unwrap_or(&document["security"]);
    let requirements = security.as_array();
    // An empty requirement among others makes the token optional.
    let needs_token = requirements.is_some_and(|all| {
        let is_empty = |one: &Value| one.as_object().is_none_or(serde_json::Map::is_empty);
        !all.is_empty() && !all.iter().any(is_empty)
    });
    let body = stated.get("requestBody").map(|body| {
        let body = follow(document, body);
        let types = members(&body["content"]).map(|(name, _)| bare(name));
        Body {
            required: body["required"] == true,
            types: types.collect(),
            parts: parts(document, &body["content"]["multipart/form-data"]),
        }
    });
    let responses = members(&stated["responses"]).filter_map(|(status, response)| {
        let response = follow(document, response);
        let headers = members(&response["headers"]).map(|(name, header)| {
            let header = Header {
                name: name.clone(),
                required: follow(document, header)["required"] == true,
            };
            (name.to_ascii_lowercase(), header)
        });
        // OpenAPI leaves the content type to `content`.
        let headers = headers.filter(|(name, _)| name != "content-type");
        let response = Response {
            has_body: members(&response["content"]).next().is_some(),
            headers: headers.collect(),
        };
        Some((status.parse().ok()?, response))
    });
    Declared {
        method,
        path: path.to_owned(),
        needs_token,
        body,
        responses: responses.collect(),
    }
}

fn parts(document: &Value, form: &Value) -> BTreeMap<String, Vec<String>> {
    let schema = follow(document, &form["schema"]);
    let parts = members(&schema["properties"]).map(|(name, _)| {
        let types = form["encoding"][name]["contentType"].as_str();
        let types = types.into_iter().flat_map(|types| types.split(','));
        (name.clone(), types.map(bare).collect())
    });
    parts.collect()
}

/// Returns the path that all others are below, as the document's servers state it.
pub(super) fn base(document: &Value) -> String {
    let url = document["servers"][0]["url"].as_str().unwrap_or_default();
    let path = url.split_once("://").map_or(url, |(_, rest)| {
        rest.find('/').map_or("", |start| &rest[start..])
    });
    path.trim_end_matches('/').to_owned()
}

/// Returns whether a reference, as headers have it, leads to an operation that reads.
pub(super) fn is_path(
    operations: &BTreeMap<String, Declared>,
    base: &str,
    reference: &str,
) -> bool {
    let path = reference.split_once("://").map_or(reference, |(_, rest)| {
        rest.find('/').map_or("", |start| &rest[start..])
    });
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let Some(path) = path.strip_prefix(base) else {
        return false;
    };
    let fits = |template: &str| {
        let (wanted, given) = (template.split('/'), path.split('/'));
        let as_many = wanted.clone().count() == given.clone().count();
        as_many
            && wanted.zip(given).all(|(wanted, given)| {
                wanted == given || wanted.starts_with('{') && !given.is_empty()
            })
    };
    operations
        .values()
        .any(|operation| operation.method == "GET" && fits(&operation.path))
}

/// A content type without its parameters.
fn bare(content_type: &str) -> String {
    let bare = content_type.split(';').next().unwrap_or_default();
    bare.trim().to_ascii_lowercase()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
