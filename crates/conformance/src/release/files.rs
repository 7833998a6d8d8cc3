//! Files and what they hold.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::ReleaseError;

/// Files by their paths below a directory, with what they hold.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Returns every file below a directory, hidden ones too.
///
/// # Errors
///
/// Something in it cannot be read.
pub fn read_all(directory: &Path) -> Result<Files, ReleaseError> {
    let mut files = Files::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        let unreadable = |source| ReleaseError::Read {
            path: next.clone(),
            source,
        };
        for entry in fs::read_dir(&next).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let content = fs::read(&path).map_err(|source| ReleaseError::Read {
                path: path.clone(),
                source,
            })?;
            let below = path.strip_prefix(directory).unwrap_or(&path).to_owned();
            files.insert(below, content);
        }
    }
    Ok(files)
}

/// Returns the protos below a directory, by their paths in it.
///
/// # Errors
///
/// Something in it cannot be read.
pub fn protos(directory: &Path) -> Result<Files, ReleaseError> {
    let mut files = read_all(directory)?;
    files.retain(|path, _| path.extension().is_some_and(|name| name == "proto"));
    Ok(files)
}

/// Returns what a text file holds, or `None` where there is no such file.
///
/// # Errors
///
/// It cannot be read, or is not text.
pub fn read_if_there(path: &Path) -> Result<Option<String>, ReleaseError> {
    match fs::read(path) {
        Ok(content) => String::from_utf8(content)
            .map(Some)
            .map_err(|_| ReleaseError::NotText(path.display().to_string())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ReleaseError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Writes a file, and makes the directories that it lies in.
///
/// # Errors
///
/// It cannot be written.
pub fn write(path: &Path, content: &[u8]) -> Result<(), ReleaseError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ReleaseError::Write { path, source }
    };
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(failed(directory))?;
    }
    fs::write(path, content).map_err(failed(path))
}
