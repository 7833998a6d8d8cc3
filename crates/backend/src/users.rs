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
//! Defaults: a new user has role agent and status queued, and both are kept.
//! Settings that are not set stay unset; their defaults are the reader's. An
//! archived user keeps its e-mail address, so that it can be restored.

use contract::id::{ObjectId, UserRef};
use contract::operation::{Create, Created, List, NoContent, Update};
use contract::parameters::TextFilter;
use contract::timestamp::Timestamp;
use contract::users::{
    CreateUser, DeleteUser, DeleteUserAvatar, GetUser, ListUserOrganizations, ListUsers,
    ListUsersQuery, RemoveUserOrganization, Role, UpdateUser, UploadUserAvatar, User,
    UserOrganization, UserOrganizations, UserStatus,
};
use serde_json::Value;

use crate::auth::{Caller, issue_api_token};
use crate::error::Error;
use crate::list::{self, Filters};
use crate::picture::{self, PictureError};
use crate::resource::{self, until_saved};
use crate::serve::Request;
use crate::store::organizations::is_within;
use crate::store::users::{
    Account, Membership, has_owner, memberships, put_membership, remove_membership,
};
use crate::store::{self, StoreError, Versioned};
use crate::{App, blocking, files, password};

/// Lists users.
pub(crate) async fn list(request: Request<ListUsers>) -> Result<List<User>, Error> {
    let Request {
        app,
        caller,
        query:
            ListUsersQuery {
                list,
                id,
                organization,
                email,
                status,
                role,
                created_at,
            },
        ..
    } = request;
    let mut filters = Filters::default()
        .key("id", id)
        .key("organization", organization)
        .key("role", role)
        .key("status", status)
        .time("createdAt", created_at);
    if status.is_none() {
        filters = filters.without("status", Some(UserStatus::Archived));
    }
    filters = match email {
        Some(TextFilter::Is(email)) => filters.key("email", Some(email.to_lowercase())),
        filter => filters.text("email", filter),
    };
    list::list(&app, caller, list, filters, |account| {
        shown(&app, caller, &account)
    })
    .await
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
    check_grant(&app, caller, organization, role).await?;
    let hash = match user.password.clone() {
        Some(password) => Some(password::hash(password).await.map_err(Error::internal)?),
        None => None,
    };

    let (id, now) = (app.ids.next(app.clock.now()), app.now()?);
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

    let mut transaction = app.store.write().await?;
    store::insert(&mut transaction, &account)
        .await
        .map_err(|error| taken(error, &account))?;
    put_membership(&mut transaction, id, Membership { organization, role }).await?;
    store::commit(transaction).await?;
    Ok(Created {
        location: format!("/users/{id}"),
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

    let account = until_saved(|| async {
        let found = find(&app, caller, path.user_id).await?;
        check_may_change(&app, caller, &found.row).await?;
        let mut account = patched(&app, caller, &found.row, &patch).await?;
        if let Some(password) = &password {
            account.password.clone_from(password);
        } else if account.user == found.row.user {
            return Ok(Some(account));
        }
        account.user.updated_at = Some(app.now()?);
        Ok(save(&app, &found, &account).await?.then_some(account))
    })
    .await?;
    Ok(shown(&app, caller, &account))
}

/// Archives a user.
pub(crate) async fn delete(request: Request<DeleteUser>) -> Result<NoContent, Error> {
    let Request {
        app, caller, path, ..
    } = request;
    until_saved(|| async {
        let found = find(&app, caller, path.user_id).await?;
        if caller.role < Role::Admin {
            return Err(Error::denied("only admins and owners delete users"));
        }
        check_may_change(&app, caller, &found.row).await?;
        if found.row.is_archived() {
            return Ok(Some(()));
        }
        let mut account = found.row.clone();
        account.status = UserStatus::Archived;
        account.user.status = Some(account.status);
        account.user.updated_at = Some(app.now()?);
        Ok(save(&app, &found, &account).await?.then_some(()))
    })
    .await?;
    Ok(NoContent)
}

/// Lists the organizations of the caller.
pub(crate) async fn organizations(
    request: Request<ListUserOrganizations>,
) -> Result<UserOrganizations, Error> {
    let Request { app, caller, .. } = request;
    let memberships = memberships(&mut *app.store.read().await?, caller.id).await?;
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
pub(crate) async fn remove_organization(
    request: Request<RemoveUserOrganization>,
) -> Result<NoContent, Error> {
    let Request {
        app, caller, path, ..
    } = request;
    let organization = path.organization_id;
    until_saved(|| async {
        let found = find(&app, caller, path.user_id).await?;
        let account = &found.row;
        let (membership, is_below) = {
            let mut connection = app.store.read().await?;
            let memberships = memberships(&mut connection, account.id).await?;
            let membership = memberships
                .into_iter()
                .find(|it| it.organization == organization);
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
        let manages = is_below && caller.role >= Role::Admin && membership.role <= caller.role;
        let leaves = account.id == caller.id && caller.role >= Role::Agent;
        if !manages && !leaves {
            return Err(Error::denied(
                "only admins and owners remove others from an organization",
            ));
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

        let mut transaction = app.store.write().await?;
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

/// Sets the picture of a user.
pub(crate) async fn upload_avatar(request: Request<UploadUserAvatar>) -> Result<User, Error> {
    let Request {
        app,
        caller,
        path,
        body,
        ..
    } = request;
    let account = find(&app, caller, path.user_id).await?.row;
    check_may_change(&app, caller, &account).await?;
    let picture = blocking::run(move || picture::square(&body.0))
        .await
        .map_err(Error::internal)?;
    let picture = picture.map_err(|error| match error {
        PictureError::Encode(_) => Error::internal(error),
        error => Error::invalid("file", error.to_string()),
    })?;

    let file = app
        .files
        .put(account.id, app.ids.next(app.clock.now()), picture)
        .await
        .map_err(Error::internal)?;
    match set_avatar(&app, caller, account.id, Some(&file)).await {
        Ok(account) => Ok(shown(&app, caller, &account)),
        Err(error) => {
            discard(&app, account.id, &file).await;
            Err(error)
        }
    }
}

/// Deletes the picture of a user.
pub(crate) async fn delete_avatar(request: Request<DeleteUserAvatar>) -> Result<NoContent, Error> {
    let Request {
        app, caller, path, ..
    } = request;
    set_avatar(&app, caller, path.user_id.resolve(caller.id), None).await?;
    Ok(NoContent)
}

async fn set_avatar(
    app: &App,
    caller: Caller,
    id: ObjectId,
    avatar: Option<&str>,
) -> Result<Account, Error> {
    until_saved(|| async {
        let found = find(app, caller, UserRef::Id(id)).await?;
        check_may_change(app, caller, &found.row).await?;
        let mut account = found.row.clone();
        if account.user.avatar.as_deref() == avatar {
            return Ok(Some(account));
        }
        account.user.avatar = avatar.map(str::to_owned);
        account.user.updated_at = Some(app.now()?);
        Ok(save(app, &found, &account).await?.then_some(account))
    })
    .await
}

/// The user that a path names, if the caller sees it.
async fn find(app: &App, caller: Caller, user: UserRef) -> Result<Versioned<Account>, Error> {
    resource::find(app, caller, user.resolve(caller.id)).await
}

/// Refuses unless `caller` may change `account`. See the rules above.
async fn check_may_change(app: &App, caller: Caller, account: &Account) -> Result<(), Error> {
    if caller.role < Role::Agent {
        return Err(Error::denied("guests may only read"));
    }
    if account.id == caller.id {
        return Ok(());
    }
    if caller.role < Role::Admin {
        return Err(Error::denied(format!(
            "a user of role {} may change nobody else",
            caller.role
        )));
    }
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
async fn check_grant(
    app: &App,
    caller: Caller,
    organization: ObjectId,
    role: Role,
) -> Result<(), Error> {
    if caller.role < Role::Admin {
        return Err(Error::denied(
            "only admins and owners create users, give them a role or move them",
        ));
    }
    if role > caller.role {
        return Err(Error::denied(format!(
            "you are of role {} and may not grant the role {role}",
            caller.role
        )));
    }
    if !is_within(
        &mut *app.store.read().await?,
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

/// `account` with the changes of `patch`, if `caller` may make them. What is
/// compared is the outcome, so that a caller can send back what it got.
async fn patched(
    app: &App,
    caller: Caller,
    account: &Account,
    patch: &Update<User>,
) -> Result<Account, Error> {
    let mut user = patch.apply(&with_avatar_url(app, account))?;
    user.password = None;

    let Some(organization) = user.organization else {
        return Err(Error::invalid(
            "organization",
            "cannot be null: a user belongs to an organization",
        ));
    };
    let memberships = memberships(&mut *app.store.read().await?, account.id).await?;
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
    if status != account.status && caller.role < Role::Admin {
        return Err(Error::denied(
            "only admins and owners change the status of a user",
        ));
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

/// Changes a user by itself, without regard to who asks: `edit` makes the new
/// account of the present one.
pub(crate) async fn change(
    app: &App,
    id: ObjectId,
    edit: impl Fn(&Account) -> Account + Sync,
) -> Result<Account, Error> {
    until_saved(|| async {
        let found = store::get(&mut *app.store.read().await?, &id.to_string()).await?;
        let found = found.ok_or_else(|| resource::unknown::<Account>(id))?;
        let account = edit(&found.row);
        Ok(save(app, &found, &account).await?.then_some(account))
    })
    .await
}

/// Keeps `account` in the place of `found`. Whether it could: not if another
/// change came first.
async fn save(app: &App, found: &Versioned<Account>, account: &Account) -> Result<bool, Error> {
    let before = &found.row;
    let mut transaction = app.store.write().await?;
    if !store::replace(&mut transaction, found, account)
        .await
        .map_err(|error| taken(error, account))?
    {
        return Ok(false);
    }
    let owned = if before.is_archived() {
        Vec::new()
    } else {
        memberships(&mut transaction, account.id).await?
    };
    let membership = Membership {
        organization: account.organization,
        role: account.role,
    };
    put_membership(&mut transaction, account.id, membership).await?;
    for Membership { organization, .. } in owned
        .into_iter()
        .filter(|membership| membership.role == Role::Owner)
    {
        let stays = !account.is_archived()
            && (organization != account.organization || account.role == Role::Owner);
        if !stays && !has_owner(&mut transaction, organization).await? {
            return Err(last_owner(organization));
        }
    }
    store::commit(transaction).await?;

    if let Some(file) = &before.user.avatar
        && account.user.avatar != before.user.avatar
    {
        discard(app, account.id, file).await;
    }
    Ok(true)
}

/// Deletes a file that no user refers to any more. If that fails the file stays,
/// and the request is done all the same.
async fn discard(app: &App, user: ObjectId, file: &str) {
    if let Err(error) = app.files.delete(user, file).await {
        tracing::warn!(
            file,
            error = &error as &dyn std::error::Error,
            "an avatar could not be deleted"
        );
    }
}

/// What `caller` is shown of a user. Who holds the token of a bot acts as the
/// bot, so it is for those who manage the bot, and for the bot itself.
fn shown(app: &App, caller: Caller, account: &Account) -> User {
    let mut user = with_avatar_url(app, account);
    if caller.role < Role::Admin && caller.id != account.id {
        user.api_token = None;
    }
    user
}

/// The avatar of a user is kept as a path if it lies here, because the place
/// where callers reach the backend can change.
fn with_avatar_url(app: &App, account: &Account) -> User {
    let mut user = account.user.clone();
    if let Some(path) = user.avatar.take_if(|avatar| avatar.starts_with('/')) {
        user.avatar = Some(format!("{}{path}", app.public_url));
    }
    user
}

fn without_base(app: &App, id: ObjectId, avatar: String) -> String {
    match avatar.strip_prefix(&app.public_url) {
        Some(path) if path.starts_with(&files::prefix(id)) => path.to_owned(),
        _ => avatar,
    }
}

/// Given, additional and family name in one, as far as there are any.
fn composed_name(user: &User) -> Option<String> {
    let names = [&user.given_name, &user.additional_name, &user.family_name];
    let names: Vec<_> = names
        .into_iter()
        .flatten()
        .map(|name| name.trim())
        .filter(|name| !name.is_empty())
        .collect();
    (!names.is_empty()).then(|| names.join(" "))
}

fn taken(error: StoreError, account: &Account) -> Error {
    match error {
        StoreError::Duplicate { .. } => Error::AlreadyExists {
            reason: "EMAIL_TAKEN",
            message: format!("another user has the e-mail address {}", account.user.email),
        },
        error => error.into(),
    }
}

fn last_owner(organization: ObjectId) -> Error {
    Error::FailedPrecondition {
        reason: "LAST_OWNER",
        message: format!(
            "the user is the last owner of organization {organization}; make somebody else an \
             owner first"
        ),
    }
}

impl App {
    /// The present time, for a document.
    pub(crate) fn now(&self) -> Result<Timestamp, Error> {
        Timestamp::try_from(self.clock.now()).map_err(Error::internal)
    }
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
