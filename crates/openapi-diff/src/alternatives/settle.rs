//! Alternatives brought to one form, so that equal sets look equal.

#![expect(
    clippy::float_cmp,
    reason = "bounds are the same only if they are equal"
)]

use std::collections::BTreeSet;

use serde_json::Value;

use super::alternative::{
    ANY, ARRAY, Alternative, BOOLEAN, Bound, Contains, FRACTION, INTEGER, LEFT_OUT, NOTHING, NULL,
    NUMBER, Node, OBJECT, STRING, admits_plainly, bound, type_of,
};
use super::apart::nodes_apart;
use super::exact::Exact;
use super::expand::{Carrier, Expand};
use crate::canonical::ValueSet;
use crate::document::Located;
use crate::level::Direction;
use crate::pattern::{Texts, matches};

/// Keywords that are compared as they are written, and say something of texts alone.
const OF_TEXTS: [&str; 2] = ["contentEncoding", "contentMediaType"];

/// The types that constraints belong to, each with others or by itself.
const GROUPS: [u8; 6] = [NULL, BOOLEAN, NUMBER, STRING, ARRAY, OBJECT];

impl<'a> Expand<'a> {
    /// An alternative as several, one for each of its types.
    pub(crate) fn slices(&self, alternative: &Alternative<'a>) -> Vec<Alternative<'a>> {
        let groups = GROUPS.into_iter();
        let groups = groups.filter(|group| alternative.types & group != 0);
        let slices = groups.map(|group| {
            let mut slice = alternative.clone();
            slice.types &= group;
            if let Some(values) = &mut slice.values {
                values.retain(|value| type_of(value) & group != 0);
            }
            self.settle(slice)
        });
        slices.collect()
    }

    /// Drops what cannot matter, so that equal sets look equal.
    pub(super) fn settle(&self, mut alternative: Alternative<'a>) -> Alternative<'a> {
        self.settle_bytes(&mut alternative);
        if let Some(values) = alternative.values.take() {
            let (mut kept, mut seen) = (Vec::new(), ValueSet::default());
            for value in values {
                if admits_plainly(&alternative, &value) && seen.insert(&value) {
                    kept.push(value);
                }
            }
            alternative.types &= kept.iter().fold(0, |bits, value| bits | type_of(value));
            let mut settled = Alternative::any(&alternative.label);
            settled.types = alternative.types;
            let plain = kept
                .iter()
                .all(|value| !value.is_object() && !value.is_array());
            let both = kept.iter().filter(|value| value.is_boolean()).count() == 2;
            // All of null and booleans is no restriction.
            if !kept
                .iter()
                .all(|value| value.is_null() || (value.is_boolean() && both))
            {
                settled.values = Some(kept);
            }
            if plain {
                settled.nots = alternative.nots;
                settled.conditions = alternative.conditions;
                settled.overlaps = alternative.overlaps;
                settled.others = alternative.others;
                return settled;
            }
            alternative.values = settled.values;
        }
        settle_multiples(&mut alternative);
        if alternative.types & NUMBER == INTEGER {
            settle_integers(&mut alternative);
        }
        if let (Some(low), Some(high)) = (alternative.low, alternative.high)
            && (low.at > high.at || (low.at == high.at && (low.exclusive || high.exclusive)))
        {
            alternative.types &= !NUMBER;
        }
        for (index, bit) in [STRING, ARRAY, OBJECT].into_iter().enumerate() {
            if alternative.sizes[index]
                .1
                .is_some_and(|max| max < alternative.sizes[index].0)
            {
                alternative.types &= !bit;
            }
            if alternative.types & bit == 0 {
                alternative.sizes[index] = (0, None);
            }
        }
        if alternative.types & NUMBER == 0 {
            alternative.low = None;
            alternative.high = None;
            alternative.multiples.clear();
        }
        if alternative.types & (STRING | NUMBER) == 0 {
            alternative.formats.clear();
        }
        if alternative.types & NUMBER != 0 {
            // What every JSON number is.
            alternative.formats.remove("double");
            alternative.formats.remove("int64");
        }
        if alternative.types & STRING == 0 {
            alternative.patterns.clear();
            alternative.content = Node::default();
            let others = &mut alternative.others;
            others.retain(|keyword, _| !OF_TEXTS.contains(keyword));
        }
        settle_contains(&mut alternative);
        if alternative.types & ARRAY != 0 && self.no_array(&alternative) {
            alternative.types &= !ARRAY;
        }
        if alternative.items.is_never() {
            // There is no element beyond those that come first.
            let most = alternative.prefix.len() as u64;
            let size = &mut alternative.sizes[1].1;
            *size = Some(size.map_or(most, |size| size.min(most)));
            alternative.items = Node::default();
        }
        if alternative.types & ARRAY == 0 {
            alternative.unique = false;
            alternative.prefix.clear();
            alternative.items = Node::default();
            alternative.contains.clear();
        }
        if alternative.types & OBJECT == 0 {
            alternative.properties.clear();
            alternative.required.clear();
            alternative.additional = Node::default();
            alternative.stated.additional = false;
            alternative.by_pattern.clear();
            alternative.names = Node::default();
            alternative.demands.clear();
            alternative.dependent.clear();
        } else {
            self.settle_object(&mut alternative);
        }
        self.settle_listed(alternative)
    }

    /// Drops listed objects and lists that are refused otherwise. If all others are surely
    /// admitted, their list says all.
    fn settle_listed(&self, mut alternative: Alternative<'a>) -> Alternative<'a> {
        let Some(values) = alternative.values.take() else {
            return alternative;
        };
        // What is in them may lead back here.
        if self.looking.replace(true) {
            alternative.values = Some(values);
            return alternative;
        }
        let mut all_admitted = true;
        let (mut kept, mut types) = (Vec::new(), 0);
        for value in values {
            let admitted = self.admits(&alternative, &value);
            all_admitted &= admitted.is_some();
            if admitted != Some(false) {
                types |= type_of(&value);
                kept.push(value);
            }
        }
        self.looking.set(false);
        if all_admitted {
            let mut listed = Alternative::any(&alternative.label);
            listed.joined = alternative.joined;
            alternative = listed;
        }
        alternative.types &= types;
        alternative.values = Some(kept);
        alternative
    }

    /// Brings what stands for any bytes to one form.
    fn settle_bytes(&self, alternative: &mut Alternative<'a>) {
        let is_whole = self.carrier == Carrier::Bytes;
        if (is_whole || self.carrier == Carrier::Parts) && is_binary(alternative, is_whole) {
            alternative.types = STRING;
            alternative.formats.insert(BINARY.to_owned());
            alternative.others.remove("contentMediaType");
        }
        if is_whole {
            alternative.others.remove("contentMediaType");
        }
    }

    /// Returns whether a list would need an element that there cannot be.
    fn no_array(&self, alternative: &Alternative<'a>) -> bool {
        let (least, most) = alternative.sizes[1];
        let missing = |contains: &Contains<'a>| {
            contains.least > 0
                && (most.is_some_and(|most| most < contains.least)
                    || (alternative.prefix.is_empty()
                        && nodes_apart(self, &contains.node, self, &alternative.items)))
        };
        let needed = usize::try_from(least).unwrap_or(usize::MAX);
        alternative.contains.iter().any(missing)
            || (0..needed.min(alternative.prefix.len() + 1))
                .any(|index| self.never(alternative.item(index)))
    }

    /// Takes out the properties that this direction does not hold.
    fn settle_object(&self, alternative: &mut Alternative<'a>) {
        if alternative.names.is_never() || alternative.sizes[2].1 == Some(0) {
            settle_empty(alternative);
        }
        let hidden = match self.direction {
            Direction::Request => "readOnly",
            Direction::Response => "writeOnly",
        };
        let gone: Vec<String> = alternative
            .properties
            .iter()
            .filter(|(_, node)| self.says(node, hidden))
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            alternative.properties.remove(&name);
            alternative.required.remove(&name);
        }
        let mut required: Vec<String> = alternative.required.iter().cloned().collect();
        while let Some(first) = required.pop() {
            let demanded = alternative.demands.range((first.clone(), String::new())..);
            let demanded = demanded.take_while(|(name, _)| *name == first);
            for (_, name) in demanded {
                if alternative.required.insert(name.clone()) {
                    required.push(name.clone());
                }
            }
        }
        let demands = std::mem::take(&mut alternative.demands);
        alternative.demands = demands
            .into_iter()
            .filter(|(first, second)| {
                let property = alternative
                    .properties
                    .get(first)
                    .unwrap_or(&alternative.additional);
                let possible = !property.is_never() || !alternative.by_pattern.is_empty();
                possible && first != second && !alternative.required.contains(second)
            })
            .collect();
        let matches_needed = alternative.by_pattern.len() * alternative.properties.len();
        if matches_needed > MAX_MATCHES {
            let left_out = alternative.others.entry(LEFT_OUT).or_default();
            left_out.push(Value::from("patternProperties"));
        } else if !alternative.by_pattern.is_empty() {
            for (name, node) in &mut alternative.properties {
                for (pattern, schema) in &alternative.by_pattern {
                    if matches(pattern, name) == Some(true) {
                        *node = std::mem::take(node).and(schema);
                    }
                }
            }
        }
        settle_universal(alternative);
        if alternative.required.iter().any(|name| {
            alternative
                .properties
                .get(name)
                .unwrap_or(&alternative.additional)
                .is_never()
                && alternative.by_pattern.is_empty()
        }) {
            alternative.types &= !OBJECT;
        }
    }
}

/// What holds for names by a pattern that all names match holds for every one that is not
/// declared.
fn settle_universal(alternative: &mut Alternative<'_>) {
    let every = BTreeSet::new();
    let names = Texts {
        patterns: &every,
        least: 0,
        most: None,
    };
    let mut patterns = alternative.by_pattern.keys();
    let universal = patterns.find(|pattern| names.all_match(pattern) == Some(true));
    let Some(universal) = universal.cloned() else {
        return;
    };
    if let Some(node) = alternative.by_pattern.remove(&universal) {
        for other in alternative.by_pattern.values_mut() {
            *other = std::mem::take(other).and(&node);
        }
        alternative.additional = node;
        alternative.stated.additional = true;
    }
}

/// A list that must contain so many elements of any kind has so many.
fn settle_contains(alternative: &mut Alternative<'_>) {
    let size = &mut alternative.sizes[1];
    alternative.contains.retain(|contains| {
        if contains.node.is_any() {
            size.0 = size.0.max(contains.least);
            let limits = [size.1, contains.most].into_iter().flatten();
            size.1 = limits.min();
        }
        !contains.node.is_any()
    });
}

/// Says in one way that an object has no properties.
fn settle_empty(alternative: &mut Alternative<'_>) {
    let (least, _) = alternative.sizes[2];
    if least > 0 {
        alternative.types &= !OBJECT;
    }
    alternative.sizes[2] = (0, None);
    alternative.properties.clear();
    alternative.by_pattern.clear();
    alternative.additional = Node::never(&Located {
        pointer: alternative.label.clone(),
        value: &NOTHING,
    });
    alternative.stated.additional = true;
    alternative.names = Node::default();
}

/// An object with more pairs of a pattern and a name that may match is not compared.
pub(crate) const MAX_MATCHES: usize = 20_000;

/// The format of bytes in OpenAPI 3.0.
const BINARY: &str = "binary";

/// Returns whether a schema of a part or a body stands for any bytes, as OpenAPI 3.0
/// writes it (a text of the format `binary`), or as OpenAPI 3.1 does (nothing at all, or
/// a media type without an encoding). The media type of a whole body is not what a schema
/// says.
fn is_binary(alternative: &Alternative<'_>, is_whole: bool) -> bool {
    if alternative.types == STRING && alternative.formats.iter().eq([BINARY]) {
        return true;
    }
    let any_bytes = Value::from("application/octet-stream");
    let stated = alternative.others.get("contentMediaType");
    let is_stated =
        stated.is_some_and(|types| is_whole || types.iter().all(|media| *media == any_bytes));
    let is_plain = alternative.formats.is_empty()
        && alternative.values.is_none()
        && alternative.nots.is_empty()
        && alternative.conditions.is_empty()
        && !alternative.others.contains_key("contentEncoding");
    let is_empty = alternative.types == ANY
        && alternative.others.is_empty()
        && alternative.properties.is_empty()
        && alternative.required.is_empty()
        && alternative.items.is_any()
        && alternative.prefix.is_empty()
        && alternative.patterns.is_empty();
    is_plain && (is_empty || (is_stated && matches!(alternative.types, STRING | ANY)))
}

/// Makes one of the whole numbers that a value must be a multiple of.
fn settle_multiples(alternative: &mut Alternative<'_>) {
    // Beyond this, products are no longer exact.
    const MAX: f64 = 9e15;
    let mut least: Option<f64> = None;
    let mut rest = Vec::new();
    for by in alternative.multiples.drain(..) {
        let common = least.map_or(by, |other| other / divisor(other, by) * by);
        if by.fract() == 0.0 && common < MAX {
            least = Some(common);
        } else {
            rest.push(by);
        }
    }
    // Whatever is a multiple of one is whole.
    if least == Some(1.0) {
        alternative.types &= !FRACTION;
    }
    alternative.multiples = rest;
    alternative.multiples.extend(least);
    alternative.multiples.sort_by(f64::total_cmp);
}

/// The greatest common divisor.
fn divisor(mut a: f64, mut b: f64) -> f64 {
    while b >= 1.0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Brings what is asked of integers to one form.
fn settle_integers(alternative: &mut Alternative<'_>) {
    // For integers this format is nothing but a range.
    if alternative.formats.remove("int32") {
        for (low, at) in [(true, i32::MIN), (false, i32::MAX)] {
            let (at, exclusive) = (Exact::Whole(at.into()), false);
            bound(alternative, low, Bound { at, exclusive });
        }
    }
    for (bound, step) in [(&mut alternative.low, 1), (&mut alternative.high, -1)] {
        if let Some(bound) = bound {
            bound.at = match bound.at {
                Exact::Whole(whole) if bound.exclusive => Exact::Whole(whole + step),
                at if step > 0 => at.ceil(),
                at => at.floor(),
            };
            bound.exclusive = false;
        }
    }
    alternative.multiples.retain(|multiple| *multiple != 1.0);
}

/// Puts alternatives of different types together: constraints of one type say
/// nothing of another, so the conjunction of both is their union.
pub(super) fn join(alternatives: &mut Vec<Alternative<'_>>) {
    let mut index = 0;
    while index < alternatives.len() {
        let mut other = index + 1;
        while other < alternatives.len() {
            if joinable(&alternatives[index], &alternatives[other]) {
                let from = alternatives.remove(other);
                merge(&mut alternatives[index], from);
            } else {
                other += 1;
            }
        }
        index += 1;
    }
}

fn joinable(a: &Alternative<'_>, b: &Alternative<'_>) -> bool {
    let of_texts = |alternative: &Alternative<'_>| {
        let mut others = alternative.others.keys();
        others.all(|keyword| OF_TEXTS.contains(keyword))
    };
    let plain = |alternative: &Alternative<'_>| {
        of_texts(alternative)
            && alternative.overlaps.one == 0
            && alternative.nots.is_empty()
            && alternative.conditions.is_empty()
    };
    let finite =
        |alternative: &Alternative<'_>| alternative.values.is_some() || alternative.types == NULL;
    if !plain(a) || !plain(b) {
        return false;
    }
    let has_others = !a.others.is_empty() || !b.others.is_empty();
    if finite(a) && finite(b) && !has_others && (a.values.is_some() || b.values.is_some()) {
        return true;
    }
    a.values.is_none()
        && b.values.is_none()
        && a.types & b.types == 0
        // A format belongs to texts and numbers alike.
        && (a.formats.is_empty() || b.types & (STRING | NUMBER) == 0)
        && (b.formats.is_empty() || a.types & (STRING | NUMBER) == 0)
        && (a.types & NUMBER == 0 || b.types & NUMBER == 0)
        && (!has_others || a.types & STRING == 0 || b.types & STRING == 0)
}

fn merge<'a>(into: &mut Alternative<'a>, from: Alternative<'a>) {
    into.joined |= from.joined || (into.types != NULL && from.types != NULL);
    into.overlaps.any = into.overlaps.any.saturating_add(from.overlaps.any);
    into.overlaps.one = into.overlaps.one.saturating_add(from.overlaps.one);
    if into.values.is_some() || from.values.is_some() {
        let mut values = into.values.take().unwrap_or_else(|| vec![Value::Null]);
        let mut seen: ValueSet = values.iter().collect();
        let others = from.values.unwrap_or_else(|| vec![Value::Null]);
        values.extend(others.into_iter().filter(|value| seen.insert(value)));
        into.types |= from.types;
        into.values = Some(values);
        return;
    }
    for (index, bit) in [STRING, ARRAY, OBJECT].into_iter().enumerate() {
        if from.types & bit != 0 {
            into.sizes[index] = from.sizes[index];
        }
    }
    if from.types & NUMBER != 0 {
        into.low = from.low;
        into.high = from.high;
        into.multiples = from.multiples;
    }
    into.formats.extend(from.formats);
    if from.types & STRING != 0 {
        into.patterns = from.patterns;
        into.content = from.content;
        into.others = from.others;
    }
    if from.types & ARRAY != 0 {
        into.unique = from.unique;
        into.prefix = from.prefix;
        into.items = from.items;
        into.contains = from.contains;
    }
    if from.types & OBJECT != 0 {
        into.properties = from.properties;
        into.required = from.required;
        into.additional = from.additional;
        into.stated.additional = from.stated.additional;
        into.by_pattern = from.by_pattern;
        into.names = from.names;
        into.demands = from.demands;
        into.dependent = from.dependent;
    }
    if into.types == NULL {
        into.label = from.label;
    }
    into.types |= from.types;
}
