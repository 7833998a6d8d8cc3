//! What reaches the pairs of schemas that have changed, and by which way.
//!
//! An operation uses a pair of schemas, and with it the pairs that the first leads to. A
//! document has many operations and many changes, so neither is gone through for each of
//! the other: ways are found from all uses at once, and the operations of a pair are those
//! of the pairs that lead to it.

use std::collections::{HashMap, VecDeque};

use super::pairs::{Link, is_default};
use super::site::Change;
use crate::number_set::NumberSet;

/// A use of a pair.
pub(crate) struct Root {
    pub(crate) pair: usize,
    /// Whether the value is never left out.
    pub(crate) always: bool,
    /// The number of the operation.
    pub(crate) operation: u32,
}

/// The shortest way to a pair.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// The number of the root that it begins with.
    root: usize,
    /// The pair before, and the number of its link.
    last: Option<(usize, usize)>,
    /// How many links it has.
    links: usize,
    /// The pair after the first links, or the last one.
    head: usize,
}

/// How many steps stand at the beginning and at the end of a way that is written. One that
/// has more loses those in the middle.
const STEPS: usize = 10;

/// What stands for the steps in the middle.
const MORE: &str = "…";

/// What reaches the pairs of a comparison.
pub(crate) struct Reach<'c> {
    /// How each pair leads to others.
    links: &'c [Vec<Link>],
    roots: &'c [Root],
    ways: Vec<Option<Way>>,
    /// The ways to pairs by which their values may be left out.
    optional: Vec<Option<Way>>,
    /// The pairs that lead to each pair, and whether their values always hold its value.
    users: Vec<Vec<(usize, bool)>>,
    /// Sets of operations, which many pairs share.
    sets: Vec<NumberSet>,
    /// The number of the set of each pair that is reached.
    set_of: Vec<Option<usize>>,
    /// The operations that may leave the value of a pair out.
    own_optional: HashMap<usize, NumberSet>,
}

/// How a change is reached.
pub(crate) struct Reached<'c> {
    /// The number of the root that is nearest.
    pub(crate) root: usize,
    /// The steps from there, such as `tags`, `[]` and `name`; none for the whole.
    pub(crate) steps: Vec<&'c str>,
    /// The number of the set of operations.
    pub(crate) set: usize,
}

impl<'c> Reach<'c> {
    /// Finds what reaches the pairs that have changes, or lead to some. Of roots that are as
    /// near the first counts.
    pub(crate) fn of(links: &'c [Vec<Link>], changes: &[Vec<Change>], roots: &'c [Root]) -> Self {
        let is_changed = changed(links, changes);
        let mut reach = Self {
            links,
            roots,
            ways: vec![None; links.len()],
            optional: vec![None; links.len()],
            users: vec![Vec::new(); links.len()],
            sets: Vec::new(),
            set_of: vec![None; links.len()],
            own_optional: own(roots.iter().filter(|root| !root.always)),
        };
        let mut queue = VecDeque::new();
        for (number, root) in roots.iter().enumerate() {
            if is_changed[root.pair] {
                let way = Way {
                    root: number,
                    last: None,
                    links: 0,
                    head: root.pair,
                };
                reach.go(root.pair, root.always, way, &mut queue);
            }
        }
        while let Some((pair, way)) = queue.pop_front() {
            for (index, link) in links[pair].iter().enumerate() {
                if !is_changed[link.pair] {
                    continue;
                }
                reach.users[link.pair].push((pair, link.always));
                let links = way.links + 1;
                let next = Way {
                    root: way.root,
                    last: Some((pair, index)),
                    links,
                    head: if links > STEPS { way.head } else { link.pair },
                };
                reach.go(link.pair, link.always, next, &mut queue);
            }
        }
        reach.gather();
        reach
    }

    /// Takes a way to a pair, unless there is a shorter one.
    fn go(&mut self, pair: usize, always: bool, way: Way, queue: &mut VecDeque<(usize, Way)>) {
        if !always {
            self.optional[pair].get_or_insert(way);
        }
        if self.ways[pair].is_none() {
            self.ways[pair] = Some(way);
            queue.push_back((pair, way));
        }
    }

    /// Finds the operations of each pair. Pairs that lead to each other have the same.
    fn gather(&mut self) {
        let own = own(self.roots.iter());
        // What leads to others stands behind them.
        for ring in self.rings().into_iter().rev() {
            let members = ring.iter().filter_map(|pair| own.get(pair));
            let members = NumberSet::union(members);
            let users = ring.iter().flat_map(|pair| &self.users[*pair]);
            let sets = users.filter_map(|(user, _)| self.set_of[*user]).collect();
            let set = self.union(sets, members);
            for pair in ring {
                self.set_of[pair] = Some(set);
            }
        }
    }

    /// The number of a set that is the union of others, and of one that has no number.
    fn union(&mut self, mut sets: Vec<usize>, with: NumberSet) -> usize {
        sets.sort_unstable();
        sets.dedup();
        match sets.as_slice() {
            [only] if with.is_empty() => *only,
            [] => self.add(with),
            sets => {
                let sets = sets.iter().map(|set| &self.sets[*set]);
                let all = NumberSet::union(sets.chain([&with]));
                self.add(all)
            }
        }
    }

    fn add(&mut self, set: NumberSet) -> usize {
        self.sets.push(set);
        self.sets.len() - 1
    }

    /// The pairs that are reached, with those that they lead to and back, each after all
    /// that it leads to (Tarjan's algorithm).
    fn rings(&self) -> Vec<Vec<usize>> {
        let mut rings = Vec::new();
        let mut order: Vec<Option<usize>> = vec![None; self.links.len()];
        let mut low = vec![0; self.links.len()];
        let mut is_open = vec![false; self.links.len()];
        let (mut next, mut open) = (0, Vec::new());
        let is_reached = |pair: &usize| self.ways[*pair].is_some();
        for first in (0..self.links.len()).filter(is_reached) {
            // Each with the number of the link that comes next.
            let mut todo = vec![(first, 0)];
            while let Some((pair, link)) = todo.last_mut() {
                let pair = *pair;
                if *link == 0 {
                    if order[pair].is_some() {
                        todo.pop();
                        continue;
                    }
                    order[pair] = Some(next);
                    low[pair] = next;
                    next += 1;
                    open.push(pair);
                    is_open[pair] = true;
                }
                if let Some(inner) = self.links[pair].get(*link) {
                    *link += 1;
                    match order[inner.pair] {
                        None if is_reached(&inner.pair) => todo.push((inner.pair, 0)),
                        Some(number) if is_open[inner.pair] => low[pair] = low[pair].min(number),
                        _ => {}
                    }
                    continue;
                }
                todo.pop();
                if let Some((outer, _)) = todo.last() {
                    low[*outer] = low[*outer].min(low[pair]);
                }
                if order[pair] == Some(low[pair]) {
                    let start = open.iter().rposition(|other| *other == pair);
                    let ring = open.split_off(start.unwrap_or_default());
                    for member in &ring {
                        is_open[*member] = false;
                    }
                    rings.push(ring);
                }
            }
        }
        rings
    }

    /// How a change of a pair is reached; nothing if it is not, or matters nowhere. What a
    /// value defaults to matters only where it may be left out.
    pub(crate) fn to<'s>(&mut self, pair: usize, change: &'s Change) -> Option<Reached<'s>>
    where
        'c: 's,
    {
        let (way, set) = if is_default(change.rule) {
            let way = self.optional[pair]?;
            (way, self.set_where_optional(pair))
        } else {
            (self.ways[pair]?, self.set_of[pair]?)
        };
        let mut steps: Vec<&'s str> = self.steps(way);
        if !change.site.path.is_empty() {
            steps.push(&change.site.path);
        }
        Some(Reached {
            root: way.root,
            steps,
            set,
        })
    }

    pub(crate) fn operations(&self, set: usize) -> &NumberSet {
        &self.sets[set]
    }

    fn set_where_optional(&mut self, pair: usize) -> usize {
        let own = self.own_optional.get(&pair).cloned().unwrap_or_default();
        let users = self.users[pair].iter().filter(|(_, always)| !always);
        let sets = users.filter_map(|(user, _)| self.set_of[*user]).collect();
        self.union(sets, own)
    }

    fn steps(&self, way: Way) -> Vec<&'c str> {
        let links = self.links;
        let mut steps = Vec::new();
        let mut at = Some(way);
        while let Some(Way {
            last: Some((pair, link)),
            ..
        }) = at
        {
            let step = links[pair][link].step.as_str();
            // What stands for a schema is at its place.
            if !step.is_empty() {
                steps.push(step);
            }
            at = self.ways[pair];
            if steps.len() == STEPS && way.links > 2 * STEPS {
                steps.push(MORE);
                at = self.ways[way.head];
            }
        }
        steps.reverse();
        steps
    }
}

/// The operations of roots, by their pairs.
fn own<'r>(roots: impl Iterator<Item = &'r Root>) -> HashMap<usize, NumberSet> {
    let mut by_pair: HashMap<usize, Vec<u32>> = HashMap::new();
    for root in roots {
        by_pair.entry(root.pair).or_default().push(root.operation);
    }
    let by_pair = by_pair.into_iter();
    by_pair
        .map(|(pair, operations)| (pair, operations.into_iter().collect()))
        .collect()
}

/// Which pairs have changes, or lead to some.
fn changed(links: &[Vec<Link>], changes: &[Vec<Change>]) -> Vec<bool> {
    let mut users = vec![Vec::new(); links.len()];
    for (number, links) in links.iter().enumerate() {
        for link in links {
            users[link.pair].push(number);
        }
    }
    let mut is_changed = vec![false; links.len()];
    let with = |number: &usize| !changes[*number].is_empty();
    let mut todo: Vec<usize> = (0..links.len()).filter(with).collect();
    while let Some(number) = todo.pop() {
        if !std::mem::replace(&mut is_changed[number], true) {
            todo.extend(&users[number]);
        }
    }
    is_changed
}
