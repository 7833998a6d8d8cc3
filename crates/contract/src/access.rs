//! Who may call an operation.
//!
//! The answer is a type, so that a server can give the handlers of the two kinds
//! different types of caller: one for whom a token vouches, or nobody. Nothing
//! here reads a token.

/// Who may call an operation: [`Authenticated`] or [`Anonymous`] callers.
///
/// What is for anonymous callers does not accept an operation that needs a token:
///
/// ```compile_fail,E0271
/// use contract::{access::Anonymous, operation::Operation};
///
/// fn mount_without_token<O: Operation<Access = Anonymous>>() {}
///
/// mount_without_token::<contract::users::GetUser>();
/// ```
///
/// It accepts one that needs none:
///
/// ```
/// use contract::{access::Anonymous, operation::Operation};
///
/// fn mount_without_token<O: Operation<Access = Anonymous>>() {}
///
/// mount_without_token::<contract::auth::CreateToken>();
/// ```
pub trait Access: 'static {
    /// Whether a caller has to present an access token.
    const AUTHENTICATED: bool;
}

/// Only callers who present an access token.
#[derive(Clone, Copy, Debug)]
pub enum Authenticated {}

/// Anybody, with a token or without one.
#[derive(Clone, Copy, Debug)]
pub enum Anonymous {}

impl Access for Authenticated {
    const AUTHENTICATED: bool = true;
}

impl Access for Anonymous {
    const AUTHENTICATED: bool = false;
}
