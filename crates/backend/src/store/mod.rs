//! The database. The only module that speaks SQL.
//!
//! A resource is a row: an `id`, a `version`, the columns that queries need, and
//! the resource as a JSON document. One text of SQL runs on SQLite and on
//! PostgreSQL, so columns are TEXT and BIGINT only and every statement is plain.
//! A [`Row`] says once how its resource and its columns correspond; reading,
//! writing, listing and version checks are the same for every resource.
//!
//! Functions take a connection: one from [`Store::read`] for reading, or one
//! from [`Store::write`] to read and write in one transaction. No function holds
//! one while it waits for another.

pub(crate) mod organizations;
pub(crate) mod resources;
pub(crate) mod users;

use std::collections::HashSet;
use std::error::Error as StdError;
use std::time::Duration;

use sqlx::any::{AnyArguments, AnyPoolOptions, AnyRow};
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, Executor, Row as _, Transaction};

/// How long a SQLite connection waits for another one's write, in milliseconds.
const BUSY_TIMEOUT: &str = "PRAGMA busy_timeout = 30000";

/// Readers and one writer at a time do not wait for each other.
const WRITE_AHEAD_LOG: &str = "PRAGMA journal_mode = WAL";

/// How often to try to turn that on, and how long to wait in between.
const WRITE_AHEAD_ATTEMPTS: usize = 100;
const WRITE_AHEAD_PAUSE: Duration = Duration::from_millis(20);

/// How many connections are open at most.
const CONNECTIONS: u32 = 8;

/// A set of organization IDs: the one bound to `$1` and all below it.
const TREE: &str = "(WITH RECURSIVE tree (id) AS (SELECT CAST($1 AS TEXT) UNION \
     SELECT organizations.id FROM organizations JOIN tree ON organizations.parent = tree.id) \
     SELECT id FROM tree)";

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

/// A resource as it is kept: how it corresponds to the columns of its table.
pub(crate) trait Row: Sized {
    /// What the resource is called in messages.
    const NOUN: &'static str;
    /// The table.
    const TABLE: &'static str;
    /// Its TEXT columns, `id` first and `document` last.
    const COLUMNS: &'static [&'static str];
    /// What rows are read from, where that is more than the table. It has the
    /// columns of the table and [`JOINED`](Self::JOINED).
    const SOURCE: &'static str = Self::TABLE;
    /// Columns that rows are read with and not written.
    const JOINED: &'static [&'static str] = &[];
    /// The condition under which a row is visible from an organization, with
    /// `{tree}` for the set of that organization and all below it.
    const VISIBLE: &'static str;

    /// The values of [`COLUMNS`](Self::COLUMNS), in their order.
    fn write(&self) -> Result<Vec<Option<String>>, serde_json::Error>;

    /// The resource of a row with these values: those of
    /// [`COLUMNS`](Self::COLUMNS), then those of [`JOINED`](Self::JOINED).
    fn read(values: Vec<Option<String>>) -> Result<Self, Box<dyn StdError + Send + Sync>>;
}

/// A row and the version it had when it was read.
#[derive(Clone, Debug)]
pub(crate) struct Versioned<R> {
    pub(crate) row: R,
    version: i64,
}

/// Which rows to list.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Columns and the value that each must have.
    pub(crate) equal: Vec<(&'static str, String)>,
    /// Columns and the value that each must not have.
    pub(crate) unequal: Vec<(&'static str, String)>,
    /// How many rows to skip, and how many to return at most.
    pub(crate) range: Option<(i64, i64)>,
}

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

/// Adds a row.
pub(crate) async fn insert<R: Row>(
    connection: &mut AnyConnection,
    row: &R,
) -> Result<(), StoreError> {
    let placeholders: Vec<_> = (1..=R::COLUMNS.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "INSERT INTO {} ({}, version) VALUES ({}, 1)",
        R::TABLE,
        R::COLUMNS.join(", "),
        placeholders.join(", "),
    );
    let values = row.write().map_err(damaged::<R>)?;
    bind(&sql, values)
        .execute(connection)
        .await
        .map_err(refused::<R>)?;
    Ok(())
}

/// Replaces a row, if it still has the version that was read. Whether it had.
pub(crate) async fn replace<R: Row>(
    connection: &mut AnyConnection,
    read: &Versioned<R>,
    row: &R,
) -> Result<bool, StoreError> {
    let columns: Vec<_> = R::COLUMNS
        .iter()
        .zip(1..)
        .skip(1)
        .map(|(name, n)| format!("{name} = ${n}"))
        .collect();
    let sql = format!(
        "UPDATE {} SET {}, version = version + 1 WHERE id = $1 AND version = ${}",
        R::TABLE,
        columns.join(", "),
        R::COLUMNS.len() + 1,
    );
    let values = row.write().map_err(damaged::<R>)?;
    let done = bind(&sql, values)
        .bind(read.version)
        .execute(connection)
        .await
        .map_err(refused::<R>)?;
    Ok(done.rows_affected() == 1)
}

/// Deletes the row with an ID. Whether there was one.
pub(crate) async fn delete<R: Row>(
    connection: &mut AnyConnection,
    id: &str,
) -> Result<bool, StoreError> {
    let sql = format!("DELETE FROM {} WHERE id = $1", R::TABLE);
    let done = bind(&sql, vec![Some(id.to_owned())])
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The row with an ID.
pub(crate) async fn get<R: Row>(
    connection: &mut AnyConnection,
    id: &str,
) -> Result<Option<Versioned<R>>, StoreError> {
    one(connection, "id = $1", vec![id.to_owned()]).await
}

/// The row with an ID, if it is visible from an organization.
pub(crate) async fn get_visible<R: Row>(
    connection: &mut AnyConnection,
    organization: &str,
    id: &str,
) -> Result<Option<Versioned<R>>, StoreError> {
    one(
        connection,
        &format!("{} AND id = $2", visible::<R>()),
        vec![organization.to_owned(), id.to_owned()],
    )
    .await
}

/// Those of `ids` that are visible from an organization.
pub(crate) async fn visible_ids<R: Row>(
    connection: &mut AnyConnection,
    organization: &str,
    ids: &[String],
) -> Result<HashSet<String>, StoreError> {
    let condition = format!("{} AND", visible::<R>());
    ids_that::<R>(connection, &condition, Some(organization), ids).await
}

/// Those of `ids` that exist.
pub(crate) async fn existing_ids<R: Row>(
    connection: &mut AnyConnection,
    ids: &[String],
) -> Result<HashSet<String>, StoreError> {
    ids_that::<R>(connection, "", None, ids).await
}

async fn ids_that<R: Row>(
    connection: &mut AnyConnection,
    condition: &str,
    value: Option<&str>,
    ids: &[String],
) -> Result<HashSet<String>, StoreError> {
    /// How many to ask for at once; a statement can bind some ten thousand values.
    const AT_ONCE: usize = 1000;
    let mut found = HashSet::new();
    for ids in ids.chunks(AT_ONCE) {
        let values = value.map(str::to_owned).into_iter();
        let values: Vec<_> = values.chain(ids.iter().cloned()).map(Some).collect();
        let placeholders: Vec<_> = (values.len() - ids.len() + 1..=values.len())
            .map(|n| format!("${n}"))
            .collect();
        let sql = format!(
            "SELECT id FROM {} WHERE {condition} id IN ({})",
            R::TABLE,
            placeholders.join(", ")
        );
        for row in bind(&sql, values).fetch_all(&mut *connection).await? {
            found.insert(row.try_get(0)?);
        }
    }
    Ok(found)
}

/// The rows that are visible from an organization, in the order of their IDs.
pub(crate) async fn list<R: Row>(
    connection: &mut AnyConnection,
    organization: &str,
    selection: Selection,
) -> Result<Vec<R>, StoreError> {
    let mut conditions = vec![visible::<R>()];
    let mut values = vec![organization.to_owned()];
    for (comparison, columns) in [("=", selection.equal), ("<>", selection.unequal)] {
        for (column, value) in columns {
            values.push(value);
            conditions.push(format!("{column} {comparison} ${}", values.len()));
        }
    }
    let range = selection
        .range
        .map(|(offset, limit)| format!(" LIMIT {limit} OFFSET {offset}"));
    let condition = format!(
        "{} ORDER BY id{}",
        conditions.join(" AND "),
        range.unwrap_or_default()
    );
    let rows = select(connection, &condition, values).await?;
    Ok(rows.into_iter().map(|versioned| versioned.row).collect())
}

/// Sets a value that every backend on this database shares, unless it is set.
/// Whether it was not.
pub(crate) async fn init_setting(
    connection: &mut AnyConnection,
    name: &str,
    value: &str,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    let done = sqlx::query(sql)
        .bind(name.to_owned())
        .bind(value.to_owned())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// A value that every backend on this database shares.
pub(crate) async fn setting(
    connection: &mut AnyConnection,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT value FROM settings WHERE name = $1";
    let row = sqlx::query(sql)
        .bind(name.to_owned())
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

async fn one<R: Row>(
    connection: &mut AnyConnection,
    condition: &str,
    values: Vec<String>,
) -> Result<Option<Versioned<R>>, StoreError> {
    Ok(select(connection, condition, values).await?.pop())
}

async fn select<R: Row>(
    connection: &mut AnyConnection,
    condition: &str,
    values: Vec<String>,
) -> Result<Vec<Versioned<R>>, StoreError> {
    // PostgreSQL has no text with a NUL byte, so none equals such a value.
    if values.iter().any(|value| value.contains('\0')) {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {}, version FROM {} WHERE {condition}",
        [R::COLUMNS, R::JOINED].concat().join(", "),
        R::SOURCE
    );
    let rows = bind(&sql, values.into_iter().map(Some).collect())
        .fetch_all(connection)
        .await?;
    rows.iter().map(versioned).collect()
}

fn versioned<R: Row>(row: &AnyRow) -> Result<Versioned<R>, StoreError> {
    let count = R::COLUMNS.len() + R::JOINED.len();
    let values = (0..count)
        .map(|n| row.try_get(n))
        .collect::<Result<_, _>>()?;
    Ok(Versioned {
        row: R::read(values).map_err(damaged::<R>)?,
        version: row.try_get(count)?,
    })
}

/// `sql` is put together from constants only; values are bound.
fn bind(sql: &str, values: Vec<Option<String>>) -> Query<'static, Any, AnyArguments> {
    let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    values.into_iter().fold(query, Query::bind)
}

/// Values of key columns.
mod keys {
    use std::fmt::Display;

    pub(super) fn text(value: Option<impl Display>) -> Option<String> {
        value.map(|value| value.to_string())
    }
}

fn visible<R: Row>() -> String {
    R::VISIBLE.replace("{tree}", TREE)
}

fn damaged<R: Row>(source: impl Into<Box<dyn StdError + Send + Sync>>) -> StoreError {
    StoreError::Damaged {
        table: R::TABLE,
        source: source.into(),
    }
}

/// What it means that a row cannot be written.
fn refused<R: Row>(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(cause) if cause.is_foreign_key_violation() => StoreError::Dangling {
            table: R::TABLE,
            source: error,
        },
        sqlx::Error::Database(cause) if cause.is_unique_violation() => StoreError::Duplicate {
            table: R::TABLE,
            source: error,
        },
        _ => error.into(),
    }
}
