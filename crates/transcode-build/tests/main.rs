//! What is generated, and what is refused.

mod bundled;
mod emitted;
mod problems;
mod streams;

use prost_reflect::DescriptorPool;
use transcode_build::{Error, Package};

/// Generates the packages of one proto.
fn generate(proto: &str) -> Result<Vec<Package>, Error> {
    let directory = tempfile::tempdir().expect("a directory for the proto");
    let file = directory.path().join("t.proto");
    std::fs::write(&file, proto).expect("the proto is written");
    let encoded = transcode_build::descriptors(&[file], std::iter::once(directory.path()))?;
    transcode_build::generate(&DescriptorPool::decode(encoded.as_slice())?)
}
