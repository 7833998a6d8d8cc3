//! The generated gRPC API of Web1on1.
//!
//! [`v2`] holds the messages, the clients and servers, and the REST request of
//! each rpc; [`v2::routes`] answers all of them with a
//! [`Gateway`](transcode::Gateway). Everything is generated from the protos;
//! nothing here is logic.

mod generated {
    #![allow(
        missing_docs,
        unreachable_pub,
        rustdoc::all,
        clippy::all,
        clippy::pedantic,
        unused_mut,
        unused_variables,
        reason = "generated"
    )]
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}

pub use generated::web1on1::v2;

/// The encoded `FileDescriptorSet` of the protos and all that they import, with
/// comments and options.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The protos and all that they import but for the well-known types: the path under
/// which each is imported, and its text.
pub const SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));
