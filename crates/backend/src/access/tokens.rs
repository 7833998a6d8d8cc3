//! Issuing tokens to users.

use contract::auth::Token;
use contract::timestamp::Timestamp;

use crate::app::App;
use crate::error::Error;
use crate::password;
use crate::store::users::Account;
use crate::token::{ACCESS_LIFETIME, Claims, Grant, REFRESH_LIFETIME, scope};

/// A new pair of tokens for a user.
pub(crate) fn issue(app: &App, account: &Account) -> Result<Token, Error> {
    let now = app.clock.now();
    let expires_at = now + ACCESS_LIFETIME;
    let access = Claims {
        exp: Some(expires_at.as_second()),
        ..claims(app, account, Grant::Access)
    };
    let refresh = Claims {
        exp: Some((now + REFRESH_LIFETIME).as_second()),
        password: password_setting(account)?,
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

/// The setting of a user's password, if it has one. A new password is a new
/// setting.
pub(crate) fn password_setting(account: &Account) -> Result<Option<String>, Error> {
    let hash = account.password.as_deref();
    let setting = hash.map(password::generation).transpose();
    Ok(setting.map_err(Error::internal)?.map(str::to_owned))
}

/// A token for a bot. It is accepted for as long as the bot has it.
pub(crate) fn issue_api_token(app: &App, account: &Account) -> Result<String, Error> {
    let jti = Some(app.next_id().to_string());
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
