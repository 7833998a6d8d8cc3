//! What a team has decided about changes: levels of its own, and changes that
//! it accepts.

use std::collections::BTreeMap;

use openapi_diff::{Date, Rule};
use serde::{Deserialize, Deserializer};

use crate::report::{Finding, Level};

/// The decisions of an ignore file and of the command line.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    #[serde(default)]
    levels: BTreeMap<String, Word>,
    #[serde(default)]
    ignore: Vec<Ignore>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Error,
    Warning,
    Info,
    None,
}

/// A change that is accepted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ignore {
    id: String,
    /// `GET /users/*`; `*` stands for any text.
    operation: Option<String>,
    /// A pointer in either document; `*` stands for any text.
    pointer: Option<String>,
    reason: String,
    /// An ISO date. From that day on the entry no longer counts.
    #[serde(default, deserialize_with = "date")]
    expires: Option<Date>,
    #[serde(skip)]
    used: bool,
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
    #[error("no change has the id `{0}`; `web1on1 contract rules` lists them")]
    UnknownId(String),
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
    /// If it is not TOML, overrides the level of an unknown identifier, gives no
    /// reason, or an expiry that is not a date.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let policy: Policy = toml::from_str(text).map_err(|toml| {
            let start = toml.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or_default();
            PolicyError::Toml {
                line: before.matches('\n').count() + 1,
                toml,
            }
        })?;
        let known = Rule::all();
        // Entries can be of the other checks too; one of none is found as unused.
        if let Some(id) = policy.levels.keys().find(|id| !known.contains_key(*id)) {
            return Err(PolicyError::UnknownId(id.clone()));
        }
        for entry in &policy.ignore {
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
        if !Rule::all().contains_key(id) {
            return Err(PolicyError::UnknownId(id.to_owned()));
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
        let mut left: Vec<Finding> = Vec::new();
        for mut finding in findings {
            let mut accepted: Vec<Option<String>> = Vec::new();
            for entry in &mut self.ignore {
                if entry.matches(&finding) {
                    entry.used = true;
                    if !entry.has_expired(today) {
                        accepted.push(entry.operation.clone());
                    }
                }
            }
            match self.levels.get(&finding.id) {
                Some(Word::None) => continue,
                Some(Word::Error) => finding.level = Level::Error,
                Some(Word::Warning) => finding.level = Level::Warning,
                Some(Word::Info) => finding.level = Level::Info,
                None => {}
            }
            left.extend(without(finding, &accepted));
        }
        left
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
                operation: entry.operation.clone(),
                also: Vec::new(),
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
fn without(mut finding: Finding, accepted: &[Option<String>]) -> Option<Finding> {
    if accepted.is_empty() {
        return Some(finding);
    }
    let is_accepted = |operation: &str| {
        accepted.iter().any(|pattern| {
            let pattern = pattern.as_deref();
            pattern.is_none_or(|pattern| glob(pattern, operation))
        })
    };
    let first = finding.operation.take()?;
    finding.also.insert(0, first);
    finding.also.retain(|operation| !is_accepted(operation));
    if finding.also.is_empty() {
        return None;
    }
    finding.operation = Some(finding.also.remove(0));
    Some(finding)
}

impl Ignore {
    fn has_expired(&self, today: Date) -> bool {
        self.expires.is_some_and(|date| date <= today)
    }

    fn matches(&self, finding: &Finding) -> bool {
        let operation = self.operation.as_deref().is_none_or(|pattern| {
            let mut operations = finding.operation.iter().chain(&finding.also);
            operations.any(|operation| glob(pattern, operation))
        });
        let pointer = self.pointer.as_deref().is_none_or(|pattern| {
            [&finding.base, &finding.revision]
                .into_iter()
                .flatten()
                .any(|place| glob(pattern, &place.pointer))
        });
        self.id == finding.id && operation && pointer
    }
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map(Some)
        .map_err(|_| serde::de::Error::custom(format!("`{text}` is not a date such as 2030-01-31")))
}

/// Returns whether the text matches, with `*` for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or("")) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(index) => rest = &rest[index + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}
