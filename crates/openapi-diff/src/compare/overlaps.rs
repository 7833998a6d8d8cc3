//! Objects that match several alternatives of `oneOf`, and are refused for that.
//!
//! Most unions of objects are written without care for that: whatever one alternative does
//! not declare, the other admits. So only properties count that both declare, for clients
//! send no others.

use std::collections::HashMap;

use super::pairs::Compare;
use super::site::{Change, Site};
use super::unions::{At, Union, describe, name};
use crate::alternatives::{Alternative, Expand, Node, OBJECT, apart};
use crate::classes::Side;
use crate::rules::{Effect, SchemaRule};
use crate::sentence::{Sentence, about};

/// The objects of the alternatives of one side.
struct Objects<'a> {
    /// The place of the alternative that each is of.
    of: Vec<usize>,
    objects: Vec<Alternative<'a>>,
}

impl<'a> Objects<'a> {
    fn of(expand: &Expand<'a>, alternatives: &[Alternative<'a>]) -> Self {
        let all = alternatives.iter().enumerate().flat_map(|(index, whole)| {
            let slices = expand.slices(whole).into_iter();
            slices.map(move |slice| (index, slice))
        });
        let (of, objects) = all.filter(|(_, slice)| slice.types == OBJECT).unzip();
        Objects { of, objects }
    }
}

/// What became of the objects of each side: their places on the other one.
struct Fate {
    old: Vec<Option<usize>>,
    new: Vec<Option<usize>>,
}

impl Fate {
    fn are_one(&mut self, i: usize, j: usize) {
        self.old[i] = Some(j);
        self.new[j] = Some(i);
    }
}

impl<'a> Compare<'a> {
    /// Finds objects that match another alternative than before, or no longer do.
    pub(super) fn overlapping(
        &mut self,
        before: &[Alternative<'a>],
        after: &[Alternative<'a>],
        pairs: &[At],
        site: &Site,
        out: &mut Vec<Change>,
    ) {
        let overlaps = |all: &[Alternative<'a>]| all.iter().any(|one| one.overlaps.one > 0);
        if !overlaps(before) && !overlaps(after) {
            return;
        }
        let was = Objects::of(&self.base, before);
        let is = Objects::of(&self.revision, after);
        let old = Union {
            numbers: self.alternative_numbers(Side::Base, &was.objects),
            alternatives: &was.objects,
        };
        let new = Union {
            numbers: self.alternative_numbers(Side::Revision, &is.objects),
            alternatives: &is.objects,
        };
        self.facts.budget.begin();
        let by_place = pairs.iter().filter_map(|(i, j)| {
            let i = was.of.iter().position(|of| of == i)?;
            Some((i, is.of.iter().position(|of| of == j)?))
        });
        let fate = self.fate(&old, &new, by_place);
        self.second_alternatives(&old, &new, &fate, site, out);
        self.met_or_parted(&old, &new, &fate, site, out);
        if self.facts.budget.is_exceeded {
            let about = "has too many alternatives that may match at once to be compared; look \
                         at it by hand";
            out.push(site.change(
                SchemaRule::NotCompared,
                Effect::Unknown,
                Sentence::about(about),
            ));
        }
    }

    /// Finds what became of each alternative.
    fn fate(
        &mut self,
        old: &Union<'_, 'a>,
        new: &Union<'_, 'a>,
        pairs: impl Iterator<Item = At>,
    ) -> Fate {
        let mut fate = Fate {
            old: vec![None; old.numbers.len()],
            new: vec![None; new.numbers.len()],
        };
        let mut by_number: HashMap<u32, Vec<usize>> = HashMap::new();
        for (i, number) in old.numbers.iter().enumerate().rev() {
            by_number.entry(*number).or_default().push(i);
        }
        for (j, number) in new.numbers.iter().enumerate() {
            if let Some(i) = by_number.get_mut(number).and_then(Vec::pop) {
                fate.are_one(i, j);
            }
        }
        for (i, j) in pairs {
            if fate.old[i].is_none() && fate.new[j].is_none() {
                fate.are_one(i, j);
            }
        }
        for (j, is) in new.alternatives.iter().enumerate() {
            if fate.new[j].is_some() {
                continue;
            }
            let was = (0..old.numbers.len()).find(|i| {
                let was = &old.alternatives[*i];
                let same_name = name(was).is_some() && name(was) == name(is);
                fate.old[*i].is_none() && (same_name || self.are_equal(old, new, (*i, j)))
            });
            if let Some(i) = was {
                fate.are_one(i, j);
            }
        }
        fate
    }

    /// Finds values of an alternative that stays which match a new one too, or matched one
    /// that is gone.
    fn second_alternatives(
        &mut self,
        old: &Union<'_, 'a>,
        new: &Union<'_, 'a>,
        fate: &Fate,
        site: &Site,
        out: &mut Vec<Change>,
    ) {
        for (j, is) in new.alternatives.iter().enumerate() {
            if fate.new[j].is_some() || is.overlaps.one == 0 {
                continue;
            }
            if let Some(i) = self.second_of((old, new), &fate.old, j, Side::Revision) {
                let mut change = site.change(
                    SchemaRule::OneOfOverlapAdded,
                    Effect::Narrows,
                    about!(
                        "now has {}, and values of {} match both, where one must match",
                        called(is),
                        called(&old.alternatives[i])
                    ),
                );
                change.site.revision = Some(is.label.clone());
                out.push(change);
            }
        }
        for (i, was) in old.alternatives.iter().enumerate() {
            if fate.old[i].is_some() || was.overlaps.one == 0 {
                continue;
            }
            if let Some(j) = self.second_of((old, new), &fate.new, i, Side::Base) {
                let mut change = site.change(
                    SchemaRule::OneOfOverlapRemoved,
                    Effect::Widens,
                    about!(
                        "no longer has {}, and values that matched it and {} were refused for that",
                        called(was),
                        called(&new.alternatives[j])
                    ),
                );
                change.site.base = Some(was.label.clone());
                out.push(change);
            }
        }
    }

    /// Returns an alternative of the other side that stays, and of which clients send values
    /// that match this one too. `fate` is that of the other side.
    fn second_of(
        &mut self,
        (old, new): (&Union<'_, 'a>, &Union<'_, 'a>),
        fate: &[Option<usize>],
        index: usize,
        side: Side,
    ) -> Option<usize> {
        let is_new = side == Side::Revision;
        let (own, others) = if is_new { (new, old) } else { (old, new) };
        let mut staying = (0..fate.len()).filter(|other| fate[*other].is_some());
        staying.find(|other| {
            let at = if is_new {
                (*other, index)
            } else {
                (index, *other)
            };
            // All values of the other are among those of this one, or the reverse.
            self.holds(old, new, at, is_new)
                || (declares(&others.alternatives[*other], &own.alternatives[index])
                    && self.holds(old, new, at, !is_new))
        })
    }

    /// Finds alternatives that had no value in common and have some now, or the reverse.
    fn met_or_parted(
        &mut self,
        old: &Union<'_, 'a>,
        new: &Union<'_, 'a>,
        fate: &Fate,
        site: &Site,
        out: &mut Vec<Change>,
    ) {
        let staying: Vec<(usize, usize)> = (0..new.numbers.len())
            .filter_map(|j| Some((fate.new[j]?, j)))
            .collect();
        let is_changed = |(i, j): (usize, usize)| old.numbers[i] != new.numbers[j];
        for (index, one) in staying.iter().enumerate() {
            for other in &staying[index + 1..] {
                if !is_changed(*one) && !is_changed(*other) {
                    continue;
                }
                let was = [one.0, other.0].map(|i| &old.alternatives[i]);
                let is = [one.1, other.1].map(|j| &new.alternatives[j]);
                let are_exclusive =
                    |pair: [&Alternative<'a>; 2]| pair.iter().all(|one| one.overlaps.one > 0);
                if !are_exclusive(was) && !are_exclusive(is) {
                    continue;
                }
                if !self.facts.budget.take() {
                    return;
                }
                let was_apart = apart(&self.base, was[0], &self.base, was[1]);
                let is_apart = apart(&self.revision, is[0], &self.revision, is[1]);
                // Whether what clients send for the one alternative is refused for the other.
                let is_met = |x: usize, y: usize| {
                    !is_apart && declares(was[x], is[y]) && (was_apart || !declares(was[x], was[y]))
                };
                let names = [0, 1].map(|x| called(is[x]));
                let (rule, effect, says) = if are_exclusive(is) && (is_met(0, 1) || is_met(1, 0)) {
                    (
                        SchemaRule::OneOfOverlapAdded,
                        Effect::Narrows,
                        about!(
                            "may now match {} and {} at once, where one must match",
                            names[0],
                            names[1]
                        ),
                    )
                } else if are_exclusive(was)
                    && !was_apart
                    && is_apart
                    && (declares(is[0], was[1]) || declares(is[1], was[0]))
                    && !self.are_listed(is)
                {
                    (
                        SchemaRule::OneOfOverlapRemoved,
                        Effect::Widens,
                        about!(
                            "can no longer match {} and {} at once, and values that did were \
                             refused for that",
                            names[0],
                            names[1]
                        ),
                    )
                } else {
                    continue;
                };
                let changed = if is_changed(*other) { other } else { one };
                let mut change = site.change(rule, effect, says);
                change.site.base = Some(old.alternatives[changed.0].label.clone());
                change.site.revision = Some(new.alternatives[changed.1].label.clone());
                out.push(change);
            }
        }
    }

    /// Returns whether a property tells two alternatives apart of which the values are listed.
    /// Who introduces one means to make clear what was meant before.
    fn are_listed(&self, [one, other]: [&Alternative<'a>; 2]) -> bool {
        let lists = |alternative: &Alternative<'a>, name: &String| {
            let node = alternative.properties.get(name);
            node.is_some_and(|node| self.revision.listed(node).is_some())
        };
        let mut names = one.required.intersection(&other.required);
        names.any(|name| lists(one, name) && lists(other, name))
    }
}

/// Returns whether an alternative declares all that another demands.
fn declares(one: &Alternative<'_>, other: &Alternative<'_>) -> bool {
    let is_declared = |name: &String| {
        let node = one.properties.get(name);
        node.is_some_and(|node: &Node<'_>| !node.is_never())
    };
    other.required.iter().all(is_declared)
}

/// What an alternative is called, or else where it stands in its union.
fn called(alternative: &Alternative<'_>) -> String {
    let mut steps = alternative.label.rsplit('/');
    match (steps.next(), steps.next()) {
        (Some(index), Some("oneOf")) => format!("`oneOf/{index}`"),
        _ => describe(alternative),
    }
}
