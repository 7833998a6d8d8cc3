//! Who makes a call.

use contract::id::ObjectId;
use contract::users::Role;

use crate::store::users::Proof;

/// The user who makes a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) id: ObjectId,
    /// The organization in which the caller acts. It sees this one and all below.
    pub(crate) organization: ObjectId,
    /// What the caller may do there.
    pub(crate) role: Role,
    /// What shows that it is this user.
    pub(crate) proof: Proof,
    /// When the session began, in milliseconds since 1970, if it has one.
    pub(crate) session_started: Option<i64>,
}
