//! Judges exchanges, and remembers what it has seen of a document.

use std::collections::BTreeSet;

use super::undeclared::undeclared;
use crate::report::{self, Direction, Finding, Level};
use crate::verify::finding::About;
use crate::verify::laws::{Coverage, Model, Operation, Schemas, is_marked};
use crate::verify::problem::Problem;

/// Judges exchanges by a document.
pub(crate) struct Checker<'m> {
    pub(crate) findings: Vec<Finding>,
    pub(super) model: &'m Model,
    /// What is given and not declared in a query is an error.
    pub(super) strict_parameters: bool,
    pub(super) seen: Coverage,
    schemas: Schemas,
    /// The places of schemas that cannot be verified, which are told once.
    not_understood: BTreeSet<String>,
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
            schemas: Schemas::new(model.root()),
            not_understood: BTreeSet::new(),
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
        match self.schemas.problems(direction, pointer, value) {
            Ok(mut problems) => {
                let root = self.model.root();
                for problem in &mut problems {
                    let schema = root.pointer(&problem.schema);
                    let is_hidden =
                        schema.is_some_and(|schema| is_marked(root, schema, "writeOnly"));
                    // A schema can refuse everything for reasons of its own.
                    if problem.kind == "write-only-property" && !is_hidden {
                        problem.kind = "invalid-value";
                        "must not be there".clone_into(&mut problem.message);
                    }
                }
                problems
            }
            Err(reason) => {
                if self.not_understood.insert(pointer.to_owned()) {
                    let mut finding = self.about(at).find(
                        Level::Warning,
                        "schema-not-understood",
                        "",
                        format!("values are not verified against this schema: {reason}"),
                    );
                    if let Some(base) = &mut finding.base {
                        pointer.clone_into(&mut base.pointer);
                    }
                    self.findings.push(finding);
                }
                Vec::new()
            }
        }
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
