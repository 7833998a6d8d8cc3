//! SQLite: one file, any number of readers, and one writer at a time.
//!
//! What a statement looks up by a key takes microseconds, less than it takes to
//! hand it to another thread, so it runs where it is asked for. Whatever may
//! take longer, a list or a commit, runs on a thread of its own.
//!
//! Writers that come at the same time share a commit. Each has a savepoint of
//! its own in one transaction, and is told that it is done when that transaction
//! is on the disk. Who fails or gives up undoes its own savepoint only.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, sleep, timeout};

use super::list_turns::ListTurn;
use super::value::{AnyOf, Cells, Value};
use crate::limits::DatabaseLimits;

/// What makes the tables, in order, each with its number.
const MIGRATIONS: [(u32, &str); 1] = [(
    LATEST,
    include_str!("../../migrations/sqlite/0001_tables.sql"),
)];

/// The number of the last of them.
pub(super) const LATEST: u32 = 1;

/// How many statements each connection keeps prepared.
const STATEMENTS: usize = 128;

/// How long a connection waits at once for a lock of another process. It is
/// asked for again after a pause in which the thread is free.
const BUSY_TIMEOUT: Duration = Duration::from_millis(1);

/// That pause.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// A failure of the database file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// All connections are in use, or another process keeps the file locked.
    #[error("the database is busy")]
    Busy,
    /// A thread ended before it was done.
    #[error("a thread of the database ended")]
    Lost,
    /// The transaction that this write shared could not be kept.
    #[error("the transaction was not kept")]
    Shared(#[source] Arc<rusqlite::Error>),
    #[error("the tables are those of another version of this program")]
    OtherVersion,
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// How a file is opened.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) path: PathBuf,
    /// Whether the file is created if it is missing.
    pub(crate) create: bool,
    pub(crate) limits: DatabaseLimits,
}

/// A database file. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct File {
    options: Arc<Options>,
    places: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
    writer: Arc<tokio::sync::Mutex<Writer>>,
}

/// The connection that writes, and the transaction that is open on it.
#[derive(Debug, Default)]
struct Writer {
    connection: Option<Connection>,
    /// Who waits for the open transaction to be kept. `None` if none is open.
    batch: Option<Vec<Told>>,
}

type Told = oneshot::Sender<Result<(), Arc<rusqlite::Error>>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl File {
    /// A file that is opened when it is first used.
    pub(crate) fn new(options: Options) -> Self {
        let readers = usize::try_from(options.limits.connections.max(1)).unwrap_or(1);
        Self {
            places: Arc::new(Semaphore::new(readers)),
            options: Arc::new(options),
            idle: Arc::default(),
            writer: Arc::default(),
        }
    }

    /// Brings the tables up to date. Another process that does so at the same time
    /// is waited for.
    pub(crate) async fn migrate(&self) -> Result<(), Failure> {
        let options = Arc::clone(&self.options);
        let migrated = tokio::task::spawn_blocking(move || {
            let until = Instant::now() + options.limits.open_timeout;
            loop {
                match migrate_once(&options) {
                    // SQLite does not wait where two turn to the write-ahead log at
                    // the same time.
                    Err(Failure::Sqlite(error)) if is_busy(&error) && Instant::now() < until => {
                        std::thread::sleep(BUSY_PAUSE);
                    }
                    done => return done,
                }
            }
        });
        migrated.await.map_err(|_| Failure::Lost)?
    }

    /// A connection to read with. The turn of a list is held as long as the
    /// connection is in use.
    pub(crate) async fn read(&self, turn: Option<ListTurn>) -> Result<Reader, Failure> {
        let place = timeout(
            self.options.limits.wait,
            Arc::clone(&self.places).acquire_owned(),
        )
        .await;
        let Ok(Ok(place)) = place else {
            return Err(Failure::Busy);
        };
        let idle = lock(&self.idle).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open(&self.options)?,
        };
        Ok(Reader(Some(Held {
            connection: Some(connection),
            idle: Arc::clone(&self.idle),
            _place: place,
            _turn: turn,
        })))
    }

    /// Waits until it is this writer's turn.
    pub(crate) async fn write(&self) -> Result<Write, Failure> {
        let until = Instant::now() + self.options.limits.wait;
        let turn = tokio::time::timeout_at(until, Arc::clone(&self.writer).lock_owned()).await;
        let mut writer = turn.map_err(|_| Failure::Busy)?;
        if writer.batch.is_none() {
            self.begin(&mut writer, until).await?;
            // It waits behind those who wait already, which join in until then.
            tokio::spawn(keep(Arc::clone(&self.writer)));
        }
        let mut write = Write {
            writer,
            is_open: false,
        };
        write.run(|connection| connection.execute_batch("SAVEPOINT one"))?;
        write.is_open = true;
        Ok(write)
    }

    /// Waits until the open transaction is kept, if there is one. Who has lost
    /// against a part of it would read what was there before.
    pub(crate) async fn settle(&self) -> Result<(), Failure> {
        let turn = timeout(
            self.options.limits.wait,
            Arc::clone(&self.writer).lock_owned(),
        )
        .await;
        let mut writer = turn.map_err(|_| Failure::Busy)?;
        let (tell, told) = oneshot::channel();
        let Some(batch) = &mut writer.batch else {
            return Ok(());
        };
        batch.push(tell);
        drop(writer);
        // How it ends is for others to tell.
        let _ = told.await;
        Ok(())
    }

    async fn begin(&self, writer: &mut Writer, until: Instant) -> Result<(), Failure> {
        loop {
            let connection = match writer.connection.take() {
                Some(connection) => connection,
                None => open(&self.options)?,
            };
            match connection.execute_batch("BEGIN IMMEDIATE") {
                Ok(()) => {
                    writer.connection = Some(connection);
                    writer.batch = Some(Vec::new());
                    return Ok(());
                }
                Err(error) if is_busy(&error) => {
                    writer.connection = Some(connection);
                    if Instant::now() >= until {
                        return Err(Failure::Busy);
                    }
                    sleep(BUSY_PAUSE).await;
                }
                // The connection is not used again.
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn migrate_once(options: &Options) -> Result<(), Failure> {
    let mut connection = open(options)?;
    connection.busy_timeout(options.limits.open_timeout)?;
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    migrate(&transaction)?;
    Ok(transaction.commit()?)
}

/// Brings the tables up to date. `user_version` counts the migrations.
fn migrate(transaction: &Connection) -> Result<(), Failure> {
    let version: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > LATEST || (version == 0 && transaction.table_exists(None, "settings")?) {
        return Err(Failure::OtherVersion);
    }
    for (number, migration) in MIGRATIONS {
        if number > version {
            transaction.execute_batch(migration)?;
        }
    }
    transaction.pragma_update(None, "user_version", LATEST)?;
    Ok(())
}

fn open(options: &Options) -> Result<Connection, rusqlite::Error> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if options.create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(&options.path, flags)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(Duration::from_secs(5))?;
    // It stays on in the file. Readers and the writer do not wait for each other.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // What is acknowledged is on the disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// Keeps the open transaction, once nobody who waited before takes part any more.
async fn keep(writer: Arc<tokio::sync::Mutex<Writer>>) {
    let mut writer = writer.lock_owned().await;
    if writer.batch.is_none() {
        return;
    }
    // This takes as long as the disk does.
    let _ = tokio::task::spawn_blocking(move || {
        let Some(told) = writer.batch.take() else {
            return;
        };
        let Some(connection) = writer.connection.take() else {
            return;
        };
        let kept = if told.is_empty() {
            connection.execute_batch("ROLLBACK")
        } else {
            connection.execute_batch("COMMIT")
        };
        let kept = kept.map_err(Arc::new);
        if kept.is_err() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        // A connection whose transaction does not end is not used again.
        if connection.is_autocommit() {
            writer.connection = Some(connection);
        }
        drop(writer);
        for told in told {
            let _ = told.send(kept.clone());
        }
    })
    .await;
}

/// A connection that reads. There is none while it is on a thread of its own.
pub(crate) struct Reader(Option<Held>);

/// A connection with its place among those that may be open. Work whose request
/// was given up keeps both until it ends.
struct Held {
    /// There until it is dropped.
    connection: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
    _place: OwnedSemaphorePermit,
    _turn: Option<ListTurn>,
}

impl Held {
    fn connection(&self) -> Result<&Connection, Failure> {
        self.connection.as_ref().ok_or(Failure::Lost)
    }
}

impl Reader {
    /// Runs a statement that looks up a few rows by their keys.
    pub(crate) fn lookup(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Cells>, Failure> {
        let held = self.0.as_ref().ok_or(Failure::Lost)?;
        Ok(fetch(held.connection()?, sql, values)?)
    }

    /// Does something on a thread of its own, which may take long.
    pub(crate) async fn elsewhere<T, F>(&mut self, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> T + Send + 'static,
    {
        let work = |connection: &Connection| -> AnyOf { Box::new(work(connection)) };
        let done = self.any_elsewhere(Box::new(work)).await?;
        let done = done.downcast().map_err(|_| Failure::Lost)?;
        Ok(*done)
    }

    /// Not generic: a task is much code, and there are some eighty kinds of work.
    async fn any_elsewhere(
        &mut self,
        work: Box<dyn FnOnce(&Connection) -> AnyOf + Send>,
    ) -> Result<AnyOf, Failure> {
        let held = self.0.take().ok_or(Failure::Lost)?;
        let done = tokio::task::spawn_blocking(move || (held.connection().map(work), held)).await;
        let (done, held) = done.map_err(|_| Failure::Lost)?;
        self.0 = Some(held);
        done
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            lock(&self.idle).push(connection);
        }
    }
}

/// A writer that has its turn. What it has written is undone when it is dropped
/// without [`commit`](Self::commit).
pub(crate) struct Write {
    writer: OwnedMutexGuard<Writer>,
    /// Whether the savepoint is there.
    is_open: bool,
}

impl Write {
    pub(crate) fn fetch(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Cells>, Failure> {
        self.run(|connection| fetch(connection, sql, values))
    }

    /// Returns how many rows were changed.
    pub(crate) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<usize, Failure> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(&numbered(sql))?;
            statement.execute(rusqlite::params_from_iter(values))
        })
    }

    /// Waits until what was written is on the disk.
    pub(crate) async fn commit(mut self) -> Result<(), Failure> {
        self.run(|connection| connection.execute_batch("RELEASE one"))?;
        self.is_open = false;
        let (tell, told) = oneshot::channel();
        match &mut self.writer.batch {
            Some(batch) => batch.push(tell),
            None => return Err(Failure::Lost),
        }
        drop(self);
        match told.await {
            Ok(kept) => kept.map_err(Failure::Shared),
            Err(_) => Err(Failure::Lost),
        }
    }

    fn run<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, Failure> {
        let connection = self.writer.connection.as_ref().ok_or(Failure::Lost)?;
        let done = work(connection);
        // SQLite itself ends the whole transaction where the disk is full.
        if connection.is_autocommit() {
            self.is_open = false;
            let batch = self.writer.batch.take().unwrap_or_default();
            let Err(error) = done else {
                return Err(Failure::Lost);
            };
            let error = Arc::new(error);
            for told in batch {
                let _ = told.send(Err(Arc::clone(&error)));
            }
            return Err(Failure::Shared(error));
        }
        Ok(done?)
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        let undone =
            self.run(|connection| connection.execute_batch("ROLLBACK TO one; RELEASE one"));
        if undone.is_err() {
            // Nobody's part of the transaction can be told from another's any more.
            self.writer.connection = None;
            self.writer.batch = None;
        }
    }
}

pub(super) fn fetch(
    connection: &Connection,
    sql: &str,
    values: &[Value],
) -> Result<Vec<Cells>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(&numbered(sql))?;
    let columns = statement.column_count();
    let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
        let values = (0..columns).map(|index| value_of(row.get_ref(index)?, index));
        Ok(Cells(values.collect::<Result<_, _>>()?))
    })?;
    rows.collect()
}

/// The statement as SQLite has it. `$2` would be a name to it, and the second
/// value that of the second name that it meets.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn value_of(value: ValueRef<'_>, index: usize) -> Result<Value, rusqlite::Error> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8(text.to_vec()).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(
                index,
                rusqlite::types::Type::Text,
                error.into(),
            )
        })?),
        ValueRef::Blob(bytes) => Value::Bytes(Bytes::copy_from_slice(bytes)),
        other @ ValueRef::Real(_) => {
            return Err(rusqlite::Error::InvalidColumnType(
                index,
                String::new(),
                other.data_type(),
            ));
        }
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
