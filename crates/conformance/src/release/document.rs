//! An OpenAPI document with the files that it refers to.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::ReleaseError;
use super::files::Files;
use crate::diff::{BoxError, Document, MAX_BYTES, Referred, SourceText, Url};
use crate::lint::lint;
use crate::path_name::beside;
use crate::report::Finding;

/// An OpenAPI document that has been read, and what it was read from.
#[derive(Debug)]
pub struct Whole {
    /// The document.
    pub document: Document,
    /// The files that it consists of, by their paths below the directory of the first.
    pub files: Files,
    /// The files that do not lie there.
    pub elsewhere: Vec<PathBuf>,
}

impl Whole {
    /// Reads the document at a path and the files that it refers to, whatever directory
    /// they lie in. Messages call it `name`.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or it is no OpenAPI document; what is on the network is not
    /// read.
    pub fn read(path: &Path, name: &str) -> Result<Self, ReleaseError> {
        let unreadable = |source| ReleaseError::Read {
            path: path.to_owned(),
            source,
        };
        let absolute = std::path::absolute(path).map_err(unreadable)?;
        let url = Url::from_file_path(&absolute)
            .map_err(|()| unreadable(std::io::Error::other("it is no path of a file")))?;
        let text = read(path).map_err(|error| unreadable(std::io::Error::other(error)))?;
        let directory = absolute.parent().unwrap_or(Path::new(""));
        let mut files = Files::new();
        let mut elsewhere = Vec::new();
        files.insert(below(&absolute, directory), text.clone().into_bytes());
        let root = SourceText {
            source: name.to_owned(),
            url: url.clone(),
            text,
        };
        let mut fetch = |referred: Referred<'_>| -> Result<SourceText, BoxError> {
            let other = referred.url;
            if other.scheme() != "file" {
                return Err(
                    "it is on the network, where nothing is read; bundle the document \
                            first"
                        .into(),
                );
            }
            let path = other
                .to_file_path()
                .map_err(|()| format!("{other} is not a file of this machine"))?;
            let text = read(&path)?;
            match path.strip_prefix(directory) {
                Ok(below) => drop(files.insert(below.to_owned(), text.clone().into_bytes())),
                Err(_) => elsewhere.push(path),
            }
            let relative = url
                .make_relative(other)
                .unwrap_or_else(|| other.to_string());
            let relative = percent_encoding::percent_decode_str(&relative).decode_utf8_lossy();
            Ok(SourceText {
                source: beside(name, &relative),
                url: other.clone(),
                text,
            })
        };
        let document = Document::load(root, &mut fetch)?;
        Ok(Self {
            document,
            files,
            elsewhere,
        })
    }

    /// Returns what makes clients ugly that are generated from the document.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = lint(self.document.value(), "");
        let places = findings.iter_mut();
        let places = places.filter_map(|finding| finding.revision.as_mut());
        self.document.locate(places);
        findings
    }
}

/// A path as seen from a directory.
fn below(path: &Path, directory: &Path) -> PathBuf {
    path.strip_prefix(directory).unwrap_or(path).to_owned()
}

fn read(path: &Path) -> Result<String, BoxError> {
    let file = fs::metadata(path)?;
    // Other things may never end.
    if !file.is_file() {
        return Err("it is not a file".into());
    }
    if file.len() > u64::try_from(MAX_BYTES)? {
        return Err(format!("it has more than {} MiB", MAX_BYTES >> 20).into());
    }
    Ok(fs::read_to_string(path)?)
}
