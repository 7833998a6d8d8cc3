//! Types, listed values, bounds and sizes.

use serde_json::Value;

use super::site::{Change, Site};
use crate::alternatives::{
    ANY, ARRAY, Alternative, BOOLEAN, Bound, Exact, Expand, FRACTION, INTEGER, NULL, NUMBER,
    OBJECT, STRING, admits_plainly, divides,
};
use crate::canonical::ValueSet;
use crate::rules::{Effect, SchemaRule};
use crate::sentence::{Sentence, about, around};

/// The rules about a bound.
#[derive(Debug, Clone, Copy)]
pub(super) struct BoundRules {
    increased: SchemaRule,
    decreased: SchemaRule,
    set: SchemaRule,
    unset: SchemaRule,
}

pub(super) const SIZES: [(u8, BoundRules, BoundRules); 3] = [
    (
        STRING,
        BoundRules {
            increased: SchemaRule::MinLengthIncreased,
            decreased: SchemaRule::MinLengthDecreased,
            set: SchemaRule::MinLengthSet,
            unset: SchemaRule::MinLengthUnset,
        },
        BoundRules {
            increased: SchemaRule::MaxLengthIncreased,
            decreased: SchemaRule::MaxLengthDecreased,
            set: SchemaRule::MaxLengthSet,
            unset: SchemaRule::MaxLengthUnset,
        },
    ),
    (
        ARRAY,
        BoundRules {
            increased: SchemaRule::MinItemsIncreased,
            decreased: SchemaRule::MinItemsDecreased,
            set: SchemaRule::MinItemsSet,
            unset: SchemaRule::MinItemsUnset,
        },
        BoundRules {
            increased: SchemaRule::MaxItemsIncreased,
            decreased: SchemaRule::MaxItemsDecreased,
            set: SchemaRule::MaxItemsSet,
            unset: SchemaRule::MaxItemsUnset,
        },
    ),
    (
        OBJECT,
        BoundRules {
            increased: SchemaRule::MinPropertiesIncreased,
            decreased: SchemaRule::MinPropertiesDecreased,
            set: SchemaRule::MinPropertiesSet,
            unset: SchemaRule::MinPropertiesUnset,
        },
        BoundRules {
            increased: SchemaRule::MaxPropertiesIncreased,
            decreased: SchemaRule::MaxPropertiesDecreased,
            set: SchemaRule::MaxPropertiesSet,
            unset: SchemaRule::MaxPropertiesUnset,
        },
    ),
];

/// Returns whether there is anything left to compare.
pub(super) fn type_lists(
    old: &Alternative<'_>,
    new: &Alternative<'_>,
    site: &Site,
    out: &mut Vec<Change>,
) -> bool {
    let (gone, come) = (
        old.types_of_values() & !new.types,
        new.types_of_values() & !old.types,
    );
    // What values lists say of the types, they say themselves.
    let both_listed = old.values.is_some() && new.values.is_some();
    // Of a schema without types null is nothing special.
    let typed = ![old.types, new.types]
        .iter()
        .any(|types| matches!(*types, NULL | ANY));
    if typed && gone & NULL != 0 {
        out.push(site.change(
            SchemaRule::BecameNotNullable,
            Effect::Narrows,
            Sentence::about("may no longer be null"),
        ));
    }
    if typed && come & NULL != 0 {
        out.push(site.change(
            SchemaRule::BecameNullable,
            Effect::Widens,
            Sentence::about("may now be null"),
        ));
    }
    let (gone, come) = if typed {
        (gone & !NULL, come & !NULL)
    } else {
        (gone, come)
    };
    let text = || {
        around!(
            "the type of",
            "changed from {} to {}",
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
        (0, _) => out.push(site.change(SchemaRule::TypeGeneralized, Effect::Widens, text())),
        (_, 0) => out.push(site.change(SchemaRule::TypeSpecialized, Effect::Narrows, text())),
        _ => out.push(site.change(SchemaRule::TypeChanged, Effect::Incomparable, text())),
    }
    common != 0 || (gone == 0 && come == 0)
}
/// Compares listed values. Returns whether all is said with that: one side lists its values,
/// and what the other makes of each is known.
pub(super) fn values<'a>(
    (of_old, old): (&Expand<'a>, &Alternative<'a>),
    (of_new, new): (&Expand<'a>, &Alternative<'a>),
    site: &Site,
    out: &mut Vec<Change>,
) -> bool {
    match (&old.values, &new.values) {
        (Some(was), Some(is)) => {
            let (before, after): (ValueSet, ValueSet) = (was.iter().collect(), is.iter().collect());
            for value in was
                .iter()
                .filter(|value| !after.contains(value) && !value.is_null())
            {
                out.push(site.change(
                    SchemaRule::EnumValueRemoved,
                    Effect::Narrows,
                    about!("may no longer be {value}"),
                ));
            }
            for value in is
                .iter()
                .filter(|value| !before.contains(value) && !value.is_null())
            {
                out.push(site.change(
                    SchemaRule::EnumValueAdded,
                    Effect::Widens,
                    about!("may now be {value} as well"),
                ));
            }
        }
        (None, Some(is)) => {
            let every: Vec<String> = is.iter().map(Value::to_string).collect();
            let new = is
                .iter()
                .any(|value| of_old.admits(old, value) == Some(false));
            if new || !is_listed(old, is) {
                out.push(site.change(
                    SchemaRule::BecameEnum,
                    if new {
                        Effect::Incomparable
                    } else {
                        Effect::Narrows
                    },
                    about!("must now be one of {}", every.join(", ")),
                ));
            }
            return is.iter().all(|value| of_old.admits(old, value).is_some());
        }
        (Some(was), None) => {
            let refused: Vec<String> = was
                .iter()
                .filter(|value| of_new.admits(new, value) == Some(false))
                .map(Value::to_string)
                .collect();
            if !refused.is_empty() {
                out.push(site.change(
                    SchemaRule::BecameNotEnum,
                    Effect::Incomparable,
                    about!("may no longer be {}", refused.join(", ")),
                ));
            } else if !is_listed(new, was) {
                out.push(site.change(
                    SchemaRule::BecameNotEnum,
                    Effect::Widens,
                    Sentence::about("is no longer limited to certain values"),
                ));
            }
            return was.iter().all(|value| of_new.admits(new, value).is_some());
        }
        (None, None) => {}
    }
    false
}

/// Ranges of whole numbers that have more are not gone through.
const MAX_RANGE: i128 = 1_000;

/// Returns whether all values that an alternative may have are among those listed, where it
/// has few enough by its types and bounds.
fn is_listed(alternative: &Alternative<'_>, listed: &[Value]) -> bool {
    let mut values = Vec::new();
    if alternative.types & NULL != 0 {
        values.push(Value::Null);
    }
    if alternative.types & BOOLEAN != 0 {
        values.extend([Value::Bool(false), Value::Bool(true)]);
    }
    match alternative.types & !(NULL | BOOLEAN) {
        0 => {}
        INTEGER => {
            let ends = (
                alternative.low.map(|low| low.at),
                alternative.high.map(|high| high.at),
            );
            let (Some(Exact::Whole(low)), Some(Exact::Whole(high))) = ends else {
                return false;
            };
            if high - low > MAX_RANGE {
                return false;
            }
            let whole = (low..=high).filter_map(|value| i64::try_from(value).ok());
            values.extend(whole.map(Value::from));
        }
        _ => return false,
    }
    let listed: ValueSet = listed.iter().collect();
    let mut values = values
        .iter()
        .filter(|value| admits_plainly(alternative, value));
    values.all(|value| listed.contains(value))
}

pub(super) fn numbers(
    old: &Alternative<'_>,
    new: &Alternative<'_>,
    site: &Site,
    out: &mut Vec<Change>,
) {
    if old.values.is_some() || new.values.is_some() {
        return;
    }
    limits(old.low, new.low, true, site, out);
    limits(old.high, new.high, false, site, out);
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
    let (effect, rule) = match (kept, back) {
        (true, true) => return,
        (true, false) if new.multiples.is_empty() => (Effect::Widens, SchemaRule::MultipleOfUnset),
        (true, false) => (Effect::Widens, SchemaRule::MultipleOfChanged),
        (false, true) if old.multiples.is_empty() => (Effect::Narrows, SchemaRule::MultipleOfSet),
        (false, true) => (Effect::Narrows, SchemaRule::MultipleOfChanged),
        (false, false) => (Effect::Incomparable, SchemaRule::MultipleOfChanged),
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
    out.push(site.change(
        rule,
        effect,
        about!(
            "had to be a multiple of {}, now of {}",
            list(&old.multiples),
            list(&new.multiples)
        ),
    ));
}

fn limits(old: Option<Bound>, new: Option<Bound>, low: bool, site: &Site, out: &mut Vec<Change>) {
    if old == new {
        return;
    }
    let exclusive = new.or(old).is_some_and(|bound| bound.exclusive);
    let kinds: BoundRules = match (low, exclusive) {
        (true, false) => BoundRules {
            increased: SchemaRule::MinIncreased,
            decreased: SchemaRule::MinDecreased,
            set: SchemaRule::MinSet,
            unset: SchemaRule::MinUnset,
        },
        (true, true) => BoundRules {
            increased: SchemaRule::ExclusiveMinIncreased,
            decreased: SchemaRule::ExclusiveMinDecreased,
            set: SchemaRule::ExclusiveMinSet,
            unset: SchemaRule::ExclusiveMinUnset,
        },
        (false, false) => BoundRules {
            increased: SchemaRule::MaxIncreased,
            decreased: SchemaRule::MaxDecreased,
            set: SchemaRule::MaxSet,
            unset: SchemaRule::MaxUnset,
        },
        (false, true) => BoundRules {
            increased: SchemaRule::ExclusiveMaxIncreased,
            decreased: SchemaRule::ExclusiveMaxDecreased,
            set: SchemaRule::ExclusiveMaxSet,
            unset: SchemaRule::ExclusiveMaxUnset,
        },
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
        (None, Some(new)) => site.change(
            kinds.set,
            Effect::Narrows,
            about!("now has the {word} value {}", say(new)),
        ),
        (Some(old), None) => site.change(
            kinds.unset,
            Effect::Widens,
            about!("no longer has the {word} value {}", say(old)),
        ),
        (Some(old), Some(new)) => {
            let rises = if old.at == new.at {
                new.exclusive == low
            } else {
                new.at > old.at
            };
            let rule = if rises {
                kinds.increased
            } else {
                kinds.decreased
            };
            let effect = if rises == low {
                Effect::Narrows
            } else {
                Effect::Widens
            };
            site.change(
                rule,
                effect,
                around!(
                    "the {word} value of",
                    "changed from {} to {}",
                    say(old),
                    say(new)
                ),
            )
        }
        (None, None) => return,
    });
}

/// Compares the sizes of texts (0), lists (1) or objects (2). A size that follows from what
/// else is said need not be stated.
pub(super) fn sizes(
    (was, is): (&Alternative<'_>, &Alternative<'_>),
    index: usize,
    (least, most): (BoundRules, BoundRules),
    site: &Site,
    out: &mut Vec<Change>,
) {
    let (old, new) = (was.sizes[index], is.sizes[index]);
    if old == new {
        return;
    }
    let is_smaller =
        |one: &Alternative<'_>, size: u64| size > 0 && one.may_have_size(index, 0, Some(size - 1));
    if old.0 < new.0 && is_smaller(was, new.0) {
        let rule = if old.0 == 0 {
            least.set
        } else {
            least.increased
        };
        out.push(site.change(
            rule,
            Effect::Narrows,
            around!("the least size of", "rose from {} to {}", old.0, new.0),
        ));
    } else if old.0 > new.0 && is_smaller(is, old.0) {
        let rule = if new.0 == 0 {
            least.unset
        } else {
            least.decreased
        };
        out.push(site.change(
            rule,
            Effect::Widens,
            around!("the least size of", "fell from {} to {}", old.0, new.0),
        ));
    }

    let is_greater = |one: &Alternative<'_>, limit: u64| {
        let above = limit.checked_add(1);
        above.is_some_and(|least| one.may_have_size(index, least, None))
    };
    let narrows = new.1.is_some_and(|limit| is_greater(was, limit));
    let widens = old.1.is_some_and(|limit| is_greater(is, limit));
    match (old.1, new.1) {
        (None, Some(new)) if narrows => out.push(site.change(
            most.set,
            Effect::Narrows,
            around!("the size of", "is now limited to {new}"),
        )),
        (Some(old), None) if widens => out.push(site.change(
            most.unset,
            Effect::Widens,
            around!("the size of", "is no longer limited to {old}"),
        )),
        (Some(old), Some(new)) if widens => {
            out.push(site.change(
                most.increased,
                Effect::Widens,
                around!("the greatest size of", "rose from {old} to {new}"),
            ));
        }
        (Some(old), Some(new)) if narrows => {
            out.push(site.change(
                most.decreased,
                Effect::Narrows,
                around!("the greatest size of", "fell from {old} to {new}"),
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
