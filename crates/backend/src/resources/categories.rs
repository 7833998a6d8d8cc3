//! Categories: the handlers.
//!
//! A category is in one of the ten slots of its organization, and is kept with
//! it; see [`super::organizations`]. A new one takes the first slot that is free,
//! and one that is deleted leaves its slot free, so all others keep theirs.

use contract::categories::{
    Category, CreateCategory, DeleteCategory, GetCategory, ListCategories, UpdateCategory,
};
use contract::id::ObjectId;
use contract::operation::{Create, Created, List, NoContent};
use contract::organizations::Organization;

use super::change::{Edited, change};
use super::conditions::{Conditions, References};
use super::list;
use super::parts::added;
use super::request::Request;
use crate::access::find;
use crate::error::Error;
use crate::store::organizations::Tenant;

/// How many slots an organization has.
const SLOTS: usize = 10;

/// Lists the categories of an organization.
pub(crate) async fn list(request: Request<ListCategories>) -> Result<List<Category>, Error> {
    let id = request.path.organization_id;
    let found = find::<Tenant>(&request.app, request.caller, id).await?;
    let slots = found.row.organization.categories.unwrap_or_default();
    list::of(slots.into_iter().flatten().collect(), request.query)
}

/// Adds a category to an organization.
pub(crate) async fn create(request: Request<CreateCategory>) -> Result<Created<Category>, Error> {
    let Request {
        app,
        caller,
        path,
        body: Create(category),
        ..
    } = request;
    let organization = path.organization_id;
    let id = app.next_id();
    let category = Category {
        id: Some(id),
        ..category
    };
    let new = &category;
    change(
        &app,
        caller,
        organization,
        |mut tenant: Tenant| async move {
            let slots = tenant.organization.categories.get_or_insert_default();
            *free(slots)? = Some(new.clone());
            let mut edited = with_forms(tenant, added("forms", None, new.forms.as_ref()));
            edited.conditions.in_use.push(organization);
            Ok(edited)
        },
    )
    .await?;
    Ok(Created {
        location: format!("/organizations/{organization}/categories/{id}"),
        reply: category,
    })
}

/// Gets a category.
pub(crate) async fn get(request: Request<GetCategory>) -> Result<Category, Error> {
    let path = request.path;
    let found = find::<Tenant>(&request.app, request.caller, path.organization_id).await?;
    let mut organization = found.row.organization;
    Ok(category(&mut organization, path.category_id)?.clone())
}

/// Changes a category.
pub(crate) async fn update(request: Request<UpdateCategory>) -> Result<Category, Error> {
    let Request {
        app,
        caller,
        path,
        body: patch,
        ..
    } = request;
    let (organization, id) = (path.organization_id, path.category_id);
    let patch = &patch;
    let mut tenant = change(
        &app,
        caller,
        organization,
        |mut tenant: Tenant| async move {
            let category = category(&mut tenant.organization, id)?;
            let after = patch.apply(category)?;
            let forms = added("forms", category.forms.as_ref(), after.forms.as_ref());
            *category = Category {
                id: Some(id),
                ..after
            };
            Ok(with_forms(tenant, forms))
        },
    )
    .await?;
    Ok(category(&mut tenant.organization, id)?.clone())
}

/// Removes a category from an organization.
pub(crate) async fn delete(request: Request<DeleteCategory>) -> Result<NoContent, Error> {
    let Request {
        app, caller, path, ..
    } = request;
    change(
        &app,
        caller,
        path.organization_id,
        |mut tenant: Tenant| async move {
            let mut slots = tenant.organization.categories.iter_mut().flatten();
            let id = path.category_id;
            let slot = slots.find(|slot| slot.as_ref().is_some_and(|taken| taken.id == Some(id)));
            *slot.ok_or_else(|| unknown(id))? = None;
            Ok(tenant)
        },
    )
    .await?;
    Ok(NoContent)
}

/// An organization, if the caller sees these forms.
fn with_forms(row: Tenant, forms: References) -> Edited<Tenant> {
    let conditions = Conditions {
        forms,
        ..Conditions::default()
    };
    Edited { row, conditions }
}

/// The first slot that is free.
fn free(slots: &mut Vec<Option<Category>>) -> Result<&mut Option<Category>, Error> {
    let index = slots.iter().position(Option::is_none);
    let index = index.unwrap_or_else(|| {
        slots.push(None);
        slots.len() - 1
    });
    match slots.get_mut(index) {
        Some(slot) if index < SLOTS => Ok(slot),
        _ => Err(Error::FailedPrecondition {
            reason: "NO_SLOT_FREE",
            message: format!("all {SLOTS} slots for categories are taken; delete a category first"),
        }),
    }
}

/// The category with an ID.
fn category(organization: &mut Organization, id: ObjectId) -> Result<&mut Category, Error> {
    let slots = organization.categories.iter_mut().flatten();
    slots
        .flatten()
        .find(|category| category.id == Some(id))
        .ok_or_else(|| unknown(id))
}

fn unknown(id: ObjectId) -> Error {
    Error::NotFound(format!("there is no category {id}"))
}
