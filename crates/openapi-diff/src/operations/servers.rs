//! Where the API is.
//!
//! What matters to a client is the whole URL of an operation, so a base path
//! may move between the server and the paths.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::judge::{Judge, template};
use crate::alternatives::list;
use crate::document::{Document, Located};
use crate::rules::OperationRule;

/// More addresses than this are not told apart.
const MAX_URLS: usize = 100;

/// Addresses that are gone, and whether any was left.
#[derive(Default)]
pub(super) struct Moves {
    /// By address: the operation, unless the servers are those of the document.
    gone: BTreeMap<(Option<String>, String), (String, bool)>,
}

impl<'a> Judge<'a> {
    /// The paths that the first servers of the documents stand at.
    pub(super) fn prefixes(&self) -> (String, String) {
        let (old, new) = self.root();
        let prefix = |root: &Located<'a>| {
            let first = list(root, "servers").first().map(urls);
            first
                .and_then(|urls| urls.first().map(|url| split(url).1))
                .unwrap_or_default()
        };
        (prefix(&old), prefix(&new))
    }

    /// Notes the addresses at which an operation is no longer found.
    pub(super) fn moved(
        &self,
        operation: &str,
        old: (&str, [&Located<'a>; 2]),
        new: (&str, [&Located<'a>; 2]),
        moves: &mut Moves,
    ) {
        let (was, was_own) = servers(self.base, old.1);
        let (is, is_own) = servers(self.revision, new.1);
        let (old_path, new_path) = (template(old.0).0, template(new.0).0);
        let now: BTreeSet<String> = if is.is_empty() {
            BTreeSet::from([new_path.clone()])
        } else {
            is.iter()
                .flat_map(urls)
                .map(|url| format!("{url}{new_path}"))
                .collect()
        };
        let before: Vec<(String, String)> = was
            .iter()
            .flat_map(|place| {
                urls(place)
                    .into_iter()
                    .map(|url| (url, place.pointer.clone()))
            })
            .collect();
        let left = |url: &str| now.contains(&format!("{url}{old_path}"));
        let some_left = before.iter().any(|(url, _)| left(url));
        for (url, pointer) in before {
            if !left(&url) {
                let name = (was_own || is_own).then(|| operation.to_owned());
                moves
                    .gone
                    .entry((name, url))
                    .or_insert((pointer, some_left));
            }
        }
    }

    /// Reports what has been noted, and servers that are new.
    pub(super) fn servers(&mut self, moves: Moves) {
        for ((operation, url), (pointer, some_left)) in moves.gone {
            let (rule, text) = if some_left {
                (
                    OperationRule::ApiServerRemoved,
                    "is gone; clients that use it fail",
                )
            } else {
                (
                    OperationRule::ApiServersReplaced,
                    "is gone, as are all other old servers; clients that use it fail",
                )
            };
            let place = self.base.place(&pointer);
            self.report(
                rule,
                None,
                operation.as_deref(),
                (place.as_ref(), None),
                format!("the server {url} {text}"),
            );
        }
        let (old, new) = self.root();
        let was: BTreeSet<String> = list(&old, "servers").iter().flat_map(urls).collect();
        for place in list(&new, "servers") {
            if let Some(url) = urls(&place).into_iter().find(|url| !was.contains(url))
                && !was.is_empty()
            {
                let text = format!("the server {url} is new");
                self.report(
                    OperationRule::ApiServerAdded,
                    None,
                    None,
                    (None, Some(&place)),
                    text,
                );
            }
        }
    }
}

/// The servers of an operation, and whether it or its path names them.
fn servers<'a>(
    document: &'a Document,
    [item, operation]: [&Located<'a>; 2],
) -> (Vec<Located<'a>>, bool) {
    for of in [operation, item] {
        let own = list(of, "servers");
        if !own.is_empty() {
            return (own, true);
        }
    }
    let root = Located {
        pointer: String::new(),
        value: &document.root,
    };
    (list(&root, "servers"), false)
}

/// The URLs of a server in one spelling, for each value of its variables.
fn urls(place: &Located<'_>) -> Vec<String> {
    let url = place.text("url").unwrap_or_default().to_owned();
    let mut all = vec![url];
    if let Some(Value::Object(variables)) = place.value.get("variables") {
        for (name, variable) in variables {
            let default = variable.get("default").and_then(Value::as_str);
            let listed = variable.get("enum").and_then(Value::as_array);
            let listed = listed.into_iter().flatten().filter_map(Value::as_str);
            let mut values: Vec<&str> = default.into_iter().collect();
            for value in listed {
                if !values.contains(&value) && all.len() * values.len() < MAX_URLS {
                    values.push(value);
                }
            }
            let hole = format!("{{{name}}}");
            if !values.is_empty() {
                all = all
                    .iter()
                    .flat_map(|url| values.iter().map(|value| url.replace(&hole, value)))
                    .collect();
            }
        }
    }
    let mut all: Vec<String> = all.iter().map(|url| spelled(url)).collect();
    all.retain(|url| !url.is_empty());
    all
}

fn spelled(url: &str) -> String {
    let (origin, path) = split(url);
    let origin = origin.to_ascii_lowercase();
    let origin = match origin.split_once("://") {
        Some(("https", host)) => format!("https://{}", host.strip_suffix(":443").unwrap_or(host)),
        Some(("http", host)) => format!("http://{}", host.strip_suffix(":80").unwrap_or(host)),
        _ => origin,
    };
    format!("{origin}{path}")
}

/// Scheme and host, and the path without a slash at its end.
fn split(url: &str) -> (String, String) {
    let start = url.find("://").map_or(0, |offset| offset + 3);
    let at = url[start..]
        .find('/')
        .map_or(url.len(), |offset| offset + start);
    (
        url[..at].to_owned(),
        url[at..].trim_end_matches('/').to_owned(),
    )
}
