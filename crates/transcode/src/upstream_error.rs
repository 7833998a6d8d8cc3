//! The errors that an upstream answers with.
//!
//! An error is decoded from the JSON form of `google.rpc.Status`, from problem details
//! (RFC 9457), or from what an [`ErrorShape`](crate::ErrorShape) says of it.
//! Where its body is something else, the HTTP status decides and the body stays
//! here: what is not understood is not passed on.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method, StatusCode, header};
use serde_json::Value;
use tonic::Code;
use tonic_types::{ErrorDetail, ErrorInfo};

use crate::config::Config;
use crate::error_body::ErrorBody;
use crate::fault::{Told, retry_info};
use crate::{problem, rpc_status};

/// Reads an error of the upstream of this configuration. `creates` says that the request
/// was to create something, which a conflict then is about.
pub(crate) fn read(
    config: &Config,
    method: &Method,
    creates: bool,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Told {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let body: Option<Value> = serde_json::from_slice(body).ok();
    let said = body.map(|body| said(config, status, headers, &body));
    let ErrorBody {
        code,
        message,
        mut details,
    } = said.unwrap_or_default();
    give_reason(&mut details, status);
    let is_retry = |detail: &ErrorDetail| matches!(detail, ErrorDetail::RetryInfo(_));
    if !details.iter().any(is_retry) && was_refused(method, status) {
        details.extend(retry_info(retry_after(headers, SystemTime::now())));
    }
    let mut told = Told {
        code: code.unwrap_or_else(|| code_of_status(status, creates)),
        message: message.unwrap_or_else(|| format!("the upstream answered {status}")),
        details,
    };
    reword(&mut told, config.messages);
    told
}

/// What the body of an error says.
fn said(config: &Config, status: StatusCode, headers: &HeaderMap, body: &Value) -> ErrorBody {
    let said = rpc_status::read(body, status).or_else(|| problem::read(headers, body));
    let mut said = said.unwrap_or_default();
    config.errors.read(body, &mut said);
    let host = config.base.host().unwrap_or_default();
    for detail in &mut said.details {
        if let ErrorDetail::ErrorInfo(info) = detail
            && info.domain.is_empty()
        {
            // A reason without a domain would be one of the gateway.
            host.clone_into(&mut info.domain);
        }
    }
    said
}

/// Puts another message in place of that of an error whose reason has one.
fn reword(told: &mut Told, messages: &[(&str, &str)]) {
    let other = messages.iter().find(|(reason, _)| {
        told.details
            .iter()
            .any(|detail| matches!(detail, ErrorDetail::ErrorInfo(info) if info.reason == *reason))
    });
    if let Some((_, message)) = other {
        (*message).clone_into(&mut told.message);
    }
}

/// Makes sure that there is a reason: without one of the upstream's own it is
/// the HTTP status.
fn give_reason(details: &mut Vec<ErrorDetail>, status: StatusCode) {
    let infos = details.iter_mut().filter_map(|detail| match detail {
        ErrorDetail::ErrorInfo(info) => Some(info),
        _ => None,
    });
    let mut infos: Vec<_> = infos.collect();
    if infos.iter().any(|info| !info.reason.is_empty()) {
        return;
    }
    let reason = format!("UPSTREAM_HTTP_{}", status.as_u16());
    if let Some(info) = infos.first_mut() {
        info.reason = reason;
        // The reason is not one of the domain that stands there.
        info.domain.clear();
    } else {
        details.push(ErrorInfo::new(reason, "", HashMap::new()).into());
    }
}

/// Returns whether a request with this status was not carried out, or does the same
/// when it is carried out again.
fn was_refused(method: &Method, status: StatusCode) -> bool {
    method.is_idempotent() || status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE
}

/// The delay of a `Retry-After` header (RFC 9110, section 10.2.3): seconds, or a
/// date, from which the delay is counted by this machine's clock. A date that
/// has passed is no delay. A delay that is too long for a number is as long as
/// one can be; the caller cuts it.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use tonic::Status;
    use tonic_types::StatusExt as _;

    const HOUR: Duration = Duration::from_hours(1);

    fn status_of(
        method: &Method,
        creates: bool,
        status: u16,
        headers: &HeaderMap,
        body: &str,
    ) -> Status {
        let status = StatusCode::from_u16(status).expect("a status");
        let config = Config::new(http::Uri::from_static("/"));
        let told = read(&config, method, creates, status, headers, body.as_bytes());
        Fault::UpstreamReplied(told).into_status("d", HOUR, "id-1")
    }

    #[track_caller]
    fn check(status: u16, body: &str, code: Code, message: &str, reason: &str) {
        let status = status_of(&Method::GET, false, status, &HeaderMap::new(), body);
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
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(code_of_status(status, true), code, "for {status}");
        }
        assert_eq!(code_of_status(StatusCode::CONFLICT, false), Code::Aborted);
    }

    #[test]
    fn problem_details_are_read() {
        let mut headers = HeaderMap::new();
        let media_type = "application/problem+json".parse().expect("a header");
        headers.insert(header::CONTENT_TYPE, media_type);
        let body = r#"{"type": "https://example.com/probs/pet-sold", "title": "Sold",
            "detail": "Rex was sold", "status": 200}"#;
        let status = status_of(&Method::GET, false, 409, &headers, body);
        assert_eq!(
            (status.code(), status.message()),
            (Code::Aborted, "Rex was sold")
        );
        let details = status.get_error_details();
        let info = details.error_info().expect("there is always a reason");
        assert_eq!((&*info.reason, &*info.domain), ("PET_SOLD", "example.com"));
    }

    #[test]
    fn an_error_of_a_form_of_its_own_is_read() {
        let mut config = Config::new(http::Uri::from_static("https://pets.example/v1"));
        config.errors.code = Some("/error".parse().expect("a pointer"));
        config.errors.message = Some("/error_description".parse().expect("a pointer"));
        let body = br#"{"error": "pet_is_sold", "error_description": "Rex was sold"}"#;
        let (status, headers) = (StatusCode::CONFLICT, HeaderMap::new());
        let told = read(&config, &Method::GET, false, status, &headers, body);
        let status = Fault::UpstreamReplied(told).into_status("d", HOUR, "id-1");
        let found = (status.code(), status.message());
        assert_eq!(found, (Code::Aborted, "Rex was sold"));
        let details = status.get_error_details();
        let info = details.error_info().expect("there is always a reason");
        let found = (&*info.reason, &*info.domain);
        assert_eq!(found, ("PET_IS_SOLD", "pets.example"));
    }

    #[test]
    fn a_number_of_an_api_is_metadata_of_the_reason() {
        let mut config = Config::new(http::Uri::from_static("https://pets.example/v1"));
        config.errors.code = Some("/code".parse().expect("a pointer"));
        let (status, headers) = (StatusCode::NOT_FOUND, HeaderMap::new());
        let body = br#"{"code": 20404}"#;
        let told = read(&config, &Method::GET, false, status, &headers, body);
        let status = Fault::UpstreamReplied(told).into_status("d", HOUR, "id-1");
        let details = status.get_error_details();
        let info = details.error_info().expect("there is always a reason");
        assert_eq!((&*info.reason, &*info.domain), ("UPSTREAM_HTTP_404", "d"));
        assert_eq!(info.metadata.get("code").map(String::as_str), Some("20404"));
    }

    #[test]
    fn the_body_decides_where_it_can() {
        let body = r#"{"error":{"code":404,"status":"NOT_FOUND","message":"no such thing",
            "details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"THING_GONE","domain":"x"},
                       {"@type":"type.googleapis.com/unheard.of","a":1}]}}"#;
        check(400, body, Code::NotFound, "no such thing", "THING_GONE");
        let marked = format!("\u{feff}{body}");
        check(400, &marked, Code::NotFound, "no such thing", "THING_GONE");
    }

    #[test]
    fn a_reason_can_have_a_message_of_the_gateway() {
        let body = br#"{"error":{"status":"UNAUTHENTICATED","message":"POST /token","details":[
            {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"MISSING","domain":"x"}]}}"#;
        let reworded = |messages: &'static [(&str, &str)]| {
            let mut config = Config::new(http::Uri::from_static("/"));
            config.messages = messages;
            let (status, headers) = (StatusCode::UNAUTHORIZED, HeaderMap::new());
            let told = read(&config, &Method::GET, false, status, &headers, body);
            (told.message, told.details.len())
        };
        assert_eq!(
            reworded(&[("MISSING", "call Log/In")]),
            ("call Log/In".to_owned(), 1)
        );
        assert_eq!(
            reworded(&[("OTHER", "call Log/In")]),
            ("POST /token".to_owned(), 1)
        );
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
        for details in ["{}", "null", "[null, 7, {\"@type\": null}]"] {
            let body = format!(
                r#"{{"error":{{"status":404,"message":"no such thing","details":{details}}}}}"#
            );
            check(
                404,
                &body,
                Code::NotFound,
                "no such thing",
                "UPSTREAM_HTTP_404",
            );
        }
        let body = r#"{"error":{"status":"NOT_FOUND","message":["secret"]}}"#;
        let message = "the upstream answered 400 Bad Request";
        check(400, body, Code::NotFound, message, "UPSTREAM_HTTP_400");
    }

    #[test]
    fn a_reason_that_is_lost_is_replaced() {
        let body = r#"{"error":{"status":"NOT_FOUND","message":"m","details":[
            {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":null,"domain":"x","metadata":{"a":"b"}}]}}"#;
        check(404, body, Code::NotFound, "m", "UPSTREAM_HTTP_404");
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
        let status = status_of(
            &Method::POST,
            true,
            400,
            &HeaderMap::new(),
            &body.to_string(),
        );
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().len() <= 1024 && status.message().ends_with('…'));
        assert!(status.details().len() <= 3 * 1024);
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

    fn delay_of(method: &Method, status: u16, retry_after: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, retry_after.parse().expect("a value"));
        let status = status_of(method, false, status, &headers, "");
        status.get_error_details().retry_info()?.retry_delay
    }

    #[test]
    fn retry_after_becomes_retry_info() {
        let seconds = |text| delay_of(&Method::GET, 429, text);
        assert_eq!(seconds("7"), Some(Duration::from_secs(7)));
        assert_eq!(seconds("0"), Some(Duration::ZERO));
        assert_eq!(seconds("3601"), Some(HOUR));
        assert_eq!(seconds("99999999999999999999999"), Some(HOUR));
        assert_eq!(
            seconds("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(seconds("Fri, 31 Dec 9999 23:59:59 GMT"), Some(HOUR));
        for text in ["", "-1", "1.5", "soon", "+1", "1 2"] {
            assert_eq!(seconds(text), None, "for {text:?}");
        }
    }

    #[test]
    fn retry_after_a_date_counts_from_now() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        let mut headers = HeaderMap::new();
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        headers.insert(header::RETRY_AFTER, date.parse().expect("a value"));
        assert_eq!(retry_after(&headers, now), Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_request_that_may_have_run_is_not_sent_again() {
        let post = |status| delay_of(&Method::POST, status, "7");
        for status in [429, 413, 503] {
            assert_eq!(post(status), Some(Duration::from_secs(7)), "for {status}");
        }
        for status in [500, 502, 504] {
            assert_eq!(post(status), None, "for {status}");
            assert!(delay_of(&Method::PUT, status, "7").is_some());
        }
    }
}
