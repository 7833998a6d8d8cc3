//! Judges replies: status, headers and body.

use contract::error::Code;
use contract::operation::{OperationInfo, ReplyBody};
use http::header::{CONTENT_TYPE, LINK, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::{Checker, Received, Sent, below_base, documented, is_json, query, route, text, title};
use crate::report::{Direction, Level};
use crate::verify::schema;

const REQUEST_ID: &str = "x-request-id";

impl Checker {
    /// Remembers what a reply shows of the contract, and judges nothing.
    pub(crate) fn see(&mut self, operation: &OperationInfo, status: u16, value: Option<&Value>) {
        self.seen.operations.insert(title(operation));
        if documented(operation).contains(&status) {
            self.seen
                .statuses
                .insert(format!("{} {status}", title(operation)));
        }
        let of = operation
            .reply
            .body
            .of()
            .filter(|_| status == operation.status.as_u16());
        if let (Some(of), Some(value)) = (of, value) {
            let document = &of.views().read;
            match operation.reply.body {
                ReplyBody::List(_) => {
                    for item in value.as_array().into_iter().flatten() {
                        schema::walk(document, Some(item), &mut self.seen);
                    }
                }
                _ => schema::walk(document, Some(value), &mut self.seen),
            }
        }
    }

    /// Returns whether an operation was called, by its title.
    pub(crate) fn has_seen(&self, title: &str) -> bool {
        self.seen.operations.contains(title)
    }

    /// Returns whether a status of an operation was seen, as `GET /users 200`.
    pub(crate) fn has_seen_status(&self, name: &str) -> bool {
        self.seen.statuses.contains(name)
    }

    /// Judges a reply. With `expected` it has to be of that status.
    pub(crate) fn reply(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        sent: &Sent<'_>,
        reply: &Received<'_>,
        expected: Option<StatusCode>,
    ) {
        let status = reply.status;
        self.see(operation, status.as_u16(), None);
        let below = format!("/responses/{}", status.as_u16());
        let is_documented = documented(operation).contains(&status.as_u16());
        if let Some(expected) = expected.filter(|expected| *expected != status) {
            let why = reply.body.and_then(reason).unwrap_or_default();
            self.find(
                operation,
                Level::Error,
                "response-unexpected-status",
                &format!("/responses/{}", expected.as_u16()),
                seen_in,
                format!("answers {status}{why}; {expected} is expected here"),
            );
        } else if !is_documented {
            // The document has a `default` for errors that any call can meet with, and a
            // redirect or 304 can come from what stands between.
            let level = if status.is_success() {
                Level::Error
            } else {
                Level::Warning
            };
            let known: Vec<_> = documented(operation).iter().map(u16::to_string).collect();
            self.find(
                operation,
                level,
                "response-undocumented-status",
                "/responses",
                seen_in,
                format!("answers {status}; documented are {}", known.join(", ")),
            );
        }
        if let Some(headers) = reply.headers {
            self.request_id(operation, seen_in, &below, sent, headers);
        }
        if status == operation.status {
            self.success(operation, seen_in, &below, sent, reply);
        } else if status.is_client_error() || status.is_server_error() {
            self.failure(operation, seen_in, &below, reply, expected == Some(status));
        }
    }

    fn request_id(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        below: &str,
        sent: &Sent<'_>,
        headers: &HeaderMap,
    ) {
        let chosen = sent.headers.and_then(|headers| headers.get(REQUEST_ID));
        let message = match (headers.get(REQUEST_ID), chosen) {
            (None, _) => "the reply has no X-Request-Id, by which it could be found in logs",
            (Some(found), Some(chosen)) if found != chosen => {
                "the reply has another X-Request-Id than the request chose"
            }
            _ => return,
        };
        self.find(
            operation,
            Level::Error,
            "response-wrong-request-id",
            &format!("{below}/headers/X-Request-Id"),
            seen_in,
            message.to_owned(),
        );
    }

    fn success(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        below: &str,
        sent: &Sent<'_>,
        reply: &Received<'_>,
    ) {
        let partial = sent.parameter("select").is_some();
        let strict = schema::reply(operation, partial, self.shown);
        let mut value = None;
        match (&strict, reply.body) {
            (None, Some(body)) if !body.is_empty() => self.find(
                operation,
                Level::Error,
                "response-unexpected-body",
                below,
                seen_in,
                "the reply has a body, and none is declared".to_owned(),
            ),
            (Some(strict), Some(body)) => {
                value = self.json(operation, seen_in, below, reply.headers, body);
                if let Some(value) = &value {
                    let problems = strict.problems(value);
                    self.problems(
                        operation,
                        Direction::Response,
                        seen_in,
                        "the reply",
                        problems,
                    );
                }
            }
            _ => {}
        }
        self.see(operation, reply.status.as_u16(), value.as_ref());
        let limit = sent.parameter("limit").and_then(|limit| limit.parse().ok());
        if let (Some(Value::Array(items)), Some(limit)) = (&value, limit)
            && items.len() > limit
        {
            let id = "response-list-too-long";
            let message = format!(
                "the list has {} elements, and limit is {limit}",
                items.len()
            );
            self.find(operation, Level::Error, id, below, seen_in, message);
        }
        let Some(headers) = reply.headers else {
            return;
        };
        if operation.reply.has_location
            && let Some(message) = wrong_location(headers, value.as_ref())
        {
            let below = format!("{below}/headers/Location");
            let id = "response-wrong-location";
            self.find(operation, Level::Error, id, &below, seen_in, message);
        }
        if matches!(operation.reply.body, ReplyBody::List(_))
            && let Some(message) = wrong_link(operation, sent, headers)
        {
            let below = format!("{below}/headers/Link");
            let id = "response-wrong-link";
            self.find(operation, Level::Error, id, &below, seen_in, message);
        }
    }

    fn failure(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        below: &str,
        reply: &Received<'_>,
        provoked: bool,
    ) {
        let Some(body) = reply.body else {
            return;
        };
        let Some(value) = self.json(operation, seen_in, below, reply.headers, body) else {
            return;
        };
        let what = format!("the error {}", reply.status.as_u16());
        let problems = schema::error(self.shown).problems(&value);
        let is_valid = problems.is_empty();
        self.problems(operation, Direction::Response, seen_in, &what, problems);
        let status = reply.status.as_u16();
        if is_valid && value["error"]["code"] != status {
            let message = format!("/error/code in {what} is another status than the reply has");
            let id = "response-wrong-error-code";
            self.find(operation, Level::Error, id, below, seen_in, message);
        }
        // Only those that were asked for are certain, and HTTP is more precise about one of them.
        let provoked = provoked && reply.status != StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let code = serde_json::from_value::<Code>(value["error"]["status"].clone());
        if is_valid
            && provoked
            && let Ok(code) = code
            && code.http_status() != reply.status
        {
            let message = format!("/error/status in {what} is a code of another status");
            let id = "response-wrong-error-code";
            self.find(operation, Level::Error, id, below, seen_in, message);
        }
    }

    fn json(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        below: &str,
        headers: Option<&HeaderMap>,
        body: &[u8],
    ) -> Option<Value> {
        if let Some(headers) = headers {
            let found = text(headers, CONTENT_TYPE.as_str());
            if !is_json(&found) {
                let found = found.split(';').next().unwrap_or_default();
                self.find(
                    operation,
                    Level::Error,
                    "response-wrong-content-type",
                    &format!("{below}/content"),
                    seen_in,
                    format!("the content type is `{found}`; application/json is expected"),
                );
            }
        }
        match serde_json::from_slice(body) {
            Ok(value) => Some(value),
            Err(error) => {
                self.find(
                    operation,
                    Level::Error,
                    "response-body-not-json",
                    &format!("{below}/content"),
                    seen_in,
                    format!("the body is not JSON: {error}"),
                );
                None
            }
        }
    }
}

/// The message of an error, for a person to read on.
fn reason(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let message = value["error"]["message"].as_str()?;
    Some(format!(
        " ({})",
        message.chars().take(200).collect::<String>()
    ))
}

/// What is wrong with the place of something new.
fn wrong_location(headers: &HeaderMap, created: Option<&Value>) -> Option<String> {
    let Some(location) = headers
        .get(LOCATION)
        .and_then(|location| location.to_str().ok())
    else {
        return Some("the reply has no Location, although something was created".to_owned());
    };
    let path = below_base(location);
    let Some((_, variables)) = route(&Method::GET, &path) else {
        return Some("Location is not the path of anything that can be read".to_owned());
    };
    // A reply that is the new resource itself has its ID.
    let id = created.and_then(|created| created["id"].as_str())?;
    let last = variables.last().map(|(_, value)| value.as_str());
    (last != Some(id)).then(|| "Location names another ID than the body".to_owned())
}

/// What is wrong with the way to the next page.
fn wrong_link(operation: &OperationInfo, sent: &Sent<'_>, headers: &HeaderMap) -> Option<String> {
    headers.get(LINK)?;
    let Some((target, offset)) = next_page(headers) else {
        return Some(
            "Link is not of the form `<…?limit=…&offset=…>; rel=\"next\"` (RFC 8288)".to_owned(),
        );
    };
    if route(&Method::GET, &below_base(&target)).map(|(other, _)| other.id) != Some(operation.id) {
        return Some("Link leads to another operation than the list".to_owned());
    }
    let Some(limit) = sent
        .parameter("limit")
        .and_then(|limit| limit.parse::<u64>().ok())
    else {
        return Some("Link names a next page, although the list is whole".to_owned());
    };
    let before = sent
        .parameter("offset")
        .and_then(|offset| offset.parse().ok());
    let expected = before.unwrap_or(0_u64).saturating_add(limit);
    (offset != expected).then(|| format!("Link leads to offset {offset}, and not to {expected}"))
}

/// The target of the link to the next page, and the offset in it.
pub(crate) fn next_page(headers: &HeaderMap) -> Option<(String, u64)> {
    let target = transcode::next_link(headers).ok()??;
    let (_, text) = target.split_once('?')?;
    let offset = query(text).into_iter().find(|(name, _)| name == "offset")?;
    let offset = offset.1.parse().ok()?;
    Some((target, offset))
}
