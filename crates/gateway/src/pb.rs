//! The generated messages and servers of health and reflection.
//!
//! They are generated here, not taken from tonic-health and tonic-reflection:
//! tonic-health knows no List, and the files in the descriptors of both have
//! other names than the ones that the world imports.

mod generated {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::pedantic,
        reason = "generated"
    )]
    include!(concat!(env!("OUT_DIR"), "/pb.rs"));
}

pub(crate) use generated::grpc;

/// The encoded `FileDescriptorSet` of health and reflection.
pub(crate) const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
