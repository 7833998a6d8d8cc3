//! How messages lie on the wire, as constant expressions.

use proc_macro2::{Literal, TokenStream};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use quote::{format_ident, quote};
use transcode_core::names::{NameTable, places};

use crate::fields::{oneof_of, oneofs_of};
use crate::packages::is_not_generated;
use crate::{names, options};

/// The fields of a message in the order of its layout: first what a field mask can
/// name, then what is filled from a header.
fn in_order(descriptor: &MessageDescriptor) -> Vec<FieldDescriptor> {
    let is_link = |field: &FieldDescriptor| options::next_link(field).is_some();
    let (links, mut fields): (Vec<_>, Vec<_>) = descriptor.fields().partition(is_link);
    fields.extend(links);
    fields
}

/// The index of a field in the layout of its message.
pub(crate) fn index(field: &FieldDescriptor) -> usize {
    let fields = in_order(field.parent_message());
    let index = fields.iter().position(|other| other == field);
    index.unwrap_or_default()
}

/// The layout of a message.
pub(crate) fn message(descriptor: &MessageDescriptor) -> TokenStream {
    let package = descriptor.package_name();
    let fields = in_order(descriptor);
    let names = names_of(&fields);
    let mut numbers: Vec<_> = (0..fields.len()).collect();
    numbers.sort_by_key(|index| fields[*index].number());
    let numbers = numbers.into_iter().map(Literal::usize_unsuffixed);
    let collector = if let Some(index) = fields.iter().position(options::is_undeclared) {
        let index = Literal::usize_unsuffixed(index);
        quote! { Some(#index) }
    } else {
        quote! { None }
    };
    let fields = fields.iter().map(|field| self::field(package, field));
    let name = names::message(package, descriptor);
    quote! {
        MessageLayout {
            fields: &[#(#fields),*],
            declared: <#name as JsonMessage>::FIELDS,
            names: #names,
            numbers: NumberTable(&[#(#numbers),*]),
            collector: #collector,
        }
    }
}

/// The most fields that a message can have: the indexes of a table have 16
/// bits.
pub(crate) const MAX_FIELDS: usize = NameTable::EMPTY as usize;

/// The table in which the fields are found by the names of their properties, which
/// differ: protos in which two are alike do not compile.
fn names_of(fields: &[FieldDescriptor]) -> TokenStream {
    let is_property = |field: &FieldDescriptor| {
        !options::is_undeclared(field) && options::next_link(field).is_none()
    };
    let count = fields.iter().filter(|field| is_property(field)).count();
    let mut indexes = vec![NameTable::EMPTY; (count * 2).next_power_of_two()];
    // A message with more fields was refused.
    let fields = (0..NameTable::EMPTY).zip(fields);
    for (index, field) in fields.filter(|(_, field)| is_property(field)) {
        let mut places = places(field.json_name().as_bytes(), indexes.len());
        if let Some(place) = places.find(|place| indexes[*place] == NameTable::EMPTY) {
            indexes[place] = index;
        }
    }
    let indexes = indexes.into_iter().map(Literal::u16_unsuffixed);
    quote! { NameTable(&[#(#indexes),*]) }
}

/// The layout of a field.
pub(crate) fn field(package: &str, field: &FieldDescriptor) -> TokenStream {
    let name = field.json_name();
    let number = Literal::u32_unsuffixed(field.number());
    let (holds, value) = match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let key = key(&entry.map_entry_key_field().kind());
            let value = value(package, &entry.map_entry_value_field().kind());
            (quote! { Holding::Map(#key) }, value)
        }
        kind => (holds(field), value(package, &kind)),
    };
    quote! {
        FieldLayout::new(#name, #number, #holds, #value)
    }
}

fn holds(field: &FieldDescriptor) -> TokenStream {
    if field.is_list() {
        let packed = field.is_packed();
        return quote! { Holding::Repeated { packed: #packed } };
    }
    if let Some(oneof) = oneof_of(field) {
        let message = field.parent_message();
        // A message with more oneofs than that was refused.
        let index = oneofs_of(message).position(|other| other == oneof);
        let index = index.unwrap_or_default();
        let index = Literal::usize_unsuffixed(index);
        return quote! { Holding::Member(#index) };
    }
    if field.supports_presence() {
        quote! { Holding::Optional }
    } else {
        quote! { Holding::Implicit }
    }
}

/// The layout of what is a text in JSON: the key of a map, or the parameter of a
/// link.
pub(crate) fn key(kind: &Kind) -> TokenStream {
    match kind {
        Kind::Bool => quote! { KeyLayout::Bool },
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            let how = signed(kind);
            quote! { KeyLayout::Int32(#how) }
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            let how = signed(kind);
            quote! { KeyLayout::Int64(#how) }
        }
        Kind::Uint32 | Kind::Fixed32 => {
            let how = unsigned(kind);
            quote! { KeyLayout::UInt32(#how) }
        }
        Kind::Uint64 | Kind::Fixed64 => {
            let how = unsigned(kind);
            quote! { KeyLayout::UInt64(#how) }
        }
        _ => quote! { KeyLayout::String },
    }
}

fn signed(kind: &Kind) -> TokenStream {
    match kind {
        Kind::Sint32 | Kind::Sint64 => quote! { Signed::ZigZag },
        Kind::Sfixed32 | Kind::Sfixed64 => quote! { Signed::Fixed },
        _ => quote! { Signed::Varint },
    }
}

fn unsigned(kind: &Kind) -> TokenStream {
    match kind {
        Kind::Fixed32 | Kind::Fixed64 => quote! { Unsigned::Fixed },
        _ => quote! { Unsigned::Varint },
    }
}

fn value(package: &str, kind: &Kind) -> TokenStream {
    let variant = match kind {
        Kind::Double => "Double",
        Kind::Float => "Float",
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            let how = signed(kind);
            return quote! { ValueLayout::Int32(#how) };
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            let how = signed(kind);
            return quote! { ValueLayout::Int64(#how) };
        }
        Kind::Uint32 | Kind::Fixed32 => {
            let how = unsigned(kind);
            return quote! { ValueLayout::UInt32(#how) };
        }
        Kind::Uint64 | Kind::Fixed64 => {
            let how = unsigned(kind);
            return quote! { ValueLayout::UInt64(#how) };
        }
        Kind::Bool => "Bool",
        Kind::String => "String",
        Kind::Bytes => "Bytes",
        Kind::Enum(descriptor) => {
            let name = names::enumeration(package, descriptor);
            return quote! {
                ValueLayout::Enum(&EnumLayout {
                    number: <#name as JsonEnum>::number,
                    spelling: <#name as JsonEnum>::spelling,
                })
            };
        }
        Kind::Message(descriptor) => return message_value(package, descriptor),
    };
    let variant = format_ident!("{variant}");
    quote! { ValueLayout::#variant }
}

fn message_value(package: &str, descriptor: &MessageDescriptor) -> TokenStream {
    let wrapped = match descriptor.full_name() {
        "google.protobuf.Timestamp" => return quote! { ValueLayout::Timestamp },
        "google.protobuf.Duration" => return quote! { ValueLayout::Duration },
        "google.protobuf.FieldMask" => return quote! { ValueLayout::FieldMask },
        "google.protobuf.Struct" => return quote! { ValueLayout::Struct },
        "google.protobuf.Value" => return quote! { ValueLayout::Value },
        "google.protobuf.ListValue" => return quote! { ValueLayout::ListValue },
        "google.protobuf.Empty" => return quote! { ValueLayout::Empty },
        "google.protobuf.DoubleValue" => quote! { Double },
        "google.protobuf.FloatValue" => quote! { Float },
        "google.protobuf.Int64Value" => quote! { Int64(Signed::Varint) },
        "google.protobuf.UInt64Value" => quote! { UInt64(Unsigned::Varint) },
        "google.protobuf.Int32Value" => quote! { Int32(Signed::Varint) },
        "google.protobuf.UInt32Value" => quote! { UInt32(Unsigned::Varint) },
        "google.protobuf.BoolValue" => quote! { Bool },
        "google.protobuf.StringValue" => quote! { String },
        "google.protobuf.BytesValue" => quote! { Bytes },
        // A message that has no JSON form was refused.
        _ if is_not_generated(descriptor.package_name()) => return quote! { ValueLayout::Empty },
        _ => {
            let name = names::message(package, descriptor);
            return if options::is_transparent(descriptor) {
                quote! { ValueLayout::Transparent(<#name as TransparentMessage>::layout) }
            } else {
                quote! { ValueLayout::Message(<#name as JsonMessage>::layout) }
            };
        }
    };
    quote! { ValueLayout::Wrapper(&ValueLayout::#wrapped) }
}
