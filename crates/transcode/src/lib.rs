//! Runtime of the translation between gRPC calls and REST requests.
//!
//! transcode-build reads `google.api.http` annotations and generates, for each
//! rpc, a [`RestCall`]; [`Gateway`] carries such calls out against an
//! [`Upstream`] that speaks HTTP and JSON. Dispatch is static: nothing is
//! looked up in descriptors while serving.
//!
//! This crate knows no API: no resource, no host, no credential. It never
//! hands an upstream's body to a caller unparsed, and never answers OK to what
//! it could not read.

pub mod json;
pub mod mask;
pub mod template;

mod call;
mod gateway;
mod link;
mod status;
mod streams;
mod upload;

pub use call::{
    Query, Reply, RestCall, UploadCall, Violation, missing_body, text_of, write_body,
    write_masked_body,
};
pub use gateway::{BoxError, Config, Gateway, REQUEST_ID, RequestBody, Unreachable, Upstream};
pub use streams::Unabridged;

#[doc(no_inline)]
pub use bytes::Bytes;
#[doc(no_inline)]
pub use http::Method;
