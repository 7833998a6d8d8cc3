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
//!   organization change the role and the status: to those of the membership.
//! - An organization keeps at least one owner who is not archived.
//! - The API token of a bot is shown once: when the user becomes a bot, is restored
//!   or moves. With each of these it is another one. `apiToken: null` revokes it;
//!   for a new one the user stops being a bot and becomes one again.
//! - Who changes the own password has logged in with the old one of late.
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
use super::conditions::check_open;
use super::create::with_defaults;
use super::filter::Filter;
use super::list::{self, Asked, Listing};
use super::request::Request;
use crate::access::{Act, Caller, begin, check_grant, check_may_change, issue_api_token};
use crate::app::App;
use crate::error::Error;
use crate::store;
use crate::store::users::{Account, Membership, address, insert_account};

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
    let organization = user.organization.unwrap_or(caller.organization);
    let role = user.role.unwrap_or_default();
    let line = check_grant(&app, caller, organization, role).await?;
    let user = with_defaults_of_user(user, line.len() > 1)?;
    app.logins.check_taken(caller.id, app.clock.now())?;
    let hash = match user.password.clone() {
        Some(password) => Some(app.hasher.hash(password).await?),
        None => None,
    };

    let (id, now) = (app.next_id(), app.now()?);
    let display_name = user.display_name.clone().or_else(|| composed_name(&user));
    let user = User {
        id: Some(id),
        organization: Some(organization),
        role: Some(role),
        status: Some(user.status.unwrap_or_default()),
        password: None,
        display_name,
        created_at: Some(now),
        updated_at: Some(now),
        ..user
    };
    let mut account = Account::new(user, hash, line).map_err(Error::internal)?;
    let token = if role == Role::Bot && !account.is_archived() {
        Some(issue_api_token(&app, &mut account)?)
    } else {
        None
    };

    let mut transaction = begin(&app, caller).await?;
    check_open(&mut transaction, organization).await?;
    insert_account(&mut transaction, &account)
        .await
        .map_err(|error| taken(&app, caller, error, &account))?;
    store::commit(transaction).await?;
    Ok(Created {
        location: format!("{}/{id}", CreateUser::PATH),
        reply: User {
            api_token: token,
            ..shown(&app, caller, &account)
        },
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
    let found = find(&app, caller, path.user_id).await?;
    check_may_change(caller, &found.row)?;
    if patch.contains("password") && found.row.id == caller.id {
        check_fresh(&app, caller)?;
    }
    let password = match patch.as_object().get("password") {
        Some(Value::String(password)) => Some(Some(app.hasher.hash(password.clone()).await?)),
        Some(_) => Some(None),
        None => None,
    };

    let (account, token) = until_saved(&app, || async {
        let found = find(&app, caller, path.user_id).await?;
        check_may_change(caller, &found.row)?;
        let (mut account, token) = patched(&app, caller, &found.row, &patch).await?;
        if let Some(password) = &password {
            account.password.clone_from(password);
        } else if account.user == found.row.user && account.api_token == found.row.api_token {
            return Ok(Some((account, None)));
        }
        account.user.updated_at = Some(app.now()?);
        if address(&account.user.email) != address(&found.row.user.email) {
            app.logins.check_taken(caller.id, app.clock.now())?;
        }
        Ok(save(&app, caller, &found, &account)
            .await?
            .then_some((account, token)))
    })
    .await?;
    Ok(User {
        api_token: token,
        ..shown(&app, caller, &account)
    })
}

/// Archives a user.
pub(crate) async fn delete(request: Request<DeleteUser>) -> Result<NoContent, Error> {
    let Request {
        app, caller, path, ..
    } = request;
    until_saved(&app, || async {
        let found = find(&app, caller, path.user_id).await?;
        caller.check(Act::DeleteUser)?;
        check_may_change(caller, &found.row)?;
        if found.row.is_archived() {
            return Ok(Some(()));
        }
        let mut account = found.row.clone();
        let membership = own_membership(&account)?;
        account.act_as(Membership {
            status: UserStatus::Archived,
            ..membership
        });
        account.api_token = None;
        account.user.updated_at = Some(app.now()?);
        Ok(save(&app, caller, &found, &account).await?.then_some(()))
    })
    .await?;
    Ok(NoContent)
}

/// Refuses to change one's own password with a token that somebody may have found:
/// the login has to be one of late.
fn check_fresh(app: &App, caller: Caller) -> Result<(), Error> {
    let started = caller.session_started.ok_or(Error::LoginTooOld)?;
    let age = app.clock.now().as_millisecond().saturating_sub(started);
    let fresh = i64::try_from(app.logins.limits.fresh.as_millis()).unwrap_or(i64::MAX);
    if age > fresh {
        return Err(Error::LoginTooOld);
    }
    Ok(())
}

/// The membership of a user in the organization that it belongs to.
fn own_membership(account: &Account) -> Result<Membership, Error> {
    let membership = account.membership(account.organization).cloned();
    membership.ok_or_else(|| Error::internal("a user is no member of its organization"))
}

/// `account` with the changes of `patch`, if `caller` may make them, and a new API
/// token if it needs one. What is compared is the outcome, so that a caller can send
/// back what it got.
async fn patched(
    app: &App,
    caller: Caller,
    before: &Account,
    patch: &Update<User>,
) -> Result<(Account, Option<String>), Error> {
    let applied = patch.apply(&with_avatar_url(app, before.user.clone()))?;
    let mut user = applied;
    (user.password, user.api_token) = (None, None);
    if caller.id == before.id {
        note_choices(&before.user, &mut user, patch);
    }

    let Some(organization) = user.organization else {
        return Err(Error::invalid(
            "organization",
            "cannot be null: a user belongs to an organization",
        ));
    };
    let membership = before.membership(organization).cloned();
    let is_moved = organization != before.organization;
    // With another organization come the role and the status that the user has there
    // anyway.
    let role = match (user.role.unwrap_or_default(), &membership) {
        (role, Some(membership)) if role == before.role => membership.role,
        (role, _) => role,
    };
    // To be archived is no matter of one organization.
    let status_there = membership
        .as_ref()
        .map(|membership| membership.status)
        .filter(|status| is_moved && !before.is_archived() && *status != UserStatus::Archived)
        .unwrap_or(before.status);
    let status = match user.status.unwrap_or_default() {
        status if status == before.status => status_there,
        status => status,
    };
    let line = match &membership {
        Some(membership) if membership.role == role => membership.line.clone(),
        _ => check_grant(app, caller, organization, role).await?,
    };
    if status != status_there {
        caller.check(Act::SetStatus)?;
    }

    let name_was_composed = before.user.display_name == composed_name(&before.user);
    let name_stayed = user.display_name == before.user.display_name;
    if user.display_name.is_none() || (name_was_composed && name_stayed) {
        user.display_name = composed_name(&user);
    }
    user.avatar = user
        .avatar
        .map(|avatar| without_base(app, before.id, avatar));

    let mut account = Account {
        user: with_defaults_of_user(user, line.len() > 1)?,
        ..before.clone()
    };
    account.act_as(Membership {
        organization,
        line,
        role,
        status,
    });
    let is_bot = role == Role::Bot && !account.is_archived();
    let was_bot = before.role == Role::Bot && !before.is_archived();
    let is_revoked = patch.as_object().get("apiToken") == Some(&Value::Null);
    if !is_bot || is_revoked {
        account.api_token = None;
    }
    // Whoever knew the token where the bot was must not act where it is.
    let token = if is_bot && !is_revoked && (is_moved || !was_bot) {
        Some(issue_api_token(app, &mut account)?)
    } else {
        None
    };
    Ok((account, token))
}

/// Notes of a user who changes the own time zone or language that it chose them, unless
/// the change says something else.
fn note_choices(before: &User, after: &mut User, patch: &Update<User>) {
    let before = before.settings.clone().unwrap_or_default();
    let (Some(settings), Some(named)) = (&mut after.settings, patch.as_object().get("settings"))
    else {
        return;
    };
    if settings.timezone != before.timezone && named.get("timezoneSet").is_none() {
        settings.timezone_set = Some(settings.timezone.is_some());
    }
    if settings.locale != before.locale && named.get("localeSet").is_none() {
        settings.locale_set = Some(settings.locale.is_some());
    }
}

/// A user with its defaults. One of them depends on whether its organization stands
/// below another one.
pub(crate) fn with_defaults_of_user(mut user: User, is_below: bool) -> Result<User, Error> {
    let settings = user.settings.get_or_insert_default();
    settings.focus_on_accept.get_or_insert(is_below);
    with_defaults(&user)
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
