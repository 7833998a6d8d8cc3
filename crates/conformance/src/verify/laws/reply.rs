//! What is wrong with a reply by itself: its status, its headers, its content type and its
//! body. Traffic that was captured and replies that have just come are judged alike.

use std::collections::BTreeSet;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::operation::{Media, Operation, Reply, bare, is_json};
use super::schemas::Schemas;
use super::typed::typed;
use super::undeclared::undeclared;
use crate::reference::{escape, place};
use crate::report::{Direction, Level};
use crate::verify::check::{Received, text};
use crate::verify::problem::Problem;

/// One thing that is wrong with a reply.
pub(crate) struct Wrong {
    pub(crate) level: Level,
    /// What kind of thing, as findings about captured traffic have it.
    pub(crate) id: String,
    /// Where it is described: a JSON pointer into the document.
    pub(crate) described: String,
    /// Where in the body, as a JSON pointer.
    pub(crate) pointer: String,
    pub(crate) message: String,
}

/// What a reply has shown.
#[derive(Default)]
pub(crate) struct Judged<'m> {
    pub(crate) wrong: Vec<Wrong>,
    /// The body, where it is JSON, and the schema that is declared for it.
    pub(crate) body: Option<(Value, &'m Value)>,
}

/// Judges replies by a document.
pub(crate) struct Replies<'m> {
    pub(crate) schemas: Schemas<'m>,
    root: &'m Value,
    /// The places of schemas that were told to be not understood.
    not_understood: BTreeSet<String>,
}

impl<'m> Replies<'m> {
    pub(crate) fn new(root: &'m Value) -> Self {
        Self {
            schemas: Schemas::new(root),
            root,
            not_understood: BTreeSet::new(),
        }
    }

    /// Returns everything that is wrong with a value by the schema at a place. That a
    /// schema is not understood is told once.
    pub(crate) fn problems(
        &mut self,
        direction: Direction,
        pointer: &str,
        value: &Value,
    ) -> Result<Vec<Problem>, Option<Wrong>> {
        let problems = self.schemas.problems(direction, pointer, value);
        problems.map_err(|reason| {
            let is_new = self.not_understood.insert(pointer.to_owned());
            is_new.then(|| Wrong {
                level: Level::Warning,
                id: "schema-not-understood".to_owned(),
                described: pointer.to_owned(),
                pointer: String::new(),
                message: format!("values are not verified against this schema: {reason}"),
            })
        })
    }

    /// Returns everything that is wrong with a reply to an operation.
    pub(crate) fn judge(&mut self, operation: &Operation, received: &Received<'_>) -> Judged<'m> {
        let mut judged = Judged::default();
        let Some(declared) = operation.reply(received.status.as_u16()) else {
            judged.wrong.push(undocumented(operation, received.status));
            return judged;
        };
        if let Some(headers) = received.headers {
            self.headers(declared, headers, &mut judged.wrong);
        }
        // A reply to HEAD has none (RFC 9110, section 9.3.2).
        if let Some(body) = received.body
            && operation.method != Method::HEAD
        {
            self.body(declared, received, body, &mut judged);
        }
        judged
    }

    fn headers(&mut self, declared: &Reply, headers: &HeaderMap, wrong: &mut Vec<Wrong>) {
        let root = self.root;
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
                    wrong.push(error("response-missing-header", &pointer, message));
                }
                continue;
            };
            let (Some(schema), Ok(text)) = (header.get("schema"), given.to_str()) else {
                continue;
            };
            let value = typed(root, schema, text);
            let schema_at = format!("{pointer}/schema");
            match self.problems(Direction::Response, &schema_at, &value) {
                Ok(problems) => wrong.extend(problems.first().map(|problem| {
                    let message = format!("the header {name} {}", problem.message);
                    error("response-wrong-header", &pointer, message)
                })),
                Err(reason) => wrong.extend(reason),
            }
        }
    }

    fn body(
        &mut self,
        declared: &Reply,
        received: &Received<'_>,
        body: &[u8],
        judged: &mut Judged<'m>,
    ) {
        let pointer = &declared.pointer;
        if !declared.has_body {
            // Errors are often declared by their descriptions alone.
            if !body.is_empty() && received.status.as_u16() < 400 {
                let message = "the reply has a body, and none is declared".to_owned();
                let wrong = error("response-unexpected-body", pointer, message);
                judged.wrong.push(wrong);
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
                    let wrong = error("response-wrong-content-type", &pointer, message);
                    judged.wrong.push(wrong);
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
                let Some(schema) = self.root.pointer(&schema_at) else {
                    return;
                };
                self.value(received.status, &schema_at, &value, &mut judged.wrong);
                judged.body = Some((value, schema));
            }
            Err(problem) => {
                let message = format!("the body is not JSON: {problem}");
                let pointer = format!("{pointer}/content");
                let wrong = error("response-body-not-json", &pointer, message);
                judged.wrong.push(wrong);
            }
        }
    }

    fn value(&mut self, status: StatusCode, pointer: &str, value: &Value, wrong: &mut Vec<Wrong>) {
        let what = if status.is_success() {
            "the reply".to_owned()
        } else {
            format!("the error {}", status.as_u16())
        };
        let found = match self.problems(Direction::Response, pointer, value) {
            Ok(problems) => problems,
            Err(reason) => {
                wrong.extend(reason);
                Vec::new()
            }
        };
        let open = undeclared(self.root, pointer, value);
        for (level, problems) in [(Level::Error, found), (Level::Warning, open)] {
            let told = problems.into_iter().map(|problem| Wrong {
                level,
                id: format!("response-{}", problem.kind),
                message: problem.about(&what),
                described: problem.schema,
                pointer: problem.pointer,
            });
            wrong.extend(told);
        }
    }
}

fn undocumented(operation: &Operation, status: StatusCode) -> Wrong {
    let known: Vec<_> = operation.replies.keys().map(String::as_str).collect();
    // A redirect, 304 or an error can come from what stands between.
    let level = if status.is_success() {
        Level::Error
    } else {
        Level::Warning
    };
    let described = format!("{}/responses", operation.pointer);
    let message = format!("answers {status}; documented are {}", known.join(", "));
    Wrong {
        level,
        ..error("response-undocumented-status", &described, message)
    }
}

fn error(id: &str, described: &str, message: String) -> Wrong {
    Wrong {
        level: Level::Error,
        id: id.to_owned(),
        described: described.to_owned(),
        pointer: String::new(),
        message,
    }
}

/// The declared content type that a given one is of; the one that says most.
pub(crate) fn fitting<'a>(declared: &'a [Media], given: &str) -> Option<&'a Media> {
    let kind = given.split('/').next().unwrap_or_default();
    let names = [given.to_owned(), format!("{kind}/*"), "*/*".to_owned()];
    let mut found = names
        .iter()
        .filter_map(|name| declared.iter().find(|media| media.name == *name));
    found.next()
}

/// Content types, for a message.
pub(crate) fn names(declared: &[Media]) -> String {
    let names: Vec<_> = declared.iter().map(|media| media.name.as_str()).collect();
    names.join(" or ")
}
