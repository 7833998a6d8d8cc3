//! The pictures of users. What is served is made of what was uploaded; see
//! [`crate::picture`].

use contract::id::{ObjectId, UserRef};
use contract::operation::NoContent;
use contract::users::{DeleteUserAvatar, UploadUserAvatar, User};

use super::accounts::{discard, find, save, shown};
use super::change::until_saved;
use super::request::Request;
use crate::access::{Caller, check_may_change};
use crate::app::App;
use crate::blocking;
use crate::error::Error;
use crate::files::is_full;
use crate::picture::{self, PictureError};
use crate::store::users::Account;

/// Sets the picture of a user.
pub(crate) async fn upload(request: Request<UploadUserAvatar>) -> Result<User, Error> {
    let Request {
        app,
        caller,
        path,
        body,
        ..
    } = request;
    let account = find(&app, caller, path.user_id).await?.row;
    check_may_change(caller, &account)?;
    let picture = blocking::run(move || picture::square(&body.0))
        .await
        .map_err(Error::internal)?;
    let picture = picture.map_err(|error| match error {
        PictureError::Encode(_) => Error::internal(error),
        error => Error::invalid("file", error.to_string()),
    })?;

    let file = app
        .files
        .put(account.id, app.next_id(), picture)
        .await
        .map_err(|error| {
            if is_full(&error) {
                Error::Full(error.into())
            } else {
                Error::internal(error)
            }
        })?;
    match set_avatar(&app, caller, account.id, Some(&file)).await {
        Ok(account) => Ok(shown(&app, caller, &account)),
        Err(error) => {
            discard(&app, account.id, &file).await;
            Err(error)
        }
    }
}

/// Deletes the picture of a user.
pub(crate) async fn delete(request: Request<DeleteUserAvatar>) -> Result<NoContent, Error> {
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
    until_saved(app, || async {
        let found = find(app, caller, UserRef::Id(id)).await?;
        check_may_change(caller, &found.row)?;
        let mut account = found.row.clone();
        if account.user.avatar.as_deref() == avatar {
            return Ok(Some(account));
        }
        account.user.avatar = avatar.map(str::to_owned);
        account.user.updated_at = Some(app.now()?);
        Ok(save(app, caller, &found, &account)
            .await?
            .then_some(account))
    })
    .await
}
