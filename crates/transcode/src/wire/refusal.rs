//! Why a value cannot be read, before its place is known.

use super::output::TooLong;
use super::token::NoToken;

/// Why a value cannot be read.
pub(super) enum Refusal {
    /// It does not fit, for this reason.
    Misfit(String),
    /// It is an element that is larger than the limit.
    TooLarge,
    /// It is no JSON.
    Token(NoToken),
}

impl From<NoToken> for Refusal {
    fn from(error: NoToken) -> Self {
        Self::Token(error)
    }
}

impl From<TooLong> for Refusal {
    fn from(_: TooLong) -> Self {
        Self::Misfit("takes more bytes than a message of gRPC can have".to_owned())
    }
}

/// The refusal of a value that is not what its field holds.
pub(super) fn mismatch(expected: &str, found: &str) -> Refusal {
    Refusal::Misfit(format!("expected {expected}, found {found}"))
}
