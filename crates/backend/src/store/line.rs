//! The line of an organization: itself and all above it, which never changes.

use std::error::Error as StdError;

use contract::id::ObjectId;

use super::error::StoreError;
use super::session::Session;

/// An organization that exists, and all above it, each behind the one below.
pub(crate) async fn line(
    session: &mut Session,
    organization: ObjectId,
) -> Result<Vec<ObjectId>, StoreError> {
    let sql = "WITH RECURSIVE line (id, parent, depth) AS \
         (SELECT id, parent, 0 FROM organizations WHERE id = $1 UNION \
         SELECT above.id, above.parent, line.depth + 1 FROM organizations AS above \
         JOIN line ON above.id = line.parent) SELECT id FROM line ORDER BY depth";
    let rows = session.lookup(sql, vec![organization.to_string().into()]);
    let ids = rows.await?.into_iter().map(|mut row| {
        let id = row.text(0).map_err(damaged)?;
        id.parse().map_err(damaged)
    });
    ids.collect()
}

fn damaged(source: impl Into<Box<dyn StdError + Send + Sync>>) -> StoreError {
    StoreError::Damaged {
        table: "organizations",
        source: source.into(),
    }
}
