//! Entering what is there into lists that are new.
//!
//! A database that is older than sharing has no entries for it. They are added once,
//! at a start, in short transactions; to add one twice changes nothing.

use contract::bots::Bot;
use contract::forms::Form;
use contract::organization_groups::OrganizationGroup;

use super::connect::{Store, commit};
use super::error::StoreError;
use super::listed;
use super::organizations::Tenant;
use super::row::Row;
use super::rows::{NOBODY, select};
use super::settings::{put_setting, setting};

/// The setting that notes which lists there are.
const LISTS: &str = "lists";

/// Its present value.
const PRESENT: &str = "2";

/// How many rows are entered in one transaction.
const AT_ONCE: usize = 200;

/// Enters all rows whose lists have become more since the database was made.
pub(crate) async fn relist(store: &Store) -> Result<(), StoreError> {
    let noted = setting(&mut store.read().await?, LISTS).await?;
    if noted.as_deref() == Some(PRESENT) {
        return Ok(());
    }
    enter_all::<Tenant>(store).await?;
    enter_all::<OrganizationGroup>(store).await?;
    enter_all::<Bot>(store).await?;
    enter_all::<Form>(store).await?;
    let mut transaction = store.write().await?;
    put_setting(&mut transaction, LISTS, PRESENT).await?;
    commit(transaction).await
}

async fn enter_all<R: Row>(store: &Store) -> Result<(), StoreError> {
    let condition = format!("id > $1 ORDER BY id LIMIT {AT_ONCE}");
    let mut after = String::new();
    loop {
        let mut transaction = store.write().await?;
        let rows = select::<R>(&mut transaction, NOBODY, &condition, vec![after.clone()]).await?;
        for found in &rows {
            listed::enter(&mut transaction, &found.row).await?;
        }
        commit(transaction).await?;
        let Some(last) = rows.last().and_then(|found| found.row.id()) else {
            return Ok(());
        };
        after = last.to_string();
    }
}
