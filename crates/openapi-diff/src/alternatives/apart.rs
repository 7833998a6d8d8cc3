//! Schemas that have no value in common.

use super::alternative::{
    ARRAY, Alternative, BOOLEAN, Bound, NULL, NUMBER, Node, OBJECT, STRING, admits_plainly,
};
use super::expand::Expand;
use crate::canonical::ValueSet;

/// Returns whether two alternatives surely have no value in common.
pub(crate) fn apart<'a>(
    of_a: &Expand<'a>,
    a: &Alternative<'a>,
    of_b: &Expand<'a>,
    b: &Alternative<'a>,
) -> bool {
    let common = a.types & b.types;
    let beyond = |low: Option<Bound>, high: Option<Bound>| match (low, high) {
        (Some(low), Some(high)) => {
            low.at > high.at || (low.at >= high.at && (low.exclusive || high.exclusive))
        }
        _ => false,
    };
    let refuses_all = |list: &Alternative<'a>, other: &Alternative<'a>| {
        list.values
            .as_ref()
            .is_some_and(|values| values.iter().all(|value| !admits_plainly(other, value)))
    };
    if common != 0
        && let (Some(some), Some(others)) = (&a.values, &b.values)
        && some.len() > 1
        && others.len() > 1
    {
        let some: ValueSet = some.iter().collect();
        if !others.iter().any(|value| some.contains(value)) {
            return true;
        }
    }
    if common == 0 || refuses_all(a, b) || refuses_all(b, a) {
        return true;
    }
    let sizes = |bit: u8, index: usize| {
        let over = |x: &Alternative<'a>, y: &Alternative<'a>| {
            y.sizes[index].1.is_some_and(|most| most < x.sizes[index].0)
        };
        common & bit == 0 || over(a, b) || over(b, a)
    };
    common & (NULL | BOOLEAN) == 0
        && (common & NUMBER == 0 || beyond(a.low, b.high) || beyond(b.low, a.high))
        && sizes(STRING, 0)
        && sizes(ARRAY, 1)
        && (sizes(OBJECT, 2)
            || rules_out(of_a, a, b)
            || rules_out(of_b, b, a)
            || a.required.union(&b.required).any(|name| {
                let property =
                    |alternative: &Alternative<'a>| match alternative.properties.get(name) {
                        Some(node) => node.clone(),
                        None => alternative.undeclared(name).0,
                    };
                nodes_apart(of_a, &property(a), of_b, &property(b))
            }))
}

/// Returns whether one alternative rules out objects for having what the other demands.
fn rules_out<'a>(of: &Expand<'a>, one: &Alternative<'a>, other: &Alternative<'a>) -> bool {
    if one.nots.is_empty() || other.required.is_empty() || of.looking.replace(true) {
        return false;
    }
    let all_demanded = |ruled_out: &Alternative<'a>| {
        let mut rest = ruled_out.clone();
        rest.required.clear();
        ruled_out.types & OBJECT != 0
            && rest.is_of_types()
            && ruled_out.required.is_subset(&other.required)
    };
    // Of several it is not known which are refused for matching others.
    let mut nots = one.nots.iter();
    let rules_out = nots.any(|not| matches!(&*of.alternatives(not), [only] if all_demanded(only)));
    of.looking.set(false);
    rules_out
}

/// Returns whether two schemas surely have no value in common.
pub(super) fn nodes_apart<'a>(
    of_a: &Expand<'a>,
    a: &Node<'a>,
    of_b: &Expand<'a>,
    b: &Node<'a>,
) -> bool {
    if a.is_never() || b.is_never() {
        return true;
    }
    if a.is_any() || b.is_any() {
        return false;
    }
    if of_a.looking.get() || of_b.looking.get() {
        return false;
    }
    of_a.looking.set(true);
    of_b.looking.set(true);
    let others = of_b.alternatives(b);
    let all_apart = of_a
        .alternatives(a)
        .iter()
        .all(|x| others.iter().all(|y| apart(of_a, x, of_b, y)));
    of_a.looking.set(false);
    of_b.looking.set(false);
    all_apart
}
