//! The contract as it was last published, in `blessed/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use conformance::diff::Document;
use semver::Version;
use tempfile::TempDir;

/// Where the published contract is kept, seen from the root of the repository.
pub(super) const BLESSED: &str = "blessed";

/// A published contract: its document, schemas and protos.
pub(super) struct Published {
    /// What to call it: `blessed`, or `main:blessed` as git would.
    pub(super) name: String,
    /// Where its files are.
    pub(super) directory: PathBuf,
    /// Its version.
    pub(super) version: Version,
    text: String,
    _extracted: Option<TempDir>,
}

impl Published {
    /// The one in the working tree.
    pub(super) fn in_tree() -> anyhow::Result<Self> {
        Self::read(BLESSED.to_owned(), PathBuf::from(BLESSED), None)
    }

    /// The one in a git revision.
    pub(super) fn at(revision: &str) -> anyhow::Result<Self> {
        let extracted = tempfile::tempdir().context("no temporary directory can be created")?;
        let archive = extracted.path().join("blessed.tar");
        run(Command::new("git")
            .args(["archive", "--format=tar", "--output"])
            .arg(&archive)
            .args(["--end-of-options", revision, BLESSED]))?;
        run(Command::new("tar")
            .arg("-xf")
            .arg(&archive)
            .arg("-C")
            .arg(extracted.path()))?;
        let directory = extracted.path().join(BLESSED);
        Self::read(format!("{revision}:{BLESSED}"), directory, Some(extracted))
    }

    fn read(name: String, directory: PathBuf, extracted: Option<TempDir>) -> anyhow::Result<Self> {
        let text = fs::read_to_string(directory.join("openapi.json")).with_context(|| {
            format!(
                "{name}/openapi.json cannot be read; run this in the root of the repository, or \
                 publish a first contract with `contract bless`"
            )
        })?;
        let version = version_of(&text).with_context(|| format!("{name}/openapi.json"))?;
        Ok(Self {
            name,
            directory,
            version,
            text,
            _extracted: extracted,
        })
    }

    /// Its OpenAPI document.
    pub(super) fn document(&self) -> anyhow::Result<Document> {
        Ok(Document::parse(
            &format!("{}/openapi.json", self.name),
            &self.text,
        )?)
    }

    /// Returns whether another holds the same files.
    pub(super) fn is_like(&self, other: &Self) -> anyhow::Result<bool> {
        Ok(files(&self.directory)? == files(&other.directory)?)
    }
}

/// The version that a document states.
fn version_of(text: &str) -> anyhow::Result<Version> {
    let document: serde_json::Value = serde_json::from_str(text)?;
    let version = document["info"]["version"]
        .as_str()
        .context("it states no info.version")?;
    Version::parse(version).with_context(|| format!("its version {version:?} is not SemVer"))
}

/// Every file below a directory with its content, in the order of their paths.
pub(super) fn files(directory: &Path) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    let unreadable = |path: &Path| format!("{} cannot be read", path.display());
    let mut files = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in fs::read_dir(&next).with_context(|| unreadable(&next))? {
            let path = entry.with_context(|| unreadable(&next))?.path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let content = fs::read(&path).with_context(|| unreadable(&path))?;
                files.push((path.strip_prefix(directory)?.to_owned(), content));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("{program} cannot be run"))?;
    if !output.status.success() {
        bail!(
            "{program} failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}
