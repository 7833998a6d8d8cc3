//! The REST side of the API: its types, its operations, and what is derived
//! from them.
//!
//! - [`operation`] says what an operation is, and [`catalogue`](catalogue())
//!   lists all of them. A module for each resource, such as [`users`], defines
//!   them together with the resource that they are about.
//! - [`schema`] derives the JSON Schemas, one view for each use of a resource,
//!   and [`validate`] tells what is wrong with a value in their terms.
//! - [`openapi`] puts all of it into the documents that are published, with the
//!   [`recorded`] exchanges as examples.
//! - [`published`] gives the OpenAPI document the form in which it is published.
//! - [`error`] is the body of every failed reply, and [`failure`] states those
//!   that every operation can have.
//! - [`access`] tells whether an operation needs a token, and [`permission`] which role.
//!
//! The crate does no I/O and knows no server. The types here are the only REST
//! types there are: a value that is not valid fails when it is read, with the
//! path of the property, so that nobody behind the contract checks shape.

pub mod access;
#[cfg(feature = "arbitrary")]
mod arbitrary;
pub mod artefacts;
pub mod auth;
pub mod bot_instances;
pub mod bots;
mod catalogue;
pub mod categories;
pub mod error;
pub mod failure;
mod filters;
pub mod form_fields;
pub mod forms;
pub mod id;
mod introduction;
pub mod number;
pub mod openapi;
pub mod operation;
pub mod organization_groups;
pub mod organizations;
pub mod parameters;
mod paths;
pub mod permission;
mod permission_table;
pub mod published;
pub mod reasons;
pub mod recorded;
mod role;
mod rules;
pub mod schema;
mod schema_files;
pub mod services;
pub mod timestamp;
pub mod users;
pub mod validate;
pub mod workflows;

pub use catalogue::{catalogue, find};
pub use permission_table::permission_table;
