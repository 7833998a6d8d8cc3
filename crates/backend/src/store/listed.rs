//! The table `listed`: what is listed, for whom, and in which order.
//!
//! A row of a resource has an entry for each of its listed properties and each
//! organization that it is visible from. So a list, from whichever organization,
//! is one range of the primary key, and what lies outside of it costs nothing.
//!
//! The entries of a row change in the transaction in which the row does, or the
//! memberships of a user. They rely on that the place of an organization in the
//! tree never changes, and that none is deleted.

use std::collections::BTreeSet;

use super::error::StoreError;
use super::key::key;
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

/// The lists that a row is in, and its key in each.
fn places<R: Row>(row: &R) -> Result<Vec<(i64, String)>, StoreError> {
    let archived = row.is_archived();
    let properties = row.properties().map_err(damaged::<R>)?;
    let listed = R::LISTED.iter().zip(1..).map(|((name, kind), property)| {
        let list = number::<R>(property, archived);
        (list, key(&properties[*name], *kind))
    });
    let by_id = (number::<R>(0, archived), String::new());
    Ok(std::iter::once(by_id).chain(listed).collect())
}

/// A list, an organization that sees it, and the key of the row in it.
type Entry = (i64, String, String);

fn entries<R: Row>(row: &R, viewers: &BTreeSet<String>) -> Result<BTreeSet<Entry>, StoreError> {
    let places = places(row)?;
    let entry = |viewer: &String, (list, key): &(i64, String)| (*list, viewer.clone(), key.clone());
    let of_viewer = |viewer| places.iter().map(move |place| entry(viewer, place));
    Ok(viewers.iter().flat_map(of_viewer).collect())
}

/// Enters a new row.
pub(super) async fn enter<R: Row>(session: &mut Session, row: &R) -> Result<(), StoreError> {
    let viewers = viewers(session, row.owner()).await?;
    enter_for(session, row, &viewers).await
}

/// Enters a row for more organizations.
pub(super) async fn enter_for<R: Row>(
    session: &mut Session,
    row: &R,
    viewers: &BTreeSet<String>,
) -> Result<(), StoreError> {
    let entries = entries(row, viewers)?;
    add(session, &id(row)?, entries.iter()).await
}

/// Removes the entries of a row for some organizations.
pub(super) async fn leave_for<R: Row>(
    session: &mut Session,
    row: &R,
    viewers: &BTreeSet<String>,
) -> Result<(), StoreError> {
    let entries = entries(row, viewers)?;
    remove(session, &id(row)?, entries.iter()).await
}

/// Removes a row that is there no more. It cannot have been a user, whose
/// memberships would be gone as well.
pub(super) async fn leave<R: Row>(session: &mut Session, row: &R) -> Result<(), StoreError> {
    let viewers = viewers(session, row.owner()).await?;
    leave_for(session, row, &viewers).await
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
pub(super) async fn viewers(
    session: &mut Session,
    owner: Option<Owner>,
) -> Result<BTreeSet<String>, StoreError> {
    let (owners, id) = match owner {
        None => return Ok(BTreeSet::new()),
        Some(Owner::Organization(id)) => ("SELECT id FROM organizations WHERE id = $1", id),
        Some(Owner::MembershipsOf(id)) => (
            "SELECT organization_id FROM memberships WHERE user_id = $1",
            id,
        ),
    };
    let sql = format!(
        "WITH RECURSIVE line (id) AS ({owners} UNION \
         SELECT above.parent FROM organizations AS above JOIN line ON above.id = line.id \
         WHERE above.parent IS NOT NULL) SELECT id FROM line"
    );
    let rows = session.lookup(&sql, vec![id.to_string().into()]).await?;
    let ids = rows.into_iter().map(|mut row| row.text(0));
    ids.collect::<Result<_, _>>().map_err(damaged_entry)
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
                Value::Text(viewer.clone()),
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

fn damaged_entry(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Damaged {
        table: "listed",
        source: source.into(),
    }
}
