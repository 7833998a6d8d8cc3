//! The body of every failed reply, the JSON form of `google.rpc.Status` that
//! [AIP-193](https://google.aip.dev/193) describes.
//!
//! This module says what an error looks like on the wire. It never decides
//! when one is due.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schema::described;

/// The `domain` of every [`Detail::ErrorInfo`] that this API issues.
pub const DOMAIN: &str = "web1on1.chat";

/// The status of a request whose caller went away, which has no constant.
const CLIENT_CLOSED_REQUEST: StatusCode = match StatusCode::from_u16(499) {
    Ok(status) => status,
    Err(_) => panic!("499 is a status"),
};

/// Why a call failed.
///
/// Callers branch on `error.status` and on the reason in the `ErrorInfo`
/// detail, and show `error.message` to people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ErrorReply")]
pub struct ErrorBody {
    /// The error itself.
    pub error: ErrorStatus,
}

described!(ErrorBody);

impl ErrorBody {
    /// An error with the HTTP status that `code` stands for and an `ErrorInfo`
    /// detail that carries `reason` (`UPPER_SNAKE_CASE`).
    pub fn new(code: Code, reason: &str, message: impl Into<String>) -> Self {
        Self {
            error: ErrorStatus {
                code: code.http_status().as_u16(),
                status: code,
                message: message.into(),
                details: vec![Detail::ErrorInfo {
                    reason: reason.to_owned(),
                    domain: DOMAIN.to_owned(),
                    metadata: BTreeMap::new(),
                }],
            },
        }
    }

    /// The same error with one more detail.
    #[must_use]
    pub fn with(mut self, detail: Detail) -> Self {
        self.error.details.push(detail);
        self
    }

    /// The same error under another HTTP status, where HTTP is more precise
    /// than the canonical code (413 and 415, for example).
    #[must_use]
    pub fn with_http_status(mut self, status: StatusCode) -> Self {
        self.error.code = status.as_u16();
        self
    }
}

/// What went wrong, for programs and for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorStatus {
    /// The HTTP status of the reply.
    #[schemars(range(min = 400, max = 599))]
    pub code: u16,
    /// The canonical code.
    pub status: Code,
    /// One sentence for a developer. Its wording may change.
    pub message: String,
    /// Machine-readable details, each identified by its `@type`.
    #[schemars(extend("x-always" = true))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
}

/// A canonical error code, the same as in gRPC (`google.rpc.Code` without
/// `OK`).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schemars(rename = "ErrorCode")]
pub enum Code {
    /// The caller went away.
    Cancelled,
    /// The cause is not known.
    Unknown,
    /// The request is wrong whatever the state of the system.
    InvalidArgument,
    /// Time ran out first.
    DeadlineExceeded,
    /// The thing does not exist, or not for this caller.
    NotFound,
    /// The thing exists already.
    AlreadyExists,
    /// The caller is known but may not do this.
    PermissionDenied,
    /// A limit or a quota is used up.
    ResourceExhausted,
    /// The system is not in the state that the call needs.
    FailedPrecondition,
    /// A concurrent change got in the way; read again and retry.
    Aborted,
    /// Past the end of what there is.
    OutOfRange,
    /// Not supported.
    Unimplemented,
    /// A defect of the server.
    Internal,
    /// Not reachable at the moment; retry later.
    Unavailable,
    /// Data is lost or damaged for good.
    DataLoss,
    /// The caller is not known: no token, or not a valid one.
    Unauthenticated,
}

impl Code {
    /// The HTTP status that `google/rpc/code.proto` assigns to the code.
    pub fn http_status(self) -> StatusCode {
        match self {
            Self::Cancelled => CLIENT_CLOSED_REQUEST,
            Self::InvalidArgument | Self::FailedPrecondition | Self::OutOfRange => {
                StatusCode::BAD_REQUEST
            }
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::AlreadyExists | Self::Aborted => StatusCode::CONFLICT,
            Self::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::Unknown | Self::Internal | Self::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unimplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

/// One machine-readable detail of an error, from
/// `google/rpc/error_details.proto`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "@type", rename_all_fields = "camelCase")]
pub enum Detail {
    /// Which parts of the request are wrong.
    #[serde(rename = "type.googleapis.com/google.rpc.BadRequest")]
    BadRequest {
        /// Every violation that was found.
        field_violations: Vec<FieldViolation>,
    },
    /// The cause, in a form to branch on. Every error has one.
    #[serde(rename = "type.googleapis.com/google.rpc.ErrorInfo")]
    ErrorInfo {
        /// The cause in `UPPER_SNAKE_CASE`, stable over time.
        reason: String,
        /// Who defines the reason.
        domain: String,
        /// What the message mentions, by name.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        metadata: BTreeMap<String, String>,
    },
    /// A retry makes sense.
    #[serde(rename = "type.googleapis.com/google.rpc.RetryInfo")]
    RetryInfo {
        /// How long to wait first.
        #[serde(with = "seconds")]
        retry_delay: Duration,
    },
    /// Which request failed.
    #[serde(rename = "type.googleapis.com/google.rpc.RequestInfo")]
    RequestInfo {
        /// The value of the reply's `X-Request-Id`.
        request_id: String,
    },
    /// A detail that this version does not know, kept as it came.
    #[serde(untagged)]
    Other(Map<String, Value>),
}

// A reader has to expect details that it does not know, so the published schema is one
// object that asks for `@type` only. What the known ones have is in it all the same.
impl JsonSchema for Detail {
    fn schema_name() -> Cow<'static, str> {
        "ErrorDetail".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let violation = generator.subschema_for::<FieldViolation>();
        json_schema!({
            "description": "A detail from google/rpc/error_details.proto. `@type` tells which, and \
                so which of the other properties are there:\n\n\
                - `type.googleapis.com/google.rpc.ErrorInfo`: `reason`, `domain` and perhaps \
                `metadata`. Every error has one.\n\
                - `type.googleapis.com/google.rpc.BadRequest`: `fieldViolations`.\n\
                - `type.googleapis.com/google.rpc.RetryInfo`: `retryDelay`.\n\
                - `type.googleapis.com/google.rpc.RequestInfo`: `requestId`.\n\n\
                There may be others one day, with properties of their own.",
            "type": "object",
            "properties": {
                "@type": {
                    "description": "The type URL, which tells the other properties.",
                    "type": "string",
                },
                "reason": {
                    "description": "Of an `ErrorInfo`: the cause in `UPPER_SNAKE_CASE`, to branch \
                        on.",
                    "type": "string",
                },
                "domain": {
                    "description": "Of an `ErrorInfo`: who defines the reason.",
                    "type": "string",
                },
                "metadata": {
                    "description": "Of an `ErrorInfo`: what the message mentions, by name.",
                    "type": "object",
                    "additionalProperties": { "type": "string" },
                },
                "fieldViolations": {
                    "description": "Of a `BadRequest`: everything that is wrong with the request.",
                    "type": "array",
                    "items": violation,
                },
                "retryDelay": {
                    "description": "Of a `RetryInfo`: how long to wait before a retry, in seconds \
                        with an `s` behind them.",
                    "type": "string",
                    "pattern": "^[0-9]+([.][0-9]{1,9})?s$",
                },
                "requestId": {
                    "description": "Of a `RequestInfo`: the `X-Request-Id` of the reply.",
                    "type": "string",
                },
            },
            "required": ["@type"],
            "additionalProperties": true,
        })
    }
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldViolation {
    /// Where: the path of a property (`settings.locale`,
    /// `organizations[1].role`) or the name of a parameter. Empty for the body
    /// as a whole.
    pub field: String,
    /// What is wrong and what would be right, to be read after the field.
    pub description: String,
    /// The kind of violation in `UPPER_SNAKE_CASE`, where one is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl FieldViolation {
    /// A violation without a reason.
    pub fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            description: description.into(),
            reason: None,
        }
    }
}

/// `google.protobuf.Duration` in JSON: seconds with up to nine digits, and an
/// `s`.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        let (seconds, nanos) = (value.as_secs(), value.subsec_nanos());
        match nanos {
            0 => to.collect_str(&format_args!("{seconds}s")),
            _ => to.serialize_str(&format!(
                "{}s",
                format!("{seconds}.{nanos:09}").trim_end_matches('0')
            )),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(from)?;
        parse(&text).ok_or_else(|| {
            D::Error::custom(format_args!(
                "`{text}` is not a duration such as `1s` or `0.5s`"
            ))
        })
    }

    fn parse(text: &str) -> Option<Duration> {
        let number = text.strip_suffix('s')?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
            return None;
        }
        Some(Duration::new(
            whole.parse().ok()?,
            format!("{fraction:0<9}").parse().ok()?,
        ))
    }
}
