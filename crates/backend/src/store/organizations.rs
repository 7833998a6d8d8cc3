//! Organizations in the store.

use std::error::Error as StdError;

use contract::id::ObjectId;
use contract::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, Row as _};

use super::{Row, StoreError, TREE, bind};

/// An organization as it is kept. Users, and whatever else belongs to somebody,
/// belong to one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Organization {
    pub(crate) id: ObjectId,
    /// The organization that this one is a part of.
    #[serde(skip)]
    pub(crate) parent: Option<ObjectId>,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Row for Organization {
    const TABLE: &'static str = "organizations";
    const COLUMNS: &'static [&'static str] = &["id", "parent", "status", "document"];
    const VISIBLE: &'static str = "id IN {tree}";

    fn write(&self) -> Result<Vec<Option<String>>, serde_json::Error> {
        Ok(vec![
            Some(self.id.to_string()),
            self.parent.map(|id| id.to_string()),
            Some(self.status.clone()),
            Some(serde_json::to_string(self)?),
        ])
    }

    fn read(values: Vec<Option<String>>) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        let [_, parent, _, document] =
            <[_; 4]>::try_from(values).map_err(|_| "four columns are expected")?;
        let parent = parent.map(|id| id.parse()).transpose()?;
        let organization: Self = serde_json::from_str(&document.ok_or("there is no document")?)?;
        Ok(Self {
            parent,
            ..organization
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
