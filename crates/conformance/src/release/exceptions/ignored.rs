//! Ignore files: entries and levels that a change adds.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::allowance::Exception;
use super::super::error::ReleaseError;
use super::super::finding::wrong;
use super::super::settings::from_toml;

/// What of an ignore file weakens a check. The policy of a comparison reads the
/// rest, and refuses what is not valid.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct IgnoreFile {
    levels: BTreeMap<String, String>,
    ignore: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    id: String,
    operation: Option<String>,
    path: Option<String>,
    pointer: Option<String>,
    message: Option<String>,
    expires: Option<String>,
    #[serde(default)]
    reason: String,
}

impl Entry {
    /// What says which findings the entry accepts. An entry with fewer of these
    /// accepts more.
    fn patterns(&self) -> [Option<&String>; 5] {
        [
            Some(&self.id),
            self.operation.as_ref(),
            self.path.as_ref(),
            self.pointer.as_ref(),
            self.message.as_ref(),
        ]
    }

    /// Returns whether the entry counts for longer than another.
    fn outlasts(&self, other: &Self) -> bool {
        match (&self.expires, &other.expires) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(now), Some(before)) => now > before,
        }
    }

    fn subject(&self) -> String {
        let parts = self.patterns().into_iter().flatten();
        let parts: Vec<_> = parts.map(String::as_str).collect();
        parts.join(" ")
    }
}

/// Returns what an ignore file accepts and did not before.
pub(super) fn of_ignore_file(
    now: &str,
    before: &str,
    file: &str,
) -> Result<Vec<Exception>, ReleaseError> {
    let before: IgnoreFile = from_toml(before, file)?;
    let now: IgnoreFile = from_toml(now, file)?;
    let mut found = Vec::new();
    for entry in &now.ignore {
        let old = before
            .ignore
            .iter()
            .find(|old| entry.patterns() == old.patterns() && !entry.outlasts(old));
        if old.is_none() {
            let subject = entry.subject();
            let message = format!(
                "this change accepts `{subject}`, which the base does not accept, or not for as \
                 long ({})",
                entry.reason
            );
            found.push(Exception {
                subject,
                finding: wrong("ignore-added", file, message),
            });
        }
    }
    for (id, level) in &now.levels {
        let old = before.levels.get(id);
        if rank(level) < old.map_or(rank("error"), |old| rank(old)) {
            let message = format!(
                "this change makes `{id}` {level}, which is {} in the base",
                old.map_or("as it comes", String::as_str)
            );
            found.push(Exception {
                subject: format!("{id} {level}"),
                finding: wrong("level-lowered", file, message),
            });
        }
    }
    Ok(found)
}

fn rank(level: &str) -> usize {
    let levels = ["none", "info", "warning", "error"];
    levels.iter().position(|known| *known == level).unwrap_or(0)
}
