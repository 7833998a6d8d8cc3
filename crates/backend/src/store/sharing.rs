//! Which rows organizations see beside those that belong to them or to one below.
//!
//! A row that is shared is listed under keys as well: one for its whole tree, one
//! for the groups of its owner, one for each of its tags. They stand where other
//! entries have an organization. An organization sees what is listed under the keys
//! that are its own. Each statement looks at them anew, so whoever joins a group,
//! or leaves it, sees the difference at once, and no bot is written for that.

use super::listed::{MEMBERS, PEERS, TAGS, number};
use super::row::{Row, Sharing, belongs};

/// An organization and all above it, as the query `line`. `organization` is an
/// expression of SQL.
fn line(organization: &str) -> String {
    format!(
        "WITH RECURSIVE line (id, parent) AS (\
         SELECT id, parent FROM organizations WHERE id = {organization} UNION \
         SELECT above.id, above.parent FROM organizations AS above \
         JOIN line ON above.id = line.parent)"
    )
}

/// The keys of an organization under which rows of a resource can be listed, as a
/// query. `organization` is an expression of SQL. They are as many as there are
/// members in its groups, and tags of its own for each organization above it.
pub(super) fn keys<R: Row>(organization: &str) -> String {
    let line = line(organization);
    let tags = format!(
        "{line} SELECT 'tag:' || line.id || ':' || tag.value \
         FROM line CROSS JOIN listed AS tag \
         WHERE tag.list = {TAGS} AND tag.viewer = {organization} AND line.id <> {organization}"
    );
    match R::SHARING {
        Sharing::Never | Sharing::ByTags => tags,
        Sharing::ByAudience => format!(
            "{tags} UNION ALL SELECT 'tree:' || line.id FROM line WHERE line.parent IS NULL \
             UNION ALL SELECT 'groups:' || peer.value \
             FROM listed AS member CROSS JOIN listed AS peer \
             WHERE member.list = {MEMBERS} AND member.viewer = {organization} \
             AND peer.list = {PEERS} AND peer.viewer = member.value"
        ),
    }
}

/// The condition under which a row is shared with an organization. `id` is that of
/// the row and `owner` the organization that it belongs to; all are expressions of
/// SQL. It asks from the row upwards, so that it takes as long in a large group as in
/// a small one.
pub(super) fn is_shared<R: Row>(id: &str, owner: &str, organization: &str) -> String {
    let [active, archived] = [false, true].map(|archived| number::<R>(0, archived));
    // PostgreSQL would join what EXISTS looks at, and read all of it.
    let is_under = |key: &str| {
        format!(
            "0 < (SELECT COUNT(*) FROM listed AS share \
             WHERE share.list IN ({active}, {archived}) AND share.viewer = {key} \
             AND share.value = '' AND share.id = {id})"
        )
    };
    let line = line(organization);
    let tags = format!(
        "{owner} IN ({line} SELECT line.id FROM line WHERE line.id <> {organization}) AND \
         0 < (SELECT COUNT(*) FROM listed AS tag WHERE tag.list = {TAGS} \
         AND tag.viewer = {organization} AND {})",
        is_under(&format!("'tag:' || {owner} || ':' || tag.value"))
    );
    match R::SHARING {
        Sharing::Never => "1 = 0".to_owned(),
        Sharing::ByTags => format!("({tags})"),
        Sharing::ByAudience => {
            let in_tree = is_under(&format!(
                "({line} SELECT 'tree:' || line.id FROM line WHERE line.parent IS NULL)"
            ));
            let for_groups = is_under(&format!("'groups:' || {owner}"));
            format!(
                "({in_tree} OR {tags} OR {for_groups} AND 0 < (SELECT COUNT(*) \
                 FROM listed AS member WHERE member.list = {MEMBERS} \
                 AND member.viewer = {organization} AND 0 < (SELECT COUNT(*) \
                 FROM listed AS peer WHERE peer.list = {PEERS} \
                 AND peer.viewer = member.value AND peer.value = {owner})))"
            )
        }
    }
}

/// The condition under which a row that is known otherwise is visible from the
/// organization bound to `$1`.
pub(super) fn seen<R: Row>() -> String {
    let belongs = belongs::<R>();
    if matches!(R::SHARING, Sharing::Never) {
        return belongs;
    }
    let table = R::TABLE;
    let [id, owner] = ["id", "organization"].map(|column| format!("{table}.{column}"));
    let is_shared = is_shared::<R>(&id, &owner, "$1");
    format!("({belongs} OR {is_shared})")
}
