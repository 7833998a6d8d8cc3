//! The JSON form of `google.rpc.Status`: below `error`, as the APIs of Google have it
//! ([AIP-193]), or bare, as grpc-gateway and Envoy write it.
//!
//! [AIP-193]: https://google.aip.dev/193

use http::StatusCode;
use serde_json::{Map, Value};
use tonic::Code;

use crate::error_body::ErrorBody;
use crate::error_details;

/// The members that a bare status may have: those of `google.rpc.Status`, and what
/// grpc-gateway has put beside them.
const MEMBERS: [&str; 5] = ["code", "message", "details", "status", "error"];

/// Reads a body. Returns `None` if it is no status.
pub(crate) fn read(body: &Value, status: StatusCode) -> Option<ErrorBody> {
    let body = body.as_object()?;
    match body.get("error") {
        // Read piece by piece, because an upstream that gets one wrong may well
        // have the others right.
        Some(Value::Object(error)) => Some(parts(error)),
        _ => is_bare(body, status).then(|| parts(body)),
    }
}

fn parts(error: &Map<String, Value>) -> ErrorBody {
    let name = error.get("status").and_then(Value::as_str);
    let details = error.get("details").and_then(Value::as_array);
    let message = error.get("message").and_then(Value::as_str);
    ErrorBody {
        code: name.and_then(code_of_name).or_else(|| code_of(error)),
        message: message.map(ToOwned::to_owned),
        details: details
            .into_iter()
            .flatten()
            .filter_map(error_details::read)
            .collect(),
    }
}

/// The number of a code. That of an API of Google is its HTTP status, which is none.
fn code_of(error: &Map<String, Value>) -> Option<Code> {
    let number = i32::try_from(error.get("code")?.as_i64()?).ok()?;
    // OK is no error, whatever stands beside it.
    (1..=16).contains(&number).then(|| Code::from_i32(number))
}

/// Returns whether a body without `error` is a status. Many APIs number their errors by
/// themselves, in a member of the same name: nothing may stand beside it that a status
/// does not have, and its code has to go with the class of the HTTP status.
fn is_bare(body: &Map<String, Value>, status: StatusCode) -> bool {
    let is_of_class = match code_of(body) {
        Some(
            Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unauthenticated,
        ) => status.is_client_error(),
        Some(Code::Unknown | Code::Unimplemented | Code::Internal | Code::DataLoss) => {
            status.is_server_error()
        }
        Some(_) => true,
        None => false,
    };
    is_of_class
        && body.get("message").is_some_and(Value::is_string)
        && body.get("details").is_none_or(Value::is_array)
        && body.keys().all(|name| MEMBERS.contains(&name.as_str()))
}

/// The code of this name, such as `NOT_FOUND`.
pub(crate) fn code_of_name(name: &str) -> Option<Code> {
    Some(match name {
        "CANCELLED" => Code::Cancelled,
        "UNKNOWN" => Code::Unknown,
        "INVALID_ARGUMENT" => Code::InvalidArgument,
        "DEADLINE_EXCEEDED" => Code::DeadlineExceeded,
        "NOT_FOUND" => Code::NotFound,
        "ALREADY_EXISTS" => Code::AlreadyExists,
        "PERMISSION_DENIED" => Code::PermissionDenied,
        "RESOURCE_EXHAUSTED" => Code::ResourceExhausted,
        "FAILED_PRECONDITION" => Code::FailedPrecondition,
        "ABORTED" => Code::Aborted,
        "OUT_OF_RANGE" => Code::OutOfRange,
        "UNIMPLEMENTED" => Code::Unimplemented,
        "INTERNAL" => Code::Internal,
        "UNAVAILABLE" => Code::Unavailable,
        "DATA_LOSS" => Code::DataLoss,
        "UNAUTHENTICATED" => Code::Unauthenticated,
        // OK is no error, whatever stands beside it.
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code and the message that are read of the body of an error with this status.
    #[track_caller]
    fn check(status: u16, body: &str, expected: Option<(Option<Code>, &str)>) {
        let body = serde_json::from_str(body).expect("JSON");
        let read = read(&body, StatusCode::from_u16(status).expect("a status"));
        let found = read.as_ref().map(|said| {
            let message = said.message.as_deref();
            (said.code, message.unwrap_or_default())
        });
        assert_eq!(found, expected, "{body} with {status}");
    }

    #[test]
    fn an_error_of_a_google_api_is_read() {
        let gone = Some((Some(Code::NotFound), "gone"));
        check(
            404,
            r#"{"error":{"code":404,"status":"NOT_FOUND","message":"gone"}}"#,
            gone,
        );
        check(500, r#"{"error":{"code":5,"message":"gone"}}"#, gone);
        check(
            404,
            r#"{"error":{"code":404,"message":"gone"}}"#,
            Some((None, "gone")),
        );
    }

    #[test]
    fn a_bare_status_is_read() {
        let gone = Some((Some(Code::NotFound), "gone"));
        check(404, r#"{"code":5,"message":"gone","details":[]}"#, gone);
        check(
            404,
            r#"{"error":"gone","code":5,"message":"gone","details":[]}"#,
            gone,
        );
        check(
            429,
            r#"{"code":8,"message":"slow"}"#,
            Some((Some(Code::ResourceExhausted), "slow")),
        );
    }

    #[test]
    fn numbers_of_an_api_of_its_own_are_no_status() {
        for (status, body) in [
            (404, r#"{"code":20404,"message":"secret"}"#),
            (404, r#"{"code":404,"message":"secret"}"#),
            (500, r#"{"code":5,"message":"secret"}"#),
            (401, r#"{"code":2,"message":"secret"}"#),
            (404, r#"{"code":5,"message":"secret","trace":"secret"}"#),
            (404, r#"{"code":5,"message":"secret","details":"secret"}"#),
            (404, r#"{"code":"5","message":"secret"}"#),
            (404, r#"{"code":0,"message":"secret"}"#),
            (404, r#"{"code":5}"#),
            (404, r#"["secret"]"#),
            (404, r#"{"error":"secret"}"#),
        ] {
            check(status, body, None);
        }
    }
}
