//! What fields are in JSON.

use std::collections::BTreeSet;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind as Proto, MessageDescriptor, Value};

use super::{Reader, get, is_set, message_name, upper_snake};
use crate::api::{Kind, Shape};

impl Reader {
    /// Returns whether only the protos of other APIs have fields of this type.
    pub(super) fn is_foreign(field: &FieldDescriptor) -> bool {
        field.is_map() || foreign_kind(&field.kind()).is_some()
    }

    pub(super) fn shape(&mut self, field: &FieldDescriptor, required: bool) -> Shape {
        let (kind, null_elements) = match field.kind() {
            Proto::Message(message) if is_set(&message.options(), &self.options.transparent) => {
                self.used.insert(message.full_name().to_owned());
                let place = self.lines.place(&message.parent_file(), message.path());
                self.declare(&message);
                self.wrappers.insert(message_name(&message));
                let fields: Vec<_> = message.fields().collect();
                match fields.as_slice() {
                    [only] if only.supports_presence() && field.is_list() => (only.kind(), true),
                    _ => {
                        let problem = "it is not one optional field, used in lists";
                        self.api.problem(message.name(), problem, place);
                        (Proto::Message(message), false)
                    }
                }
            }
            kind => (kind, false),
        };
        Shape {
            kind: self.kind(field, &kind),
            list: field.is_list(),
            null_elements,
            nullable: Some(!required),
            rules: None,
        }
    }

    fn kind(&mut self, field: &FieldDescriptor, kind: &Proto) -> Kind {
        let foreign = foreign_kind(kind);
        match kind {
            Proto::String => Kind::String,
            Proto::Bool => Kind::Boolean,
            Proto::Double => Kind::Number,
            Proto::Int32 => Kind::Integer,
            Proto::Int64 => Kind::LongInteger,
            Proto::Enum(descriptor) => Kind::Enum {
                name: Some(descriptor.name().to_owned()),
                values: self.spellings(descriptor),
            },
            Proto::Message(entry) if field.is_map() => {
                let value = entry.map_entry_value_field();
                Kind::Map(Box::new(self.shape(&value, true)))
            }
            Proto::Message(message) => match message.full_name() {
                "google.protobuf.Timestamp" => Kind::Timestamp,
                "google.protobuf.Struct" => Kind::FreeForm,
                "google.protobuf.Value" => Kind::Any,
                name if is_well_known(message) => {
                    foreign.unwrap_or_else(|| Kind::Other(format!("a {name}")))
                }
                name => {
                    self.used.insert(name.to_owned());
                    self.declare(message);
                    Kind::Object(message_name(message))
                }
            },
            other => foreign.unwrap_or_else(|| Kind::Other(format!("a {other:?}"))),
        }
    }

    fn spellings(&mut self, descriptor: &EnumDescriptor) -> Vec<String> {
        if let Some(spellings) = self.enums.get(descriptor.full_name()) {
            return spellings.clone();
        }
        self.used.insert(descriptor.full_name().to_owned());
        let place = self
            .lines
            .place(&descriptor.parent_file(), descriptor.path());
        let prefix = upper_snake(descriptor.name());
        let mut spellings = Vec::new();
        // The descriptor's own order is that of the numbers.
        let stated = descriptor.enum_descriptor_proto().value.iter();
        let stated = stated.filter_map(|value| descriptor.get_value_by_name(value.name()));
        for (number, value) in stated.enumerate() {
            let spelling = get(&value.options(), &self.options.value);
            let spelling = spelling.as_ref().and_then(Value::as_str);
            let is_zero = number == 0;
            let expected = match spelling {
                _ if is_zero => "UNSPECIFIED".to_owned(),
                Some(spelling) => upper_snake(spelling),
                None => String::new(),
            };
            let expected = format!("{prefix}_{expected}");
            let is_spelled = is_zero != spelling.is_some() && is_zero == (value.number() == 0);
            if value.name() != expected || !is_spelled {
                let path = value.path();
                let place = self.lines.place(&descriptor.parent_file(), path);
                let message = format!(
                    "{} does not stand for a value as its name says",
                    value.name()
                );
                self.api.convention(descriptor.name(), message, place);
            }
            // Without an annotation, JSON has the name itself.
            let default = (!is_zero).then(|| value.name());
            spellings.extend(spelling.or(default).map(ToOwned::to_owned));
        }
        let distinct: BTreeSet<_> = spellings.iter().collect();
        if distinct.len() != spellings.len() {
            let message = "two values are spelled alike";
            self.api.problem(descriptor.name(), message, place);
        }
        self.enums
            .insert(descriptor.full_name().to_owned(), spellings.clone());
        spellings
    }
}

fn is_well_known(message: &MessageDescriptor) -> bool {
    message.package_name() == "google.protobuf"
}

/// What a type of field that only the protos of other APIs have is in the JSON of
/// protobuf.
fn foreign_kind(kind: &Proto) -> Option<Kind> {
    Some(match kind {
        Proto::Float => Kind::Number,
        Proto::Uint32 | Proto::Sint32 | Proto::Fixed32 | Proto::Sfixed32 => Kind::Integer,
        Proto::Uint64 | Proto::Sint64 | Proto::Fixed64 | Proto::Sfixed64 => Kind::LongInteger,
        Proto::Bytes => Kind::Bytes,
        Proto::Message(message) if is_well_known(message) => match message.name() {
            "StringValue" | "Duration" | "FieldMask" => Kind::String,
            "BytesValue" => Kind::Bytes,
            "BoolValue" => Kind::Boolean,
            "DoubleValue" | "FloatValue" => Kind::Number,
            "Int32Value" | "UInt32Value" => Kind::Integer,
            "Int64Value" | "UInt64Value" => Kind::LongInteger,
            "Empty" => Kind::FreeForm,
            _ => return None,
        },
        _ => return None,
    })
}

/// What a reply is that is nothing but a well-known type.
pub(super) fn well_known_reply(output: &MessageDescriptor) -> Option<Shape> {
    let (kind, list) = match output.full_name() {
        "google.protobuf.Struct" => (Kind::FreeForm, false),
        "google.protobuf.Value" => (Kind::Any, false),
        "google.protobuf.ListValue" => (Kind::Any, true),
        _ => return None,
    };
    Some(Shape {
        list,
        ..Shape::one(kind)
    })
}
