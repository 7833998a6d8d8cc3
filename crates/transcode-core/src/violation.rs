//! What a request has that its rpc does not allow.

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field, in the names of the proto.
    pub field: String,
    /// What is wrong with its value, for the person who set it.
    pub description: String,
}
