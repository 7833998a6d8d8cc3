//! Which rows organizations see beside those that belong to them or to one below.
//!
//! A row that is shared is listed under keys as well: one for its whole tree, one
//! for the groups of its owner, one for each of its tags. They stand where other
//! entries have an organization. An organization sees what is listed under the keys
//! that are its own. Each statement looks these up anew, so whoever joins a group,
//! or leaves it, sees the difference at once, and no bot is written for that.

use super::listed::{MEMBERS, PEERS, TAGS, number};
use super::row::{Row, belongs};

/// The keys of an organization, as a query. `organization` is an expression of SQL.
pub(super) fn keys(organization: &str) -> String {
    format!(
        "WITH RECURSIVE line (id, parent) AS (\
         SELECT id, parent FROM organizations WHERE id = {organization} UNION \
         SELECT above.id, above.parent FROM organizations AS above \
         JOIN line ON above.id = line.parent) \
         SELECT 'tree:' || line.id FROM line WHERE line.parent IS NULL UNION ALL \
         SELECT 'tag:' || line.id || ':' || tag.value FROM line CROSS JOIN listed AS tag \
         WHERE tag.list = {TAGS} AND tag.viewer = {organization} \
         AND line.id <> {organization} UNION ALL \
         SELECT 'groups:' || peer.value FROM listed AS member CROSS JOIN listed AS peer \
         WHERE member.list = {MEMBERS} AND member.viewer = {organization} \
         AND peer.list = {PEERS} AND peer.viewer = member.value"
    )
}

/// The condition under which a row is shared with an organization. `id` is that of
/// the row; both are expressions of SQL.
pub(super) fn is_shared<R: Row>(id: &str, organization: &str) -> String {
    let [active, archived] = [false, true].map(|archived| number::<R>(0, archived));
    // PostgreSQL would join what EXISTS looks at, and read all of it.
    format!(
        "0 < (SELECT COUNT(*) FROM listed AS share WHERE share.list IN ({active}, {archived}) \
         AND share.viewer IN ({}) AND share.value = '' AND share.id = {id})",
        keys(organization)
    )
}

/// The condition under which a row that is known otherwise is visible from the
/// organization bound to `$1`.
pub(super) fn seen<R: Row>() -> String {
    let belongs = belongs::<R>();
    if !R::IS_SHARED {
        return belongs;
    }
    let is_shared = is_shared::<R>(&format!("{}.id", R::TABLE), "$1");
    format!("({belongs} OR {is_shared})")
}
