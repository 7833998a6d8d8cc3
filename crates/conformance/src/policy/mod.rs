//! What a team has decided about changes: levels of its own, and changes that
//! it accepts.

mod baseline;
mod ignore;

use std::collections::BTreeMap;

use openapi_diff::Date;
use serde::Deserialize;

pub use self::baseline::Baseline;
use self::ignore::{Ignore, Index};
use crate::ids;
use crate::report::{Finding, Level, OperationList};

/// The decisions of an ignore file and of the command line.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    #[serde(default)]
    levels: BTreeMap<String, Word>,
    #[serde(default)]
    ignore: Vec<Ignore>,
    /// How many findings entries have accepted.
    #[serde(skip)]
    accepted: usize,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Error,
    Warning,
    Info,
    None,
}

/// Why a decision cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The file is not TOML, or not of the form that it should have.
    #[error("line {line}: {}", toml.message())]
    Toml {
        /// Counted from 1.
        line: usize,
        /// What the parser says. Its own text has several lines.
        toml: toml::de::Error,
    },
    /// No change has this identifier.
    #[error("no change has the id `{id}`{}; `web1on1 contract rules` lists them", meant(.nearest.as_ref()))]
    UnknownChange {
        /// As it is given.
        id: String,
        /// One that looks like it.
        nearest: Option<String>,
    },
    /// The level of a finding that is no change cannot be chosen.
    #[error(
        "the level of `{0}` cannot be chosen, which goes for changes and for what `contract lint` \
         finds; an [[ignore]] entry with a reason accepts such a finding"
    )]
    FixedLevel(String),
    /// An entry is for a finding that no check can make.
    #[error(
        "no finding has the id `{id}` of an ignore entry{}; `web1on1 contract rules` lists those \
         of changes, and reports show those of other checks",
        meant(.nearest.as_ref())
    )]
    UnknownFinding {
        /// As it is given.
        id: String,
        /// One that looks like it.
        nearest: Option<String>,
    },
    /// An override is not `ID=LEVEL`.
    #[error("`{0}` is not ID=error, ID=warning, ID=info or ID=none")]
    Override(String),
    /// An entry without a reason.
    #[error("the entry for `{0}` gives no reason; say why the change is accepted")]
    Reason(String),
}

impl Policy {
    /// Reads an ignore file.
    ///
    /// # Errors
    ///
    /// If it is not TOML, names an unknown identifier, gives no reason, or an expiry that
    /// is not a date.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let policy: Policy = toml::from_str(text).map_err(|toml| {
            let start = toml.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or_default();
            PolicyError::Toml {
                line: before.matches('\n').count() + 1,
                toml,
            }
        })?;
        if let Some(id) = policy.levels.keys().find(|id| !ids::has_level(id)) {
            return Err(PolicyError::without_level(id));
        }
        for entry in &policy.ignore {
            if !ids::is_known(&entry.id) {
                return Err(PolicyError::UnknownFinding {
                    id: entry.id.clone(),
                    nearest: ids::nearest_known(&entry.id),
                });
            }
            if entry.reason.trim().is_empty() {
                return Err(PolicyError::Reason(entry.id.clone()));
            }
        }
        Ok(policy)
    }

    /// Adds an override, `response-header-added=none`.
    ///
    /// # Errors
    ///
    /// If it has another form or the identifier is unknown.
    pub fn set_level(&mut self, text: &str) -> Result<(), PolicyError> {
        let wrong = || PolicyError::Override(text.to_owned());
        let (id, level) = text.split_once('=').ok_or_else(wrong)?;
        let level = match level {
            "error" => Word::Error,
            "warning" => Word::Warning,
            "info" => Word::Info,
            "none" => Word::None,
            _ => return Err(wrong()),
        };
        if !ids::has_level(id) {
            return Err(PolicyError::without_level(id));
        }
        self.levels.insert(id.to_owned(), level);
        Ok(())
    }

    /// Applies the levels, takes the ignored findings out, and reports entries
    /// that have expired by `today` (an ISO date) or match nothing.
    pub fn apply(&self, findings: Vec<Finding>, today: Date) -> Vec<Finding> {
        let mut policy = self.clone();
        let mut left = policy.judge(findings, today);
        left.extend(policy.left_over(today));
        left.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        left
    }

    /// Applies the levels and takes the ignored findings out. A finding that is ignored
    /// for some of its operations is left with the others. The entries remember whether
    /// they have been of use.
    pub fn judge(&mut self, findings: Vec<Finding>, today: Date) -> Vec<Finding> {
        let index = Index::of(&self.ignore);
        let mut left: Vec<Finding> = Vec::new();
        for mut finding in findings {
            debug_assert!(
                ids::is_known(&finding.id),
                "add `{}` to the ids in ids.rs, so that an ignore file can name it",
                finding.id
            );
            let mut matching = index.likely(&finding);
            matching.retain(|entry| self.ignore[*entry].matches(&finding));
            for entry in &matching {
                self.ignore[*entry].used = true;
            }
            let matching = matching.iter().map(|entry| &self.ignore[*entry]);
            let accepting: Vec<&Ignore> =
                matching.filter(|entry| !entry.has_expired(today)).collect();
            match self.levels.get(&finding.id) {
                Some(Word::None) => continue,
                Some(Word::Error) => finding.level = Level::Error,
                Some(Word::Warning) => finding.level = Level::Warning,
                Some(Word::Info) => finding.level = Level::Info,
                None => {}
            }
            match without(finding, &accepting) {
                Some(finding) => left.push(finding),
                None => self.accepted += 1,
            }
        }
        left
    }

    /// How many findings the entries have accepted so far, for all of their operations.
    pub fn accepted(&self) -> usize {
        self.accepted
    }

    /// The entries that have expired by `today`, or that no finding so far has
    /// matched.
    pub fn left_over(&self, today: Date) -> Vec<Finding> {
        let problems = self.ignore.iter().filter_map(|entry| {
            let (id, problem) = if entry.has_expired(today) {
                (
                    "ignore-expired",
                    "has expired; look at the change again, or remove the entry",
                )
            } else if !entry.used {
                ("ignore-unused", "matches nothing; remove it")
            } else {
                return None;
            };
            Some(Finding {
                id: id.to_owned(),
                level: Level::Warning,
                direction: None,
                operation: entry.operation.as_ref().map(|text| text.text().to_owned()),
                also: OperationList::default(),
                base: None,
                revision: None,
                message: format!(
                    "the ignore entry for `{}` ({}) {problem}",
                    entry.id, entry.reason
                ),
            })
        });
        problems.collect()
    }
}

/// The finding without the operations that entries accept it for, if any is left. An
/// entry without an operation accepts it for all.
fn without(mut finding: Finding, accepting: &[&Ignore]) -> Option<Finding> {
    if accepting.is_empty() {
        return Some(finding);
    }
    let is_left = |operation: &str| !accepting.iter().any(|entry| entry.accepts(operation));
    finding.also = finding.also.filtered(is_left);
    if !finding.operation.as_deref().is_some_and(is_left) {
        let next = finding.also.iter().next()?.to_owned();
        finding.also = finding.also.without_first();
        finding.operation = Some(next);
    }
    Some(finding)
}

impl PolicyError {
    fn without_level(id: &str) -> Self {
        if ids::is_known(id) {
            return Self::FixedLevel(id.to_owned());
        }
        Self::UnknownChange {
            id: id.to_owned(),
            nearest: ids::nearest_with_level(id),
        }
    }
}

/// What an id was probably meant to be, as a clause.
fn meant(nearest: Option<&String>) -> String {
    nearest.map_or_else(String::new, |id| format!(", but perhaps `{id}` is meant"))
}
