//! What all judgements outside schemas share.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Date;

use crate::alternatives::Node;
use crate::compare::Compare;
use crate::document::{Document, Located};
use crate::finding::{Finding, Location};
use crate::level::Direction;
use crate::rules::{Part, Rule};

/// A pair of places, each of which may not exist.
pub(super) type Places<'p> = (Option<&'p Located<'p>>, Option<&'p Located<'p>>);

pub(super) struct Judge<'a> {
    pub(super) base: &'a Document,
    pub(super) revision: &'a Document,
    pub(super) today: Date,
    pub(super) findings: Vec<Finding>,
    /// The comparisons of schemas: of requests, of requests as text, and of responses.
    pub(super) compares: [Compare<'a>; 3],
    pub(super) uses: Vec<Use>,
    /// Which path items of callbacks have been compared, and whether inverted. One can
    /// be that of an operation that it is a callback of.
    pub(super) called_back: HashSet<(String, String, bool)>,
}

/// Where schemas that differ are used.
pub(super) struct Use {
    pub(super) operation: String,
    pub(super) part: Part,
    pub(super) direction: Direction,
    pub(super) subject: String,
    /// Which comparison they stand in, and the number of the pair there.
    pub(super) compare: usize,
    pub(super) pair: usize,
}

/// A change of a schema, whatever uses it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cause {
    /// Which comparison it stands in.
    pub(super) compare: usize,
    /// What the schemas were compared as.
    pub(super) part: Part,
    /// The number of the pair, and that of the change there.
    pub(super) pair: usize,
    pub(super) change: usize,
}

/// The operation that is looked at.
#[derive(Clone)]
pub(super) struct Scope {
    pub(super) operation: String,
    /// In a callback it is the server that asks.
    pub(super) inverted: bool,
    /// Names of path parameters that differ, the old one first.
    pub(super) renamed: BTreeMap<String, String>,
}

impl<'a> Judge<'a> {
    pub(super) fn report(
        &mut self,
        rule: impl Into<Rule>,
        direction: Option<Direction>,
        operation: Option<&str>,
        places: Places<'_>,
        message: String,
    ) {
        let rule = rule.into();
        let location = |document: &Document, place: Option<&Located<'_>>| {
            place.map(|place| Location {
                source: document.source.clone(),
                pointer: place.pointer.clone(),
                line: None,
            })
        };
        self.findings.push(Finding {
            rule,
            level: rule.level(),
            direction,
            operation: operation.map(str::to_owned),
            also: Vec::new(),
            base: location(self.base, places.0),
            revision: location(self.revision, places.1),
            message,
        });
    }

    pub(super) fn root(&self) -> (Located<'a>, Located<'a>) {
        let root = |document: &'a Document| Located {
            pointer: String::new(),
            value: &document.root,
        };
        (root(self.base), root(self.revision))
    }
    pub(super) fn schemas(
        &mut self,
        scope: &Scope,
        part: Part,
        direction: Direction,
        subject: &str,
        nodes: (&Node<'a>, &Node<'a>),
        text: bool,
    ) {
        let compare = match (direction, text) {
            (Direction::Request, false) => 0,
            (Direction::Request, true) => 1,
            (Direction::Response, _) => 2,
        };
        if let Some(pair) = self.compares[compare].explore(nodes.0, nodes.1) {
            self.uses.push(Use {
                operation: scope.operation.clone(),
                part,
                direction,
                subject: subject.to_owned(),
                compare,
                pair,
            });
        }
    }
}

pub(super) fn sent(scope: &Scope) -> Direction {
    if scope.inverted {
        Direction::Response
    } else {
        Direction::Request
    }
}

pub(super) fn path_of(operation: &str) -> &str {
    operation
        .split_once(' ')
        .map_or(operation, |(_, path)| path)
}

pub(super) fn schema<'a>(place: &Located<'a>) -> Node<'a> {
    place
        .raw_member("schema")
        .map(Node::one)
        .unwrap_or_default()
}

/// The path with its parameters unnamed, and their names.
pub(super) fn template(path: &str) -> (String, Vec<String>) {
    let (mut key, mut names) = (String::new(), Vec::new());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else {
            break;
        };
        key.push_str(before);
        key.push_str("{}");
        names.push(name.to_owned());
        rest = tail;
    }
    key.push_str(rest);
    (key, names)
}

/// A media type in one spelling. A charset of UTF-8 is what JSON has anyway.
pub(super) fn media(kind: &str) -> String {
    let mut parts = kind
        .split(';')
        .map(|part| part.trim().to_ascii_lowercase().replace('"', ""));
    let name = parts.next().unwrap_or_default();
    let mut rest: Vec<String> = parts
        .filter(|part| !part.is_empty() && part.replace(' ', "") != "charset=utf-8")
        .collect();
    rest.sort();
    rest.insert(0, name);
    rest.join(";")
}
