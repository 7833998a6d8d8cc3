//! Tokens: logging in, and replacing a pair of tokens by a newer one.
//!
//! Logging in never tells whether an e-mail address is known. While the disk is
//! full one can log in, and the time of that is not kept.

use contract::auth::{CreateToken, RefreshToken, Token, TokenRequest};
use contract::failure::Failure;
use contract::operation::Json;
use contract::users::User;

use super::accounts;
use super::request::Request;
use crate::access::{account_of, issue, password_setting};
use crate::app::App;
use crate::error::Error;
use crate::password;
use crate::store::users::{Account, by_email};
use crate::token::Grant;

/// Logs a user in by password, or replaces its tokens.
pub(crate) async fn create(request: Request<CreateToken>) -> Result<Token, Error> {
    let app = &request.app;
    match request.body {
        Json(TokenRequest::Password { email, password }) => log_in(app, &email, password).await,
        Json(TokenRequest::RefreshToken {
            client_id,
            refresh_token,
        }) => renew(app, &refresh_token, Some(&client_id)).await,
    }
}

/// Replaces the tokens of a user.
///
/// The refresh token is proof enough: who comes because the access token has
/// expired cannot show a valid one.
pub(crate) async fn refresh(request: Request<RefreshToken>) -> Result<Token, Error> {
    renew(&request.app, &request.query.refresh_token, None).await
}

async fn log_in(app: &App, email: &str, password: String) -> Result<Token, Error> {
    let found = by_email(&mut app.store.read().await?, email)
        .await?
        .map(|found| found.row);
    let hash = found.as_ref().and_then(|account| account.password.clone());
    let same = password::matches(password, hash)
        .await
        .map_err(Error::internal)?;
    let Some(account) = found.filter(|account| same && !account.is_archived()) else {
        return Err(Error::CredentialsInvalid);
    };
    let last_login = Some(app.now()?);
    let kept = accounts::change(app, account.id, |account| Account {
        user: User {
            last_login,
            ..account.user.clone()
        },
        ..account.clone()
    })
    .await;
    match kept {
        Ok(account) => issue(app, &account),
        // Reading goes on while the disk is full, for which one needs a token.
        Err(Error::Full(_)) => issue(app, &account),
        Err(error) => Err(error),
    }
}

async fn renew(app: &App, token: &str, email: Option<&str>) -> Result<Token, Error> {
    let claims = app.key.verify(token, app.clock.now())?;
    let account = account_of(app, &claims).await?;
    let same_password = claims.password == password_setting(&account)?;
    let same_email =
        email.is_none_or(|email| email.to_lowercase() == account.user.email.to_lowercase());
    if claims.grant != Grant::Refresh || !same_password || !same_email {
        return Err(Failure::TokenInvalid.into());
    }
    issue(app, &account)
}
