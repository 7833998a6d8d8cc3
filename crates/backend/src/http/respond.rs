//! How an error looks as an HTTP response, and what the log reads of it.

use std::error::Error as StdError;

use axum::response::{IntoResponse, Response};
use contract::error::{Code, Detail, ErrorBody};
use contract::failure::Failure;
use http::{HeaderValue, StatusCode, header};

use super::observed::Reason;
use super::request_id::RequestId;
use crate::error::Error;

/// The response of an error to the request with that ID. Failures of the server
/// go to the log with all their sources.
pub(crate) fn respond(error: Error, request_id: &RequestId) -> Response {
    if let Error::Internal(source) | Error::Unavailable(source) | Error::Full(source) = &error {
        tracing::error!(
            request_id = request_id.as_str(),
            error = chain(source.as_ref()),
            "the request failed"
        );
    }
    let (status, body) = parts(error);
    let retry_after = body.error.details.iter().find_map(|detail| match detail {
        Detail::RetryInfo { retry_delay } => Some(HeaderValue::from(retry_delay.as_secs())),
        _ => None,
    });
    let reason = body.error.details.iter().find_map(|detail| match detail {
        Detail::ErrorInfo { reason, .. } => Some(Reason(reason.clone())),
        _ => None,
    });
    let body = body.with(Detail::RequestInfo {
        request_id: request_id.as_str().to_owned(),
    });
    let body = match serde_json::to_vec(&body) {
        Ok(body) => body,
        Err(error) => {
            // The status is all that there is left to say.
            let error = chain(&error);
            tracing::error!(error, "an error could not be written as JSON");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    if let Some(reason) = reason {
        response.extensions_mut().insert(reason);
    }
    if let Some(retry_after) = retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, retry_after);
    }
    if status == StatusCode::UNAUTHORIZED {
        let bearer = HeaderValue::from_static("Bearer");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, bearer);
    }
    response
}

/// The status of an error and its body, without the ID of the request. The
/// status of what is particular to an operation is the one that
/// `google/rpc/code.proto` gives to its code.
fn parts(error: Error) -> (StatusCode, ErrorBody) {
    let message = error.to_string();
    let (code, reason) = match error {
        Error::Shared(failure) => return (failure.status(), failure.into()),
        Error::Unavailable(_) => return parts(Failure::Unavailable.into()),
        Error::Full(_) => return parts(Failure::StorageFull.into()),
        Error::Internal(_) => return parts(Failure::Internal.into()),
        Error::CredentialsInvalid => (Code::Unauthenticated, "CREDENTIALS_INVALID"),
        Error::RefreshRefused => (Code::Unauthenticated, "REFRESH_TOKEN_INVALID"),
        Error::PermissionDenied(_) => (Code::PermissionDenied, "PERMISSION_DENIED"),
        Error::LoginTooOld => (Code::PermissionDenied, "LOGIN_TOO_OLD"),
        Error::TooMany {
            reason,
            retry_after: retry_delay,
            ..
        } => {
            let code = Code::ResourceExhausted;
            let body = ErrorBody::new(code, reason, message);
            return (
                code.http_status(),
                body.with(Detail::RetryInfo { retry_delay }),
            );
        }
        Error::NotFound(_) => (Code::NotFound, "NOT_FOUND"),
        Error::AlreadyExists { reason, .. } => (Code::AlreadyExists, reason),
        Error::FailedPrecondition { reason, .. } => (Code::FailedPrecondition, reason),
    };
    (code.http_status(), ErrorBody::new(code, reason, message))
}

/// An error and all its sources, in one line.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let sources = std::iter::successors(Some(error), |&error| error.source());
    sources
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
