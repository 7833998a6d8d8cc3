//! Copies of a SQLite database, which carry files with them.
//!
//! A copy is a database of its own with one table more, so that one file has
//! everything and is checked as SQLite checks its own.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::sqlite::LATEST;

/// How long a lock of a process that writes is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The table of the files that a copy carries.
const FILES: &str = "CREATE TABLE files (path TEXT NOT NULL PRIMARY KEY, bytes BLOB NOT NULL)";

/// Why a copy cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    #[error("it is no backup: it has no table of files")]
    NoCopy,
    #[error("it is of a newer version of this program: {found} instead of {LATEST}")]
    Newer { found: u32 },
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("a process has it open")]
    InUse,
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// A copy of a database.
pub(crate) struct Copy(Connection);

impl Copy {
    /// Copies the database at `from`, as it is at one instant, to the file `to`,
    /// which is empty or missing. Others may write to the database meanwhile.
    pub(crate) fn of(from: &Path, to: &Path) -> Result<Self, CopyError> {
        // Reading a database with a write-ahead log writes to its index.
        let source = open(from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let to = to.to_string_lossy();
        source.execute("VACUUM INTO ?1", [to.as_ref()])?;
        let copy = Connection::open(Path::new(to.as_ref()))?;
        Ok(Self(copy))
    }

    /// Opens a copy to read it.
    pub(crate) fn open(path: &Path) -> Result<Self, CopyError> {
        Ok(Self(open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?))
    }

    /// Returns what users name as their pictures, without those that are in the
    /// database.
    pub(crate) fn avatars(&self) -> Result<Vec<String>, CopyError> {
        let sql = "SELECT json_extract(document, '$.avatar') AS path FROM users \
             WHERE path IS NOT NULL AND path NOT IN (SELECT path FROM pictures)";
        let mut statement = self.0.prepare(sql)?;
        let avatars = statement.query_map([], |row| row.get(0))?;
        Ok(avatars.collect::<Result<_, _>>()?)
    }

    /// Returns how many pictures are in the database.
    pub(crate) fn pictures(&self) -> Result<usize, CopyError> {
        let sql = "SELECT COUNT(*) FROM pictures";
        let count: i64 = self.0.query_row(sql, [], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// Makes the copy carry files: those of `paths` that `read` finds. Returns the
    /// others.
    pub(crate) fn carry<E: From<CopyError>>(
        &mut self,
        paths: Vec<String>,
        read: impl Fn(&str) -> Result<Option<Vec<u8>>, E>,
    ) -> Result<Vec<String>, E> {
        let transaction = self.0.transaction().map_err(CopyError::from)?;
        transaction.execute_batch(FILES).map_err(CopyError::from)?;
        let mut missing = Vec::new();
        for path in paths {
            let Some(bytes) = read(&path)? else {
                missing.push(path);
                continue;
            };
            let sql = "INSERT INTO files (path, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            transaction
                .execute(sql, (&path, &bytes))
                .map_err(CopyError::from)?;
        }
        transaction.commit().map_err(CopyError::from)?;
        Ok(missing)
    }

    /// Returns how many files the copy carries.
    pub(crate) fn carried(&self) -> Result<usize, CopyError> {
        let sql = "SELECT COUNT(*) FROM files";
        let count: i64 = self.0.query_row(sql, [], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// Gives every file that the copy carries to `write`. Returns how many there
    /// are.
    pub(crate) fn files<E: From<CopyError>>(
        &self,
        write: impl Fn(&str, &[u8]) -> Result<(), E>,
    ) -> Result<usize, E> {
        let sql = "SELECT path, bytes FROM files";
        let mut statement = self.0.prepare(sql).map_err(CopyError::from)?;
        let mut rows = statement.query([]).map_err(CopyError::from)?;
        let mut count = 0;
        while let Some(row) = rows.next().map_err(CopyError::from)? {
            let path: String = row.get(0).map_err(CopyError::from)?;
            let bytes: Vec<u8> = row.get(1).map_err(CopyError::from)?;
            write(&path, &bytes)?;
            count += 1;
        }
        Ok(count)
    }

    /// Makes the copy a database like the one that it was made of.
    pub(crate) fn drop_files(&self) -> Result<(), CopyError> {
        Ok(self.0.execute_batch("DROP TABLE files; VACUUM")?)
    }

    /// Checks that the copy is whole, carries files, and that this program can use
    /// it.
    pub(crate) fn check(&self) -> Result<(), CopyError> {
        let mut statement = self.0.prepare("PRAGMA integrity_check(10)")?;
        let found = statement.query_map([], |row| row.get::<_, String>(0))?;
        let found: Vec<_> = found.collect::<Result<_, _>>()?;
        if found != ["ok"] {
            return Err(CopyError::Damaged(found.join("; ")));
        }
        let mut dangling = self.0.prepare("PRAGMA foreign_key_check")?;
        if dangling.exists([])? {
            let what = "a row refers to one that is not there";
            return Err(CopyError::Damaged(what.to_owned()));
        }
        let version = self
            .0
            .pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version == 0 || !self.0.table_exists(None, "files")? {
            return Err(CopyError::NoCopy);
        }
        if version > LATEST {
            return Err(CopyError::Newer { found: version });
        }
        Ok(())
    }
}

/// Checks that no process has the database at `path` open, and writes what it has
/// beside the file into it. A database that cannot be read is left as it is.
pub(crate) fn release(path: &Path) -> Result<(), CopyError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(Duration::ZERO)?;
    // Only who is alone may leave the mode that the server uses.
    match connection.pragma_update(None, "journal_mode", "DELETE") {
        Err(error)
            if matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
            ) =>
        {
            Err(CopyError::InUse)
        }
        Err(error)
            if matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
            ) =>
        {
            Ok(())
        }
        done => Ok(done?),
    }
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}
