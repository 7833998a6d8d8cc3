//! Ending what a user can call with, on behalf of whoever runs the backend.

use crate::app::App;
use crate::error::Error;
use crate::store;
use crate::store::sessions::end_of_user;
use crate::store::users::{by_email, replace_account};

/// What a user could call with until it was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// How many sessions have ended.
    pub sessions: u64,
    /// Whether the user had an API token.
    pub api_token: bool,
}

/// Why the tokens of a user cannot be revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// Nobody has the e-mail address.
    #[error("no user has the e-mail address {0}")]
    Unknown(String),
    /// Somebody changed the user at the same time.
    #[error("the user was changed at the same time; try again")]
    Contended,
    /// The database fails.
    #[error("the database fails")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Ends the sessions of a user, and its API token.
pub(crate) async fn revoke(app: &App, email: &str) -> Result<Revoked, RevokeError> {
    let failed = |error: Error| RevokeError::Store(error.into());
    let done = async {
        let mut transaction = app.store.write().await?;
        let Some(found) = by_email(&mut transaction, email).await? else {
            return Ok(None);
        };
        let mut account = found.row.clone();
        let api_token = account.api_token.take().is_some();
        if !replace_account(&mut transaction, &found, &account).await? {
            return Ok(Some(None));
        }
        let sessions = end_of_user(&mut transaction, account.id).await?;
        store::commit(transaction).await?;
        Ok(Some(Some(Revoked {
            sessions,
            api_token,
        })))
    };
    match done.await.map_err(failed)? {
        None => Err(RevokeError::Unknown(email.to_owned())),
        Some(None) => Err(RevokeError::Contended),
        Some(Some(revoked)) => Ok(revoked),
    }
}
