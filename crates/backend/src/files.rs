//! The pictures of users, where they are not in the database.
//!
//! The path of a picture is `/avatars/<user>/<name>.<jpg or png>`, wherever it is
//! kept, and it is served there to everybody who knows it: nobody can guess the
//! name. A picture never changes: a new one has a new name. This module knows no
//! database, and no HTTP but that of S3.

mod error;
mod http;
mod s3;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use contract::id::ObjectId;
use tokio::task::spawn_blocking;

use self::error::FileError;
use self::s3::Bucket;
use crate::config::S3;
use crate::limits::PictureLimits;
use crate::private;

const DIRECTORY: &str = "avatars";

/// How many bytes of random numbers are in a name.
const NAME: usize = 16;

/// Where pictures are kept.
#[derive(Debug)]
pub(crate) enum Files {
    Directory(PathBuf),
    S3(Bucket),
}

impl Files {
    /// Keeps pictures in a directory, which is created if it is missing.
    pub(crate) fn in_directory(data: &Path) -> io::Result<Self> {
        let avatars = data.join(DIRECTORY);
        private::create_directory(&avatars)?;
        private::tighten(&avatars);
        Ok(Self::Directory(data.to_owned()))
    }

    /// Keeps pictures in S3, which is not called yet.
    pub(crate) fn in_s3(s3: &S3, limits: &PictureLimits) -> object_store::Result<Self> {
        Ok(Self::S3(Bucket::new(s3, limits)?))
    }

    /// Keeps a picture at a path that nothing is kept at.
    pub(crate) async fn put(&self, path: &str, bytes: Bytes) -> Result<(), FileError> {
        match self {
            Self::Directory(data) => {
                within(data, path, move |file| private::write(file, &bytes)).await
            }
            Self::S3(bucket) => bucket.put(path, bytes).await,
        }
    }

    /// Deletes the picture at a path. One that is gone is as well.
    pub(crate) async fn delete(&self, path: &str) -> Result<(), FileError> {
        match self {
            Self::Directory(data) => within(data, path, private::remove).await,
            Self::S3(bucket) => bucket.delete(path).await,
        }
    }

    /// Returns the picture at a path, if there is one.
    pub(crate) async fn get(&self, path: &str) -> Result<Option<Bytes>, FileError> {
        match self {
            Self::Directory(data) => {
                within(data, path, |file| match fs::read(file) {
                    Ok(bytes) => Ok(Some(bytes.into())),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error),
                })
                .await
            }
            Self::S3(bucket) => bucket.get(path).await,
        }
    }
}

/// Does something with the file of a picture on a thread that may wait for the disk.
async fn within<T: Send + 'static>(
    data: &Path,
    path: &str,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T, FileError> {
    let path = below(data, path);
    let done = spawn_blocking(move || {
        let done = work(&path);
        done.map_err(|source| FileError::File { path, source })
    });
    done.await?
}

/// The file of a picture in the data directory.
pub(crate) fn below(data: &Path, path: &str) -> PathBuf {
    data.join(path.trim_start_matches('/'))
}

/// Returns the path for a new picture of a user.
pub(crate) fn new_path(user: ObjectId, extension: &str) -> Result<String, getrandom::Error> {
    let mut bytes = [0; NAME];
    getrandom::fill(&mut bytes)?;
    let name = u128::from_be_bytes(bytes);
    Ok(format!("{}{name:032x}.{extension}", prefix(user)))
}

/// What the paths of a user's pictures begin with.
pub(crate) fn prefix(user: ObjectId) -> String {
    format!("/{DIRECTORY}/{user}/")
}

/// Returns whether a path is one that [`new_path`] gives.
pub(crate) fn is_picture(path: &str) -> bool {
    let parts = path
        .strip_prefix('/')
        .and_then(|path| path.strip_prefix(DIRECTORY))
        .and_then(|path| path.strip_prefix('/'))
        .and_then(|path| path.split_once('/'));
    parts.is_some_and(|(user, name)| user.parse::<ObjectId>().is_ok() && media_type(name).is_some())
}

/// Returns whether a path is one that [`new_path`] gives to this user.
pub(crate) fn is_picture_of(user: ObjectId, path: &str) -> bool {
    let name = path.strip_prefix(&prefix(user));
    name.is_some_and(|name| media_type(name).is_some())
}

/// Returns the media type of a picture, if its name is one that [`new_path`] gives.
pub(crate) fn media_type(name: &str) -> Option<&'static str> {
    let (name, extension) = name.split_once('.')?;
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if name.len() != 2 * NAME || !name.bytes().all(is_digit) {
        return None;
    }
    match extension {
        "jpg" => Some("image/jpeg"),
        "png" => Some("image/png"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "57c8479433f5d57d3013a0bc";
    const PICTURE: &str = "00112233445566778899aabbccddeeff";

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(media_type(name), expected);
    }

    #[test]
    fn only_names_of_pictures_are_served() {
        check(&format!("{PICTURE}.jpg"), Some("image/jpeg"));
        check(&format!("{PICTURE}.png"), Some("image/png"));
        check(&format!("{PICTURE}.svg"), None);
        check(&format!("{PICTURE}.jpg.png"), None);
        check(&format!("{PICTURE}.jpg.part"), None);
        check(PICTURE, None);
        check(&format!("../{PICTURE}.jpg"), None);
        check(&format!("{}.jpg", PICTURE.to_uppercase()), None);
        check(&format!("{USER}.jpg"), None);
        check("web1on1.db", None);
    }

    #[test]
    fn only_paths_of_pictures_are_those_of_pictures() {
        assert!(is_picture(&format!("/avatars/{USER}/{PICTURE}.jpg")));
        for path in [
            format!("/avatars/{USER}/../web1on1.db"),
            format!("/avatars/../{PICTURE}.jpg"),
            format!("avatars/{USER}/{PICTURE}.jpg"),
            format!("https://example.com/avatars/{USER}/{PICTURE}.jpg"),
            format!("/avatars/{PICTURE}.jpg"),
        ] {
            assert!(!is_picture(&path), "{path} was taken for a picture");
        }
    }

    #[test]
    fn names_are_new_and_those_of_pictures() {
        let user = USER.parse().expect("is an ID");
        let path = || new_path(user, "png").expect("has random numbers");
        assert_ne!(path(), path());
        assert!(is_picture(&path()) && is_picture_of(user, &path()));
        let other = "57c8479433f5d57d3013a0bd".parse().expect("is an ID");
        assert!(!is_picture_of(other, &path()));
    }
}
