//! Files and directories that only their owner may use.
//!
//! What a backend keeps has password hashes, the key of all tokens and pictures.
//! On Unix its directories have the mode 0700 and its files 0600. Other systems
//! have no such modes, and there the directory has to be a private one.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Creates a directory, and those above it, where they are missing. One that is
/// there stays as it is.
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Creates an empty file, which must not exist.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Creates an empty file in the place of an old one.
pub(crate) fn replace_file(path: &Path) -> io::Result<File> {
    remove(path)?;
    create_file(path)
}

/// Removes a file. One that is gone is as well.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes a file, and the directories above it where they are missing. It is there
/// as a whole, and on the disk, or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(directory) = path.parent()
        && !directory.exists()
    {
        create_directory(directory)?;
        sync_directory(directory)?;
    }
    let part = beside(path, ".part");
    let mut file = replace_file(&part)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&part, path))
        .and_then(|()| sync_directory(path));
    if written.is_err() {
        // It is of no use, and that it stays is not what has failed.
        let _ = remove(&part);
    }
    written
}

/// The file whose name is that of another and `suffix`.
pub(crate) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    name.into()
}

/// Makes the name of a file durable, where the system can.
pub(crate) fn sync_directory(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(directory_of(file))?.sync_all()?;
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

/// The directory that a file is in.
pub(crate) fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    }
}

/// Takes from others what they may do with a file or a directory, if it is there.
/// Where the system refuses that, the log tells, and it stays as it is.
pub(crate) fn tighten(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let Ok(metadata) = fs::metadata(path) else {
            return;
        };
        let mut permissions = metadata.permissions();
        let mode = permissions.mode() & 0o777;
        let tight = mode & 0o700;
        if mode == tight {
            return;
        }
        permissions.set_mode(tight);
        let tightened = fs::set_permissions(path, permissions);
        let (path, mode) = (path.display(), format!("{mode:03o}"));
        match tightened {
            Ok(()) => tracing::warn!(%path, mode, "others could use this and no longer can"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(%path, mode, error, "others can use this");
            }
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        let metadata = fs::metadata(path).expect("is there");
        metadata.permissions().mode() & 0o777
    }

    #[test]
    fn what_is_written_is_its_owners_alone() {
        let directory = tempfile::tempdir().expect("there is room");
        let file = directory.path().join("a/b/c");
        write(&file, b"1").expect("there is room");
        write(&file, b"2").expect("it may be there");
        assert_eq!(fs::read(&file).expect("is there"), b"2");
        assert_eq!(mode(&file), 0o600);
        assert_eq!(mode(&directory.path().join("a")), 0o700);
        assert_eq!(mode(&directory.path().join("a/b")), 0o700);
        let entries = fs::read_dir(directory.path().join("a/b")).expect("is there");
        assert_eq!(entries.count(), 1, "nothing is left over");
    }

    #[test]
    fn what_others_may_use_is_tightened() {
        let directory = tempfile::tempdir().expect("there is room");
        let file = directory.path().join("file");
        fs::write(&file, b"").expect("there is room");
        for (before, after) in [
            (0o644, 0o600),
            (0o660, 0o600),
            (0o755, 0o700),
            (0o400, 0o400),
        ] {
            let permissions = fs::Permissions::from_mode(before);
            fs::set_permissions(&file, permissions).expect("is ours");
            tighten(&file);
            assert_eq!(mode(&file), after, "from {before:o}");
        }
        tighten(&directory.path().join("missing"));
    }
}
