//! What the contract promises: its values, its schemas, its messages, and the
//! files that are derived from it.

mod artefacts;
mod bodies;
mod catalogue;
mod documented;
mod errors;
mod laws;
mod messages;
mod openapi;
mod recorded;
mod rules;
mod shapes;
mod updates;
mod values;
mod waivers;
