//! The pairs of schemas that are compared, and how one leads to another.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use super::facts::Facts;
use super::site::Change;
use crate::alternatives::{Carrier, Expand, NOTHING, Node};
use crate::classes::{Classes, Side};
use crate::document::Document;
use crate::level::Direction;
use crate::rules::SchemaRule;

/// Two schemas.
#[derive(Debug)]
pub(super) struct Pair {
    /// What differs; nothing before they have been compared.
    pub(super) changes: Vec<Change>,
    /// The pairs in it.
    pub(super) inner: Vec<Link>,
    /// The pair that this one extends and may stand for, or the first of several.
    pub(super) parent: Option<usize>,
}

/// How a pair leads to another.
#[derive(Debug)]
pub(crate) struct Link {
    /// The property, or `[]` for elements.
    pub(super) step: String,
    /// Whether a value that holds the one holds the other too.
    pub(super) always: bool,
    pub(super) pair: usize,
}

/// What a comparison has found.
pub(crate) struct Compared {
    /// How each pair leads to others.
    pub(crate) links: Vec<Vec<Link>>,
    /// What differs between the schemas of each pair.
    pub(crate) changes: Vec<Vec<Change>>,
}

pub(crate) struct Compare<'a> {
    pub(super) base: Expand<'a>,
    pub(super) revision: Expand<'a>,
    pub(super) classes: Rc<Classes>,
    pub(super) facts: Facts<'a>,
    pub(super) pairs: Vec<Pair>,
    /// The schemas of the last pairs, which are left to compare, in their order.
    pub(super) left: VecDeque<(Node<'a>, Node<'a>)>,
    /// By where the schemas are, and whether they stand for others.
    pub(super) numbers: HashMap<(Spots, Spots, bool), usize>,
    pub(super) carrier: Carrier,
    /// How many changes this comparison and others of the documents have found.
    pub(super) count: Rc<Cell<usize>>,
}

impl<'a> Compare<'a> {
    pub(crate) fn new(
        base: &'a Document,
        revision: &'a Document,
        classes: &Rc<Classes>,
        direction: Direction,
        carrier: Carrier,
        count: &Rc<Cell<usize>>,
    ) -> Self {
        Compare {
            base: Expand::new(base, direction)
                .on(carrier)
                .with(classes.clone(), Side::Base),
            revision: Expand::new(revision, direction)
                .on(carrier)
                .with(classes.clone(), Side::Revision),
            classes: classes.clone(),
            facts: Facts::default(),
            pairs: Vec::new(),
            left: VecDeque::new(),
            numbers: HashMap::new(),
            carrier,
            count: count.clone(),
        }
    }

    /// The number of a pair, which is left to compare if it is new.
    pub(super) fn number(
        &mut self,
        old: &Node<'a>,
        new: &Node<'a>,
        parent: Option<usize>,
    ) -> Option<usize> {
        if self.untouched(old, new) {
            return None;
        }
        let (old, new) = (self.base.resolved(old), self.revision.resolved(new));
        let key = (spots(&old), spots(&new), parent.is_some());
        let next = self.pairs.len();
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.left.push_back((old, new));
            self.pairs.push(Pair {
                changes: Vec::new(),
                inner: Vec::new(),
                parent,
            });
        }
        Some(number)
    }

    /// What was found. The rest takes much room, and goes.
    pub(crate) fn finish(self) -> Compared {
        let pairs = self.pairs.into_iter();
        let (links, changes) = pairs.map(|pair| (pair.inner, pair.changes)).unzip();
        Compared { links, changes }
    }

    /// Returns whether the schemas differ in nothing, and refer to nothing that does.
    pub(super) fn untouched(&self, old: &Node<'a>, new: &Node<'a>) -> bool {
        self.classes.are_same(&old.0, &new.0)
    }
}

/// Where the parts of a schema are.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Spots {
    /// The address of the value of the only one. Most have one.
    One(usize),
    /// In order.
    Several(Box<[Spot]>),
}

/// Where a schema is. Pointers would take much more room than addresses.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Spot {
    /// The address of its value in the document.
    At(usize),
    /// The pointer of one that stands in no document.
    Named(String),
}

fn spots(node: &Node<'_>) -> Spots {
    if let [place] = node.0.as_slice()
        && !std::ptr::eq(place.value, &raw const NOTHING)
    {
        return Spots::One(std::ptr::from_ref(place.value).addr());
    }
    let parts = node.0.iter().map(|place| {
        if std::ptr::eq(place.value, &raw const NOTHING) {
            Spot::Named(place.pointer.clone())
        } else {
            Spot::At(std::ptr::from_ref(place.value).addr())
        }
    });
    let mut parts: Vec<Spot> = parts.collect();
    parts.sort_unstable();
    Spots::Several(parts.into())
}

/// Returns whether a change is one of what a value is taken to be that is left out.
pub(super) fn is_default(rule: SchemaRule) -> bool {
    matches!(
        rule,
        SchemaRule::DefaultValueAdded
            | SchemaRule::DefaultValueChanged
            | SchemaRule::DefaultValueRemoved
    )
}
