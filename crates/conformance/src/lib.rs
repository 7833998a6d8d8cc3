//! Checks that hold the statements of the API equal.
//!
//! [`agree`] compares the protos with the contract, field by field. Each is
//! first read into an [`Api`](api::Api), which says what a JSON client would
//! see; neither is derived from the other.
//!
//! The crate judges. It changes nothing and serves nothing.

pub mod agree;
pub mod api;
mod from_contract;
mod from_proto;
pub mod report;
pub mod waivers;

pub use from_contract::from_contract;
pub use from_proto::{DescriptorError, from_proto};
