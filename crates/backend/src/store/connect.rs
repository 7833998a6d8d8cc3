//! Connections to the database, and what makes it ready.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::error::{DatabaseError, StoreError};
use super::session::Session;
use super::{postgres, sqlite};
use crate::limits::DatabaseLimits;

/// A database.
#[derive(Clone, Debug)]
pub(crate) struct Store(Database);

#[derive(Clone, Debug)]
enum Database {
    Sqlite(sqlite::File),
    Postgres(postgres::Server),
}

impl Store {
    /// Connects to the database at `url` and brings its tables up to date.
    pub(crate) async fn open(url: &str, limits: DatabaseLimits) -> Result<Self, DatabaseError> {
        if let Some(location) = url.strip_prefix("sqlite:") {
            let file = sqlite::File::new(sqlite_options(location, limits)?);
            file.migrate().await?;
            return Ok(Self(Database::Sqlite(file)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let server = postgres::Server::open(url, limits).await?;
            return Ok(Self(Database::Postgres(server)));
        }
        Err(DatabaseError::Url)
    }

    /// A connection to read with.
    pub(crate) async fn read(&self) -> Result<Session, StoreError> {
        Ok(match &self.0 {
            Database::Sqlite(file) => file.read().await.map_err(DatabaseError::from)?.into(),
            Database::Postgres(server) => server.read().await.map_err(DatabaseError::from)?.into(),
        })
    }

    /// Waits until what others have written before is to be read.
    pub(crate) async fn settle(&self) -> Result<(), StoreError> {
        match &self.0 {
            Database::Sqlite(file) => Ok(file.settle().await.map_err(DatabaseError::from)?),
            // Whoever loses against a transaction there has waited for its end.
            Database::Postgres(_) => Ok(()),
        }
    }

    /// A transaction to write in. Dropping it undoes what was written.
    pub(crate) async fn write(&self) -> Result<Session, StoreError> {
        Ok(match &self.0 {
            Database::Sqlite(file) => file.write().await.map_err(DatabaseError::from)?.into(),
            Database::Postgres(server) => server.write().await.map_err(DatabaseError::from)?.into(),
        })
    }
}

/// Reads what follows `sqlite:` in a URL: a path, and perhaps `?mode=rwc`, which
/// says that the file is created if it is missing.
fn sqlite_options(
    location: &str,
    limits: DatabaseLimits,
) -> Result<sqlite::Options, DatabaseError> {
    let location = location.strip_prefix("//").unwrap_or(location);
    let (path, query) = location.split_once('?').unwrap_or((location, ""));
    let path = percent_decode_str(path).decode_utf8();
    let path = path.map_err(|_| DatabaseError::Url)?;
    if path.is_empty() || path == ":memory:" {
        return Err(DatabaseError::Url);
    }
    Ok(sqlite::Options {
        path: PathBuf::from(path.as_ref()),
        create: query.split('&').any(|parameter| parameter == "mode=rwc"),
        limits,
    })
}

/// Keeps what a transaction has written.
pub(crate) async fn commit(transaction: Session) -> Result<(), StoreError> {
    Ok(transaction.commit().await?)
}
