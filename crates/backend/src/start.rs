//! Opening a backend, and what an empty database needs first.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use contract::id::ObjectId;
use contract::operation::{Body, Create};
use contract::organizations::{BillingInfo, Organization};
use contract::timestamp::Timestamp;
use contract::users::{Role, User, UserStatus};
use contract::validate::Violations;
use http::Uri;
use serde_json::json;

use crate::app::App;
use crate::base_url::BaseUrls;
use crate::blocking::Pool;
use crate::config::{Config, PictureStore};
use crate::error::Error;
use crate::files::Files;
use crate::ids::Ids;
use crate::keys::{self, KeyRing, KeysError, Rotation, TokenKeys};
use crate::limits::DatabaseLimits;
use crate::logins::Logins;
use crate::observer::Observers;
use crate::password::{Hasher, check_owner_password};
use crate::private;
use crate::resources::create::with_defaults;
use crate::store::organizations::Tenant;
use crate::store::users::{Account, Incomplete, insert_account};
use crate::store::{self, Store, StoreError, sqlite_path};
use crate::uploads::Uploads;
use crate::usage::OpenCounts;

/// The setting that names the key of tokens that signed last. It is there from the
/// first start on.
const TOKEN_KEY: &str = "token-key";

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
    /// The place in S3 that pictures are kept in cannot be used as it is configured.
    #[error("pictures cannot be kept in S3; check the variables that begin with AWS")]
    S3(#[source] object_store::Error),
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
    /// The keys of tokens cannot be used.
    #[error("the keys of tokens cannot be used")]
    Keys(#[from] KeysError),
    /// Other backends on this database have other keys of tokens.
    #[error(
        "the tokens of this database are signed with key {id:?}, which is not among the keys at \
         hand: every backend on a database needs the same keys. If they are lost, \
         `backend rotate-key` makes a new one, and everybody has to log in again"
    )]
    OtherKeys {
        /// The key that signed last.
        id: String,
    },
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
    let pictures = config.picture_store();
    let path = config.data;
    let token_keys = config.token_keys;
    let token_keys = token_keys.unwrap_or_else(|| TokenKeys::File(path.join("token-keys.json")));
    let unusable = |source| OpenError::Directory {
        path: path.clone(),
        source,
    };
    let is_alone = sqlite_path(&config.database).is_some();
    let has_keys = matches!(&token_keys, TokenKeys::File(file) if file.parent() == Some(&path));
    if is_alone || has_keys {
        private::create_directory(&path).map_err(unusable)?;
    }
    let limits = config.picture_limits;
    let files = match pictures {
        PictureStore::Database => None,
        PictureStore::Data => Some(Files::in_directory(&path).map_err(unusable)?),
        PictureStore::S3(s3) => Some(Files::in_s3(&s3, &limits).map_err(OpenError::S3)?),
    };
    let observers = Observers::new(config.observers);
    let store = Store::open(&config.database, config.database_limits)
        .await
        .map_err(|error| OpenError::Database(error.into()))?
        .observed_by(observers.clone());

    let ids = match config.ids {
        Some(ids) => ids,
        None => Ids::random()?,
    };
    let now = config.clock.now();
    let now = Timestamp::try_from(now).map_err(|_| OpenError::Clock(now))?;
    let owner = Owner::new(config.owner_email, config.owner_password)?;
    let keys = KeyRing::open(&token_keys, now.get())?;
    let hashing = config.hash_limits;
    let hasher = Hasher::new(Pool::new(hashing.hashers, hashing.waiting, hashing.wait));
    let first_start = first_start(&store, owner, now, &ids, &keys, &hasher).await?;
    if let Err(error) = check_keys(&store, &keys, is_alone).await {
        // A key that has signed nothing would only be in the way of the right ones.
        if keys.is_new
            && let TokenKeys::File(file) = &token_keys
            && let Err(error) = private::remove(file)
        {
            tracing::warn!(%error, file = %file.display(), "a key that is of no use is left");
        }
        return Err(error);
    }
    store::relist(&store).await?;

    let app = App {
        store,
        files,
        keys,
        hasher,
        logins: Logins::new(config.login_limits),
        trusted_proxies: config.trusted_proxies,
        cors_origins: config.cors_origins,
        pages: config.pages,
        decoders: Pool::new(limits.decoders, limits.waiting, limits.wait),
        uploads: Uploads::new(limits.upload_bytes),
        base_urls: BaseUrls::new(public_url, config.hosts, config.tls.is_some()),
        clock: config.clock,
        ids,
        observers,
        tracer: config.tracer,
        subjects: config.subjects,
        open: OpenCounts::default(),
    };
    Ok((app, first_start))
}

/// Checks that the keys at hand are those of this database, and notes the newest.
async fn check_keys(store: &Store, keys: &KeyRing, is_alone: bool) -> Result<(), OpenError> {
    let (newest, older) = keys.ids();
    let noted = store::setting(&mut store.read().await?, TOKEN_KEY).await?;
    let noted = noted.ok_or_else(|| OpenError::Store("the first start was not kept".into()))?;
    if noted == newest {
        return Ok(());
    }
    // A database that only this machine has was restored without its keys. Elsewhere
    // other backends may have them.
    if keys.is_new && is_alone {
        tracing::warn!("the keys of tokens are new, so everybody has to log in again");
    } else if !older.contains(&noted) {
        return Err(OpenError::OtherKeys { id: noted });
    }
    note_key(store, &newest).await
}

/// Makes a new key of tokens in a file, for a database.
pub(crate) async fn rotate_key(
    database: &str,
    limits: DatabaseLimits,
    file: &Path,
) -> Result<Rotation, OpenError> {
    let store = Store::open(database, limits)
        .await
        .map_err(|error| OpenError::Database(error.into()))?;
    let rotation = keys::rotate(file, jiff::Timestamp::now())?;
    let noted = store::setting(&mut store.read().await?, TOKEN_KEY).await?;
    // The first start notes the key itself, and is told by the setting from others.
    if noted.is_some() {
        note_key(&store, &rotation.newest).await?;
    }
    Ok(rotation)
}

/// Notes which key signs.
async fn note_key(store: &Store, id: &str) -> Result<(), OpenError> {
    let mut transaction = store.write().await?;
    store::put_setting(&mut transaction, TOKEN_KEY, id).await?;
    Ok(store::commit(transaction).await?)
}

/// Creates what an empty database needs, in one transaction, so that it is there
/// as a whole or not at all, and once even if many backends start together.
async fn first_start(
    store: &Store,
    owner: Owner,
    now: Timestamp,
    ids: &Ids,
    keys: &KeyRing,
    hasher: &Hasher,
) -> Result<Option<FirstStart>, OpenError> {
    if store::setting(&mut store.read().await?, TOKEN_KEY)
        .await?
        .is_some()
    {
        return Ok(None);
    }
    let hash = hasher
        .hash(owner.password.clone())
        .await
        .map_err(|error| OpenError::Password(error.into()))?;
    let id = ids.next(now.get());
    let organization =
        independent(id, ORGANIZATION, now).map_err(|error| OpenError::Store(error.into()))?;
    let account = owner
        .account(ids.next(now.get()), id, hash, now)
        .map_err(|error| OpenError::Store(error.into()))?;

    let mut transaction = store.write().await?;
    if !store::init_setting(&mut transaction, TOKEN_KEY, &keys.ids().0).await? {
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

/// Creates another organization at the top of a tree of its own, with its owner.
/// Nobody else sees anything of it.
pub(crate) async fn create_organization(
    app: &App,
    name: &str,
    owner_email: String,
    owner_password: Option<String>,
) -> Result<FirstStart, OpenError> {
    let owner = Owner::new(Some(owner_email), owner_password)?;
    let failed = |error: Error| OpenError::Store(error.into());
    let now = app.now().map_err(failed)?;
    let hash = app
        .hasher
        .hash(owner.password.clone())
        .await
        .map_err(|error| OpenError::Password(error.into()))?;
    let id = app.next_id();
    let organization = independent(id, name, now).map_err(failed)?;
    let account = owner
        .account(app.next_id(), id, hash, now)
        .map_err(|error| OpenError::Store(error.into()))?;
    let mut transaction = app.store.write().await?;
    store::insert(&mut transaction, &organization).await?;
    insert_account(&mut transaction, &account)
        .await
        .map_err(|error| match error {
            StoreError::Duplicate { .. } => OpenError::Owner(Violations::one(
                "email",
                format!("is that of another user: {}", owner.user.email),
            )),
            error => error.into(),
        })?;
    store::commit(transaction).await?;
    Ok(FirstStart {
        email: owner.user.email,
        password: owner.password,
        password_was_made_up: owner.password_was_made_up,
        organization: id.to_string(),
    })
}

/// An organization that stands under no other. Nobody pays for it.
fn independent(id: ObjectId, name: &str, now: Timestamp) -> Result<Tenant, Error> {
    let organization = Organization {
        id: Some(id),
        name: name.to_owned(),
        display_name: Some(name.to_owned()),
        billing_info: Some(BillingInfo {
            bill_receiver: name.to_owned(),
            current_plan: "base".to_owned(),
            ..BillingInfo::default()
        }),
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
            Some(password) => {
                check_owner_password(&password).map_err(|weak| {
                    OpenError::Owner(Violations::one("password", weak.to_string()))
                })?;
                password
            }
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
    ) -> Result<Account, Incomplete> {
        let user = User {
            id: Some(id),
            organization: Some(organization),
            role: Some(Role::Owner),
            status: Some(UserStatus::Active),
            password: None,
            created_at: Some(now),
            updated_at: Some(now),
            ..self.user.clone()
        };
        Account::new(user, Some(password), vec![organization])
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
