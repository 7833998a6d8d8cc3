//! Problem details for HTTP APIs ([RFC 9457]): errors of upstreams that do not answer with
//! a `google.rpc.Status`.
//!
//! What a problem says of its status is advisory; the status of the reply decides, and is
//! not looked at here. Extensions are not passed on, but for the list of errors that the
//! RFC has as an example.
//!
//! [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457

use std::collections::HashMap;

use http::{HeaderMap, Uri, header};
use serde_json::Value;
use tonic_types::{BadRequest, ErrorDetail, ErrorInfo, FieldViolation};

use crate::error_body::{ErrorBody, MAX_VIOLATIONS};
use crate::pointer::field;
use crate::reason;

/// The media type of problem details.
const MEDIA_TYPE: &str = "application/problem+json";

/// Reads a body with these headers. Returns `None` if they do not say that it is a
/// problem.
pub(crate) fn read(headers: &HeaderMap, body: &Value) -> Option<ErrorBody> {
    let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case(MEDIA_TYPE) {
        return None;
    }
    let text = |name: &str| {
        let text = body.get(name)?.as_str()?;
        (!text.is_empty()).then_some(text)
    };
    let mut details = Vec::new();
    details.extend(text("type").and_then(info).map(ErrorDetail::from));
    let errors = body.get("errors").and_then(Value::as_array);
    let errors = errors.into_iter().flatten().take(MAX_VIOLATIONS);
    let violations: Vec<_> = errors.filter_map(violation).collect();
    if !violations.is_empty() {
        details.push(BadRequest::new(violations).into());
    }
    Some(ErrorBody {
        code: None,
        message: text("detail").or_else(|| text("title")).map(str::to_owned),
        details,
    })
}

/// The reason that a type stands for: its last segment, of the domain that is its host.
/// Returns `None` for `about:blank`, and for what cannot be a reason.
fn info(kind: &str) -> Option<ErrorInfo> {
    if kind == "about:blank" {
        return None;
    }
    let uri: Option<Uri> = kind.parse().ok();
    let host = uri.as_ref().and_then(Uri::host);
    let path = match (&uri, host) {
        (Some(uri), Some(_)) => uri.path(),
        _ => kind.split(['?', '#']).next().unwrap_or_default(),
    };
    let path = path.trim_end_matches('/');
    let segment = path.rsplit(['/', ':']).next().unwrap_or_default();
    let reason = reason::of_code(segment)?;
    Some(ErrorInfo::new(
        reason,
        host.unwrap_or_default(),
        HashMap::new(),
    ))
}

/// One of the errors: what is wrong, and a JSON pointer to where, as a URI fragment.
fn violation(error: &Value) -> Option<FieldViolation> {
    let description = error.get("detail")?.as_str()?;
    let pointer = error.get("pointer").and_then(Value::as_str);
    Some(FieldViolation::new(
        field(pointer.unwrap_or_default()),
        description,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(media_type: &'static str, body: &str) -> Option<ErrorBody> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, media_type.parse().expect("a header"));
        read(&headers, &serde_json::from_str(body).expect("JSON"))
    }

    #[track_caller]
    fn check_reason(kind: &str, expected: Option<(&str, &str)>) {
        let found = info(kind);
        let found = found.as_ref();
        let found = found.map(|info| (info.reason.as_str(), info.domain.as_str()));
        assert_eq!(found, expected, "{kind}");
    }

    #[test]
    fn a_type_is_a_reason() {
        let host = "example.com";
        check_reason(
            "https://example.com/probs/out-of-credit",
            Some(("OUT_OF_CREDIT", host)),
        );
        check_reason(
            "https://example.com/OutOfCredit/",
            Some(("OUT_OF_CREDIT", host)),
        );
        check_reason(
            "https://example.com/OUT_OF_CREDIT#x",
            Some(("OUT_OF_CREDIT", host)),
        );
        check_reason("urn:problem:pet-gone", Some(("PET_GONE", "")));
        check_reason("/problems/gone", Some(("GONE", "")));
    }

    #[test]
    fn what_is_no_reason_is_none() {
        check_reason("about:blank", None);
        check_reason("https://example.com/", None);
        check_reason("https://example.com/404", None);
        check_reason("https://example.com/ä", None);
        check_reason("", None);
    }

    #[test]
    fn a_problem_has_message_and_violations() {
        let problem = read_as(
            "Application/Problem+JSON; charset=utf-8",
            r##"{"type": "https://example.net/validation-error", "title": "Not valid", "status": 422,
                "errors": [{"detail": "must be positive", "pointer": "#/pets/0/age"},
                           {"pointer": "#/nothing"}, {"detail": "must be green"}]}"##,
        );
        let problem = problem.expect("it is a problem");
        assert_eq!(problem.message.as_deref(), Some("Not valid"));
        let [ErrorDetail::ErrorInfo(info), ErrorDetail::BadRequest(bad)] = &problem.details[..]
        else {
            panic!("{:?}", problem.details);
        };
        assert_eq!(info.reason, "VALIDATION_ERROR");
        let violations = bad.field_violations.iter();
        let violations: Vec<_> = violations
            .map(|violation| (violation.field.as_str(), violation.description.as_str()))
            .collect();
        let expected = [("pets[0].age", "must be positive"), ("", "must be green")];
        assert_eq!(violations, expected);
    }

    #[test]
    fn the_detail_says_more_than_the_title() {
        let problem = read_as(MEDIA_TYPE, r#"{"title": "Gone", "detail": "Rex was sold"}"#);
        let problem = problem.expect("it is a problem");
        assert_eq!(problem.message.as_deref(), Some("Rex was sold"));
        assert!(problem.details.is_empty());
    }

    #[test]
    fn other_media_types_are_no_problems() {
        assert!(read_as("application/json", r#"{"title": "Gone"}"#).is_none());
    }

    #[test]
    fn what_has_the_wrong_type_is_left_out() {
        let body = r#"{"type": 7, "title": [], "detail": null, "errors": {"a": 1}}"#;
        let problem = read_as(MEDIA_TYPE, body).expect("it is a problem");
        assert_eq!(problem.message, None);
        assert!(problem.details.is_empty());
    }

    #[test]
    fn violations_are_bounded() {
        let error = r#"{"detail": "x"},"#.repeat(MAX_VIOLATIONS + 1);
        let body = format!(r#"{{"errors": [{}]}}"#, error.trim_end_matches(','));
        let problem = read_as(MEDIA_TYPE, &body).expect("it is a problem");
        let [ErrorDetail::BadRequest(bad)] = &problem.details[..] else {
            panic!("{:?}", problem.details);
        };
        assert_eq!(bad.field_violations.len(), MAX_VIOLATIONS);
    }
}
