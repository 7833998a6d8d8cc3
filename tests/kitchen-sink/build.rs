//! Generates the kitchen sink from its protos.

use std::path::Path;

fn main() -> anyhow::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let includes = [here.join("../../proto"), here.join("../../third_party")];
    transcode_build::compile(&here.join("proto"), &[&includes[0], &includes[1]])?;
    Ok(())
}
