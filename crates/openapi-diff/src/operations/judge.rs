//! What all judgements outside schemas share.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use jiff::civil::Date;

use crate::alternatives::{Carrier, Node};
use crate::classes::Classes;
use crate::compare::Compare;
use crate::document::{Document, Located};
use crate::finding::{Finding, Location};
use crate::level::Direction;
use crate::operation_list::OperationList;
use crate::rules::{self, Part, Rule, SchemaRule, Use};

/// A pair of places, each of which may not exist.
pub(super) type Places<'p> = (Option<&'p Located<'p>>, Option<&'p Located<'p>>);

pub(super) struct Judge<'a> {
    pub(super) base: &'a Document,
    pub(super) revision: &'a Document,
    pub(super) today: Date,
    pub(super) findings: Vec<Finding>,
    /// The comparisons of schemas; see [`comparison`].
    pub(super) compares: Vec<Compare<'a>>,
    pub(super) uses: Vec<UsedPair>,
    /// Which path items of callbacks have been compared, and whether inverted. One can
    /// be that of an operation that it is a callback of.
    pub(super) called_back: HashSet<(String, String, bool)>,
    /// Operations that the old document does not call stable.
    pub(super) unstable: HashSet<String>,
}

/// What two schemas describe, one after the other.
#[derive(Clone, Copy)]
pub(super) struct Described<'s> {
    pub(super) part: Part,
    pub(super) direction: Direction,
    pub(super) subject: &'s str,
    pub(super) carrier: Carrier,
    /// Whether it is never left out.
    pub(super) always: bool,
    /// Whether it is written in XML.
    pub(super) xml: bool,
}

/// Where two schemas that differ are used.
pub(super) struct UsedPair {
    pub(super) operation: String,
    pub(super) part: Part,
    pub(super) direction: Direction,
    pub(super) subject: String,
    pub(super) always: bool,
    pub(super) xml: bool,
    /// Which comparison they stand in, and the number of the pair there.
    pub(super) compare: usize,
    pub(super) pair: usize,
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
        let level = match rule {
            Rule::Operation(rule) => rules::operation_level(rule, direction),
            Rule::Schema(rule, usage) => rules::level(usage.direction, rule, rule.effect()),
        };
        self.findings.push(Finding {
            rule,
            level,
            direction,
            operation: operation.map(str::to_owned),
            also: OperationList::default(),
            base: location(self.base, places.0),
            revision: location(self.revision, places.1),
            message,
        });
    }

    /// Reports that a parameter or a header is now deprecated, or no longer.
    pub(super) fn deprecation(
        &mut self,
        usage: Use,
        operation: Option<&str>,
        subject: &str,
        old: &Located<'_>,
        new: &Located<'_>,
    ) {
        let (rule, text) = match (old.flag("deprecated"), new.flag("deprecated")) {
            (false, true) => (SchemaRule::Deprecated, "is deprecated"),
            (true, false) => (SchemaRule::Reactivated, "is no longer deprecated"),
            _ => return,
        };
        self.report(
            Rule::Schema(rule, usage),
            Some(usage.direction),
            operation,
            (Some(old), Some(new)),
            format!("{subject} {text}"),
        );
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
        described: Described<'_>,
        old: &Node<'a>,
        new: &Node<'a>,
    ) {
        let compare = comparison(described.direction, described.carrier);
        if let Some(pair) = self.compares[compare].explore(old, new) {
            self.uses.push(UsedPair {
                operation: scope.operation.clone(),
                part: described.part,
                direction: described.direction,
                subject: described.subject.to_owned(),
                always: described.always,
                xml: described.xml,
                compare,
                pair,
            });
        }
    }
}

/// The number of the comparison for what is sent in a direction. Headers of responses
/// are compared like JSON.
fn comparison(direction: Direction, carrier: Carrier) -> usize {
    match (direction, carrier) {
        (Direction::Request, Carrier::Json) => 0,
        (Direction::Request, Carrier::Text) => 1,
        (Direction::Request, Carrier::Parts) => 2,
        (Direction::Request, Carrier::Bytes) => 3,
        (Direction::Response, Carrier::Json | Carrier::Text) => 4,
        (Direction::Response, Carrier::Parts) => 5,
        (Direction::Response, Carrier::Bytes) => 6,
    }
}

/// A comparison for each number.
pub(super) fn comparisons<'a>(
    base: &'a Document,
    revision: &'a Document,
    classes: &Rc<Classes>,
) -> Vec<Compare<'a>> {
    let count = Rc::default();
    let of = |direction, carrier| Compare::new(base, revision, classes, direction, carrier, &count);
    vec![
        of(Direction::Request, Carrier::Json),
        of(Direction::Request, Carrier::Text),
        of(Direction::Request, Carrier::Parts),
        of(Direction::Request, Carrier::Bytes),
        of(Direction::Response, Carrier::Json),
        of(Direction::Response, Carrier::Parts),
        of(Direction::Response, Carrier::Bytes),
    ]
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

const METHODS: [&str; 9] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace", "query",
];

/// The operations of a path item, by method. Those of methods that have no key of their
/// own stand under `additionalOperations` (OpenAPI 3.2).
pub(super) fn operations<'a>(
    document: &'a Document,
    item: &Located<'a>,
) -> BTreeMap<String, Located<'a>> {
    let fixed = METHODS.into_iter().filter_map(|method| {
        let operation = document.member(item, method)?;
        Some((method.to_uppercase(), operation))
    });
    let mut all: BTreeMap<String, Located<'a>> = fixed.collect();
    if let Some(additional) = item.raw_member("additionalOperations") {
        for method in additional
            .value
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys())
        {
            if let Some(operation) = document.member(&additional, method) {
                all.entry(method.clone()).or_insert(operation);
            }
        }
    }
    all
}
