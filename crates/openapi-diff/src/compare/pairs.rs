//! The pairs of schemas that are compared, and how one leads to another.

use std::collections::{HashMap, HashSet, VecDeque};

use super::facts::Facts;
use super::site::Change;
use crate::alternatives::{Expand, Node};
use crate::classes::{Classes, Side};
use crate::document::Document;
use crate::level::Direction;

/// Two schemas that have been compared.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    pub(super) old: Node<'a>,
    pub(super) new: Node<'a>,
    pub(super) changes: Vec<Change>,
    /// The pairs in it, each with the step to it.
    pub(super) inner: Vec<(String, usize)>,
}

pub(crate) struct Compare<'a> {
    pub(super) base: Expand<'a>,
    pub(super) revision: Expand<'a>,
    pub(super) classes: &'a Classes,
    pub(super) facts: Facts<'a>,
    pub(super) pairs: Vec<Pair<'a>>,
    pub(super) numbers: HashMap<(String, String), usize>,
    /// Whether the values travel as text in a URL or header.
    pub(super) text: bool,
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
        text: bool,
    ) -> Self {
        Compare {
            base: Expand::new(base, direction).with(classes, Side::Base),
            revision: Expand::new(revision, direction).with(classes, Side::Revision),
            classes,
            facts: Facts::default(),
            pairs: Vec::new(),
            numbers: HashMap::new(),
            text,
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
            for (_, inner) in &pair.inner {
                users[*inner].push(number);
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
    pub(crate) fn below(&self, root: usize, changed: &[bool]) -> Vec<Reached> {
        let mut reached = Vec::new();
        let mut seen = HashSet::from([root]);
        let mut queue = VecDeque::from([(root, String::new())]);
        while let Some((number, path)) = queue.pop_front() {
            let pair = &self.pairs[number];
            let here = pair.changes.iter().enumerate();
            reached.extend(here.map(|(index, change)| Reached {
                pair: number,
                change: index,
                path: join(&path, &change.site.path),
            }));
            for (step, inner) in &pair.inner {
                if changed[*inner] && seen.insert(*inner) {
                    queue.push_back((*inner, join(&path, step)));
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
        format!("{path}/{step}")
    }
}
