//! Organizations: the handlers, and the rules they follow.
//!
//! - Organizations form a tree. A new one stands under the organization in which
//!   its creator acts, so its creator sees and manages it. Its place stays.
//! - Organizations are never deleted, because everything belongs to one. Deleting
//!   one archives it: it leaves lists, and nothing else changes. Only an owner
//!   who acts in an organization above it may do that, and only once everything
//!   right under it is archived. To set the status to archived is the same.
//! - An organization has ten slots for categories, numbered by their place in
//!   `categories`. In a change of the list, an entry with the ID of a category is
//!   that category with the content of the entry; an entry without an ID is a new
//!   category; a category without an entry is gone. An ID of no category of the
//!   organization is refused rather than given to a new one: it is most likely
//!   that of a category which somebody has just removed. IDs in a new
//!   organization are replaced, so that another one can be its template.
//! - Without a name to show, `name` is shown, and goes on being shown when it
//!   changes.
//! - A partner is an organization elsewhere, which its partner cannot see. So
//!   partners are kept as they come.

use std::collections::HashSet;

use contract::categories::Category;
use contract::forms::Form;
use contract::id::ObjectId;
use contract::operation::{Create, Created, NoContent, Operation, Update};
use contract::organizations::{
    CreateOrganization, DeleteOrganization, GetOrganization, ListOrganizations,
    ListOrganizationsQuery, Organization, OrganizationStatus, UpdateOrganization,
};
use contract::validate::Violations;

use super::change::change;
use super::create::{insert, new, with_defaults};
use super::filter::Filter;
use super::list::{self, Asked, Listing};
use super::parts::{added, misplaced};
use super::request::Request;
use super::stamps::{Stamped, Stamps};
use crate::access::{Act, Caller, check_references, find};
use crate::app::App;
use crate::error::Error;
use crate::store::organizations::{Tenant, has_parts};

impl Stamped for Organization {
    fn stamps(&mut self) -> Stamps<'_> {
        Stamps {
            id: &mut self.id,
            organization: None,
            created_at: &mut self.created_at,
            updated_at: &mut self.updated_at,
            authors: None,
        }
    }
}

impl Stamped for Tenant {
    fn stamps(&mut self) -> Stamps<'_> {
        self.organization.stamps()
    }
}

/// Lists organizations.
pub(crate) async fn list(
    request: Request<ListOrganizations>,
) -> Result<Listing<Organization>, Error> {
    let ListOrganizationsQuery {
        list,
        id,
        name,
        status,
        created_at,
    } = request.query;
    let filters = [
        Filter::is("id", id),
        Filter::status(status, OrganizationStatus::Archived),
        Filter::text("name", name),
        Filter::time("createdAt", created_at),
    ];
    let asked = Asked {
        app: request.app,
        caller: request.caller,
        query: list,
        cursor: request.cursor,
    };
    list::list(asked, filters, |tenant: Tenant| tenant.organization).await
}

/// Creates an organization.
pub(crate) async fn create(
    request: Request<CreateOrganization>,
) -> Result<Created<Organization>, Error> {
    let Request {
        app,
        caller,
        body: Create(mut organization),
        ..
    } = request;
    for category in categories_mut(&mut organization) {
        category.id = None;
    }
    let (id, mut organization) = new(&app, caller, &organization).await?;
    organization.categories = placed(&app, caller, None, organization.categories).await?;
    if organization.display_name.is_none() {
        organization.display_name = Some(organization.name.clone());
    }
    let tenant = Tenant {
        parent: Some(caller.organization),
        organization,
    };
    insert(&app, &tenant).await?;
    Ok(Created {
        location: format!("{}/{id}", CreateOrganization::PATH),
        reply: tenant.organization,
    })
}

/// Gets an organization.
pub(crate) async fn get(request: Request<GetOrganization>) -> Result<Organization, Error> {
    let id = request.path.organization_id;
    let found = find::<Tenant>(&request.app, request.caller, id).await?;
    Ok(found.row.organization)
}

/// Changes an organization.
pub(crate) async fn update(request: Request<UpdateOrganization>) -> Result<Organization, Error> {
    let Request {
        app,
        caller,
        path,
        body: patch,
        ..
    } = request;
    let id = path.organization_id;
    let tenant = change(&app, caller, id, |tenant| {
        patched(&app, caller, id, tenant, &patch)
    })
    .await?;
    Ok(tenant.organization)
}

/// Archives an organization.
pub(crate) async fn delete(request: Request<DeleteOrganization>) -> Result<NoContent, Error> {
    let Request {
        app, caller, path, ..
    } = request;
    let id = path.organization_id;
    let app = &app;
    change(app, caller, id, |mut tenant: Tenant| async move {
        check_may_archive(app, caller, id).await?;
        tenant.organization.status = Some(OrganizationStatus::Archived);
        Ok(tenant)
    })
    .await?;
    Ok(NoContent)
}

async fn patched(
    app: &App,
    caller: Caller,
    id: ObjectId,
    Tenant {
        parent,
        organization: before,
    }: Tenant,
    patch: &Update<Organization>,
) -> Result<Tenant, Error> {
    let mut after = with_defaults(&patch.apply(&before)?)?;
    let archived = Some(OrganizationStatus::Archived);
    if after.status == archived && before.status != archived {
        check_may_archive(app, caller, id).await?;
    }
    let name_was_shown = before.display_name.as_ref() == Some(&before.name);
    let shown_name_stayed = before.display_name == after.display_name;
    if after.display_name.is_none() || (name_was_shown && shown_name_stayed) {
        after.display_name = Some(after.name.clone());
    }
    let slots = after.categories.take();
    after.categories = placed(app, caller, before.categories.as_ref(), slots).await?;
    Ok(Tenant {
        parent,
        organization: after,
    })
}

async fn check_may_archive(app: &App, caller: Caller, id: ObjectId) -> Result<(), Error> {
    caller.check(Act::ArchiveOrganization)?;
    if caller.organization == id {
        return Err(caller.refused(Act::ArchiveOrganization));
    }
    if has_parts(&mut app.store.read().await?, id).await? {
        return Err(Error::FailedPrecondition {
            reason: "ORGANIZATION_IN_USE",
            message: format!("organizations under {id} are still in use; delete them first"),
        });
    }
    Ok(())
}

/// The slots of an organization after a change: checked, and each category with
/// an ID.
async fn placed(
    app: &App,
    caller: Caller,
    before: Option<&Vec<Option<Category>>>,
    after: Option<Vec<Option<Category>>>,
) -> Result<Option<Vec<Option<Category>>>, Error> {
    let Some(mut slots) = after else {
        return Ok(None);
    };
    let before = || before.into_iter().flatten().flatten();
    let known: HashSet<_> = before().filter_map(|category| category.id).collect();
    let ids = slots
        .iter()
        .enumerate()
        .filter_map(|(index, slot)| Some((index, slot.as_ref()?.id?)));
    let violations = misplaced("categories", "category", &known, ids);
    Violations::check(violations)?;
    let mut references = Vec::new();
    for (index, category) in slots.iter_mut().enumerate() {
        let Some(category) = category else { continue };
        let same = before().find(|known| category.id.is_some() && known.id == category.id);
        references.extend(added(
            &format!("categories[{index}].forms"),
            same.and_then(|category| category.forms.as_ref()),
            category.forms.as_ref(),
        ));
        category.id.get_or_insert_with(|| app.next_id());
    }
    check_references::<Form>(app, caller, references).await?;
    Ok(Some(slots))
}

fn categories_mut(organization: &mut Organization) -> impl Iterator<Item = &mut Category> {
    organization.categories.iter_mut().flatten().flatten()
}
