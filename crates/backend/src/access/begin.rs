//! Beginning to write on behalf of a caller.
//!
//! A caller is authenticated before its request is read, which can take minutes.
//! What it may do is checked against what it was then. So the transaction that
//! writes looks whether the caller still is that, and keeps it so until it ends.

use contract::failure::Failure;
use contract::id::ObjectId;

use super::caller::Caller;
use crate::app::App;
use crate::error::Error;
use crate::store::Session;
use crate::store::users::{Hold, lock_account, standing};

/// Begins a transaction for a caller.
///
/// # Errors
///
/// Fails if the caller has been shut out since it was authenticated, or has another
/// role or organization. In the second case it may try again.
pub(crate) async fn begin(app: &App, caller: Caller) -> Result<Session, Error> {
    let mut transaction = app.store.write().await?;
    check(&mut transaction, caller).await?;
    Ok(transaction)
}

/// The same for a transaction that changes a user, who may be the caller. Users are
/// locked in the order of their IDs, so that of two who change themselves or each
/// other one waits for the other.
pub(crate) async fn begin_on_user(
    app: &App,
    caller: Caller,
    user: ObjectId,
) -> Result<Session, Error> {
    let mut transaction = app.store.write().await?;
    if user <= caller.id {
        lock_account(&mut transaction, user).await?;
    }
    check(&mut transaction, caller).await?;
    Ok(transaction)
}

async fn check(transaction: &mut Session, caller: Caller) -> Result<(), Error> {
    let now = standing(transaction, caller.id, caller.proof, Hold::Fast).await?;
    let now = now.ok_or(Failure::TokenInvalid)?;
    if (now.organization, now.role) != (caller.organization, caller.role) {
        return Err(Failure::Contended.into());
    }
    Ok(())
}
