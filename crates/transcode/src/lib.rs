//! Runtime of the translation between gRPC calls and REST requests.
pub mod template;
