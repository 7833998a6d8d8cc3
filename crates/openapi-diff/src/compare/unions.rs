//! Alternatives, matched up.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::pairs::Compare;
use super::scalars::types;
use super::site::{Found, Site};
use crate::alternatives::{ARRAY, Alternative, Expand, NULL, Node, OBJECT, apart};
use crate::classes::Side;
use crate::rules::{Effect, SchemaRule};
use crate::sentence::{Sentence, about};

/// The places of an old and a new alternative.
pub(super) type At = (usize, usize);

/// The alternatives of one side.
pub(super) struct Union<'u, 'a> {
    pub(super) alternatives: &'u [Alternative<'a>],
    /// Those that surely admit the same values have the same number.
    pub(super) numbers: Vec<u32>,
}

/// Of more pairs than this, those that look alike are not looked for. A product of unions
/// has as many, and keeps the order of its parts.
const MAX_LOOKED_AT: usize = 40_000;

/// Which alternatives belong together, by their places in both unions.
struct Matching {
    /// Those that are compared.
    pairs: Vec<At>,
    /// Those whose values the new union does not have.
    gone: Vec<usize>,
    /// Those whose values the old union did not have.
    come: Vec<usize>,
}

/// The alternatives that nothing on the other side holds, marked by their places.
struct Unheld {
    old: Vec<bool>,
    new: Vec<bool>,
}

impl Unheld {
    fn has(&self, at: At) -> bool {
        self.old[at.0] || self.new[at.1]
    }

    /// How many pairs have one of them.
    fn pairs(&self) -> usize {
        let count = |marks: &[bool]| marks.iter().filter(|mark| **mark).count();
        count(&self.old) * self.new.len() + count(&self.new) * self.old.len()
    }
}

/// Places in their order, but a likely one and those behind it first.
fn from(first: usize, length: usize) -> impl Iterator<Item = usize> {
    (first..length).chain(0..first.min(length))
}

impl Union<'_, '_> {
    /// The numbers of the alternatives that have values in common with others of their
    /// `oneOf`. What the others do changes nothing for these.
    fn in_common(&self) -> Vec<u32> {
        let all = self.alternatives.iter().zip(&self.numbers);
        let common = all.filter(|(alternative, _)| alternative.overlaps.one > 0);
        common.map(|(_, number)| *number).collect()
    }
}

fn set(numbers: &[u32]) -> HashSet<u32> {
    numbers.iter().copied().collect()
}

impl<'a> Compare<'a> {
    /// Returns whether an alternative surely holds the other.
    pub(super) fn holds(
        &mut self,
        old: &Union<'_, 'a>,
        new: &Union<'_, 'a>,
        at: At,
        forward: bool,
    ) -> bool {
        self.numbers_hold(old.numbers[at.0], new.numbers[at.1], forward)
    }

    pub(super) fn are_equal(&mut self, old: &Union<'_, 'a>, new: &Union<'_, 'a>, at: At) -> bool {
        self.holds(old, new, at, true) && self.holds(old, new, at, false)
    }

    /// Returns whether the values of each type of an alternative are in some alternative of
    /// the other side.
    fn is_held_by_types(&mut self, side: Side, held: u32, holders: &[u32]) -> bool {
        let slices = self.slices(side, held);
        slices.len() > 1
            && slices.iter().all(|slice| {
                holders.iter().any(|holder| match side {
                    Side::Base => self.numbers_hold(*slice, *holder, true),
                    Side::Revision => self.numbers_hold(*holder, *slice, false),
                })
            })
    }

    fn matching(&mut self, old: &Union<'_, 'a>, new: &Union<'_, 'a>) -> Matching {
        let olds = 0..old.numbers.len();
        let news = 0..new.numbers.len();
        let (old_set, new_set) = (set(&old.numbers), set(&new.numbers));
        let unheld = Unheld {
            old: olds
                .clone()
                .map(|i| {
                    !new_set.contains(&old.numbers[i])
                        && !from(i, news.len()).any(|j| self.holds(old, new, (i, j), true))
                        && !self.is_held_by_types(Side::Base, old.numbers[i], &new.numbers)
                })
                .collect(),
            new: news
                .clone()
                .map(|j| {
                    !old_set.contains(&new.numbers[j])
                        && !from(j, olds.len()).any(|i| self.holds(old, new, (i, j), false))
                        && !self.is_held_by_types(Side::Revision, new.numbers[j], &old.numbers)
                })
                .collect(),
        };
        let mut pairs: Vec<At> = Vec::new();
        let (mut is_taken, mut has_taken) = (vec![false; olds.len()], vec![false; news.len()]);
        for (i, j) in self.likely(old, new, &unheld) {
            if is_taken[i] || has_taken[j] {
                continue;
            }
            let mut others = olds.clone().filter(|other| *other != i);
            let is_another = name(&old.alternatives[i]).is_none()
                && !unheld.new[j]
                && others.any(|other| self.are_equal(old, new, (other, j)));
            if !is_another {
                is_taken[i] = true;
                has_taken[j] = true;
                pairs.push((i, j));
            }
        }
        let mut gone: Vec<usize> = olds.filter(|i| unheld.old[*i] && !is_taken[*i]).collect();
        let mut come: Vec<usize> = news.filter(|j| unheld.new[*j] && !has_taken[*j]).collect();
        if let ([i], [j]) = (gone.as_slice(), come.as_slice())
            && old.alternatives[*i].types & new.alternatives[*j].types != 0
        {
            pairs.push((*i, *j));
            gone.clear();
            come.clear();
        }
        Matching { pairs, gone, come }
    }

    /// The pairs that may be one alternative that has changed, the likeliest first. What
    /// has a name is meant by it, whatever else holds its values. Others go with what
    /// looks most like them; where they stand decides only between equals.
    fn likely(&mut self, old: &Union<'_, 'a>, new: &Union<'_, 'a>, unheld: &Unheld) -> Vec<At> {
        let looks = unheld.pairs() <= MAX_LOOKED_AT;
        // Of several with one name, those that have not changed are not meant.
        let mut is_kept = vec![false; unheld.old.len()];
        let mut was_kept = vec![false; unheld.new.len()];
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (j, is) in new.alternatives.iter().enumerate() {
            if let Some(name) = name(is) {
                by_name.entry(name).or_default().push(j);
            }
        }
        let named = |i: usize| {
            let name = name(&old.alternatives[i]);
            let named = name.and_then(|name| by_name.get(name));
            named.map(Vec::as_slice).unwrap_or_default()
        };
        for (i, kept) in is_kept.iter_mut().enumerate() {
            for j in named(i) {
                if self.are_equal(old, new, (i, *j)) {
                    *kept = true;
                    was_kept[*j] = true;
                }
            }
        }
        let every: Vec<usize> = (0..new.alternatives.len()).collect();
        let unheld_new: Vec<usize> = every.iter().copied().filter(|j| unheld.new[*j]).collect();
        let mut likely: Vec<(u32, bool, At)> = Vec::new();
        for (i, was) in old.alternatives.iter().enumerate() {
            for j in named(i) {
                let common = was.types & new.alternatives[*j].types & !NULL;
                let meant = common & OBJECT != 0 && !is_kept[i] && !was_kept[*j];
                if meant || (unheld.has((i, *j)) && common != 0) {
                    likely.push((u32::MAX, true, (i, *j)));
                }
            }
            let others = if unheld.old[i] { &every } else { &unheld_new };
            for j in others.iter().copied() {
                let is = &new.alternatives[j];
                if (looks || i == j)
                    && (name(was).is_none() || name(is).is_none())
                    && !apart(&self.base, was, &self.revision, is)
                    && let Some(likeness) = self.likeness(was, is)
                    // What another holds has not become this one.
                    && (unheld.old[i] || self.holds(old, new, (i, j), true))
                    && (unheld.new[j] || self.holds(old, new, (i, j), false))
                {
                    likely.push((likeness, was.label == is.label, (i, j)));
                }
            }
        }
        likely.sort_by_key(|(likeness, in_place, at)| {
            (std::cmp::Reverse((*likeness, *in_place)), *at)
        });
        likely.into_iter().map(|(_, _, at)| at).collect()
    }

    /// Compares unions. `told_apart` says that a discriminator says which alternative is
    /// meant.
    pub(super) fn unions(
        &mut self,
        before: &[Alternative<'a>],
        after: &[Alternative<'a>],
        site: &Site,
        told_apart: bool,
        out: &mut Found<'a>,
    ) {
        let old = Union {
            alternatives: before,
            numbers: self.alternative_numbers(Side::Base, before),
        };
        let new = Union {
            alternatives: after,
            numbers: self.alternative_numbers(Side::Revision, after),
        };
        self.facts.budget.begin();
        let Matching { pairs, gone, come } = self.matching(&old, &new);
        if self.facts.budget.is_exceeded {
            let about = "has too many alternatives that changed or look alike to be compared; \
                         look at it by hand";
            let rule = SchemaRule::NotCompared;
            let change = site.change(rule, Effect::Unknown, Sentence::about(about));
            out.changes.push(change);
            return;
        }
        for &(i, j) in &pairs {
            let inner = Site {
                path: site.path.clone(),
                base: Some(before[i].label.clone()),
                revision: Some(after[j].label.clone()),
            };
            let mut found = Found::default();
            self.facts.budget.begin();
            self.alternatives(&before[i], &after[j], &inner, &mut found);
            // A property that another alternative declares is not gone, unless this one refuses
            // it.
            found.changes.retain(|change| {
                let refused = after[j].properties.get(&change.site.path);
                !matches!(
                    change.rule,
                    SchemaRule::OptionalPropertyRemoved | SchemaRule::RequiredPropertyRemoved
                ) || refused.is_some_and(Node::is_never)
                    || !after
                        .iter()
                        .any(|alternative| alternative.properties.contains_key(&change.site.path))
            });
            out.changes.extend(found.changes);
            out.inner.extend(found.inner);
        }
        if !told_apart {
            self.overlapping(before, after, &pairs, site, &mut out.changes);
        }
        // What each of these refuses depends on the others.
        let is_entangled = before.iter().any(|one| is_entangled(&self.base, one))
            || after.iter().any(|one| is_entangled(&self.revision, one));
        if is_entangled && !self.are_settled(&old.in_common(), &new.in_common()) {
            out.changes.push(site.change(
                SchemaRule::OneOfChanged,
                Effect::Unknown,
                Sentence::about("has alternatives that overlap, and they changed"),
            ));
        }
        for i in gone {
            let mut change = site.change(
                SchemaRule::OneOfRemoved,
                Effect::Narrows,
                about!("no longer has the alternative {}", describe(&before[i])),
            );
            change.site.base = Some(before[i].label.clone());
            out.changes.push(change);
        }
        for j in come {
            let mut change = site.change(
                SchemaRule::OneOfAdded,
                Effect::Widens,
                about!("has the new alternative {}", describe(&after[j])),
            );
            change.site.revision = Some(after[j].label.clone());
            out.changes.push(change);
        }
    }

    /// Returns whether two schemas do not differ, or have one name.
    fn is_same(&self, old: &Node<'a>, new: &Node<'a>) -> bool {
        let name = |node: Node<'a>| Some(node.pointer()?.to_owned());
        let named = name(self.base.resolved(old));
        self.untouched(old, new)
            || named.is_some_and(|named| {
                named.starts_with("/components/")
                    && Some(named) == name(self.revision.resolved(new))
            })
    }

    /// How much two alternatives without a common name have in common, in thousandths;
    /// `None` if they are hardly one that has changed.
    fn likeness(&self, old: &Alternative<'a>, new: &Alternative<'a>) -> Option<u32> {
        let common = old.types & new.types & !NULL;
        if common == 0 {
            return None;
        }
        let share = |part: usize, whole: usize, of: usize| {
            u32::try_from(part * of / whole.max(1)).unwrap_or_default()
        };
        let bits = |types: u8| types.count_ones() as usize;
        let types = share(bits(common), bits((old.types | new.types) & !NULL), 400);
        let items = share(usize::from(self.is_same(&old.items, &new.items)), 1, 100);
        if common & OBJECT == 0 || (old.properties.is_empty() && new.properties.is_empty()) {
            return Some(types + items + 500);
        }
        let names: BTreeSet<&String> = old.properties.keys().chain(new.properties.keys()).collect();
        let (mut both, mut same) = (0, 0);
        for name in &names {
            if let (Some(was), Some(is)) = (old.properties.get(*name), new.properties.get(*name)) {
                both += 1;
                same += usize::from(self.is_same(was, is));
            }
        }
        let properties = share(both, names.len(), 300);
        let likeness = types + items + properties + share(same, names.len(), 200);
        // One may have got many properties, or its first, or lost them; hardly both.
        let smaller = old.properties.len().min(new.properties.len());
        (both * 5 >= smaller).then_some(likeness)
    }
}

/// Returns whether what an alternative refuses depends on the others. Objects are told from
/// those of other alternatives, and so are lists of them.
pub(super) fn is_entangled<'a>(of: &Expand<'a>, alternative: &Alternative<'a>) -> bool {
    let is_untyped = alternative.types & !(OBJECT | NULL) != 0 && alternative.is_of_any_object();
    let lists_objects = || {
        alternative.types & !NULL == ARRAY
            && alternative.prefix.is_empty()
            && of
                .alternatives(&alternative.items)
                .iter()
                .all(|item| item.types & !NULL == OBJECT)
    };
    alternative.overlaps.one > 0
        && (alternative.types & OBJECT == 0 || is_untyped)
        && !lists_objects()
}

/// The name of the schema that an alternative is.
pub(super) fn name<'n>(alternative: &'n Alternative<'_>) -> Option<&'n str> {
    let name = alternative.label.strip_prefix("/components/schemas/")?;
    (!alternative.joined && !name.contains('/')).then_some(name)
}

/// What an alternative is called, or else what type it has.
pub(super) fn describe(alternative: &Alternative<'_>) -> String {
    match alternative.label.rsplit_once("/schemas/") {
        Some((_, name)) if !name.contains('/') => format!("`{name}`"),
        _ => match &alternative.values {
            Some(values) => values
                .iter()
                .map(Value::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            None => types(alternative.types),
        },
    }
}
