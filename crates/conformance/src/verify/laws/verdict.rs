//! What a session has found so far: laws that were held to, those that were broken, and
//! those that could not be tried.

use std::collections::BTreeMap;

use super::coverage::Coverage;
use super::law::Law;
use super::operation::Operation;
use super::session::{Session, Shown};
use crate::report::{Finding, Level, Location, OperationList};

/// In how many ways an operation breaks a law is told.
const MAX_TOLD: usize = 3;

/// What a session has come to.
pub(crate) struct Outcome {
    pub(crate) findings: Vec<Finding>,
    /// How many laws were tried.
    pub(crate) laws: usize,
    pub(crate) requests: usize,
    pub(crate) shown: Shown,
    /// How many operations were answered with a success.
    pub(crate) succeeded: usize,
    pub(crate) coverage: Coverage,
}

impl Session<'_> {
    /// Notes that a law was tried on an operation.
    pub(crate) fn held(&mut self, law: Law, operation: &Operation) {
        self.verdict
            .tried
            .entry(law)
            .or_default()
            .insert(operation.title());
    }

    /// Notes that a law could not be tried on an operation.
    pub(crate) fn untried(&mut self, law: Law, operation: &Operation, reason: impl Into<String>) {
        let reason = self.without_secrets(&reason.into());
        let operations = self.verdict.untried.entry((law, reason)).or_default();
        operations.insert(operation.title());
    }

    /// Notes that a law is broken. `requests` are those whose replies show it, as
    /// reports show them.
    pub(crate) fn breach(
        &mut self,
        law: Law,
        operation: &Operation,
        requests: &[&str],
        message: &str,
    ) {
        self.breach_at(Level::Error, law, operation, requests, message);
    }

    pub(super) fn breach_at(
        &mut self,
        level: Level,
        law: Law,
        operation: &Operation,
        requests: &[&str],
        message: &str,
    ) {
        self.held(law, operation);
        let told = self
            .verdict
            .told
            .entry((law, operation.title(), level))
            .or_default();
        told.seen += 1;
        if told.messages.len() >= MAX_TOLD || !told.messages.insert(message.to_owned()) {
            return;
        }
        let requests: Vec<_> = requests
            .iter()
            .map(|request| format!("`{request}`"))
            .collect();
        let message = self.without_secrets(message);
        self.verdict.findings.push(Finding {
            id: law.id().to_owned(),
            level,
            direction: None,
            operation: Some(operation.title()),
            also: OperationList::default(),
            base: Some(self.place(operation)),
            revision: Some(Location::of_text(self.wire.base.clone(), None)),
            message: format!("{message}. Seen with {}", requests.join(", then ")),
        });
    }

    pub(crate) fn place(&self, operation: &Operation) -> Location {
        Location {
            source: self.model.document.source.clone(),
            pointer: operation.pointer.clone(),
            line: None,
        }
    }

    /// Notes something beside the laws.
    pub(crate) fn note(&mut self, id: &str, level: Level, operation: &Operation, message: String) {
        let finding = Finding {
            id: id.to_owned(),
            level,
            direction: None,
            operation: Some(operation.title()),
            also: OperationList::default(),
            base: Some(self.place(operation)),
            revision: Some(Location::of_text(self.wire.base.clone(), None)),
            message,
        };
        self.verdict.findings.push(finding);
    }

    /// Every finding, and how many laws were tried.
    pub(crate) fn finish(mut self) -> Outcome {
        for ((law, operation, level), told) in &self.verdict.told {
            let more = match told.seen - told.messages.len() {
                0 => continue,
                1 => "once more".to_owned(),
                more => format!("{more} times more"),
            };
            if let Some(last) = self.verdict.findings.iter_mut().rfind(|found| {
                found.id == law.id()
                    && found.operation.as_ref() == Some(operation)
                    && found.level == *level
            }) {
                last.message = format!("{} (and {more})", last.message);
            }
        }
        let base = self.wire.base.clone();
        // Laws that were not tried for the same reason on the same operations are one note.
        let mut notes: BTreeMap<(&str, Vec<&String>), Vec<&str>> = BTreeMap::new();
        for ((law, reason), operations) in &self.verdict.untried {
            // What was tried in one way is tried.
            let tried = self.verdict.tried.get(law);
            let left = operations.iter();
            let left = left.filter(|title| tried.is_none_or(|tried| !tried.contains(*title)));
            let left: Vec<_> = left.collect();
            if !left.is_empty() {
                notes.entry((reason, left)).or_default().push(law.id());
            }
        }
        for ((reason, operations), laws) in notes {
            let were = if laws.len() == 1 { "was" } else { "were" };
            self.verdict.findings.push(Finding {
                id: "law-not-tried".to_owned(),
                level: Level::Info,
                direction: None,
                operation: operations.first().map(|title| (*title).clone()),
                also: operations.into_iter().skip(1).cloned().collect(),
                base: None,
                revision: Some(Location::of_text(base.clone(), None)),
                message: format!("{} {were} not tried: {reason}", laws.join(", ")),
            });
        }
        if self.requests >= self.laws.bounds.requests {
            self.verdict.findings.push(Finding {
                id: "law-not-tried".to_owned(),
                level: Level::Warning,
                direction: None,
                operation: None,
                also: OperationList::default(),
                base: None,
                revision: Some(Location::of_text(base, None)),
                message: format!(
                    "the verification ended after {} requests, which is its bound; --only names \
                     a part to verify, and --max-requests allows more",
                    self.requests
                ),
            });
        }
        Outcome {
            findings: self.verdict.findings,
            laws: self.verdict.tried.len(),
            requests: self.requests,
            shown: self.shown,
            succeeded: self.succeeded.len(),
            coverage: self.coverage,
        }
    }
}
