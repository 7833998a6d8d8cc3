//! The Web1on1 REST system on axum.
//!
//! It serves the operations of the [`contract`] from a SQLite or PostgreSQL
//! database and a directory of files. Any number of backends can run on one
//! PostgreSQL database side by side; none keeps state of its own. It knows
//! nothing of gRPC, reads no environment and no arguments.
//!
//! A request is read, authenticated and answered in `serve`, which knows no
//! resource; what an operation does is a handler beside its resource, such as
//! `users`; rows and SQL are in `store`.

mod auth;
mod blocking;
mod bot_instances;
mod bots;
mod categories;
mod error;
mod files;
mod form_fields;
mod forms;
mod ids;
mod list;
mod organization_groups;
mod organizations;
mod password;
mod picture;
mod resource;
mod router;
mod seed;
mod serve;
mod services;
mod start;
mod store;
#[cfg(test)]
mod tests;
mod token;
mod users;
mod workflows;

use std::path::PathBuf;
use std::sync::Arc;

pub use ids::{Clock, Ids};
pub use seed::{SeedError, Seeded};
pub use start::{FirstStart, OpenError};

use files::Files;
use store::Store;

/// What a backend needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// The URL of the database: `sqlite:///dir/web1on1.db?mode=rwc` or
    /// `postgres://user:password@host/name`. The directory of a SQLite file must
    /// exist, unless it is [`data`](Self::data).
    pub database: String,
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
            data: data.into(),
            public_url: public_url.into(),
            owner_email: None,
            owner_password: None,
            clock: Clock::default(),
            ids: None,
        }
    }
}

/// A backend that is ready to serve. Clones share everything.
#[derive(Clone, Debug)]
pub struct Backend {
    app: Arc<App>,
    first_start: Option<FirstStart>,
}

/// What every request is served from.
#[derive(Debug)]
struct App {
    store: Store,
    files: Files,
    key: token::Key,
    /// Without a slash at the end.
    public_url: String,
    clock: Clock,
    ids: Ids,
}

impl Backend {
    /// Connects to the database and creates what is missing: tables, the data
    /// directory and, in an empty database, an organization with its owner.
    ///
    /// # Errors
    ///
    /// The database or the data directory cannot be used, or the owner's e-mail
    /// address or password is not valid.
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        start::open(config).await
    }

    /// What this start created, if the database was empty.
    pub fn first_start(&self) -> Option<&FirstStart> {
        self.first_start.as_ref()
    }

    /// Loads a JSON document of resources: an object that has a list of
    /// resources, each with its ID, for each kind. A resource that exists is left
    /// as it is, so that loading a document again changes nothing; only
    /// workflows, which no operation changes, are replaced.
    ///
    /// ```json
    /// {
    ///   "organizations": [{"id": "…", "parent": "…", "name": "Acme Inc.", "billingInfo": {…}}],
    ///   "workflows": [{"id": "…", "organization": "…", "name": "Sales"}]
    /// }
    /// ```
    ///
    /// The kinds are `organizations`, `forms`, `organizationGroups`, `bots`,
    /// `botInstances`, `services` and `workflows`. An organization that names no
    /// `parent` stands under the one that the first start created, and a resource
    /// that names no organization belongs to that one.
    ///
    /// # Errors
    ///
    /// The document is not valid, with everything that is wrong with it, or the
    /// database fails. Nothing is kept then.
    pub async fn seed(&self, document: &[u8]) -> Result<Seeded, SeedError> {
        seed::load(&self.app, document).await
    }

    /// The service: the operations below [`contract::operation::BASE_PATH`], the avatars,
    /// and `/healthz`.
    pub fn router(&self) -> axum::Router {
        router::router(self.app.clone())
    }
}
