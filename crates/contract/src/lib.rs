//! The REST side of the API: its types, its operations, and what is derived
//! from them.
//!
//! - [`operation`] says what an operation is, and [`catalogue`](catalogue())
//!   lists all of them. [`auth`] and [`users`] define them, together with the
//!   resources that they are about.
//! - [`schema`] derives the JSON Schemas, one view for each use of a resource,
//!   and [`validate`] tells what is wrong with a value in their terms.
//! - [`openapi`] puts all of it into the documents that are published, with the
//!   [`recorded`] exchanges as examples.
//! - [`error`] is the body of every failed reply.
//!
//! The crate does no I/O and knows no server. The types here are the only REST
//! types there are: a value that is not valid fails when it is read, with the
//! path of the property, so that nobody behind the contract checks shape.

pub mod auth;
mod catalogue;
pub mod error;
pub mod id;
pub mod openapi;
pub mod operation;
pub mod parameters;
pub mod recorded;
pub mod schema;
pub mod timestamp;
pub mod users;
pub mod validate;

pub use catalogue::{catalogue, find};
