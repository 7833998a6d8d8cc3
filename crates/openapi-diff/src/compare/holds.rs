//! Which sets of values hold one another.
//!
//! A question about two schemas leads to questions about the schemas in them, and with
//! recursive schemas back to itself. Each question is asked once for the two documents.
//! It counts as answered with yes until something speaks against it; then everything
//! that relied on it is looked at again. What is left in the end is the largest set of
//! answers that support each other. Nothing here recurses, and no answer depends on the
//! order of the questions.

use std::collections::BTreeSet;
use std::rc::Rc;

use foldhash::{HashMap, HashSet};

use super::facts::{Answer, Facts, Of, Question, Signature};
use super::pairs::Compare;
use super::site::{Found, Site};
use super::unions::is_entangled;
use crate::alternatives::{ANY, Alternative, Expand, Node};
use crate::canonical::canonical;
use crate::classes::Side;
use crate::rules::Effect;

impl<'a> Compare<'a> {
    /// Returns whether the new schema surely admits all that the old one does. Where
    /// only the reverse is asked for, that is left open.
    pub(super) fn kept(&mut self, old: &Node<'a>, new: &Node<'a>) -> bool {
        self.leaves_open(true) || self.node_holds(old, new, true)
    }

    /// Returns whether the old schema surely admits all that the new one does, or
    /// whether that is left open.
    pub(super) fn back(&mut self, old: &Node<'a>, new: &Node<'a>) -> bool {
        self.leaves_open(false) || self.node_holds(old, new, false)
    }

    /// Returns whether both schemas surely admit the same values.
    pub(super) fn equal(&mut self, old: &Node<'a>, new: &Node<'a>) -> bool {
        self.node_holds(old, new, true) && self.node_holds(old, new, false)
    }

    /// Returns whether the values of one alternative are surely in the other.
    pub(super) fn alternative_holds(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        forward: bool,
    ) -> bool {
        let old = self.alternative_number(Side::Base, old);
        let new = self.alternative_number(Side::Revision, new);
        self.numbers_hold(old, new, forward)
    }

    /// The same for alternatives by their numbers.
    pub(super) fn numbers_hold(&mut self, old: u32, new: u32, forward: bool) -> bool {
        self.ask(Question {
            of: Of::Alternatives,
            old,
            new,
            forward,
        })
    }

    fn leaves_open(&self, forward: bool) -> bool {
        let asking = self.facts.asking;
        asking.is_some_and(|question| question.forward != forward)
    }

    pub(super) fn node_holds(&mut self, old: &Node<'a>, new: &Node<'a>, forward: bool) -> bool {
        let holder = if forward { new } else { old };
        if holder.is_any() {
            return true;
        }
        let old = self.node_number(Side::Base, old);
        let new = self.node_number(Side::Revision, new);
        self.ask(Question {
            of: Of::Nodes,
            old,
            new,
            forward,
        })
    }

    fn ask(&mut self, question: Question) -> bool {
        if question.old == question.new {
            return true;
        }
        if !self.facts.answers.contains_key(&question) {
            if question.of == Of::Alternatives && self.is_refused(question) {
                return false;
            }
            self.facts.open.push(question);
            self.facts.budget.asked.push(question);
            let answer = Answer {
                holds: true,
                relied_on_by: BTreeSet::new(),
            };
            self.facts.answers.insert(question, answer);
        }
        let facts = &mut self.facts;
        let Some(asking) = facts.asking else {
            self.settle(question);
            let holds = self.facts.answers[&question].holds;
            self.forget();
            return holds;
        };
        let answer = facts.answers.get_mut(&question);
        answer.is_some_and(|answer| {
            if answer.holds {
                answer.relied_on_by.insert(asking);
            }
            answer.holds
        })
    }

    /// Forgets the answers that may be no only because too much had to be looked at.
    fn forget(&mut self) {
        let Facts {
            budget, answers, ..
        } = &mut self.facts;
        if budget.is_exceeded {
            for question in budget.asked.drain(..) {
                if answers.get(&question).is_some_and(|answer| !answer.holds) {
                    answers.remove(&question);
                }
            }
        }
    }

    /// Returns whether the answer is surely no, at a glance.
    fn is_refused(&mut self, question: Question) -> bool {
        let old = self.signature(Side::Base, question.old);
        let new = self.signature(Side::Revision, question.new);
        if question.forward {
            new.refuses(&old)
        } else {
            old.refuses(&new)
        }
    }

    fn signature(&mut self, side: Side, number: u32) -> Rc<Signature> {
        let index = number as usize;
        let signatures = &mut self.facts.signatures[side as usize];
        if signatures.len() <= index {
            signatures.resize(index + 1, None);
        }
        if let Some(known) = &signatures[index] {
            return known.clone();
        }
        let alternative = self.facts.alternatives.get(&(side, number)).cloned();
        let of = match side {
            Side::Base => &self.base,
            Side::Revision => &self.revision,
        };
        let signature = alternative.map_or_else(Signature::default, |alternative| {
            sign(of, &alternative, &mut self.facts.words)
        });
        let signature = Rc::new(signature);
        self.facts.signatures[side as usize][index] = Some(signature.clone());
        signature
    }

    /// Looks at the open questions until none is left.
    fn settle(&mut self, root: Question) {
        while let Some(question) = self.facts.open.pop() {
            let answers = &self.facts.answers;
            let Some(answer) = answers.get(&question).filter(|answer| answer.holds) else {
                continue;
            };
            let stands = |other: &Question| answers.get(other).is_some_and(|other| other.holds);
            if question != root && !answer.relied_on_by.iter().any(stands) {
                // Nobody wants to know any more.
                self.facts.answers.remove(&question);
                continue;
            }
            self.facts.asking = Some(question);
            let holds = self.facts.budget.take()
                && match question.of {
                    Of::Nodes => self.nodes_hold(question),
                    Of::Alternatives => self.alternatives_hold(question),
                };
            self.facts.asking = None;
            if !holds && let Some(answer) = self.facts.answers.get_mut(&question) {
                answer.holds = false;
                self.facts
                    .open
                    .extend(std::mem::take(&mut answer.relied_on_by));
            }
        }
    }

    /// Looks for one alternative of the holder for each of the other.
    fn nodes_hold(&mut self, question: Question) -> bool {
        let before = self.parts(Side::Base, question.old);
        let after = self.parts(Side::Revision, question.new);
        let (held, holders) = if question.forward {
            (&before, &after)
        } else {
            (&after, &before)
        };
        let about = |held: u32, holder: u32| {
            let (old, new) = if question.forward {
                (held, holder)
            } else {
                (holder, held)
            };
            Question {
                of: Of::Alternatives,
                old,
                new,
                ..question
            }
        };
        let mut all_held = true;
        let same: HashSet<u32> = holders.iter().copied().collect();
        for (index, held) in held.iter().enumerate() {
            if same.contains(held) {
                continue;
            }
            // What stands at its place holds it most often.
            let first = index.min(holders.len());
            let (others, likely) = holders.split_at(first);
            let mut in_turn = likely.iter().chain(others);
            if in_turn.any(|holder| self.ask(about(*held, *holder))) {
                continue;
            }
            let slices = self.slices(
                if question.forward {
                    Side::Base
                } else {
                    Side::Revision
                },
                *held,
            );
            let are_held = slices.len() > 1
                && slices.iter().all(|slice| {
                    holders
                        .iter()
                        .any(|holder| self.ask(about(*slice, *holder)))
                });
            if !are_held {
                all_held = false;
                break;
            }
        }
        all_held && !self.is_entangled(&before, &after)
    }

    /// Returns whether what alternatives refuse depends on others, and those differ.
    fn is_entangled(&mut self, before: &[u32], after: &[u32]) -> bool {
        if before.len() < 2 && after.len() < 2 {
            return false;
        }
        let all = [(Side::Base, before), (Side::Revision, after)];
        let entangled = all.iter().any(|(side, numbers)| {
            numbers.iter().any(|number| {
                let of = match side {
                    Side::Base => &self.base,
                    Side::Revision => &self.revision,
                };
                let alternative = self.facts.alternatives.get(&(*side, *number));
                alternative.is_some_and(|one| is_entangled(of, one))
            })
        });
        entangled && !self.are_settled(before, after)
    }

    /// Returns whether each alternative is surely one of the other side.
    pub(super) fn are_settled(&mut self, before: &[u32], after: &[u32]) -> bool {
        let same: HashSet<u32> = before.iter().copied().collect();
        before.len() == after.len()
            && after.iter().all(|new| {
                same.contains(new)
                    || before.iter().any(|old| {
                        [true, false].into_iter().all(|forward| {
                            self.ask(Question {
                                of: Of::Alternatives,
                                old: *old,
                                new: *new,
                                forward,
                            })
                        })
                    })
            })
    }

    fn alternatives_hold(&mut self, question: Question) -> bool {
        let facts = &self.facts.alternatives;
        let old = facts.get(&(Side::Base, question.old)).cloned();
        let new = facts.get(&(Side::Revision, question.new)).cloned();
        let (Some(old), Some(new)) = (old, new) else {
            return false;
        };
        let mut found = Found::default();
        self.alternatives(&old, &new, &Site::default(), &mut found);
        let fine = if question.forward {
            Effect::Widens
        } else {
            Effect::Narrows
        };
        let mut changes = found.changes.iter();
        if !changes.all(|change| change.effect == Effect::None || change.effect == fine) {
            return false;
        }
        let mut inner = found.inner.into_iter();
        inner.all(|inner| self.node_holds(&inner.old, &inner.new, question.forward))
    }

    fn node_number(&mut self, side: Side, node: &Node<'a>) -> u32 {
        let key = match self.classes.of(side, &node.0) {
            Some(classes) => format!("{classes:?}"),
            None => format!("{side:?} {}", node.key()),
        };
        let next = u32::try_from(self.facts.node_numbers.len()).unwrap_or(u32::MAX);
        let number = *self.facts.node_numbers.entry(key).or_insert(next);
        let nodes = &mut self.facts.nodes;
        nodes.entry((side, number)).or_insert_with(|| node.clone());
        number
    }

    pub(super) fn node_numbers<'n>(
        &mut self,
        side: Side,
        nodes: impl IntoIterator<Item = &'n Node<'a>>,
    ) -> Vec<u32>
    where
        'a: 'n,
    {
        let nodes = nodes.into_iter();
        nodes.map(|node| self.node_number(side, node)).collect()
    }

    /// The numbers of an alternative's slices, one for each of its types.
    pub(super) fn slices(&mut self, side: Side, alternative: u32) -> Vec<u32> {
        let Some(whole) = self.facts.alternatives.get(&(side, alternative)).cloned() else {
            return Vec::new();
        };
        let of = match side {
            Side::Base => &self.base,
            Side::Revision => &self.revision,
        };
        let slices = of.slices(&whole);
        self.alternative_numbers(side, &slices)
    }

    /// The numbers of the alternatives of a node.
    fn parts(&mut self, side: Side, node: u32) -> Rc<[u32]> {
        if let Some(parts) = self.facts.parts.get(&(side, node)) {
            return parts.clone();
        }
        let of = match side {
            Side::Base => &self.base,
            Side::Revision => &self.revision,
        };
        let alternatives = match self.facts.nodes.get(&(side, node)) {
            Some(node) => of.alternatives(node),
            None => Rc::default(),
        };
        let parts: Rc<[u32]> = self.alternative_numbers(side, &alternatives).into();
        self.facts.parts.insert((side, node), parts.clone());
        parts
    }

    pub(super) fn alternative_numbers(
        &mut self,
        side: Side,
        alternatives: &[Alternative<'a>],
    ) -> Vec<u32> {
        let alternatives = alternatives.iter();
        alternatives
            .map(|alternative| self.alternative_number(side, alternative))
            .collect()
    }

    fn alternative_number(&mut self, side: Side, alternative: &Alternative<'a>) -> u32 {
        let mut key = alternative.written(&mut |node| self.node_number(side, node));
        if alternative.left_out().is_some() {
            // What it holds besides is not known, so it is like none of the other side.
            key.push_str(match side {
                Side::Base => " of the old side",
                Side::Revision => " of the new side",
            });
        }
        let facts = &mut self.facts;
        let next = u32::try_from(facts.alternative_numbers.len()).unwrap_or(u32::MAX);
        let number = *facts.alternative_numbers.entry(key).or_insert(next);
        let known = facts.alternatives.entry((side, number));
        known.or_insert_with(|| Rc::new(alternative.clone()));
        number
    }
}

/// What can be said of an alternative at a glance.
fn sign<'a>(
    of: &Expand<'a>,
    alternative: &Alternative<'a>,
    words: &mut HashMap<String, u32>,
) -> Signature {
    let mut word = |text: String| -> u32 {
        let next = u32::try_from(words.len()).unwrap_or(u32::MAX);
        *words.entry(text).or_insert(next)
    };
    let mut signature = Signature {
        types: alternative.types,
        types_of_values: alternative.types_of_values(),
        open: alternative.additional.is_any()
            && alternative.by_pattern.is_empty()
            && alternative.names.is_any(),
        ..Signature::default()
    };
    for name in &alternative.required {
        signature.required.push(word(name.clone()));
    }
    for (name, node) in &alternative.properties {
        let number = word(name.clone());
        signature.declared.push(number);
        if node.is_never() {
            continue;
        }
        if !takes_all(of, node) {
            signature.restricted.push(number);
        }
        if let Some(values) = of.listed(node) {
            let values = values.iter().map(|value| word(canonical(value)));
            let mut values: Vec<u32> = values.collect();
            values.sort_unstable();
            signature.listed.push((number, values));
        }
    }
    signature.required.sort_unstable();
    signature.restricted.sort_unstable();
    signature.declared.sort_unstable();
    signature.listed.sort_unstable();
    signature
}

/// Returns whether a schema may take every value.
fn takes_all<'a>(of: &Expand<'a>, node: &Node<'a>) -> bool {
    let alternatives = of.alternatives(node);
    let alternatives = alternatives.iter();
    let whole = alternatives.filter(|alternative| alternative.is_of_types());
    whole.fold(0, |types, alternative| types | alternative.types) == ANY
}
