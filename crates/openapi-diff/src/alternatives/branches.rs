//! The branches of unions, and what they have in common.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use serde_json::Value;

use super::alternative::{ANY, Alternative, NULL, Node, OBJECT, list};
use super::apart::apart;
use super::expand::{Expand, Member};
use crate::canonical::canonical;
use crate::classes::{followed, said};
use crate::document::Located;

/// A product of unions with more alternatives than this is not compared.
const MAX_ALTERNATIVES: usize = 1_024;

/// How many schemas may stand within one another by extension and union. Each
/// takes a part of the stack.
const MAX_EXTENSIONS: usize = 4_000;

/// Expanding a schema takes one step for each schema in it and alternative that it is
/// added to. A schema that takes more is not compared.
const MAX_STEPS: usize = 100_000;

/// What all schemas of a document may take together. Once that is spent, only schemas
/// that take few steps are compared.
const MAX_SPENT: usize = 1_000_000;

/// The steps that are left to each schema then.
const FEW_STEPS: usize = 100;

/// A branch that took fewer steps is not worth keeping.
const CHEAP: usize = 8;

/// What has been met on the way through a schema.
#[derive(Debug)]
pub(super) struct Walk {
    /// The schemas that the one at hand extends or is a branch of, by their pointers.
    within: HashSet<String>,
    /// The schemas that the alternatives at hand have taken in.
    done: HashSet<String>,
    /// The same in their order.
    order: Vec<String>,
    steps: usize,
    most: usize,
    /// How often something was passed over because of what it stands in, or left out.
    cuts: usize,
}

/// Where the label of alternatives comes from when a reference is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// They are what the reference leads to.
    OfTarget,
    /// They only extend it.
    Kept,
}

impl Walk {
    /// A way through a schema, after so much was spent on others.
    pub(super) fn new(spent: usize) -> Self {
        Walk {
            within: HashSet::new(),
            done: HashSet::new(),
            order: Vec::new(),
            steps: 0,
            most: if spent > MAX_SPENT {
                FEW_STEPS
            } else {
                MAX_STEPS
            },
            cuts: 0,
        }
    }

    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// Returns whether a schema has nothing to add.
    pub(super) fn has(&mut self, pointer: &str) -> bool {
        let is_within = self.within.contains(pointer);
        self.cuts += usize::from(is_within);
        is_within || self.done.contains(pointer)
    }

    /// Goes into a schema with so many alternatives. Returns whether it may.
    pub(super) fn enter(&mut self, place: &Located<'_>, alternatives: usize) -> bool {
        self.steps += alternatives;
        let may = self.within.len() <= MAX_EXTENSIONS && self.steps <= self.most;
        if may {
            self.within.insert(place.pointer.clone());
        } else {
            self.cuts += 1;
        }
        may
    }

    /// Notes that all of a schema has been taken in.
    pub(super) fn leave(&mut self, place: &Located<'_>) {
        self.within.remove(&place.pointer);
        if self.done.insert(place.pointer.clone()) {
            self.order.push(place.pointer.clone());
        }
    }

    /// Forgets what was taken in after so many others.
    fn forget(&mut self, length: usize) {
        for pointer in self.order.drain(length..) {
            self.done.remove(&pointer);
        }
    }
}

impl<'a> Expand<'a> {
    /// The branches of `anyOf`, each once. Those of a branch that is nothing but another
    /// `anyOf` stand in its place.
    pub(super) fn flattened(
        &self,
        branches: Vec<Located<'a>>,
        walk: &mut Walk,
    ) -> Vec<Located<'a>> {
        let mut flat = Vec::new();
        let mut seen: Vec<bool> = Vec::new();
        let mut todo = vec![(self.members(branches), 0)];
        while let Some((members, index)) = todo.last_mut() {
            let members = members.clone();
            let Some(member) = members.get(*index) else {
                todo.pop();
                continue;
            };
            *index += 1;
            if seen.len() <= member.target {
                seen.resize(member.target + 1, false);
            }
            if std::mem::replace(&mut seen[member.target], true) {
                continue;
            }
            let target = followed(self.document, &member.branch);
            if walk.within.contains(&target.pointer) {
                walk.cuts += 1;
                continue;
            }
            match self.any_of(&target) {
                Some(inner) => todo.push((inner, 0)),
                None => flat.push(member.branch.clone()),
            }
        }
        flat
    }

    fn members(&self, branches: Vec<Located<'a>>) -> Rc<[Member<'a>]> {
        let mut numbers = self.targets.borrow_mut();
        let members = branches.into_iter().map(|branch| {
            let pointer = followed(self.document, &branch).pointer;
            let next = numbers.len();
            let target = *numbers.entry(pointer).or_insert(next);
            Member { branch, target }
        });
        members.collect()
    }

    /// The branches of a schema that is nothing but `anyOf`.
    fn any_of(&self, place: &Located<'a>) -> Option<Rc<[Member<'a>]>> {
        let map = place.value.as_object()?;
        map.get("anyOf")?;
        if let Some(known) = self.unions.borrow().get(&place.pointer) {
            return known.clone();
        }
        let is_union = said(self.document, map).eq(["anyOf"]);
        let members = is_union.then(|| self.members(list(place, "anyOf")));
        let mut unions = self.unions.borrow_mut();
        unions.insert(place.pointer.clone(), members.clone());
        members
    }

    /// A key of the schemas that a node is a union of, if it is nothing but that.
    pub(super) fn leaves(&self, node: &Node<'a>) -> Option<String> {
        let [place] = node.0.as_slice() else {
            return None;
        };
        let target = followed(self.document, place);
        let members = self.any_of(&target)?;
        let branches = members.iter().map(|member| member.branch.clone());
        let mut walk = Walk::new(0);
        walk.within.insert(target.pointer);
        let flat = self.flattened(branches.collect(), &mut walk);
        let leaves = flat
            .iter()
            .map(|leaf| followed(self.document, leaf).pointer);
        let mut leaves: Vec<String> = leaves.collect();
        leaves.sort_unstable();
        Some(format!("any of {}", leaves.join("|")))
    }

    /// Each alternative with each branch, and the number of that; `None` if they are too many.
    pub(super) fn combined(
        &self,
        alternatives: &[Alternative<'a>],
        branches: &[Located<'a>],
        walk: &mut Walk,
    ) -> Option<Vec<(usize, Alternative<'a>)>> {
        let weight: usize = alternatives.iter().map(Alternative::weight).sum();
        let steps = branches.len().saturating_mul(weight) / 8;
        walk.steps = walk.steps.saturating_add(steps);
        let product = branches.len().saturating_mul(alternatives.len());
        if product > MAX_ALTERNATIVES || walk.steps > walk.most {
            walk.cuts += 1;
            return None;
        }
        let starts_fresh = matches!(alternatives, [only] if only.is_empty());
        let mut combined = Vec::new();
        let done = walk.order.len();
        for (index, branch) in branches.iter().enumerate() {
            let target = self.document.resolve(branch.clone());
            if walk.within.contains(&target.pointer) {
                walk.cuts += 1;
                continue;
            }
            let key = (self.looking.get(), branch.pointer.clone());
            let known = if starts_fresh {
                self.branches.borrow().get(&key).cloned()
            } else {
                None
            };
            let parts = if let Some(known) = known {
                walk.steps += known.len();
                known.to_vec()
            } else {
                let mut started = alternatives.to_vec();
                for alternative in &mut started {
                    alternative.label.clone_from(&branch.pointer);
                }
                let before = (walk.steps, walk.cuts);
                let parts = self.and(started, branch, Label::OfTarget, walk);
                let parts = parts.into_iter().map(|part| self.settle(part));
                let parts: Vec<_> = parts.filter(|part| part.types != 0).collect();
                if starts_fresh && walk.cuts == before.1 && walk.steps > before.0 + CHEAP {
                    let kept: Rc<[Alternative<'a>]> = parts.clone().into();
                    self.branches.borrow_mut().insert(key, kept);
                }
                parts
            };
            combined.extend(parts.into_iter().map(|part| (index, part)));
            // What holds in one branch does not hold in the others.
            walk.forget(done);
            if combined.len() > MAX_ALTERNATIVES {
                walk.cuts += 1;
                return None;
            }
        }
        Some(combined)
    }

    /// Marks the alternatives that may have a value in common. Listed values
    /// that several alternatives of `oneOf` have are taken out.
    pub(super) fn mark_overlaps(
        &self,
        alternatives: &mut [(usize, Alternative<'a>)],
        exclusive: bool,
        walk: &mut Walk,
    ) {
        if exclusive {
            take_out_common(alternatives);
        }
        if self.looking.get() {
            if exclusive {
                mark_common_types(alternatives);
            }
            return;
        }
        let told = self.told_apart(alternatives);
        let mut marked = vec![false; alternatives.len()];
        for (i, (branch, a)) in alternatives.iter().enumerate() {
            for (j, (other, b)) in alternatives.iter().enumerate().skip(i + 1) {
                if branch == other || (marked[i] && marked[j]) {
                    continue;
                }
                if let (Some(a), Some(b)) = (&told[i], &told[j])
                    && a.is_disjoint(b)
                {
                    continue;
                }
                walk.steps += 1;
                // Where nothing is left to look at them, they may.
                if walk.steps > walk.most || !apart(self, a, self, b) {
                    marked[i] = true;
                    marked[j] = true;
                }
            }
        }
        for ((_, alternative), _) in alternatives
            .iter_mut()
            .zip(marked)
            .filter(|(_, marked)| *marked)
        {
            let count = if exclusive {
                &mut alternative.overlaps.one
            } else {
                &mut alternative.overlaps.any
            };
            *count = count.saturating_add(1);
        }
    }

    /// The values, by numbers, of the property that tells most of the alternatives apart.
    /// Alternatives that no property tells have none.
    fn told_apart(&self, alternatives: &[(usize, Alternative<'a>)]) -> Vec<Option<HashSet<usize>>> {
        self.looking.set(true);
        let mut by_property: HashMap<&str, Vec<(usize, Vec<Value>)>> = HashMap::new();
        for (index, (_, alternative)) in alternatives.iter().enumerate() {
            if alternative.types != OBJECT {
                continue;
            }
            for name in &alternative.required {
                if let Some(node) = alternative.properties.get(name)
                    && let Some(values) = self.listed(node)
                {
                    let all = by_property.entry(name.as_str()).or_default();
                    all.push((index, values));
                }
            }
        }
        self.looking.set(false);
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut told = vec![None; alternatives.len()];
        let most = by_property
            .into_iter()
            .max_by_key(|(name, all)| (all.len(), std::cmp::Reverse(*name)));
        for (index, values) in most.into_iter().flat_map(|(_, all)| all) {
            let values = values.iter().map(|value| {
                let next = numbers.len();
                *numbers.entry(canonical(value)).or_insert(next)
            });
            told[index] = Some(values.collect());
        }
        told
    }

    /// All values that a schema admits, if it lists them.
    pub(crate) fn listed(&self, node: &Node<'a>) -> Option<Vec<Value>> {
        let lists = |place: &Located<'a>| {
            let target = followed(self.document, place);
            ["const", "enum"]
                .iter()
                .any(|keyword| target.value.get(keyword).is_some())
        };
        if !node.0.iter().any(lists) {
            return None;
        }
        let mut all = Vec::new();
        for alternative in self.alternatives(node).iter() {
            match &alternative.values {
                Some(values) => all.extend(values.iter().cloned()),
                None if alternative.types == NULL => all.push(Value::Null),
                None => return None,
            }
        }
        Some(all)
    }
}

impl Alternative<'_> {
    /// Returns whether nothing was said of it yet.
    fn is_empty(&self) -> bool {
        self.types == ANY
            && self.is_of_types()
            && !self.joined
            && !self.stated.additional
            && self.overlaps.any == 0
            && self.properties.is_empty()
            && self.by_pattern.is_empty()
    }
}

/// Marks the alternatives that have a type in common with another branch, where it is not
/// looked for more.
fn mark_common_types(alternatives: &mut [(usize, Alternative<'_>)]) {
    let mut common = 0;
    for bit in (0..8).map(|shift| 1 << shift) {
        let with = alternatives.iter().filter(|(_, one)| one.types & bit != 0);
        let mut branches = with.map(|(branch, _)| branch);
        let first = branches.next();
        if branches.any(|branch| Some(branch) != first) {
            common |= bit;
        }
    }
    for (_, alternative) in alternatives {
        if alternative.types & common != 0 {
            alternative.overlaps.one = alternative.overlaps.one.saturating_add(1);
        }
    }
}

/// Takes out the listed values that several branches have.
fn take_out_common(alternatives: &mut [(usize, Alternative<'_>)]) {
    // The branch of each value, or none if there are several.
    let mut branches: HashMap<String, Option<usize>> = HashMap::new();
    for (index, alternative) in alternatives.iter() {
        for value in alternative.values.iter().flatten() {
            let of = branches.entry(canonical(value)).or_insert(Some(*index));
            *of = of.filter(|other| other == index);
        }
    }
    for (_, alternative) in alternatives.iter_mut() {
        if let Some(values) = &mut alternative.values {
            values.retain(|value| branches.get(&canonical(value)).is_some_and(Option::is_some));
        }
    }
}
