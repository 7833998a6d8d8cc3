//! Why a seed cannot be loaded.

use std::error::Error as StdError;

use contract::validate::Violations;

type Source = Box<dyn StdError + Send + Sync>;

/// Why a seed cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The document is not JSON.
    #[error("the seed is not JSON")]
    Json(#[from] serde_json::Error),
    /// The document is not one of resources that can be kept.
    #[error("the seed cannot be loaded: {0}")]
    Invalid(#[from] Violations),
    /// The database fails.
    #[error("the seed cannot be kept in the database")]
    Store(#[source] Source),
}

impl SeedError {
    /// A failure of the store, or of what was to be kept there.
    pub(super) fn store(error: impl Into<Source>) -> Self {
        Self::Store(error.into())
    }
}
