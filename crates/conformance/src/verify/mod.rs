//! Verifies traffic against the contract, to the letter.
//!
//! [`live`] makes the traffic itself: a request to every operation of a server.
//! [`har`] and [`recorded`] read traffic that was captured before, and need no
//! network; it may be traffic of any API that has an OpenAPI document. All of them
//! validate status, headers, content type and body, and tell how much of the contract
//! the traffic has touched.
//!
//! [`with_laws`] goes on to what takes two replies to see: the [`Law`]s, for this API
//! or for any other that has an OpenAPI document.
//!
//! Without permission to write, a verification only reads. With it, all that it
//! writes stands in an organization of its own.

mod by_document;
mod capture;
pub(crate) mod check;
mod exchange_place;
mod finding;
mod har;
mod laws;
mod live;
pub(crate) mod plan;
mod problem;
mod schema;
mod server;
#[cfg(test)]
mod tests;
mod wire;
mod with_laws;

pub use capture::{Against, CaptureError, har, recorded};
pub use laws::{
    ApiDocument, Bounds, DocumentError, Exemption, Law, Laws, Part, Scheme, SchemeError, Subject,
    exemptions,
};
pub(crate) use laws::{
    Broken, CREATED, Hints, LEFT_OUT, Model, Operation, Received, Resource, UPDATED, bare, carried,
    elements, error_of, instant, is_as_sent, is_json, is_marked, properties, unkept_promises,
};
pub use live::live;
pub use server::{Live, LiveError};
pub use with_laws::{with_laws, with_laws_counting};
