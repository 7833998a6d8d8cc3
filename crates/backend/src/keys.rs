//! The keys that sign tokens: where they are, and how they are rotated.
//!
//! They lie in a file of their own, which only its owner may read, or are given
//! to the process; never in the database, whose backups would carry them. A key
//! that is replaced goes on checking tokens until the last one that it signed has
//! expired, so that nobody is logged out. A backend that runs notices a new file.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use contract::failure::Failure;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{random_name, random_secret};
use crate::token::{Claims, Key, Keys, REFRESH_LIFETIME, Rejection};
use crate::unfit::Unfit;

/// How long a file is taken to be as it was.
const TRUSTED: Duration = Duration::from_secs(1);

/// The least length of a secret that is given, in bytes: that of its SHA-256, as
/// [RFC 7518](https://www.rfc-editor.org/rfc/rfc7518#section-3.2) has it.
const LEAST_SECRET: usize = 32;

/// Where the keys of tokens are. Every backend on a database needs the same ones.
#[derive(Clone)]
pub enum TokenKeys {
    /// In a file, which is made at the first start.
    File(PathBuf),
    /// Here, as `ID:SECRET`, the newest first and separated by commas. The newest
    /// signs. A secret has 32 bytes at least.
    Given(String),
}

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            // Leaves out the secrets.
            Self::Given(_) => f.debug_tuple("Given").finish_non_exhaustive(),
        }
    }
}

/// Why the keys of tokens cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read.
    #[error("the keys of tokens in {} cannot be read", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("the keys of tokens cannot be written to {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file does not hold keys.
    #[error("{} does not hold keys of tokens", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Unfit,
    },
    /// The file holds no key at all.
    #[error("{} holds no key; remove it to have one made, which logs everybody out", .0.display())]
    Empty(PathBuf),
    /// What was given is not a list of keys. The text does not repeat it.
    #[error(
        "the keys that are given must be ID:SECRET, separated by commas, with different IDs and \
         secrets of at least {LEAST_SECRET} bytes"
    )]
    Given,
    /// The system has no random numbers.
    #[error("the system has no random numbers")]
    Random(#[from] getrandom::Error),
}

/// What a file of keys holds.
#[derive(Serialize, Deserialize)]
struct File {
    /// The newest first.
    keys: Vec<Entry>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: String,
    secret: String,
    created_at: Timestamp,
}

impl Entry {
    fn new(now: Timestamp) -> Result<Self, KeysError> {
        Ok(Self {
            id: random_name()?,
            secret: random_secret()?,
            created_at: now,
        })
    }
}

/// What came of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The ID of the key that signs from now on.
    pub newest: String,
    /// How many keys are kept to check what they have signed.
    pub older: usize,
    /// How many were dropped, because all that they had signed has expired.
    pub dropped: usize,
}

/// The keys as they are at present.
pub(crate) struct KeyRing {
    /// The file, unless the keys were given.
    path: Option<PathBuf>,
    /// Whether the file was made just now.
    pub(crate) is_new: bool,
    loaded: Mutex<Loaded>,
}

#[derive(Clone)]
struct Loaded {
    keys: Arc<Keys>,
    state: Option<State>,
    looked: Instant,
}

/// What shows that a file is another one.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    modified: SystemTime,
    length: u64,
}

impl KeyRing {
    /// Opens the keys. A file that is missing is made, with one new key.
    pub(crate) fn open(source: &TokenKeys, now: Timestamp) -> Result<Self, KeysError> {
        match source {
            TokenKeys::File(path) => {
                let mut is_new = false;
                if !path.exists() {
                    let keys = vec![Entry::new(now)?];
                    match write(path, &File { keys }, false) {
                        // Another backend was faster.
                        Err(KeysError::Write { source, .. })
                            if source.kind() == io::ErrorKind::AlreadyExists => {}
                        done => {
                            done?;
                            is_new = true;
                        }
                    }
                }
                let (keys, state) = read(path)?;
                Ok(Self {
                    is_new,
                    ..Self::new(Some(path.clone()), keys, Some(state))
                })
            }
            TokenKeys::Given(text) => Ok(Self::new(None, given(text)?, None)),
        }
    }

    fn new(path: Option<PathBuf>, keys: Keys, state: Option<State>) -> Self {
        Self {
            path,
            is_new: false,
            loaded: Mutex::new(Loaded {
                keys: Arc::new(keys),
                state,
                looked: Instant::now(),
            }),
        }
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
        self.current(TRUSTED).sign(claims)
    }

    /// The claims of a token, as [`Keys::verify`] has them.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, Failure> {
        let verified = match self.current(TRUSTED).verify(token, now) {
            // Another backend may have a newer file already.
            Err(Rejection::KeyUnknown) => self.current(Duration::ZERO).verify(token, now),
            verified => verified,
        };
        Ok(verified?)
    }

    /// The ID of the key that signs, and those of the others.
    pub(crate) fn ids(&self) -> (String, Vec<String>) {
        self.current(TRUSTED).ids()
    }

    /// The keys, which are as the file was `trusted` ago at most.
    fn current(&self, trusted: Duration) -> Arc<Keys> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = &self.path
            && loaded.looked.elapsed() >= trusted
        {
            loaded.looked = Instant::now();
            if state(path).ok() != loaded.state {
                match read(path) {
                    Ok((keys, state)) => {
                        tracing::info!(path = %path.display(), "the keys of tokens were replaced");
                        loaded.keys = Arc::new(keys);
                        loaded.state = Some(state);
                    }
                    Err(error) => {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "the keys of tokens stay as they were"
                        );
                    }
                }
            }
        }
        Arc::clone(&loaded.keys)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Puts a new key before the others in a file, which is made if it is missing.
pub(crate) fn rotate(path: &Path, now: Timestamp) -> Result<Rotation, KeysError> {
    let mut keys = if path.exists() {
        read_file(path)?.keys
    } else {
        Vec::new()
    };
    let before = keys.len();
    // A key signs until the one before it in the list is made.
    let mut until = now;
    keys.retain(|key| {
        let is_needed = until + REFRESH_LIFETIME > now;
        until = key.created_at;
        is_needed
    });
    let (older, dropped) = (keys.len(), before - keys.len());
    let newest = Entry::new(now)?;
    let id = newest.id.clone();
    keys.insert(0, newest);
    write(path, &File { keys }, true)?;
    Ok(Rotation {
        newest: id,
        older,
        dropped,
    })
}

fn state(path: &Path) -> io::Result<State> {
    let metadata = fs::metadata(path)?;
    Ok(State {
        modified: metadata.modified()?,
        length: metadata.len(),
    })
}

fn read_file(path: &Path) -> Result<File, KeysError> {
    let bytes = fs::read(path).map_err(|source| KeysError::Read {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_slice(&bytes).map_err(|source| KeysError::Content {
        path: path.to_owned(),
        source: source.into(),
    })
}

fn read(path: &Path) -> Result<(Keys, State), KeysError> {
    let of_file = |source| KeysError::Read {
        path: path.to_owned(),
        source,
    };
    // Before what it describes, so that a later change is seen.
    let state = state(path).map_err(of_file)?;
    let keys = read_file(path)?.keys.into_iter();
    let keys = keys.map(|key| Key::new(key.id, key.secret.as_bytes()));
    let keys = in_order(keys).ok_or_else(|| KeysError::Empty(path.to_owned()))?;
    Ok((keys, state))
}

fn in_order(mut keys: impl Iterator<Item = Key>) -> Option<Keys> {
    let newest = keys.next()?;
    Some(Keys::new(newest, keys.collect()))
}

fn given(text: &str) -> Result<Keys, KeysError> {
    let mut keys = Vec::new();
    let mut ids = Vec::new();
    for key in text.split(',') {
        let (id, secret) = key.trim().split_once(':').ok_or(KeysError::Given)?;
        if id.is_empty() || ids.contains(&id) || secret.len() < LEAST_SECRET {
            return Err(KeysError::Given);
        }
        ids.push(id);
        keys.push(Key::new(id, secret.as_bytes()));
    }
    in_order(keys.into_iter()).ok_or(KeysError::Given)
}

/// Writes a file that only its owner may read, as a whole or not at all.
fn write(path: &Path, file: &File, overwrite: bool) -> Result<(), KeysError> {
    let of_file = |source| KeysError::Write {
        path: path.to_owned(),
        source,
    };
    let bytes = serde_json::to_vec_pretty(file).map_err(|source| KeysError::Content {
        path: path.to_owned(),
        source: source.into(),
    })?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", random_name()?));
    let beside = PathBuf::from(name);
    let put = || {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut new = options.open(&beside)?;
        new.write_all(&bytes)?;
        new.write_all(b"\n")?;
        new.sync_all()?;
        if overwrite {
            fs::rename(&beside, path)
        } else {
            fs::hard_link(&beside, path)
        }
    };
    let done = put();
    // It is gone where it was renamed.
    let _ = fs::remove_file(&beside);
    done.map_err(of_file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{Grant, scope};

    const DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

    fn noon() -> Timestamp {
        "2016-01-07T12:00:00Z".parse().expect("is a time")
    }

    fn claims() -> Claims {
        Claims {
            user: String::new(),
            organization: String::new(),
            scope: scope(contract::users::Role::Agent).to_owned(),
            grant: Grant::Refresh,
            iat: 0,
            exp: Some(i64::MAX),
            sid: None,
            generation: None,
            password: None,
            jti: None,
        }
    }

    #[test]
    fn a_token_outlives_the_rotation_of_its_key() {
        let directory = tempfile::tempdir().expect("has a directory");
        let path = directory.path().join("keys.json");
        let source = TokenKeys::File(path.clone());
        let before = KeyRing::open(&source, noon()).expect("opens");
        let token = before.sign(&claims()).expect("signs");

        let rotation = rotate(&path, noon()).expect("rotates");
        assert_eq!((rotation.older, rotation.dropped), (1, 0));
        let after = KeyRing::open(&source, noon()).expect("opens");
        assert_eq!(after.ids().0, rotation.newest);
        after.verify(&token, noon()).expect("is valid");
        let newer = after.sign(&claims()).expect("signs");
        before
            .verify(&newer, noon())
            .expect("a ring that was open before reads the new file");

        let later = noon() + DAY * 29;
        let rotation = rotate(&path, later).expect("rotates");
        assert_eq!((rotation.older, rotation.dropped), (2, 0));
        let rotation = rotate(&path, later + DAY * 2).expect("rotates");
        assert_eq!((rotation.older, rotation.dropped), (2, 1));
        let last = KeyRing::open(&source, later).expect("opens");
        let expected = Err(Failure::TokenSignatureInvalid);
        assert_eq!(last.verify(&token, later).map(drop), expected);
        last.verify(&newer, later).expect("is valid");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("has a directory");
        let path = directory.path().join("keys.json");
        KeyRing::open(&TokenKeys::File(path.clone()), noon()).expect("opens");
        rotate(&path, noon()).expect("rotates");
        let mode = fs::metadata(&path).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let files = fs::read_dir(directory.path()).expect("is a directory");
        assert_eq!(files.count(), 1, "nothing is left beside it");
    }

    #[test]
    fn given_keys_have_ids_and_long_secrets() {
        let secret = "s".repeat(LEAST_SECRET);
        let open = |text: String| KeyRing::open(&TokenKeys::Given(text), noon());
        let ring = open(format!("new:{secret}, old:{secret}")).expect("opens");
        assert_eq!(ring.ids(), ("new".to_owned(), vec!["old".to_owned()]));
        for text in [
            String::new(),
            secret.clone(),
            format!(":{secret}"),
            "new:short".to_owned(),
            format!("new:{secret},new:{secret}"),
        ] {
            let error = open(text.clone()).expect_err("is refused").to_string();
            assert!(!error.contains(&secret), "{error}");
        }
    }

    #[test]
    fn a_damaged_file_is_not_replaced() {
        let directory = tempfile::tempdir().expect("has a directory");
        let path = directory.path().join("keys.json");
        for content in ["", "{}", "{\"keys\":[]}"] {
            fs::write(&path, content).expect("writes");
            KeyRing::open(&TokenKeys::File(path.clone()), noon()).expect_err("is refused");
            assert_eq!(fs::read_to_string(&path).expect("reads"), content);
        }
    }
}
