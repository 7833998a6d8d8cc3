//! Findings about an operation that traffic was of.

use super::problem::Problem;
use crate::report::{Direction, Finding, Level, Location, OperationList};

/// What findings are about.
pub(crate) struct About<'a> {
    /// The name of the OpenAPI document.
    pub(crate) document: &'a str,
    /// The operation as a person writes it.
    pub(crate) title: String,
    /// The place of the operation in the document, as a JSON pointer.
    pub(crate) pointer: String,
    /// Where the exchange was seen.
    pub(crate) seen_in: &'a str,
}

impl About<'_> {
    /// Makes a finding. `below` is where it is described, below the operation in the
    /// document.
    pub(crate) fn find(&self, level: Level, id: &str, below: &str, message: String) -> Finding {
        let direction = match id.split('-').next() {
            Some("request") => Some(Direction::Request),
            Some("response") => Some(Direction::Response),
            _ => None,
        };
        self.finding(
            level,
            id.to_owned(),
            direction,
            format!("{}{below}", self.pointer),
            String::new(),
            message,
        )
    }

    /// Makes a finding of a problem with a value. `what` names the value.
    pub(crate) fn problem(
        &self,
        level: Level,
        direction: Direction,
        what: &str,
        problem: Problem,
    ) -> Finding {
        let prefix = match direction {
            Direction::Request => "request",
            Direction::Response => "response",
        };
        let message = problem.about(what);
        self.finding(
            level,
            format!("{prefix}-{}", problem.kind),
            Some(direction),
            problem.schema,
            problem.pointer,
            message,
        )
    }

    fn finding(
        &self,
        level: Level,
        id: String,
        direction: Option<Direction>,
        base: String,
        pointer: String,
        message: String,
    ) -> Finding {
        Finding {
            id,
            level,
            direction,
            operation: Some(self.title.clone()),
            also: OperationList::default(),
            base: Some(Location {
                source: self.document.to_owned(),
                pointer: base,
                line: None,
            }),
            revision: Some(Location {
                source: self.seen_in.to_owned(),
                pointer,
                line: None,
            }),
            message,
        }
    }
}
