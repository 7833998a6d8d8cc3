//! What a base lets a change add to the rules that it is judged by.

use serde::Deserialize;

use crate::diff::Date;
use crate::report::{Finding, Level};

/// What weakens a check, and can be allowed.
pub(crate) const ALLOWABLE: [&str; 10] = [
    "buf-rules-loosened",
    "changelog-entry-changed",
    "guarded-file-changed",
    "ignore-added",
    "law-exempted",
    "level-lowered",
    "settings-changed",
    "unreachable-added",
    "version-raised",
    "waiver-added",
];

/// An entry of `[[allow]]`: a change may do this, because the commit that it is
/// compared with says so.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// The kind of finding.
    pub id: String,
    /// What it is about; `*` stands for any text.
    pub subject: String,
    /// Why it is allowed.
    pub reason: String,
    /// An ISO date. From that day on the entry no longer counts.
    pub expires: Option<String>,
}

/// A finding about the rules of a check, which a base can allow.
#[derive(Debug, Clone)]
pub struct Exception {
    /// What an allowance has to name.
    pub subject: String,
    /// The finding.
    pub finding: Finding,
}

impl Allowance {
    pub(crate) fn check(&self) -> Result<(), String> {
        let Self {
            id,
            subject,
            reason,
            expires,
        } = self;
        if !ALLOWABLE.contains(&&**id) {
            let known = ALLOWABLE.join(", ");
            return Err(format!(
                "`[[allow]]` has the id `{id}`, and can have {known}"
            ));
        }
        if reason.trim().is_empty() {
            return Err(format!(
                "the allowance of `{id}` for `{subject}` gives no reason; say why it is allowed"
            ));
        }
        if expires.as_deref().is_some_and(|date| !is_date(date)) {
            return Err(format!(
                "`expires` of the allowance of `{id}` for `{subject}` is not a date such as \
                 2030-01-31"
            ));
        }
        Ok(())
    }

    fn covers(&self, exception: &Exception, today: &str) -> bool {
        let counts = self.expires.as_deref().is_none_or(|date| today < date);
        counts && self.id == exception.finding.id && matches(&self.subject, &exception.subject)
    }
}

/// Makes errors of what the base does not allow, and warnings of what it does.
pub fn settle(exceptions: Vec<Exception>, allowed: &[Allowance], today: &str) -> Vec<Finding> {
    let settled = exceptions.into_iter().map(|exception| {
        let allowance = allowed
            .iter()
            .find(|allowance| allowance.covers(&exception, today));
        let Exception {
            subject,
            mut finding,
        } = exception;
        if let Some(allowance) = allowance {
            finding.level = Level::Warning;
            finding.message = format!(
                "{}; the base allows it: {}",
                finding.message, allowance.reason
            );
        } else {
            finding.level = Level::Error;
            finding.message = format!(
                "{}. If it is meant, let a change of its own land first that allows it: \
                 `[[allow]]` with id = \"{}\" and subject = {subject:?} in contract.toml",
                finding.message, finding.id
            );
        }
        finding
    });
    settled.collect()
}

/// Returns whether a text is a date as ISO 8601 writes it, `2030-01-31`.
pub(crate) fn is_date(text: &str) -> bool {
    // Other spellings of a date are read as well.
    let is_plain = text.len() == 10
        && text
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_digit());
    is_plain && text.parse::<Date>().is_ok()
}

/// Returns whether a text matches a pattern, in which `*` stands for any text.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<_> = rest.split('*').collect();
    let Some((last, between)) = parts.split_last() else {
        return true;
    };
    for part in between {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}
