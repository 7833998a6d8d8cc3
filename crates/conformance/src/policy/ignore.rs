//! An entry of an ignore file: a finding that is accepted, and patterns that say which.

use openapi_diff::Date;
use serde::{Deserialize, Deserializer};

use crate::report::Finding;

/// A finding that is accepted. Every pattern that stands in it has to match.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ignore {
    pub(super) id: String,
    /// `GET /users/*`.
    pub(super) operation: Option<Pattern>,
    /// The operation without its method, `/users/*`.
    path: Option<Pattern>,
    /// A pointer in either document.
    pointer: Option<Pattern>,
    /// The sentence of the finding.
    message: Option<Pattern>,
    pub(super) reason: String,
    /// An ISO date. From that day on the entry no longer counts.
    #[serde(default, deserialize_with = "date")]
    expires: Option<Date>,
    #[serde(skip)]
    pub(super) used: bool,
}

impl Ignore {
    pub(super) fn has_expired(&self, today: Date) -> bool {
        self.expires.is_some_and(|date| date <= today)
    }

    pub(super) fn matches(&self, finding: &Finding) -> bool {
        self.id == finding.id
            && self.matches_an_operation(finding)
            && self.matches_a_pointer(finding)
            && is_match(self.message.as_ref(), &finding.message)
    }

    fn matches_an_operation(&self, finding: &Finding) -> bool {
        let mut operations = finding
            .operation
            .as_deref()
            .into_iter()
            .chain(finding.also.iter());
        let any = self.operation.is_none() && self.path.is_none();
        any || operations.any(|operation| self.accepts(operation))
    }

    fn matches_a_pointer(&self, finding: &Finding) -> bool {
        let places = [&finding.base, &finding.revision];
        let mut places = places.into_iter().flatten();
        self.pointer.is_none()
            || places.any(|place| is_match(self.pointer.as_ref(), &place.pointer))
    }

    /// Returns whether the entry is about this operation.
    pub(super) fn accepts(&self, operation: &str) -> bool {
        let path = operation
            .split_once(' ')
            .map_or(operation, |(_, path)| path);
        is_match(self.operation.as_ref(), operation) && is_match(self.path.as_ref(), path)
    }
}

/// Returns whether the text matches, or there is no pattern.
fn is_match(pattern: Option<&Pattern>, text: &str) -> bool {
    pattern.is_none_or(|pattern| pattern.matches(text))
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map(Some)
        .map_err(|_| serde::de::Error::custom(format!("`{text}` is not a date such as 2030-01-31")))
}

/// A text in which `*` stands for any text, and `\*` for an asterisk.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
pub(super) struct Pattern {
    text: String,
    /// What stands between the wildcards; one part if there are none.
    parts: Vec<String>,
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        let mut parts = vec![String::new()];
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            let escapes = c == '\\' && rest.peek() == Some(&'*');
            if c == '*' {
                parts.push(String::new());
            } else if let Some(part) = parts.last_mut() {
                part.push(c);
                if escapes {
                    part.pop();
                    part.extend(rest.next());
                }
            }
        }
        Self { text, parts }
    }
}

impl Pattern {
    /// As it stands in the file.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The pattern that matches this text alone.
    pub(super) fn literal(text: &str) -> String {
        text.replace('*', "\\*")
    }

    fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.parts.split_first() else {
            return text.is_empty();
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        let Some((last, inner)) = others.split_last() else {
            return rest.is_empty();
        };
        for part in inner {
            match rest.find(part.as_str()) {
                Some(index) => rest = &rest[index + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        let matches = Pattern::from(pattern.to_owned()).matches(text);
        assert_eq!(matches, expected, "{pattern} and {text}");
    }

    #[test]
    fn an_asterisk_stands_for_any_text() {
        check("GET /users/*", "GET /users/{id}/logins", true);
        check("GET /users/*", "GET /users", false);
        check("*/a/*/b", "/x/a/1/2/b", true);
        check("*/a/*/b", "/x/a/b", false);
        check("**", "", true);
        check("/users", "/users", true);
        check("/users", "/users/", false);
    }

    #[test]
    fn an_escaped_asterisk_is_itself() {
        check("/content/\\*~1\\*", "/content/*~1*", true);
        check("/content/\\*~1\\*", "/content/a~1b", false);
        check("a\\b", "a\\b", true);
    }

    #[test]
    fn a_literal_matches_itself_alone() {
        for text in ["", "*", "a\\*b", "a\\", "\\\\*"] {
            check(&Pattern::literal(text), text, true);
            check(&Pattern::literal(text), &format!("{text}x"), false);
        }
        check(&Pattern::literal("a*"), "ab", false);
    }
}
