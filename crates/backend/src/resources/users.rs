//! Users: the handlers, and the rules they follow.
//!
//! - A caller sees the users who are members of its organization or of one below
//!   it. Others do not exist for it.
//! - Guests read. Agents and bots change themselves, but neither their role nor
//!   their status. Admins and owners create, change and delete users too.
//! - Nobody changes a user whose role is above their own, or grants such a role.
//!   Nobody changes a user who is also a member of an organization that they do
//!   not manage: whoever sets the password acts as that user everywhere.
//! - A user who moves to another organization stays a member of the one before
//!   it, and can move back, until the membership is removed. With the
//!   organization changes the role: to the one that the membership has.
//! - An organization keeps at least one owner who is not archived.
//!
//! Defaults, those of settings too, are filled in when a user is written, and
//! kept. An archived user keeps its e-mail address, so that it can be restored.

use contract::operation::{Create, Created, NoContent, Operation, Update};
use contract::users::{
    CreateUser, DeleteUser, GetUser, ListUsers, ListUsersQuery, Role, UpdateUser, User, UserStatus,
};
use serde_json::Value;

use super::accounts::{find, save, shown, taken, with_avatar_url, without_base};
use super::change::until_saved;
use super::create::with_defaults;
use super::filter::Filter;
use super::list::{self, Asked, Listing};
use super::request::Request;
use crate::access::{Act, Caller, begin, check_grant, check_may_change, issue_api_token};
use crate::app::App;
use crate::error::Error;
use crate::password;
use crate::store;
use crate::store::users::{Account, insert_account, memberships};

/// Lists users.
pub(crate) async fn list(request: Request<ListUsers>) -> Result<Listing<User>, Error> {
    let (app, caller) = (request.app, request.caller);
    let ListUsersQuery {
        list,
        id,
        organization,
        email,
        status,
        role,
        created_at,
    } = request.query;
    let filters = [
        Filter::is("id", id),
        Filter::text("email", email),
        Filter::is("organization", organization),
        Filter::is("role", role),
        Filter::status(status, UserStatus::Archived),
        Filter::time("createdAt", created_at),
    ];
    let asked = Asked {
        app: app.clone(),
        caller,
        query: list,
        cursor: request.cursor,
    };
    list::list(asked, filters, move |account| shown(&app, caller, &account)).await
}

/// Creates a user.
pub(crate) async fn create(request: Request<CreateUser>) -> Result<Created<User>, Error> {
    let Request {
        app,
        caller,
        body: Create(user),
        ..
    } = request;
    let user = with_defaults(&user)?;
    let organization = user.organization.unwrap_or(caller.organization);
    let role = user.role.unwrap_or_default();
    check_grant(&app, caller, organization, role).await?;
    let hash = match user.password.clone() {
        Some(password) => Some(password::hash(password).await.map_err(Error::internal)?),
        None => None,
    };

    let (id, now) = (app.next_id(), app.now()?);
    let status = user.status.unwrap_or_default();
    let display_name = user.display_name.clone().or_else(|| composed_name(&user));
    let user = User {
        id: Some(id),
        organization: Some(organization),
        role: Some(role),
        status: Some(status),
        password: None,
        display_name,
        created_at: Some(now),
        updated_at: Some(now),
        ..user
    };
    let mut account = Account {
        id,
        organization,
        role,
        status,
        user,
        password: hash,
    };
    if role == Role::Bot {
        account.user.api_token = Some(issue_api_token(&app, &account)?);
    }

    let mut transaction = begin(&app, caller).await?;
    insert_account(&mut transaction, &account)
        .await
        .map_err(|error| taken(error, &account))?;
    store::commit(transaction).await?;
    Ok(Created {
        location: format!("{}/{id}", CreateUser::PATH),
        reply: shown(&app, caller, &account),
    })
}

/// Gets a user.
pub(crate) async fn get(request: Request<GetUser>) -> Result<User, Error> {
    let Request {
        app, caller, path, ..
    } = request;
    let found = find(&app, caller, path.user_id).await?;
    Ok(shown(&app, caller, &found.row))
}

/// Changes a user.
pub(crate) async fn update(request: Request<UpdateUser>) -> Result<User, Error> {
    let Request {
        app,
        caller,
        path,
        body: patch,
        ..
    } = request;
    // Who may not change the user is told so before the password is hashed.
    check_may_change(&app, caller, &find(&app, caller, path.user_id).await?.row).await?;
    let password = match patch.as_object().get("password") {
        Some(Value::String(password)) => Some(Some(
            password::hash(password.clone())
                .await
                .map_err(Error::internal)?,
        )),
        Some(_) => Some(None),
        None => None,
    };

    let account = until_saved(&app, || async {
        let found = find(&app, caller, path.user_id).await?;
        check_may_change(&app, caller, &found.row).await?;
        let mut account = patched(&app, caller, &found.row, &patch).await?;
        if let Some(password) = &password {
            account.password.clone_from(password);
        } else if account.user == found.row.user {
            return Ok(Some(account));
        }
        account.user.updated_at = Some(app.now()?);
        Ok(save(&app, Some(caller), &found, &account)
            .await?
            .then_some(account))
    })
    .await?;
    Ok(shown(&app, caller, &account))
}

/// Archives a user.
pub(crate) async fn delete(request: Request<DeleteUser>) -> Result<NoContent, Error> {
    let Request {
        app, caller, path, ..
    } = request;
    until_saved(&app, || async {
        let found = find(&app, caller, path.user_id).await?;
        caller.check(Act::DeleteUser)?;
        check_may_change(&app, caller, &found.row).await?;
        if found.row.is_archived() {
            return Ok(Some(()));
        }
        let mut account = found.row.clone();
        account.status = UserStatus::Archived;
        account.user.status = Some(account.status);
        account.user.updated_at = Some(app.now()?);
        Ok(save(&app, Some(caller), &found, &account)
            .await?
            .then_some(()))
    })
    .await?;
    Ok(NoContent)
}

/// `account` with the changes of `patch`, if `caller` may make them. What is
/// compared is the outcome, so that a caller can send back what it got.
async fn patched(
    app: &App,
    caller: Caller,
    account: &Account,
    patch: &Update<User>,
) -> Result<Account, Error> {
    let mut user = with_defaults(&patch.apply(&with_avatar_url(app, account))?)?;
    user.password = None;

    let Some(organization) = user.organization else {
        return Err(Error::invalid(
            "organization",
            "cannot be null: a user belongs to an organization",
        ));
    };
    let memberships = memberships(&mut app.store.read().await?, account.id).await?;
    let membership = memberships
        .iter()
        .find(|membership| membership.organization == organization);
    let role = match user.role.unwrap_or_default() {
        // The role that the user has anyway: with another organization comes another role.
        role if role == account.role => membership.map_or(role, |membership| membership.role),
        role => role,
    };
    if membership.map(|membership| membership.role) != Some(role) {
        check_grant(app, caller, organization, role).await?;
    }
    let status = user.status.unwrap_or_default();
    if status != account.status {
        caller.check(Act::SetStatus)?;
    }

    let name_was_composed = account.user.display_name == composed_name(&account.user);
    let name_stayed = user.display_name == account.user.display_name;
    if user.display_name.is_none() || (name_was_composed && name_stayed) {
        user.display_name = composed_name(&user);
    }
    user.avatar = user
        .avatar
        .map(|avatar| without_base(app, account.id, avatar));
    (user.role, user.status) = (Some(role), Some(status));

    let mut account = Account {
        id: account.id,
        organization,
        role,
        status,
        user,
        password: account.password.clone(),
    };
    match (role, &account.user.api_token) {
        (Role::Bot, None) => account.user.api_token = Some(issue_api_token(app, &account)?),
        (Role::Bot, Some(_)) => {}
        (_, _) => account.user.api_token = None,
    }
    Ok(account)
}

/// Given, additional and family name in one, as far as there are any.
pub(crate) fn composed_name(user: &User) -> Option<String> {
    let names = [&user.given_name, &user.additional_name, &user.family_name];
    let names: Vec<_> = names
        .into_iter()
        .flatten()
        .map(|name| name.trim())
        .filter(|name| !name.is_empty())
        .collect();
    (!names.is_empty()).then(|| names.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(
        given: Option<&str>,
        additional: Option<&str>,
        family: Option<&str>,
        expected: Option<&str>,
    ) {
        let user = User {
            given_name: given.map(str::to_owned),
            additional_name: additional.map(str::to_owned),
            family_name: family.map(str::to_owned),
            ..User::default()
        };
        assert_eq!(composed_name(&user).as_deref(), expected);
    }

    #[test]
    fn a_name_is_composed_of_what_there_is() {
        check(
            Some("Hans"),
            Some("de"),
            Some("Vries"),
            Some("Hans de Vries"),
        );
        check(Some("Hans"), None, Some("Vries"), Some("Hans Vries"));
        check(None, None, Some("Vries"), Some("Vries"));
        check(Some(""), Some(" "), None, None);
        check(None, None, None, None);
    }
}
