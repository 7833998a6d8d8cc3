//! What a user may do in an organization. Nothing here says which operation that is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::spelled_as_on_the_wire;

/// What a user may do in an organization, from least to most.
// `guest` and `bot` are missing from the vendor's list of a user's roles, but
// its text speaks of users that have them.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Reads along.
    Guest,
    /// Takes part in conversations.
    #[default]
    Agent,
    /// A program that holds an access token without an end.
    Bot,
    /// Manages an organization and its users.
    Admin,
    /// Has every right in an organization.
    Owner,
}

spelled_as_on_the_wire!(Role);
