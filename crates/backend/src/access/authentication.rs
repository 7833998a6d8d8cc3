//! Reading the caller from a request.

use contract::access::{Anonymous, Authenticated};
use contract::failure::Failure;
use contract::id::ObjectId;
use contract::permission::Permission;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::caller::Caller;
use super::origin::Origin;
use crate::app::App;
use crate::error::Error;
use crate::store::sessions::SessionId;
use crate::store::users::{Hold, Proof, standing};
use crate::token::{Claims, Fingerprint, Grant};

/// Who may call, as the contract says it, and who then does.
///
/// What a handler knows of its caller follows from the operation, so a handler of
/// an operation that needs a token cannot be called without one.
pub(crate) trait Authenticate: contract::access::Access {
    /// What is known of the caller.
    type Caller: Send;

    /// Refuses a caller whose role is not enough for the operation, whatever that is
    /// about.
    fn check(caller: &Self::Caller, permission: Permission) -> Result<(), Error>;

    /// The user who calls, if it is known.
    fn user(caller: &Self::Caller) -> Option<ObjectId>;

    /// Finds out who calls.
    fn authenticate(
        app: &App,
        parts: &Parts,
    ) -> impl Future<Output = Result<Self::Caller, Error>> + Send;
}

impl Authenticate for Anonymous {
    type Caller = Origin;

    fn check(_: &Origin, _: Permission) -> Result<(), Error> {
        Ok(())
    }

    fn user(_: &Origin) -> Option<ObjectId> {
        None
    }

    async fn authenticate(app: &App, parts: &Parts) -> Result<Origin, Error> {
        Ok(Origin::of(app, parts))
    }
}

impl Authenticate for Authenticated {
    type Caller = Caller;

    fn check(caller: &Caller, permission: Permission) -> Result<(), Error> {
        match permission.least() {
            Some(least) if caller.role < least => Err(caller.below(least)),
            _ => Ok(()),
        }
    }

    fn user(caller: &Caller) -> Option<ObjectId> {
        Some(caller.id)
    }

    async fn authenticate(app: &App, parts: &Parts) -> Result<Caller, Error> {
        let Some(token) = parts.headers.get(AUTHORIZATION).and_then(bearer) else {
            return Err(Failure::TokenMissing.into());
        };
        let claims = app.keys.verify(token, app.clock.now())?;
        let (Some(proof), Ok(id)) = (proof(&claims, token), claims.user.parse()) else {
            return Err(Failure::TokenInvalid.into());
        };
        let mut session = app.store.read().await?;
        let standing = standing(&mut session, id, proof, Hold::Loose).await?;
        let standing = standing.ok_or(Failure::TokenInvalid)?;
        Ok(Caller {
            id,
            organization: standing.organization,
            role: standing.role,
            proof,
            session_started: standing.session_started,
        })
    }
}

/// The token in an `Authorization` header.
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// What a token has to be checked against, if it makes calls.
fn proof(claims: &Claims, token: &str) -> Option<Proof> {
    match (claims.grant, &claims.sid, &claims.password) {
        (Grant::Access, Some(session), _) => SessionId::parse(session).map(Proof::Session),
        (Grant::Access, None, Some(password)) => Some(Proof::Login(Fingerprint::of(password))),
        (Grant::Api, ..) => Some(Proof::ApiToken(Fingerprint::of(token))),
        (Grant::Access, None, None) | (Grant::Refresh, ..) => None,
    }
}
