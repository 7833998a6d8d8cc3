//! Password hashes: argon2id, kept as PHC strings.
//!
//! This module never keeps, logs or returns a password.

use std::sync::LazyLock;

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};

use crate::blocking::{Pool, PoolError};
use crate::error::Error;
use crate::usage::PoolUsage;

/// The fewest characters of the password of an owner, which is the key to everything
/// (NIST SP 800-63B asks for as many of any password).
const MIN_OWNER_PASSWORD: usize = 8;

/// Passwords of that length that are tried first.
const COMMON: [&str; 16] = [
    "12345678",
    "123456789",
    "1234567890",
    "11223344",
    "87654321",
    "abcd1234",
    "admin123",
    "administrator",
    "changeme",
    "iloveyou",
    "password",
    "password1",
    "password123",
    "qwerty123",
    "qwertyuiop",
    "superuser",
];

/// A password of an owner is easily guessed. It is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// It is too short.
    #[error("must have {MIN_OWNER_PASSWORD} characters or more")]
    Short,
    /// It is one that everybody tries, or one character over and over.
    #[error("must not be one that everybody tries")]
    Common,
}

/// Checks the password of an owner whom an operator makes: at the first start, or with a
/// further organization. What the API says of the passwords of users holds as well.
///
/// # Errors
///
/// It is easily guessed.
pub fn check_owner_password(password: &str) -> Result<(), WeakPassword> {
    if password.chars().count() < MIN_OWNER_PASSWORD {
        return Err(WeakPassword::Short);
    }
    let mut characters = password.chars();
    let first = characters.next();
    if characters.all(|character| Some(character) == first)
        || COMMON.contains(&password.to_ascii_lowercase().as_str())
    {
        return Err(WeakPassword::Common);
    }
    Ok(())
}

/// Why a password could not be hashed or compared; never because it is wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    #[error("the password could not be hashed: {0}")]
    Hash(argon2::password_hash::Error),
    #[error("the stored password hash is damaged: {0}")]
    Stored(argon2::password_hash::phc::Error),
    #[error("the password could not be compared: {0}")]
    Compare(argon2::password_hash::Error),
    #[error("the stored password hash has no salt")]
    Unsalted,
    #[error("the password could not be hashed")]
    Pool(#[from] PoolError),
}

/// What a password is compared with where there is no hash to compare with, so
/// that the time to answer does not tell whether the user exists.
static NOBODY: LazyLock<Result<String, argon2::password_hash::Error>> =
    LazyLock::new(|| phc("nobody"));

/// Hashes passwords, so many at once. What waits for its turn is bounded, and nothing
/// else waits for it.
#[derive(Debug)]
pub(crate) struct Hasher(Pool);

impl Hasher {
    pub(crate) fn new(pool: Pool) -> Self {
        Self(pool)
    }

    /// How much of the pool is in use.
    pub(crate) fn usage(&self) -> PoolUsage {
        self.0.usage()
    }

    /// Hashes `password` with a fresh salt.
    pub(crate) async fn hash(&self, password: String) -> Result<String, PasswordError> {
        let hashed = self.0.run(move || phc(&password)).await?;
        hashed.map_err(PasswordError::Hash)
    }

    /// Returns whether `password` is the one that `hash` was made from. Without a
    /// hash it is not, and to find that out takes as long.
    pub(crate) async fn matches(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        let compare = move || {
            // Made for whoever comes first, with or without a hash.
            let nobody = NOBODY
                .as_ref()
                .map_err(|error| PasswordError::Hash(*error))?;
            let stored = hash.as_ref().unwrap_or(nobody);
            let stored = PasswordHash::new(stored).map_err(PasswordError::Stored)?;
            match Argon2::default().verify_password(password.as_bytes(), &stored) {
                Ok(()) => Ok(hash.is_some()),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(PasswordError::Compare(error)),
            }
        };
        self.0.run(compare).await?
    }
}

impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Pool(PoolError::Busy) => Self::Unavailable(error.into()),
            error => Self::internal(error),
        }
    }
}

/// Names the setting of a password: every hash has a salt of its own. Salts are
/// no secret, so the name may leave the backend inside a refresh token.
pub(crate) fn generation(hash: &str) -> Result<&str, PasswordError> {
    hash.split('$').nth(4).ok_or(PasswordError::Unsalted)
}

fn phc(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(Argon2::default()
        .hash_password(password.as_bytes())?
        .to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_easily_guessed_is_no_password_for_an_owner() {
        for password in ["", "x", "canary", "ünïcöde"] {
            assert_eq!(check_owner_password(password), Err(WeakPassword::Short));
        }
        for password in ["12345678", "Password", "xxxxxxxxxxxx"] {
            assert_eq!(check_owner_password(password), Err(WeakPassword::Common));
        }
        for password in ["z3krUt-9", "correct horse battery staple"] {
            assert_eq!(check_owner_password(password), Ok(()), "{password}");
        }
    }

    fn hasher() -> Hasher {
        Hasher::new(Pool::new(1, 1, std::time::Duration::from_mins(1)))
    }

    #[tokio::test]
    async fn a_hash_matches_its_password_only() {
        let hasher = hasher();
        let hash = hasher.hash("z3krUt".to_owned()).await.expect("hashes");
        assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
        let matches = hasher.matches("z3krUt".to_owned(), Some(hash.clone()));
        assert!(matches.await.expect("compares"));
        let matches = hasher.matches("z3krut".to_owned(), Some(hash));
        assert!(!matches.await.expect("compares"));
    }

    #[tokio::test]
    async fn nothing_matches_a_missing_hash() {
        let matches = hasher().matches("nobody".to_owned(), None).await;
        assert!(!matches.expect("compares"));
    }

    #[tokio::test]
    async fn every_setting_has_a_name_of_its_own() {
        let hasher = hasher();
        let one = hasher.hash("same".to_owned()).await.expect("hashes");
        let two = hasher.hash("same".to_owned()).await.expect("hashes");
        assert_ne!(
            generation(&one).expect("has a salt"),
            generation(&two).expect("has a salt")
        );
    }
}
