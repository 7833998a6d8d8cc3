//! Texts that nobody may see, and where they come from.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// How long a secret in a file may be, in bytes. A token of 64 KiB would fit into no
/// header.
const MAX_SECRET: u64 = 64 << 10;

/// A text that nobody may see: a password or a token. It has no form to print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret of this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one who needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Where a secret comes from.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// It was given, as by the environment.
    Value(Secret),
    /// A file, read each time that the secret is needed. Line ends behind it are no
    /// part of it.
    File(PathBuf),
}

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// The file cannot be read.
    #[error("{} cannot be read", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds no text, or more than 64 KiB of it.
    #[error("{} {reason}", file.display())]
    Content {
        /// The file.
        file: PathBuf,
        /// What is wrong with what it holds.
        reason: &'static str,
    },
    /// What was given in place of a file is empty.
    #[error("the secret is empty")]
    Empty,
}

impl SecretSource {
    /// Reads the secret. It blocks.
    ///
    /// # Errors
    ///
    /// Fails where the file cannot be read, and where what it holds, or what was given,
    /// is empty or cannot be a secret.
    pub fn read(&self) -> Result<Secret, Unreadable> {
        match self {
            Self::Value(secret) if secret.0.is_empty() => Err(Unreadable::Empty),
            Self::Value(secret) => Ok(secret.clone()),
            Self::File(file) => text_of(file).map(Secret),
        }
    }
}

/// The text in a file of secrets, without the line ends behind it.
///
/// # Errors
///
/// Fails where the file cannot be read, is empty, is no UTF-8, or has more than 64 KiB.
pub(crate) fn text_of(file: &Path) -> Result<String, Unreadable> {
    let unreadable = |source| Unreadable::File {
        file: file.to_owned(),
        source,
    };
    let wrong = |reason| Unreadable::Content {
        file: file.to_owned(),
        reason,
    };
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(unreadable)?;
    let read = opened.take(MAX_SECRET + 1).read_to_end(&mut bytes);
    if read.map_err(unreadable)? as u64 > MAX_SECRET {
        return Err(wrong("has more than 64 KiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong("is no text in UTF-8"))?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err(wrong("is empty"));
    }
    Ok(text.to_owned())
}

/// Puts a secret in place of what is in a file, all at once, so that whoever reads the
/// file finds one or the other. Only its owner can read the new file. It blocks.
///
/// # Errors
///
/// Fails where the directory of the file cannot be written to.
pub(super) fn replace(file: &Path, secret: &Secret) -> io::Result<()> {
    // What a link leads to is replaced, not the link.
    let file = fs::canonicalize(file)?;
    let directory = file.parent().unwrap_or_else(|| Path::new("."));
    let mut new = NamedTempFile::new_in(directory)?;
    writeln!(new, "{}", secret.0)?;
    new.as_file().sync_all()?;
    new.persist(&file).map_err(|error| error.error)?;
    // Not every system can do this with a directory.
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &[u8], expected: Result<&str, &str>) {
        let mut file = NamedTempFile::new().expect("a file");
        file.write_all(content).expect("it is written");
        let read = SecretSource::File(file.path().to_owned()).read();
        let path = file.path().display().to_string();
        let read = read
            .map(|secret| secret.0)
            .map_err(|error| error.to_string().replace(&path, "FILE"));
        assert_eq!(
            read,
            expected.map(str::to_owned).map_err(str::to_owned),
            "of a file with {} bytes",
            content.len()
        );
    }

    #[test]
    fn line_ends_are_no_part_of_a_secret() {
        check(b"pass word \n", Ok("pass word "));
        check(b"a\r\n\n", Ok("a"));
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused() {
        check(b"\n", Err("FILE is empty"));
        check(b"\xff", Err("FILE is no text in UTF-8"));
        check(&vec![b'a'; 65_537], Err("FILE has more than 64 KiB"));
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("canary")), "Secret");
    }

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let (file, link) = (
            directory.path().join("token"),
            directory.path().join("link"),
        );
        fs::write(&file, "old").expect("it is written");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        replace(&link, &Secret::new("new")).expect("it is replaced");
        assert_eq!(text_of(&file).expect("it is read"), "new");
        assert_eq!(text_of(&link).expect("it is read"), "new");
        let mode = fs::metadata(&file)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let files = fs::read_dir(directory.path())
            .expect("it is listed")
            .count();
        assert_eq!(
            files, 2,
            "something is left over beside the file and the link"
        );
    }
}
