//! Generates the API from the protos at the root of the workspace.

use std::path::PathBuf;

use anyhow::Context as _;

fn main() -> anyhow::Result<()> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").context("cargo runs this")?;
    let root = PathBuf::from(manifest).join("../..");
    transcode_build::compile(&root.join("proto"), &[&root.join("third_party")])?;
    Ok(())
}
