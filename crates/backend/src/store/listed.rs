//! The table `listed`: what is listed, for whom, and in which order.
//!
//! A row of a resource has an entry for each of its listed properties and each
//! organization that it is visible from. So a list, from whichever organization,
//! is one range of the primary key, and what lies outside of it costs nothing.
//!
//! The entries of a row change in the transaction in which the row does. They rely on that the place of an organization in the
//! tree never changes, and that none is deleted.

use std::collections::BTreeSet;

use contract::id::ObjectId;

use super::error::StoreError;
use super::key::key;
use super::line::line;
use super::row::{Owner, Row, damaged};
use super::session::Session;
use super::value::Value;

/// How many entries one statement adds or removes at most.
const AT_ONCE: usize = 20;

/// The number of a list: of all rows of a resource that are archived, or of all
/// that are not, in the order of a property. Property 0 is the ID; the others
/// are those of [`Row::LISTED`].
pub(crate) fn number<R: Row>(property: usize, archived: bool) -> i64 {
    /// More than a resource has.
    const PROPERTIES: i64 = 32;
    const { assert!(R::LISTED.len() < 32, "a resource lists too many properties") };
    let property = i64::try_from(property).unwrap_or(PROPERTIES - 1);
    (R::LIST * PROPERTIES + property) * 2 + i64::from(archived)
}

/// The lists that a row with these properties is in, and its key in each.
fn places<R: Row>(row: &R, properties: &serde_json::Value) -> Vec<(i64, String)> {
    let archived = row.is_archived();
    let listed = R::LISTED.iter().zip(1..).map(|((name, kind), property)| {
        let list = number::<R>(property, archived);
        (list, key(&properties[*name], *kind))
    });
    let by_id = (number::<R>(0, archived), String::new());
    std::iter::once(by_id).chain(listed).collect()
}

/// A list, an organization that sees it, and the key of the row in it.
type Entry = (i64, ObjectId, String);

fn entries<R: Row>(row: &R, viewers: &BTreeSet<ObjectId>) -> Result<BTreeSet<Entry>, StoreError> {
    let everybodys = row.properties().map_err(damaged::<R>)?;
    let everybodys = places(row, &everybodys);
    let mut entries = BTreeSet::new();
    for viewer in viewers {
        let own = row.properties_for(*viewer).transpose();
        let own = own.map_err(damaged::<R>)?.map(|own| places(row, &own));
        let places = own.as_ref().unwrap_or(&everybodys);
        let entry = |(list, key): &(i64, String)| (*list, *viewer, key.clone());
        entries.extend(places.iter().map(entry));
    }
    Ok(entries)
}

/// Enters a new row.
pub(super) async fn enter<R: Row>(session: &mut Session, row: &R) -> Result<(), StoreError> {
    let entries = entries(row, &viewers(session, row.owner()).await?)?;
    add(session, &id(row)?, entries.iter()).await
}

/// Removes a row that is there no more.
pub(super) async fn leave<R: Row>(session: &mut Session, row: &R) -> Result<(), StoreError> {
    let entries = entries(row, &viewers(session, row.owner()).await?)?;
    remove(session, &id(row)?, entries.iter()).await
}

/// Changes the entries of a row that has changed.
pub(super) async fn change<R: Row>(
    session: &mut Session,
    before: &R,
    after: &R,
) -> Result<(), StoreError> {
    let viewers_after = viewers(session, after.owner()).await?;
    let entries_after = entries(after, &viewers_after)?;
    let entries_before = if before.owner() == after.owner() {
        entries(before, &viewers_after)?
    } else {
        entries(before, &viewers(session, before.owner()).await?)?
    };
    let id = id(after)?;
    remove(session, &id, entries_before.difference(&entries_after)).await?;
    add(session, &id, entries_after.difference(&entries_before)).await
}

/// The organizations that see what has this owner: those that it belongs to, and
/// all above them.
async fn viewers(
    session: &mut Session,
    owner: Option<Owner>,
) -> Result<BTreeSet<ObjectId>, StoreError> {
    match owner {
        None => Ok(BTreeSet::new()),
        Some(Owner::Lines(lines)) => Ok(lines),
        Some(Owner::Organization(id)) => Ok(line(session, id).await?.into_iter().collect()),
    }
}

async fn add(
    session: &mut Session,
    id: &str,
    entries: impl Iterator<Item = &Entry>,
) -> Result<(), StoreError> {
    let row = |first| {
        let [list, viewer, key, id] = [first, first + 1, first + 2, first + 3];
        format!("(${list}, ${viewer}, ${key}, ${id})")
    };
    let statement = |rows: &[String]| {
        let rows = rows.join(", ");
        // A document that was damaged and is repaired has entries already.
        format!("INSERT INTO listed (list, viewer, value, id) VALUES {rows} ON CONFLICT DO NOTHING")
    };
    in_chunks(session, id, entries, row, statement).await
}

async fn remove(
    session: &mut Session,
    id: &str,
    entries: impl Iterator<Item = &Entry>,
) -> Result<(), StoreError> {
    let row = |first| {
        let [list, viewer, key, id] = [first, first + 1, first + 2, first + 3];
        format!("(list = ${list} AND viewer = ${viewer} AND value = ${key} AND id = ${id})")
    };
    let statement = |rows: &[String]| format!("DELETE FROM listed WHERE {}", rows.join(" OR "));
    in_chunks(session, id, entries, row, statement).await
}

async fn in_chunks(
    session: &mut Session,
    id: &str,
    entries: impl Iterator<Item = &Entry>,
    row: impl Fn(usize) -> String,
    statement: impl Fn(&[String]) -> String,
) -> Result<(), StoreError> {
    let entries: Vec<_> = entries.collect();
    for entries in entries.chunks(AT_ONCE) {
        let rows: Vec<_> = (0..entries.len()).map(|entry| row(entry * 4 + 1)).collect();
        let values = entries.iter().flat_map(|(list, viewer, key)| {
            [
                Value::Integer(*list),
                Value::Text(viewer.to_string()),
                Value::Text(key.clone()),
                Value::Text(id.to_owned()),
            ]
        });
        session.execute(&statement(&rows), values.collect()).await?;
    }
    Ok(())
}

fn id<R: Row>(row: &R) -> Result<String, StoreError> {
    let id = row.id().ok_or("a row without an ID cannot be listed");
    Ok(id.map_err(damaged::<R>)?.to_string())
}
