//! Shapes brought to one form, so that equal sets look equal.

#![expect(
    clippy::float_cmp,
    reason = "bounds are the same only if they are equal"
)]

use serde_json::Value;

use super::keywords::bound;
use super::{
    ARRAY, BOOLEAN, Bound, Contains, Expand, FRACTION, INTEGER, NULL, NUMBER, Node, OBJECT, STRING,
    Shape, nodes_apart,
};
use crate::diff::pattern::matches;
use crate::report::Direction;

impl<'a> Expand<'a> {
    /// Drops what cannot matter, so that equal sets look equal.
    pub(super) fn settle(&self, mut shape: Shape<'a>) -> Shape<'a> {
        if let Some(values) = shape.values.take() {
            let mut kept: Vec<Value> = Vec::new();
            for value in values {
                if admits_plainly(&shape, &value) && !kept.iter().any(|other| same(other, &value)) {
                    kept.push(value);
                }
            }
            shape.types &= kept.iter().fold(0, |bits, value| bits | type_of(value));
            let mut settled = Shape::any(&shape.label);
            settled.types = shape.types;
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
                settled.nots = shape.nots;
                settled.conditions = shape.conditions;
                settled.overlaps = shape.overlaps;
                settled.others = shape.others;
                return settled;
            }
            shape.values = settled.values;
        }
        if shape.types & NUMBER == INTEGER {
            // For integers this format is nothing but a range.
            if shape.formats.remove("int32") {
                let range = [(true, f64::from(i32::MIN)), (false, f64::from(i32::MAX))];
                for (low, at) in range {
                    let exclusive = false;
                    bound(&mut shape, low, Bound { at, exclusive });
                }
            }
            for (bound, step) in [(&mut shape.low, 1.0), (&mut shape.high, -1.0)] {
                if let Some(bound) = bound {
                    let inner = if step > 0.0 {
                        bound.at.ceil()
                    } else {
                        bound.at.floor()
                    };
                    let whole = (bound.at.fract() == 0.0) && bound.exclusive;
                    bound.at = if whole { bound.at + step } else { inner };
                    bound.exclusive = false;
                }
            }
            shape.multiples.retain(|multiple| *multiple != 1.0);
        }
        if let (Some(low), Some(high)) = (shape.low, shape.high)
            && (low.at > high.at || (low.at == high.at && (low.exclusive || high.exclusive)))
        {
            shape.types &= !NUMBER;
        }
        for (index, bit) in [STRING, ARRAY, OBJECT].into_iter().enumerate() {
            if shape.sizes[index]
                .1
                .is_some_and(|max| max < shape.sizes[index].0)
            {
                shape.types &= !bit;
            }
            if shape.types & bit == 0 {
                shape.sizes[index] = (0, None);
            }
        }
        if shape.types & NUMBER == 0 {
            shape.low = None;
            shape.high = None;
            shape.multiples.clear();
        }
        if shape.types & (STRING | NUMBER) == 0 {
            shape.formats.clear();
        }
        if shape.types & STRING == 0 {
            shape.patterns.clear();
        }
        if shape.types & ARRAY != 0 && self.no_array(&shape) {
            shape.types &= !ARRAY;
        }
        if shape.types & ARRAY == 0 {
            shape.unique = false;
            shape.prefix.clear();
            shape.items = Node::default();
            shape.contains.clear();
        }
        if shape.types & OBJECT == 0 {
            shape.properties.clear();
            shape.required.clear();
            shape.additional = Node::default();
            shape.additional_stated = false;
            shape.by_pattern.clear();
            shape.names = Node::default();
            shape.demands.clear();
            shape.dependent.clear();
        } else {
            self.settle_object(&mut shape);
        }
        shape
    }

    /// Whether a list would need an element that there cannot be.
    fn no_array(&self, shape: &Shape<'a>) -> bool {
        let (least, most) = shape.sizes[1];
        let missing = |contains: &Contains<'a>| {
            contains.least > 0
                && (most.is_some_and(|most| most < contains.least)
                    || (shape.prefix.is_empty()
                        && nodes_apart(self, &contains.node, self, &shape.items)))
        };
        let needed = usize::try_from(least).unwrap_or(usize::MAX);
        shape.contains.iter().any(missing)
            || (0..needed.min(shape.prefix.len() + 1)).any(|index| self.never(shape.item(index)))
    }

    /// Takes out the properties that this direction does not hold.
    fn settle_object(&self, shape: &mut Shape<'a>) {
        let hidden = match self.direction {
            Direction::Request => "readOnly",
            Direction::Response => "writeOnly",
        };
        let gone: Vec<String> = shape
            .properties
            .iter()
            .filter(|(_, node)| self.says(node, hidden))
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            shape.properties.remove(&name);
            shape.required.remove(&name);
        }
        while let Some((_, name)) = shape.demands.iter().find(|(first, second)| {
            shape.required.contains(first) && !shape.required.contains(second)
        }) {
            shape.required.insert(name.clone());
        }
        let demands = std::mem::take(&mut shape.demands);
        shape.demands = demands
            .into_iter()
            .filter(|(first, second)| {
                let property = shape.properties.get(first).unwrap_or(&shape.additional);
                let possible = !property.is_never() || !shape.by_pattern.is_empty();
                possible && !shape.required.contains(second)
            })
            .collect();
        if !shape.by_pattern.is_empty() {
            for (name, node) in &mut shape.properties {
                for (pattern, schema) in &shape.by_pattern {
                    if matches(pattern, name) == Some(true) {
                        *node = std::mem::take(node).and(schema);
                    }
                }
            }
        }
        if shape.required.iter().any(|name| {
            shape
                .properties
                .get(name)
                .unwrap_or(&shape.additional)
                .is_never()
                && shape.by_pattern.is_empty()
        }) {
            shape.types &= !OBJECT;
        }
        let least = shape.required.len() as u64;
        shape.sizes[2].0 = if shape.sizes[2].0 <= least {
            0
        } else {
            shape.sizes[2].0
        };
    }
}

pub(in crate::diff) fn type_of(value: &Value) -> u8 {
    match value {
        Value::Null => NULL,
        Value::Bool(_) => BOOLEAN,
        Value::Number(number) if number.as_f64().is_some_and(|float| float.fract() == 0.0) => {
            INTEGER
        }
        Value::Number(_) => FRACTION,
        Value::String(_) => STRING,
        Value::Array(_) => ARRAY,
        Value::Object(_) => OBJECT,
    }
}

/// Equality in which `1` and `1.0` are one number.
pub(in crate::diff) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}
/// Whether a value keeps the constraints that need no other schema.
pub(in crate::diff) fn admits_plainly(shape: &Shape<'_>, value: &Value) -> bool {
    let bits = type_of(value);
    if shape.types & bits == 0 {
        return false;
    }
    if let Some(values) = &shape.values
        && !values.iter().any(|listed| same(listed, value))
    {
        return false;
    }
    match value {
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or(0.0);
            shape
                .low
                .is_none_or(|low| number > low.at || (number == low.at && !low.exclusive))
                && shape
                    .high
                    .is_none_or(|high| number < high.at || (number == high.at && !high.exclusive))
                && shape.multiples.iter().all(|by| divides(*by, number))
        }
        Value::String(text) => {
            let length = text.chars().count() as u64;
            length >= shape.sizes[0].0
                && shape.sizes[0].1.is_none_or(|max| length <= max)
                && shape
                    .patterns
                    .iter()
                    .all(|pattern| matches(pattern, text) != Some(false))
        }
        _ => true,
    }
}

pub(in crate::diff) fn divides(by: f64, value: f64) -> bool {
    let times = value / by;
    (times - times.round()).abs() < 1e-9
}

/// Puts alternatives of different types together: constraints of one type say
/// nothing of another, so the conjunction of both is their union.
pub(super) fn join(shapes: &mut Vec<Shape<'_>>) {
    let mut index = 0;
    while index < shapes.len() {
        let mut other = index + 1;
        while other < shapes.len() {
            if joinable(&shapes[index], &shapes[other]) {
                let from = shapes.remove(other);
                merge(&mut shapes[index], from);
            } else {
                other += 1;
            }
        }
        index += 1;
    }
}

fn joinable(a: &Shape<'_>, b: &Shape<'_>) -> bool {
    let plain = |shape: &Shape<'_>| {
        shape.others.is_empty() && shape.nots.is_empty() && shape.conditions.is_empty()
    };
    let finite = |shape: &Shape<'_>| shape.values.is_some() || shape.types == NULL;
    if !plain(a) || !plain(b) {
        return false;
    }
    if finite(a) && finite(b) && (a.values.is_some() || b.values.is_some()) {
        return true;
    }
    a.values.is_none()
        && b.values.is_none()
        && a.types & b.types == 0
        // A format belongs to texts and numbers alike.
        && (a.formats.is_empty() || b.types & (STRING | NUMBER) == 0)
        && (b.formats.is_empty() || a.types & (STRING | NUMBER) == 0)
        && (a.types & NUMBER == 0 || b.types & NUMBER == 0)
}

fn merge<'a>(into: &mut Shape<'a>, from: Shape<'a>) {
    into.overlaps.any = into.overlaps.any.saturating_add(from.overlaps.any);
    into.overlaps.one = into.overlaps.one.saturating_add(from.overlaps.one);
    if into.values.is_some() || from.values.is_some() {
        let mut values = into.values.take().unwrap_or_else(|| vec![Value::Null]);
        for value in from.values.unwrap_or_else(|| vec![Value::Null]) {
            if !values.iter().any(|other| same(other, &value)) {
                values.push(value);
            }
        }
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
        into.additional_stated = from.additional_stated;
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
