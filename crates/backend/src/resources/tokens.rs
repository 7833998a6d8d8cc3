//! Tokens: logging in, and replacing a pair of tokens by a newer one.
//!
//! - A login opens a session. Its tokens end with it: when the password changes,
//!   the user or the organization that it acts in is archived, a membership of it
//!   is removed, or somebody who runs the backend says so.
//! - A refresh token is good for one renewal. If it comes again later, somebody has
//!   a copy, and the session ends. It is still taken for a moment, because the
//!   reply may have been lost.
//! - Logging in never tells whether an e-mail address is known. Who fails too often
//!   has to wait.
//! - The first login sets the language and the time zone of a user, as far as
//!   nobody has.
//! - While the disk is full one can log in, for an hour, and nothing of that is
//!   kept.

use contract::auth::{CreateToken, RefreshToken, Token, TokenRequest};
use contract::id::ObjectId;
use contract::operation::Json;
use contract::organizations::Organization;
use contract::users::{Locale, User, UserSettings};

use super::change::until_saved;
use super::request::Request;
use crate::access::{Login, Origin, issue};
use crate::app::App;
use crate::error::Error;
use crate::observer::LoginOutcome;
use crate::store::organizations::{Tenant, is_archived};
use crate::store::sessions::{self, NewSession, Renewal, SessionId};
use crate::store::users::{Account, by_email};
use crate::store::{self, StoreError};
use crate::token::{Claims, Grant, REFRESH_LIFETIME};

/// Logs a user in by password, or replaces its tokens.
pub(crate) async fn create(request: Request<CreateToken>) -> Result<Token, Error> {
    let (app, from) = (&request.app, request.caller);
    match request.body {
        Json(TokenRequest::Password { email, password }) => {
            log_in(app, from, &email, password).await
        }
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

/// Logs in. Whatever a login is refused for counts as a failure, so that the number of
/// refusals does not tell a right password either.
async fn log_in(app: &App, from: Origin, email: &str, password: String) -> Result<Token, Error> {
    let token = try_to_log_in(app, from, email, password).await;
    if let Err(Error::CredentialsInvalid) = token {
        app.logins.failed(email, from.address, app.clock.now());
    }
    app.observers.logged_in(match &token {
        Ok(_) => LoginOutcome::Succeeded,
        Err(Error::CredentialsInvalid) => LoginOutcome::Failed,
        Err(Error::TooMany { .. }) => LoginOutcome::Throttled,
        Err(_) => LoginOutcome::Broken,
    });
    token
}

async fn try_to_log_in(
    app: &App,
    from: Origin,
    email: &str,
    password: String,
) -> Result<Token, Error> {
    let check = || app.logins.check(email, from.address, app.clock.now());
    check()?;
    let found = by_email(&mut app.store.read().await?, email)
        .await?
        .map(|found| found.row);
    let hash = found.as_ref().and_then(|account| account.password.clone());
    let same = app.hasher.matches(password, hash.clone()).await?;
    // Of many guesses at once, those that come after too many wrong ones learn
    // nothing, right or not.
    check()?;
    let account = found.filter(|account| same && !account.is_archived());
    let account = account.ok_or(Error::CredentialsInvalid)?;
    match open_session(app, from, account.id, hash.as_deref()).await {
        Ok((account, login)) => issue(app, &account, login),
        // Reading goes on while the disk is full, for which one needs a token.
        Err(Error::Full(_)) => {
            if !is_open(app, &account).await? {
                return Err(Error::CredentialsInvalid);
            }
            issue(app, &account, Login::Unkept)
        }
        Err(error) => Err(error),
    }
}

/// Returns whether the organization that a user acts in is not archived.
async fn is_open(app: &App, account: &Account) -> Result<bool, Error> {
    let organization = account.organization.to_string();
    let tenant = store::get::<Tenant>(&mut app.store.read().await?, &organization).await?;
    Ok(tenant.is_some_and(|tenant| !store::Row::is_archived(&tenant.row)))
}

/// Opens a session for a user whose password was shown: the one with that hash.
async fn open_session(
    app: &App,
    from: Origin,
    user: ObjectId,
    hash: Option<&str>,
) -> Result<(Account, Login), Error> {
    let id = SessionId::random().map_err(Error::internal)?;
    until_saved(app, || async {
        let now = app.clock.now();
        let mut session = app.store.read().await?;
        let found = store::get::<Account>(&mut session, &user.to_string()).await?;
        let found =
            found.filter(|found| !found.row.is_archived() && found.row.password.as_deref() == hash);
        let found = found.ok_or(Error::CredentialsInvalid)?;
        let organization = found.row.organization;
        let tenant = store::get::<Tenant>(&mut session, &organization.to_string()).await?;
        let tenant = tenant.ok_or(Error::CredentialsInvalid)?.row;
        drop(session);
        let mut account = found.row.clone();
        if account.user.last_login.is_none() {
            settle_in(&mut account.user, &tenant.organization, from);
        }
        account.user.last_login = Some(app.now()?);

        let mut transaction = app.store.write().await?;
        if is_archived(&mut transaction, organization).await? {
            return Err(Error::CredentialsInvalid);
        }
        if !store::replace(&mut transaction, &found, &account).await? {
            return Ok(None);
        }
        let new = NewSession {
            id,
            user,
            started: now.as_millisecond(),
            expires: (now + REFRESH_LIFETIME).as_millisecond(),
        };
        sessions::open(&mut transaction, new, app.logins.limits.sessions).await?;
        store::commit(transaction).await?;
        let generation = 0;
        Ok(Some((account, Login::Session { id, generation })))
    })
    .await
}

/// Sets what the first login of a user sets: the time zone, which is that of its
/// organization, and the language that its program asks for.
fn settle_in(user: &mut User, organization: &Organization, from: Origin) {
    let mut settings = user.settings.clone().unwrap_or_default();
    if settings.timezone.is_none() {
        settings.timezone.clone_from(&organization.timezone);
    }
    let is_default = settings
        .locale
        .is_none_or(|locale| locale == Locale::default());
    if is_default && settings.locale_set != Some(true) {
        settings.locale = from.locale.or(settings.locale).or(organization.locale);
    }
    if settings != UserSettings::default() {
        user.settings = Some(settings);
    }
}

async fn renew(app: &App, token: &str, email: Option<&str>) -> Result<Token, Error> {
    let now = app.clock.now();
    let invalid = || Error::RefreshRefused;
    let claims = app.keys.verify(token, now).map_err(|_| invalid())?;
    let Claims {
        user,
        grant: Grant::Refresh,
        sid: Some(session),
        generation: Some(generation),
        ..
    } = claims
    else {
        return Err(invalid());
    };
    let (Ok(user), Some(id)) = (user.parse::<ObjectId>(), SessionId::parse(&session)) else {
        return Err(invalid());
    };
    let found = store::get::<Account>(&mut app.store.read().await?, &user.to_string()).await?;
    let account = found.ok_or_else(invalid)?.row;
    let same_email =
        email.is_none_or(|email| email.to_lowercase() == account.user.email.to_lowercase());
    if account.is_archived() || !same_email || !is_open(app, &account).await? {
        return Err(invalid());
    }
    let grace = app.logins.limits.refresh_grace;
    let renewal = async {
        let mut transaction = app.store.write().await?;
        let renewal = sessions::renew(
            &mut transaction,
            id,
            user,
            generation,
            now.as_millisecond(),
            i64::try_from(grace.as_millis()).unwrap_or(i64::MAX),
            (now + REFRESH_LIFETIME).as_millisecond(),
        );
        let renewal = renewal.await?;
        store::commit(transaction).await?;
        Ok::<_, StoreError>(renewal)
    };
    match renewal.await {
        Ok(Renewal::Done { generation }) => issue(app, &account, Login::Session { id, generation }),
        Ok(Renewal::Reused) => {
            tracing::warn!(
                %user,
                "a refresh token was used twice, so its session has ended"
            );
            Err(invalid())
        }
        Ok(Renewal::Ended) => Err(invalid()),
        // Reading goes on while the disk is full. The token stays good.
        Err(StoreError::Full(_)) => Ok(Token {
            refresh_token: Some(token.to_owned()),
            ..issue(app, &account, Login::Session { id, generation })?
        }),
        Err(error) => Err(error.into()),
    }
}
