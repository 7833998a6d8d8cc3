//! Why there are no samples of an exchange.

/// Why there are no samples of an exchange.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The descriptors of the gRPC services cannot be read.
    #[error("the descriptors of the gRPC services cannot be read")]
    Descriptors(#[source] prost_reflect::DescriptorError),
    /// The contract has no such operation.
    #[error("the contract has no operation {0}")]
    UnknownOperation(String),
    /// The operation has no recorded exchange.
    #[error("no exchange is recorded for {0}")]
    NotRecorded(&'static str),
    /// No rpc is translated to the operation.
    #[error("no rpc is translated to {0}")]
    NoRpc(&'static str),
    /// A part of the request has no place in the message.
    #[error("{operation}: {message} has no place for `{name}`")]
    NoField {
        /// The `operationId`.
        operation: &'static str,
        /// The full name of the message.
        message: String,
        /// The name of the property or parameter.
        name: String,
    },
    /// A value does not fit its field.
    #[error("{operation}: {field} cannot be {value}")]
    NoValue {
        /// The `operationId`.
        operation: &'static str,
        /// The full name of the field.
        field: String,
        /// The value as JSON.
        value: String,
    },
    /// What was made is no Rust, which is a defect of this crate.
    #[error("the sample in Rust for {operation} is no Rust: {source}")]
    NoRust {
        /// The `operationId`.
        operation: &'static str,
        /// What is wrong.
        #[source]
        source: syn::Error,
    },
    /// The samples have no JSON form, which is a defect of this crate.
    #[error("the samples have no JSON form")]
    NotJson(#[source] serde_json::Error),
}
