//! A connection to whichever database it is.

use super::error::DatabaseError;
use super::value::{Cells, Value};
use super::{postgres, sqlite};

/// A connection: to read, or to read and write in one transaction.
pub(crate) struct Session(Inner);

enum Inner {
    SqliteReader(sqlite::Reader),
    SqliteWriter(sqlite::Write),
    Postgres(postgres::Session),
}

impl From<sqlite::Reader> for Session {
    fn from(reader: sqlite::Reader) -> Self {
        Self(Inner::SqliteReader(reader))
    }
}

impl From<sqlite::Write> for Session {
    fn from(write: sqlite::Write) -> Self {
        Self(Inner::SqliteWriter(write))
    }
}

impl From<postgres::Session> for Session {
    fn from(session: postgres::Session) -> Self {
        Self(Inner::Postgres(session))
    }
}

impl Session {
    /// Runs a statement that looks up a few rows by their keys.
    pub(super) async fn lookup(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Cells>, DatabaseError> {
        Ok(match &mut self.0 {
            Inner::SqliteReader(reader) => reader.lookup(sql, &values)?,
            Inner::SqliteWriter(write) => write.fetch(sql, &values)?,
            Inner::Postgres(session) => session.fetch(sql, values).await?,
        })
    }

    /// Runs a statement that may return many rows or take long, and reads what it
    /// returns. Neither happens on the thread of this task.
    pub(super) async fn list<T: Send + 'static>(
        &mut self,
        sql: String,
        values: Vec<Value>,
        read: impl Fn(Vec<Cells>) -> T + Send + 'static,
    ) -> Result<T, DatabaseError> {
        match &mut self.0 {
            Inner::SqliteReader(reader) => {
                let work = move |connection: &rusqlite::Connection| {
                    sqlite::fetch(connection, &sql, &values).map(read)
                };
                Ok(reader
                    .elsewhere(work)
                    .await?
                    .map_err(sqlite::Failure::from)?)
            }
            // A writer has its turn, for which others wait.
            Inner::SqliteWriter(write) => Ok(read(write.fetch(&sql, &values)?)),
            Inner::Postgres(session) => {
                let rows = session.fetch(&sql, values).await?;
                let read = tokio::task::spawn_blocking(move || read(rows)).await;
                read.map_err(|_| DatabaseError::Lost)
            }
        }
    }

    /// Runs a statement that changes rows, and returns how many. A session that
    /// reads changes nothing.
    pub(crate) async fn execute(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<u64, DatabaseError> {
        match &mut self.0 {
            Inner::SqliteReader(_) => Err(DatabaseError::ReadOnly),
            Inner::SqliteWriter(write) => Ok(write.execute(sql, &values)? as u64),
            Inner::Postgres(session) => Ok(session.execute(sql, values).await?),
        }
    }

    /// Keeps what the transaction has written.
    pub(super) async fn commit(self) -> Result<(), DatabaseError> {
        match self.0 {
            Inner::SqliteReader(_) => Ok(()),
            Inner::SqliteWriter(write) => Ok(write.commit().await?),
            Inner::Postgres(session) => Ok(session.commit().await?),
        }
    }
}
