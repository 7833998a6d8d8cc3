//! What every new resource goes through.

use contract::id::ObjectId;
use contract::schema::Described;

use super::conditions::{Conditions, check_open};
use super::stamps::Stamped;
use crate::access::{Act, Caller, begin, owner};
use crate::app::App;
use crate::error::Error;
use crate::store::{self, Owner, Row};

/// Makes a new resource of what `caller` sent, if it may create one: with its
/// defaults, its organization and its stamps. The ID is returned beside it.
pub(crate) async fn new<T: Described + Stamped>(
    app: &App,
    caller: Caller,
    sent: &T,
) -> Result<(ObjectId, T), Error> {
    caller.check(Act::Manage)?;
    let mut resource = with_defaults(sent)?;
    if let Some(organization) = resource.stamps().organization {
        *organization = Some(owner(app, caller, *organization).await?);
    }
    let id = stamp_new(app, caller, &mut resource)?;
    Ok((id, resource))
}

/// Makes a new part of a resource of what `caller` sent: with its defaults and its
/// stamps. The ID is returned beside it.
pub(crate) fn new_part<T: Described + Stamped>(
    app: &App,
    caller: Caller,
    sent: &T,
) -> Result<(ObjectId, T), Error> {
    let mut part = with_defaults(sent)?;
    let id = stamp_new(app, caller, &mut part)?;
    Ok((id, part))
}

fn stamp_new(app: &App, caller: Caller, resource: &mut impl Stamped) -> Result<ObjectId, Error> {
    let id = app.next_id();
    resource.stamps().create(id, app.now()?, caller.id);
    Ok(id)
}

/// Keeps a new resource, if the conditions are met.
pub(crate) async fn insert<R: Row>(
    app: &App,
    caller: Caller,
    row: &R,
    conditions: Conditions,
) -> Result<(), Error> {
    let mut transaction = begin(app, caller).await?;
    if let Some(Owner::Organization(organization)) = row.owner() {
        check_open(&mut transaction, organization).await?;
    }
    conditions.check(&mut transaction, caller).await?;
    store::insert(&mut transaction, row).await?;
    Ok(store::commit(transaction).await?)
}

/// Returns a resource with the defaults that the contract states, also in the
/// objects and lists in it.
pub(crate) fn with_defaults<T: Described>(resource: &T) -> Result<T, Error> {
    let mut value = serde_json::to_value(resource).map_err(Error::internal)?;
    T::views().create.fill_in_defaults(&mut value);
    serde_json::from_value(value).map_err(Error::internal)
}
