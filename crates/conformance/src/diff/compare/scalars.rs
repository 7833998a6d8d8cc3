//! Types, listed values, bounds and sizes.

#![expect(
    clippy::float_cmp,
    reason = "bounds are the same only if they are equal"
)]

use serde_json::Value;

use super::{Change, Effect};
use crate::diff::alternatives::{
    ANY, ARRAY, Alternative, BOOLEAN, Bound, FRACTION, INTEGER, NULL, NUMBER, OBJECT, STRING,
    admits_plainly, divides, same,
};

/// The kinds of changes of a bound: raised or lowered, set, and unset.
pub(super) type Kinds = (&'static str, &'static str, &'static str, &'static str);

pub(super) const SIZES: [(u8, Kinds, Kinds); 3] = [
    (
        STRING,
        (
            "min-length-increased",
            "min-length-decreased",
            "min-length-set",
            "min-length-unset",
        ),
        (
            "max-length-increased",
            "max-length-decreased",
            "max-length-set",
            "max-length-unset",
        ),
    ),
    (
        ARRAY,
        (
            "min-items-increased",
            "min-items-decreased",
            "min-items-set",
            "min-items-unset",
        ),
        (
            "max-items-increased",
            "max-items-decreased",
            "max-items-set",
            "max-items-unset",
        ),
    ),
    (
        OBJECT,
        (
            "min-properties-increased",
            "min-properties-decreased",
            "min-properties-set",
            "min-properties-unset",
        ),
        (
            "max-properties-increased",
            "max-properties-decreased",
            "max-properties-set",
            "max-properties-unset",
        ),
    ),
];

/// Returns whether there is anything left to compare.
pub(super) fn type_lists(
    old: &Alternative<'_>,
    new: &Alternative<'_>,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) -> bool {
    let (gone, come) = (old.types & !new.types, new.types & !old.types);
    // What values lists say of the types, they say themselves.
    let both_listed = old.values.is_some() && new.values.is_some();
    // Of a schema without types null is nothing special.
    let typed = ![old.types, new.types]
        .iter()
        .any(|types| matches!(*types, NULL | ANY));
    if typed && gone & NULL != 0 {
        out.push(at(
            "became-not-nullable",
            Effect::Narrows,
            "{S} may no longer be null".to_owned(),
        ));
    }
    if typed && come & NULL != 0 {
        out.push(at(
            "became-nullable",
            Effect::Widens,
            "{S} may now be null".to_owned(),
        ));
    }
    let (gone, come) = if typed {
        (gone & !NULL, come & !NULL)
    } else {
        (gone, come)
    };
    let text = || {
        format!(
            "the type of {{S}} changed from {} to {}",
            types(old.types),
            types(new.types)
        )
    };
    let common = old.types & new.types & !NULL;
    if both_listed && common != 0 {
        return true;
    }
    match (gone, come) {
        (0, 0) => {}
        (0, _) => out.push(at("type-generalized", Effect::Widens, text())),
        (_, 0) => out.push(at("type-specialized", Effect::Narrows, text())),
        _ => out.push(at("type-changed", Effect::Incomparable, text())),
    }
    common != 0 || (gone == 0 && come == 0)
}
pub(super) fn values(
    old: &Alternative<'_>,
    new: &Alternative<'_>,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) {
    match (&old.values, &new.values) {
        (Some(was), Some(is)) => {
            let lacks =
                |list: &[Value], value: &Value| !list.iter().any(|other| same(other, value));
            for value in was
                .iter()
                .filter(|value| lacks(is, value) && !value.is_null())
            {
                out.push(at(
                    "enum-value-removed",
                    Effect::Narrows,
                    format!("{{S}} may no longer be {value}"),
                ));
            }
            for value in is
                .iter()
                .filter(|value| lacks(was, value) && !value.is_null())
            {
                out.push(at(
                    "enum-value-added",
                    Effect::Widens,
                    format!("{{S}} may now be {value} as well"),
                ));
            }
        }
        (None, Some(is)) => {
            let every: Vec<String> = is.iter().map(Value::to_string).collect();
            let new = is.iter().any(|value| !admits_plainly(old, value));
            out.push(at(
                "became-enum",
                if new {
                    Effect::Incomparable
                } else {
                    Effect::Narrows
                },
                format!("{{S}} must now be one of {}", every.join(", ")),
            ));
        }
        (Some(was), None) => {
            let refused: Vec<String> = was
                .iter()
                .filter(|value| !admits_plainly(new, value))
                .map(Value::to_string)
                .collect();
            if refused.is_empty() {
                out.push(at(
                    "became-not-enum",
                    Effect::Widens,
                    "{S} is no longer limited to certain values".to_owned(),
                ));
            } else {
                out.push(at(
                    "became-not-enum",
                    Effect::Incomparable,
                    format!("{{S}} may no longer be {}", refused.join(", ")),
                ));
            }
        }
        (None, None) => {}
    }
}

pub(super) fn numbers(
    old: &Alternative<'_>,
    new: &Alternative<'_>,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) {
    if old.values.is_some() || new.values.is_some() {
        return;
    }
    limits(old.low, new.low, true, at, out);
    limits(old.high, new.high, false, at, out);
    let implied = |all: &[f64], by: f64, types: u8| {
        all.iter().any(|multiple| divides(by, *multiple))
            || (types & FRACTION == 0 && divides(by, 1.0))
    };
    let kept = new
        .multiples
        .iter()
        .all(|by| implied(&old.multiples, *by, old.types));
    let back = old
        .multiples
        .iter()
        .all(|by| implied(&new.multiples, *by, new.types));
    let (effect, kind) = match (kept, back) {
        (true, true) => return,
        (true, false) if new.multiples.is_empty() => (Effect::Widens, "multiple-of-unset"),
        (true, false) => (Effect::Widens, "multiple-of-changed"),
        (false, true) if old.multiples.is_empty() => (Effect::Narrows, "multiple-of-set"),
        (false, true) => (Effect::Narrows, "multiple-of-changed"),
        (false, false) => (Effect::Incomparable, "multiple-of-changed"),
    };
    let list = |all: &[f64]| {
        if all.is_empty() {
            "anything".to_owned()
        } else {
            all.iter()
                .map(f64::to_string)
                .collect::<Vec<_>>()
                .join(" and ")
        }
    };
    out.push(at(
        kind,
        effect,
        format!(
            "{{S}} had to be a multiple of {}, now of {}",
            list(&old.multiples),
            list(&new.multiples)
        ),
    ));
}

fn limits(
    old: Option<Bound>,
    new: Option<Bound>,
    low: bool,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) {
    if old == new {
        return;
    }
    let exclusive = new.or(old).is_some_and(|bound| bound.exclusive);
    let kinds: Kinds = match (low, exclusive) {
        (true, false) => ("min-increased", "min-decreased", "min-set", "min-unset"),
        (true, true) => (
            "exclusive-min-increased",
            "exclusive-min-decreased",
            "exclusive-min-set",
            "exclusive-min-unset",
        ),
        (false, false) => ("max-increased", "max-decreased", "max-set", "max-unset"),
        (false, true) => (
            "exclusive-max-increased",
            "exclusive-max-decreased",
            "exclusive-max-set",
            "exclusive-max-unset",
        ),
    };
    let word = if low { "least" } else { "greatest" };
    let say = |bound: Bound| {
        if bound.exclusive {
            format!("{} (excluded)", bound.at)
        } else {
            bound.at.to_string()
        }
    };
    out.push(match (old, new) {
        (None, Some(new)) => at(
            kinds.2,
            Effect::Narrows,
            format!("{{S}} now has the {word} value {}", say(new)),
        ),
        (Some(old), None) => at(
            kinds.3,
            Effect::Widens,
            format!("{{S}} no longer has the {word} value {}", say(old)),
        ),
        (Some(old), Some(new)) => {
            let rises = if old.at == new.at {
                new.exclusive == low
            } else {
                new.at > old.at
            };
            let kind = if rises { kinds.0 } else { kinds.1 };
            let effect = if rises == low {
                Effect::Narrows
            } else {
                Effect::Widens
            };
            at(
                kind,
                effect,
                format!(
                    "the {word} value of {{S}} changed from {} to {}",
                    say(old),
                    say(new)
                ),
            )
        }
        (None, None) => return,
    });
}

pub(super) fn sizes(
    old: (u64, Option<u64>),
    new: (u64, Option<u64>),
    least: Kinds,
    most: Kinds,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) {
    if old.0 < new.0 {
        let kind = if old.0 == 0 { least.2 } else { least.0 };
        out.push(at(
            kind,
            Effect::Narrows,
            format!("the least size of {{S}} rose from {} to {}", old.0, new.0),
        ));
    } else if old.0 > new.0 {
        let kind = if new.0 == 0 { least.3 } else { least.1 };
        out.push(at(
            kind,
            Effect::Widens,
            format!("the least size of {{S}} fell from {} to {}", old.0, new.0),
        ));
    }
    match (old.1, new.1) {
        (None, Some(new)) => out.push(at(
            most.2,
            Effect::Narrows,
            format!("the size of {{S}} is now limited to {new}"),
        )),
        (Some(old), None) => out.push(at(
            most.3,
            Effect::Widens,
            format!("the size of {{S}} is no longer limited to {old}"),
        )),
        (Some(old), Some(new)) if old < new => {
            out.push(at(
                most.0,
                Effect::Widens,
                format!("the greatest size of {{S}} rose from {old} to {new}"),
            ));
        }
        (Some(old), Some(new)) if old > new => {
            out.push(at(
                most.1,
                Effect::Narrows,
                format!("the greatest size of {{S}} fell from {old} to {new}"),
            ));
        }
        _ => {}
    }
}
/// `integer or null`.
pub(super) fn types(bits: u8) -> String {
    if bits == ANY {
        return "any type".to_owned();
    }
    let mut names = Vec::new();
    for (bit, name) in [
        (OBJECT, "object"),
        (ARRAY, "array"),
        (STRING, "string"),
        (BOOLEAN, "boolean"),
    ] {
        if bits & bit != 0 {
            names.push(name);
        }
    }
    match bits & NUMBER {
        0 => {}
        INTEGER => names.push("integer"),
        _ => names.push("number"),
    }
    if bits & NULL != 0 {
        names.push("null");
    }
    names.join(" or ")
}
