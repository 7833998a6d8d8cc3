//! What a backend needs to know before it opens.

use std::path::PathBuf;
use std::time::Duration;

use http::HeaderValue;

use crate::clock::Clock;
use crate::ids::Ids;
use ipnet::IpNet;

use crate::keys::TokenKeys;
use crate::limits::{DatabaseLimits, LoginLimits, ServerLimits};

/// What a backend needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// The URL of the database: `sqlite:///dir/web1on1.db?mode=rwc` or
    /// `postgres://user:password@host/name`. The directory of a SQLite file must
    /// exist, unless it is [`data`](Self::data).
    pub database: String,
    /// How many connections the database has, and how long anything waits for it.
    pub database_limits: DatabaseLimits,
    /// The directory for avatars. It is created if it is missing.
    pub data: PathBuf,
    /// Where callers reach this backend, such as `http://127.0.0.1:8080`. URLs of
    /// avatars begin with it.
    pub public_url: String,
    /// The e-mail address of the owner that the first start creates. Defaults to
    /// `owner@example.com`.
    pub owner_email: Option<String>,
    /// The password of that owner. One is made up if it is missing.
    pub owner_password: Option<String>,
    /// Where the keys of tokens are. In the file `token-keys.json` of
    /// [`data`](Self::data) where there is nothing else.
    pub token_keys: Option<TokenKeys>,
    /// How often somebody may try to log in, and what a login is good for.
    pub login_limits: LoginLimits,
    /// The proxies whose `X-Forwarded-For` is believed. Logins are counted by the
    /// address that it tells.
    pub trusted_proxies: Vec<IpNet>,
    /// What the HTTP server allows its clients.
    pub server_limits: ServerLimits,
    /// How often the backend archives what is about to be archived, and removes
    /// sessions that have expired. 1 min.
    pub housekeeping: Duration,
    /// The origins whose pages in a browser may call the API, such as
    /// `https://app.example.com`; `*` for all.
    pub cors_origins: Vec<HeaderValue>,
    /// What tells the time.
    pub clock: Clock,
    /// What makes identifiers. Random ones where there is nothing else.
    pub ids: Option<Ids>,
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
            public_url: public_url.into(),
            owner_email: None,
            owner_password: None,
            token_keys: None,
            login_limits: LoginLimits::default(),
            trusted_proxies: Vec::new(),
            server_limits: ServerLimits::default(),
            housekeeping: Duration::from_mins(1),
            cors_origins: Vec::new(),
            clock: Clock::default(),
            ids: None,
        }
    }
}
