//! Who calls, and what a caller may see and do.
//!
//! - A caller sees what belongs to its organization or to one below it, and what is
//!   shared with its organization. The rest does not exist for it, and what is shared
//!   is not its to change.
//! - What it may do depends on its role; [`Act`] is the table of that.
//!
//! What a caller may do is read from the store with each request, and again in
//! the transaction that writes, so a change of role or an archived user counts at
//! once. Nothing here writes to the store.

mod authentication;
mod begin;
mod caller;
mod grants;
mod origin;
mod permissions;
mod tokens;
mod visible;

pub(crate) use authentication::Authenticate;
pub(crate) use begin::{begin, begin_on_user};
pub(crate) use caller::Caller;
pub(crate) use grants::{check_grant, check_may_change};
pub(crate) use origin::Origin;
pub(crate) use permissions::Act;
pub(crate) use tokens::{Login, issue, issue_api_token};
pub(crate) use visible::{
    check_existing, check_reference, check_references, find, find_to_change, new_owner, owner,
    unseen,
};
