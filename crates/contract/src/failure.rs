//! The failures that every operation can have, each stated once: its reason, its
//! status and its wording.
//!
//! A server answers with a [`Failure`] as it is, and the OpenAPI document
//! describes the same values. What is particular to an operation, such as an
//! e-mail address that is taken, is not here, and neither is what a server logs.

use std::time::Duration;

use http::{Method, StatusCode};

use crate::{
    error::{Code, Detail, ErrorBody},
    validate::Violations,
};

/// How long a caller should wait before it tries again.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// A failure that any operation can have. It reads as the message for the
/// caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A parameter or the body is not valid: everything that is wrong.
    #[error("{0}")]
    InvalidRequest(Violations),
    /// No token came with a request that needs one.
    #[error(
        "a token is needed: send the header `Authorization: Bearer <token>` with one from POST \
         /v2/auth/token"
    )]
    TokenMissing,
    /// The token is too old. The words are the vendor's: its SDK refreshes on
    /// them, as on those of the next two.
    #[error("jwt expired")]
    TokenExpired,
    /// Somebody else signed the token.
    #[error("invalid signature")]
    TokenSignatureInvalid,
    /// The token is none, is of the wrong kind, or its user may not call.
    #[error("invalid token")]
    TokenInvalid,
    /// No operation has this path.
    #[error("nothing is served at {path}")]
    PathUnknown {
        /// The path without the query.
        path: String,
    },
    /// There are operations with this path, but none with this method.
    #[error("{path} does not take {method}; the Allow header names what it takes")]
    MethodNotAllowed {
        /// The path without the query.
        path: String,
        /// The method of the request.
        method: Method,
    },
    /// The body is larger than the server reads.
    #[error("the body is too large: {} is the most that is read", size(*.limit))]
    BodyTooLarge {
        /// The limit in bytes, a multiple of 1 KiB.
        limit: usize,
    },
    /// The body does not come, or comes too slowly.
    #[error("the body took too long to come; send it again at once and as a whole")]
    BodyTimeout,
    /// The head of the request is larger than the server reads, or has too many
    /// fields.
    #[error(
        "the head of the request is too large: {limit} bytes and {fields} fields are the most \
         that is read"
    )]
    HeadTooLarge {
        /// The limit in bytes, of the request line and all fields.
        limit: usize,
        /// The limit on the number of fields.
        fields: usize,
    },
    /// The target of the request is longer than the server reads.
    #[error("the URL is too long: {limit} bytes are the most that is read")]
    UriTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body is of a content type that the operation does not take.
    #[error("the body must be `{expected}`, and Content-Type says {}", quoted(.found.as_deref()))]
    ContentTypeUnsupported {
        /// What the operation takes.
        expected: &'static str,
        /// What the request says that it sends.
        found: Option<String>,
    },
    /// Other changes of the same resource came first, again and again.
    #[error("it is being changed by many others at once; nothing was changed, try again")]
    Contended,
    /// What a resource refers to was deleted while the resource was written.
    #[error(
        "something that it refers to was deleted at the same time; nothing was changed, read \
         again and retry"
    )]
    ReferenceGone,
    /// A part that the server needs does not answer.
    #[error("the service is busy or out of order for a moment, try again")]
    Unavailable,
    /// There is no room on the disk for what would be written. Reading goes on.
    #[error("the disk of the service is full: nothing was changed, and only reading works for now")]
    StorageFull,
    /// A defect of the server, or of what it has stored.
    #[error("something went wrong on the server; its log tells more about this request")]
    Internal,
}

/// A number of bytes, in the largest unit that it is a multiple of.
fn size(bytes: usize) -> String {
    if bytes.is_multiple_of(1 << 20) {
        format!("{} MiB", bytes >> 20)
    } else {
        format!("{} KiB", bytes >> 10)
    }
}

fn quoted(found: Option<&str>) -> String {
    found.map_or_else(|| "nothing".to_owned(), |found| format!("`{found}`"))
}

impl Failure {
    /// The reason in the `ErrorInfo` detail.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "INVALID_REQUEST",
            Self::TokenMissing => "TOKEN_MISSING",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::TokenSignatureInvalid => "TOKEN_SIGNATURE_INVALID",
            Self::TokenInvalid => "TOKEN_INVALID",
            Self::PathUnknown { .. } => "PATH_UNKNOWN",
            Self::MethodNotAllowed { .. } => "METHOD_NOT_ALLOWED",
            Self::BodyTooLarge { .. } => "BODY_TOO_LARGE",
            Self::BodyTimeout => "BODY_TIMEOUT",
            Self::HeadTooLarge { .. } => "HEAD_TOO_LARGE",
            Self::UriTooLong { .. } => "URI_TOO_LONG",
            Self::ContentTypeUnsupported { .. } => "CONTENT_TYPE_UNSUPPORTED",
            Self::Contended | Self::ReferenceGone => "CONCURRENT_UPDATE",
            Self::Unavailable => "UNAVAILABLE",
            Self::StorageFull => "STORAGE_FULL",
            Self::Internal => "INTERNAL",
        }
    }

    /// The canonical code.
    pub fn code(&self) -> Code {
        match self {
            Self::InvalidRequest(_)
            | Self::ContentTypeUnsupported { .. }
            | Self::HeadTooLarge { .. }
            | Self::UriTooLong { .. } => Code::InvalidArgument,
            Self::BodyTimeout => Code::DeadlineExceeded,
            Self::TokenMissing
            | Self::TokenExpired
            | Self::TokenSignatureInvalid
            | Self::TokenInvalid => Code::Unauthenticated,
            Self::PathUnknown { .. } => Code::NotFound,
            Self::MethodNotAllowed { .. } => Code::Unimplemented,
            Self::BodyTooLarge { .. } | Self::StorageFull => Code::ResourceExhausted,
            Self::Contended | Self::ReferenceGone => Code::Aborted,
            Self::Unavailable => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
    }

    /// The HTTP status: that of the code, unless HTTP has a more precise one.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::HeadTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::UriTooLong { .. } => StatusCode::URI_TOO_LONG,
            Self::ContentTypeUnsupported { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::InvalidRequest(_)
            | Self::TokenMissing
            | Self::TokenExpired
            | Self::TokenSignatureInvalid
            | Self::TokenInvalid
            | Self::PathUnknown { .. }
            | Self::Contended
            | Self::ReferenceGone
            | Self::Unavailable
            | Self::Internal => self.code().http_status(),
        }
    }

    /// How long to wait before a retry, where one makes sense.
    pub fn retry_delay(&self) -> Option<Duration> {
        matches!(
            self,
            Self::Contended | Self::ReferenceGone | Self::Unavailable | Self::StorageFull
        )
        .then_some(RETRY_DELAY)
    }
}

impl From<Violations> for Failure {
    fn from(violations: Violations) -> Self {
        Self::InvalidRequest(violations)
    }
}

impl From<Failure> for ErrorBody {
    fn from(failure: Failure) -> Self {
        let mut body = Self::new(failure.code(), failure.reason(), failure.to_string())
            .with_http_status(failure.status());
        if let Some(retry_delay) = failure.retry_delay() {
            body = body.with(Detail::RetryInfo { retry_delay });
        }
        if let Failure::InvalidRequest(violations) = failure {
            body = body.with(Detail::BadRequest {
                field_violations: violations.into_vec(),
            });
        }
        body
    }
}
