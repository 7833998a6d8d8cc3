//! Values in one spelling, by which equal ones are found.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

/// A value with its keys in order, in which `1` and `1.0` are one number.
pub(crate) fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, String> = map
                .iter()
                .map(|(key, value)| (key, canonical(value)))
                .collect();
            format!("{sorted:?}")
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Number(number) => match number.as_f64() {
            // An integer keeps all its digits, however it is written.
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e19 => {
                // Minus zero is zero.
                format!("{:.0}", float + 0.0)
            }
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// A set of values.
#[derive(Debug, Default)]
pub(crate) struct ValueSet(HashSet<String>);

impl ValueSet {
    /// Adds a value, and returns whether it is new.
    pub(crate) fn insert(&mut self, value: &Value) -> bool {
        self.0.insert(canonical(value))
    }

    pub(crate) fn contains(&self, value: &Value) -> bool {
        self.0.contains(&canonical(value))
    }
}

impl<'v> FromIterator<&'v Value> for ValueSet {
    fn from_iter<I: IntoIterator<Item = &'v Value>>(values: I) -> Self {
        ValueSet(values.into_iter().map(canonical).collect())
    }
}
