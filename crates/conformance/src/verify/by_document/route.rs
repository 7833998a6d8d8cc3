//! Which operation of a document a request is of.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use crate::reference::escape;
use crate::reference::place;
use crate::verify::laws::{Model, Operation};

/// Where a server has its operations.
struct Base {
    /// The host with its port, where the document names it.
    host: Option<String>,
    /// The segments of the path; one that has a variable stands for any.
    segments: Vec<String>,
}

/// The operations of a document, by their URLs.
pub(crate) struct Routes<'m> {
    operations: Vec<(&'m Operation, Vec<Base>)>,
    /// The hosts that count; all where there is none.
    hosts: BTreeSet<String>,
}

/// An operation, and the values of the variables in its path, still encoded.
pub(crate) type Routed<'m> = (&'m Operation, Vec<(String, String)>);

impl<'m> Routes<'m> {
    /// The routes for requests to some URLs. Where one of these is on a host that the
    /// document names, only such hosts count, since a browser asks others too. Else
    /// the server may be anywhere, such as on the machine of a developer.
    pub(crate) fn new<'u>(model: &'m Model, urls: impl Iterator<Item = &'u str>) -> Self {
        let operations = model.operations.iter();
        let operations: Vec<_> = operations
            .map(|operation| (operation, bases(model.root(), operation)))
            .collect();
        let bases = operations.iter().flat_map(|(_, bases)| bases);
        let named: BTreeSet<_> = bases.filter_map(|base| base.host.clone()).collect();
        let mut hosts = urls.filter_map(|url| split(url).0);
        let is_one_named = hosts.any(|host| named.contains(&host));
        Self {
            operations,
            hosts: if is_one_named { named } else { BTreeSet::new() },
        }
    }

    /// The operation that a request to a URL is of.
    pub(crate) fn of_url(&self, method: &Method, url: &str) -> Option<Routed<'m>> {
        let (host, path) = split(url);
        if let Some(host) = host
            && !self.hosts.is_empty()
            && !self.hosts.contains(&host)
        {
            return None;
        }
        let of = |(operation, bases): &(&'m Operation, Vec<Base>)| {
            let mut below = bases.iter().filter_map(|base| base.below(path));
            below.find_map(|below| variables(&operation.path, below).map(|of| (*operation, of)))
        };
        self.nearest(method, of)
    }

    /// The operation that a request to a path below the base is of. One with the id
    /// comes before all others.
    pub(crate) fn of_path(&self, method: &Method, path: &str, id: &str) -> Option<Routed<'m>> {
        let of = |(operation, _): &(&'m Operation, Vec<Base>)| {
            Some((*operation, variables(&operation.path, path)?))
        };
        let mut all = self.operations.iter();
        let named = all.find(|(operation, _)| operation.id == id && operation.method == *method);
        named.and_then(of).or_else(|| self.nearest(method, of))
    }

    /// The operation that fits best: whose path has its first variable last.
    fn nearest(
        &self,
        method: &Method,
        of: impl Fn(&(&'m Operation, Vec<Base>)) -> Option<Routed<'m>>,
    ) -> Option<Routed<'m>> {
        let fitting = self.operations.iter();
        let fitting = fitting.filter(|(operation, _)| operation.method == *method);
        fitting.filter_map(of).min_by_key(|(operation, _)| {
            let segments = operation.path.split('/');
            let are_open: Vec<_> = segments.map(|segment| segment.contains('{')).collect();
            are_open
        })
    }
}

impl Base {
    /// A path without the base.
    fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        let mut rest = path;
        for wanted in &self.segments {
            let behind = rest.strip_prefix('/')?;
            let end = behind.find('/').unwrap_or(behind.len());
            let (given, after) = behind.split_at(end);
            if !wanted.contains('{') && wanted != given {
                return None;
            }
            rest = after;
        }
        Some(rest)
    }
}

/// Where the servers of an operation have it: its own, else those of its path, else
/// those of the document.
fn bases(root: &Value, operation: &Operation) -> Vec<Base> {
    let item = place(root, format!("/paths/{}", escape(&operation.path)));
    let stated = [operation.pointer.as_str(), item.as_str(), ""];
    let mut stated = stated.iter().filter_map(|at| {
        let servers = root.pointer(&format!("{at}/servers"))?.as_array()?;
        (!servers.is_empty()).then_some(servers)
    });
    let urls = stated.next().into_iter().flatten();
    let mut bases: Vec<_> = urls
        .filter_map(|server| server["url"].as_str())
        .map(base)
        .collect();
    if bases.is_empty() {
        bases.push(base("/"));
    }
    bases
}

fn base(url: &str) -> Base {
    let (host, path) = split(url);
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    Base {
        // A template has no value that is known here.
        host: host.filter(|host| !host.contains('{')),
        segments: segments.map(str::to_owned).collect(),
    }
}

/// The host and the path of a URL, or of a path alone.
fn split(url: &str) -> (Option<String>, &str) {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((_, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.rsplit('@').next().unwrap_or_default();
            (Some(host.to_ascii_lowercase()), path)
        }
        None => (None, url),
    }
}

/// The values of the variables of a template in a path that fits it.
fn variables(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    // Many servers take a slash at the end for nothing.
    let (template, path) = (template.trim_end_matches('/'), path.trim_end_matches('/'));
    let (wanted, given) = (template.split('/'), path.split('/'));
    if wanted.clone().count() != given.clone().count() {
        return None;
    }
    let mut found = Vec::new();
    for (wanted, given) in wanted.zip(given) {
        segment(wanted, given, &mut found)?;
    }
    Some(found)
}

/// Reads one segment, such as `{name}`, `{name}.json` or `{from}..{to}`.
fn segment(template: &str, given: &str, found: &mut Vec<(String, String)>) -> Option<()> {
    let Some((before, rest)) = template.split_once('{') else {
        return (template == given).then_some(());
    };
    let (name, after) = rest.split_once('}')?;
    let given = given.strip_prefix(before)?;
    // What stands between two variables ends the first.
    let literal = after.split('{').next().unwrap_or_default();
    let end = if literal.is_empty() {
        given.len()
    } else if literal.len() == after.len() {
        given.len().checked_sub(literal.len())?
    } else {
        given.find(literal)?
    };
    let value = given.get(..end).filter(|value| !value.is_empty())?;
    found.push((name.to_owned(), value.to_owned()));
    segment(after, given.get(end..)?, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &str, path: &str, expected: Option<&[(&str, &str)]>) {
        let found = variables(template, path);
        let found = found.as_ref().map(|found| {
            let pairs = found.iter().map(|(name, value)| (&**name, &**value));
            pairs.collect::<Vec<_>>()
        });
        assert_eq!(found.as_deref(), expected, "{path} and {template}");
    }

    #[test]
    fn a_path_fits_a_template_segment_by_segment() {
        check("/shoes", "/shoes", Some(&[]));
        check("/shoes", "/shoes/", Some(&[]));
        check("/shoes/{id}", "/shoes/7", Some(&[("id", "7")]));
        check("/shoes/{id}", "/shoes/", None);
        check("/shoes/{id}", "/shoes/7/laces", None);
        check("/", "", Some(&[]));
    }

    #[test]
    fn a_variable_can_be_a_part_of_a_segment() {
        check("/{name}.json", "/a.b.json", Some(&[("name", "a.b")]));
        check("/{name}.json", "/.json", None);
        check(
            "/{from}..{to}",
            "/1..2",
            Some(&[("from", "1"), ("to", "2")]),
        );
        check("/shoes/{id}:lace", "/shoes/7:lace", Some(&[("id", "7")]));
        check("/shoes/{id}:lace", "/shoes/7:tie", None);
    }
}
