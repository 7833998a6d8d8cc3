//! How the upstream differs from its contract: what is known of it, at `/drift`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::gateway::outcome::{Observer, Outcome};
use jiff::Timestamp;
use serde::Serialize;

use crate::admin::{Answer, Page};
use crate::catalogue::gateway::DRIFT_UNLISTED;
use crate::registry::Registry;

/// How many differences are remembered. An upstream with more is not worth telling
/// apart.
const MAX_REMEMBERED: usize = 1024;

/// The longest pointer that is remembered, in bytes.
const MAX_POINTER: usize = 256;

/// The differences that were met. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Drifts(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    seen: HashMap<Difference, Sightings>,
    /// How many were met that there was no room for.
    unlisted: u64,
}

/// A difference between replies and their contract.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Difference {
    operation: Arc<str>,
    pointer: String,
    kind: &'static str,
}

/// How often a difference was met, and when.
#[derive(Debug, Clone, Copy)]
struct Sightings {
    count: u64,
    first: Timestamp,
    last: Timestamp,
}

/// A difference as `/drift` shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    operation: Arc<str>,
    pointer: String,
    kind: &'static str,
    count: u64,
    first_seen: Timestamp,
    last_seen: Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AllShown {
    /// The latest first.
    differences: Vec<Shown>,
    /// How many were met that there was no room for.
    unlisted: u64,
}

impl Drifts {
    /// Adds what is counted here to the registry.
    pub fn register(&self, registry: &Registry) {
        let drifts = self.clone();
        registry.add(move |scrape| scrape.count(&DRIFT_UNLISTED, [], drifts.table().unlisted));
    }

    /// Takes note of a difference in a reply to `operation`. `pointer` is a JSON
    /// pointer in which `*` stands for any element of a list. Returns whether it is one
    /// that was not listed yet.
    pub fn note(&self, operation: &Arc<str>, pointer: String, kind: &'static str) -> bool {
        let mut pointer = pointer;
        pointer.truncate(pointer.floor_char_boundary(MAX_POINTER));
        let difference = Difference {
            operation: Arc::clone(operation),
            pointer,
            kind,
        };
        let now = Timestamp::now();
        let mut table = self.table();
        if let Some(seen) = table.seen.get_mut(&difference) {
            seen.count += 1;
            seen.last = now;
            return false;
        }
        if table.seen.len() >= MAX_REMEMBERED {
            table.unlisted += 1;
            return false;
        }
        let seen = Sightings {
            count: 1,
            first: now,
            last: now,
        };
        table.seen.insert(difference, seen);
        true
    }

    /// The page `/drift`.
    pub fn page(&self) -> Page {
        let drifts = self.clone();
        let about = "how the upstream differs from the contract: JSON, or a page for a browser";
        Page::new("/drift", about, move |asked| {
            let shown = drifts.shown();
            async move {
                if asked.wants_html {
                    return Answer::html(shown.html());
                }
                // A list of texts and numbers can be written.
                let json = serde_json::to_vec_pretty(&shown).unwrap_or_default();
                Answer::json(json)
            }
        })
    }

    fn shown(&self) -> AllShown {
        let table = self.table();
        let mut differences: Vec<_> = table
            .seen
            .iter()
            .map(|(difference, seen)| Shown {
                operation: Arc::clone(&difference.operation),
                pointer: difference.pointer.clone(),
                kind: difference.kind,
                count: seen.count,
                first_seen: seen.first,
                last_seen: seen.last,
            })
            .collect();
        let unlisted = table.unlisted;
        drop(table);
        differences.sort_by(|one, other| {
            let latest_first = other.last_seen.cmp(&one.last_seen);
            latest_first.then_with(|| {
                (&one.operation, &one.pointer).cmp(&(&other.operation, &other.pointer))
            })
        });
        AllShown {
            differences,
            unlisted,
        }
    }

    /// What is listed, the latest first.
    #[cfg(test)]
    pub(crate) fn listed(&self) -> Vec<(String, String, &'static str, u64)> {
        let shown = self.shown().differences.into_iter();
        shown
            .map(|shown| {
                (
                    shown.operation.to_string(),
                    shown.pointer,
                    shown.kind,
                    shown.count,
                )
            })
            .collect()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What transcode finds in every reply, and tells in the log.
impl Observer for Drifts {
    fn ended(&self, outcome: &Outcome) {
        let Some(rpc) = &outcome.rpc else { return };
        for drift in &outcome.upstream.drifts {
            self.note(rpc, pointer(&drift.path), drift.kind.as_str());
        }
    }
}

/// The JSON pointer of a path such as `$.users[].email`, with `*` for any element.
pub(crate) fn pointer(path: &str) -> String {
    let mut pointer = String::with_capacity(path.len());
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    loop {
        if let Some(behind) = rest.strip_prefix("[]") {
            pointer.push_str("/*");
            rest = behind;
            continue;
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if rest.is_empty() {
            return pointer;
        }
        let end = if rest.starts_with('"') {
            end_of_quoted(rest)
        } else {
            rest.find(['.', '[']).unwrap_or(rest.len()).max(1)
        };
        let (name, behind) = rest.split_at(end);
        pointer.push('/');
        let name = name.trim_matches('"');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        rest = behind;
    }
}

/// Where a name in quotes ends, in which a backslash stands before each quote.
fn end_of_quoted(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

impl AllShown {
    fn html(&self) -> String {
        let mut html = String::from(
            "<!doctype html><meta charset=utf-8><title>Drift</title><h1>Drift</h1>\
             <table border=1><tr><th>Operation<th>Pointer<th>Kind<th>Count<th>First seen\
             <th>Last seen",
        );
        for shown in &self.differences {
            // Writing to a string cannot fail.
            let _ = write!(
                html,
                "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}",
                escaped(&shown.operation),
                escaped(&shown.pointer),
                shown.kind,
                shown.count,
                shown.first_seen,
                shown.last_seen
            );
        }
        let _ = write!(html, "</table><p>{} more have no room here.", self.unlisted);
        html
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_pointer(path: &str, expected: &str) {
        assert_eq!(pointer(path), expected);
    }

    #[test]
    fn a_path_becomes_a_pointer() {
        check_pointer("$", "");
        check_pointer("$.email", "/email");
        check_pointer("$[].settings.locale", "/*/settings/locale");
        check_pointer("$.a[][].b", "/a/*/*/b");
        check_pointer(r#"$."a.b[]/~".c"#, "/a.b[]~1~0/c");
        check_pointer("Link", "/Link");
    }

    #[test]
    fn a_difference_is_listed_once_with_its_count() {
        let drifts = Drifts::default();
        let rpc: Arc<str> = "a.B/C".into();
        for _ in 0..3 {
            drifts.note(&rpc, "/x".to_owned(), "undeclared_property");
        }
        drifts.note(&rpc, "/y".to_owned(), "unknown_enum_value");
        let shown = drifts.shown();
        let counts: Vec<_> = shown
            .differences
            .iter()
            .map(|shown| (&*shown.pointer, shown.count))
            .collect();
        assert_eq!(counts, [("/y", 1), ("/x", 3)]);
    }

    #[test]
    fn what_there_is_no_room_for_is_counted() {
        let drifts = Drifts::default();
        let rpc: Arc<str> = "a.B/C".into();
        for n in 0..MAX_REMEMBERED + 5 {
            drifts.note(&rpc, format!("/{n}"), "undeclared_property");
        }
        let shown = drifts.shown();
        assert_eq!(
            (shown.differences.len(), shown.unlisted),
            (MAX_REMEMBERED, 5)
        );
    }

    #[test]
    fn a_page_has_no_markup_of_the_upstream() {
        let drifts = Drifts::default();
        drifts.note(
            &"a.B/C".into(),
            "/<script>".to_owned(),
            "undeclared_property",
        );
        let html = drifts.shown().html();
        assert!(html.contains("/&lt;script&gt;"), "{html}");
    }
}
