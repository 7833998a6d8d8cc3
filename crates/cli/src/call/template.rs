//! A request to fill in: JSON that `-d` takes as it is, and notes on its fields.

use std::fmt::Write as _;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor};
use serde_json::{Map, Value, json};

use super::find::short_name;
use super::{facts, text};

/// How deep messages are filled in. Those below are left empty.
const DEPTH: usize = 8;

/// A request to fill in.
pub(super) struct Template {
    /// The request as JSON.
    pub(super) request: String,
    /// What the fields are.
    pub(super) notes: String,
}

/// Makes a request to fill in for a method.
pub(super) fn of(method: &MethodDescriptor, width: usize) -> Template {
    let mut writing = Writing {
        above: Vec::new(),
        rows: Vec::new(),
    };
    let request = writing.message(&method.input(), "");
    let mut notes = format!(
        "{}: {}\n",
        short_name(method),
        if method.input().fields().len() == 0 {
            "the request is empty"
        } else {
            "fill in what is needed and leave out the rest"
        }
    );
    let _ = write!(notes, "{}", text::columns(&writing.rows, width));
    Template {
        request: format!("{request:#}\n"),
        notes,
    }
}

struct Writing {
    /// The messages around what is being written.
    above: Vec<MessageDescriptor>,
    rows: Vec<Vec<String>>,
}

impl Writing {
    fn message(&mut self, message: &MessageDescriptor, path: &str) -> Value {
        if self.above.contains(message) || self.above.len() >= DEPTH {
            return json!({});
        }
        self.above.push(message.clone());
        let mut object = Map::new();
        let mut set_by_server = Vec::new();
        for field in message.fields() {
            if facts::is_output_only(&field) {
                set_by_server.push(field.json_name().to_owned());
                continue;
            }
            let others = facts::alternatives(&field);
            let is_given = others
                .iter()
                .any(|other| object.contains_key(other.json_name()));
            let path = format!("{path}{}", field.json_name());
            self.note(&field, &path, &others, is_given);
            if !is_given {
                let value = self.field(message, &field, &path);
                object.insert(field.json_name().to_owned(), value);
            }
        }
        if !set_by_server.is_empty() {
            self.rows.push(vec![format!(
                "  OUTPUT_ONLY, and so left out: {}",
                set_by_server.join(", ")
            )]);
        }
        self.above.pop();
        Value::Object(object)
    }

    fn note(
        &mut self,
        field: &FieldDescriptor,
        path: &str,
        others: &[FieldDescriptor],
        is_left_out: bool,
    ) {
        let names = facts::enum_of(field).map(|values| facts::names(&values).join(" | "));
        let mut told = facts::first_sentence(&facts::of_field(field));
        if !others.is_empty() {
            let others: Vec<_> = others.iter().map(FieldDescriptor::json_name).collect();
            let either = if is_left_out {
                format!(
                    "Left out; it may stand in place of {}.",
                    others.join(" or ")
                )
            } else {
                format!("Either this or {}.", others.join(" or "))
            };
            told = format!("{either} {told}");
        }
        let blank = String::new();
        let flags = facts::behaviors(field).join(" ");
        self.rows.push(vec![
            format!("  {path}"),
            facts::type_name(field),
            flags,
            told,
        ]);
        if let Some(names) = names {
            self.rows
                .push(vec![blank.clone(), blank.clone(), blank, names]);
        }
    }

    fn field(&mut self, message: &MessageDescriptor, field: &FieldDescriptor, path: &str) -> Value {
        if let Kind::Message(entry) = field.kind()
            && field.is_map()
        {
            let key = placeholder_key(&entry.map_entry_key_field().kind());
            let value = entry.map_entry_value_field();
            let below = format!("{path}.{key}.");
            return json!({ key: self.value(message, &value, &below) });
        }
        let below = format!("{path}{}.", if field.is_list() { "[]" } else { "" });
        let value = self.value(message, field, &below);
        if field.is_list() {
            json!([value])
        } else {
            value
        }
    }

    fn value(
        &mut self,
        message: &MessageDescriptor,
        field: &FieldDescriptor,
        below: &str,
    ) -> Value {
        match field.kind() {
            Kind::Message(inner) if facts::is_well_known(&inner) => {
                well_known(inner.full_name(), message)
            }
            Kind::Message(inner) => self.message(&inner, below),
            Kind::Enum(values) => {
                let names = facts::names(&values);
                let zero = || values.values().next().map(|value| value.name().to_owned());
                names.into_iter().next().or_else(zero).into()
            }
            Kind::Bool => json!(false),
            Kind::String if facts::is_required(field) => json!("<string, REQUIRED>"),
            Kind::String => json!("<string>"),
            Kind::Bytes => json!("Ynl0ZXM="),
            // 64 bits do not fit into the numbers of every reader of JSON.
            Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 => {
                json!("0")
            }
            _ => json!(0),
        }
    }
}

/// A key of a map, of its type.
fn placeholder_key(kind: &Kind) -> &'static str {
    match kind {
        Kind::String => "key",
        Kind::Bool => "false",
        _ => "0",
    }
}

/// A value of a well-known type. A mask names all that the message beside it can have.
fn well_known(name: &str, message: &MessageDescriptor) -> Value {
    match name {
        "google.protobuf.Timestamp" => json!("2030-01-31T12:00:00Z"),
        "google.protobuf.Duration" => json!("1.5s"),
        "google.protobuf.Struct" => json!({"key": "any JSON"}),
        "google.protobuf.ListValue" => json!([]),
        "google.protobuf.FieldMask" => {
            let beside = message.fields().find_map(|field| facts::message_of(&field));
            let fields = beside
                .iter()
                .flat_map(|beside| beside.fields().collect::<Vec<_>>());
            let names: Vec<_> = fields
                .filter(|field| !facts::is_output_only(field))
                .map(|field| field.json_name().to_owned())
                .collect();
            json!(names.join(","))
        }
        "google.protobuf.BoolValue" => json!(false),
        "google.protobuf.StringValue" => json!("<string>"),
        "google.protobuf.BytesValue" => json!("Ynl0ZXM="),
        "google.protobuf.Int64Value" | "google.protobuf.UInt64Value" => json!("0"),
        "google.protobuf.Int32Value"
        | "google.protobuf.UInt32Value"
        | "google.protobuf.FloatValue"
        | "google.protobuf.DoubleValue" => json!(0),
        // Anything stands for a Value, nothing for an Any whose type is not known here.
        "google.protobuf.Value" => json!("any JSON"),
        _ => json!({}),
    }
}
