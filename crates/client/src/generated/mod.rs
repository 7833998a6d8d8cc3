//! What `tests/generated.rs` makes of the protos. Only this file is edited by hand.

#[rustfmt::skip]
mod accessors;
#[rustfmt::skip]
mod debug;
#[rustfmt::skip]
mod lists;
#[rustfmt::skip]
pub(crate) mod methods;

/// The messages and clients of version 2 of the API.
#[allow(
    missing_docs,
    rustdoc::all,
    clippy::all,
    clippy::pedantic,
    reason = "generated"
)]
#[rustfmt::skip]
pub mod v2;
