//! What the handlers of resources have in common.
//!
//! - A caller sees what belongs to its organization or to one below it. The rest
//!   does not exist for it.
//! - Guests, agents and bots read. Admins and owners create, change and delete
//!   too, anything that they see.
//! - A new resource belongs to the caller's organization unless it names another
//!   one that the caller sees.
//! - What a resource refers to must exist and be visible to the caller when the
//!   reference is set. A reference that stays as it is is not looked at again, so
//!   that what it refers to can go.
//! - A property that has a default has it from the creation on, and again when it
//!   is cleared.
//! - Whoever comes second of two that change one resource starts over with what
//!   the first one made of it, so neither change is lost.
//!
//! Users have rules of their own; see [`crate::users`].

use std::collections::HashSet;

use contract::error::FieldViolation;
use contract::id::ObjectId;
use contract::schema::Described;
use contract::timestamp::Timestamp;
use contract::users::Role;
use contract::validate::Violations;

use crate::App;
use crate::auth::Caller;
use crate::error::Error;
use crate::store::organizations::Tenant;
use crate::store::{self, Row, Versioned};

/// How often a change is tried anew because another one came first. Of any
/// number of changes at once at least one succeeds each time.
const ATTEMPTS: usize = 64;

/// A row that notes who changed it last, and when.
pub(crate) trait Stamped: Row + Clone + PartialEq {
    /// Notes a change.
    fn stamp(&mut self, now: Timestamp, by: ObjectId);
}

/// The resource with an ID, if the caller sees it.
pub(crate) async fn find<R: Row>(
    app: &App,
    caller: Caller,
    id: ObjectId,
) -> Result<Versioned<R>, Error> {
    let root = caller.organization.to_string();
    let found = store::get_visible(&mut *app.store.read().await?, &root, &id.to_string()).await?;
    found.ok_or_else(|| unknown::<R>(id))
}

/// Says that there is no such resource, or none for the caller.
pub(crate) fn unknown<R: Row>(id: ObjectId) -> Error {
    Error::NotFound(format!("there is no {} {id}", R::NOUN))
}

/// Refuses unless the caller may create, change and delete resources.
pub(crate) fn check_admin(caller: Caller) -> Result<(), Error> {
    if caller.role >= Role::Admin {
        return Ok(());
    }
    Err(Error::denied(format!(
        "only admins and owners may do this, and you are of role {}",
        caller.role
    )))
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
/// the caller does not see.
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
    let seen = store::visible_ids::<R>(&mut *app.store.read().await?, &root, &ids).await?;
    Ok(Violations::check(dangling::<R>(references, |id| {
        seen.contains(&id.to_string())
    }))?)
}

/// The violations of references to resources that are not there.
pub(crate) fn dangling<R: Row>(
    references: Vec<(String, ObjectId)>,
    is_there: impl Fn(ObjectId) -> bool,
) -> Vec<FieldViolation> {
    references
        .into_iter()
        .filter(|(_, id)| !is_there(*id))
        .map(|(property, id)| {
            FieldViolation::new(property, format!("names no {} that you see: {id}", R::NOUN))
        })
        .collect()
}

/// The IDs in a list, each under the path of its element, without those that
/// were in it before.
pub(crate) fn added(
    property: &str,
    before: Option<&Vec<ObjectId>>,
    after: Option<&Vec<ObjectId>>,
) -> Vec<(String, ObjectId)> {
    let known: HashSet<_> = before.into_iter().flatten().collect();
    after
        .into_iter()
        .flatten()
        .enumerate()
        .filter(|(_, id)| !known.contains(id))
        .map(|(index, id)| (format!("{property}[{index}]"), *id))
        .collect()
}

/// The violations in the IDs of a list of parts: each has to be that of a part
/// that was there before, and stand there once.
pub(crate) fn misplaced(
    property: &str,
    noun: &str,
    before: &HashSet<ObjectId>,
    after: impl Iterator<Item = (usize, ObjectId)>,
) -> Vec<FieldViolation> {
    let mut seen = HashSet::new();
    let mut violations = Vec::new();
    for (index, id) in after {
        let field = format!("{property}[{index}].id");
        if !before.contains(&id) {
            let description =
                format!("is that of no {noun} in this list; leave it out to add a new one");
            violations.push(FieldViolation::new(field, description));
        } else if !seen.insert(id) {
            let description = format!("is that of a {noun} that stands before it");
            violations.push(FieldViolation::new(field, description));
        }
    }
    violations
}

/// Keeps a new resource.
pub(crate) async fn insert<R: Row>(app: &App, row: &R) -> Result<(), Error> {
    let mut transaction = app.store.write().await?;
    store::insert(&mut transaction, row).await?;
    Ok(store::commit(transaction).await?)
}

/// Changes the resource with an ID: `edit` makes the new one of the present one,
/// and what comes back is what was kept.
pub(crate) async fn change<R: Stamped, F: Future<Output = Result<R, Error>>>(
    app: &App,
    caller: Caller,
    id: ObjectId,
    edit: impl Fn(R) -> F,
) -> Result<R, Error> {
    check_admin(caller)?;
    until_saved(|| async {
        let found = find::<R>(app, caller, id).await?;
        let mut row = edit(found.row.clone()).await?;
        if row == found.row {
            return Ok(Some(row));
        }
        row.stamp(app.now()?, caller.id);
        let mut transaction = app.store.write().await?;
        if !store::replace(&mut transaction, &found, &row).await? {
            return Ok(None);
        }
        store::commit(transaction).await?;
        Ok(Some(row))
    })
    .await
}

/// Runs `attempt` until it comes to something: it has nothing to show if
/// another change came first.
pub(crate) async fn until_saved<T, F: Future<Output = Result<Option<T>, Error>>>(
    attempt: impl Fn() -> F,
) -> Result<T, Error> {
    for _ in 0..ATTEMPTS {
        if let Some(done) = attempt().await? {
            return Ok(done);
        }
    }
    Err(Error::Aborted(
        "it is being changed by many others at once; nothing was changed, try again".to_owned(),
    ))
}

/// Deletes the resource with an ID for good.
pub(crate) async fn delete<R: Row>(app: &App, caller: Caller, id: ObjectId) -> Result<(), Error> {
    check_admin(caller)?;
    find::<R>(app, caller, id).await?;
    let mut transaction = app.store.write().await?;
    if !store::delete::<R>(&mut transaction, &id.to_string()).await? {
        return Err(unknown::<R>(id));
    }
    Ok(store::commit(transaction).await?)
}

/// A resource with its defaults, as the contract states them.
pub(crate) fn with_defaults<T: Described>(resource: &T) -> Result<T, Error> {
    let mut value = serde_json::to_value(resource).map_err(Error::internal)?;
    let properties = T::views().create.root()["properties"].as_object();
    if let Some(members) = value.as_object_mut() {
        for (name, schema) in properties.into_iter().flatten() {
            if let Some(default) = schema.get("default")
                && !members.contains_key(name)
            {
                members.insert(name.clone(), default.clone());
            }
        }
    }
    serde_json::from_value(value).map_err(Error::internal)
}
