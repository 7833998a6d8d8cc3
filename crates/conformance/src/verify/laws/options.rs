//! What of the laws is verified, and within which bounds.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::document::ApiDocument;
use super::scheme::Scheme;

/// What of the laws is verified, and within which bounds.
#[derive(Clone, Default)]
pub struct Laws {
    /// The OpenAPI document of the API. The contract's own where there is none.
    pub document: Option<ApiDocument>,
    /// Where credentials stand in a request; where there is none, the document says so.
    pub scheme: Option<Scheme>,
    /// Verify only what has a path that starts with one of these, such as
    /// `/users`; everything where there is none.
    pub only: Vec<String>,
    /// An access token that has expired, which must be refused.
    pub expired_token: Option<String>,
    /// An access token of a caller of another organization, who must not see what
    /// this one has created.
    pub foreign_token: Option<String>,
    /// An access token of a caller of the same organization who may change nothing.
    pub limited_token: Option<String>,
    /// The log of the server, which must not have a secret.
    pub server_log: Option<PathBuf>,
    /// Whether parameters that are not declared must be refused. OpenAPI has no
    /// word for it; it holds of the contract's own API.
    pub strict_parameters: bool,
    /// What must be seen completely.
    pub require_coverage: BTreeSet<Part>,
    /// How much is tried.
    pub bounds: Bounds,
}

impl std::fmt::Debug for Laws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Leaves out the tokens.
        f.debug_struct("Laws")
            .field("only", &self.only)
            .field("server_log", &self.server_log)
            .field("require_coverage", &self.require_coverage)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

/// A part of what there is to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The operations.
    Operations,
    /// The declared statuses.
    Statuses,
    /// The properties that the examples of replies have.
    Properties,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 3] = [Self::Operations, Self::Statuses, Self::Properties];
}

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many pages of a list are followed.
    pub pages: usize,
    /// How many elements of a list are looked at.
    pub items: usize,
    /// How many requests are tried for one law on one operation.
    pub probes: usize,
    /// How many requests are made in all.
    pub requests: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            pages: 10,
            items: 200,
            probes: 30,
            requests: 10_000,
        }
    }
}
