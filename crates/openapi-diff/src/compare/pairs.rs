//! The pairs of schemas that are compared, and how one leads to another.

use std::collections::{HashMap, HashSet, VecDeque};

use super::facts::Facts;
use super::site::Change;
use crate::alternatives::{Carrier, Expand, Node};
use crate::classes::{Classes, Side};
use crate::document::Document;
use crate::level::Direction;
use crate::rules::SchemaRule;

/// Two schemas that have been compared.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    pub(super) old: Node<'a>,
    pub(super) new: Node<'a>,
    pub(super) changes: Vec<Change>,
    /// The pairs in it.
    pub(super) inner: Vec<Link>,
}

/// How a pair leads to another.
#[derive(Debug)]
pub(super) struct Link {
    /// The property, or `[]` for elements.
    pub(super) step: String,
    /// Whether a value that holds the one holds the other too.
    pub(super) always: bool,
    pub(super) pair: usize,
}

pub(crate) struct Compare<'a> {
    pub(super) base: Expand<'a>,
    pub(super) revision: Expand<'a>,
    pub(super) classes: &'a Classes,
    pub(super) facts: Facts<'a>,
    pub(super) pairs: Vec<Pair<'a>>,
    pub(super) numbers: HashMap<(String, String), usize>,
    pub(super) carrier: Carrier,
}

/// A change, and where it is below the schemas that were asked for.
pub(crate) struct Reached {
    /// The number of the pair, and that of the change there.
    pub(crate) pair: usize,
    pub(crate) change: usize,
    /// The property, as `address/lines/items`; empty for the whole.
    pub(crate) path: String,
}

impl<'a> Compare<'a> {
    pub(crate) fn new(
        base: &'a Document,
        revision: &'a Document,
        classes: &'a Classes,
        direction: Direction,
        carrier: Carrier,
    ) -> Self {
        Compare {
            base: Expand::new(base, direction)
                .on(carrier)
                .with(classes, Side::Base),
            revision: Expand::new(revision, direction)
                .on(carrier)
                .with(classes, Side::Revision),
            classes,
            facts: Facts::default(),
            pairs: Vec::new(),
            numbers: HashMap::new(),
            carrier,
        }
    }

    /// The number of a pair, which is left to compare if it is new.
    pub(super) fn number(&mut self, old: &Node<'a>, new: &Node<'a>) -> Option<usize> {
        if self.untouched(old, new) {
            return None;
        }
        let (old, new) = (self.base.resolved(old), self.revision.resolved(new));
        let key = (old.key(), new.key());
        let next = self.pairs.len();
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.pairs.push(Pair {
                old,
                new,
                changes: Vec::new(),
                inner: Vec::new(),
            });
        }
        Some(number)
    }

    /// Which pairs have changes, or lead to some.
    pub(crate) fn changed(&self) -> Vec<bool> {
        let mut users = vec![Vec::new(); self.pairs.len()];
        for (number, pair) in self.pairs.iter().enumerate() {
            for link in &pair.inner {
                users[link.pair].push(number);
            }
        }
        let mut changed = vec![false; self.pairs.len()];
        let with = |number: &usize| !self.pairs[*number].changes.is_empty();
        let mut todo: Vec<usize> = (0..self.pairs.len()).filter(with).collect();
        while let Some(number) = todo.pop() {
            if !std::mem::replace(&mut changed[number], true) {
                todo.extend(&users[number]);
            }
        }
        changed
    }

    /// The changes below a pair, the nearest first, each once and by the shortest way.
    /// `always` says that the value of the pair itself is never left out. What a value
    /// defaults to matters only where it can be.
    pub(crate) fn below(&self, root: usize, always: bool, changed: &[bool]) -> Vec<Reached> {
        let mut reached = Vec::new();
        let mut seen = HashSet::new();
        let mut left_out = HashSet::new();
        let mut queue = VecDeque::new();
        let mut visit = |number: usize, always: bool, path: &str, queue: &mut VecDeque<_>| {
            let is_new = seen.insert(number);
            let may_miss = !always && left_out.insert(number);
            for (index, change) in self.pairs[number].changes.iter().enumerate() {
                let counts = if is_default(change.rule) {
                    may_miss
                } else {
                    is_new
                };
                if counts {
                    reached.push(Reached {
                        pair: number,
                        change: index,
                        path: join(path, &change.site.path),
                    });
                }
            }
            if is_new {
                queue.push_back((number, path.to_owned()));
            }
        };
        visit(root, always, "", &mut queue);
        while let Some((number, path)) = queue.pop_front() {
            for link in &self.pairs[number].inner {
                if changed[link.pair] {
                    visit(link.pair, link.always, &join(&path, &link.step), &mut queue);
                }
            }
        }
        reached
    }

    pub(crate) fn change(&self, pair: usize, change: usize) -> &Change {
        &self.pairs[pair].changes[change]
    }

    /// Returns whether the schemas differ in nothing, and refer to nothing that does.
    pub(super) fn untouched(&self, old: &Node<'a>, new: &Node<'a>) -> bool {
        let old = self.classes.of(Side::Base, &old.0);
        old.is_some() && old == self.classes.of(Side::Revision, &new.0)
    }
}

/// A step below a path.
fn join(path: &str, step: &str) -> String {
    if path.is_empty() || step.is_empty() || step.starts_with('[') {
        format!("{path}{step}")
    } else {
        format!("{path}.{step}")
    }
}

fn is_default(rule: SchemaRule) -> bool {
    matches!(
        rule,
        SchemaRule::DefaultValueAdded
            | SchemaRule::DefaultValueChanged
            | SchemaRule::DefaultValueRemoved
    )
}
