//! Opening a backend, and what an empty database needs first.

use std::fmt;
use std::io;
use std::path::PathBuf;

use contract::id::ObjectId;
use contract::operation::{Body, Create};
use contract::organizations::{BillingInfo, Organization};
use contract::timestamp::Timestamp;
use contract::users::{Role, User, UserStatus};
use contract::validate::Violations;
use http::Uri;
use serde_json::json;

use crate::app::App;
use crate::config::Config;
use crate::error::Error;
use crate::files::Files;
use crate::ids::{Ids, random_secret};
use crate::password;
use crate::resources::create::with_defaults;
use crate::store::organizations::Tenant;
use crate::store::users::{Account, insert_account};
use crate::store::{self, Store, StoreError};
use crate::token::Key;

/// The setting that holds the key of all tokens.
const SECRET: &str = "token-secret";

const DEFAULT_OWNER: &str = "owner@example.com";

const ORGANIZATION: &str = "My organization";

/// What the first start on an empty database creates: an organization and the
/// owner of it, who can create everybody else.
#[derive(Clone, PartialEq, Eq)]
pub struct FirstStart {
    /// The owner's e-mail address, to log in with.
    pub email: String,
    /// The owner's password. Only its hash is kept, so this is the one time to
    /// show it.
    pub password: String,
    /// Whether nobody gave the password.
    pub password_was_made_up: bool,
    /// The ID of the organization.
    pub organization: String,
}

impl fmt::Debug for FirstStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Leaves out the password.
        f.debug_struct("FirstStart")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// Why a backend cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory cannot be created.
    #[error("the data directory {} cannot be created", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The data directory cannot be used.
    #[error("the data directory {} cannot be used for files", .path.display())]
    Files {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        source: object_store::Error,
    },
    /// The public URL cannot be what the URLs of avatars begin with.
    #[error("the public URL {0:?} must be absolute, such as http://127.0.0.1:8080")]
    PublicUrl(String),
    /// The database cannot be opened, or its tables cannot be created.
    #[error(
        "the database cannot be opened; check its URL, that it runs and that it may be written to"
    )]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database does not hold, or cannot keep, what a backend needs.
    #[error("the database cannot be made ready")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The e-mail address or the password of the first owner is not valid.
    #[error("the owner cannot be created: {0}")]
    Owner(Violations),
    /// The system has no random numbers for secrets.
    #[error("the system has no random numbers")]
    Random(#[from] getrandom::Error),
    /// The password of the first owner cannot be hashed.
    #[error("the password of the owner cannot be hashed")]
    Password(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The clock is off by thousands of years.
    #[error("the clock shows {0}, which no reply could express")]
    Clock(jiff::Timestamp),
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.into())
    }
}

/// Opens what a backend serves from, and tells what it created in an empty
/// database.
pub(crate) async fn open(config: Config) -> Result<(App, Option<FirstStart>), OpenError> {
    let public_url = config.public_url.trim_end_matches('/');
    if !public_url
        .parse::<Uri>()
        .is_ok_and(|url| url.scheme().is_some() && url.query().is_none())
    {
        return Err(OpenError::PublicUrl(config.public_url));
    }
    let path = config.data;
    std::fs::create_dir_all(&path).map_err(|source| OpenError::Directory {
        path: path.clone(),
        source,
    })?;
    let files = Files::open(&path).map_err(|source| OpenError::Files { path, source })?;
    let store = Store::open(&config.database, config.database_limits)
        .await
        .map_err(|error| OpenError::Database(error.into()))?;

    let ids = match config.ids {
        Some(ids) => ids,
        None => Ids::random()?,
    };
    let now = config.clock.now();
    let now = Timestamp::try_from(now).map_err(|_| OpenError::Clock(now))?;
    let owner = Owner::new(config.owner_email, config.owner_password)?;
    let first_start = first_start(&store, owner, now, &ids).await?;
    let secret = secret(&store).await?;

    let app = App {
        store,
        files,
        key: Key::new(secret.as_bytes()),
        public_url: public_url.to_owned(),
        clock: config.clock,
        ids,
    };
    Ok((app, first_start))
}

/// The key of all tokens, as the first backend on this database made it up.
async fn secret(store: &Store) -> Result<String, OpenError> {
    let secret = store::setting(&mut store.read().await?, SECRET).await?;
    secret.ok_or_else(|| OpenError::Store(format!("the setting {SECRET} is missing").into()))
}

/// Creates what an empty database needs, in one transaction, so that it is there
/// as a whole or not at all, and once even if many backends start together.
async fn first_start(
    store: &Store,
    owner: Owner,
    now: Timestamp,
    ids: &Ids,
) -> Result<Option<FirstStart>, OpenError> {
    if store::setting(&mut store.read().await?, SECRET)
        .await?
        .is_some()
    {
        return Ok(None);
    }
    let hash = password::hash(owner.password.clone())
        .await
        .map_err(|error| OpenError::Password(error.into()))?;
    let id = ids.next(now.get());
    let organization =
        first_organization(id, now).map_err(|error| OpenError::Store(error.into()))?;
    let account = owner.account(ids.next(now.get()), id, hash, now);

    let mut transaction = store.write().await?;
    if !store::init_setting(&mut transaction, SECRET, &random_secret()?).await? {
        return Ok(None);
    }
    store::insert(&mut transaction, &organization).await?;
    insert_account(&mut transaction, &account).await?;
    store::commit(transaction).await?;
    Ok(Some(FirstStart {
        email: owner.user.email,
        password: owner.password,
        password_was_made_up: owner.password_was_made_up,
        organization: id.to_string(),
    }))
}

/// The organization of the first owner. Nobody pays for it.
fn first_organization(id: ObjectId, now: Timestamp) -> Result<Tenant, Error> {
    let organization = Organization {
        id: Some(id),
        name: ORGANIZATION.to_owned(),
        display_name: Some(ORGANIZATION.to_owned()),
        billing_info: BillingInfo {
            bill_receiver: ORGANIZATION.to_owned(),
            current_plan: "base".to_owned(),
            ..BillingInfo::default()
        },
        created_at: Some(now),
        updated_at: Some(now),
        ..Organization::default()
    };
    Ok(Tenant {
        parent: None,
        organization: with_defaults(&organization)?,
    })
}

/// The first owner, checked like any new user.
struct Owner {
    user: User,
    password: String,
    password_was_made_up: bool,
}

impl Owner {
    fn new(email: Option<String>, password: Option<String>) -> Result<Self, OpenError> {
        let password_was_made_up = password.is_none();
        let password = match password {
            Some(password) => password,
            None => made_up_password()?,
        };
        let email = email.unwrap_or_else(|| DEFAULT_OWNER.to_owned());
        let body = json!({"email": email, "password": password}).to_string();
        let Create(user) = Create::<User>::parse(body.into()).map_err(OpenError::Owner)?;
        let user = with_defaults(&user).map_err(|error| OpenError::Store(error.into()))?;
        Ok(Self {
            user,
            password,
            password_was_made_up,
        })
    }

    fn account(
        &self,
        id: ObjectId,
        organization: ObjectId,
        password: String,
        now: Timestamp,
    ) -> Account {
        let (role, status) = (Role::Owner, UserStatus::Active);
        let user = User {
            id: Some(id),
            organization: Some(organization),
            role: Some(role),
            status: Some(status),
            password: None,
            created_at: Some(now),
            updated_at: Some(now),
            ..self.user.clone()
        };
        Account {
            id,
            organization,
            role,
            status,
            user,
            password: Some(password),
        }
    }
}

/// 100 bits in letters and digits that nobody mistakes for one another.
fn made_up_password() -> Result<String, getrandom::Error> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes)?;
    Ok(bytes
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_needs_an_email_address() {
        let owner = Owner::new(Some("jeff".to_owned()), None);
        let message = owner
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(
            message.starts_with("the owner cannot be created: email must be"),
            "{message}"
        );
    }

    #[test]
    fn a_made_up_password_is_long_and_new() {
        let (one, other) = (
            made_up_password().expect("has randomness"),
            made_up_password().expect("has randomness"),
        );
        assert_eq!(one.len(), 20);
        assert_ne!(one, other);
    }
}
