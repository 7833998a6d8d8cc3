//! Generates the API from the protos at the root of the workspace.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

fn main() -> anyhow::Result<()> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").context("cargo runs this")?;
    let root = PathBuf::from(manifest).join("../..");
    let (own, others) = (root.join("proto"), root.join("third_party"));
    transcode_build::compile(&own, &[&others])?;

    let mut sources = Vec::new();
    for directory in [own, others] {
        find(&directory, &directory, &mut sources)?;
    }
    sources.sort();
    let out = std::env::var_os("OUT_DIR").context("cargo runs this")?;
    let out = PathBuf::from(out).join("sources.rs");
    fs::write(&out, constant(&sources)?).with_context(|| out.display().to_string())
}

/// Finds the protos below a directory: the path under which each is imported, and where
/// it is.
fn find(root: &Path, directory: &Path, found: &mut Vec<(String, PathBuf)>) -> anyhow::Result<()> {
    let cannot = || format!("{} cannot be read", directory.display());
    for entry in fs::read_dir(directory).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        if path.is_dir() {
            find(root, &path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "proto") {
            let imported = path.strip_prefix(root)?.to_str().context("is no UTF-8")?;
            found.push((imported.replace('\\', "/"), path));
        }
    }
    Ok(())
}

/// The protos as Rust.
fn constant(sources: &[(String, PathBuf)]) -> anyhow::Result<String> {
    let mut rust = String::from("&[\n");
    for (imported, path) in sources {
        let path = path.to_str().context("is no UTF-8")?;
        // Writing to a string cannot fail.
        let _ = writeln!(rust, "    ({imported:?}, include_str!({path:?})),");
    }
    rust.push_str("]\n");
    Ok(rust)
}
