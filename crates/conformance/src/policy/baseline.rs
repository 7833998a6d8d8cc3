//! An ignore file that accepts what a report has found, so that later ones show what is new.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use openapi_diff::Date;

use super::ignore::Pattern;
use crate::report::{Finding, Level};

/// What ids of findings about the ignore file itself begin with.
const ABOUT_ENTRIES: &str = "ignore-";

/// The entries that accept the errors and warnings of a report, and nothing else.
#[derive(Debug)]
pub struct Baseline {
    entries: BTreeSet<Entry>,
    today: Date,
}

/// What identifies a finding. A change that reaches several operations is accepted for all
/// of them, by its place and its sentence.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    id: String,
    operation: Option<String>,
    pointer: Option<String>,
    message: String,
}

impl Baseline {
    /// The entries for these findings. What is said of the ignore file itself is no change
    /// and cannot be accepted.
    pub fn of(findings: &[Finding], today: Date) -> Self {
        let accepted = findings
            .iter()
            .filter(|finding| Self::accepts(finding))
            .map(|finding| {
                let place = finding.revision.as_ref().or(finding.base.as_ref());
                let pointer = place.map(|place| place.pointer.clone());
                Entry {
                    id: finding.id.clone(),
                    operation: finding
                        .operation
                        .clone()
                        .filter(|_| finding.also.is_empty()),
                    pointer: pointer.filter(|pointer| !pointer.is_empty()),
                    message: finding.message.clone(),
                }
            });
        Self {
            entries: accepted.collect(),
            today,
        }
    }

    /// Returns whether a baseline has an entry for a finding.
    pub fn accepts(finding: &Finding) -> bool {
        finding.level > Level::Info && !finding.id.starts_with(ABOUT_ENTRIES)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there is nothing to accept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// An ignore file, or the end of one, in an order that the findings alone decide.
    pub fn to_toml(&self) -> String {
        let mut out = format!(
            "# A baseline, written on {}. An entry goes once the finding does; give those that\n\
             # are to stay a reason of their own.\n",
            self.today
        );
        for entry in &self.entries {
            let _ = write!(out, "\n[[ignore]]\nid = {}\n", quoted(&entry.id));
            for (key, text) in [("operation", &entry.operation), ("pointer", &entry.pointer)] {
                if let Some(text) = text {
                    let _ = writeln!(out, "{key} = {}", quoted(&Pattern::literal(text)));
                }
            }
            let message = quoted(&Pattern::literal(&entry.message));
            let _ = writeln!(
                out,
                "message = {message}\nreason = \"Written as a baseline on {}.\"",
                self.today
            );
        }
        out
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
