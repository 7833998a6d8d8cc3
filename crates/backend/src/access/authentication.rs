//! Reading the caller from a request.

use contract::access::{Anonymous, Authenticated};
use contract::failure::Failure;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use super::caller::Caller;
use crate::app::App;
use crate::error::Error;
use crate::store;
use crate::store::users::Account;
use crate::token::{Claims, Grant};

/// Who may call, as the contract says it, and who then does.
///
/// What a handler knows of its caller follows from the operation, so a handler of
/// an operation that needs a token cannot be called without one.
pub(crate) trait Authenticate: contract::access::Access {
    /// What is known of the caller.
    type Caller: Send;

    /// Finds out who calls.
    fn authenticate(
        app: &App,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Self::Caller, Error>> + Send;
}

impl Authenticate for Anonymous {
    type Caller = ();

    async fn authenticate(_: &App, _: &HeaderMap) -> Result<(), Error> {
        Ok(())
    }
}

impl Authenticate for Authenticated {
    type Caller = Caller;

    async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Caller, Error> {
        let Some(token) = headers.get(AUTHORIZATION).and_then(bearer) else {
            return Err(Failure::TokenMissing.into());
        };
        let claims = app.key.verify(token, app.clock.now())?;
        let account = account_of(app, &claims).await?;
        match claims.grant {
            Grant::Access => {}
            Grant::Api if account.user.api_token.as_deref() == Some(token) => {}
            Grant::Api | Grant::Refresh => return Err(Failure::TokenInvalid.into()),
        }
        Ok(Caller {
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
pub(crate) async fn account_of(app: &App, claims: &Claims) -> Result<Account, Error> {
    let found = store::get::<Account>(&mut app.store.read().await?, &claims.user).await?;
    let account = found
        .map(|found| found.row)
        .filter(|account| !account.is_archived());
    Ok(account.ok_or(Failure::TokenInvalid)?)
}
