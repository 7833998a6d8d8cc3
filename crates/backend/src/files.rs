//! The files that the API refers to by URL: pictures of users.
//!
//! A file lies at `avatars/<user>/<id>.<jpg or png>` in the data directory and is
//! served at the same path, to everybody who knows it. It never changes: a new
//! picture is a new file. This module knows no database and no HTTP.

use std::error::Error;
use std::io;
use std::path::Path as FilePath;

use bytes::Bytes;
use contract::id::ObjectId;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};

use crate::picture::Picture;

const DIRECTORY: &str = "avatars";

/// The data directory.
#[derive(Debug)]
pub(crate) struct Files(LocalFileSystem);

impl Files {
    /// Opens `directory`, which must exist.
    pub(crate) fn open(directory: &FilePath) -> object_store::Result<Self> {
        Ok(Self(
            LocalFileSystem::new_with_prefix(directory)?.with_automatic_cleanup(true),
        ))
    }

    /// Keeps the picture of a user under a new `id`. The path of its URL.
    pub(crate) async fn put(
        &self,
        user: ObjectId,
        id: ObjectId,
        picture: Picture,
    ) -> object_store::Result<String> {
        let path = format!("{}{id}.{}", prefix(user), picture.extension);
        self.0
            .put(&location(&path), PutPayload::from(picture.bytes))
            .await?;
        Ok(path)
    }

    /// Deletes a picture of a user. One that is gone, or that is not the user's
    /// and not kept here, is left alone.
    pub(crate) async fn delete(&self, user: ObjectId, path: &str) -> object_store::Result<()> {
        let Some(name) = path.strip_prefix(&prefix(user)) else {
            return Ok(());
        };
        if media_type(name).is_none() {
            return Ok(());
        }
        match self.0.delete(&location(path)).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            done => done,
        }
    }

    /// A picture and its media type, if there is one of that user and name.
    pub(crate) async fn get(
        &self,
        user: &str,
        name: &str,
    ) -> object_store::Result<Option<(&'static str, Bytes)>> {
        let (Ok(user), Some(media_type)) = (user.parse(), media_type(name)) else {
            return Ok(None);
        };
        let path = format!("{}{name}", prefix(user));
        match self.0.get(&location(&path)).await {
            Ok(found) => Ok(Some((media_type, found.bytes().await?))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What the URL paths of a user's pictures begin with.
pub(crate) fn prefix(user: ObjectId) -> String {
    format!("/{DIRECTORY}/{user}/")
}

/// Returns whether a path is one that [`Files::put`] gives.
pub(crate) fn is_picture(path: &str) -> bool {
    let parts = path
        .strip_prefix('/')
        .and_then(|path| path.strip_prefix(DIRECTORY))
        .and_then(|path| path.strip_prefix('/'))
        .and_then(|path| path.split_once('/'));
    parts.is_some_and(|(user, name)| user.parse::<ObjectId>().is_ok() && media_type(name).is_some())
}

/// Returns whether a picture was not kept because the disk is full.
pub(crate) fn is_full(error: &object_store::Error) -> bool {
    let sources = std::iter::successors(Some(error as &(dyn Error + 'static)), |&error| {
        error.source()
    });
    sources
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| {
            matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            )
        })
}

/// The media type of a file, if its name is one that [`Files::put`] gives.
fn media_type(name: &str) -> Option<&'static str> {
    let (id, extension) = name.split_once('.')?;
    id.parse::<ObjectId>().ok()?;
    match extension {
        "jpg" => Some("image/jpeg"),
        "png" => Some("image/png"),
        _ => None,
    }
}

fn location(path: &str) -> Path {
    Path::from(path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(media_type(name), expected);
    }

    #[test]
    fn only_names_of_pictures_are_served() {
        check("57c8479433f5d57d3013a0bc.jpg", Some("image/jpeg"));
        check("57c8479433f5d57d3013a0bc.png", Some("image/png"));
        check("57c8479433f5d57d3013a0bc.svg", None);
        check("57c8479433f5d57d3013a0bc.jpg.png", None);
        check("57c8479433f5d57d3013a0bc", None);
        check("../57c8479433f5d57d3013a0bc.jpg", None);
        check("web1on1.db", None);
    }

    #[test]
    fn only_paths_of_pictures_are_those_of_pictures() {
        let id = "57c8479433f5d57d3013a0bc";
        assert!(is_picture(&format!("/avatars/{id}/{id}.jpg")));
        for path in [
            format!("/avatars/{id}/../web1on1.db"),
            format!("/avatars/../{id}.jpg"),
            format!("avatars/{id}/{id}.jpg"),
            format!("https://example.com/avatars/{id}/{id}.jpg"),
            format!("/avatars/{id}.jpg"),
        ] {
            assert!(!is_picture(&path), "{path} was taken for a picture");
        }
    }

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let of = |kind: io::ErrorKind| object_store::Error::Generic {
            store: "test",
            source: io::Error::from(kind).into(),
        };
        assert!(is_full(&of(io::ErrorKind::StorageFull)));
        assert!(!is_full(&of(io::ErrorKind::PermissionDenied)));
    }
}
