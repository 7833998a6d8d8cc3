//! The statements that are the same for every resource.

use std::collections::HashSet;

use super::error::StoreError;
use super::listed;
use super::row::{Row, Versioned, belongs, damaged, key};
use super::session::Session;
use super::sharing::seen;
use super::value::{Cells, Value};

/// How many values to ask for at once; a statement can bind some ten thousand.
pub(super) const AT_ONCE: usize = 1000;

/// The places of so many values in a statement, beginning with this number.
pub(super) fn placeholders(first: usize, count: usize) -> String {
    let places: Vec<_> = (first..first + count).map(|n| format!("${n}")).collect();
    places.join(", ")
}

/// The viewer of what is read for no organization.
pub(super) const NOBODY: &str = "NULL";

/// Adds a row.
pub(crate) async fn insert<R: Row>(session: &mut Session, row: &R) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO {} ({}, version) VALUES ({}, 1)",
        R::TABLE,
        R::COLUMNS.join(", "),
        placeholders(1, R::COLUMNS.len()),
    );
    let values = row.write().map_err(damaged::<R>)?;
    let done = session.execute(&sql, texts(values)).await;
    done.map_err(|error| error.of_row(R::TABLE))?;
    listed::enter(session, row).await
}

/// Replaces a row. Returns false, and changes nothing, if the row has changed since
/// it was read.
pub(crate) async fn replace<R: Row>(
    session: &mut Session,
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
    let mut values = texts(row.write().map_err(damaged::<R>)?);
    values.push(read.version.into());
    let done = session.execute(&sql, values).await;
    if done.map_err(|error| error.of_row(R::TABLE))? != 1 {
        return Ok(false);
    }
    listed::change(session, &read.row, row).await?;
    Ok(true)
}

/// Deletes a row. Returns false, and deletes nothing, if the row has changed since
/// it was read.
pub(crate) async fn delete<R: Row>(
    session: &mut Session,
    read: &Versioned<R>,
) -> Result<bool, StoreError> {
    let sql = format!("DELETE FROM {} WHERE id = $1 AND version = $2", R::TABLE);
    let values = vec![Value::text(read.row.id()), read.version.into()];
    if session.execute(&sql, values).await? != 1 {
        return Ok(false);
    }
    listed::leave(session, &read.row).await?;
    Ok(true)
}

/// The row with an ID.
pub(crate) async fn get<R: Row>(
    session: &mut Session,
    id: &str,
) -> Result<Option<Versioned<R>>, StoreError> {
    one(session, NOBODY, "id = $1", vec![id.to_owned()]).await
}

/// The row with an ID, if it is visible from an organization.
pub(crate) async fn get_visible<R: Row>(
    session: &mut Session,
    organization: &str,
    id: &str,
) -> Result<Option<Versioned<R>>, StoreError> {
    one_that(session, &seen::<R>(), organization, id).await
}

/// The row with an ID, if it belongs to an organization or to one below.
pub(crate) async fn get_belonging<R: Row>(
    session: &mut Session,
    organization: &str,
    id: &str,
) -> Result<Option<Versioned<R>>, StoreError> {
    one_that(session, &belongs::<R>(), organization, id).await
}

/// The row with an ID, as it is read for the organization that is bound to `$1`, if a
/// condition on the two is met.
async fn one_that<R: Row>(
    session: &mut Session,
    condition: &str,
    organization: &str,
    id: &str,
) -> Result<Option<Versioned<R>>, StoreError> {
    let condition = format!("id = $2 AND {condition}");
    let values = vec![organization.to_owned(), id.to_owned()];
    one(session, "$1", &condition, values).await
}

/// Those of `ids` that are visible from an organization.
pub(crate) async fn visible_ids<R: Row>(
    session: &mut Session,
    organization: &str,
    ids: &[String],
) -> Result<HashSet<String>, StoreError> {
    ids_that::<R>(session, Lock::No, Some(organization), ids).await
}

/// Those of `ids` that are visible from an organization. None of them changes until
/// the transaction ends. One that is shared by a group or by a tag can be seen no more
/// before that, as if it had been so a moment later.
pub(crate) async fn lock_visible<R: Row>(
    session: &mut Session,
    organization: &str,
    ids: &[String],
) -> Result<HashSet<String>, StoreError> {
    // A statement that waits for a lock looks at the row as it is then, and at what else
    // its condition reads as it was before. So it is asked behind the lock.
    lock_existing::<R>(session, ids).await?;
    visible_ids::<R>(session, organization, ids).await
}

/// Those of `ids` that exist.
pub(crate) async fn existing_ids<R: Row>(
    session: &mut Session,
    ids: &[String],
) -> Result<HashSet<String>, StoreError> {
    ids_that::<R>(session, Lock::No, None, ids).await
}

/// Those of `ids` that exist. They go on doing so until the transaction ends.
pub(crate) async fn lock_existing<R: Row>(
    session: &mut Session,
    ids: &[String],
) -> Result<HashSet<String>, StoreError> {
    ids_that::<R>(session, Lock::Yes, None, ids).await
}

/// Whether others may change what is read before the transaction ends.
#[derive(Clone, Copy)]
enum Lock {
    Yes,
    No,
}

async fn ids_that<R: Row>(
    session: &mut Session,
    lock: Lock,
    organization: Option<&str>,
    ids: &[String],
) -> Result<HashSet<String>, StoreError> {
    let condition = organization.map_or_else(String::new, |_| format!("{} AND", seen::<R>()));
    let mut found = HashSet::new();
    for ids in ids.chunks(AT_ONCE) {
        let values = organization.map(str::to_owned).into_iter();
        let values: Vec<_> = values.chain(ids.iter().cloned()).map(Value::from).collect();
        let sql = format!(
            "SELECT id FROM {} WHERE {condition} id IN ({}) ORDER BY id",
            R::TABLE,
            placeholders(values.len() - ids.len() + 1, ids.len())
        );
        let rows = match lock {
            Lock::Yes => session.lock(&sql, "FOR SHARE", values).await?,
            Lock::No => session.lookup(&sql, values).await?,
        };
        for mut row in rows {
            found.insert(row.text(0).map_err(damaged::<R>)?);
        }
    }
    Ok(found)
}

/// The row that a condition singles out, as it is read for `viewer`.
pub(super) async fn one<R: Row>(
    session: &mut Session,
    viewer: &str,
    condition: &str,
    values: Vec<String>,
) -> Result<Option<Versioned<R>>, StoreError> {
    Ok(select(session, viewer, condition, values).await?.pop())
}

async fn select<R: Row>(
    session: &mut Session,
    viewer: &str,
    condition: &str,
    values: Vec<String>,
) -> Result<Vec<Versioned<R>>, StoreError> {
    let Some((sql, values)) = selecting::<R>(viewer, condition, values) else {
        return Ok(Vec::new());
    };
    let rows = session.lookup(&sql, values).await?;
    rows.into_iter().map(versioned).collect()
}

/// The statement that reads the rows that satisfy a condition, and its values.
/// `None` if there can be no such row.
fn selecting<R: Row>(
    viewer: &str,
    condition: &str,
    values: Vec<String>,
) -> Option<(String, Vec<Value>)> {
    // PostgreSQL has no text with a NUL byte, so none equals such a value.
    if values.iter().any(|value| value.contains('\0')) {
        return None;
    }
    let sql = format!(
        "SELECT {}, version FROM {} WHERE {condition}",
        [R::COLUMNS, R::JOINED].concat().join(", "),
        R::source(viewer)
    );
    Some((sql, values.into_iter().map(Value::from).collect()))
}

pub(super) fn versioned<R: Row>(mut row: Cells) -> Result<Versioned<R>, StoreError> {
    let count = R::COLUMNS.len() + R::JOINED.len();
    let values = (0..count).map(|column| row.optional_text(column));
    let values: Vec<_> = values.collect::<Result<_, _>>().map_err(damaged::<R>)?;
    let id = values.first().cloned().flatten();
    let resource = R::read(values).map_err(damaged::<R>)?;
    // A change finds its row by the ID in the document.
    if key(resource.id()) != id {
        return Err(damaged::<R>("the document has another ID than its row"));
    }
    Ok(Versioned {
        row: resource,
        version: row.integer(count).map_err(damaged::<R>)?,
    })
}

/// The number that a statement counts.
pub(super) async fn count(
    session: &mut Session,
    sql: &str,
    values: Vec<Value>,
) -> Result<i64, StoreError> {
    let row = session.lookup(sql, values).await?.pop();
    let count = row.map(|mut row| row.integer(0)).transpose();
    let count = count.map_err(|source| StoreError::Damaged {
        table: "a count",
        source: source.into(),
    });
    Ok(count?.unwrap_or_default())
}

fn texts(values: Vec<Option<String>>) -> Vec<Value> {
    values.into_iter().map(Value::text).collect()
}
