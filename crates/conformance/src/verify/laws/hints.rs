//! What a document has no word for: names that do not tell what they refer to, and
//! values that must be unique.

use std::collections::BTreeMap;

use contract::error::DOMAIN;
use contract::reasons::REASONS;

use super::exchange::Credentials;
use crate::verify::plan;

/// What is known beside a document.
#[derive(Default)]
pub(crate) struct Hints {
    /// Properties by name, and what resource they refer to.
    pub(crate) references: Vec<(&'static str, &'static str)>,
    /// Properties whose values must be unique, and what stands for `{run}` in them.
    pub(crate) unique: &'static [(&'static str, &'static str)],
    /// Whether what is not the caller's is as if it were not there.
    pub(crate) hides: bool,
    /// Whether a PATCH of an object leaves alone what it does not name of it.
    pub(crate) merges: bool,
    /// Whether read-only properties may be sent, and are ignored.
    pub(crate) ignores_read_only: bool,
    /// The reasons of errors, where there is a table of them.
    pub(crate) reasons: Option<Reasons>,
}

/// A table of the reasons of errors.
pub(crate) struct Reasons {
    /// Who defines them, which each `ErrorInfo` says.
    pub(crate) domain: &'static str,
    /// Each reason, and the status of the errors that have it.
    pub(crate) statuses: BTreeMap<&'static str, u16>,
}

impl Reasons {
    /// Returns the reason of a refusal of what is wrong with a token.
    pub(crate) fn of_token(&self, credentials: Credentials) -> Option<&'static str> {
        let name = match credentials {
            Credentials::None => "TOKEN_MISSING",
            Credentials::Expired => "TOKEN_EXPIRED",
            Credentials::Forged => "TOKEN_SIGNATURE_INVALID",
            Credentials::Own | Credentials::Foreign | Credentials::Limited => return None,
        };
        self.statuses.contains_key(name).then_some(name)
    }
}

impl Hints {
    /// What is known of the contract's own API.
    pub(crate) fn of_contract() -> Self {
        let references = plan::REFERENCES.iter();
        let own = [("template", "form")];
        let references = references.filter(|(operation, ..)| operation.is_empty());
        Self {
            references: references
                .filter_map(|(_, property, variable)| {
                    Some((*property, variable.strip_suffix("_id")?))
                })
                .chain(own)
                .collect(),
            unique: plan::UNIQUE,
            hides: true,
            merges: true,
            ignores_read_only: true,
            reasons: Some(Reasons {
                domain: DOMAIN,
                statuses: REASONS
                    .iter()
                    .map(|reason| (reason.name, reason.status))
                    .collect(),
            }),
        }
    }
}
