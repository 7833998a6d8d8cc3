//! The table `listed`: what is listed, for whom, and in which order.
//!
//! A row of a resource has an entry for each of its listed properties and each
//! organization that it belongs to or that is above such a one. So a list, from
//! whichever organization, is one range of the primary key, and what lies outside of
//! it costs nothing. A row that is shared has such entries under keys too, and some
//! rows are listed by what they say about organizations; see [`super::sharing`].
//!
//! The entries of a row change in the transaction in which the row does. They rely
//! on the place of an organization in the tree, which never changes, and on that no
//! organization is deleted.

use std::collections::BTreeSet;

use contract::id::ObjectId;

use super::error::StoreError;
use super::key::key;
use super::line::line;
use super::row::{Link, Owner, Row, Share, damaged};
use super::session::Session;
use super::value::Value;
use crate::token::Fingerprint;

/// How many entries one statement adds or removes at most.
const AT_ONCE: usize = 20;

/// The lists of what rows say about organizations. Resources have greater numbers.
pub(super) const TAGS: i64 = 0;
pub(super) const MEMBERS: i64 = 1;
pub(super) const PEERS: i64 = 2;

/// The number of a list: of all rows of a resource that are archived, or of all
/// that are not, in the order of a property. Property 0 is the ID; the others
/// are those of [`Row::LISTED`].
pub(crate) fn number<R: Row>(property: usize, archived: bool) -> i64 {
    /// More than a resource has.
    const PROPERTIES: i64 = 32;
    const {
        assert!(R::LIST > 0, "the lists of the number 0 are those of links");
        assert!(R::LISTED.len() < 32, "a resource lists too many properties");
    }
    let property = i64::try_from(property).unwrap_or(PROPERTIES - 1);
    (R::LIST * PROPERTIES + property) * 2 + i64::from(archived)
}

/// The key under which a row is listed for those that it is shared with. `line` is
/// the organization that it belongs to and all above it.
fn share_key(share: &Share, line: &[ObjectId]) -> Option<String> {
    let (owner, root) = (line.first()?, line.last()?);
    Some(match share {
        Share::Tree => format!("tree:{root}"),
        Share::Groups => format!("groups:{owner}"),
        Share::Tag(tag) => format!("tag:{owner}:{}", tag_key(tag)),
    })
}

/// A tag as a part of a key: always as long, and without characters that a database
/// does not have.
fn tag_key(tag: &str) -> String {
    Fingerprint::of(tag).to_string()
}

/// Where a link is listed.
fn link_entry(link: &Link) -> Entry {
    match link {
        Link::Tag { organization, tag } => (TAGS, organization.to_string(), tag_key(tag)),
        Link::Member {
            organization,
            group,
        } => (MEMBERS, organization.to_string(), group.to_string()),
        Link::Peer {
            organization,
            group,
        } => (PEERS, group.to_string(), organization.to_string()),
    }
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

/// A list, who sees it there, and the key of the row in it.
type Entry = (i64, String, String);

/// The organizations that a row belongs to and all above them. If it belongs to one,
/// that comes first and each stands behind the one below.
async fn lines<R: Row>(session: &mut Session, row: &R) -> Result<Vec<ObjectId>, StoreError> {
    match row.owner() {
        None => Ok(Vec::new()),
        Some(Owner::Lines(lines)) => Ok(lines.into_iter().collect()),
        Some(Owner::Organization(id)) => line(session, id).await,
    }
}

/// The entries of a row that has these [`lines`].
fn entries<R: Row>(row: &R, lines: &[ObjectId]) -> Result<BTreeSet<Entry>, StoreError> {
    let everybodys = row.properties().map_err(damaged::<R>)?;
    let everybodys = places(row, &everybodys);
    let mut entries = BTreeSet::new();
    let mut enter = |viewer: &str, places: &[(i64, String)]| {
        let entry = |(list, key): &(i64, String)| (*list, viewer.to_owned(), key.clone());
        entries.extend(places.iter().map(entry));
    };
    for viewer in lines {
        let own = row.properties_for(*viewer).transpose();
        let own = own.map_err(damaged::<R>)?.map(|own| places(row, &own));
        enter(&viewer.to_string(), own.as_ref().unwrap_or(&everybodys));
    }
    let shares = row.shares();
    for key in shares.iter().filter_map(|share| share_key(share, lines)) {
        enter(&key, &everybodys);
    }
    entries.extend(row.links().iter().map(link_entry));
    Ok(entries)
}

/// Enters a new row.
pub(super) async fn enter<R: Row>(session: &mut Session, row: &R) -> Result<(), StoreError> {
    let entries = entries(row, &lines(session, row).await?)?;
    add(session, &id(row)?, entries.iter()).await
}

/// Removes a row that is there no more.
pub(super) async fn leave<R: Row>(session: &mut Session, row: &R) -> Result<(), StoreError> {
    let entries = entries(row, &lines(session, row).await?)?;
    remove(session, &id(row)?, entries.iter()).await
}

/// Changes the entries of a row that has changed.
pub(super) async fn change<R: Row>(
    session: &mut Session,
    before: &R,
    after: &R,
) -> Result<(), StoreError> {
    let lines_after = lines(session, after).await?;
    let entries_after = entries(after, &lines_after)?;
    let entries_before = if before.owner() == after.owner() {
        entries(before, &lines_after)?
    } else {
        entries(before, &lines(session, before).await?)?
    };
    let id = id(after)?;
    remove(session, &id, entries_before.difference(&entries_after)).await?;
    add(session, &id, entries_after.difference(&entries_before)).await
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
