//! A bucket of S3, or of what speaks its protocol.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::{BackoffConfig, Error, ObjectStoreExt as _, PutPayload, RetryConfig};
use tokio::time::timeout;

use super::error::FileError;
use super::http::{Connector, MAX_REPLY};
use crate::config::S3;
use crate::limits::PictureLimits;

/// A bucket. It is called for each picture and nothing is known of it in between,
/// so one that is away is used again as soon as it is back.
pub(crate) struct Bucket {
    store: AmazonS3,
    name: String,
    prefix: String,
    timeout: Duration,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Leaves out the store, which has credentials.
        f.debug_struct("Bucket")
            .field("name", &self.name)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl Bucket {
    pub(super) fn new(s3: &S3, limits: &PictureLimits) -> object_store::Result<Self> {
        let mut builder = AmazonS3Builder::new();
        for (name, value) in &s3.settings {
            // There are other variables whose names begin with AWS.
            if let Ok(key) = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>() {
                builder = builder.with_config(key, value);
            }
        }
        let retry = RetryConfig {
            backoff: BackoffConfig {
                max_backoff: Duration::from_secs(1),
                ..BackoffConfig::default()
            },
            max_retries: limits.retries,
            retry_timeout: limits.timeout,
        };
        let connector = Connector {
            connect_timeout: limits.connect_timeout,
            request_timeout: limits.request_timeout,
        };
        let store = builder
            .with_bucket_name(&s3.bucket)
            // Pictures are deleted one by one, and not every store has another way.
            .with_config(AmazonS3ConfigKey::DisableBulkDelete, "true")
            .with_retry(retry)
            .with_http_connector(connector)
            .build()?;
        Ok(Self {
            store,
            name: s3.bucket.clone(),
            prefix: s3.prefix.clone(),
            timeout: limits.timeout,
        })
    }

    pub(super) async fn put(&self, path: &str, bytes: Bytes) -> Result<(), FileError> {
        let location = self.location(path);
        let put = self.store.put(&location, PutPayload::from(bytes));
        self.in_time(put).await.map(drop)
    }

    pub(super) async fn delete(&self, path: &str) -> Result<(), FileError> {
        let location = self.location(path);
        let deleted = self.in_time(self.store.delete(&location)).await;
        deleted.or_else(|error| match error {
            FileError::Refused(Error::NotFound { .. }) => Ok(()),
            error => Err(error),
        })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Option<Bytes>, FileError> {
        let location = self.location(path);
        let got = async {
            let found = self.store.get(&location).await?;
            if found.meta.size > MAX_REPLY as u64 {
                return Ok(None);
            }
            found.bytes().await.map(Some)
        };
        match self.in_time(got).await {
            Ok(Some(bytes)) => Ok(Some(bytes)),
            Ok(None) => Err(FileError::NoPicture),
            Err(FileError::Refused(Error::NotFound { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn location(&self, path: &str) -> Path {
        Path::from(format!("{}/{path}", self.prefix))
    }

    async fn in_time<T>(
        &self,
        call: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, FileError> {
        let done = timeout(self.timeout, call).await;
        done.map_err(|_| FileError::Silent)?
            .map_err(|error| match error {
                Error::Generic { .. } => FileError::Away(error),
                error => FileError::Refused(error),
            })
    }
}
