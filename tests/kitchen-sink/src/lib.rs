//! An API of nothing but special cases, to test the translation with.
//!
//! The protos hold one of everything that the translation knows, under names
//! that are awkward in Rust. It belongs to the tests and names no resource of
//! the product.

pub mod arbitrary;

mod generated {
    #![allow(
        missing_docs,
        unreachable_pub,
        deprecated,
        rustdoc::all,
        clippy::all,
        clippy::pedantic,
        reason = "generated"
    )]
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}

pub use generated::kitchen::v1 as kitchen;
pub use generated::pantry::r#type::v1 as pantry;
