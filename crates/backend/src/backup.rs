//! Backups of a backend on SQLite: one file with the database and the pictures
//! that users have, be they in the database or in the data directory. Those in S3 are
//! not part of it.
//!
//! The database is copied as it is at one instant, and then the pictures that it
//! names are. A picture never changes, but it goes when its user gets another one.
//! Where one has gone in between, the copy starts over, so that a backup has every
//! picture that it names and that was there.

use std::cell::Cell;
use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::files::{below, is_picture};
use crate::lock::{Lock, LockError};
use crate::private::{self, beside};
use crate::store::copy::{Copy, CopyError, release};
use crate::store::sqlite_path;

/// How often a copy starts over.
const ATTEMPTS: usize = 10;

/// Why a backup cannot be made or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is not SQLite.
    #[error(
        "only a SQLite database is backed up and restored here; for PostgreSQL, use pg_dump and \
         pg_restore"
    )]
    NotSqlite,
    /// There is no database to back up.
    #[error("there is no database at {}", .0.display())]
    NoDatabase(PathBuf),
    /// There is something where a file would be written.
    #[error("{} exists already and was left as it is", .0.display())]
    Exists(PathBuf),
    /// A process has the database open that would be replaced.
    #[error("a process has {} open; stop it first", .0.display())]
    InUse(PathBuf),
    /// A server runs on the database that would be replaced.
    #[error(transparent)]
    Serving(#[from] LockError),
    /// A file cannot be read or written.
    #[error("{} cannot be read or written", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A database cannot be copied, or a backup cannot be used.
    #[error("{} cannot be used", .path.display())]
    Database {
        /// The database or the backup.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Users got new pictures again and again while theirs were copied.
    #[error("users get new pictures faster than they can be copied; try again")]
    Unsteady,
}

/// What a backup has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    /// How many pictures.
    pub pictures: usize,
    /// How many more users have, which are neither in the database nor in the data
    /// directory. Known of a new backup only.
    pub missing: usize,
}

/// Backs up the SQLite database at a URL and the pictures in the directory `data`
/// to a new file. A backend may run on them meanwhile. The file holds password
/// hashes and the key of all tokens, so on Unix its owner alone may read it. `told`
/// learns how many pictures have been copied so far, of how many.
///
/// # Errors
///
/// The database cannot be read, or the file exists or cannot be written. Nothing is
/// left behind then.
pub fn backup(
    database: &str,
    data: &Path,
    file: &Path,
    told: &dyn Fn(usize, usize),
) -> Result<Saved, BackupError> {
    let source = sqlite_path(database).ok_or(BackupError::NotSqlite)?;
    if !source.exists() {
        return Err(BackupError::NoDatabase(source));
    }
    if file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let part = beside(file, ".part");
    let done = fill(&source, data, &part, told).and_then(|saved| {
        sync(&part)?;
        fs::rename(&part, file).map_err(at(file))?;
        sync_directory(file)?;
        Ok(saved)
    });
    if done.is_err() {
        let _ = fs::remove_file(&part);
    }
    done
}

/// Copies the database and its pictures to the file `part`.
fn fill(
    source: &Path,
    data: &Path,
    part: &Path,
    told: &dyn Fn(usize, usize),
) -> Result<Saved, BackupError> {
    let of = |path: &Path| {
        let path = path.to_owned();
        move |source: CopyError| BackupError::Database {
            path,
            source: source.into(),
        }
    };
    let mut gone = HashSet::new();
    for _ in 0..ATTEMPTS {
        private::replace_file(part).map_err(at(part))?;
        let mut copy = Copy::of(source, part).map_err(of(source))?;
        let mut pictures = copy.avatars().map_err(of(part))?;
        pictures.retain(|path| is_picture(path));
        let count = pictures.len();
        let done = Cell::new(0);
        let missing = copy.carry(pictures, |path| {
            done.set(done.get() + 1);
            told(done.get(), count);
            let path = below(data, path);
            match fs::read(&path) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(source) => Err(Failed::File { path, source }),
            }
        });
        let missing = missing.map_err(|failed| failed.at(part))?;
        // What was gone before the database was copied, the database itself lacks.
        if missing.iter().all(|path| gone.contains(path)) {
            copy.check().map_err(of(part))?;
            let missing = missing.len();
            let pictures = count - missing + copy.pictures().map_err(of(part))?;
            return Ok(Saved { pictures, missing });
        }
        gone.extend(missing);
    }
    Err(BackupError::Unsteady)
}

/// Restores a backup: the database to the place that a URL names, and the pictures
/// to the directory `data`. No backend may run on them. `told` learns how many pictures
/// have been restored so far, of how many.
///
/// # Errors
///
/// The backup is damaged or none, there is a database already and `overwrite` is
/// not set, a process has it open, or something cannot be written. The database
/// that was there is left as it was then.
pub fn restore(
    file: &Path,
    database: &str,
    data: &Path,
    overwrite: bool,
    told: &dyn Fn(usize, usize),
) -> Result<Saved, BackupError> {
    let target = sqlite_path(database).ok_or(BackupError::NotSqlite)?;
    let of_file = |source: CopyError| BackupError::Database {
        path: file.to_owned(),
        source: source.into(),
    };
    if !file.exists() {
        return Err(BackupError::NoDatabase(file.to_owned()));
    }
    let copy = Copy::open(file).map_err(of_file)?;
    copy.check().map_err(of_file)?;
    // No server starts on what is being replaced.
    let _lock = Lock::beside(&target)?;
    if target.exists() {
        if !overwrite {
            return Err(BackupError::Exists(target));
        }
        release(&target).map_err(|error| match error {
            CopyError::InUse => BackupError::InUse(target.clone()),
            error => BackupError::Database {
                path: target.clone(),
                source: error.into(),
            },
        })?;
    }
    private::create_directory(data).map_err(at(data))?;
    let (done, count) = (Cell::new(0), copy.carried().map_err(of_file)?);
    let carried = copy.files(|path, bytes| {
        done.set(done.get() + 1);
        told(done.get(), count);
        if !is_picture(path) {
            return Err(Failed::Copy(CopyError::Damaged(format!(
                "{path:?} is no picture"
            ))));
        }
        let path = below(data, path);
        private::write(&path, bytes).map_err(|source| Failed::File { path, source })
    });
    let carried = carried.map_err(|failed| failed.at(file))?;
    let pictures = carried + copy.pictures().map_err(of_file)?;

    let part = beside(&target, ".restoring");
    let done = place(file, &part, &target);
    if done.is_err() {
        let _ = fs::remove_file(&part);
    }
    done.map(|()| Saved {
        pictures,
        missing: 0,
    })
}

/// Puts a copy of the database in a backup in its place, at once.
fn place(file: &Path, part: &Path, target: &Path) -> Result<(), BackupError> {
    private::replace_file(part).map_err(at(part))?;
    let copied = Copy::of(file, part).and_then(|copy| copy.drop_files());
    copied.map_err(|source| BackupError::Database {
        path: part.to_owned(),
        source: source.into(),
    })?;
    sync(part)?;
    // What was written ahead to another database would be taken for part of this.
    for beside in [beside(target, "-wal"), beside(target, "-shm")] {
        private::remove(&beside).map_err(at(&beside))?;
    }
    fs::rename(part, target).map_err(at(target))?;
    sync_directory(target)
}

/// Why a file that a copy carries cannot be read or written.
enum Failed {
    Copy(CopyError),
    File { path: PathBuf, source: io::Error },
}

impl From<CopyError> for Failed {
    fn from(error: CopyError) -> Self {
        Self::Copy(error)
    }
}

impl Failed {
    fn at(self, copy: &Path) -> BackupError {
        match self {
            Self::Copy(source) => BackupError::Database {
                path: copy.to_owned(),
                source: source.into(),
            },
            Self::File { path, source } => BackupError::File { path, source },
        }
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |source| BackupError::File { path, source }
}

fn sync(path: &Path) -> Result<(), BackupError> {
    let file = OpenOptions::new().write(true).open(path);
    file.and_then(|file| file.sync_all()).map_err(at(path))
}

/// Makes the name of a file durable, where the system can.
fn sync_directory(file: &Path) -> Result<(), BackupError> {
    private::sync_directory(file).map_err(at(private::directory_of(file)))
}
