//! One server at a time on a SQLite database.
//!
//! A server holds a lock on a file beside the database for as long as it runs. The
//! system drops the lock with the process, however that ends, so none is ever left
//! behind. What the commands of operators do to a database beside a server needs no lock;
//! restoring does. PostgreSQL has no lock: any number of backends share one.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::private;
use crate::store::sqlite_path;

/// What the name of the file has after that of the database.
const SUFFIX: &str = ".lock";

/// Longer than any number of a process.
const LONGEST: u64 = 20;

/// Why a database cannot be had alone.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error(
        "{} serves the data in {} already; stop that first, or keep other data with --data DIR",
        holder(*.process),
        .directory.display()
    )]
    Taken {
        /// The directory of the database.
        directory: PathBuf,
        /// The number of the process, if it can be known.
        process: Option<u32>,
    },
    /// The directory of the database cannot be created.
    #[error("the data directory {} cannot be created", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file of the lock cannot be made.
    #[error("the lock {} cannot be taken", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

fn holder(process: Option<u32>) -> String {
    match process {
        Some(process) => format!("process {process}"),
        None => "another process".to_owned(),
    }
}

/// A database that no other server has. Dropping this lets others have it.
#[derive(Debug)]
pub struct Lock {
    _held: File,
}

impl Lock {
    /// Takes the database at a URL, if it is SQLite. Its directory is created if it is
    /// missing.
    ///
    /// # Errors
    ///
    /// Another process has it, or the file of the lock cannot be made.
    pub fn take(database: &str) -> Result<Option<Self>, LockError> {
        match sqlite_path(database) {
            Some(database) => Self::beside(&database).map(Some),
            None => Ok(None),
        }
    }

    /// Takes the lock beside a database.
    pub(crate) fn beside(database: &Path) -> Result<Self, LockError> {
        let path = private::beside(database, SUFFIX);
        let directory = private::directory_of(database);
        let failed = |source| LockError::File {
            path: path.clone(),
            source,
        };
        private::create_directory(directory).map_err(|source| LockError::Directory {
            path: directory.to_owned(),
            source,
        })?;
        let mut file = open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Taken {
                    directory: directory.to_owned(),
                    process: read(&mut file),
                });
            }
            // A file system without locks protects nothing, and is no reason not to serve.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                let path = path.display();
                tracing::warn!(%path, %error, "nothing keeps another server from this data");
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // The number is for people. A disk that is full is found out elsewhere.
        if let Err(error) = note(&mut file) {
            tracing::debug!(%error, "the process is not noted in its lock");
        }
        Ok(Self { _held: file })
    }
}

/// Opens the file of a lock, which its owner alone may use.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes which process has the lock.
fn note(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(format!("{}\n", std::process::id()).as_bytes())
}

/// Reads which process has the lock. Nobody else is to be named, so what is no number
/// is left out.
fn read(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_had_by_one_at_a_time() {
        let directory = tempfile::tempdir().expect("there is room");
        let data = directory.path().join("data");
        let url = format!("sqlite://{}/web1on1.db?mode=rwc", data.display());
        let held = Lock::take(&url).expect("nobody has it");
        assert!(held.is_some(), "SQLite has a lock");
        let error = Lock::take(&url).expect_err("it is held").to_string();
        let expected = format!(
            "process {} serves the data in {} already",
            std::process::id(),
            data.display()
        );
        assert!(error.starts_with(&expected), "{error}");
        drop(held);
        Lock::take(&url).expect("nobody has it any more");
    }

    #[test]
    fn a_holder_that_cannot_be_read_is_another_process() {
        let directory = tempfile::tempdir().expect("there is room");
        let database = directory.path().join("web1on1.db");
        let _held = Lock::beside(&database).expect("nobody has it");
        let file = private::beside(&database, SUFFIX);
        std::fs::write(file, "what is this?").expect("there is room");
        let error = Lock::beside(&database).expect_err("it is held").to_string();
        assert!(error.starts_with("another process serves"), "{error}");
    }

    #[test]
    fn databases_on_servers_are_shared() {
        let taken = Lock::take("postgres://localhost/web1on1").expect("there is no lock");
        assert!(taken.is_none());
    }
}
