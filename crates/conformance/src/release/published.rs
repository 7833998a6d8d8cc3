//! The contract as it was last published.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use semver::Version;
use serde_json::Value;

use super::document::Whole;
use super::error::ReleaseError;
use super::files::{Files, read_all, write};
use super::manifest;
use crate::diff::Document;
use crate::report::Finding;

/// A published contract: its document, protos and rules.
#[derive(Debug)]
pub struct Published {
    /// What to call it: `blessed`, or `main:blessed` as git would.
    pub name: String,
    /// Where its files are.
    pub directory: PathBuf,
    /// Its version.
    pub version: Version,
    document: PathBuf,
}

impl Published {
    /// Reads what is published in a directory. `document` is the name of the
    /// document in it.
    ///
    /// # Errors
    ///
    /// There is no document, or it states no version.
    pub fn read(name: &str, directory: &Path, document: &Path) -> Result<Self, ReleaseError> {
        let path = directory.join(document);
        let shown = format!("{name}/{}", document.display());
        let text = fs::read_to_string(&path).map_err(|source| ReleaseError::NotPublished {
            name: name.to_owned(),
            document: path
                .file_name()
                .map(|file| file.to_string_lossy().into_owned())
                .unwrap_or_default(),
            source,
        })?;
        Ok(Self {
            name: name.to_owned(),
            directory: directory.to_owned(),
            version: version_of(&text, &shown)?,
            document: document.to_owned(),
        })
    }

    /// Returns its OpenAPI document, with the files beside it that it refers to.
    ///
    /// # Errors
    ///
    /// It is none, or lacks one of them.
    pub fn document(&self) -> Result<Document, ReleaseError> {
        Ok(self.whole()?.document)
    }

    fn whole(&self) -> Result<Whole, ReleaseError> {
        let name = format!("{}/{}", self.name, self.document.display());
        Whole::read(&self.directory.join(&self.document), &name)
    }

    /// Returns what makes clients ugly that are generated from its document.
    ///
    /// # Errors
    ///
    /// It is none, or lacks one of the files that it refers to.
    pub fn lint(&self) -> Result<Vec<Finding>, ReleaseError> {
        Ok(self.whole()?.lint())
    }

    /// Returns its files without the manifest.
    ///
    /// # Errors
    ///
    /// One cannot be read.
    pub fn files(&self) -> Result<Files, ReleaseError> {
        let mut files = read_all(&self.directory)?;
        files.remove(Path::new(manifest::FILE));
        Ok(files)
    }
}

/// Returns what a document in JSON or YAML says.
fn value_of(text: &str, document: &str) -> Result<Value, ReleaseError> {
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    // JSON is YAML too, so this says what is wrong with either.
    yaml_serde::from_str(text).map_err(|source| ReleaseError::Yaml {
        file: document.to_owned(),
        source,
    })
}

/// Returns the version that a document in JSON or YAML states.
///
/// # Errors
///
/// It states none, or one that is not `SemVer`.
pub fn version_of(text: &str, document: &str) -> Result<Version, ReleaseError> {
    version_in(&value_of(text, document)?, document)
}

/// Returns the version that a document states which messages call `document`.
///
/// # Errors
///
/// It states none, or one that is not `SemVer`.
pub fn version_in(value: &Value, document: &str) -> Result<Version, ReleaseError> {
    let wrong = |message: String| ReleaseError::Version {
        document: document.to_owned(),
        message,
    };
    let version = &value["info"]["version"];
    let Some(version) = version.as_str() else {
        return Err(wrong(
            "it states no `info.version`; write one such as \"1.0.0\"".to_owned(),
        ));
    };
    Version::parse(version).map_err(|error| {
        wrong(format!(
            "its version {version:?} is not SemVer ({error}); write one such as \"1.0.0\""
        ))
    })
}

/// Puts files and their manifest in the place of what a directory holds. It is
/// whole at any time.
///
/// # Errors
///
/// Something cannot be written.
pub fn publish(directory: &Path, files: &Files) -> Result<(), ReleaseError> {
    let mut next = directory.as_os_str().to_owned();
    next.push(".next");
    let next = PathBuf::from(next);
    remove(&next)?;
    for (path, content) in files {
        write(&next.join(path), content)?;
    }
    write(&next.join(manifest::FILE), manifest::of(files).as_bytes())?;
    remove(directory)?;
    fs::rename(&next, directory).map_err(|source| ReleaseError::Write {
        path: directory.to_owned(),
        source,
    })
}

fn remove(directory: &Path) -> Result<(), ReleaseError> {
    match fs::remove_dir_all(directory) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(ReleaseError::Write {
            path: directory.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}
