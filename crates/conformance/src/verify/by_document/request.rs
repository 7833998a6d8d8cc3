//! Judges requests: path, query, headers and body.

use http::HeaderMap;
use serde_json::Value;

use super::checker::{At, Checker};
use super::parameters::form_fields;
use crate::reference::escape;
use crate::reference::follow;
use crate::report::{Direction, Level};
use crate::verify::check::query;
use crate::verify::laws::{Media, bare, fitting, is_json, names, properties, required};

/// A request as it was captured.
pub(crate) struct Request<'a> {
    /// The values of the variables in the path, still encoded.
    pub(crate) variables: &'a [(String, String)],
    /// The decoded names and values of the query, in order.
    pub(crate) query: &'a [(String, String)],
    /// The headers, where they are known.
    pub(crate) headers: Option<&'a HeaderMap>,
    pub(crate) body: Body<'a>,
}

/// The body of a request.
pub(crate) enum Body<'a> {
    /// There may have been one.
    Unknown,
    /// There was none.
    None,
    /// There was one.
    Some {
        content_type: &'a str,
        content: Content<'a>,
    },
}

/// What is known of a body.
pub(crate) enum Content<'a> {
    Bytes(&'a [u8]),
    /// The names and values of a form.
    Fields(Vec<(String, String)>),
    /// The names and the content types of the parts of a form.
    Parts(Vec<(Option<String>, Option<String>)>),
}

impl Checker<'_> {
    /// Judges a request.
    pub(crate) fn request(&mut self, at: At<'_>, request: &Request<'_>) {
        self.path(at, request.variables);
        self.query(at, request.query);
        if let Some(headers) = request.headers {
            self.request_headers(at, headers);
            self.cookies(at, headers);
        }
        match &request.body {
            Body::None if at.operation.body_required => {
                let message = "the request has no body, and one is required".to_owned();
                let id = "request-missing-body";
                self.find(at, Level::Error, id, "/requestBody", message);
            }
            Body::Unknown | Body::None => {}
            Body::Some { .. } if at.operation.body_content.is_empty() => {
                let message = "the request has a body, and none is declared".to_owned();
                self.find(at, Level::Error, "request-unexpected-body", "", message);
            }
            Body::Some {
                content_type,
                content,
            } => self.content_of(at, content_type, content),
        }
    }

    fn content_of(&mut self, at: At<'_>, content_type: &str, content: &Content<'_>) {
        let declared = &at.operation.body_content;
        let given = bare(content_type);
        let Some(media) = fitting(declared, &given) else {
            let message = format!(
                "the body is sent as `{given}`; {} is expected",
                names(declared)
            );
            let id = "request-wrong-content-type";
            return self.find(at, Level::Error, id, "/requestBody", message);
        };
        let schema_at = format!("{}/schema", media.pointer);
        let root = self.model.root();
        if root.pointer(&schema_at).is_none() {
            return;
        }
        match content {
            Content::Parts(parts) => self.parts(at, media, parts),
            Content::Fields(fields) => {
                let value = form_fields(root, &schema_at, fields);
                self.sent(at, &schema_at, &value);
            }
            Content::Bytes(bytes) if is_json(&given) => match serde_json::from_slice(bytes) {
                Ok(value) => self.sent(at, &schema_at, &value),
                Err(error) => {
                    let message = format!("the request body is not JSON: {error}");
                    let id = "request-body-not-json";
                    self.find(at, Level::Error, id, "/requestBody", message);
                }
            },
            Content::Bytes(bytes) if given == "application/x-www-form-urlencoded" => {
                let fields = query(&String::from_utf8_lossy(bytes));
                let value = form_fields(root, &schema_at, &fields);
                self.sent(at, &schema_at, &value);
            }
            // Of other types no values are known.
            Content::Bytes(_) => {}
        }
    }

    fn sent(&mut self, at: At<'_>, schema: &str, value: &Value) {
        self.judge(at, Direction::Request, "the request body", schema, value);
    }

    /// Judges the names and the content types of the parts of a form.
    fn parts(&mut self, at: At<'_>, media: &Media, parts: &[(Option<String>, Option<String>)]) {
        let root = self.model.root();
        let schema = root.pointer(&format!("{}/schema", media.pointer));
        let schema = follow(root, schema.unwrap_or(&Value::Null));
        let given = |name: &str| {
            let mut parts = parts.iter();
            parts.find(|(given, _)| given.as_deref() == Some(name))
        };
        let mut wrong = Vec::new();
        for name in required(root, schema) {
            if given(name).is_none() {
                wrong.push(format!("no part is named `{name}`"));
            }
        }
        for name in properties(root, schema).keys() {
            let encoding = format!("{}/encoding/{}/contentType", media.pointer, escape(name));
            let types = root.pointer(&encoding).and_then(Value::as_str);
            let (Some(types), Some((_, Some(found)))) = (types, given(name)) else {
                continue;
            };
            let found = bare(found);
            let kind = found.split('/').next().unwrap_or_default();
            let is_one = types
                .split(',')
                .map(bare)
                .any(|wanted| wanted == found || wanted == "*/*" || wanted == format!("{kind}/*"));
            if !is_one {
                wrong.push(format!("the part `{name}` must be one of {types}"));
            }
        }
        for problem in wrong {
            let message = format!("the upload is not as the contract has it: {problem}");
            let id = "request-invalid-upload";
            self.find(at, Level::Error, id, "/requestBody", message);
        }
    }
}
