//! What an operation fails with.
//!
//! A failure that every operation can have is a [`Failure`] of the contract. The
//! other variants are named for the canonical code that they stand for. The words
//! of an error are for the caller. The source of [`Error::Internal`],
//! [`Error::Unavailable`] and [`Error::Full`] is for the log, and never leaves the backend. This
//! module knows no HTTP.

use std::error::Error as StdError;
use std::time::Duration;

use contract::failure::Failure;
use contract::operation::ApplyError;
use contract::validate::Violations;

type Source = Box<dyn StdError + Send + Sync>;

/// Why a request is refused or failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// What every operation can fail with.
    #[error(transparent)]
    Shared(#[from] Failure),
    /// The e-mail address or the password of a login is wrong. Which of the two
    /// is not told.
    #[error("the e-mail address or the password is wrong")]
    CredentialsInvalid,
    /// A refresh token is refused. The words differ from those for access tokens:
    /// on these the vendor's SDK refreshes, also when it is refreshing.
    #[error("the refresh token is not, or no longer, good for a new access token: log in again")]
    RefreshRefused,
    /// The caller is known but may not do this.
    #[error("{0}")]
    PermissionDenied(String),
    /// The caller may do this, but not with a login that is so old.
    #[error(
        "to change your own password, log in again first: this login is too old, or is not one \
         with a password"
    )]
    LoginTooOld,
    /// Somebody does something too often.
    #[error("{message}")]
    TooMany {
        reason: &'static str,
        message: String,
        retry_after: Duration,
    },
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
    /// A part that the backend needs does not answer.
    #[error("a part that the backend needs does not answer")]
    Unavailable(#[source] Source),
    /// There is no room for what would be written.
    #[error("there is no room for what would be written")]
    Full(#[source] Source),
    /// A defect, here or in what is stored.
    #[error("the backend or what it has stored is at fault")]
    Internal(#[source] Source),
}

impl Error {
    /// One violation.
    pub(crate) fn invalid(field: impl Into<String>, description: impl Into<String>) -> Self {
        Violations::one(field, description).into()
    }

    /// A defect that `source` describes to the log.
    pub(crate) fn internal(source: impl Into<Source>) -> Self {
        Self::Internal(source.into())
    }

    /// Returns whether somebody who guesses IDs could learn from the refusal, by the
    /// time that it takes, what there is.
    pub(crate) fn depends_on_what_there_is(&self) -> bool {
        matches!(
            self,
            Self::NotFound(_)
                | Self::PermissionDenied(_)
                | Self::Shared(Failure::InvalidRequest(_))
        )
    }

    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::PermissionDenied(message.into())
    }
}

impl From<Violations> for Error {
    fn from(violations: Violations) -> Self {
        Failure::from(violations).into()
    }
}

impl From<ApplyError> for Error {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Invalid(violations) => violations.into(),
            error @ (ApplyError::Unreadable(_) | ApplyError::Unwritable(_)) => {
                Self::internal(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What makes the vendor's SDK replace its access token, whichever call it is an answer
    /// to: also to the one that does so.
    const REPLACE: [&str; 3] = ["jwt expired", "invalid signature", "invalid token"];

    #[test]
    fn only_a_refused_access_token_makes_the_sdk_replace_it() {
        for refused in [
            Failure::TokenExpired,
            Failure::TokenSignatureInvalid,
            Failure::TokenInvalid,
        ] {
            let message = refused.to_string();
            assert!(REPLACE.contains(&message.as_str()), "{message}");
        }
        for other in [
            Error::RefreshRefused,
            Error::CredentialsInvalid,
            Failure::TokenMissing.into(),
        ] {
            let message = other.to_string().to_lowercase();
            let found = REPLACE.into_iter().find(|words| message.contains(words));
            assert_eq!(found, None, "in {message:?}");
        }
    }
}
