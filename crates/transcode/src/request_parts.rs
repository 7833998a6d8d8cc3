//! What the message of a call says of its HTTP request, and why it may say nothing.

use std::fmt;

use transcode_core::Violation;

/// The parts of an HTTP request that are made of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestParts {
    /// The path and the query, below the base of the upstream.
    pub target: String,
    /// The JSON body, if there is one.
    pub body: Option<Vec<u8>>,
}

/// Why a message of a caller makes no request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It cannot be decoded.
    Malformed(Malformed),
    /// It has no REST form.
    Violations(Vec<Violation>),
}

impl From<Malformed> for Refused {
    fn from(error: Malformed) -> Self {
        Self::Malformed(error)
    }
}

impl From<Vec<Violation>> for Refused {
    fn from(violations: Vec<Violation>) -> Self {
        Self::Violations(violations)
    }
}

/// The bytes of a caller are no message of the declared type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Malformed {
    reason: &'static str,
    /// The fields that lead to the place, the innermost first.
    way: Vec<&'static str>,
}

impl Malformed {
    pub(crate) const fn new(reason: &'static str) -> Self {
        Self {
            reason,
            way: Vec::new(),
        }
    }

    /// The same error in a field of this name.
    pub(crate) fn within(mut self, name: &'static str) -> Self {
        self.way.push(name);
        self
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message cannot be decoded: ")?;
        for (place, name) in self.way.iter().rev().enumerate() {
            let separator = if place == 0 { "" } else { "." };
            write!(f, "{separator}{name}")?;
        }
        let separator = if self.way.is_empty() { "" } else { ": " };
        write!(f, "{separator}{}", self.reason)
    }
}
