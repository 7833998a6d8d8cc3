//! The statements that are the same for every resource.

use std::collections::HashSet;
use std::error::Error as StdError;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row as _};

use super::error::StoreError;
use super::row::{Row, Selection, Versioned, key, visible};

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

/// The row that a condition singles out.
pub(super) async fn one<R: Row>(
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
    let values: Vec<Option<String>> = (0..count)
        .map(|n| row.try_get(n))
        .collect::<Result<_, _>>()?;
    let id = values.first().cloned().flatten();
    let resource = R::read(values).map_err(damaged::<R>)?;
    // A change finds its row by the ID in the document.
    if key(resource.id()) != id {
        return Err(damaged::<R>("the document has another ID than its row"));
    }
    Ok(Versioned {
        row: resource,
        version: row.try_get(count)?,
    })
}

/// `sql` is put together from constants only; values are bound.
pub(super) fn bind(sql: &str, values: Vec<Option<String>>) -> Query<'static, Any, AnyArguments> {
    let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    values.into_iter().fold(query, Query::bind)
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
