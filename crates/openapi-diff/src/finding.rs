//! What a comparison finds.

use std::fmt;

use serde::Serialize;

use crate::level::{Direction, Level};
use crate::operation_list::OperationList;
use crate::rules::Rule;

/// A change between two documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of change it is.
    pub rule: Rule,
    /// How bad it is here. It is that of the rule unless the values at hand decide.
    pub level: Level,
    /// Which half of an exchange it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The operation, as `GET /users/{user_id}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The other operations that the same change reaches, such as those that use the
    /// schema that has changed.
    #[serde(skip_serializing_if = "OperationList::is_empty")]
    pub also: OperationList,
    /// The place in the old document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Location>,
    /// The place in the new document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<Location>,
    /// A sentence that a person can act on.
    pub message: String,
}

/// A place in a JSON value, or in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Location {
    /// The file, git object or URL.
    pub source: String,
    /// The JSON pointer (RFC 6901); empty for the whole.
    pub pointer: String,
    /// The line of the source, counted from 1, where it has lines and the place
    /// was found on one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl Location {
    /// A file, or a line of it.
    pub fn of_text(source: impl Into<String>, line: Option<u32>) -> Self {
        Self {
            source: source.into(),
            pointer: String::new(),
            line,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if self.pointer.is_empty() {
            return Ok(());
        }
        write!(f, "#{}", self.pointer)
    }
}

/// `error request-body-became-required GET /users openapi.json:7#/paths/…: the body …`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.level, self.rule)?;
        if let Some(operation) = &self.operation {
            write!(f, " {operation}")?;
        }
        if let Some(place) = self.revision.as_ref().or(self.base.as_ref()) {
            write!(f, " {place}")?;
        }
        write!(f, ": {}", self.message)
    }
}
