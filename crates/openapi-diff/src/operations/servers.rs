//! Where the API is.
//!
//! What matters to a client is the whole URL of an operation, so a base path
//! may move between the server and the paths.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use super::judge::{Judge, template};
use crate::alternatives::list;
use crate::document::Located;
use crate::rules::OperationRule;

/// More addresses than this are not told apart.
const MAX_URLS: usize = 100;

/// Addresses that are gone, and whether any was left.
#[derive(Default)]
pub(super) struct Moves {
    /// By address: the operation, unless the servers are those of the document.
    gone: BTreeMap<(Option<String>, String), (String, bool)>,
    /// How the paths have changed of operations that use the servers of the document.
    of_document: HashSet<(String, String)>,
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
        let (was, is) = (own_servers(old.1), own_servers(new.1));
        let is_own = was.is_some() || is.is_some();
        let (old_path, new_path) = (template(old.0).0, template(new.0).0);
        let (old_path, new_path) = without_common_end(&old_path, &new_path);
        if !is_own {
            let change = (old_path.to_owned(), new_path.to_owned());
            if !moves.of_document.insert(change) {
                return;
            }
        }
        let (old_root, new_root) = self.root();
        let was = was.unwrap_or_else(|| list(&old_root, "servers"));
        let is = is.unwrap_or_else(|| list(&new_root, "servers"));
        let mut before: Vec<(Address, String)> = Vec::new();
        for place in &was {
            let addresses = addresses(place).into_iter();
            before.extend(addresses.map(|address| (address, place.pointer.clone())));
        }
        let now: Vec<Address> = is.iter().flat_map(addresses).collect();
        let is_relative =
            |address: &Address| address.url.starts_with('/') || address.url.is_empty();
        if was.is_empty() && now.iter().all(is_relative) {
            // Without servers the API is where the document is.
            before.push((Address::default(), String::new()));
        }
        let now = Addresses::of(now, new_path);
        let left = |address: &Address| now.has(address, old_path);
        let some_left = before.iter().any(|(address, _)| left(address));
        for (address, pointer) in before {
            if !left(&address) {
                let name = is_own.then(|| operation.to_owned());
                let url = if address.url.is_empty() {
                    "/".to_owned()
                } else {
                    address.url
                };
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

/// Two paths without the segments at their ends that are the same.
fn without_common_end<'p>(old: &'p str, new: &'p str) -> (&'p str, &'p str) {
    let (mut old, mut new) = (old, new);
    while let (Some(was), Some(is)) = (old.rfind('/'), new.rfind('/'))
        && old[was..] == new[is..]
    {
        (old, new) = (&old[..was], &new[..is]);
    }
    (old, new)
}

/// The servers that an operation names, or else its path; nothing if those of the document
/// are meant.
fn own_servers<'a>([item, operation]: [&Located<'a>; 2]) -> Option<Vec<Located<'a>>> {
    let of = [operation, item].into_iter();
    let mut own = of.map(|of| list(of, "servers"));
    own.find(|servers| !servers.is_empty())
}

/// Where a server can be found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Address {
    /// In one spelling, with `{*}` for each variable that can have any value.
    url: String,
    /// Whether every variable has the value that a client uses who is told no other.
    is_usual: bool,
}

/// What stands for any value.
const ANY_VALUE: &str = "{*}";

/// The addresses of a server: for each value of its variables, and for all of those that
/// can have any. The usual one comes first.
fn addresses(place: &Located<'_>) -> Vec<Address> {
    let mut all = vec![Address {
        url: place.text("url").unwrap_or_default().to_owned(),
        is_usual: true,
    }];
    if let Some(Value::Object(variables)) = place.value.get("variables") {
        for (name, variable) in variables {
            let default = variable.get("default").and_then(Value::as_str);
            let listed = variable.get("enum").and_then(Value::as_array);
            let is_open = listed.is_none();
            let listed = listed.into_iter().flatten().filter_map(Value::as_str);
            let mut values: Vec<&str> = default.into_iter().collect();
            for value in listed.chain(is_open.then_some(ANY_VALUE)) {
                if !values.contains(&value) && all.len() * values.len() < MAX_URLS {
                    values.push(value);
                }
            }
            let hole = format!("{{{name}}}");
            let is_used = all.iter().any(|address| address.url.contains(&hole));
            if is_used && !values.is_empty() {
                let with = |address: &Address, value: &str| Address {
                    url: address.url.replace(&hole, value),
                    is_usual: address.is_usual && Some(value) == default,
                };
                all = all
                    .iter()
                    .flat_map(|address| values.iter().map(|value| with(address, value)))
                    .collect();
            }
        }
    }
    for address in &mut all {
        address.url = spelled(&address.url);
    }
    all
}

/// The URLs of a server that have no variables left.
fn urls(place: &Located<'_>) -> Vec<String> {
    let all = addresses(place).into_iter();
    let named = all.filter(|address| !address.url.contains(ANY_VALUE));
    let mut urls: Vec<String> = named.map(|address| address.url).collect();
    urls.retain(|url| !url.is_empty());
    urls
}

/// Addresses to be looked up, with a path at their ends.
struct Addresses {
    all: BTreeSet<String>,
    /// Those that have parts that can be anything.
    open: Vec<String>,
}

impl Addresses {
    /// Without any, the API is where the document is.
    fn of(all: Vec<Address>, path: &str) -> Self {
        let none = all.is_empty().then(String::new);
        let all = all.into_iter().map(|address| address.url).chain(none);
        let all: BTreeSet<String> = all.map(|url| format!("{url}{path}")).collect();
        let is_open = |url: &&String| url.contains(ANY_VALUE);
        Self {
            open: all.iter().filter(is_open).cloned().collect(),
            all,
        }
    }

    /// Returns whether an address with a path is among these. Where clients go who are told
    /// nothing else, they must find it under its own name.
    fn has(&self, address: &Address, path: &str) -> bool {
        let url = format!("{}{path}", address.url);
        self.all.contains(&url)
            || (!address.is_usual && self.open.iter().any(|open| fits(open, &url)))
    }
}

/// Returns whether an address is another one with something for each part that is open.
fn fits(open: &str, url: &str) -> bool {
    let mut parts = open.split(ANY_VALUE);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = url.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
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
