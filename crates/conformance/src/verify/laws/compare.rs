//! Comparing values of replies.

use std::cmp::Ordering;

use contract::timestamp::Timestamp;
use serde_json::{Map, Value};

/// Returns whether two values are the same. Two spellings of an instant or of a
/// number are.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        _ => same_scalar(one, other),
    }
}

/// Returns whether a value has all that was sent. What was sent as null may be
/// missing, and an object may have more.
pub(crate) fn has_all(got: &Value, sent: &Value) -> bool {
    match (got, sent) {
        (Value::Object(got), Value::Object(sent)) => sent.iter().all(|(name, sent)| {
            let got = got.get(name).unwrap_or(&Value::Null);
            has_all(got, sent)
        }),
        (Value::Array(got), Value::Array(sent)) => {
            got.len() == sent.len() && got.iter().zip(sent).all(|(got, sent)| has_all(got, sent))
        }
        // Nothing at all is one way to say that there is nothing in it.
        (Value::Null, Value::Object(sent)) => sent.is_empty(),
        (Value::Null, Value::Array(sent)) => sent.is_empty(),
        _ => same_scalar(got, sent),
    }
}

fn same_scalar(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        (Value::String(one), Value::String(other)) => {
            one == other
                || matches!(
                    (one.parse::<Timestamp>(), other.parse::<Timestamp>()),
                    (Ok(one), Ok(other)) if one == other
                )
        }
        _ => one == other,
    }
}

/// The instant that a text stands for.
pub(crate) fn instant(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// The name of a property that is not the same in two objects. Those that `skip`
/// names are not compared, and missing is the same as null.
pub(crate) fn difference(
    one: &Value,
    other: &Value,
    skip: impl Fn(&str) -> bool,
) -> Option<String> {
    let empty = Map::new();
    let one = one.as_object().unwrap_or(&empty);
    let other = other.as_object().unwrap_or(&empty);
    let mut names = one.keys().chain(other.keys());
    let found = names.find(|name| {
        let value = |of: &Map<String, Value>| of.get(*name).cloned().unwrap_or_default();
        !skip(name) && !same(&value(one), &value(other))
    });
    found.cloned()
}

/// Returns whether a value certainly stands behind another. Whether `b` is behind
/// `A` depends on the server, so texts are only ordered where case makes no
/// difference; `options` are the values of an enumeration in their declared order.
pub(crate) fn is_behind(one: &Value, other: &Value, options: &[&str]) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one.as_f64().partial_cmp(&other.as_f64()) == Some(Ordering::Greater)
        }
        (Value::Bool(one), Value::Bool(other)) => *one && !*other,
        (Value::String(a), Value::String(b)) => {
            if let (Some(a), Some(b)) = (instant(one), instant(other)) {
                return a > b;
            }
            if !a.is_ascii() || !b.is_ascii() {
                return false;
            }
            let place = |text: &str| options.iter().position(|option| *option == text);
            let by_place = match (place(a), place(b)) {
                (Some(a), Some(b)) => a > b,
                _ => true,
            };
            by_place && a > b && letters(a) > letters(b)
        }
        _ => false,
    }
}

/// The letters and digits of a text in lower case: some servers look at nothing else.
fn letters(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_spellings_of_an_instant_are_the_same() {
        assert!(same(
            &json!("2016-01-07T14:03:43Z"),
            &json!("2016-01-07T14:03:43.000Z")
        ));
        assert!(!same(
            &json!("2016-01-07T14:03:43Z"),
            &json!("2016-01-07T14:03:44Z")
        ));
    }

    #[test]
    fn an_object_may_have_more_than_was_sent() {
        assert!(has_all(
            &json!({"a": {"b": 1, "c": 2}}),
            &json!({"a": {"b": 1.0}})
        ));
        assert!(!has_all(&json!({"a": {"b": 1}}), &json!({"a": {"b": 2}})));
    }

    #[test]
    fn an_order_that_depends_on_case_is_no_order() {
        assert!(is_behind(&json!("b"), &json!("a"), &[]));
        assert!(!is_behind(&json!("b"), &json!("C"), &[]));
        assert!(!is_behind(&json!("a"), &json!("B"), &[]));
        assert!(is_behind(&json!(true), &json!(false), &[]));
    }
}
