//! Statuses as the Connect protocol writes them: a JSON object, and for unary calls a
//! status of HTTP.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::StatusCode;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Map, Value, json};
use tonic::{Code, Status};

/// The messages that details of errors are, for those who read JSON alone.
static DETAILS: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let mut pool = DescriptorPool::global();
    // Without them a detail is written in its binary form alone.
    let _ = pool.decode_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET);
    pool
});

/// The error as a JSON object.
pub(super) fn json(status: &Status) -> Value {
    let mut error = Map::new();
    error.insert("code".to_owned(), name(status.code()).into());
    if !status.message().is_empty() {
        error.insert("message".to_owned(), status.message().into());
    }
    // Details that cannot be read are those of somebody else, and are left out.
    let details = tonic_types::pb::Status::decode(status.details()).unwrap_or_default();
    if !details.details.is_empty() {
        let details = details.details.iter().map(|detail| {
            let name = detail.type_url.rsplit('/').next().unwrap_or_default();
            let mut written = json!({
                "type": name,
                "value": STANDARD_NO_PAD.encode(&detail.value),
            });
            if let Some(readable) = readable(name, &detail.value) {
                written["debug"] = readable;
            }
            written
        });
        error.insert("details".to_owned(), details.collect());
    }
    Value::Object(error)
}

/// A detail as JSON, if its type is known.
fn readable(name: &str, value: &[u8]) -> Option<Value> {
    let message = DETAILS.get_message_by_name(name)?;
    let message = DynamicMessage::decode(message, value).ok()?;
    serde_json::to_value(&message).ok()
}

/// The name of a code.
fn name(code: Code) -> &'static str {
    match code {
        Code::Cancelled => "canceled",
        Code::InvalidArgument => "invalid_argument",
        Code::DeadlineExceeded => "deadline_exceeded",
        Code::NotFound => "not_found",
        Code::AlreadyExists => "already_exists",
        Code::PermissionDenied => "permission_denied",
        Code::ResourceExhausted => "resource_exhausted",
        Code::FailedPrecondition => "failed_precondition",
        Code::Aborted => "aborted",
        Code::OutOfRange => "out_of_range",
        Code::Unimplemented => "unimplemented",
        Code::Internal => "internal",
        Code::Unavailable => "unavailable",
        Code::DataLoss => "data_loss",
        Code::Unauthenticated => "unauthenticated",
        // There is no error that is OK.
        Code::Unknown | Code::Ok => "unknown",
    }
}

/// The status of HTTP that a unary call with this code has.
pub(super) fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::REQUEST_TIMEOUT),
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => {
            StatusCode::BAD_REQUEST
        }
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::Unknown | Code::Internal | Code::DataLoss | Code::Ok => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_binary_and_readable() {
        let status = transcode::status(
            Code::Unauthenticated,
            "TOKEN_MISSING",
            "test",
            "a token is needed",
            None,
            "a-request",
        );
        let error = json(&status);
        assert_eq!(error["code"], "unauthenticated");
        assert_eq!(error["message"], "a token is needed");
        let detail = &error["details"][0];
        assert_eq!(detail["type"], "google.rpc.ErrorInfo");
        let expected = json!({"reason": "TOKEN_MISSING", "domain": "test"});
        assert_eq!(detail["debug"], expected);
        let value = detail["value"].as_str().expect("it is text");
        let value = STANDARD_NO_PAD.decode(value).expect("it is base64");
        let info = tonic_types::pb::ErrorInfo::decode(value.as_slice()).expect("a message");
        assert_eq!(info.reason, "TOKEN_MISSING");
    }

    #[test]
    fn an_error_without_message_and_details_has_neither() {
        assert_eq!(
            json(&Status::new(Code::Cancelled, "")),
            json!({"code": "canceled"})
        );
    }
}
