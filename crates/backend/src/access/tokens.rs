//! Issuing tokens to users.

use contract::auth::Token;
use contract::timestamp::Timestamp;
use jiff::SignedDuration;

use crate::app::App;
use crate::error::Error;
use crate::ids::{random_name, random_secret};
use crate::password;
use crate::store::sessions::SessionId;
use crate::store::users::Account;
use crate::token::{
    ACCESS_LIFETIME, Claims, Fingerprint, Grant, REFRESH_LIFETIME, api_token, scope,
};

/// How long an access token is accepted that belongs to no session.
const LONE_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// What tokens belong to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Login {
    /// A session, which has been renewed so often.
    Session { id: SessionId, generation: i64 },
    /// Nothing, because nothing can be written at present. Then there is no refresh
    /// token.
    Unkept,
}

/// A new pair of tokens for a user.
pub(crate) fn issue(app: &App, account: &Account, login: Login) -> Result<Token, Error> {
    let now = app.clock.now();
    let (lifetime, sid, password) = match login {
        Login::Session { id, .. } => (ACCESS_LIFETIME, Some(id.to_string()), None),
        Login::Unkept => (LONE_LIFETIME, None, password_setting(account)?),
    };
    let expires_at = now + lifetime;
    let access = Claims {
        exp: Some(expires_at.as_second()),
        sid,
        password,
        ..claims(app, account, Grant::Access)
    };
    let refresh = match login {
        Login::Session { id, generation } => Some(Claims {
            exp: Some((now + REFRESH_LIFETIME).as_second()),
            sid: Some(id.to_string()),
            generation: Some(generation),
            ..claims(app, account, Grant::Refresh)
        }),
        Login::Unkept => None,
    };
    let refresh = refresh.map(|claims| app.keys.sign(&claims)).transpose();
    Ok(Token {
        token_type: Some("Bearer".to_owned()),
        token: Some(app.keys.sign(&access).map_err(Error::internal)?),
        refresh_token: refresh.map_err(Error::internal)?,
        user: Some(account.id),
        organization: Some(account.organization),
        expires_at: Some(Timestamp::try_from(expires_at).map_err(Error::internal)?),
        scope: Some(access.scope),
    })
}

/// The setting of a user's password, if it has one. A new password is a new
/// setting.
fn password_setting(account: &Account) -> Result<Option<String>, Error> {
    let hash = account.password.as_deref();
    let setting = hash.map(password::generation).transpose();
    Ok(setting.map_err(Error::internal)?.map(str::to_owned))
}

/// Gives a bot a new API token in the place of the one that it has, and returns it.
/// It is accepted for as long as the bot has it, and what is kept does not tell it.
pub(crate) fn issue_api_token(app: &App, account: &mut Account) -> Result<String, Error> {
    let secret = random_secret().map_err(Error::internal)?;
    let claims = Claims {
        jti: Some(random_name().map_err(Error::internal)?),
        ..claims(app, account, Grant::Api)
    };
    let token = api_token(&claims, secret.as_bytes()).map_err(Error::internal)?;
    account.api_token = Some(Fingerprint::of(&token).to_string());
    Ok(token)
}

fn claims(app: &App, account: &Account, grant: Grant) -> Claims {
    Claims {
        user: account.id.to_string(),
        organization: account.organization.to_string(),
        scope: scope(account.role).to_owned(),
        grant,
        iat: app.clock.now().as_second(),
        exp: None,
        sid: None,
        generation: None,
        password: None,
        jti: None,
    }
}
