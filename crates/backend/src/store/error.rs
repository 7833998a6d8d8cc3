//! What the store fails with, and what that means to a caller.

use std::error::Error as StdError;

use contract::failure::Failure;

use crate::error::Error;

/// A failure of the database, or of what is in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// A value that must be unique is in use.
    #[error("a row of {table} with the same value exists")]
    Duplicate {
        table: &'static str,
        #[source]
        source: sqlx::Error,
    },
    /// A row that this one refers to is gone.
    #[error("a row of {table} refers to what does not exist")]
    Dangling {
        table: &'static str,
        #[source]
        source: sqlx::Error,
    },
    #[error("the database cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    #[error("a statement failed")]
    Statement(#[source] sqlx::Error),
    #[error("a row of {table} is damaged")]
    Damaged {
        table: &'static str,
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Self::Unavailable(error)
            }
            error => Self::Statement(error),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable(error.into()),
            StoreError::Dangling { .. } => Failure::ReferenceGone.into(),
            StoreError::Duplicate { .. }
            | StoreError::Statement(_)
            | StoreError::Damaged { .. } => Self::internal(error),
        }
    }
}
