//! How a failed call reads on a terminal: everything once, with the path of what is
//! wrong in the request.

use std::error::Error;
use std::fmt::Write as _;

use prost::Message;
use prost_reflect::MethodDescriptor;
use tonic::{Code, Status, TimeoutExpired};
use tonic_types::{BadRequest, ErrorDetail, StatusExt, pb};

use super::{facts, text};

/// Renders an error: its code and message, then a line for each of its details. The
/// violations come first; a message that only repeats them is left out.
pub(super) fn render(status: &Status, method: &MethodDescriptor) -> String {
    let mut text = format!("error: {}", code_name(status.code()));
    let details = status.check_error_details_vec();
    let known = details.as_deref().unwrap_or_default();
    let violations = known.iter().find_map(|detail| match detail {
        ErrorDetail::BadRequest(bad) => Some(bad),
        _ => None,
    });
    let is_repeated = violations.is_some_and(|bad| is_made_of(status.message(), bad));
    if !status.message().is_empty() && !is_repeated {
        let _ = write!(text, ": {}", text::harmless(status.message()));
    }
    text.push('\n');
    let mut lines = Vec::new();
    for violation in violations.iter().flat_map(|bad| &bad.field_violations) {
        let path = path_of(method, &violation.field);
        lines.push(format!("{path}: {}", violation.description));
    }
    match &details {
        Ok(details) => lines.extend(details.iter().flat_map(detail_lines)),
        Err(error) => lines.push(format!("details that do not decode: {error}")),
    }
    lines.extend(unknown_details(status));
    for line in lines {
        let _ = writeln!(text, "  {}", text::harmless(&line));
    }
    text
}

/// Returns whether a message says nothing but what the violations say: each one's
/// description, behind a name or not. The name may be another one there, such as that of a
/// property. The end of a long message may have been cut off.
fn is_made_of(message: &str, bad: &BadRequest) -> bool {
    let beginning = message.strip_suffix('…');
    let mut rest = beginning.unwrap_or(message);
    for (number, violation) in bad.field_violations.iter().enumerate() {
        if number > 0 {
            match rest.strip_prefix("; ") {
                Some(next) => rest = next,
                None => return beginning.is_some() && "; ".starts_with(rest),
            }
        }
        let description = violation.description.as_str();
        let behind_name = rest.split_once(' ').map_or("", |(_, behind)| behind);
        let found = rest.strip_prefix(description);
        match found.or_else(|| behind_name.strip_prefix(description)) {
            Some(next) => rest = next,
            None => return beginning.is_some() && description.starts_with(behind_name),
        }
    }
    !bad.field_violations.is_empty() && rest.is_empty()
}

/// The path in the request of what is wrong. An API names a property of its body, which
/// may be one field of the request.
fn path_of(method: &MethodDescriptor, property: &str) -> String {
    let request = method.input();
    let first = property.split(['.', '[']).next().unwrap_or_default();
    let is_in_request = request.get_field_by_json_name(first).is_some()
        || request.get_field_by_name(first).is_some();
    let body = facts::Route::of(method).and_then(|route| route.body(&request));
    let body = body.filter(|body| {
        let message = facts::message_of(body);
        message.is_some_and(|message| message.get_field_by_json_name(first).is_some())
    });
    match body {
        Some(body) if !is_in_request => format!("{}.{property}", body.json_name()),
        _ => property.to_owned(),
    }
}

fn detail_lines(detail: &ErrorDetail) -> Vec<String> {
    match detail {
        // These come first.
        ErrorDetail::BadRequest(_) => Vec::new(),
        ErrorDetail::ErrorInfo(info) => {
            let mut lines = vec![format!("reason: {} ({})", info.reason, info.domain)];
            let mut metadata: Vec<_> = info.metadata.iter().collect();
            metadata.sort();
            lines.extend(
                metadata
                    .iter()
                    .map(|(key, value)| format!("{key}: {value}")),
            );
            lines
        }
        ErrorDetail::RetryInfo(retry) => match retry.retry_delay {
            Some(delay) => vec![format!("retry after: {delay:?}")],
            None => Vec::new(),
        },
        ErrorDetail::RequestInfo(info) => vec![format!("request id: {}", info.request_id)],
        ErrorDetail::PreconditionFailure(failure) => failure
            .violations
            .iter()
            .map(|violation| format!("{}: {}", violation.subject, violation.description))
            .collect(),
        ErrorDetail::QuotaFailure(failure) => failure
            .violations
            .iter()
            .map(|violation| format!("{}: {}", violation.subject, violation.description))
            .collect(),
        ErrorDetail::ResourceInfo(info) => vec![format!(
            "{} {}: {}",
            info.resource_type, info.resource_name, info.description
        )],
        ErrorDetail::Help(help) => help
            .links
            .iter()
            .map(|link| format!("{}: {}", link.description, link.url))
            .collect(),
        ErrorDetail::LocalizedMessage(message) => vec![message.message.clone()],
        ErrorDetail::DebugInfo(info) => vec![format!("debug: {}", info.detail)],
        other => vec![format!("{other:?}")],
    }
}

/// The details that are none of the standard kinds, by type.
fn unknown_details(status: &Status) -> Vec<String> {
    let Ok(decoded) = pb::Status::decode(status.details()) else {
        return Vec::new();
    };
    let unknown = decoded.details.iter().filter(|detail| {
        !detail
            .type_url
            .starts_with("type.googleapis.com/google.rpc.")
    });
    unknown
        .map(|detail| format!("detail: {} ({} bytes)", detail.type_url, detail.value.len()))
        .collect()
}

/// Returns whether the client itself gave up. tonic reports that as CANCELLED.
pub(super) fn is_local_timeout(status: &Status) -> bool {
    let mut source = status.source();
    while let Some(error) = source {
        if error.is::<TimeoutExpired>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// Returns whether a status was made up by the client, because the reply is one of
/// HTTP without a status of gRPC.
pub(super) fn is_without_status(status: &Status) -> bool {
    let message = status.message();
    message.starts_with("grpc-status header missing")
        || message.contains(" while receiving response with status: ")
}

/// The innermost cause of an error; what transport errors wrap around it says
/// nothing to a caller.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// The name of the code, as in google.rpc.Code.
fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
