//! Organizations: the handlers, and the rules they follow.
//!
//! - Organizations form a tree. A new one stands under the organization in which
//!   its creator acts, so its creator sees and manages it. Its place stays.
//! - Organizations are never deleted, because everything belongs to one. Deleting
//!   one archives it: it leaves lists, nobody who acts in it gets in, and nothing new
//!   comes into it or stands under it. Only an owner who acts in an organization
//!   above it may do that, and only once everything right under it is archived. To
//!   set the status to archived is the same. With the status pendingArchive it is
//!   archived as soon as that is possible; see [`super::pending`].
//! - An organization has ten slots for categories, numbered by their place in
//!   `categories`. In a change of the list, an entry with the ID of a category is
//!   that category with the content of the entry; an entry without an ID is a new
//!   category; a category without an entry is gone. An ID of no category of the
//!   organization is refused rather than given to a new one: it is most likely
//!   that of a category which somebody has just removed. IDs in a new
//!   organization are replaced, so that another one can be its template.
//! - Without a name to show, `name` is shown, and goes on being shown when it
//!   changes.
//! - A partner is an organization elsewhere, which its partner cannot see. All that is
//!   asked of it is that it exists.
//! - Guests and agents do not see how an organization is billed.

use std::collections::HashSet;

use contract::categories::Category;
use contract::id::ObjectId;
use contract::operation::{Create, Created, NoContent, Operation, Update};
use contract::organizations::{
    CreateOrganization, DeleteOrganization, GetOrganization, ListOrganizations,
    ListOrganizationsQuery, Organization, OrganizationStatus, Partner, UpdateOrganization,
};
use contract::validate::Violations;

use super::change::{Edited, change};
use super::conditions::{Conditions, References};
use super::create::{insert, new, with_defaults};
use super::filter::Filter;
use super::list::{self, Asked, Listing};
use super::parts::{added, misplaced};
use super::request::Request;
use super::stamps::{Stamped, Stamps};
use crate::access::{Act, Caller, check_existing, find};
use crate::app::App;
use crate::error::Error;
use crate::store::organizations::Tenant;

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
    let caller = asked.caller;
    list::list(asked, filters, move |tenant| shown(caller, tenant)).await
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
    let partners = new_partners(None, organization.partners.as_ref());
    check_existing::<Tenant>(&app, partners).await?;
    let (categories, forms) = placed(&app, None, organization.categories)?;
    organization.categories = categories;
    if organization.display_name.is_none() {
        organization.display_name = Some(organization.name.clone());
    }
    let tenant = Tenant {
        parent: Some(caller.organization),
        organization,
    };
    let conditions = Conditions {
        forms,
        in_use: tenant.parent.into_iter().collect(),
        ..Conditions::default()
    };
    insert(&app, caller, &tenant, conditions).await?;
    Ok(Created {
        location: format!("{}/{id}", CreateOrganization::PATH),
        reply: shown(caller, tenant),
    })
}

/// Gets an organization.
pub(crate) async fn get(request: Request<GetOrganization>) -> Result<Organization, Error> {
    let id = request.path.organization_id;
    let found = find::<Tenant>(&request.app, request.caller, id).await?;
    Ok(shown(request.caller, found.row))
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
    Ok(shown(caller, tenant))
}

/// Archives an organization.
pub(crate) async fn delete(request: Request<DeleteOrganization>) -> Result<NoContent, Error> {
    let Request {
        app, caller, path, ..
    } = request;
    let id = path.organization_id;
    change(&app, caller, id, |mut row: Tenant| async move {
        check_may_archive(caller, id)?;
        row.organization.status = Some(OrganizationStatus::Archived);
        let conditions = Conditions {
            archived: Some(id),
            ..Conditions::default()
        };
        Ok(Edited { row, conditions })
    })
    .await?;
    Ok(NoContent)
}

/// What `caller` is shown of an organization.
fn shown(caller: Caller, Tenant { organization, .. }: Tenant) -> Organization {
    let billing_info = organization.billing_info;
    Organization {
        billing_info: billing_info.filter(|_| caller.may(Act::SeeBilling)),
        ..organization
    }
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
) -> Result<Edited<Tenant>, Error> {
    let mut after = with_defaults(&patch.apply(&before)?)?;
    let mut conditions = Conditions::default();
    let archived = Some(OrganizationStatus::Archived);
    let pending = Some(OrganizationStatus::PendingArchive);
    if after.status == pending && before.status != pending {
        // It will be archived.
        check_may_archive(caller, id)?;
    }
    if before.status == pending && after.status != pending && caller.organization == id {
        // Only those above decide that it goes on.
        return Err(caller.refused(Act::ArchiveOrganization));
    }
    match (before.status == archived, after.status == archived) {
        (false, true) => {
            check_may_archive(caller, id)?;
            conditions.archived = Some(id);
        }
        (true, false) => conditions.in_use.extend(parent),
        (false, false) | (true, true) => {}
    }
    let name_was_shown = before.display_name.as_ref() == Some(&before.name);
    let shown_name_stayed = before.display_name == after.display_name;
    if after.display_name.is_none() || (name_was_shown && shown_name_stayed) {
        after.display_name = Some(after.name.clone());
    }
    let partners = new_partners(before.partners.as_ref(), after.partners.as_ref());
    check_existing::<Tenant>(app, partners).await?;
    let slots = after.categories.take();
    (after.categories, conditions.forms) = placed(app, before.categories.as_ref(), slots)?;
    let row = Tenant {
        parent,
        organization: after,
    };
    Ok(Edited { row, conditions })
}

/// The partners that were not there before, each under the path of its property.
fn new_partners(before: Option<&Vec<Partner>>, after: Option<&Vec<Partner>>) -> References {
    let ids = |partners: Option<&Vec<Partner>>| -> Vec<_> {
        let partners = partners.into_iter().flatten();
        partners.map(|partner| partner.organization).collect()
    };
    let known: HashSet<_> = ids(before).into_iter().collect();
    let new = ids(after).into_iter().enumerate();
    new.filter(|(_, id)| !known.contains(id))
        .filter_map(|(index, id)| Some((format!("partners[{index}].organization"), id?)))
        .collect()
}

fn check_may_archive(caller: Caller, id: ObjectId) -> Result<(), Error> {
    caller.check(Act::ArchiveOrganization)?;
    if caller.organization == id {
        return Err(caller.refused(Act::ArchiveOrganization));
    }
    Ok(())
}

/// The slots of an organization.
type Slots = Vec<Option<Category>>;

/// The slots of an organization after a change, each category with an ID, and the
/// forms that are new in them.
fn placed(
    app: &App,
    before: Option<&Slots>,
    after: Option<Slots>,
) -> Result<(Option<Slots>, References), Error> {
    let Some(mut slots) = after else {
        return Ok((None, References::new()));
    };
    let before = || before.into_iter().flatten().flatten();
    let known: HashSet<_> = before().filter_map(|category| category.id).collect();
    let ids = slots
        .iter()
        .enumerate()
        .filter_map(|(index, slot)| Some((index, slot.as_ref()?.id?)));
    let violations = misplaced("categories", "category", &known, ids);
    Violations::check(violations)?;
    let mut references = References::new();
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
    Ok((Some(slots), references))
}

fn categories_mut(organization: &mut Organization) -> impl Iterator<Item = &mut Category> {
    organization.categories.iter_mut().flatten().flatten()
}
