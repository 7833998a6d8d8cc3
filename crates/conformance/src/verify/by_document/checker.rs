//! Judges exchanges, and remembers what it has seen of a document.

use crate::report::{self, Direction, Finding, Level};
use crate::verify::finding::About;
use crate::verify::laws::{Coverage, Model, Operation, Replies, Wrong, undeclared};
use crate::verify::problem::Problem;

/// Judges exchanges by a document.
pub(crate) struct Checker<'m> {
    pub(crate) findings: Vec<Finding>,
    pub(super) model: &'m Model,
    /// What is given and not declared in a query is an error.
    pub(super) strict_parameters: bool,
    pub(super) seen: Coverage,
    pub(super) replies: Replies<'m>,
}

/// What is judged: an exchange, of an operation.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) seen_in: &'a str,
}

impl<'m> Checker<'m> {
    pub(crate) fn new(model: &'m Model, strict_parameters: bool) -> Self {
        Self {
            findings: Vec::new(),
            model,
            strict_parameters,
            seen: Coverage::of_document(),
            replies: Replies::new(model.root()),
        }
    }

    /// What was seen of the document and what was not, and every finding.
    pub(crate) fn finish(mut self) -> (report::Coverage, Vec<Finding>) {
        self.model.document.locate(&mut self.findings);
        (self.seen.report(self.model), self.findings)
    }

    fn about<'a>(&self, at: At<'a>) -> About<'a>
    where
        'm: 'a,
    {
        About {
            document: &self.model.document.source,
            title: at.operation.title(),
            pointer: at.operation.pointer.clone(),
            seen_in: at.seen_in,
        }
    }

    /// Notes what is wrong. `below` is where it is described, below the operation.
    pub(super) fn find(
        &mut self,
        at: At<'_>,
        level: Level,
        id: &str,
        below: &str,
        message: String,
    ) {
        let finding = self.about(at).find(level, id, below, message);
        self.findings.push(finding);
    }

    /// Everything that is wrong with a value by the schema at a place.
    pub(super) fn problems_of(
        &mut self,
        at: At<'_>,
        direction: Direction,
        pointer: &str,
        value: &serde_json::Value,
    ) -> Vec<Problem> {
        match self.replies.problems(direction, pointer, value) {
            Ok(problems) => problems,
            Err(reason) => {
                if let Some(wrong) = reason {
                    self.tell(at, wrong);
                }
                Vec::new()
            }
        }
    }

    /// Notes what is wrong with a reply, or why that cannot be told.
    pub(super) fn tell(&mut self, at: At<'_>, wrong: Wrong) {
        let about = self.about(at);
        let mut finding = about.find(wrong.level, &wrong.id, "", wrong.message);
        if let Some(base) = &mut finding.base {
            base.pointer = wrong.described;
        }
        if let Some(revision) = &mut finding.revision {
            revision.pointer = wrong.pointer;
        }
        self.findings.push(finding);
    }

    /// Notes problems with a value that has a name.
    pub(super) fn note(
        &mut self,
        at: At<'_>,
        level: Level,
        direction: Direction,
        what: &str,
        problems: Vec<Problem>,
    ) {
        let about = self.about(at);
        let found = problems
            .into_iter()
            .map(|problem| about.problem(level, direction, what, problem));
        self.findings.extend(found);
    }

    /// Judges a body by the schema at a place.
    pub(super) fn judge(
        &mut self,
        at: At<'_>,
        direction: Direction,
        what: &str,
        pointer: &str,
        value: &serde_json::Value,
    ) {
        let problems = self.problems_of(at, direction, pointer, value);
        self.note(at, Level::Error, direction, what, problems);
        let undeclared = undeclared(self.model.root(), pointer, value);
        self.note(at, Level::Warning, direction, what, undeclared);
    }
}
