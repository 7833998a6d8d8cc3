//! Users as they are kept: finding, showing and saving them, for all resources
//! that have to do with users.

use contract::failure::Failure;
use contract::id::{ObjectId, UserRef};
use contract::users::{Role, User};

use super::conditions::check_open;
use crate::access::{self, Caller, begin_on_user};
use crate::app::App;
use crate::error::Error;
use crate::files::{self, Files, is_picture_of};
use crate::picture::Picture;
use crate::store::pictures::{self, put_leftover, put_picture, remove_leftover};
use crate::store::sessions::end_of_user;
use crate::store::users::{Account, Membership, has_owner, replace_account};
use crate::store::{self, Session, StoreError, Versioned};

/// The user that a path names, if the caller sees it.
pub(crate) async fn find(
    app: &App,
    caller: Caller,
    user: UserRef,
) -> Result<Versioned<Account>, Error> {
    access::find(app, caller, user.resolve(caller.id)).await
}

/// Keeps `account` in the place of `found`, on behalf of a caller. Returns false, and
/// keeps nothing, if another change came first.
///
/// The sessions of a user who is archived, or has another password, end.
pub(crate) async fn save(
    app: &App,
    caller: Caller,
    found: &Versioned<Account>,
    account: &Account,
) -> Result<bool, Error> {
    save_with_picture(app, caller, found, account, None).await
}

/// The same with a new picture, which `account` names. A picture that is kept
/// elsewhere than in the database is there already.
pub(crate) async fn save_with_picture(
    app: &App,
    caller: Caller,
    found: &Versioned<Account>,
    account: &Account,
    picture: Option<&Picture>,
) -> Result<bool, Error> {
    let before = &found.row;
    let mut transaction = begin_on_user(app, caller, account.id).await?;
    let is_restored = before.is_archived() && !account.is_archived();
    if account.organization != before.organization || is_restored {
        check_open(&mut transaction, account.organization).await?;
    }
    if !replace_account(&mut transaction, found, account)
        .await
        .map_err(|error| taken(app, caller, error, account))?
    {
        return Ok(false);
    }
    check_owners(&mut transaction, before, account).await?;
    if account.is_archived() || account.password != before.password {
        end_of_user(&mut transaction, account.id).await?;
    }
    let mut replaced = None;
    if account.user.avatar != before.user.avatar {
        if let (Some(path), Some(picture)) = (&account.user.avatar, picture) {
            take(app, &mut transaction, path, picture).await?;
        }
        let old = before.user.avatar.as_deref();
        replaced = old.filter(|path| is_picture_of(account.id, path));
        if let Some(path) = replaced {
            leave(app, &mut transaction, path).await?;
        }
    }
    store::commit(transaction).await?;
    if let Some(path) = replaced {
        discard(app, path).await;
    }
    Ok(true)
}

/// Refuses to leave an organization without an owner that a user was an owner of.
pub(crate) async fn check_owners(
    transaction: &mut Session,
    before: &Account,
    after: &Account,
) -> Result<(), Error> {
    if before.is_archived() {
        return Ok(());
    }
    let owned = before.memberships.iter();
    for Membership { organization, .. } in owned.filter(|owned| owned.role == Role::Owner) {
        let still = after.membership(*organization);
        let stays = !after.is_archived() && still.is_some_and(|still| still.role == Role::Owner);
        if !stays && !has_owner(transaction, *organization).await? {
            return Err(last_owner(*organization));
        }
    }
    Ok(())
}

/// Makes a new picture that of a user.
async fn take(
    app: &App,
    transaction: &mut Session,
    path: &str,
    picture: &Picture,
) -> Result<(), Error> {
    if app.files.is_none() {
        put_picture(transaction, path, picture.bytes.clone()).await?;
    } else if !remove_leftover(transaction, path).await? {
        // It has been here for so long that it was taken for left over.
        return Err(Failure::Unavailable.into());
    }
    Ok(())
}

/// Makes a picture that of nobody.
async fn leave(app: &App, transaction: &mut Session, path: &str) -> Result<(), Error> {
    if app.files.is_none() {
        pictures::delete_picture(transaction, path).await?;
    } else {
        put_leftover(transaction, path, app.clock.now().as_second()).await?;
    }
    Ok(())
}

/// Deletes a picture that no user has, where it is kept elsewhere than in the
/// database. If that fails the request is done all the same, and the picture is
/// deleted later with what is left over.
pub(crate) async fn discard(app: &App, path: &str) {
    let Some(files) = &app.files else { return };
    if let Err(error) = delete_picture(app, files, path).await {
        tracing::warn!(
            path,
            error = &error as &dyn std::error::Error,
            "a picture could not be deleted and will be later"
        );
    }
}

/// Deletes a picture that is kept elsewhere and that no user has.
pub(crate) async fn delete_picture(app: &App, files: &Files, path: &str) -> Result<(), Error> {
    files.delete(path).await?;
    let mut transaction = app.store.write().await?;
    remove_leftover(&mut transaction, path).await?;
    store::commit(transaction).await?;
    Ok(())
}

/// What `caller` is shown of a user: all of it if it belongs where the caller sees
/// it, or else what its membership there says.
pub(crate) fn shown(app: &App, caller: Caller, account: &Account) -> User {
    let user = if caller.id == account.id {
        account.user.clone()
    } else {
        account.seen_from(caller.organization)
    };
    with_avatar_url(app, user)
}

/// The avatar of a user is kept as a path if it lies here, because the place
/// where callers reach the backend can change.
pub(crate) fn with_avatar_url(app: &App, mut user: User) -> User {
    if let Some(path) = user.avatar.take_if(|avatar| avatar.starts_with('/')) {
        user.avatar = Some(format!("{}{path}", app.base_urls.public()));
    }
    user
}

/// The picture of a user as it is kept: as a path if it lies here.
pub(crate) fn without_base(app: &App, id: ObjectId, avatar: String) -> String {
    match avatar.strip_prefix(app.base_urls.public()) {
        Some(path) if path.starts_with(&files::prefix(id)) => path.to_owned(),
        _ => avatar,
    }
}

/// What it means that an account cannot be written. That an e-mail address is taken
/// tells of a user whom the caller may not know, so it is counted.
pub(crate) fn taken(app: &App, caller: Caller, error: StoreError, account: &Account) -> Error {
    match error {
        StoreError::Duplicate { .. } => {
            if let Err(refused) = app.logins.taken(caller.id, app.clock.now()) {
                return refused;
            }
            Error::AlreadyExists {
                reason: "EMAIL_TAKEN",
                message: format!("another user has the e-mail address {}", account.user.email),
            }
        }
        error => error.into(),
    }
}

/// The refusal to leave an organization without an owner.
fn last_owner(organization: ObjectId) -> Error {
    Error::FailedPrecondition {
        reason: "LAST_OWNER",
        message: format!(
            "the user is the last owner of organization {organization}; make somebody else an \
             owner first"
        ),
    }
}
