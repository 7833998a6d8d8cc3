//! Generates the API from the protos at the root of the workspace.

use std::path::Path;

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    transcode_build::compile(&root.join("proto"), &[&root.join("third_party")])?;
    Ok(())
}
