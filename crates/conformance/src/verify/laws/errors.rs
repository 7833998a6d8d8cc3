//! What holds of each reply by itself: a declared status, and a declared body. What
//! errors carry is in `error_body`.

use std::collections::BTreeSet;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::error_body::{Broken, Received, carried};
use super::hints::Hints;
use super::law::Law;
use super::model::Model;
use super::operation::{Operation, Reply};
use super::schemas::Schemas;
use crate::reference;
use crate::report::{Direction, Level};
use crate::verify::problem::Problem;

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

/// Judges replies.
pub(crate) struct Judge {
    pub(crate) schemas: Schemas,
    /// The places of the schemas that were told to be not understood.
    not_understood: BTreeSet<String>,
}

impl Judge {
    pub(crate) fn new(model: &Model) -> Self {
        Self {
            schemas: Schemas::new(model.root()),
            not_understood: BTreeSet::new(),
        }
    }

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
        match self.difference(declared, value) {
            Ok(None) => {}
            Ok(Some(difference)) => {
                let message = format!("in the reply with {status}, {difference}");
                return vec![Broken::new(law, message)];
            }
            Err(reason) if self.not_understood.insert(declared.schema_at.clone()) => {
                let message = format!(
                    "replies with {status} are not verified, because their schema is not \
                     understood: {reason}"
                );
                return vec![Broken {
                    level: Level::Warning,
                    ..Broken::new(law, message)
                }];
            }
            Err(_) => return Vec::new(),
        }
        if status < 400 {
            return Vec::new();
        }
        carried(model, hints, declared, reply)
    }

    /// The first way in which a body differs from its schema, or else why that cannot be
    /// told.
    fn difference(&mut self, declared: &Reply, body: &Value) -> Result<Option<String>, String> {
        // What is declared without a schema may be anything.
        if declared.schema.as_ref().is_none_or(Value::is_null) {
            return Ok(None);
        }
        let pointer = &declared.schema_at;
        let problems = self.schemas.problems(Direction::Response, pointer, body)?;
        Ok(problems.into_iter().next().map(|problem| {
            let Problem {
                pointer, message, ..
            } = problem;
            let place = if pointer.is_empty() {
                "the body"
            } else {
                &pointer
            };
            format!("{place} {message}")
        }))
    }
}
