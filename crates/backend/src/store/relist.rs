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
use super::row::{Row, damaged};
use super::rows::get;
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

/// Enters all rows of a resource. Each round begins behind the last one, so there are as
/// many as there are rows. One that is damaged is not listed anyway.
async fn enter_all<R: Row>(store: &Store) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT id FROM {} WHERE id > $1 ORDER BY id LIMIT {AT_ONCE}",
        R::TABLE
    );
    let mut after = String::new();
    loop {
        let mut transaction = store.write().await?;
        let ids = transaction.lookup(&sql, vec![after.into()]).await?;
        let ids = ids.into_iter().map(|mut row| row.text(0));
        let ids: Vec<_> = ids.collect::<Result<_, _>>().map_err(damaged::<R>)?;
        for id in &ids {
            match get::<R>(&mut transaction, id).await {
                Ok(Some(found)) => listed::enter(&mut transaction, &found.row).await?,
                Ok(None) => {}
                Err(error @ StoreError::Damaged { .. }) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, id, "a damaged row cannot be entered into lists");
                }
                Err(error) => return Err(error),
            }
        }
        commit(transaction).await?;
        let Some(last) = ids.into_iter().next_back() else {
            return Ok(());
        };
        after = last;
    }
}
