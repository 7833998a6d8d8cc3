//! Checks that hold the statements of the API equal.
//!
//! [`agree`] compares the protos, the contract and the OpenAPI document, field
//! by field. Each is first read into an [`Api`](api::Api), which says what a
//! JSON client would see; no reading is derived from another.
//!
//! [`diff`] tells what a new OpenAPI document breaks for clients of the old one.
//!
//! [`verify`] compares traffic with the contract, and makes that traffic itself
//! where it is given a server.
//!
//! [`record`] writes examples of the traffic that passes through it, without
//! anything private.
//!
//! [`lint`] tells what in a document makes generated clients ugly.
//!
//! [`exchanges`] tells whether recorded exchanges are whole, and true to a document.
//!
//! [`release`] knows what was published of a contract, and what a change may do to
//! it.
//!
//! The crate judges. It changes nothing but what a verification is allowed to.

pub mod agree;
mod any_api;
pub mod api;
pub mod aspects;
pub mod diff;
pub mod exchanges;
mod from_contract;
mod from_openapi;
mod from_proto;
mod ids;
mod in_place;
mod json_schema;
pub mod lint;
mod methods;
mod multipart;
mod path_name;
mod policy;
pub mod record;
mod reference;
pub mod release;
pub mod report;
pub mod verify;
pub mod waivers;

pub use any_api::{from_any_openapi, pair, without_conventions};
pub use from_contract::{
    BodyFacts, ContractFacts, OperationFacts, ReplyFacts, from_contract, from_facts,
};
pub use from_openapi::{OpenApiError, from_openapi};
pub use from_proto::{DescriptorError, from_descriptors, from_proto, from_proto_files};
