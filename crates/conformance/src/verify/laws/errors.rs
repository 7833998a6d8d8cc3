//! What holds of each reply by itself: a declared status, and a declared body. What
//! errors carry is in `error_body`.

use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::error_body::{Broken, Received, carried};
use super::hints::Hints;
use super::law::Law;
use super::model::Model;
use super::operation::{Operation, Reply};
use super::schema;
use crate::reference;
use crate::report::Level;

/// The first header that a reply must have, and has not.
fn missing_header<'m>(model: &'m Model, declared: &Reply, given: &HeaderMap) -> Option<&'m str> {
    let root = model.root();
    let stated = root.pointer(&format!("{}/headers", declared.pointer))?;
    let mut stated = stated.as_object()?.iter();
    let found = stated.find(|(name, header)| {
        // OpenAPI leaves the content type to `content`.
        let is_its_own = name.eq_ignore_ascii_case(CONTENT_TYPE.as_str());
        let required = &reference::follow(root, header)["required"];
        !is_its_own && *required == true && !given.contains_key(name.as_str())
    });
    found.map(|(name, _)| name.as_str())
}

/// Judges replies. Validators are made once for each declared reply.
#[derive(Default)]
pub(crate) struct Judge(BTreeMap<(String, u16), Option<jsonschema::Validator>>);

impl Judge {
    /// Every law that a reply breaks by itself.
    pub(crate) fn broken(
        &mut self,
        model: &Model,
        hints: &Hints,
        operation: &Operation,
        reply: &Received<'_>,
    ) -> Vec<Broken> {
        let law = if reply.status < 400 {
            Law::ReplyAsDeclared
        } else {
            Law::ErrorAsDeclared
        };
        let status = reply.status;
        let Some(declared) = operation.reply(status) else {
            let known: Vec<_> = operation.replies.keys().map(String::as_str).collect();
            let is_redirect = (300..400).contains(&status);
            let message = format!(
                "the status is {status}, and declared are {}",
                known.join(", ")
            );
            // Any server can fail in ways that nobody has written down.
            let level = if status < 400 {
                Level::Error
            } else {
                Level::Warning
            };
            return if is_redirect {
                Vec::new()
            } else {
                vec![Broken {
                    level,
                    ..Broken::new(law, message)
                }]
            };
        };
        if let Some(name) = missing_header(model, declared, reply.headers) {
            let message = format!("the reply {status} lacks the header {name}, which it must have");
            return vec![Broken::new(law, message)];
        }
        if !declared.has_body && !reply.body.is_empty() && status < 400 {
            return vec![Broken::new(
                law,
                "the reply has a body, and none is declared",
            )];
        }
        if declared.schema.is_none() {
            return Vec::new();
        }
        let content_type = reply.headers.get(CONTENT_TYPE);
        let content_type = content_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let is_json = media_type == "application/json" || media_type.ends_with("+json");
        let Some(value) = reply.value.filter(|_| is_json) else {
            let message = format!("the reply to {status} is declared as JSON and is none");
            return vec![Broken::new(law, message)];
        };
        if let Some(difference) = self.difference(model, operation, status, value) {
            return vec![Broken::new(
                law,
                format!("in the reply with {status}, {difference}"),
            )];
        }
        if status < 400 {
            return Vec::new();
        }
        carried(model, hints, declared, reply)
    }

    /// The first way in which a body differs from its schema.
    fn difference(
        &mut self,
        model: &Model,
        operation: &Operation,
        status: u16,
        body: &Value,
    ) -> Option<String> {
        let stated = operation.reply(status)?.schema.as_ref()?;
        let made = self
            .0
            .entry((operation.title(), status))
            .or_insert_with(|| schema::validator(model.root(), stated));
        let error = made.as_ref()?.iter_errors(body).next()?;
        let place = error.instance_path().to_string();
        let place = if place.is_empty() { "the body" } else { &place };
        Some(format!(
            "{place} breaks the schema's `{}`",
            error.kind().keyword()
        ))
    }
}
