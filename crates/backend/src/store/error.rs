//! What the store fails with, and what that means to a caller.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

use contract::failure::Failure;
use rusqlite::ErrorCode;

use super::{postgres, sqlite};
use crate::error::Error;

/// A failure of the database, or of what is in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// A value that must be unique is in use.
    #[error("a row of {table} with the same value exists")]
    Duplicate {
        table: &'static str,
        #[source]
        source: DatabaseError,
    },
    /// A row that this one refers to is gone.
    #[error("a row of {table} refers to what does not exist")]
    Dangling {
        table: &'static str,
        #[source]
        source: DatabaseError,
    },
    /// Nothing can be read or written at present.
    #[error("the database cannot be reached")]
    Unavailable(#[source] DatabaseError),
    /// Nothing can be written at present.
    #[error("the disk of the database is full")]
    Full(#[source] DatabaseError),
    /// Another transaction was in the way for too long.
    #[error("another transaction is in the way")]
    Contended(#[source] DatabaseError),
    #[error("a statement failed")]
    Statement(#[source] DatabaseError),
    #[error("a row of {table} is damaged")]
    Damaged {
        table: &'static str,
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

/// What a database says went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error(transparent)]
    Sqlite(#[from] sqlite::Failure),
    #[error(transparent)]
    Postgres(#[from] postgres::Failure),
    #[error("the URL of the database must begin with sqlite: or postgres://")]
    Url,
    #[error("{} cannot be created", .path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("a connection that reads was told to write or to lock")]
    ReadOnly,
    #[error("there was no room to write, and somebody finds out whether there is again")]
    NoRoom,
    #[error("too many other lists are being read")]
    ManyLists,
}

/// The kinds of [`DatabaseError`] that are told apart.
enum Kind {
    Duplicate,
    Dangling,
    Unavailable,
    Full,
    Contended,
    Other,
}

impl DatabaseError {
    fn kind(&self) -> Kind {
        match self {
            Self::Sqlite(failure) => of_sqlite(failure),
            Self::Postgres(postgres::Failure::Silent) | Self::ManyLists => Kind::Unavailable,
            Self::Postgres(postgres::Failure::Sqlx(error)) => of_postgres(error),
            Self::NoRoom => Kind::Full,
            Self::Url
            | Self::ReadOnly
            | Self::File { .. }
            | Self::Postgres(
                postgres::Failure::Lost | postgres::Failure::Url | postgres::Failure::Data { .. },
            ) => Kind::Other,
        }
    }

    /// Returns whether there is no room for what would be written.
    pub(super) fn is_full(&self) -> bool {
        matches!(self.kind(), Kind::Full)
    }

    /// What it means that a row of a table cannot be written.
    pub(super) fn of_row(self, table: &'static str) -> StoreError {
        match self.kind() {
            Kind::Duplicate => StoreError::Duplicate {
                table,
                source: self,
            },
            Kind::Dangling => StoreError::Dangling {
                table,
                source: self,
            },
            _ => self.into(),
        }
    }
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        match error.kind() {
            Kind::Unavailable => Self::Unavailable(error),
            Kind::Full => Self::Full(error),
            Kind::Contended => Self::Contended(error),
            Kind::Duplicate | Kind::Dangling | Kind::Other => Self::Statement(error),
        }
    }
}

fn of_sqlite(failure: &sqlite::Failure) -> Kind {
    let error = match failure {
        sqlite::Failure::Busy => return Kind::Unavailable,
        sqlite::Failure::Lost | sqlite::Failure::OtherVersion => return Kind::Other,
        sqlite::Failure::Shared(error) => error,
        sqlite::Failure::Sqlite(error) => error,
    };
    let Some(error) = error.sqlite_error() else {
        return Kind::Other;
    };
    match error.code {
        ErrorCode::ConstraintViolation => match error.extended_code {
            rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE => Kind::Duplicate,
            rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Kind::Dangling,
            _ => Kind::Other,
        },
        ErrorCode::DiskFull => Kind::Full,
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::CannotOpen
        | ErrorCode::SystemIoFailure
        | ErrorCode::OutOfMemory => Kind::Unavailable,
        _ => Kind::Other,
    }
}

/// The codes are those of PostgreSQL's documentation, appendix A.
fn of_postgres(error: &sqlx::Error) -> Kind {
    let database = match error {
        sqlx::Error::Database(database) => database,
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => return Kind::Unavailable,
        _ => return Kind::Other,
    };
    if database.is_unique_violation() {
        return Kind::Duplicate;
    }
    if database.is_foreign_key_violation() {
        return Kind::Dangling;
    }
    match database.code().as_deref() {
        Some("53100") => Kind::Full,
        // Serialization failure, deadlock, lock not available.
        Some("40001" | "40P01" | "55P03") => Kind::Contended,
        // Connection exceptions, insufficient resources, operator intervention.
        Some(code)
            if ["08", "53", "57"]
                .iter()
                .any(|class| code.starts_with(class)) =>
        {
            Kind::Unavailable
        }
        _ => Kind::Other,
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable(error.into()),
            StoreError::Dangling { .. } => Failure::ReferenceGone.into(),
            StoreError::Contended(_) => Failure::Contended.into(),
            StoreError::Full(_) => Self::Full(error.into()),
            StoreError::Duplicate { .. }
            | StoreError::Statement(_)
            | StoreError::Damaged { .. } => Self::internal(error),
        }
    }
}
