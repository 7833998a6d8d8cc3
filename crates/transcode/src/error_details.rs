//! The details of `google/rpc/error_details.proto` in their JSON form.
//!
//! `ProtoJSON` lets a writer use lowerCamelCase or the names of the proto, and
//! null for what is not set; both are read. A malformed part only loses itself:
//! a detail keeps its other fields, a list its other elements.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use tonic_types::{
    BadRequest, ErrorDetail, ErrorInfo, FieldViolation, Help, HelpLink, LocalizedMessage,
    PreconditionFailure, PreconditionViolation, QuotaFailure, QuotaViolation, RequestInfo,
    ResourceInfo,
};

use crate::fault::retry_info;
use crate::json::parse_span;

/// Reads a detail that gRPC has a message for; others have no place to go.
pub(crate) fn read(json: &Value) -> Option<ErrorDetail> {
    // The host of a type URL says where its definition lies, not what it is.
    let name = json.get("@type")?.as_str()?.rsplit('/').next()?;
    let text = |camel, snake| text(json, camel, snake);
    Some(match name {
        "google.rpc.ErrorInfo" => ErrorInfo::new(
            text("reason", "reason"),
            text("domain", "domain"),
            texts(member(json, "metadata", "metadata")),
        )
        .into(),
        "google.rpc.BadRequest" => {
            BadRequest::new(list(json, "fieldViolations", "field_violations", violation)).into()
        }
        "google.rpc.RetryInfo" => {
            return retry_info(delay(member(json, "retryDelay", "retry_delay")?));
        }
        "google.rpc.RequestInfo" => RequestInfo::new(
            text("requestId", "request_id"),
            text("servingData", "serving_data"),
        )
        .into(),
        "google.rpc.ResourceInfo" => ResourceInfo::new(
            text("resourceType", "resource_type"),
            text("resourceName", "resource_name"),
            text("owner", "owner"),
            text("description", "description"),
        )
        .into(),
        "google.rpc.PreconditionFailure" => {
            PreconditionFailure::new(list(json, "violations", "violations", precondition)).into()
        }
        "google.rpc.QuotaFailure" => {
            QuotaFailure::new(list(json, "violations", "violations", quota)).into()
        }
        "google.rpc.Help" => Help::new(list(json, "links", "links", |link| {
            HelpLink::new(
                self::text(link, "description", "description"),
                self::text(link, "url", "url"),
            )
        }))
        .into(),
        "google.rpc.LocalizedMessage" => localized(json).into(),
        _ => return None,
    })
}

fn violation(json: &Value) -> FieldViolation {
    let message = member(json, "localizedMessage", "localized_message");
    FieldViolation {
        reason: text(json, "reason", "reason"),
        localized_message: message.filter(|m| m.is_object()).map(localized),
        ..FieldViolation::new(
            text(json, "field", "field"),
            text(json, "description", "description"),
        )
    }
}

fn precondition(json: &Value) -> PreconditionViolation {
    PreconditionViolation::new(
        text(json, "type", "type"),
        text(json, "subject", "subject"),
        text(json, "description", "description"),
    )
}

fn quota(json: &Value) -> QuotaViolation {
    QuotaViolation {
        api_service: text(json, "apiService", "api_service"),
        quota_metric: text(json, "quotaMetric", "quota_metric"),
        quota_id: text(json, "quotaId", "quota_id"),
        quota_dimensions: texts(member(json, "quotaDimensions", "quota_dimensions")),
        quota_value: member(json, "quotaValue", "quota_value")
            .and_then(whole)
            .unwrap_or_default(),
        futura_quota_value: member(json, "futureQuotaValue", "future_quota_value").and_then(whole),
        ..QuotaViolation::new(
            text(json, "subject", "subject"),
            text(json, "description", "description"),
        )
    }
}

fn localized(json: &Value) -> LocalizedMessage {
    LocalizedMessage::new(
        text(json, "locale", "locale"),
        text(json, "message", "message"),
    )
}

/// A member under either of its names, unless it is null.
fn member<'v>(json: &'v Value, camel: &str, snake: &str) -> Option<&'v Value> {
    let set = |name| json.get(name).filter(|value| !value.is_null());
    set(camel).or_else(|| set(snake))
}

fn text(json: &Value, camel: &str, snake: &str) -> String {
    let value = member(json, camel, snake).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

fn texts(json: Option<&Value>) -> HashMap<String, String> {
    let entries = json.and_then(Value::as_object).into_iter().flatten();
    entries
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn list<T>(json: &Value, camel: &str, snake: &str, read: impl Fn(&Value) -> T) -> Vec<T> {
    let elements = member(json, camel, snake).and_then(Value::as_array);
    let elements = elements.into_iter().flatten();
    elements.filter(|e| e.is_object()).map(read).collect()
}

/// A 64-bit integer, which `ProtoJSON` writes as a string and reads as either.
fn whole(json: &Value) -> Option<i64> {
    json.as_i64().or_else(|| json.as_str()?.parse().ok())
}

/// A duration: as `ProtoJSON` has it, or as the fields of its message. A negative
/// one is none.
fn delay(json: &Value) -> Option<Duration> {
    let (seconds, nanos) = if let Value::String(text) = json {
        let span = parse_span(text)?;
        (span.seconds, span.nanos)
    } else {
        json.as_object()?;
        let part = |name| member(json, name, name).map_or(Some(0), whole);
        (part("seconds")?, part("nanos")?.try_into().ok()?)
    };
    let nanos = u32::try_from(nanos).ok().filter(|n| *n < 1_000_000_000)?;
    Some(Duration::new(seconds.try_into().ok()?, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "cases read better without ampersands"
    )]
    fn check_delay(json: Value, expected: Option<Duration>) {
        let detail =
            json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": json});
        let found = read(&detail).map(|detail| match detail {
            ErrorDetail::RetryInfo(retry) => retry.retry_delay.expect("a delay"),
            other => panic!("a RetryInfo was read as {other:?}"),
        });
        assert_eq!(found, expected, "from {json}");
    }

    #[test]
    fn delays_are_durations() {
        check_delay(json!("7s"), Some(Duration::from_secs(7)));
        check_delay(json!("1.5s"), Some(Duration::from_millis(1500)));
        check_delay(
            json!({"seconds": "7", "nanos": 500}),
            Some(Duration::new(7, 500)),
        );
        check_delay(
            json!({"seconds": 7, "nanos": null}),
            Some(Duration::from_secs(7)),
        );
        let longest = Duration::from_hours(87_660_000);
        check_delay(json!("315576000000s"), Some(longest));
        check_delay(json!({"seconds": "9223372036854775807"}), Some(longest));
        for none in [
            json!("-1s"),
            json!("soon"),
            json!(null),
            json!(7),
            json!({"nanos": -1}),
            json!("99999999999999999999s"),
        ] {
            check_delay(none, None);
        }
    }

    #[test]
    fn the_host_of_a_type_does_not_matter() {
        for host in [
            "type.googleapis.com/",
            "https://example.com/types/",
            "/",
            "",
        ] {
            let detail = json!({"@type": format!("{host}google.rpc.ErrorInfo"), "reason": "R"});
            let Some(ErrorDetail::ErrorInfo(info)) = read(&detail) else {
                panic!("{detail} is an ErrorInfo");
            };
            assert_eq!(info.reason, "R");
        }
        assert!(read(&json!({"@type": "google.rpc.Unheard"})).is_none());
        assert!(read(&json!({"reason": "R"})).is_none());
    }

    #[test]
    fn names_of_the_proto_are_read_too() {
        let detail = json!({"@type": "google.rpc.BadRequest", "field_violations": [
            {"field": "f", "description": null, "localized_message": {"locale": "nl", "message": "nee"}},
            null, "x",
            {"field": 7, "description": "d"},
        ]});
        let Some(ErrorDetail::BadRequest(bad)) = read(&detail) else {
            panic!("{detail} is a BadRequest");
        };
        let found: Vec<_> = bad
            .field_violations
            .iter()
            .map(|violation| (violation.field.as_str(), violation.description.as_str()))
            .collect();
        assert_eq!(found, [("f", ""), ("", "d")]);
        let message = bad.field_violations[0].localized_message.as_ref();
        assert_eq!(message.map(|m| m.message.as_str()), Some("nee"));
    }

    #[test]
    fn null_is_not_set() {
        let detail =
            json!({"@type": "google.rpc.RequestInfo", "requestId": null, "request_id": "r"});
        let Some(ErrorDetail::RequestInfo(info)) = read(&detail) else {
            panic!("{detail} is a RequestInfo");
        };
        assert_eq!(info.request_id, "r");
    }

    #[test]
    fn a_malformed_entry_only_loses_itself() {
        let detail = json!({"@type": "google.rpc.ErrorInfo", "reason": "R", "domain": 7,
            "metadata": {"a": "b", "c": 1, "d": null}});
        let Some(ErrorDetail::ErrorInfo(info)) = read(&detail) else {
            panic!("{detail} is an ErrorInfo");
        };
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("R", ""));
        assert_eq!(
            info.metadata,
            HashMap::from([("a".to_owned(), "b".to_owned())])
        );
    }
}
