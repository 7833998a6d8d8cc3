//! The changelog, which tells of every version that was published.
//!
//! A version has one entry, under a heading `## 2.0.0 (2026-01-31)`; the newest
//! comes first. An entry that was published is not changed any more.

use semver::Version;

use super::allowance::{Exception, is_date};
use super::finding::wrong;
use crate::report::{self, Finding};

/// How a changelog begins.
pub const HEAD: &str = "# Changes of the contract\n\n\
    What each published version means to clients, newest first.\n";

/// What a version means to clients.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    version: Version,
    /// The day of publication, `2026-01-31`.
    date: String,
    /// Counted from 1.
    line: u32,
    text: String,
}

/// Returns the entries, and the headings that are of none, as the number of the
/// line and its text.
fn entries(log: &str) -> (Vec<Entry>, Vec<(u32, String)>) {
    let mut entries: Vec<Entry> = Vec::new();
    let mut strange = Vec::new();
    for (number, line) in (1..).zip(without_comments(log).lines()) {
        if let Some(heading) = line.strip_prefix("## ") {
            let parsed = heading
                .trim_end()
                .split_once(" (")
                .and_then(|(version, date)| {
                    let date = date.strip_suffix(')').filter(|date| is_date(date))?;
                    Some((Version::parse(version).ok()?, date.to_owned()))
                });
            match parsed {
                Some((version, date)) => entries.push(Entry {
                    version,
                    date,
                    line: number,
                    text: String::new(),
                }),
                None => strange.push((number, line.to_owned())),
            }
        } else if let Some(entry) = entries.last_mut() {
            entry.text.push_str(line.trim_end());
            entry.text.push('\n');
        }
    }
    for entry in &mut entries {
        entry.text = entry.text.trim().to_owned();
    }
    (entries, strange)
}

/// Returns a text without what HTML comments hide from its readers. Lines stay lines.
fn without_comments(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, hidden)) = rest.split_once("<!--") {
        shown.push_str(before);
        let (hidden, after) = hidden.split_once("-->").unwrap_or((hidden, ""));
        shown.extend(hidden.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    shown + rest
}

/// Returns where a changelog does not tell the history of the versions up to the
/// one that is published. `file` is what it is called.
pub fn check(log: &str, file: &str, published: &Version) -> Vec<Finding> {
    let (entries, strange) = entries(log);
    let mut found: Vec<_> = strange
        .into_iter()
        .map(|(line, text)| {
            let message = format!(
                "{text:?} is the heading of no version; write it as `## 2.0.0 (2026-01-31)`"
            );
            at(line, wrong("changelog-heading-malformed", file, message))
        })
        .collect();
    if !entries.iter().any(|entry| entry.version == *published) {
        let message = format!(
            "nothing is said about {published}, the version that was published last; `contract \
             bless` writes an entry when it publishes"
        );
        found.push(wrong("changelog-entry-missing", file, message));
    }
    for (newer, older) in entries.iter().zip(entries.iter().skip(1)) {
        let is_in_order = newer.version > older.version && newer.date >= older.date;
        if !is_in_order && newer.version != older.version {
            let message = format!(
                "{} ({}) stands above {} ({}), which is not older; the newest comes first",
                newer.version, newer.date, older.version, older.date
            );
            found.push(at(newer.line, wrong("changelog-order", file, message)));
        }
    }
    for (index, entry) in entries.iter().enumerate() {
        let version = &entry.version;
        if entries[..index]
            .iter()
            .any(|other| other.version == *version)
        {
            let message = format!("{version} has two entries; each version has one");
            found.push(at(
                entry.line,
                wrong("changelog-entry-repeated", file, message),
            ));
        }
        if entry.text.is_empty() {
            let message = format!("the entry of {version} says nothing");
            found.push(at(
                entry.line,
                wrong("changelog-entry-empty", file, message),
            ));
        }
        if version > published {
            let message = format!(
                "{version} is told of, but {published} was published last; `contract bless` writes \
                 the entry of what it publishes"
            );
            found.push(at(
                entry.line,
                wrong("changelog-entry-ahead", file, message),
            ));
        }
    }
    found
}

fn at(line: u32, mut finding: Finding) -> Finding {
    if let Some(place) = &mut finding.revision {
        place.line = Some(line);
    }
    finding
}

/// Returns the entries that are no longer as a base has them.
pub fn rewritten(log: &str, base: &str, file: &str) -> Vec<Exception> {
    let (now, _) = entries(log);
    let (before, _) = entries(base);
    let mut found = Vec::new();
    for old in before {
        let entry = now.iter().find(|entry| entry.version == old.version);
        let (line, what) = match entry {
            Some(entry) if entry.text == old.text && entry.date == old.date => continue,
            Some(entry) => (entry.line, "says something else than"),
            None => (1, "is gone, and was there"),
        };
        let message = format!(
            "the entry of {} {what} in the base; what was published stays as it was told",
            old.version
        );
        found.push(Exception {
            subject: old.version.to_string(),
            finding: at(line, wrong("changelog-entry-changed", file, message)),
        });
    }
    found
}

/// Returns the entry of a version.
pub fn entry(version: &Version, date: &str, changes: &[Finding]) -> String {
    let said = if changes.is_empty() {
        "\nNothing that clients notice: descriptions, examples or options of the protos.\n"
            .to_owned()
    } else {
        report::entry(changes)
    };
    format!("## {version} ({date})\n{said}")
}

/// Returns the entry of the version that is published first.
pub fn first(version: &Version, date: &str) -> String {
    format!("## {version} ({date})\n\nThe first version that is published.\n")
}

/// Puts an entry before the newest one.
pub fn with_entry(log: &str, entry: &str) -> String {
    let newest = if log.starts_with("## ") {
        Some(0)
    } else {
        log.find("\n## ").map(|before| before + 1)
    };
    match newest {
        Some(at) => format!("{}{entry}\n{}", &log[..at], &log[at..]),
        None => format!("{}\n\n{entry}", log.trim_end()),
    }
}

/// Returns the line of a change.
pub fn line(change: &Finding) -> String {
    let operation = change.operation.as_deref().unwrap_or_default();
    let operation = if operation.is_empty() {
        String::new()
    } else {
        format!("`{operation}`: ")
    };
    format!("- {operation}{} (`{}`)", change.message, change.id)
}
