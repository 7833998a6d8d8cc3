//! Organizations in the store.

use std::error::Error as StdError;

use contract::id::ObjectId;
use contract::organizations::{Organization, OrganizationStatus};
use sqlx::{AnyConnection, Row as _};

use super::error::StoreError;
use super::row::{Row, TREE, key};
use super::rows::bind;

/// An organization in its place in the tree.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tenant {
    /// The organization that this one stands under.
    pub(crate) parent: Option<ObjectId>,
    pub(crate) organization: Organization,
}

impl Row for Tenant {
    const NOUN: &'static str = "organization";
    const TABLE: &'static str = "organizations";
    const COLUMNS: &'static [&'static str] = &["id", "parent", "status", "document"];
    const VISIBLE: &'static str = "id IN {tree}";

    fn id(&self) -> Option<ObjectId> {
        self.organization.id
    }

    fn write(&self) -> Result<Vec<Option<String>>, serde_json::Error> {
        let Organization { id, status, .. } = &self.organization;
        Ok(vec![
            key(*id),
            key(self.parent),
            key(Some(status.unwrap_or_default())),
            Some(serde_json::to_string(&self.organization)?),
        ])
    }

    fn read(values: Vec<Option<String>>) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        let [_, parent, _, document] =
            <[_; 4]>::try_from(values).map_err(|_| "four columns are expected")?;
        Ok(Self {
            parent: parent.map(|id| id.parse()).transpose()?,
            organization: serde_json::from_str(&document.ok_or("there is no document")?)?,
        })
    }
}

/// Whether `organization` is `root` or below it.
pub(crate) async fn is_within(
    connection: &mut AnyConnection,
    root: ObjectId,
    organization: ObjectId,
) -> Result<bool, StoreError> {
    let sql = format!("SELECT COUNT(*) FROM organizations WHERE id = $2 AND id IN {TREE}");
    let values = vec![Some(root.to_string()), Some(organization.to_string())];
    let count: i64 = bind(&sql, values).fetch_one(connection).await?.try_get(0)?;
    Ok(count > 0)
}

/// Makes other transactions that lock the same organization wait until this one
/// ends.
pub(crate) async fn lock(
    connection: &mut AnyConnection,
    organization: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE organizations SET version = version WHERE id = $1";
    bind(sql, vec![Some(organization.to_owned())])
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether an organization that is not archived stands right under this one.
pub(crate) async fn has_parts(
    connection: &mut AnyConnection,
    organization: ObjectId,
) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) FROM organizations WHERE parent = $1 AND status <> $2";
    let values = vec![
        Some(organization.to_string()),
        Some(OrganizationStatus::Archived.to_string()),
    ];
    let count: i64 = bind(sql, values).fetch_one(connection).await?.try_get(0)?;
    Ok(count > 0)
}

/// The organization at the top of the tree that this one is in.
pub(crate) async fn top(
    connection: &mut AnyConnection,
    organization: ObjectId,
) -> Result<Option<String>, StoreError> {
    let sql = "WITH RECURSIVE line (id, parent) AS \
         (SELECT id, parent FROM organizations WHERE id = $1 UNION \
         SELECT organizations.id, organizations.parent FROM organizations \
         JOIN line ON organizations.id = line.parent) \
         SELECT id FROM line WHERE parent IS NULL";
    let row = bind(sql, vec![Some(organization.to_string())])
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// The organization that was there first: the one that the first start created,
/// at the top of its tree.
pub(crate) async fn first(connection: &mut AnyConnection) -> Result<Option<String>, StoreError> {
    let sql = "SELECT id FROM organizations WHERE parent IS NULL ORDER BY id LIMIT 1";
    let row = bind(sql, Vec::new()).fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}
