//! Connections to the database, and what makes it ready.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use super::error::{DatabaseError, StoreError};
use super::list_turns::{ListTurn, ListTurns};
use super::room::Room;
use super::session::{Inner, Session};
use super::settings::{put_setting, remove_setting};
use super::{postgres, sqlite};
use crate::limits::DatabaseLimits;
use crate::observer::Observers;
use crate::private;

/// The setting that is written to find out whether there is room.
const TRIAL: &str = "trial";

/// How much is written for that, in bytes. More than may be left over in what the
/// database has of the disk already.
const TRIAL_SIZE: usize = 64 << 10;

/// A database.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    database: Database,
    list_turns: ListTurns,
    room: Arc<Room>,
    observers: Observers,
}

#[derive(Clone, Debug)]
enum Database {
    Sqlite(sqlite::File),
    Postgres(postgres::Server),
}

impl Store {
    /// Connects to the database at `url` and brings its tables up to date.
    pub(crate) async fn open(url: &str, limits: DatabaseLimits) -> Result<Self, DatabaseError> {
        if let Some(location) = url.strip_prefix("sqlite:") {
            let options = sqlite_options(location, limits)?;
            make_private(&options)?;
            let file = sqlite::File::new(options);
            file.migrate().await?;
            return Ok(Self::new(Database::Sqlite(file), &limits));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let server = postgres::Server::open(url, limits).await?;
            return Ok(Self::new(Database::Postgres(server), &limits));
        }
        Err(DatabaseError::Url)
    }

    fn new(database: Database, limits: &DatabaseLimits) -> Self {
        Self {
            database,
            list_turns: ListTurns::new(limits),
            room: Arc::default(),
            observers: Observers::default(),
        }
    }

    /// The same store, of whose statements these are told.
    pub(crate) fn observed_by(self, observers: Observers) -> Self {
        Self { observers, ..self }
    }

    fn session(&self, inner: Inner) -> Session {
        Session::new(inner, Arc::clone(&self.room), self.observers.clone())
    }

    /// A connection to look up a few rows with.
    pub(crate) async fn read(&self) -> Result<Session, StoreError> {
        self.read_in(None).await
    }

    /// A connection to read a list with, or a part of one.
    pub(crate) async fn read_list(&self) -> Result<Session, StoreError> {
        let turn = self.list_turns.take().await;
        self.read_in(Some(turn.ok_or(DatabaseError::ManyLists)?))
            .await
    }

    async fn read_in(&self, turn: Option<ListTurn>) -> Result<Session, StoreError> {
        let inner: Inner = match &self.database {
            Database::Sqlite(file) => file.read(turn).await.map_err(DatabaseError::from)?.into(),
            Database::Postgres(server) => {
                server.read(turn).await.map_err(DatabaseError::from)?.into()
            }
        };
        Ok(self.session(inner))
    }

    /// Checks that the database answers and, if something could not be written for
    /// want of room, that there is room again.
    pub(crate) async fn check(&self) -> Result<(), StoreError> {
        let mut session = self.read().await?;
        session.lookup("SELECT 1", Vec::new()).await?;
        drop(session);
        if !self.room.is_short() {
            return Ok(());
        }
        let Some(_asking) = self.room.ask() else {
            return Err(DatabaseError::NoRoom.into());
        };
        let mut transaction = self.write().await?;
        put_setting(&mut transaction, TRIAL, &"-".repeat(TRIAL_SIZE)).await?;
        commit(transaction).await?;
        let mut transaction = self.write().await?;
        remove_setting(&mut transaction, TRIAL).await?;
        commit(transaction).await?;
        self.room.is_there();
        Ok(())
    }

    /// Waits until what others have written before is to be read.
    pub(crate) async fn settle(&self) -> Result<(), StoreError> {
        match &self.database {
            Database::Sqlite(file) => Ok(file.settle().await.map_err(DatabaseError::from)?),
            // Whoever loses against a transaction there has waited for its end.
            Database::Postgres(_) => Ok(()),
        }
    }

    /// A transaction to write in. Dropping it undoes what was written.
    pub(crate) async fn write(&self) -> Result<Session, StoreError> {
        let inner: Inner = match &self.database {
            Database::Sqlite(file) => file.write().await.map_err(DatabaseError::from)?.into(),
            Database::Postgres(server) => server.write().await.map_err(DatabaseError::from)?.into(),
        };
        Ok(self.session(inner))
    }
}

/// Makes the files of a database those of their owner alone. SQLite gives the mode of
/// the database to those that it creates beside it.
fn make_private(options: &sqlite::Options) -> Result<(), DatabaseError> {
    let path = &options.path;
    if options.create {
        match private::create_file(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                let path = path.clone();
                return Err(DatabaseError::File {
                    path,
                    source: error,
                });
            }
            _ => {}
        }
    }
    for suffix in ["", "-wal", "-shm"] {
        private::tighten(&private::beside(path, suffix));
    }
    Ok(())
}

/// The file of a SQLite database, if the URL is that of one.
pub(crate) fn sqlite_path(url: &str) -> Option<PathBuf> {
    let location = url.strip_prefix("sqlite:")?;
    let options = sqlite_options(location, DatabaseLimits::default());
    options.ok().map(|options| options.path)
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
