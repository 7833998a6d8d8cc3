//! Which values of the contract protobuf can tell apart.

use prost_reflect::{Kind, MessageDescriptor};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

use crate::messages::is_transparent;

/// The nearest value that a message can hold:
///
/// - Protobuf has one state for a list that is empty and one that is not there,
///   which JSON writes as the latter.
/// - All its free-form numbers are doubles. A whole number that is none is
///   rounded on the way, and reported; `5.0` is written as `5`.
pub(crate) fn representable<T: Serialize + DeserializeOwned>(
    value: &T,
    message: &MessageDescriptor,
) -> T {
    let mut json = serde_json::to_value(value).expect("has a JSON form");
    reduce(&mut json, message);
    serde_json::from_value(json).expect("what is left out is not required")
}

fn reduce(value: &mut Value, message: &MessageDescriptor) {
    if is_transparent(message) {
        for field in message.fields() {
            reduce_single(value, &field.kind());
        }
        return;
    }
    match (message.full_name(), value) {
        ("google.protobuf.Struct" | "google.protobuf.Value", value) => round(value),
        (_, Value::Object(members)) => {
            members.retain(|name, value| {
                let is_list = |field: prost_reflect::FieldDescriptor| field.is_list();
                let declared = message.get_field_by_json_name(name);
                !declared.is_some_and(is_list) || *value != Value::Array(Vec::new())
            });
            for (name, value) in members {
                match (message.get_field_by_json_name(name), value) {
                    (Some(field), Value::Array(items)) if field.is_list() => {
                        for item in items {
                            reduce_single(item, &field.kind());
                        }
                    }
                    (Some(field), value) => reduce_single(value, &field.kind()),
                    // Collected with others into a free-form object.
                    (None, value) => round(value),
                }
            }
        }
        _ => {}
    }
}

fn reduce_single(value: &mut Value, kind: &Kind) {
    if let Kind::Message(message) = kind {
        reduce(value, message);
    }
}

fn round(value: &mut Value) {
    /// 2^53. Up to here every whole double is written as an integer.
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => {
            let double = number.as_f64().expect("is a double or rounds to one");
            let is_whole = double.fract() == 0.0 && double.abs() <= WHOLE;
            #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
            let rounded = if is_whole {
                Some(Number::from(double as i64))
            } else {
                Number::from_f64(double)
            };
            *number = rounded.expect("is finite");
        }
        Value::Array(items) => items.iter_mut().for_each(round),
        Value::Object(members) => members.values_mut().for_each(round),
        _ => {}
    }
}
