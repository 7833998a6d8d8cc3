//! PostgreSQL: a pool of connections to one server.
//!
//! Nothing waits for a server that is away: a connection is waited for as long
//! as the limits say, and the server itself ends statements that take too long or
//! wait for a lock. Where a statement takes longer than a connection may, another
//! connection finds out whether the server is there at all. If it is not, the one
//! with the statement is given up.

use std::pin::pin;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, Executor as _, PgConnection, PgPool, Postgres,
    Row as _, SqlSafeStr as _, TypeInfo as _, ValueRef as _,
};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use super::list_turns::ListTurn;
use super::value::{AnyOf, Cells, Value};
use crate::limits::DatabaseLimits;

/// How much longer than the server itself we wait for the end of a statement.
const GRACE: Duration = Duration::from_secs(1);

/// How long a connection may be unused until it is asked whether it is there.
const TRUSTED: Duration = Duration::from_secs(1);

/// What makes the tables, in order.
///
/// `sqlx::migrate!` would find them by itself, and compile sqlx with its TLS a second
/// time for the machine that builds.
fn migrations() -> Vec<Migration> {
    const ALL: [(i64, &str, &str); 1] = [(
        1,
        "tables",
        include_str!("../../migrations/postgres/0001_tables.sql"),
    )];
    let migration = |(version, description, sql): (i64, &'static str, &'static str)| {
        let (kind, is_outside_transaction) = (MigrationType::Simple, false);
        Migration::new(
            version,
            description.into(),
            kind,
            sql.into_sql_str(),
            is_outside_transaction,
        )
    };
    ALL.map(migration).into()
}

/// A failure of the server, or of the way there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the server has not answered in time")]
    Silent,
    /// A task ended before it was done.
    #[error("a task of the database ended")]
    Lost,
    /// A value does not fit. What the server says of it would quote the value.
    #[error("the server refuses a value, with SQLSTATE {code}")]
    Data { code: String },
    /// The URL has a part that makes no sense. What is said of it would quote it.
    #[error("the URL of the database has a port or a parameter that cannot be read")]
    Url,
    #[error(transparent)]
    Sqlx(sqlx::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        if let sqlx::Error::Configuration(_) = error {
            return Self::Url;
        }
        // The class of data exceptions.
        match code.filter(|code| code.starts_with("22")) {
            Some(code) => Self::Data {
                code: code.into_owned(),
            },
            None => Self::Sqlx(error),
        }
    }
}

/// A server. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pool: PgPool,
    limits: DatabaseLimits,
    /// When it was last found to be there by a connection of its own.
    seen: Arc<Mutex<Instant>>,
}

impl Server {
    /// Connects to the server at `url` and brings its tables up to date.
    ///
    /// # Errors
    ///
    /// Fails with what the server or the system says to the first connection; a
    /// pool would only say that it has timed out.
    pub(crate) async fn open(url: &str, limits: DatabaseLimits) -> Result<Self, Failure> {
        let millis = |duration: Duration| duration.as_millis().to_string();
        let options = PgConnectOptions::from_str(url)?
            .application_name("web1on1")
            .options([
                ("statement_timeout", millis(limits.statement_timeout)),
                ("lock_timeout", millis(limits.lock_timeout)),
                // Every statement has an index to run on. Without these the planner
                // takes another way while it has no statistics of what was just
                // loaded, and compiles statements that take no time.
                ("enable_seqscan", "off".to_owned()),
                ("enable_sort", "off".to_owned()),
                ("jit", "off".to_owned()),
                (
                    "idle_in_transaction_session_timeout",
                    millis(limits.statement_timeout),
                ),
            ]);
        let first = timeout(limits.open_timeout, PgConnection::connect_with(&options)).await;
        first.map_err(|_| Failure::Silent)??.close().await?;
        let pool = PgPoolOptions::new()
            .max_connections(limits.connections)
            .acquire_timeout(limits.wait)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for < TRUSTED {
                        return Ok(true);
                    }
                    Ok(matches!(
                        timeout(TRUSTED, connection.ping()).await,
                        Ok(Ok(()))
                    ))
                })
            })
            .connect_lazy_with(options);
        // Another backend that migrates at the same time is waited for.
        let migrated = Migrator::with_migrations(migrations()).run(&pool).await;
        migrated.map_err(sqlx::Error::from)?;
        Ok(Self {
            pool,
            limits,
            seen: Arc::new(Mutex::new(Instant::now())),
        })
    }

    /// A connection to read with. The turn of a list is held as long as the
    /// connection is in use.
    pub(crate) async fn read(&self, turn: Option<ListTurn>) -> Result<Session, Failure> {
        Ok(Session {
            connection: Some(self.pool.acquire().await?),
            is_in_transaction: false,
            server: self.clone(),
            turn,
        })
    }

    /// A connection with an open transaction.
    pub(crate) async fn write(&self) -> Result<Session, Failure> {
        let mut session = self.read(None).await?;
        session.command("BEGIN").await?;
        session.is_in_transaction = true;
        Ok(session)
    }

    /// Waits for what a statement comes to, as long as the server is there and may
    /// still work on it.
    async fn answer<T>(
        &self,
        statement: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<Result<T, sqlx::Error>, Silent> {
        let mut statement = pin!(statement);
        let until = Instant::now() + self.limits.statement_timeout + GRACE;
        while Instant::now() < until {
            if let Ok(done) = timeout(self.limits.wait, &mut statement).await {
                return Ok(done);
            }
            tokio::select! {
                biased;
                done = &mut statement => return Ok(done),
                is_there = self.is_there() => {
                    if !is_there {
                        break;
                    }
                }
            }
        }
        Err(Silent)
    }

    /// Returns whether the server answers a new connection. One asks for all who
    /// wait.
    async fn is_there(&self) -> bool {
        let asked = timeout(self.limits.wait, async {
            let mut seen = self.seen.lock().await;
            if seen.elapsed() < self.limits.wait {
                return true;
            }
            let options = self.pool.connect_options();
            let is_there = match PgConnection::connect_with(&options).await {
                Ok(connection) => {
                    // It is of no use any more, whatever that comes to.
                    let _ = connection.close().await;
                    true
                }
                // Who refuses is there.
                Err(error) => matches!(error, sqlx::Error::Database(_)),
            };
            if is_there {
                *seen = Instant::now();
            }
            is_there
        });
        asked.await.unwrap_or(false)
    }
}

/// The server has not answered in time.
struct Silent;

/// A connection. A transaction on it is undone when it is dropped without
/// [`commit`](Self::commit).
pub(crate) struct Session {
    /// There until it is dropped or given up.
    connection: Option<PoolConnection<Postgres>>,
    is_in_transaction: bool,
    server: Server,
    /// What allows a list to be read, if this reads one.
    turn: Option<ListTurn>,
}

impl Session {
    pub(crate) async fn fetch(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Cells>, Failure> {
        let query = bind(sql, values);
        let connection = self.connection.as_mut().ok_or(Failure::Silent)?;
        let rows = self.server.answer(query.fetch_all(&mut **connection)).await;
        let rows = self.in_time(rows)?;
        Ok(rows.iter().map(cells).collect::<Result<_, _>>()?)
    }

    /// Runs a statement that may take long, and reads what it returns on a thread of
    /// its own. Where the request is given up, the statement still has its
    /// connection until it ends.
    pub(crate) async fn list<T: Send + 'static>(
        &mut self,
        sql: String,
        values: Vec<Value>,
        read: impl FnOnce(Vec<Cells>) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let read = |rows| -> AnyOf { Box::new(read(rows)) };
        let read = self.list_any(sql, values, Box::new(read)).await?;
        let read = read.downcast().map_err(|_| Failure::Lost)?;
        Ok(*read)
    }

    /// Not generic: a task is much code, and there are some forty kinds of lists.
    async fn list_any(
        &mut self,
        sql: String,
        values: Vec<Value>,
        read: Box<dyn FnOnce(Vec<Cells>) -> AnyOf + Send>,
    ) -> Result<AnyOf, Failure> {
        let mut session = Self {
            connection: self.connection.take(),
            is_in_transaction: self.is_in_transaction,
            server: self.server.clone(),
            turn: self.turn.take(),
        };
        let done = tokio::spawn(async move {
            let read = match session.fetch(&sql, values).await {
                Ok(rows) => spawn_blocking(move || read(rows)).await,
                Err(error) => return (Err(error), session),
            };
            (read.map_err(|_| Failure::Lost), session)
        });
        let (read, session) = done.await.map_err(|_| Failure::Lost)?;
        *self = session;
        read
    }

    /// Returns how many rows were changed.
    pub(crate) async fn execute(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, Failure> {
        let query = bind(sql, values);
        let connection = self.connection.as_mut().ok_or(Failure::Silent)?;
        let done = self.server.answer(query.execute(&mut **connection)).await;
        Ok(self.in_time(done)?.rows_affected())
    }

    pub(crate) fn is_in_transaction(&self) -> bool {
        self.is_in_transaction
    }

    pub(crate) async fn commit(mut self) -> Result<(), Failure> {
        self.command("COMMIT").await?;
        self.is_in_transaction = false;
        Ok(())
    }

    async fn command(&mut self, sql: &'static str) -> Result<(), Failure> {
        let connection = self.connection.as_mut().ok_or(Failure::Silent)?;
        let done = self.server.answer(connection.execute(sql)).await;
        self.in_time(done).map(drop)
    }

    /// Gives the connection up if it was silent: nobody knows what it says next.
    fn in_time<T>(&mut self, done: Result<Result<T, sqlx::Error>, Silent>) -> Result<T, Failure> {
        let Ok(done) = done else {
            if let Some(mut connection) = self.connection.take() {
                connection.close_on_drop();
            }
            return Err(Failure::Silent);
        };
        Ok(done?)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        if !self.is_in_transaction {
            return;
        }
        let undo = async move {
            let undone = timeout(TRUSTED, connection.execute("ROLLBACK")).await;
            if !matches!(undone, Ok(Ok(_))) {
                connection.close_on_drop();
            }
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(undo)),
            // The process ends; the server notices.
            Err(_) => drop(undo),
        }
    }
}

/// `sql` is put together from constants only; values are bound.
fn bind(sql: &str, values: Vec<Value>) -> Query<'static, Postgres, PgArguments> {
    let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    values.into_iter().fold(query, |query, value| match value {
        Value::Null => query.bind(None::<String>),
        Value::Integer(number) => query.bind(number),
        Value::Text(text) => query.bind(text),
        Value::Bytes(bytes) => query.bind(Vec::from(bytes)),
    })
}

fn cells(row: &PgRow) -> Result<Cells, sqlx::Error> {
    let columns = row.columns().iter();
    let values = columns.map(|column| {
        let index = column.ordinal();
        if row.try_get_raw(index)?.is_null() {
            return Ok(Value::Null);
        }
        match column.type_info().name() {
            "INT8" => Ok(Value::Integer(row.try_get(index)?)),
            "INT4" => Ok(Value::Integer(i64::from(row.try_get::<i32, _>(index)?))),
            "BYTEA" => Ok(Value::Bytes(row.try_get::<Vec<u8>, _>(index)?.into())),
            _ => Ok(Value::Text(row.try_get(index)?)),
        }
    });
    Ok(Cells(values.collect::<Result<_, sqlx::Error>>()?))
}
