//! A small API for the tests of this crate.

use std::path::Path;

/// The encoded `FileDescriptorSet` of the API, with its imports.
pub(crate) fn encoded() -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protos");
    let mut compiler = protox::Compiler::new([root]).expect("there are protos");
    compiler.include_imports(true);
    compiler
        .open_file("sink/v1/taps.proto")
        .expect("the proto compiles");
    compiler.encode_file_descriptor_set()
}
