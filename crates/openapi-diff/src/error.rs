//! Why a document cannot be judged.

use crate::yaml::YamlError;

/// Whatever a caller's way to a file fails with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a document cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not JSON, or a value is nested too deeply, or a key stands twice.
    #[error("{source_name} is not a JSON document that can be used")]
    Json {
        /// The file.
        source_name: String,
        /// What the parser says, with line and column.
        source: serde_json::Error,
    },
    /// As for JSON.
    #[error("{source_name} is not a YAML document that can be used")]
    Yaml {
        /// The file.
        source_name: String,
        /// What is wrong, with pointer and line.
        source: YamlError,
    },
    /// It does not call itself OpenAPI 3.0, 3.1 or 3.2.
    #[error("{source_name}: `openapi` is {found}; OpenAPI 3.0, 3.1 and 3.2 are understood")]
    Version {
        /// The file.
        source_name: String,
        /// What stands there.
        found: String,
    },
    /// It is something else.
    #[error("{source_name} {problem}")]
    NotOpenApi {
        /// The file.
        source_name: String,
        /// What it is, and what to do.
        problem: String,
    },
    /// Something in it is wrong.
    #[error("{source_name}#{pointer}: {problem}")]
    Located {
        /// The file.
        source_name: String,
        /// Where, as a JSON pointer.
        pointer: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A file that a reference names cannot be had.
    #[error("{source_name}#{pointer}: the reference `{reference}` cannot be followed")]
    Unread {
        /// The file in which the reference stands.
        source_name: String,
        /// Where, as a JSON pointer.
        pointer: String,
        /// The reference.
        reference: String,
        /// Why not, in the words of the caller.
        source: BoxError,
    },
}
