//! Generates the kitchen sink from its protos.

use std::path::PathBuf;

use anyhow::Context as _;

fn main() -> anyhow::Result<()> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").context("cargo runs this")?;
    let here = PathBuf::from(here);
    let includes = [here.join("../../proto"), here.join("../../third_party")];
    transcode_build::compile(&here.join("proto"), &[&includes[0], &includes[1]])?;
    Ok(())
}
