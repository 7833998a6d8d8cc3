//! Organization groups: the handlers.
//!
//! A group belongs to an organization, and its members are organizations that the
//! caller who added them sees. An organization is a member once, in the order in
//! which they were added.

use std::collections::HashSet;

use contract::id::ObjectId;
use contract::operation::{Create, Created, Json, List, NoContent, Operation, Update};
use contract::organization_groups::{
    AddOrganizationGroupMembers, CreateOrganizationGroup, DeleteOrganizationGroup,
    GetOrganizationGroup, ListOrganizationGroupMembers, ListOrganizationGroups,
    ListOrganizationGroupsQuery, MAX_MEMBERS, OrganizationGroup, OrganizationGroupMembers,
    RemoveOrganizationGroupMember, UpdateOrganizationGroup,
};

use super::change::{self, change};
use super::conditions::Conditions;
use super::create::{insert, new, with_defaults};
use super::filter::Filter;
use super::list::{self, Asked, Listing};
use super::parts::added;
use super::request::Request;
use super::stamps::{Stamped, Stamps};
use crate::access::{Caller, check_references, find, new_owner};
use crate::app::App;
use crate::error::Error;
use crate::store::organizations::Tenant;

impl Stamped for OrganizationGroup {
    fn stamps(&mut self) -> Stamps<'_> {
        Stamps {
            id: &mut self.id,
            organization: Some(&mut self.organization),
            created_at: &mut self.created_at,
            updated_at: &mut self.updated_at,
            authors: None,
        }
    }
}

/// Lists groups.
pub(crate) async fn list(
    request: Request<ListOrganizationGroups>,
) -> Result<Listing<OrganizationGroup>, Error> {
    let ListOrganizationGroupsQuery {
        list,
        id,
        organization,
        name,
        created_at,
    } = request.query;
    let filters = [
        Filter::is("id", id),
        Filter::is("organization", organization),
        Filter::text("name", name),
        Filter::time("createdAt", created_at),
    ];
    let asked = Asked {
        app: request.app,
        caller: request.caller,
        query: list,
        cursor: request.cursor,
    };
    list::list(asked, filters, |group: OrganizationGroup| group).await
}

/// Creates a group.
pub(crate) async fn create(
    request: Request<CreateOrganizationGroup>,
) -> Result<Created<OrganizationGroup>, Error> {
    let Request {
        app,
        caller,
        body: Create(group),
        ..
    } = request;
    let (id, mut group) = new(&app, caller, &group).await?;
    let members = added("members", None, group.members.as_ref());
    check_references::<Tenant>(&app, caller, members).await?;
    group.members = group.members.map(once_each);
    insert(&app, caller, &group, Conditions::default()).await?;
    Ok(Created {
        location: format!("{}/{id}", CreateOrganizationGroup::PATH),
        reply: group,
    })
}

/// Gets a group.
pub(crate) async fn get(
    request: Request<GetOrganizationGroup>,
) -> Result<OrganizationGroup, Error> {
    Ok(find(&request.app, request.caller, request.path.group_id)
        .await?
        .row)
}

/// Changes a group.
pub(crate) async fn update(
    request: Request<UpdateOrganizationGroup>,
) -> Result<OrganizationGroup, Error> {
    let Request {
        app,
        caller,
        path,
        body: patch,
        ..
    } = request;
    change(&app, caller, path.group_id, |group| {
        patched(&app, caller, group, &patch)
    })
    .await
}

/// Deletes a group.
pub(crate) async fn delete(request: Request<DeleteOrganizationGroup>) -> Result<NoContent, Error> {
    let id = request.path.group_id;
    change::delete::<OrganizationGroup>(&request.app, request.caller, id).await?;
    Ok(NoContent)
}

/// Lists the members of a group.
pub(crate) async fn members(
    request: Request<ListOrganizationGroupMembers>,
) -> Result<List<ObjectId>, Error> {
    let id = request.path.group_id;
    let found = find::<OrganizationGroup>(&request.app, request.caller, id).await?;
    Ok(list::plain(
        found.row.members.unwrap_or_default(),
        request.query,
    ))
}

/// Adds members to a group.
pub(crate) async fn add_members(
    request: Request<AddOrganizationGroupMembers>,
) -> Result<Created<OrganizationGroupMembers>, Error> {
    let Request {
        app,
        caller,
        path,
        body: Json(OrganizationGroupMembers(new)),
        ..
    } = request;
    let id = path.group_id;
    let (app, new) = (&app, &new);
    let group = change(app, caller, id, |before: OrganizationGroup| async move {
        // The body is the list, so the path of a member is its index.
        let references = added("", before.members.as_ref(), Some(new));
        check_references::<Tenant>(app, caller, references).await?;
        let members = before.members.iter().flatten().chain(new).copied();
        let members = once_each(members.collect());
        if members.len() > MAX_MEMBERS {
            return Err(Error::FailedPrecondition {
                reason: "GROUP_FULL",
                message: format!("a group has {MAX_MEMBERS} members at most"),
            });
        }
        Ok(OrganizationGroup {
            members: Some(members),
            ..before
        })
    })
    .await?;
    Ok(Created {
        location: format!("/orggroups/{id}"),
        reply: OrganizationGroupMembers(group.members.unwrap_or_default()),
    })
}

/// Removes a member from a group.
pub(crate) async fn remove_member(
    request: Request<RemoveOrganizationGroupMember>,
) -> Result<NoContent, Error> {
    let Request {
        app, caller, path, ..
    } = request;
    let member = path.member_id;
    change(
        &app,
        caller,
        path.group_id,
        |mut group: OrganizationGroup| async move {
            let members = group.members.get_or_insert_default();
            let Some(index) = members.iter().position(|known| *known == member) else {
                return Err(Error::NotFound(format!(
                    "organization {member} is not a member of the group"
                )));
            };
            members.remove(index);
            Ok(group)
        },
    )
    .await?;
    Ok(NoContent)
}

async fn patched(
    app: &App,
    caller: Caller,
    before: OrganizationGroup,
    patch: &Update<OrganizationGroup>,
) -> Result<OrganizationGroup, Error> {
    let after = with_defaults(&patch.apply(&before)?)?;
    let organization = new_owner(app, caller, before.organization, after.organization).await?;
    let members = added("members", before.members.as_ref(), after.members.as_ref());
    check_references::<Tenant>(app, caller, members).await?;
    Ok(OrganizationGroup {
        organization: Some(organization),
        members: after.members.map(once_each),
        ..after
    })
}

fn once_each(mut members: Vec<ObjectId>) -> Vec<ObjectId> {
    let mut seen = HashSet::new();
    members.retain(|member| seen.insert(*member));
    members
}
