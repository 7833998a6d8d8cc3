//! How failures reach a gRPC caller: codes, messages and details.
//!
//! An upstream's error is decoded from the JSON form of `google.rpc.Status`
//! (AIP-193). Where its body is something else, the HTTP status decides and the
//! body stays here: what is not understood is not passed on.

use std::collections::HashMap;
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tonic_types::{
    BadRequest, ErrorDetail, ErrorInfo, FieldViolation, Help, HelpLink, LocalizedMessage,
    PreconditionFailure, PreconditionViolation, QuotaFailure, QuotaViolation, RequestInfo,
    ResourceInfo, RetryInfo, StatusExt,
};

use crate::call::Violation;

/// How much of a message is passed on, in bytes. Outside of ASCII each of them
/// takes three on the wire.
const MAX_MESSAGE: usize = 1024;

/// How much room the details may take, in bytes of protobuf, the message among
/// them. Clients refuse trailers of more than 8 KiB (grpc-core) or 16 KiB
/// (hyper), and a refused trailer takes the code with it.
const MAX_DETAILS: usize = 3 * 1024;

/// A failure on its way to the caller.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) details: Vec<ErrorDetail>,
}

impl Failure {
    pub(crate) fn new(code: Code, domain: &str, reason: &str, message: impl Into<String>) -> Self {
        let info = ErrorInfo::new(reason, domain, HashMap::new());
        Self {
            code,
            message: message.into(),
            details: vec![info.into()],
        }
    }

    /// Adds to the metadata of the `ErrorInfo`.
    pub(crate) fn with_metadata(mut self, key: &str, value: impl Into<String>) -> Self {
        for detail in &mut self.details {
            if let ErrorDetail::ErrorInfo(info) = detail {
                info.metadata.insert(key.to_owned(), value.into());
                break;
            }
        }
        self
    }

    pub(crate) fn with_retry(mut self, delay: Duration) -> Self {
        self.details.push(RetryInfo::new(Some(delay)).into());
        self
    }

    /// A request that has no REST form.
    pub(crate) fn invalid_request(domain: &str, violations: Vec<Violation>) -> Self {
        let message = match violations.as_slice() {
            [Violation { field, description }] => format!("{field} {description}"),
            all => format!("{} fields of the request do not fit", all.len()),
        };
        let mut failure = Self::new(Code::InvalidArgument, domain, "INVALID_REQUEST", message);
        let violations: Vec<_> = violations
            .into_iter()
            .map(|violation| FieldViolation::new(violation.field, violation.description))
            .collect();
        failure.details.push(BadRequest::new(violations).into());
        failure
    }

    /// The status, within the limits of what clients accept.
    pub(crate) fn into_status(mut self, request_id: &str, metadata: &MetadataMap) -> Status {
        truncate(&mut self.message, MAX_MESSAGE);
        let answered = |detail: &ErrorDetail| matches!(detail, ErrorDetail::RequestInfo(_));
        if !self.details.iter().any(answered) {
            self.details.push(RequestInfo::new(request_id, "").into());
        }
        // The first to go are the last: the reason always stays.
        self.details.sort_by_key(rank);
        loop {
            let status = Status::with_error_details_vec_and_metadata(
                self.code,
                &self.message,
                self.details.iter().cloned(),
                metadata.clone(),
            );
            if status.details().len() <= MAX_DETAILS || self.details.is_empty() {
                return status;
            }
            match self.details.last_mut() {
                Some(ErrorDetail::BadRequest(bad)) if bad.field_violations.len() > 1 => {
                    let half = bad.field_violations.len() / 2;
                    bad.field_violations.truncate(half);
                }
                Some(ErrorDetail::ErrorInfo(info)) if !info.metadata.is_empty() => {
                    info.metadata.clear();
                }
                _ => {
                    self.details.pop();
                }
            }
        }
    }
}

fn rank(detail: &ErrorDetail) -> u8 {
    match detail {
        ErrorDetail::ErrorInfo(_) => 0,
        ErrorDetail::RequestInfo(_) => 1,
        ErrorDetail::RetryInfo(_) => 2,
        ErrorDetail::BadRequest(_) => 3,
        _ => 4,
    }
}

/// Cuts a text off behind the last character that fits.
fn truncate(text: &mut String, limit: usize) {
    if text.len() > limit {
        let mut end = limit - '…'.len_utf8();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
}

/// The failure that an upstream answered with. `creates` says that the request
/// was to create something, which a conflict then is about.
pub(crate) fn from_upstream(
    domain: &str,
    creates: bool,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Failure {
    // Read piece by piece, because an upstream that gets one wrong may well
    // have the others right.
    let body: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let error = body.as_ref().and_then(|body| body.get("error"));
    let text = |name| error.and_then(|error| error.get(name)?.as_str());
    let code = text("status")
        .and_then(code_of_name)
        .unwrap_or_else(|| code_of_status(status, creates));
    let message = text("message").map_or_else(
        || format!("the upstream answered {status}"),
        ToOwned::to_owned,
    );
    let details = error.and_then(|error| error.get("details")?.as_array());
    let mut failure = Failure {
        code,
        message,
        details: details.into_iter().flatten().filter_map(detail).collect(),
    };
    let is_info = |detail: &ErrorDetail| matches!(detail, ErrorDetail::ErrorInfo(_));
    if !failure.details.iter().any(is_info) {
        let reason = format!("UPSTREAM_HTTP_{}", status.as_u16());
        let info = ErrorInfo::new(reason, domain, HashMap::new());
        failure.details.push(info.into());
    }
    let is_retry = |detail: &ErrorDetail| matches!(detail, ErrorDetail::RetryInfo(_));
    if !failure.details.iter().any(is_retry)
        && let Some(delay) = retry_after(headers)
    {
        failure = failure.with_retry(delay);
    }
    failure
}

/// The delay of a `Retry-After` header in seconds (RFC 9110, section 10.2.3);
/// dates are left alone, because the clocks may differ.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// The code of an HTTP status that comes without a body of its own.
fn code_of_status(status: StatusCode, creates: bool) -> Code {
    match status.as_u16() {
        400 | 422 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 | 410 => Code::NotFound,
        408 | 504 => Code::DeadlineExceeded,
        409 if creates => Code::AlreadyExists,
        409 => Code::Aborted,
        413 | 429 => Code::ResourceExhausted,
        499 => Code::Cancelled,
        501 => Code::Unimplemented,
        502 | 503 => Code::Unavailable,
        // 412, and what else a client could have done differently.
        402 | 405..=407 | 411..=499 => Code::FailedPrecondition,
        _ => Code::Internal,
    }
}

fn code_of_name(name: &str) -> Option<Code> {
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

/// The details of `google/rpc/error_details.proto`, by their type URL.
#[derive(Deserialize)]
#[serde(tag = "@type")]
enum Detail {
    #[serde(rename = "type.googleapis.com/google.rpc.ErrorInfo")]
    ErrorInfo {
        #[serde(default)]
        reason: String,
        #[serde(default)]
        domain: String,
        #[serde(default)]
        metadata: HashMap<String, String>,
    },
    #[serde(
        rename = "type.googleapis.com/google.rpc.BadRequest",
        rename_all = "camelCase"
    )]
    BadRequest { field_violations: Vec<Violated> },
    #[serde(
        rename = "type.googleapis.com/google.rpc.RetryInfo",
        rename_all = "camelCase"
    )]
    RetryInfo { retry_delay: Option<String> },
    #[serde(
        rename = "type.googleapis.com/google.rpc.RequestInfo",
        rename_all = "camelCase"
    )]
    RequestInfo {
        #[serde(default)]
        request_id: String,
        #[serde(default)]
        serving_data: String,
    },
    #[serde(
        rename = "type.googleapis.com/google.rpc.ResourceInfo",
        rename_all = "camelCase"
    )]
    ResourceInfo {
        #[serde(default)]
        resource_type: String,
        #[serde(default)]
        resource_name: String,
        #[serde(default)]
        owner: String,
        #[serde(default)]
        description: String,
    },
    #[serde(rename = "type.googleapis.com/google.rpc.PreconditionFailure")]
    PreconditionFailure { violations: Vec<Precondition> },
    #[serde(rename = "type.googleapis.com/google.rpc.QuotaFailure")]
    QuotaFailure { violations: Vec<Quota> },
    #[serde(rename = "type.googleapis.com/google.rpc.Help")]
    Help { links: Vec<Link> },
    #[serde(rename = "type.googleapis.com/google.rpc.LocalizedMessage")]
    LocalizedMessage { locale: String, message: String },
}

#[derive(Deserialize)]
struct Violated {
    #[serde(default)]
    field: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
struct Precondition {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct Quota {
    #[serde(default)]
    subject: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    description: String,
    #[serde(default)]
    url: String,
}

/// A detail that gRPC has a message for; others have no place to go.
fn detail(json: &serde_json::Value) -> Option<ErrorDetail> {
    let detail = Detail::deserialize(json).ok()?;
    Some(match detail {
        Detail::ErrorInfo {
            reason,
            domain,
            metadata,
        } => ErrorInfo::new(reason, domain, metadata).into(),
        Detail::BadRequest { field_violations } => {
            let violations = field_violations
                .into_iter()
                .map(|violation| FieldViolation {
                    reason: violation.reason,
                    ..FieldViolation::new(violation.field, violation.description)
                });
            BadRequest::new(violations.collect::<Vec<_>>()).into()
        }
        Detail::RetryInfo { retry_delay } => {
            let delay: prost_types::Duration = retry_delay?.parse().ok()?;
            RetryInfo::new(Some(delay.try_into().ok()?)).into()
        }
        Detail::RequestInfo {
            request_id,
            serving_data,
        } => RequestInfo::new(request_id, serving_data).into(),
        Detail::ResourceInfo {
            resource_type,
            resource_name,
            owner,
            description,
        } => ResourceInfo::new(resource_type, resource_name, owner, description).into(),
        Detail::PreconditionFailure { violations } => {
            let violations = violations
                .into_iter()
                .map(|v| PreconditionViolation::new(v.r#type, v.subject, v.description));
            PreconditionFailure::new(violations.collect::<Vec<_>>()).into()
        }
        Detail::QuotaFailure { violations } => {
            let violations = violations
                .into_iter()
                .map(|v| QuotaViolation::new(v.subject, v.description));
            QuotaFailure::new(violations.collect::<Vec<_>>()).into()
        }
        Detail::Help { links } => {
            let links = links
                .into_iter()
                .map(|l| HelpLink::new(l.description, l.url));
            Help::new(links.collect::<Vec<_>>()).into()
        }
        Detail::LocalizedMessage { locale, message } => {
            LocalizedMessage::new(locale, message).into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, code: Code, message: &str, reason: &str) {
        let status = StatusCode::from_u16(status).expect("a status");
        let failure = from_upstream("d", false, status, &HeaderMap::new(), body.as_bytes());
        let status = failure.into_status("id-1", &MetadataMap::new());
        let details = status.get_error_details();
        let info = details.error_info().expect("there is always a reason");
        assert_eq!((status.code(), status.message()), (code, message));
        assert_eq!(info.reason, reason);
        let request = details
            .request_info()
            .expect("there is always a request id");
        assert_eq!(request.request_id, "id-1");
    }

    #[test]
    fn the_http_status_decides_where_the_body_does_not() {
        for (status, code) in [
            (400, Code::InvalidArgument),
            (401, Code::Unauthenticated),
            (403, Code::PermissionDenied),
            (404, Code::NotFound),
            (409, Code::AlreadyExists),
            (412, Code::FailedPrecondition),
            (413, Code::ResourceExhausted),
            (422, Code::InvalidArgument),
            (429, Code::ResourceExhausted),
            (499, Code::Cancelled),
            (500, Code::Internal),
            (501, Code::Unimplemented),
            (502, Code::Unavailable),
            (503, Code::Unavailable),
            (504, Code::DeadlineExceeded),
            (505, Code::Internal),
            (302, Code::Internal),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(code_of_status(status, true), code, "for {status}");
        }
        assert_eq!(code_of_status(StatusCode::CONFLICT, false), Code::Aborted);
    }

    #[test]
    fn the_body_decides_where_it_can() {
        let body = r#"{"error":{"code":404,"status":"NOT_FOUND","message":"no such thing",
            "details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"THING_GONE","domain":"x"},
                       {"@type":"type.googleapis.com/unheard.of","a":1}]}}"#;
        check(400, body, Code::NotFound, "no such thing", "THING_GONE");
    }

    #[test]
    fn a_body_of_a_message_alone_keeps_its_message() {
        let body = r#"{"error":{"message":"jwt expired"}}"#;
        check(
            401,
            body,
            Code::Unauthenticated,
            "jwt expired",
            "UPSTREAM_HTTP_401",
        );
    }

    #[test]
    fn a_body_with_one_malformed_part_keeps_the_others() {
        let body = r#"{"error":{"status":404,"message":"no such thing","details":{}}}"#;
        check(
            404,
            body,
            Code::NotFound,
            "no such thing",
            "UPSTREAM_HTTP_404",
        );
        let body = r#"{"error":{"status":"NOT_FOUND","message":["secret"]}}"#;
        let message = "the upstream answered 400 Bad Request";
        check(400, body, Code::NotFound, message, "UPSTREAM_HTTP_400");
    }

    #[test]
    fn a_body_that_is_not_understood_stays_behind() {
        let message = "the upstream answered 502 Bad Gateway";
        for body in [
            "<html>secret</html>",
            "",
            "{\"error\":\"secret\"}",
            "[1",
            "{}",
        ] {
            check(502, body, Code::Unavailable, message, "UPSTREAM_HTTP_502");
        }
    }

    #[test]
    fn an_ok_in_an_error_is_no_ok() {
        let body = r#"{"error":{"status":"OK","message":"fine"}}"#;
        check(500, body, Code::Internal, "fine", "UPSTREAM_HTTP_500");
    }

    #[test]
    fn a_large_error_keeps_its_code_and_reason() {
        let violations: Vec<_> = (0..500)
            .map(|i| serde_json::json!({"field": format!("f{i}"), "description": "ü".repeat(100)}))
            .collect();
        let body = serde_json::json!({"error": {"status": "INVALID_ARGUMENT", "message": "ü".repeat(40_000), "details": [
            {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations},
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "R", "domain": "d"},
        ]}});
        let failure = from_upstream(
            "d",
            true,
            StatusCode::BAD_REQUEST,
            &HeaderMap::new(),
            body.to_string().as_bytes(),
        );
        let status = failure.into_status("id", &MetadataMap::new());
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().len() <= MAX_MESSAGE && status.message().ends_with('…'));
        assert!(status.details().len() <= MAX_DETAILS);
        let details = status.get_error_details();
        assert_eq!(
            details.error_info().map(|info| info.reason.as_str()),
            Some("R")
        );
        let violations = &details
            .bad_request()
            .expect("some are kept")
            .field_violations;
        assert!(!violations.is_empty());
    }

    #[test]
    fn retry_after_becomes_retry_info() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, "7".parse().expect("a value"));
        let failure = from_upstream("d", false, StatusCode::TOO_MANY_REQUESTS, &headers, b"");
        let details = failure
            .into_status("id", &MetadataMap::new())
            .get_error_details();
        let delay = details.retry_info().and_then(|retry| retry.retry_delay);
        assert_eq!(delay, Some(Duration::from_secs(7)));
    }
}
