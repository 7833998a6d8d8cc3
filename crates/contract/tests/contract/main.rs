//! What the contract promises: its values, its schemas, its messages, and the
//! files that are derived from it.

mod artefacts;
mod catalogue;
mod errors;
mod laws;
mod messages;
mod openapi;
mod recorded;
mod updates;
mod values;
