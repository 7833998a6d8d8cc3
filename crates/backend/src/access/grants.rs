//! Who may change which user, and give which role.
//!
//! Nobody changes a user whose role is above their own, or grants such a role.
//! Nobody changes a user who is also a member of an organization that they do not
//! manage: whoever sets the password acts as that user everywhere.

use contract::id::ObjectId;
use contract::users::Role;

use super::caller::Caller;
use super::permissions::Act;
use crate::app::App;
use crate::error::Error;
use crate::store::organizations::is_within;
use crate::store::users::{Account, memberships};

/// Refuses unless `caller` may change `account`.
pub(crate) async fn check_may_change(
    app: &App,
    caller: Caller,
    account: &Account,
) -> Result<(), Error> {
    caller.check(Act::ChangeSelf)?;
    if account.id == caller.id {
        return Ok(());
    }
    caller.check(Act::ChangeOthers)?;
    let mut connection = app.store.read().await?;
    for membership in memberships(&mut connection, account.id).await? {
        if membership.role > caller.role {
            return Err(Error::denied(format!(
                "the user is of role {}, and you are of role {}",
                membership.role, caller.role
            )));
        }
        if !is_within(
            &mut connection,
            caller.organization,
            membership.organization,
        )
        .await?
        {
            return Err(Error::denied(
                "the user is also a member of an organization that you do not manage",
            ));
        }
    }
    Ok(())
}

/// Refuses unless `caller` may give somebody `role` in `organization`.
pub(crate) async fn check_grant(
    app: &App,
    caller: Caller,
    organization: ObjectId,
    role: Role,
) -> Result<(), Error> {
    caller.check(Act::Grant)?;
    if role > caller.role {
        return Err(Error::denied(format!(
            "you are of role {} and may not grant the role {role}",
            caller.role
        )));
    }
    if !is_within(
        &mut app.store.read().await?,
        caller.organization,
        organization,
    )
    .await?
    {
        return Err(Error::denied(format!(
            "you do not manage organization {organization}"
        )));
    }
    Ok(())
}
