//! Who calls, and how somebody becomes known.
//!
//! A caller shows a token; what it may do is read from the store each time, so
//! a change of role or an archived user counts at once. Logging in never tells
//! whether an e-mail address is known.

use std::sync::Arc;

use contract::auth::{CreateToken, RefreshToken, Token, TokenRequest};
use contract::id::ObjectId;
use contract::operation::Json;
use contract::timestamp::Timestamp;
use contract::users::{Role, User};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use crate::error::Error;
use crate::serve::Request;
use crate::store::users::{Account, by_email};
use crate::store::{self};
use crate::token::{ACCESS_LIFETIME, Claims, Grant, REFRESH_LIFETIME, Refused, scope};
use crate::{App, password, users};

/// The user who makes a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) id: ObjectId,
    /// The organization in which the caller acts. It sees this one and all below.
    pub(crate) organization: ObjectId,
    /// What the caller may do there.
    pub(crate) role: Role,
}

/// A caller who need not be known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anybody;

/// Finds out who calls, or that it does not matter.
pub(crate) trait Authenticate: Sized + Send {
    /// Whether a call without a token is refused.
    const REQUIRED: bool;

    fn authenticate(
        app: &App,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Self, Error>> + Send;
}

impl Authenticate for Anybody {
    const REQUIRED: bool = false;

    async fn authenticate(_: &App, _: &HeaderMap) -> Result<Self, Error> {
        Ok(Self)
    }
}

impl Authenticate for Caller {
    const REQUIRED: bool = true;

    async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Self, Error> {
        let Some(token) = headers.get(AUTHORIZATION).and_then(bearer) else {
            return Err(Error::Unauthenticated {
                reason: "TOKEN_MISSING",
                message: "a token is needed: send the header `Authorization: Bearer <token>` with \
                          one from POST /v2/auth/token"
                    .to_owned(),
            });
        };
        let claims = app.key.verify(token, app.clock.now())?;
        let account = account_of(app, &claims).await?;
        match claims.grant {
            Grant::Access => {}
            Grant::Api if account.user.api_token.as_deref() == Some(token) => {}
            Grant::Api | Grant::Refresh => return Err(Refused::Invalid.into()),
        }
        Ok(Self {
            id: account.id,
            organization: account.organization,
            role: account.role,
        })
    }
}

/// The token in an `Authorization` header.
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The user of a token, unless it is gone or archived.
async fn account_of(app: &App, claims: &Claims) -> Result<Account, Error> {
    let found = store::get::<Account>(&mut *app.store.read().await?, &claims.user).await?;
    let account = found
        .map(|found| found.row)
        .filter(|account| !account.is_archived());
    Ok(account.ok_or(Refused::Invalid)?)
}

/// Logs a user in by password, or replaces its tokens.
pub(crate) async fn create_token(request: Request<CreateToken, Anybody>) -> Result<Token, Error> {
    let app = &request.app;
    match request.body {
        Json(TokenRequest::Password { email, password }) => log_in(app, &email, password).await,
        Json(TokenRequest::RefreshToken {
            client_id,
            refresh_token,
        }) => refresh(app, &refresh_token, Some(&client_id)).await,
    }
}

/// Replaces the tokens of a user.
///
/// The refresh token is proof enough: who comes because the access token has
/// expired cannot show a valid one.
pub(crate) async fn refresh_token(request: Request<RefreshToken, Anybody>) -> Result<Token, Error> {
    refresh(&request.app, &request.query.refresh_token, None).await
}

async fn log_in(app: &Arc<App>, email: &str, password: String) -> Result<Token, Error> {
    let found = by_email(&mut *app.store.read().await?, email)
        .await?
        .map(|found| found.row);
    let hash = found.as_ref().and_then(|account| account.password.clone());
    let same = password::matches(password, hash)
        .await
        .map_err(Error::internal)?;
    let Some(account) = found.filter(|account| same && !account.is_archived()) else {
        return Err(Error::Unauthenticated {
            reason: "CREDENTIALS_INVALID",
            message: "the e-mail address or the password is wrong".to_owned(),
        });
    };
    let last_login = Some(app.now()?);
    let account = users::change(app, account.id, |account| Account {
        user: User {
            last_login,
            ..account.user.clone()
        },
        ..account.clone()
    })
    .await?;
    issue(app, &account)
}

async fn refresh(app: &App, token: &str, email: Option<&str>) -> Result<Token, Error> {
    let claims = app.key.verify(token, app.clock.now())?;
    let account = account_of(app, &claims).await?;
    let same_password =
        claims.password.as_deref() == account.password.as_deref().and_then(password::generation);
    let same_email =
        email.is_none_or(|email| email.to_lowercase() == account.user.email.to_lowercase());
    if claims.grant != Grant::Refresh || !same_password || !same_email {
        return Err(Refused::Invalid.into());
    }
    issue(app, &account)
}

/// A new pair of tokens for a user.
fn issue(app: &App, account: &Account) -> Result<Token, Error> {
    let now = app.clock.now();
    let expires_at = now + ACCESS_LIFETIME;
    let access = Claims {
        exp: Some(expires_at.as_second()),
        ..claims(app, account, Grant::Access)
    };
    let refresh = Claims {
        exp: Some((now + REFRESH_LIFETIME).as_second()),
        password: account
            .password
            .as_deref()
            .and_then(password::generation)
            .map(str::to_owned),
        ..claims(app, account, Grant::Refresh)
    };
    Ok(Token {
        token_type: Some("Bearer".to_owned()),
        token: Some(app.key.sign(&access).map_err(Error::internal)?),
        refresh_token: Some(app.key.sign(&refresh).map_err(Error::internal)?),
        user: Some(account.id),
        organization: Some(account.organization),
        expires_at: Some(Timestamp::try_from(expires_at).map_err(Error::internal)?),
        scope: Some(access.scope),
    })
}

/// A token for a bot. It is accepted for as long as the bot has it.
pub(crate) fn issue_api_token(app: &App, account: &Account) -> Result<String, Error> {
    let jti = Some(app.ids.next(app.clock.now()).to_string());
    app.key
        .sign(&Claims {
            jti,
            ..claims(app, account, Grant::Api)
        })
        .map_err(Error::internal)
}

fn claims(app: &App, account: &Account, grant: Grant) -> Claims {
    Claims {
        user: account.id.to_string(),
        organization: account.organization.to_string(),
        scope: scope(account.role).to_owned(),
        grant,
        iat: app.clock.now().as_second(),
        exp: None,
        password: None,
        jti: None,
    }
}
