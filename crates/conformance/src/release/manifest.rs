//! The manifest of what is published: a digest of every file.
//!
//! It has the form that `sha256sum --check` reads. It shows an edit by hand and a
//! file that is gone without any history. Whoever also writes a new manifest is
//! found by the comparison with a commit.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;

use super::error::ReleaseError;
use super::files::{Files, read_all};
use super::finding::wrong;
use crate::report::Finding;

/// The name of the manifest, beside the files that it lists.
pub const FILE: &str = "SHA256SUMS";

/// Returns the manifest of these files.
pub fn of(files: &Files) -> String {
    let mut text = String::new();
    for (path, content) in files {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}  {}", digest_of(content), slashed(path));
    }
    text
}

fn digest_of(content: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, content);
    let mut text = String::with_capacity(64);
    for byte in digest.as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// Returns what a directory holds that its manifest does not say, and the other way
/// round.
///
/// # Errors
///
/// The directory cannot be read.
pub fn check(directory: &Path) -> Result<Vec<Finding>, ReleaseError> {
    let mut files = read_all(directory)?;
    let manifest = directory.join(FILE);
    let place = manifest.display().to_string();
    let Some(text) = files.remove(Path::new(FILE)) else {
        return Ok(vec![wrong(
            "manifest-missing",
            &place,
            format!(
                "{place} is gone, so nothing tells whether what is published is whole; restore it, \
                 or let `contract bless` write it"
            ),
        )]);
    };
    let text = String::from_utf8_lossy(&text);
    let mut found = Vec::new();
    let mut listed = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        match line.split_once("  ") {
            Some((digest, path)) if digest.len() == 64 && !path.is_empty() => {
                listed.insert(path.to_owned(), digest);
            }
            _ => found.push(wrong(
                "manifest-malformed",
                &place,
                format!("line {} of {place} is no digest and path", number + 1),
            )),
        }
    }
    for (path, content) in &files {
        let (path, shown) = (slashed(path), directory.join(path).display().to_string());
        match listed.remove(&path) {
            None => found.push(wrong(
                "published-file-added",
                &shown,
                format!("{shown} was not published: {place} does not list it; remove it"),
            )),
            Some(digest) if digest != digest_of(content) => found.push(wrong(
                "published-file-changed",
                &shown,
                format!(
                    "{shown} was edited after it was published; restore it, and leave changes to \
                     `contract bless`"
                ),
            )),
            Some(_) => {}
        }
    }
    for path in listed.keys() {
        let shown = directory.join(PathBuf::from(path)).display().to_string();
        found.push(wrong(
            "published-file-missing",
            &shown,
            format!("{shown} was published, and is gone; restore it"),
        ));
    }
    Ok(found)
}
