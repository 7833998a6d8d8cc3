//! What is wrong with the protos.

/// One thing in the protos that cannot be translated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{subject}: {reason}")]
pub struct Problem {
    /// What it is about: a kind and a full name, such as `rpc pkg.Service.Method`.
    pub subject: String,
    /// What is wrong with it.
    pub reason: String,
}
