//! The Web1on1 REST system on axum.
//!
//! It serves the operations of the [`contract`] from a SQLite or PostgreSQL
//! database. Any number of backends can run on one PostgreSQL database side by side;
//! none keeps state of its own. It knows
//! nothing of gRPC, reads no environment and no arguments.
//!
//! # Rooms
//!
//! Imports run downwards, from a room to one below it or within the same room,
//! and never in a circle. A test of the sources holds them to it.
//!
//! 1. This module: the public face.
//! 2. `http` turns requests into calls of handlers, and results into responses.
//!    It knows no resource but for the list of routes.
//! 3. `start` and `seed` fill a store before anybody calls; `backup` copies one.
//! 4. `resources` has a file for each resource: its handlers and its rules.
//! 5. `access` finds out who calls and decides who may do what.
//! 6. `app` is what every request is served from.
//! 7. `store` has the rows and the only SQL; `files` has the pictures that are kept
//!    elsewhere.
//! 8. The rest are leaves, which know none of the above: `config`, `limits`,
//!    `clock`, `ids`, `error`, `token`, `password`, `picture`,
//!    `blocking`, `uploads` and `private`.

mod access;
mod app;
mod backup;
mod blocking;
mod clock;
mod config;
mod error;
mod files;
mod http;
mod ids;
mod limits;
mod password;
mod picture;
mod private;
mod resources;
mod seed;
mod start;
mod store;
#[cfg(test)]
mod tests;
mod token;
mod uploads;

use std::io;
use std::sync::Arc;
use std::time::Duration;

pub use backup::{BackupError, Saved, backup, restore};
pub use clock::Clock;
pub use config::{Config, PictureStore, PictureStoreError, S3};
pub use ids::Ids;
pub use limits::{DatabaseLimits, PictureLimits, ServerLimits};
pub use seed::{SeedError, Seeded};
pub use start::{FirstStart, OpenError};

use app::App;
use tokio::net::TcpListener;

/// A backend that is ready to serve. Clones share everything.
#[derive(Clone, Debug)]
pub struct Backend {
    app: Arc<App>,
    first_start: Option<FirstStart>,
    server_limits: ServerLimits,
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
        let server_limits = config.server_limits;
        let (app, first_start) = start::open(config).await?;
        Ok(Self {
            app: Arc::new(app),
            first_start,
            server_limits,
        })
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
        http::router(self.app.clone())
    }

    /// Serves [`router`](Self::router) over HTTP/1.1 and HTTP/2 within the
    /// [`ServerLimits`], until `stop` is done. Then nothing new is accepted,
    /// connections without a request and those with half a head are closed, and
    /// requests under way have `grace` to end. Meanwhile pictures that were left over
    /// are deleted.
    ///
    /// # Errors
    ///
    /// The listener cannot be used.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
        grace: Duration,
    ) -> io::Result<()> {
        tokio::select! {
            served = http::serve(self.app.clone(), self.server_limits, listener, stop, grace) => {
                served
            }
            never = resources::avatars::sweep_forever(&self.app) => match never {},
        }
    }
}
