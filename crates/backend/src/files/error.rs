//! What keeping pictures elsewhere fails with, and what that means to a caller.

use std::io;
use std::path::PathBuf;

use tokio::task::JoinError;

use crate::error::Error;

/// Why a picture cannot be kept, read or deleted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("{} cannot be used", .path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("a thread ended before it was done")]
    Thread(#[from] JoinError),
    #[error("S3 has refused a request")]
    Refused(#[source] object_store::Error),
    #[error("S3 cannot be reached")]
    Away(#[source] object_store::Error),
    #[error("S3 has not answered in time")]
    Silent,
    #[error("S3 has something with the name of a picture that is too large for one")]
    NoPicture,
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        match &error {
            FileError::File { source, .. }
                if matches!(
                    source.kind(),
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
                ) =>
            {
                Self::Full(error.into())
            }
            FileError::Away(_) | FileError::Silent => Self::Unavailable(error.into()),
            FileError::File { .. }
            | FileError::Thread(_)
            | FileError::Refused(_)
            | FileError::NoPicture => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let of = |kind: io::ErrorKind| {
            Error::from(FileError::File {
                path: PathBuf::new(),
                source: kind.into(),
            })
        };
        assert!(matches!(of(io::ErrorKind::StorageFull), Error::Full(_)));
        assert!(matches!(
            of(io::ErrorKind::PermissionDenied),
            Error::Internal(_)
        ));
    }
}
