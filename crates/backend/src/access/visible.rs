//! What a caller sees, and may refer to.

use contract::error::FieldViolation;
use contract::id::ObjectId;
use contract::validate::Violations;

use super::caller::Caller;
use crate::app::App;
use crate::error::Error;
use crate::store::organizations::Tenant;
use crate::store::{self, Row, Sharing, Versioned};

/// The resource with an ID, if the caller sees it.
pub(crate) async fn find<R: Row>(
    app: &App,
    caller: Caller,
    id: ObjectId,
) -> Result<Versioned<R>, Error> {
    let root = caller.organization.to_string();
    let found = store::get_visible(&mut app.store.read().await?, &root, &id.to_string()).await?;
    found.ok_or_else(|| unknown::<R>(id))
}

/// The resource with an ID, if the caller may change what belongs to its owner.
pub(crate) async fn find_to_change<R: Row>(
    app: &App,
    caller: Caller,
    id: ObjectId,
) -> Result<Versioned<R>, Error> {
    let root = caller.organization.to_string();
    let found = store::get_belonging(&mut app.store.read().await?, &root, &id.to_string()).await?;
    if let Some(found) = found {
        return Ok(found);
    }
    if R::SHARING != Sharing::Never {
        find::<R>(app, caller, id).await?;
        return Err(Error::denied(format!(
            "{} {id} is shared with you; only those who manage the organization that it \
             belongs to change it",
            R::NOUN
        )));
    }
    Err(unknown::<R>(id))
}

/// Says that there is no such resource, or none for the caller.
pub(crate) fn unknown<R: Row>(id: ObjectId) -> Error {
    Error::NotFound(format!("there is no {} {id}", R::NOUN))
}

/// The organization that a new resource belongs to.
pub(crate) async fn owner(
    app: &App,
    caller: Caller,
    organization: Option<ObjectId>,
) -> Result<ObjectId, Error> {
    let organization = organization.unwrap_or(caller.organization);
    check_reference::<Tenant>(app, caller, "organization", organization).await?;
    Ok(organization)
}

/// The organization that a changed resource belongs to.
pub(crate) async fn new_owner(
    app: &App,
    caller: Caller,
    before: Option<ObjectId>,
    after: Option<ObjectId>,
) -> Result<ObjectId, Error> {
    let Some(organization) = after else {
        return Err(Error::invalid(
            "organization",
            "cannot be null: it belongs to an organization",
        ));
    };
    if before != after {
        check_reference::<Tenant>(app, caller, "organization", organization).await?;
    }
    Ok(organization)
}

/// Refuses a reference to a resource that the caller does not see.
pub(crate) async fn check_reference<R: Row>(
    app: &App,
    caller: Caller,
    property: &str,
    id: ObjectId,
) -> Result<(), Error> {
    check_references::<R>(app, caller, vec![(property.to_owned(), id)]).await
}

/// Refuses references, each under the path of its property, to resources that
/// the caller does not see. Of an organization that holds from then on; of what can
/// move or be deleted it is checked again when the reference is written.
pub(crate) async fn check_references<R: Row>(
    app: &App,
    caller: Caller,
    references: Vec<(String, ObjectId)>,
) -> Result<(), Error> {
    if references.is_empty() {
        return Ok(());
    }
    let root = caller.organization.to_string();
    let ids: Vec<_> = references.iter().map(|(_, id)| id.to_string()).collect();
    let seen = store::visible_ids::<R>(&mut app.store.read().await?, &root, &ids).await?;
    let violations = references
        .into_iter()
        .filter(|(_, id)| !seen.contains(&id.to_string()))
        .map(|(property, id)| unseen::<R>(property, id));
    Ok(Violations::check(violations.collect())?)
}

/// Refuses references, each under the path of its property, to resources that do not
/// exist. It tells of a resource that it does, so it is for those only that nobody can
/// name by guessing and that need not be seen.
pub(crate) async fn check_existing<R: Row>(
    app: &App,
    references: Vec<(String, ObjectId)>,
) -> Result<(), Error> {
    if references.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = references.iter().map(|(_, id)| id.to_string()).collect();
    let existing = store::existing_ids::<R>(&mut app.store.read().await?, &ids).await?;
    let violations = references
        .into_iter()
        .filter(|(_, id)| !existing.contains(&id.to_string()))
        .map(|(property, id)| FieldViolation::new(property, format!("names no {}: {id}", R::NOUN)));
    Ok(Violations::check(violations.collect())?)
}

/// Says that a reference is to a resource that the caller does not see.
pub(crate) fn unseen<R: Row>(property: String, id: ObjectId) -> FieldViolation {
    FieldViolation::new(property, format!("names no {} that you see: {id}", R::NOUN))
}
