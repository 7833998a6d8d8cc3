//! The memberships of a user in organizations.
//!
//! A user belongs to one organization and can be a member of others, which it
//! joins by moving through them. Whoever manages one of them can end the
//! membership, and so can the user; but not that of the organization that the
//! user belongs to.

use contract::operation::NoContent;
use contract::users::{
    ListUserOrganizations, RemoveUserOrganization, Role, UserOrganization, UserOrganizations,
};

use super::accounts::{find, last_owner};
use super::change::until_saved;
use super::request::Request;
use crate::access::{Act, begin_on_user};
use crate::error::Error;
use crate::store;
use crate::store::organizations::is_within;
use crate::store::users::{Membership, has_owner, memberships, remove_membership};

/// Lists the organizations of the caller.
pub(crate) async fn list(
    request: Request<ListUserOrganizations>,
) -> Result<UserOrganizations, Error> {
    let Request { app, caller, .. } = request;
    let memberships = memberships(&mut app.store.read().await?, caller.id).await?;
    let entry = |membership: Membership| UserOrganization {
        organization: Some(membership.organization),
        role: Some(membership.role),
        selected: Some(membership.organization == caller.organization),
    };
    Ok(UserOrganizations {
        id: Some(caller.id),
        organizations: Some(memberships.into_iter().map(entry).collect()),
    })
}

/// Ends a membership.
pub(crate) async fn remove(request: Request<RemoveUserOrganization>) -> Result<NoContent, Error> {
    let Request {
        app, caller, path, ..
    } = request;
    let organization = path.organization_id;
    until_saved(&app, || async {
        let found = find(&app, caller, path.user_id).await?;
        let account = &found.row;
        let (membership, is_below) = {
            let mut connection = app.store.read().await?;
            let memberships = memberships(&mut connection, account.id).await?;
            let membership = memberships
                .into_iter()
                .find(|membership| membership.organization == organization);
            (
                membership,
                is_within(&mut connection, caller.organization, organization).await?,
            )
        };
        // A membership outside of what the caller manages is not for it to know.
        let Some(membership) = membership.filter(|_| is_below || account.id == caller.id) else {
            return Err(Error::NotFound(format!(
                "the user is not a member of organization {organization}"
            )));
        };
        let manages = is_below && caller.may(Act::RemoveMember) && membership.role <= caller.role;
        let leaves = account.id == caller.id && caller.may(Act::Leave);
        if !manages && !leaves {
            return Err(caller.refused(Act::RemoveMember));
        }
        if organization == account.organization {
            return Err(Error::FailedPrecondition {
                reason: "ORGANIZATION_SELECTED",
                message: format!(
                    "the user belongs to organization {organization}; move it to another one \
                     first, by setting `organization`"
                ),
            });
        }

        let mut transaction = begin_on_user(&app, caller, account.id).await?;
        // To write the user as it is makes a concurrent move to this organization
        // fail, and be tried anew.
        if !store::replace(&mut transaction, &found, account).await? {
            return Ok(None);
        }
        remove_membership(&mut transaction, account.id, organization).await?;
        let owned = membership.role == Role::Owner && !account.is_archived();
        if owned && !has_owner(&mut transaction, organization).await? {
            return Err(last_owner(organization));
        }
        store::commit(transaction).await?;
        Ok(Some(()))
    })
    .await?;
    Ok(NoContent)
}
