//! What a report says, whatever form it takes.

use openapi_diff::{Direction, Level, Location, OperationList};
use serde::Serialize;

/// The outcome of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What was checked, as a heading: `openapi.json against v2.1`.
    pub title: String,
    /// What was found, worst first where the check knows an order.
    pub findings: Vec<Finding>,
    /// How many findings an ignore file accepts. They are not among the findings.
    #[serde(skip_serializing_if = "is_zero")]
    pub accepted: usize,
    /// How much of the contract was exercised. Only checks of live or captured
    /// traffic have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
}

/// One thing that a person should know, or do something about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of finding it is, in kebab-case. It does not change between
    /// versions.
    pub id: String,
    /// How bad it is.
    pub level: Level,
    /// Which half of an exchange it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The operation, as `GET /users/{user_id}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The other operations that the same thing reaches, such as those that use a
    /// schema that has changed.
    #[serde(skip_serializing_if = "OperationList::is_empty")]
    pub also: OperationList,
    /// The place in what was compared with: the old document or the contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Location>,
    /// The place in what was judged: the new document or the traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<Location>,
    /// A sentence that a person can act on.
    pub message: String,
}

/// How much of the contract the traffic touched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Operations, as `GET /users/{user_id}`.
    pub operations: Seen,
    /// Declared answers, as `GET /users/{user_id} 200`.
    pub statuses: Seen,
    /// Properties of schemas, as `User.name`.
    pub properties: Seen,
    /// Values of enumerations, as `User.role=admin`.
    pub enum_values: Seen,
}

/// What was met of a set, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Those met.
    pub seen: Vec<String>,
    /// Those not met.
    pub unseen: Vec<String>,
}

impl From<openapi_diff::Finding> for Finding {
    fn from(finding: openapi_diff::Finding) -> Self {
        Self {
            id: finding.rule.to_string(),
            level: finding.level,
            direction: finding.direction,
            operation: finding.operation,
            also: finding.also,
            base: finding.base,
            revision: finding.revision,
            message: finding.message,
        }
    }
}

impl Finding {
    /// `, and 3 more operations`, where there are.
    pub(super) fn and_more(&self) -> String {
        match self.also.len() {
            0 => String::new(),
            1 => ", and 1 more operation".to_owned(),
            more => format!(", and {more} more operations"),
        }
    }
}

/// Returns whether there is nothing to tell of.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Which part of a report to write.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Findings below this level are counted only.
    pub least: Level,
    /// More findings than this are counted only, the worst coming first.
    pub most: usize,
    /// The command that shows everything, for forms that have to leave something out.
    pub command: Option<&'a str>,
    /// Whether a text says what a client has to do about each change. Other forms say so
    /// where they have a place for it.
    pub explain: bool,
}

impl Default for Shown<'_> {
    fn default() -> Self {
        Self {
            least: Level::Info,
            most: usize::MAX,
            command: None,
            explain: false,
        }
    }
}

impl Report {
    /// The worst level found.
    pub fn worst(&self) -> Option<Level> {
        self.findings.iter().map(|finding| finding.level).max()
    }

    /// Returns whether anything was found at this level or above.
    pub fn fails_on(&self, level: Level) -> bool {
        self.worst().is_some_and(|worst| worst >= level)
    }

    /// The part that is to be shown.
    pub(super) fn part(&self, shown: Shown<'_>) -> Self {
        let mut findings: Vec<Finding> = self
            .findings
            .iter()
            .filter(|finding| finding.level >= shown.least)
            .cloned()
            .collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        findings.truncate(shown.most);
        Self {
            findings,
            title: self.title.clone(),
            accepted: self.accepted,
            coverage: self.coverage.clone(),
        }
    }

    pub(super) fn count(&self, level: Level) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.level == level)
            .count()
    }

    /// `3 findings are accepted by the ignore file`, if any are.
    pub(super) fn accepted_findings(&self) -> Option<String> {
        let findings = match self.accepted {
            0 => return None,
            1 => "1 finding is".to_owned(),
            more => format!("{more} findings are"),
        };
        Some(format!("{findings} accepted by the ignore file"))
    }

    /// `2 errors, 1 warning, 0 notes`.
    pub(super) fn tally(&self) -> String {
        let part = |level, name: &str| {
            let count = self.count(level);
            format!("{count} {name}{}", if count == 1 { "" } else { "s" })
        };
        format!(
            "{}, {}, {}",
            part(Level::Error, "error"),
            part(Level::Warning, "warning"),
            part(Level::Info, "note")
        )
    }
}

impl Seen {
    pub(super) fn total(&self) -> usize {
        self.seen.len() + self.unseen.len()
    }
}

impl Coverage {
    pub(super) fn parts(&self) -> [(&'static str, &Seen); 4] {
        [
            ("operations", &self.operations),
            ("status codes", &self.statuses),
            ("properties", &self.properties),
            ("enum values", &self.enum_values),
        ]
    }
}

/// How many findings are counted only.
#[derive(Debug)]
pub(super) struct Hidden {
    below: usize,
    least: Level,
    beyond: usize,
}

impl Hidden {
    pub(super) fn of(report: &Report, shown: Shown<'_>) -> Self {
        let all = report.findings.len();
        let findings = report.findings.iter();
        let wanted = findings.filter(|finding| finding.level >= shown.least);
        let wanted = wanted.count();
        Self {
            below: all - wanted,
            least: shown.least,
            beyond: wanted.saturating_sub(shown.most),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.below == 0 && self.beyond == 0
    }

    /// What is not shown, a sentence each.
    pub(super) fn sentences(&self) -> Vec<String> {
        let count = |count: usize| match count {
            1 => "1 more finding is not shown".to_owned(),
            more => format!("{more} more findings are not shown"),
        };
        let mut all = Vec::new();
        if self.beyond > 0 {
            all.push(format!("{}: there are too many", count(self.beyond)));
        }
        if self.below > 0 {
            let least = self.least;
            all.push(format!(
                "{}: they are below the level {least}",
                count(self.below)
            ));
        }
        all
    }
}
