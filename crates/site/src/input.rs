//! What a site is made from.

/// A reason that errors of the API have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Its name, such as `NOT_FOUND`.
    pub name: String,
    /// The HTTP status of the errors that have it.
    pub status: u16,
    /// What it tells a caller, in Markdown.
    pub meaning: String,
    /// What a caller can do, in Markdown.
    pub remedy: String,
}

/// A file that is offered as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path, such as `schemas/User.json`.
    pub path: String,
    /// What it holds.
    pub content: String,
}

/// What a site is made from.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// The OpenAPI documents and the JSON Schemas, by their paths below `openapi/`. The
    /// REST reference is made from `openapi.json`.
    pub documents: &'a [Source],
    /// The encoded descriptors of the gRPC services and of all that they import.
    pub descriptors: &'a [u8],
    /// The protos, by the paths under which they import each other.
    pub protos: &'a [Source],
    /// The changes of the contract, in Markdown.
    pub changelog: &'a str,
    /// The reasons that errors have.
    pub reasons: &'a [Reason],
    /// The path of the site on its server, such as `/docs/`; empty where nobody knows it. The
    /// page for what is not found is shown in place of pages of any depth, and finds the
    /// others by it.
    pub root: &'a str,
}
