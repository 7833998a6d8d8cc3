//! Lists the exchanges of errors in `openapi/recorded/errors`, so that the program has them.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let directory =
        Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../openapi/recorded/errors");
    println!("cargo::rerun-if-changed={}", directory.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(&directory)? {
        files.push(fs::canonicalize(entry?.path())?);
    }
    files.sort();
    let mut rust = String::from("&[\n");
    for file in &files {
        let path = file.to_str().ok_or("a path is no UTF-8")?;
        let name = file.file_stem().and_then(|name| name.to_str());
        writeln!(
            rust,
            "    ({:?}, include_str!({path:?})),",
            name.unwrap_or_default()
        )?;
    }
    rust.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("errors.rs"), rust)?;
    Ok(())
}
