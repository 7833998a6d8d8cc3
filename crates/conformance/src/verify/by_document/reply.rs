//! Judges replies: status, headers, content type and body.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use serde_json::Value;

use super::checker::{At, Checker};
use super::parameters::typed;
use crate::reference::escape;
use crate::reference::place;
use crate::report::{Direction, Level};
use crate::verify::check::{Received, text};
use crate::verify::laws::{Media, Reply, bare, is_json};

impl Checker<'_> {
    /// Judges a reply.
    pub(crate) fn reply(&mut self, at: At<'_>, received: &Received<'_>) {
        let status = received.status.as_u16();
        self.seen.see(self.model, at.operation, status, None);
        let Some(declared) = at.operation.reply(status) else {
            let known: Vec<_> = at.operation.replies.keys().map(String::as_str).collect();
            // A redirect, 304 or an error can come from what stands between.
            let level = if received.status.is_success() {
                Level::Error
            } else {
                Level::Warning
            };
            let message = format!(
                "answers {}; documented are {}",
                received.status,
                known.join(", ")
            );
            let id = "response-undocumented-status";
            return self.find(at, level, id, "/responses", message);
        };
        if let Some(headers) = received.headers {
            self.headers(at, declared, headers);
        }
        // A reply to HEAD has none (RFC 9110, section 9.3.2).
        if let Some(body) = received.body
            && at.operation.method != Method::HEAD
        {
            self.body(at, declared, received, body);
        }
    }

    fn headers(&mut self, at: At<'_>, declared: &Reply, headers: &HeaderMap) {
        let root = self.model.root();
        let all = root.pointer(&format!("{}/headers", declared.pointer));
        for (name, _) in all.and_then(Value::as_object).into_iter().flatten() {
            // OpenAPI leaves the content type to `content`.
            if name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()) {
                continue;
            }
            let pointer = format!("{}/headers/{}", declared.pointer, escape(name));
            let pointer = place(root, pointer);
            let header = root.pointer(&pointer).unwrap_or(&Value::Null);
            let Some(given) = headers.get(name.as_str()) else {
                if header["required"] == true {
                    let message = format!("the reply has no header {name}, which is required");
                    self.find_in(at, "response-missing-header", &pointer, message);
                }
                continue;
            };
            let (Some(schema), Ok(text)) = (header.get("schema"), given.to_str()) else {
                continue;
            };
            let value = typed(root, schema, text);
            let schema_at = format!("{pointer}/schema");
            let problems = self.problems_of(at, Direction::Response, &schema_at, &value);
            if let Some(problem) = problems.first() {
                let message = format!("the header {name} {}", problem.message);
                self.find_in(at, "response-wrong-header", &pointer, message);
            }
        }
    }

    /// Notes an error that is described at a place.
    fn find_in(&mut self, at: At<'_>, id: &str, pointer: &str, message: String) {
        self.find(at, Level::Error, id, "", message);
        let base = self
            .findings
            .last_mut()
            .and_then(|found| found.base.as_mut());
        if let Some(base) = base {
            pointer.clone_into(&mut base.pointer);
        }
    }

    fn body(&mut self, at: At<'_>, declared: &Reply, received: &Received<'_>, body: &[u8]) {
        let pointer = &declared.pointer;
        if !declared.has_body {
            // Errors are often declared by their descriptions alone.
            if !body.is_empty() && received.status.as_u16() < 400 {
                let message = "the reply has a body, and none is declared".to_owned();
                self.find_in(at, "response-unexpected-body", pointer, message);
            }
            return;
        }
        let media = match received.headers {
            // What was recorded without its headers is the JSON among the types.
            None => declared.content.iter().find(|media| is_json(&media.name)),
            Some(_) if body.is_empty() && !declared.content.iter().any(|of| is_json(&of.name)) => {
                None
            }
            Some(headers) => {
                let given = bare(&text(headers, CONTENT_TYPE.as_str()));
                let found = fitting(&declared.content, &given);
                if found.is_none() && !body.is_empty() {
                    let message = format!(
                        "the content type is `{given}`; {} is expected",
                        names(&declared.content)
                    );
                    let pointer = format!("{pointer}/content");
                    self.find_in(at, "response-wrong-content-type", &pointer, message);
                }
                // A range such as `*/*` is for other types too.
                let json = |media: &&Media| is_json(&media.name) || is_json(&given);
                match found {
                    Some(_) => found.filter(json),
                    None => declared.content.iter().find(|media| is_json(&media.name)),
                }
            }
        };
        let Some(media) = media else {
            return;
        };
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => {
                let schema_at = format!("{}/schema", media.pointer);
                let Some(schema) = self.model.root().pointer(&schema_at) else {
                    return;
                };
                let status = received.status.as_u16();
                let seen = Some((&value, schema));
                self.seen.see(self.model, at.operation, status, seen);
                let what = if received.status.is_success() {
                    "the reply".to_owned()
                } else {
                    format!("the error {status}")
                };
                self.judge(at, Direction::Response, &what, &schema_at, &value);
            }
            Err(error) => {
                let message = format!("the body is not JSON: {error}");
                let pointer = format!("{pointer}/content");
                self.find_in(at, "response-body-not-json", &pointer, message);
            }
        }
    }
}

/// The declared content type that a given one is of; the one that says most.
pub(super) fn fitting<'a>(declared: &'a [Media], given: &str) -> Option<&'a Media> {
    let kind = given.split('/').next().unwrap_or_default();
    let names = [given.to_owned(), format!("{kind}/*"), "*/*".to_owned()];
    let mut found = names
        .iter()
        .filter_map(|name| declared.iter().find(|media| media.name == *name));
    found.next()
}

/// Content types, for a message.
pub(super) fn names(declared: &[Media]) -> String {
    let names: Vec<_> = declared.iter().map(|media| media.name.as_str()).collect();
    names.join(" or ")
}
