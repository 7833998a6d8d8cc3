//! Password hashes: argon2id, kept as PHC strings.
//!
//! This module never keeps, logs or returns a password.

use std::sync::LazyLock;

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};

use crate::blocking;

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
    #[error("the hashing task did not finish")]
    Task(#[from] tokio::task::JoinError),
}

/// What a password is compared with where there is no hash to compare with, so
/// that the time to answer does not tell whether the user exists.
static NOBODY: LazyLock<Result<String, argon2::password_hash::Error>> =
    LazyLock::new(|| phc("nobody"));

/// Hashes `password` with a fresh salt.
pub(crate) async fn hash(password: String) -> Result<String, PasswordError> {
    blocking::run(move || phc(&password))
        .await?
        .map_err(PasswordError::Hash)
}

/// Returns whether `password` is the one that `hash` was made from. Without a hash
/// it is not, and to find that out takes as long.
pub(crate) async fn matches(password: String, hash: Option<String>) -> Result<bool, PasswordError> {
    blocking::run(move || {
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
    })
    .await?
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

    #[tokio::test]
    async fn a_hash_matches_its_password_only() {
        let hash = hash("z3krUt".to_owned()).await.expect("hashes");
        assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
        assert!(
            matches("z3krUt".to_owned(), Some(hash.clone()))
                .await
                .expect("compares")
        );
        assert!(
            !matches("z3krut".to_owned(), Some(hash))
                .await
                .expect("compares")
        );
    }

    #[tokio::test]
    async fn nothing_matches_a_missing_hash() {
        assert!(!matches("nobody".to_owned(), None).await.expect("compares"));
    }

    #[tokio::test]
    async fn every_setting_has_a_name_of_its_own() {
        let (one, two) = (hash("same".to_owned()).await, hash("same".to_owned()).await);
        let (one, two) = (one.expect("hashes"), two.expect("hashes"));
        assert_ne!(
            generation(&one).expect("has a salt"),
            generation(&two).expect("has a salt")
        );
    }
}
