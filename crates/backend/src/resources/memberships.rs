//! The memberships of a user in organizations.
//!
//! A user belongs to one organization and can be a member of others, which it
//! joins by moving through them. Whoever manages one of them can end the
//! membership, and so can the user. A user that loses the one in the organization
//! that it belongs to belongs to another one of its organizations then, that with
//! the lowest ID; the last one stays. With a membership the user's sessions end,
//! and so does the API token of a bot that has to move.

use contract::operation::NoContent;
use contract::users::{
    ListUserOrganizations, RemoveUserOrganization, UserOrganization, UserOrganizations,
};

use super::accounts::{check_owners, find};
use super::change::until_saved;
use super::conditions::is_open;
use super::request::Request;
use crate::access::{Act, begin_on_user};
use crate::error::Error;
use crate::store;
use crate::store::sessions::end_of_user;
use crate::store::users::{Membership, replace_account};

/// Lists the organizations of the caller.
pub(crate) async fn list(
    request: Request<ListUserOrganizations>,
) -> Result<UserOrganizations, Error> {
    let Request { app, caller, .. } = request;
    let found = find(&app, caller, contract::id::UserRef::Me).await?.row;
    let entry = |membership: Membership| UserOrganization {
        organization: Some(membership.organization),
        role: Some(membership.role),
        selected: Some(membership.organization == caller.organization),
    };
    Ok(UserOrganizations {
        id: Some(caller.id),
        organizations: Some(found.memberships.into_iter().map(entry).collect()),
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
        let mut account = found.row.clone();
        let membership = account.membership(organization).cloned();
        let is_below = |membership: &Membership| membership.is_within(caller.organization);
        let membership = membership
            .filter(|membership| is_below(membership) || account.id == caller.id)
            .ok_or_else(|| {
                let message = format!("the user is not a member of organization {organization}");
                Error::NotFound(message)
            })?;
        let manages = is_below(&membership)
            && caller.may(Act::RemoveMember)
            && membership.role <= caller.role;
        let leaves = account.id == caller.id && caller.may(Act::Leave);
        if !manages && !leaves {
            return Err(caller.refused(Act::RemoveMember));
        }

        let mut transaction = begin_on_user(&app, caller, account.id).await?;
        account
            .memberships
            .retain(|membership| membership.organization != organization);
        if organization == account.organization {
            let mut next = None;
            for membership in &account.memberships {
                if next.is_none() && is_open(&mut transaction, membership.organization).await? {
                    next = Some(membership.clone());
                }
            }
            let next = next.ok_or_else(|| Error::FailedPrecondition {
                reason: "LAST_ORGANIZATION",
                message: format!(
                    "the user is a member of no organization in use but {organization}; move it \
                     to another one first, or delete it"
                ),
            })?;
            account.act_as(next);
            account.api_token = None;
            account.user.updated_at = Some(app.now()?);
        }
        if !replace_account(&mut transaction, &found, &account).await? {
            return Ok(None);
        }
        check_owners(&mut transaction, &found.row, &account).await?;
        end_of_user(&mut transaction, account.id).await?;
        store::commit(transaction).await?;
        Ok(Some(()))
    })
    .await?;
    Ok(NoContent)
}
