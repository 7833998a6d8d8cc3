//! The pictures of users. What is served is made of what was uploaded; see
//! [`crate::picture`].
//!
//! A picture in the database is written and deleted in one transaction with the
//! user that has it. One that is kept elsewhere is there before the user has it,
//! and until after the user has another one. What is left over where something
//! fails in between is deleted when it is an hour old.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use contract::id::{ObjectId, UserRef};
use contract::operation::NoContent;
use contract::users::{DeleteUserAvatar, UploadUserAvatar, User};
use tokio::time::{MissedTickBehavior, interval};

use super::accounts::{delete_picture, discard, find, save_with_picture, shown};
use super::change::until_saved;
use super::request::Request;
use crate::access::{Caller, check_may_change};
use crate::app::App;
use crate::blocking::PoolError;
use crate::error::Error;
use crate::files;
use crate::picture::{self, Picture, PictureError};
use crate::store;
use crate::store::pictures::{leftovers, picture, put_leftover};
use crate::store::users::Account;

/// For how many seconds no user has had a picture that was left over. An upload
/// that is under way is not that old, or else it fails.
const LEFT_OVER: i64 = 60 * 60;

/// How many such pictures are deleted at once.
const SWEPT: i64 = 100;

/// How often that is done.
const SWEEPING: Duration = Duration::from_mins(5);

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
    let decoded = app.decoders.run(move || picture::square(&body.0)).await;
    let picture = decoded.map_err(|error| match error {
        PoolError::Busy => Error::Unavailable(error.into()),
        PoolError::Lost(_) => Error::internal(error),
    })?;
    let picture = picture.map_err(|error| match error {
        PictureError::Encode(_) => Error::internal(error),
        error => Error::invalid("file", error.to_string()),
    })?;

    let path = files::new_path(account.id, picture.extension).map_err(Error::internal)?;
    if let Some(files) = &app.files {
        let mut transaction = app.store.write().await?;
        put_leftover(&mut transaction, &path, app.clock.now().as_second()).await?;
        store::commit(transaction).await?;
        files.put(&path, picture.bytes.clone()).await?;
    }
    match set_avatar(&app, caller, account.id, Some((&path, &picture))).await {
        Ok(account) => Ok(shown(&app, caller, &account)),
        Err(error) => {
            discard(&app, &path).await;
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

/// Returns the picture of a user with that name, and its media type, if there is
/// one.
pub(crate) async fn get(
    app: &App,
    user: &str,
    name: &str,
) -> Result<Option<(&'static str, Bytes)>, Error> {
    let (Ok(user), Some(media_type)) = (user.parse(), files::media_type(name)) else {
        return Ok(None);
    };
    let path = format!("{}{name}", files::prefix(user));
    let found = match &app.files {
        Some(files) => files.get(&path).await?,
        None => picture(&mut app.store.read().await?, &path).await?,
    };
    Ok(found.map(|bytes| (media_type, bytes)))
}

/// Deletes pictures that were left over, again and again.
pub(crate) async fn sweep_forever(app: &App) -> Infallible {
    let mut interval = interval(SWEEPING);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        if let Err(error) = sweep(app).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "pictures that were left over could not be deleted");
        }
    }
}

/// Deletes some of the pictures that were left over, or all if they are few.
pub(crate) async fn sweep(app: &App) -> Result<(), Error> {
    let Some(files) = &app.files else {
        return Ok(());
    };
    let before = app.clock.now().as_second() - LEFT_OVER;
    let paths = leftovers(&mut app.store.read().await?, before, SWEPT).await?;
    for path in paths {
        delete_picture(app, files, &path).await?;
        tracing::info!(path, "deleted a picture that was left over");
    }
    Ok(())
}

async fn set_avatar(
    app: &App,
    caller: Caller,
    id: ObjectId,
    new: Option<(&str, &Picture)>,
) -> Result<Account, Error> {
    let (path, picture) = new.unzip();
    until_saved(app, || async {
        let found = find(app, caller, UserRef::Id(id)).await?;
        check_may_change(caller, &found.row)?;
        let mut account = found.row.clone();
        if account.user.avatar.as_deref() == path {
            return Ok(Some(account));
        }
        account.user.avatar = path.map(str::to_owned);
        account.user.updated_at = Some(app.now()?);
        let saved = save_with_picture(app, caller, &found, &account, picture).await?;
        Ok(saved.then_some(account))
    })
    .await
}
