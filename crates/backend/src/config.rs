//! What a backend needs to know before it opens.

use std::fmt;
use std::hash::RandomState;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::uri::Authority;
use ipnet::IpNet;
use tls::Acceptor;
use trace::Tracer;

use crate::clock::Clock;
use crate::ids::Ids;
use crate::keys::TokenKeys;
use crate::limits::{DatabaseLimits, HashLimits, LoginLimits, PictureLimits, ServerLimits};
use crate::observer::Observer;
use crate::pages::Pages;

/// What a backend needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// The URL of the database: `sqlite:///dir/web1on1.db?mode=rwc` or
    /// `postgres://user:password@host/name`. The directory of a SQLite file must
    /// exist, unless it is [`data`](Self::data).
    pub database: String,
    /// How many connections the database has, and how long anything waits for it.
    pub database_limits: DatabaseLimits,
    /// The directory for the SQLite database and for pictures. It is created if it is
    /// missing and something is kept in it.
    pub data: PathBuf,
    /// Where the pictures of users are kept; see
    /// [`picture_store`](Self::picture_store) for the default.
    pub pictures: Option<PictureStore>,
    /// How much uploading, decoding and keeping pictures may take.
    pub picture_limits: PictureLimits,
    /// Where callers reach this backend, such as `http://127.0.0.1:8080`. URLs of
    /// avatars begin with it, and so do links in replies, unless the request names one of
    /// the [`hosts`](Self::hosts).
    pub public_url: String,
    /// Other hosts under which callers reach this backend, such as `localhost` or
    /// `backend:8080`; one without a port stands for all ports. The links in the reply to
    /// a request that names one of them begin with that.
    pub hosts: Vec<Authority>,
    /// The e-mail address of the owner that the first start creates. Defaults to
    /// `owner@example.com`.
    pub owner_email: Option<String>,
    /// The password of that owner. One is made up if it is missing.
    pub owner_password: Option<String>,
    /// Where the keys of tokens are. In the file `token-keys.json` of
    /// [`data`](Self::data) where there is nothing else.
    pub token_keys: Option<TokenKeys>,
    /// How many passwords are hashed at once, and how much waits for that.
    pub hash_limits: HashLimits,
    /// How often somebody may try to log in, and what a login is good for.
    pub login_limits: LoginLimits,
    /// The proxies whose `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto`
    /// are believed. Logins are counted by the address that the first tells, and the
    /// others tell which of the [`hosts`](Self::hosts) a caller has named.
    pub trusted_proxies: Vec<IpNet>,
    /// What the HTTP server allows its clients.
    pub server_limits: ServerLimits,
    /// What takes the TLS handshakes of clients. Without it the server speaks plain
    /// text.
    pub tls: Option<Acceptor>,
    /// How often the backend archives what is about to be archived, and removes
    /// sessions that have expired. 1 min.
    pub housekeeping: Duration,
    /// The origins whose pages in a browser may call the API, such as
    /// `https://app.example.com`; `*` for all.
    pub cors_origins: Vec<HeaderValue>,
    /// What is served beside the API: its documentation.
    pub pages: Option<Pages>,
    /// What tells the time.
    pub clock: Clock,
    /// What makes identifiers. Random ones where there is nothing else.
    pub ids: Option<Ids>,
    /// Who is told of what happens.
    pub observers: Vec<Arc<dyn Observer>>,
    /// Says where requests stand in their traces. Default: nobody does.
    pub tracer: Option<Tracer>,
    /// The key of the hashes that observers are told in place of users and tokens.
    /// Default: one that is made up.
    pub subjects: RandomState,
}

impl Config {
    /// A configuration with the clock of the system and random identifiers.
    pub fn new(
        database: impl Into<String>,
        data: impl Into<PathBuf>,
        public_url: impl Into<String>,
    ) -> Self {
        Self {
            database: database.into(),
            database_limits: DatabaseLimits::default(),
            data: data.into(),
            pictures: None,
            picture_limits: PictureLimits::default(),
            public_url: public_url.into(),
            hosts: Vec::new(),
            owner_email: None,
            owner_password: None,
            token_keys: None,
            hash_limits: HashLimits::default(),
            login_limits: LoginLimits::default(),
            trusted_proxies: Vec::new(),
            server_limits: ServerLimits::default(),
            tls: None,
            housekeeping: Duration::from_mins(1),
            cors_origins: Vec::new(),
            pages: None,
            clock: Clock::default(),
            ids: None,
            observers: Vec::new(),
            tracer: None,
            subjects: RandomState::new(),
        }
    }

    /// Returns where the pictures of users are kept: where
    /// [`pictures`](Self::pictures) says, or else in the database if that is
    /// PostgreSQL, where every backend on it sees them, and in [`data`](Self::data)
    /// if it is SQLite.
    pub fn picture_store(&self) -> PictureStore {
        let default = if self.database.starts_with("sqlite:") {
            PictureStore::Data
        } else {
            PictureStore::Database
        };
        self.pictures.clone().unwrap_or(default)
    }
}

/// Where the pictures of users are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PictureStore {
    /// In the database.
    Database,
    /// In the directory `avatars` of the data directory.
    Data,
    /// In S3, or in what speaks its protocol.
    S3(S3),
}

/// A place in S3.
#[derive(Clone, PartialEq, Eq)]
pub struct S3 {
    /// The name of the bucket.
    pub bucket: String,
    /// What the keys of all pictures begin with, without slashes at its ends. May be
    /// empty.
    pub prefix: String,
    /// The names and values of settings, such as `AWS_REGION` and
    /// `AWS_SECRET_ACCESS_KEY`. Names that mean nothing to the client of S3 are left
    /// out.
    pub settings: Vec<(String, String)>,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Leaves out the settings, which have credentials.
        f.debug_struct("S3")
            .field("bucket", &self.bucket)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// A text names no place for pictures. It may have a secret, so it is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "pictures are kept in `database`, in `data` or in `s3://bucket/prefix`, which has no user, no \
     password and no query; credentials are read from the environment"
)]
pub struct PictureStoreError;

/// Reads `database`, `data` or `s3://bucket/prefix`. The settings of S3 are not part
/// of the text.
impl FromStr for PictureStore {
    type Err = PictureStoreError;

    fn from_str(text: &str) -> Result<Self, PictureStoreError> {
        match text {
            "database" => return Ok(Self::Database),
            "data" => return Ok(Self::Data),
            _ => {}
        }
        let place = text.strip_prefix("s3://").ok_or(PictureStoreError)?;
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let is_in_bucket =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        let is_in_prefix = |byte: u8| is_in_bucket(byte) || byte == b'/';
        if bucket.is_empty()
            || !bucket.bytes().all(is_in_bucket)
            || !prefix.bytes().all(is_in_prefix)
        {
            return Err(PictureStoreError);
        }
        Ok(Self::S3(S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            settings: Vec::new(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let s3 = match text.parse() {
            Ok(PictureStore::S3(s3)) => Some(s3),
            _ => None,
        };
        let found = s3.as_ref().map(|s3| (&*s3.bucket, &*s3.prefix));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_place_in_s3_has_a_bucket_and_perhaps_a_prefix() {
        check("s3://b", Some(("b", "")));
        check("s3://b/", Some(("b", "")));
        check("s3://b.c/d/e/", Some(("b.c", "d/e")));
        check("s3://", None);
        check("s3:///d", None);
        check("S3://b", None);
        check("https://b", None);
    }

    #[test]
    fn a_secret_in_the_place_is_refused_and_not_repeated() {
        for text in ["s3://key:hush@b/d", "s3://b/d?secret=hush", "s3://b#hush"] {
            let error = text.parse::<PictureStore>().expect_err("has a secret");
            assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let s3 = S3 {
            bucket: "b".to_owned(),
            prefix: String::new(),
            settings: vec![("AWS_SECRET_ACCESS_KEY".to_owned(), "hush".to_owned())],
        };
        assert!(!format!("{:?}", PictureStore::S3(s3)).contains("hush"));
    }
}
