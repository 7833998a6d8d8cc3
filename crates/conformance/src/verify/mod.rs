//! Verifies traffic against the contract, to the letter.
//!
//! [`live`] makes the traffic itself: a request to every operation of a server.
//! [`har`] and [`recorded`] read traffic that was captured before, and need no
//! network. All of them validate status, headers, content type and body, and
//! tell how much of the contract the traffic has touched.
//!
//! Without permission to write, a verification only reads. With it, all that it
//! writes stands in an organization of its own.

mod capture;
pub(crate) mod check;
mod live;
pub(crate) mod plan;
mod schema;
#[cfg(test)]
mod tests;
mod wire;

pub use capture::{CaptureError, har, recorded};
pub use live::{Live, LiveError, live};
