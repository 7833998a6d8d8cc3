//! The resources, one file each: its handlers and its rules.
//!
//! - Guests, agents and bots read. Admins and owners create, change and delete
//!   too, anything that they see.
//! - A new resource belongs to the caller's organization unless it names another
//!   one that the caller sees.
//! - What a resource refers to must exist and be visible to the caller when the
//!   reference is set. A reference that stays as it is is not looked at again, so
//!   that what it refers to can go.
//! - A property that has a default has it from the creation on, and again when it
//!   is cleared.
//!
//! Users have rules of their own; see [`users`]. What the resources have in common
//! is in `request`, `create`, `change`, `conditions`, `stamps`, `parts` and `list`. A
//! list is made by way of `filter`, `plan` and `walk`.

mod accounts;
pub(crate) mod avatars;
pub(crate) mod bot_instances;
pub(crate) mod bots;
pub(crate) mod categories;
mod change;
mod conditions;
pub(crate) mod create;
mod filter;
pub(crate) mod form_fields;
pub(crate) mod forms;
mod list;
pub(crate) mod memberships;
pub(crate) mod organization_groups;
pub(crate) mod organizations;
pub(crate) mod parts;
pub(crate) mod pending;
mod plan;
mod request;
pub(crate) mod services;
pub(crate) mod stamps;
pub(crate) mod tokens;
pub(crate) mod users;
mod walk;
pub(crate) mod workflows;

pub(crate) use list::{ListBody, Listing, Next};
pub(crate) use request::Request;
