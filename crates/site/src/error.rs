//! Why there is no site.

use std::io;

/// Why there is no site.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no `openapi.json` among the documents.
    #[error("no openapi.json is among the documents, and the REST reference is made from it")]
    NoDocument,
    /// The OpenAPI document is not JSON.
    #[error("openapi.json is not JSON")]
    Document(#[source] serde_json::Error),
    /// The descriptors do not hold together.
    #[error("the descriptors of the gRPC services cannot be read")]
    Descriptors(#[source] prost_reflect::DescriptorError),
    /// The archive of the protos cannot be written.
    #[error("the protos cannot be put into an archive")]
    Archive(#[source] io::Error),
}
