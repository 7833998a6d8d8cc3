//! The methods that a path item has operations for.

/// The keys of operations in a path item (OpenAPI 3.2; before that there is no `query`).
pub(crate) const METHODS: [&str; 9] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace", "query",
];
