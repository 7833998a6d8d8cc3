//! What a handler fails with, and what the caller and the log read of it.
//!
//! The variants are the canonical codes, and each has the HTTP status that
//! `google/rpc/code.proto` gives it; so a failed precondition is a 400, and its
//! `status` tells it from an invalid argument. The words of an error are for the
//! caller; the source of [`Error::Internal`] and [`Error::Unavailable`] is for
//! the log, and never leaves the backend.

use std::error::Error as StdError;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use contract::error::{Code, Detail, ErrorBody};
use contract::validate::Violations;
use http::{HeaderValue, StatusCode, header};

use crate::store::StoreError;
use crate::token::Refused;

type Source = Box<dyn StdError + Send + Sync>;

/// Why a request is refused or failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The request is wrong; every violation that was found.
    #[error("{0}")]
    InvalidArgument(Violations),
    /// The caller is not known.
    #[error("{message}")]
    Unauthenticated {
        reason: &'static str,
        message: String,
    },
    /// The caller is known but may not do this.
    #[error("{0}")]
    PermissionDenied(String),
    /// There is no such thing, or none that the caller may know of.
    #[error("{0}")]
    NotFound(String),
    /// A thing with that name exists.
    #[error("{message}")]
    AlreadyExists {
        reason: &'static str,
        message: String,
    },
    /// Not in this state of the system.
    #[error("{message}")]
    FailedPrecondition {
        reason: &'static str,
        message: String,
    },
    /// Concurrent changes got in the way.
    #[error("{0}")]
    Aborted(String),
    /// HTTP has a status of its own for it: 404 of a path, 405, 413, 415.
    #[error("{message}")]
    Http {
        status: StatusCode,
        code: Code,
        reason: &'static str,
        message: String,
    },
    /// A part that the backend needs does not answer.
    #[error("the service is busy or out of order for a moment, try again")]
    Unavailable(#[source] Source),
    /// A defect, here or in what is stored.
    #[error("something went wrong on the server; its log tells more about this request")]
    Internal(#[source] Source),
}

impl Error {
    /// One violation.
    pub(crate) fn invalid(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self::InvalidArgument(Violations::one(field, description))
    }

    /// A defect that `source` describes to the log.
    pub(crate) fn internal(source: impl Into<Source>) -> Self {
        Self::Internal(source.into())
    }

    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::PermissionDenied(message.into())
    }

    fn code(&self) -> Code {
        match self {
            Self::InvalidArgument(_) => Code::InvalidArgument,
            Self::Unauthenticated { .. } => Code::Unauthenticated,
            Self::PermissionDenied(_) => Code::PermissionDenied,
            Self::NotFound(_) => Code::NotFound,
            Self::AlreadyExists { .. } => Code::AlreadyExists,
            Self::FailedPrecondition { .. } => Code::FailedPrecondition,
            Self::Aborted(_) => Code::Aborted,
            Self::Http { code, .. } => *code,
            Self::Unavailable(_) => Code::Unavailable,
            Self::Internal(_) => Code::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::InvalidArgument(_) => "INVALID_REQUEST",
            Self::PermissionDenied(_) => "PERMISSION_DENIED",
            Self::NotFound(_) => "NOT_FOUND",
            Self::Unauthenticated { reason, .. }
            | Self::AlreadyExists { reason, .. }
            | Self::FailedPrecondition { reason, .. }
            | Self::Http { reason, .. } => reason,
            Self::Aborted(_) => "CONCURRENT_UPDATE",
            Self::Unavailable(_) => "UNAVAILABLE",
            Self::Internal(_) => "INTERNAL",
        }
    }

    /// The response of this error to the request with that ID. Failures of the
    /// server go to the log with all their sources.
    pub(crate) fn respond(self, request_id: &str) -> Response {
        if let Self::Internal(source) | Self::Unavailable(source) = &self {
            tracing::error!(
                request_id,
                error = chain(source.as_ref()),
                "the request failed"
            );
        }
        let mut body = ErrorBody::new(self.code(), self.reason(), self.to_string());
        if let Self::Http { status, .. } = &self {
            body = body.with_http_status(*status);
        }
        if matches!(self, Self::Aborted(_) | Self::Unavailable(_)) {
            body = body.with(Detail::RetryInfo {
                retry_delay: Duration::from_secs(1),
            });
        }
        let unauthenticated = matches!(self, Self::Unauthenticated { .. });
        if let Self::InvalidArgument(violations) = self {
            body = body.with(Detail::BadRequest {
                field_violations: violations.into_vec(),
            });
        }
        body = body.with(Detail::RequestInfo {
            request_id: request_id.to_owned(),
        });

        let status =
            StatusCode::from_u16(body.error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json(status, &body);
        if unauthenticated {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Violations> for Error {
    fn from(violations: Violations) -> Self {
        Self::InvalidArgument(violations)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable(error.into()),
            StoreError::Dangling { .. } => Self::Aborted(
                "something that it refers to was deleted at the same time; nothing was changed, \
                 read again and retry"
                    .to_owned(),
            ),
            error => Self::internal(error),
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let reason = match refused {
            Refused::Expired => "TOKEN_EXPIRED",
            Refused::Signature => "TOKEN_SIGNATURE_INVALID",
            Refused::Invalid => "TOKEN_INVALID",
        };
        Self::Unauthenticated {
            reason,
            message: refused.to_string(),
        }
    }
}

/// A response with a JSON body.
pub(crate) fn json(status: StatusCode, body: &impl serde::Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (
            status,
            [(header::CONTENT_TYPE, "application/json")],
            Body::from(bytes),
        )
            .into_response(),
        Err(error) => {
            // Contract types always serialize; should one not, there is nothing
            // better to say than the status.
            tracing::error!(
                error = chain(&error),
                "a reply could not be written as JSON"
            );
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// An error and all its sources, in one line.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let sources = std::iter::successors(Some(error), |&error| error.source());
    sources
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
