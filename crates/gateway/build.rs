//! Generates the messages and servers of health and reflection.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use prost::Message as _;

/// Health and reflection, under the names that the world imports them by.
const PROTOS: [&str; 3] = [
    "grpc/health/v1/health.proto",
    "grpc/reflection/v1/reflection.proto",
    "grpc/reflection/v1alpha/reflection.proto",
];

fn main() -> anyhow::Result<()> {
    let variable = |name| std::env::var_os(name).with_context(|| format!("cargo sets {name}"));
    let root = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("proto");
    let out_dir = PathBuf::from(variable("OUT_DIR")?);
    for proto in PROTOS {
        println!("cargo::rerun-if-changed={}", root.join(proto).display());
    }
    let mut compiler = protox::Compiler::new([root])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(PROTOS)?;
    let encoded = compiler.encode_file_descriptor_set();
    tonic_prost_build::configure()
        .out_dir(&out_dir)
        .include_file("pb.rs")
        .build_client(false)
        .bytes(".grpc.reflection.v1.FileDescriptorResponse")
        .btree_map(".")
        // The messages of the two versions are the same but for the package.
        .extern_path(
            ".grpc.reflection.v1alpha",
            "crate::pb::grpc::reflection::v1",
        )
        .compile_fds(prost_types::FileDescriptorSet::decode(encoded.as_slice())?)?;
    std::fs::write(out_dir.join("descriptors.bin"), encoded)?;
    Ok(())
}
