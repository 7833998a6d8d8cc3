//! A connection to whichever database it is.

use std::sync::Arc;

use super::error::DatabaseError;
use super::room::Room;
use super::value::{Cells, Value};
use super::{postgres, sqlite};
use crate::observer::{Observers, Statement};

/// A connection: to read, or to read and write in one transaction.
pub(crate) struct Session {
    inner: Inner,
    room: Arc<Room>,
    observers: Observers,
}

pub(super) enum Inner {
    SqliteReader(sqlite::Reader),
    SqliteWriter(sqlite::Write),
    Postgres(postgres::Session),
}

impl From<sqlite::Reader> for Inner {
    fn from(reader: sqlite::Reader) -> Self {
        Self::SqliteReader(reader)
    }
}

impl From<sqlite::Write> for Inner {
    fn from(write: sqlite::Write) -> Self {
        Self::SqliteWriter(write)
    }
}

impl From<postgres::Session> for Inner {
    fn from(session: postgres::Session) -> Self {
        Self::Postgres(session)
    }
}

impl Session {
    pub(super) fn new(inner: Inner, room: Arc<Room>, observers: Observers) -> Self {
        Self {
            inner,
            room,
            observers,
        }
    }

    /// Runs a statement that looks up a few rows by their keys.
    pub(crate) async fn lookup(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Cells>, DatabaseError> {
        #[cfg(test)]
        note(sql, &values);
        let began = self.observers.begin();
        let done = match &mut self.inner {
            Inner::SqliteReader(reader) => reader.lookup(sql, &values).map_err(Into::into),
            Inner::SqliteWriter(write) => write.fetch(sql, &values).map_err(Into::into),
            Inner::Postgres(session) => session.fetch(sql, values).await.map_err(Into::into),
        };
        self.observers
            .stored(Statement::Lookup, began, done.is_ok());
        done
    }

    /// Runs a statement that looks up a few rows by their keys, and keeps others
    /// from changing them until the transaction ends, as far as `lock` says in the
    /// words of PostgreSQL.
    pub(super) async fn lock(
        &mut self,
        sql: &str,
        lock: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Cells>, DatabaseError> {
        #[cfg(test)]
        note(sql, &values);
        let began = self.observers.begin();
        let done = match &mut self.inner {
            Inner::SqliteReader(_) => return Err(DatabaseError::ReadOnly),
            // Nobody else writes until then.
            Inner::SqliteWriter(write) => write.fetch(sql, &values).map_err(Into::into),
            Inner::Postgres(session) if !session.is_in_transaction() => {
                return Err(DatabaseError::ReadOnly);
            }
            Inner::Postgres(session) => {
                let sql = format!("{sql} {lock}");
                session.fetch(&sql, values).await.map_err(Into::into)
            }
        };
        self.observers.stored(Statement::Lock, began, done.is_ok());
        done
    }

    /// Runs a statement that may return many rows or take long, and reads what it
    /// returns. Neither happens on the thread of this task.
    pub(crate) async fn list<T: Send + 'static>(
        &mut self,
        sql: String,
        values: Vec<Value>,
        read: impl FnOnce(Vec<Cells>) -> T + Send + 'static,
    ) -> Result<T, DatabaseError> {
        let began = self.observers.begin();
        let done = match &mut self.inner {
            Inner::SqliteReader(reader) => {
                let work = move |connection: &rusqlite::Connection| {
                    sqlite::fetch(connection, &sql, &values).map(read)
                };
                match reader.elsewhere(work).await {
                    Ok(done) => done.map_err(|error| sqlite::Failure::from(error).into()),
                    Err(failure) => Err(failure.into()),
                }
            }
            // A writer has its turn, for which others wait.
            Inner::SqliteWriter(write) => match write.fetch(&sql, &values) {
                Ok(rows) => Ok(read(rows)),
                Err(failure) => Err(failure.into()),
            },
            Inner::Postgres(session) => session.list(sql, values, read).await.map_err(Into::into),
        };
        self.observers.stored(Statement::List, began, done.is_ok());
        done
    }

    /// Runs a statement that changes rows, and returns how many. A session that
    /// reads changes nothing.
    pub(crate) async fn execute(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<u64, DatabaseError> {
        #[cfg(test)]
        note(sql, &values);
        let began = self.observers.begin();
        let done = match &mut self.inner {
            Inner::SqliteReader(_) => Err(DatabaseError::ReadOnly),
            Inner::SqliteWriter(write) => match write.execute(sql, &values) {
                Ok(rows) => Ok(rows as u64),
                Err(error) => Err(error.into()),
            },
            Inner::Postgres(session) => session.execute(sql, values).await.map_err(Into::into),
        };
        self.observers
            .stored(Statement::Change, began, done.is_ok());
        self.room.watch(done)
    }

    /// Keeps what the transaction has written.
    pub(super) async fn commit(self) -> Result<(), DatabaseError> {
        let began = self.observers.begin();
        let done = match self.inner {
            Inner::SqliteReader(_) => Ok(()),
            Inner::SqliteWriter(write) => write.commit().await.map_err(Into::into),
            Inner::Postgres(session) => session.commit().await.map_err(Into::into),
        };
        self.observers
            .stored(Statement::Commit, began, done.is_ok());
        self.room.watch(done)
    }
}

#[cfg(test)]
thread_local! {
    /// The statements that were run on this thread, which is that of one test, each
    /// with values that were bound to it.
    pub(crate) static STATEMENTS: std::cell::RefCell<std::collections::BTreeMap<String, Vec<Value>>> =
        const { std::cell::RefCell::new(std::collections::BTreeMap::new()) };
}

#[cfg(test)]
fn note(sql: &str, values: &[Value]) {
    STATEMENTS.with_borrow_mut(|statements| {
        statements
            .entry(sql.to_owned())
            .or_insert_with(|| values.to_vec());
    });
}
