//! Organizations in the store.

use std::error::Error as StdError;

use contract::id::ObjectId;
use contract::organizations::{Organization, OrganizationStatus};

use super::error::StoreError;
use super::key::Kind;
use super::row::{Link, Owner, Row, damaged, key};
use super::rows::count;
use super::session::Session;
use super::value::Value;

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
    const OWNERS: &'static str = "SELECT organizations.id";
    const LIST: i64 = 2;
    const LISTED: &'static [(&'static str, Kind)] = &[
        ("name", Kind::Text),
        ("displayName", Kind::Text),
        ("status", Kind::Text),
        ("createdAt", Kind::Instant),
        ("updatedAt", Kind::Instant),
    ];

    fn id(&self) -> Option<ObjectId> {
        self.organization.id
    }

    fn owner(&self) -> Option<Owner> {
        self.organization.id.map(Owner::Organization)
    }

    fn is_archived(&self) -> bool {
        self.organization.status == Some(OrganizationStatus::Archived)
    }

    fn properties(&self) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::to_value(&self.organization)
    }

    fn links(&self) -> Vec<Link> {
        let Some(organization) = self.organization.id else {
            return Vec::new();
        };
        let tags = self.organization.tags.iter().flatten().cloned();
        tags.map(|tag| Link::Tag { organization, tag }).collect()
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

/// Makes other transactions that lock the same organization wait until this one
/// ends.
pub(crate) async fn lock(session: &mut Session, organization: &str) -> Result<(), StoreError> {
    let sql = "UPDATE organizations SET version = version WHERE id = $1";
    session.execute(sql, vec![organization.into()]).await?;
    Ok(())
}

/// Makes who is about to archive an organization wait for those who have asked
/// whether it is [archived](is_archived), and makes those who ask wait.
pub(crate) async fn lock_to_archive(
    session: &mut Session,
    organization: ObjectId,
) -> Result<(), StoreError> {
    let sql = "SELECT id FROM organizations WHERE id = $1";
    let values = vec![organization.to_string().into()];
    session.lock(sql, "FOR UPDATE", values).await?;
    Ok(())
}

/// Returns whether an organization is archived. That stays so until the transaction
/// ends.
pub(crate) async fn is_archived(
    session: &mut Session,
    organization: ObjectId,
) -> Result<bool, StoreError> {
    let sql = "SELECT status FROM organizations WHERE id = $1";
    let values = vec![organization.to_string().into()];
    let row = session.lock(sql, "FOR KEY SHARE", values);
    let status = row.await?.pop().map(|mut row| row.text(0)).transpose();
    let status = status.map_err(damaged::<Tenant>)?;
    Ok(status == Some(OrganizationStatus::Archived.to_string()))
}

/// Returns whether an organization that is not archived stands right under this
/// one.
pub(crate) async fn has_parts(
    session: &mut Session,
    organization: ObjectId,
) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) FROM organizations WHERE parent = $1 AND status <> $2";
    let values = vec![
        organization.to_string().into(),
        OrganizationStatus::Archived.to_string().into(),
    ];
    Ok(count(session, sql, values).await? > 0)
}

/// The organization that was there first: the one that the first start created,
/// at the top of its tree.
pub(crate) async fn first(session: &mut Session) -> Result<Option<String>, StoreError> {
    let sql = "SELECT id FROM organizations WHERE parent IS NULL ORDER BY id LIMIT 1";
    id(session, sql, Vec::new()).await
}

/// The ID that a statement finds, if it finds one.
async fn id(
    session: &mut Session,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<String>, StoreError> {
    let row = session.lookup(sql, values).await?.pop();
    row.map(|mut row| row.text(0))
        .transpose()
        .map_err(damaged::<Tenant>)
}
