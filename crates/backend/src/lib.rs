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
//! 3. `start` and `seed` fill a store before anybody calls; `lock` keeps other servers
//!    away from it, and `backup` copies one; `revoke` is for whoever runs the backend,
//!    and `tend` runs beside its requests.
//! 4. `resources` has a file for each resource: its handlers and its rules.
//! 5. `access` finds out who calls and decides who may do what.
//! 6. `app` is what every request is served from.
//! 7. `store` has the rows and the only SQL; `files` has the pictures that are kept
//!    elsewhere.
//! 8. The rest are leaves, which know none of the above: `config`, `limits`,
//!    `clock`, `ids`, `error`, `keys`, `token`, `throttle`, `logins`, `peer`,
//!    `password`, `picture`, `blocking`, `unfit`, `uploads`, `private`, `observer`, `pages`
//!    and `usage`.

mod access;
mod app;
mod backup;
mod base_url;
mod blocking;
mod clock;
mod config;
mod error;
mod files;
mod http;
mod ids;
mod keys;
mod limits;
mod lock;
mod logins;
pub mod observer;
mod pages;
mod password;
mod peer;
mod picture;
mod private;
mod resources;
mod revoke;
mod seed;
mod start;
mod store;
mod tend;
#[cfg(test)]
mod tests;
mod throttle;
mod token;
mod unfit;
mod uploads;
mod usage;

use std::io;
use std::sync::Arc;
use std::time::Duration;

pub use backup::{BackupError, Saved, backup, restore};
pub use clock::Clock;
pub use config::{Config, PictureStore, PictureStoreError, S3};
pub use ids::Ids;
pub use keys::{KeysError, Rotation, TokenKeys};
pub use limits::{DatabaseLimits, HashLimits, LoginLimits, PictureLimits, ServerLimits};
pub use lock::{Lock, LockError};
pub use pages::{Page, Pages};
pub use password::{WeakPassword, check_owner_password};
pub use revoke::{RevokeError, Revoked};
pub use seed::{SeedError, Seeded};
pub use start::{FirstStart, OpenError};
pub use throttle::Rate;
pub use usage::{BackendUsage, PoolUsage};

use app::App;
use tls::Acceptor;
use tokio::net::TcpListener;

/// A backend that is ready to serve. Clones share everything.
#[derive(Clone, Debug)]
pub struct Backend {
    app: Arc<App>,
    first_start: Option<FirstStart>,
    server_limits: ServerLimits,
    tls: Option<Acceptor>,
    housekeeping: Duration,
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
        let tls = config.tls.clone();
        let housekeeping = config.housekeeping;
        let (app, first_start) = start::open(config).await?;
        Ok(Self {
            app: Arc::new(app),
            first_start,
            server_limits,
            tls,
            housekeeping,
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
        self.seed_telling(document, &|_, _| {}).await
    }

    /// Loads resources as [`Backend::seed`] does. `told` learns how many passwords and
    /// resources have been worked on so far, of how many.
    ///
    /// # Errors
    ///
    /// As [`Backend::seed`].
    pub async fn seed_telling(
        &self,
        document: &[u8],
        told: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Seeded, SeedError> {
        seed::load(&self.app, document, told).await
    }

    /// Creates another organization that stands under no other, with its owner. The
    /// users of each such tree see nothing of the others.
    ///
    /// # Errors
    ///
    /// The e-mail address or the password is not valid, somebody has the address, or
    /// the database fails.
    pub async fn create_organization(
        &self,
        name: &str,
        owner_email: String,
        owner_password: Option<String>,
    ) -> Result<FirstStart, OpenError> {
        start::create_organization(&self.app, name, owner_email, owner_password).await
    }

    /// Ends all that a user can call with: its sessions and its API token.
    ///
    /// # Errors
    ///
    /// Nobody has the e-mail address, or the database fails.
    pub async fn revoke(&self, email: &str) -> Result<Revoked, RevokeError> {
        revoke::revoke(&self.app, email).await
    }

    /// The service: the operations below [`contract::operation::BASE_PATH`], the avatars,
    /// and `/healthz`.
    pub fn router(&self) -> axum::Router {
        http::router(self.app.clone())
    }

    /// How much of the backend is in use.
    pub fn usage(&self) -> BackendUsage {
        BackendUsage {
            hashing: self.app.hasher.usage(),
            decoding: self.app.decoders.usage(),
            upload_bytes: self.app.uploads.held(),
            ..self.app.open.usage()
        }
    }

    /// Returns whether a request could be served: the database answers and, if
    /// something could not be written for want of room, there is room again. What is
    /// wrong goes to the log.
    pub async fn is_ready(&self) -> bool {
        let checked = self.app.store.check().await;
        if let Err(error) = &checked {
            tracing::warn!(error = http::chain(error), "the backend is not ready");
        }
        checked.is_ok()
    }

    /// Serves [`router`](Self::router) over HTTP/1.1 and HTTP/2 within the
    /// [`ServerLimits`], with TLS if the configuration has it, until `stop` is done. Then nothing new is accepted,
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
        let (app, tls) = (self.app.clone(), self.tls.clone());
        let serve = http::serve(app, self.server_limits, tls, listener, stop, grace);
        tokio::select! {
            served = serve => served,
            () = Box::pin(tend::tend(&self.app, self.housekeeping)) => Ok(()),
            never = Box::pin(resources::avatars::sweep_forever(&self.app)) => match never {},
        }
    }
}

/// Makes a new key of tokens in a file, which is made if it is missing, and notes in
/// the database that it signs from now on. Backends that run notice by themselves.
/// Nobody is logged out, unless the file was missing.
///
/// # Errors
///
/// The file or the database cannot be used.
pub async fn rotate_key(
    database: &str,
    limits: DatabaseLimits,
    file: &std::path::Path,
) -> Result<Rotation, OpenError> {
    start::rotate_key(database, limits, file).await
}
