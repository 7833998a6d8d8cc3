//! What the body of an error carries: a code and a canonical status that fit the reply, a
//! reason of the table, and details of `google/rpc/error_details.proto` that are whole.

use std::collections::BTreeSet;

use http::HeaderMap;
use serde_json::Value;

use super::hints::Hints;
use super::law::Law;
use super::model::Model;
use super::operation::{Operation, Reply};
use super::schema;
use crate::reference::escape;
use crate::report::Level;

/// A law that a reply breaks.
pub(crate) struct Broken {
    pub(crate) law: Law,
    pub(crate) level: Level,
    /// Where in the body, as a JSON pointer.
    pub(crate) pointer: String,
    /// What is wrong, as a sentence without a full stop.
    pub(crate) message: String,
}

impl Broken {
    fn at(law: Law, pointer: String, message: impl Into<String>) -> Self {
        Self {
            law,
            level: Level::Error,
            pointer,
            message: message.into(),
        }
    }
}

/// A reply as it came.
pub(crate) struct Received<'a> {
    pub(crate) status: u16,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    /// The body, where it is JSON.
    pub(crate) value: Option<&'a Value>,
}

/// The canonical codes of a status. Of others HTTP is more precise than they are.
const CANONICAL: [(u16, &[&str]); 12] = [
    (
        400,
        &["INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE"],
    ),
    (401, &["UNAUTHENTICATED"]),
    (403, &["PERMISSION_DENIED"]),
    (404, &["NOT_FOUND"]),
    (409, &["ALREADY_EXISTS", "ABORTED"]),
    (412, &["FAILED_PRECONDITION", "ABORTED"]),
    (
        413,
        &["RESOURCE_EXHAUSTED", "OUT_OF_RANGE", "INVALID_ARGUMENT"],
    ),
    (415, &["INVALID_ARGUMENT", "UNIMPLEMENTED"]),
    (429, &["RESOURCE_EXHAUSTED"]),
    (500, &["INTERNAL", "UNKNOWN", "DATA_LOSS"]),
    (503, &["UNAVAILABLE"]),
    (504, &["DEADLINE_EXCEEDED"]),
];

/// What the type of a detail starts with.
const TYPE: &str = "type.googleapis.com/google.rpc.";

/// A detail of `google/rpc/error_details.proto`.
struct Known {
    name: &'static str,
    /// The members that it must have.
    needs: &'static [&'static str],
    /// The members that it may have besides.
    may_have: &'static [&'static str],
}

const fn detail(
    name: &'static str,
    needs: &'static [&'static str],
    may_have: &'static [&'static str],
) -> Known {
    Known {
        name,
        needs,
        may_have,
    }
}

const DETAILS: [Known; 10] = [
    detail("ErrorInfo", &["reason", "domain"], &["metadata"]),
    detail("BadRequest", &["fieldViolations"], &[]),
    detail("RequestInfo", &["requestId"], &["servingData"]),
    detail("RetryInfo", &["retryDelay"], &[]),
    detail("QuotaFailure", &["violations"], &[]),
    detail("PreconditionFailure", &["violations"], &[]),
    detail("Help", &["links"], &[]),
    detail("LocalizedMessage", &["locale", "message"], &[]),
    detail(
        "ResourceInfo",
        &[],
        &["resourceType", "resourceName", "owner", "description"],
    ),
    detail("DebugInfo", &[], &["stackEntries", "detail"]),
];

/// Returns where the error stands in a body, as a JSON pointer, and the error.
pub(crate) fn error_of(body: &Value) -> (&'static str, &Value) {
    match body.get("error") {
        Some(inner) if inner.is_object() => ("/error", inner),
        _ => ("", body),
    }
}

/// The laws that the content of an error breaks. Each applies where the schema of
/// the error has the property that it is about.
pub(crate) fn carried(
    model: &Model,
    hints: &Hints,
    declared: &Reply,
    reply: &Received<'_>,
) -> Vec<Broken> {
    let mut broken = Vec::new();
    let (Some(stated), Some(value)) = (&declared.schema, reply.value) else {
        return broken;
    };
    let status = reply.status;
    let root = model.root();
    let mut properties = schema::properties(root, stated);
    let (mut at, mut error) = ("", value);
    if let Some(inner) = properties.get("error")
        && schema::has_type(root, inner, "object")
    {
        (at, error) = ("/error", &value["error"]);
        properties = schema::properties(root, inner);
    }
    let has_type = |name: &str, kind: &str| {
        properties
            .get(name)
            .is_some_and(|property| schema::has_type(root, property, kind))
    };
    if has_type("code", "integer") && error["code"] != status {
        let message = format!(
            "the error's `code` is {}, and the status is {status}",
            error["code"]
        );
        let pointer = format!("{at}/code");
        broken.push(Broken::at(Law::ErrorCodeIsStatus, pointer, message));
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
        let pointer = format!("{at}/status");
        broken.push(Broken::at(Law::ErrorCodeIsStatus, pointer, message));
    }
    let is_blank = |text: &str| text.trim().is_empty();
    if has_type("message", "string") && error["message"].as_str().is_some_and(is_blank) {
        let message = "the error's `message` is empty";
        let pointer = format!("{at}/message");
        broken.push(Broken::at(Law::ErrorAsDeclared, pointer, message));
    }
    let table = properties
        .get("reason")
        .map(|property| schema::options(root, property))
        .filter(|options| !options.is_empty());
    broken.extend(wrong_reason(hints, table.as_deref(), status, at, error));
    broken.extend(wrong_details(hints, reply, at, error));
    broken
}

/// What is wrong with the reason of an error. `table` has the reasons that its schema
/// lists.
fn wrong_reason(
    hints: &Hints,
    table: Option<&[&str]>,
    status: u16,
    at: &str,
    error: &Value,
) -> Option<Broken> {
    let wrong = |pointer: &str, message: String| {
        let pointer = format!("{at}{pointer}");
        Some(Broken::at(Law::ErrorReasonInTable, pointer, message))
    };
    let Some((pointer, reason)) = reason(error) else {
        hints.reasons.as_ref()?;
        let pointer = match error.get("details") {
            Some(_) => "/details",
            None => "",
        };
        return wrong(pointer, "the error has no reason".to_owned());
    };
    let in_table = match (&hints.reasons, table) {
        (Some(known), _) => known.statuses.contains_key(reason),
        (None, Some(known)) => known.contains(&reason),
        (None, None) => true,
    };
    if !in_table {
        let reason: String = reason.chars().take(60).collect();
        let message = format!("the error's reason `{reason}` is not in the table of reasons");
        return wrong(&pointer, message);
    }
    let expected = hints.reasons.as_ref()?.statuses.get(reason)?;
    if *expected == status {
        return None;
    }
    let message = format!(
        "the error's reason `{reason}` is one of errors with {expected}, and the status is \
         {status}"
    );
    wrong(&pointer, message)
}

/// What is wrong with details whose types are known.
fn wrong_details(hints: &Hints, reply: &Received<'_>, at: &str, error: &Value) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut seen = BTreeSet::new();
    let details = error["details"].as_array().into_iter().flatten();
    for (index, detail) in details.enumerate() {
        let mut wrong = |below: &str, message: String| {
            let pointer = format!("{at}/details/{index}{below}");
            broken.push(Broken::at(Law::ErrorAsDeclared, pointer, message));
        };
        let Some(name) = detail["@type"]
            .as_str()
            .and_then(|name| name.strip_prefix(TYPE))
        else {
            continue;
        };
        let Some(known) = DETAILS.iter().find(|known| known.name == name) else {
            let message = format!("no detail of an error has the type `{TYPE}{name}`");
            wrong("/@type", message);
            continue;
        };
        if !seen.insert(name) {
            wrong("/@type", format!("the error has more than one `{name}`"));
        }
        for member in known.needs {
            if is_nothing(&detail[member]) {
                wrong("", format!("the detail `{name}` has no `{member}`"));
            }
        }
        for member in detail.as_object().into_iter().flat_map(|of| of.keys()) {
            let member = member.as_str();
            let is_known = known.needs.contains(&member) || known.may_have.contains(&member);
            if member != "@type" && !is_known {
                let below = format!("/{}", escape(member));
                wrong(&below, format!("no `{name}` has a member of that name"));
            }
        }
        let violations = detail["fieldViolations"].as_array().into_iter().flatten();
        for (number, violation) in violations.enumerate() {
            if is_nothing(&violation["description"]) {
                let below = format!("/fieldViolations/{number}");
                wrong(&below, "the violation has no `description`".to_owned());
            }
        }
        if let Some(reasons) = &hints.reasons
            && name == "ErrorInfo"
            && detail["domain"] != reasons.domain
        {
            let message = format!("the reason is of another domain than {}", reasons.domain);
            wrong("/domain", message);
        }
        let sent = reply.headers.get("x-request-id");
        if name == "RequestInfo"
            && sent.is_some_and(|sent| detail["requestId"].as_str() != sent.to_str().ok())
        {
            let message = "it is another request than X-Request-Id has".to_owned();
            wrong("/requestId", message);
        }
    }
    broken
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The details that the description of a reply promises and an error has not. A
/// `BadRequest` is due only where the request is wrong whatever the state of the system.
pub(crate) fn unkept_promises(declared: &Reply, value: &Value) -> Vec<&'static str> {
    let (_, error) = error_of(value);
    let details = error["details"].as_array();
    let has = |name: &str| {
        let mut details = details.into_iter().flatten();
        details.any(|detail| {
            let of = detail["@type"].as_str().unwrap_or_default();
            of.rsplit(['.', '/']).next() == Some(name)
        })
    };
    let is_state = error["status"]
        .as_str()
        .is_some_and(|status| status != "INVALID_ARGUMENT");
    let promised = DETAILS.iter().map(|known| known.name).filter(|name| {
        let is_due = *name != "BadRequest" || !is_state;
        is_due && declared.description.contains(&format!("`{name}`"))
    });
    promised.filter(|name| !has(name)).collect()
}

/// The place of the reason of an error, and the reason: its own, or that of a detail.
fn reason(error: &Value) -> Option<(String, &str)> {
    if let Some(own) = error["reason"].as_str() {
        return Some(("/reason".to_owned(), own));
    }
    let details = error["details"].as_array().into_iter().flatten();
    let mut details = details.enumerate();
    details.find_map(|(index, detail)| {
        let reason = detail["reason"].as_str()?;
        Some((format!("/details/{index}/reason"), reason))
    })
}

/// Returns the reason that a reply with an error gives.
pub(crate) fn reason_of(body: &Value) -> Option<&str> {
    let (_, error) = error_of(body);
    reason(error).map(|(_, reason)| reason)
}

/// The names among the violations of a refusal.
fn violations(value: &Value) -> Vec<&str> {
    let (_, error) = error_of(value);
    let details = error["details"].as_array().into_iter().flatten();
    let fields = details
        .filter_map(|detail| detail["fieldViolations"].as_array())
        .flatten();
    fields
        .filter_map(|violation| violation["field"].as_str())
        .collect()
}

/// Returns whether the path in a violation leads to a place in a body, given as a JSON
/// pointer without its first slash. It may begin above the body, and need not count
/// elements of lists.
fn leads_to(field: &str, place: &str) -> bool {
    let is_name = |part: &&str| !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<_> = field.split(['.', '/', '[', ']']).filter(is_name).collect();
    let wanted = place.split('/').filter(is_name);
    let wanted: Vec<_> = wanted
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect();
    parts.len() >= wanted.len()
        && parts[parts.len() - wanted.len()..]
            .iter()
            .zip(&wanted)
            .all(|(part, wanted)| part.contains(wanted.as_str()))
}

/// What is wrong with a refusal for one cause. What is a place in a body begins with a
/// slash. Nothing is where the document does
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
    let is_named = |field: &&str| match cause.strip_prefix('/') {
        Some(place) => leads_to(field, place),
        None => field.contains(short),
    };
    if named.iter().any(is_named) {
        return None;
    }
    Some(format!(
        "the refusal is for `{cause}`, and its violations name {}",
        named.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::leads_to;

    #[track_caller]
    fn check(field: &str, place: &str, expected: bool) {
        assert_eq!(leads_to(field, place), expected, "{field} {place}");
    }

    #[test]
    fn a_violation_has_the_whole_path_to_its_cause() {
        check("billingInfo.version", "billingInfo/version", true);
        check("body.billingInfo.version", "billingInfo/version", true);
        check("tags[0]", "tags/0", true);
        check("fields.0.name", "fields/0/name", true);
        check("/fields/0/name", "fields/0/name", true);
        check("version", "billingInfo/version", false);
        check("settings.version", "billingInfo/version", false);
    }
}
