//! Changing and deleting what is kept.
//!
//! Whoever comes second of two that change one resource starts over with what the
//! first one made of it, so neither change is lost.

use contract::failure::Failure;
use contract::id::ObjectId;

use super::conditions::{Conditions, check_open};
use super::stamps::Stamped;
use crate::access::{Act, Caller, begin, find_to_change};
use crate::app::App;
use crate::error::Error;
use crate::store::{self, Owner, Row};

/// How often a change is tried anew because another one came first. Of any
/// number of changes at once at least one succeeds each time.
const ATTEMPTS: usize = 64;

/// A resource as it shall be, and what has to be so for that.
#[derive(Debug)]
pub(crate) struct Edited<R> {
    pub(crate) row: R,
    pub(crate) conditions: Conditions,
}

impl<R> From<R> for Edited<R> {
    fn from(row: R) -> Self {
        Self {
            row,
            conditions: Conditions::default(),
        }
    }
}

/// Changes the resource with an ID: `edit` makes the new one of the present one,
/// and what comes back is what was kept.
pub(crate) async fn change<R, E, F>(
    app: &App,
    caller: Caller,
    id: ObjectId,
    edit: impl Fn(R) -> F,
) -> Result<R, Error>
where
    R: Row + Stamped + Clone + PartialEq,
    E: Into<Edited<R>>,
    F: Future<Output = Result<E, Error>>,
{
    caller.check(Act::Manage)?;
    until_saved(app, || async {
        let found = find_to_change::<R>(app, caller, id).await?;
        let Edited {
            mut row,
            conditions,
        } = edit(found.row.clone()).await?.into();
        if row == found.row {
            return Ok(Some(row));
        }
        row.stamps().change(app.now()?, caller.id);
        let mut transaction = begin(app, caller).await?;
        conditions.prepare(&mut transaction).await?;
        if !store::replace(&mut transaction, &found, &row).await? {
            return Ok(None);
        }
        if let Some(Owner::Organization(organization)) = row.owner()
            && row.owner() != found.row.owner()
        {
            check_open(&mut transaction, organization).await?;
        }
        conditions.check(&mut transaction, caller).await?;
        store::commit(transaction).await?;
        Ok(Some(row))
    })
    .await
}

/// Runs `attempt` until it comes to something: it has nothing to show if
/// another change came first.
pub(crate) async fn until_saved<T, F: Future<Output = Result<Option<T>, Error>>>(
    app: &App,
    attempt: impl Fn() -> F,
) -> Result<T, Error> {
    for _ in 0..ATTEMPTS {
        if let Some(done) = attempt().await? {
            return Ok(done);
        }
        app.store.settle().await?;
    }
    Err(Failure::Contended.into())
}

/// Deletes the resource with an ID for good.
pub(crate) async fn delete<R: Row>(app: &App, caller: Caller, id: ObjectId) -> Result<(), Error> {
    caller.check(Act::Manage)?;
    until_saved(app, || async {
        let found = find_to_change::<R>(app, caller, id).await?;
        let mut transaction = begin(app, caller).await?;
        if !store::delete(&mut transaction, &found).await? {
            return Ok(None);
        }
        store::commit(transaction).await?;
        Ok(Some(()))
    })
    .await
}
