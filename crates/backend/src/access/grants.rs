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
use crate::store::line;
use crate::store::users::Account;

/// Refuses unless `caller` may change `account`.
pub(crate) fn check_may_change(caller: Caller, account: &Account) -> Result<(), Error> {
    caller.check(Act::ChangeSelf)?;
    if account.id == caller.id {
        return Ok(());
    }
    caller.check(Act::ChangeOthers)?;
    let mut memberships = account.memberships.iter();
    // What role a user has there is not to be told.
    if !memberships.all(|membership| membership.is_within(caller.organization)) {
        return Err(Error::denied(
            "the user is also a member of an organization that you do not manage",
        ));
    }
    for membership in &account.memberships {
        if membership.role > caller.role {
            return Err(Error::denied(format!(
                "the user is of role {}, and you are of role {}",
                membership.role, caller.role
            )));
        }
    }
    Ok(())
}

/// Refuses unless `caller` may give somebody `role` in `organization`. Returns the
/// organization and all above it.
pub(crate) async fn check_grant(
    app: &App,
    caller: Caller,
    organization: ObjectId,
    role: Role,
) -> Result<Vec<ObjectId>, Error> {
    caller.check(Act::Grant)?;
    if role > caller.role {
        return Err(Error::denied(format!(
            "you are of role {} and may not grant the role {role}",
            caller.role
        )));
    }
    let line = line(&mut app.store.read().await?, organization).await?;
    if !line.contains(&caller.organization) {
        return Err(Error::denied(format!(
            "you do not manage organization {organization}"
        )));
    }
    Ok(line)
}
