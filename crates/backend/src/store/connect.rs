//! Connections to the database, and what makes it ready.

use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Executor, Transaction};

use super::error::StoreError;

/// How long a SQLite connection waits for another one's write, in milliseconds.
const BUSY_TIMEOUT: &str = "PRAGMA busy_timeout = 30000";

/// Readers and one writer at a time do not wait for each other.
const WRITE_AHEAD_LOG: &str = "PRAGMA journal_mode = WAL";

/// How often to try to turn that on, and how long to wait in between.
const WRITE_AHEAD_ATTEMPTS: usize = 100;
const WRITE_AHEAD_PAUSE: Duration = Duration::from_millis(20);

/// How many connections are open at most.
const CONNECTIONS: u32 = 8;

/// A pool of connections to one database.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pool: AnyPool,
    /// What begins a transaction that writes.
    begin: &'static str,
}

impl Store {
    /// Connects to the database at `url` and brings its tables up to date.
    pub(crate) async fn open(url: &str) -> Result<Self, sqlx::Error> {
        sqlx::any::install_default_drivers();
        let sqlite = url.starts_with("sqlite:");
        // A database in memory lives and dies with its connection.
        let memory = sqlite && (url.contains(":memory:") || url.contains("mode=memory"));
        let mut options =
            AnyPoolOptions::new().max_connections(if memory { 1 } else { CONNECTIONS });
        if memory {
            options = options
                .min_connections(1)
                .idle_timeout(None)
                .max_lifetime(None);
        }
        if sqlite {
            options = options.after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute(BUSY_TIMEOUT).await?;
                    write_ahead(connection).await
                })
            });
        }
        // SQLite refuses to turn a reading transaction into a writing one while
        // another writes, so a writing one says so at once and waits.
        let store = Self {
            pool: options.connect(url).await?,
            begin: if sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" },
        };
        let migrations = sqlx::migrate!();
        if sqlite {
            // sqlx locks PostgreSQL while it migrates, but not SQLite. Who comes
            // second waits here, and then finds nothing left to do.
            let mut transaction = store.pool.begin_with(store.begin).await?;
            // As `run` does, which takes no borrowed connection in a future that is Send.
            migrations
                .run_direct(None, &mut *transaction, false)
                .await?;
            transaction.commit().await?;
        } else {
            migrations.run(&store.pool).await?;
        }
        Ok(store)
    }

    /// A connection to read with.
    pub(crate) async fn read(&self) -> Result<PoolConnection<Any>, StoreError> {
        Ok(self.pool.acquire().await?)
    }

    /// A transaction to write in. Dropping it undoes what was written.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(self.pool.begin_with(self.begin).await?)
    }
}

/// Turns on the write-ahead log, which stays on in the file. To turn it on SQLite
/// needs the file for itself, and does not wait for it where two connections
/// want that at once.
async fn write_ahead(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    for _ in 0..WRITE_AHEAD_ATTEMPTS {
        match connection.execute(WRITE_AHEAD_LOG).await {
            Err(sqlx::Error::Database(error)) if is_busy(error.code().as_deref()) => {
                tokio::time::sleep(WRITE_AHEAD_PAUSE).await;
            }
            done => return done.map(drop),
        }
    }
    connection.execute(WRITE_AHEAD_LOG).await.map(drop)
}

/// Whether a code of SQLite says that another connection has the file locked.
/// The low byte tells; the rest says more.
fn is_busy(code: Option<&str>) -> bool {
    code.and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == 5)
}

/// Keeps what a transaction has written.
pub(crate) async fn commit(transaction: Transaction<'static, Any>) -> Result<(), StoreError> {
    Ok(transaction.commit().await?)
}
