//! The body of a failed reply.

use std::time::Duration;

use contract::{
    error::{Code, Detail, ErrorBody, FieldViolation},
    failure::Failure,
    validate::Violations,
};
use serde_json::{Value, json};

/// Reads the body, writes it again and finds nothing changed.
#[track_caller]
fn check(body: &Value) -> ErrorBody {
    let error: ErrorBody = serde_json::from_value(body.clone()).expect("an error body");
    assert_eq!(&json!(error), body);
    error
}

#[test]
fn new_error_carries_code_status_and_reason() {
    let error = ErrorBody::new(Code::NotFound, "USER_NOT_FOUND", "no such user");
    insta::assert_json_snapshot!(error, @r#"
    {
      "error": {
        "code": 404,
        "status": "NOT_FOUND",
        "message": "no such user",
        "details": [
          {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "USER_NOT_FOUND",
            "domain": "web1on1.chat"
          }
        ]
      }
    }
    "#);
}

#[test]
fn violations_become_a_bad_request() {
    let violations = Violations::one("role", "must be one of agent, bot");
    let body = ErrorBody::from(Failure::from(violations));
    insta::assert_json_snapshot!(body.error.details[1], @r#"
    {
      "@type": "type.googleapis.com/google.rpc.BadRequest",
      "fieldViolations": [
        {
          "field": "role",
          "description": "must be one of agent, bot"
        }
      ]
    }
    "#);
    assert_eq!(body.error.message, "role must be one of agent, bot");
}

#[test]
fn every_known_detail_is_read_and_written() {
    let error = check(&json!({ "error": {
        "code": 503,
        "status": "UNAVAILABLE",
        "message": "try again",
        "details": [
            { "@type": "type.googleapis.com/google.rpc.BadRequest",
              "fieldViolations": [{ "field": "email", "description": "is required", "reason": "R" }] },
            { "@type": "type.googleapis.com/google.rpc.ErrorInfo",
              "reason": "BUSY", "domain": "web1on1.chat", "metadata": { "key": "value" } },
            { "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s" },
            { "@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "42" },
        ],
    } }));
    let details = &error.error.details;
    assert!(
        matches!(&details[0], Detail::BadRequest { field_violations }
        if field_violations[0].field == "email")
    );
    assert!(matches!(&details[1], Detail::ErrorInfo { reason, .. } if reason == "BUSY"));
    assert!(matches!(details[2], Detail::RetryInfo { retry_delay }
        if retry_delay == Duration::from_millis(1500)));
    assert!(matches!(&details[3], Detail::RequestInfo { request_id } if request_id == "42"));
}

#[test]
fn unknown_detail_is_kept() {
    let error = check(&json!({ "error": {
        "code": 400,
        "status": "INVALID_ARGUMENT",
        "message": "no",
        "details": [{ "@type": "type.googleapis.com/google.rpc.Help", "links": [1, null] }],
    } }));
    assert!(matches!(&error.error.details[0], Detail::Other(members) if members.len() == 2));
}

#[test]
fn damaged_detail_is_kept() {
    check(&json!({ "error": {
        "code": 503,
        "status": "UNAVAILABLE",
        "message": "no",
        "details": [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "soon" }],
    } }));
}

#[test]
fn delays_have_one_spelling() {
    let written = |delay| {
        let body = ErrorBody::new(Code::Unavailable, "BUSY", "try again")
            .with(Detail::RetryInfo { retry_delay: delay });
        json!(body)["error"]["details"][1]["retryDelay"].clone()
    };
    assert_eq!(written(Duration::from_secs(1)), "1s");
    assert_eq!(written(Duration::from_millis(250)), "0.25s");
    assert_eq!(written(Duration::new(3, 1)), "3.000000001s");
}

#[test]
fn http_statuses_are_those_of_the_canonical_codes() {
    let statuses = [
        (Code::Cancelled, 499),
        (Code::Unknown, 500),
        (Code::InvalidArgument, 400),
        (Code::DeadlineExceeded, 504),
        (Code::NotFound, 404),
        (Code::AlreadyExists, 409),
        (Code::PermissionDenied, 403),
        (Code::ResourceExhausted, 429),
        (Code::FailedPrecondition, 400),
        (Code::Aborted, 409),
        (Code::OutOfRange, 400),
        (Code::Unimplemented, 501),
        (Code::Internal, 500),
        (Code::Unavailable, 503),
        (Code::DataLoss, 500),
        (Code::Unauthenticated, 401),
    ];
    for (code, status) in statuses {
        assert_eq!(code.http_status().as_u16(), status, "{code:?}");
    }
}

#[test]
fn violations_read_as_one_sentence() {
    let violations = Violations::check(vec![
        FieldViolation::new("", "must be an object, not a list"),
        FieldViolation::new("email", "is required"),
    ])
    .unwrap_err();
    assert_eq!(
        violations.to_string(),
        "the body must be an object, not a list; email is required"
    );
}

/// Checks what a caller reads of a failure.
#[track_caller]
fn check_failure(failure: Failure, status: u16, code: Code, reason: &str, message: &str) {
    assert_eq!(failure.reason(), reason);
    assert_eq!(failure.status().as_u16(), status);
    let error = ErrorBody::from(failure).error;
    assert_eq!((error.code, error.status), (status, code));
    assert_eq!(error.message, message);
}

#[test]
fn http_is_more_precise_than_some_codes() {
    let path = || "/v2/users".to_owned();
    check_failure(
        Failure::BodyTooLarge { limit: 10 << 20 },
        413,
        Code::ResourceExhausted,
        "BODY_TOO_LARGE",
        "the body is too large: 10 MiB is the most that is read",
    );
    check_failure(
        Failure::BodyTimeout,
        408,
        Code::DeadlineExceeded,
        "BODY_TIMEOUT",
        "the body took too long to come; send it again at once and as a whole",
    );
    check_failure(
        Failure::HeadTooLarge {
            limit: 32 << 10,
            fields: 64,
        },
        431,
        Code::InvalidArgument,
        "HEAD_TOO_LARGE",
        "the head of the request is too large: 32768 bytes and 64 fields are the most that is read",
    );
    check_failure(
        Failure::UriTooLong { limit: 16 << 10 },
        414,
        Code::InvalidArgument,
        "URI_TOO_LONG",
        "the URL is too long: 16384 bytes are the most that is read",
    );
    check_failure(
        Failure::ContentTypeUnsupported {
            expected: "application/json",
            found: None,
        },
        415,
        Code::InvalidArgument,
        "CONTENT_TYPE_UNSUPPORTED",
        "the body must be `application/json`, and Content-Type says nothing",
    );
    check_failure(
        Failure::MethodNotAllowed {
            path: path(),
            method: http::Method::PUT,
        },
        405,
        Code::Unimplemented,
        "METHOD_NOT_ALLOWED",
        "/v2/users does not take PUT; the Allow header names what it takes",
    );
    check_failure(
        Failure::PathUnknown { path: path() },
        404,
        Code::NotFound,
        "PATH_UNKNOWN",
        "nothing is served at /v2/users",
    );
}

#[test]
fn a_retry_is_suggested_where_it_can_help() {
    for failure in [
        Failure::Contended,
        Failure::ReferenceGone,
        Failure::Unavailable,
    ] {
        let body = json!(ErrorBody::from(failure));
        assert_eq!(body["error"]["details"][1]["retryDelay"], "1s", "{body}");
    }
    assert_eq!(Failure::Internal.retry_delay(), None);
}
