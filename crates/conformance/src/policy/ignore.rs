//! An entry of an ignore file: a finding that is accepted, and patterns that say which.

use std::collections::{BTreeSet, HashMap};

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
        let mut operations = operations(finding);
        let any = self.operation.is_none() && self.path.is_none();
        any || operations.any(|operation| self.accepts(operation))
    }

    fn matches_a_pointer(&self, finding: &Finding) -> bool {
        self.pointer.is_none()
            || pointers(finding).any(|pointer| is_match(self.pointer.as_ref(), pointer))
    }

    /// The message and the pointer that a finding must have, where there is only one.
    fn exact(&self) -> (Option<&str>, Option<&str>) {
        (
            self.message.as_ref().and_then(Pattern::exact),
            self.pointer.as_ref().and_then(Pattern::exact),
        )
    }

    /// Returns whether the entry is about this operation.
    pub(super) fn accepts(&self, operation: &str) -> bool {
        let path = operation
            .split_once(' ')
            .map_or(operation, |(_, path)| path);
        is_match(self.operation.as_ref(), operation) && is_match(self.path.as_ref(), path)
    }
}

/// Entries to be looked up: a baseline has as many as there were findings.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// By the id, and the message and the pointer that a finding must have.
    entries: HashMap<Key, Vec<usize>>,
    /// Those that name an operation instead: by the id, and the operation that a finding
    /// must reach.
    by_operation: HashMap<String, HashMap<String, Vec<usize>>>,
}

/// An id, and a message and a pointer, unless any will do.
type Key = (String, Option<String>, Option<String>);

impl Index {
    pub(super) fn of(entries: &[Ignore]) -> Self {
        let mut index = Self::default();
        for (number, entry) in entries.iter().enumerate() {
            let (message, pointer) = entry.exact();
            let exact = [message, pointer].map(|text| text.map(str::to_owned));
            let [message, pointer] = exact;
            let operation = entry.operation.as_ref().and_then(Pattern::exact);
            if let (None, None, Some(operation)) = (&message, &pointer, operation) {
                let of_id = index.by_operation.entry(entry.id.clone()).or_default();
                of_id.entry(operation.to_owned()).or_default().push(number);
                continue;
            }
            let key = (entry.id.clone(), message, pointer);
            index.entries.entry(key).or_default().push(number);
        }
        index
    }

    /// The numbers of the entries that may match a finding, in order.
    pub(super) fn likely(&self, finding: &Finding) -> Vec<usize> {
        if self.entries.is_empty() && self.by_operation.is_empty() {
            return Vec::new();
        }
        let pointers = pointers(finding).map(|pointer| Some(pointer.to_owned()));
        let pointers: BTreeSet<Option<String>> = pointers.chain([None]).collect();
        let mut likely = Vec::new();
        for pointer in pointers {
            for message in [None, Some(finding.message.clone())] {
                let key = (finding.id.clone(), message, pointer.clone());
                likely.extend(self.entries.get(&key).into_iter().flatten().copied());
            }
        }
        if let Some(by_operation) = self.by_operation.get(&finding.id) {
            let operations = operations(finding);
            let entries = operations.filter_map(|operation| by_operation.get(operation));
            likely.extend(entries.flatten().copied());
        }
        likely.sort_unstable();
        likely
    }
}

/// The operations that a finding is about.
fn operations(finding: &Finding) -> impl Iterator<Item = &str> {
    let first = finding.operation.as_deref();
    first.into_iter().chain(finding.also.iter())
}

/// The pointers to the places of a finding. One in the body of an exchange can also be named
/// as it stands in that.
fn pointers(finding: &Finding) -> impl Iterator<Item = &str> {
    let places = [&finding.base, &finding.revision].into_iter().flatten();
    let whole = places.map(|place| place.pointer.as_str());
    let in_body = finding.revision.as_ref().and_then(|place| {
        let bodies = ["/request/body", "/response/body"].into_iter();
        let mut inner = bodies.filter_map(|body| place.pointer.strip_prefix(body));
        inner.next()
    });
    whole.chain(in_body)
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

    /// The only text that matches, if there is but one.
    fn exact(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [text] => Some(text),
            _ => None,
        }
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
    use super::{Index, Pattern};
    use crate::report::{Finding, Level, Location, OperationList};

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

    #[track_caller]
    fn likely(entry: &str, pointer: &str, message: &str) -> bool {
        let entry = toml::from_str(entry).expect("is an entry");
        let finding = Finding {
            id: "endpoint-added".to_owned(),
            level: Level::Info,
            direction: None,
            operation: None,
            also: OperationList::default(),
            base: None,
            revision: Some(Location {
                pointer: pointer.to_owned(),
                ..Location::of_text("api.json", None)
            }),
            message: message.to_owned(),
        };
        !Index::of(&[entry]).likely(&finding).is_empty()
    }

    #[test]
    fn entries_are_looked_up_by_what_they_name_exactly() {
        let all = "id = 'endpoint-added'\nreason = 'r'\n";
        assert!(likely(all, "/paths/~1a", "is new"));
        let by_message = format!("{all}message = 'is new'");
        assert!(likely(&by_message, "/paths/~1a", "is new"));
        assert!(!likely(&by_message, "/paths/~1a", "is gone"));
        let by_pointer = format!("{all}pointer = '/paths/~1a'");
        assert!(likely(&by_pointer, "/paths/~1a", "is new"));
        assert!(!likely(&by_pointer, "/paths/~1b", "is new"));
        let in_body = format!("{all}pointer = '/a/b'");
        assert!(likely(&in_body, "/response/body/a/b", "is new"));
        let by_both = format!("{by_pointer}\nmessage = 'is *'");
        assert!(likely(&by_both, "/paths/~1a", "is new"));
        assert!(!likely(
            &format!("{all}operation = 'GET /a'"),
            "/paths/~1a",
            "is new"
        ));
        assert!(likely(
            &format!("{all}operation = 'GET /*'"),
            "/paths/~1a",
            "is new"
        ));
        let other = all.replace("added", "deprecated");
        assert!(!likely(&other, "/paths/~1a", "is new"));
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
