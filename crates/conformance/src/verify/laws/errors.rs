//! What holds of each reply by itself: a declared status, a declared body, and what
//! errors carry.

use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::hints::Hints;
use super::law::Law;
use super::model::Model;
use super::operation::{Operation, Reply};
use super::schema;
use crate::reference;
use crate::report::Level;

/// A law that a reply breaks.
pub(crate) struct Broken {
    pub(crate) law: Law,
    pub(crate) level: Level,
    /// What is wrong, as a sentence without a full stop.
    pub(crate) message: String,
}

impl Broken {
    fn new(law: Law, message: impl Into<String>) -> Self {
        Self {
            law,
            level: Level::Error,
            message: message.into(),
        }
    }
}

/// The canonical codes of a status. Of others HTTP is more precise than they are.
const CANONICAL: [(u16, &[&str]); 9] = [
    (
        400,
        &["INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE"],
    ),
    (401, &["UNAUTHENTICATED"]),
    (403, &["PERMISSION_DENIED"]),
    (404, &["NOT_FOUND"]),
    (409, &["ALREADY_EXISTS", "ABORTED"]),
    (429, &["RESOURCE_EXHAUSTED"]),
    (500, &["INTERNAL", "UNKNOWN", "DATA_LOSS"]),
    (503, &["UNAVAILABLE"]),
    (504, &["DEADLINE_EXCEEDED"]),
];

/// A reply as it came.
pub(crate) struct Received<'a> {
    pub(crate) status: u16,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    /// The body, where it is JSON.
    pub(crate) value: Option<&'a Value>,
}

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
                    law,
                    level,
                    message,
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
        carried(model, hints, declared.schema.as_ref(), status, value)
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

/// The laws that the content of an error breaks. Each applies where the schema of
/// the error has the property that it is about.
fn carried(
    model: &Model,
    hints: &Hints,
    stated: Option<&Value>,
    status: u16,
    value: &Value,
) -> Vec<Broken> {
    let mut broken = Vec::new();
    let Some(stated) = stated else {
        return broken;
    };
    let root = model.root();
    let mut properties = schema::properties(root, stated);
    let mut error = value;
    if let Some(inner) = properties.get("error")
        && schema::has_type(root, inner, "object")
    {
        error = &value["error"];
        properties = schema::properties(root, inner);
    }
    let is_integer = |name: &str| {
        properties
            .get(name)
            .is_some_and(|property| schema::has_type(root, property, "integer"))
    };
    if is_integer("code") && error["code"] != status {
        let message = format!(
            "the error's `code` is {}, and the status is {status}",
            error["code"]
        );
        broken.push(Broken::new(Law::ErrorCodeIsStatus, message));
    }
    let names = properties
        .get("status")
        .map(|property| schema::options(root, property))
        .unwrap_or_default();
    let canonical = CANONICAL.iter().find(|(known, _)| *known == status);
    if names.contains(&"INVALID_ARGUMENT")
        && let Some((_, expected)) = canonical
        && let Some(name) = error["status"].as_str()
        && !expected.contains(&name)
    {
        let message = format!(
            "the error's `status` is {name}, and {status} is {}",
            expected.join(" or ")
        );
        broken.push(Broken::new(Law::ErrorCodeIsStatus, message));
    }
    let table = properties
        .get("reason")
        .map(|property| schema::options(root, property))
        .filter(|options| !options.is_empty());
    let in_table = |reason: &str| match (&hints.reasons, &table) {
        (Some(known), _) => known.contains(reason),
        (None, Some(known)) => known.contains(&reason),
        (None, None) => true,
    };
    match reason(error) {
        Some(reason) if !in_table(reason) => {
            let reason: String = reason.chars().take(60).collect();
            let message = format!("the error's reason `{reason}` is not in the table of reasons");
            broken.push(Broken::new(Law::ErrorReasonInTable, message));
        }
        None if hints.reasons.is_some() => {
            broken.push(Broken::new(
                Law::ErrorReasonInTable,
                "the error has no reason",
            ));
        }
        _ => {}
    }
    broken
}

/// The reason of an error: its own, or that of a detail.
fn reason(error: &Value) -> Option<&str> {
    let own = error["reason"].as_str();
    let mut details = error["details"].as_array().into_iter().flatten();
    own.or_else(|| details.find_map(|detail| detail["reason"].as_str()))
}

/// The names among the violations of a refusal.
fn violations(value: &Value) -> Vec<&str> {
    let error = value.get("error").unwrap_or(value);
    let details = error["details"].as_array().into_iter().flatten();
    let fields = details
        .filter_map(|detail| detail["fieldViolations"].as_array())
        .flatten();
    fields
        .filter_map(|violation| violation["field"].as_str())
        .collect()
}

/// What is wrong with a refusal for one cause. Nothing is where the document does
/// not promise a `BadRequest` with violations.
pub(crate) fn unnamed_cause(
    operation: &Operation,
    status: u16,
    value: Option<&Value>,
    cause: &str,
) -> Option<String> {
    let promised = operation
        .reply(status)
        .is_some_and(Reply::promises_violations);
    if !promised || status != 400 {
        return None;
    }
    let named = violations(value?);
    let short = cause.rsplit(['.', '/']).next().unwrap_or(cause);
    if named.is_empty() {
        return Some("the refusal has no `fieldViolations`, although they are declared".to_owned());
    }
    if named.iter().any(|field| field.contains(short)) {
        return None;
    }
    Some(format!(
        "the refusal is for `{cause}`, and its violations name {}",
        named.join(", ")
    ))
}
