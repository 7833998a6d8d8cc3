//! How the result of a call reads on a terminal.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write};

use prost::Message;
use prost_reflect::DynamicMessage;
use tonic::{Code, Status, TimeoutExpired};
use tonic_types::{ErrorDetail, StatusExt, pb};

/// Prints a reply as indented JSON.
pub(super) fn print(reply: &DynamicMessage, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, reply)?;
    out.write_all(b"\n")
}

/// Prints one message of a stream as JSON on a line of its own.
pub(super) fn print_line(message: &DynamicMessage, out: &mut impl Write) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    out.write_all(&line)
}

/// Prints one part of a reply: a string as it is, anything else as JSON. The
/// path is made of property names and list indexes, joined by dots.
pub(super) fn print_part(
    reply: &DynamicMessage,
    path: &str,
    out: &mut impl Write,
) -> io::Result<()> {
    let whole = serde_json::to_value(reply)?;
    let pointer = format!("/{}", path.replace('.', "/"));
    match whole.pointer(&pointer) {
        Some(serde_json::Value::String(text)) => writeln!(out, "{text}"),
        Some(part) => writeln!(out, "{part:#}"),
        None => Err(io::Error::other(format!(
            "the reply has no {path:?}, which --select asks for"
        ))),
    }
}

/// Renders an error: its code and message, then a line for each of its details.
pub(super) fn render(status: &Status) -> String {
    let mut text = format!("error: {}", code_name(status.code()));
    if !status.message().is_empty() {
        let _ = write!(text, ": {}", status.message());
    }
    text.push('\n');
    let lines = match status.check_error_details_vec() {
        Ok(details) => details.iter().flat_map(detail_lines).collect(),
        Err(error) => vec![format!("details that do not decode: {error}")],
    };
    for line in lines.into_iter().chain(unknown_details(status)) {
        let _ = writeln!(text, "  {line}");
    }
    text
}

fn detail_lines(detail: &ErrorDetail) -> Vec<String> {
    match detail {
        ErrorDetail::BadRequest(bad) => bad
            .field_violations
            .iter()
            .map(|violation| format!("{}: {}", violation.field, violation.description))
            .collect(),
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
