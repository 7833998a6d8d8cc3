//! The JSON form of messages and enums.

use std::collections::BTreeMap;

use proc_macro2::{Literal, TokenStream};
use prost_reflect::{
    Cardinality, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor,
};
use quote::{format_ident, quote};

use crate::fields::{oneof_of, oneofs_of};
use crate::packages::is_not_generated;
use crate::problem::Problem;
use crate::{layouts, names, options};

/// Generates the code for every message and enum of the files of one package.
pub(crate) fn generate(files: &[FileDescriptor], problems: &mut Vec<Problem>) -> TokenStream {
    let mut code = TokenStream::new();
    for file in files {
        for message in file.messages() {
            code.extend(with_nested(&message, problems));
        }
        for descriptor in file.enums() {
            code.extend(enumeration(&descriptor, problems));
        }
    }
    code
}

/// Every message of a file but the entries of maps, nested ones included.
pub(crate) fn all(file: &FileDescriptor) -> Vec<MessageDescriptor> {
    let mut messages: Vec<_> = file.messages().collect();
    let mut at = 0;
    while let Some(message) = messages.get(at) {
        let children: Vec<_> = message
            .child_messages()
            .filter(|m| !m.is_map_entry())
            .collect();
        messages.extend(children);
        at += 1;
    }
    messages
}

fn with_nested(descriptor: &MessageDescriptor, problems: &mut Vec<Problem>) -> TokenStream {
    let mut code = if options::is_transparent(descriptor) {
        transparent(descriptor, problems)
    } else {
        message(descriptor, problems)
    };
    for child in descriptor.child_messages() {
        if !child.is_map_entry() {
            code.extend(with_nested(&child, problems));
        }
    }
    for child in descriptor.child_enums() {
        code.extend(enumeration(&child, problems));
    }
    code
}

fn transparent(descriptor: &MessageDescriptor, problems: &mut Vec<Problem>) -> TokenStream {
    let package = descriptor.package_name();
    let fields: Vec<_> = descriptor.fields().collect();
    let [field] = fields.as_slice() else {
        problems.push(not_transparent(descriptor));
        return TokenStream::new();
    };
    if field.is_list() || field.is_map() || !field.supports_presence() || oneof_of(field).is_some()
    {
        problems.push(not_transparent(descriptor));
        return TokenStream::new();
    }
    if let Some(reason) = misplaced_option(field) {
        problems.push(Problem::of_field(field, reason));
    }
    if options::is_undeclared(field) || options::next_link(field).is_some() {
        let reason = "is all that a transparent message holds, so it can only hold its value";
        problems.push(Problem::of_field(field, reason));
    }
    if matches!(field.kind(), Kind::Message(message) if options::is_transparent(&message)) {
        let reason = "holds a transparent message in a transparent message, with one null for \
            both";
        problems.push(Problem::of_field(field, reason));
    }
    let codec = match codec(package, field) {
        Ok(codec) => codec,
        Err(problem) => {
            problems.push(problem);
            return TokenStream::new();
        }
    };
    let name = names::message(package, descriptor);
    let layout = layouts::field(package, field);
    let field = names::snake(field.name());
    quote! {
        impl TransparentMessage for #name {
            type Codec = #codec;
            fn layout() -> &'static FieldLayout {
                static LAYOUT: FieldLayout = #layout;
                &LAYOUT
            }
            fn value(&self) -> Option<&<Self::Codec as Codec>::Value> {
                self.#field.as_ref().map(Holds::held)
            }
            fn wrap(value: Option<<Self::Codec as Codec>::Value>) -> Self {
                Self { #field: value.map(Into::into) }
            }
        }
    }
}

fn not_transparent(descriptor: &MessageDescriptor) -> Problem {
    let reason = "is transparent, but does not have exactly one field, which is optional";
    Problem::of_message(descriptor, reason)
}

/// The code for one field of a message.
struct FieldCode {
    /// Its entry among the fields that a mask can name.
    declared: TokenStream,
    /// The arm that reads it.
    read: TokenStream,
    /// The statement that writes it.
    write: TokenStream,
}

fn message(descriptor: &MessageDescriptor, problems: &mut Vec<Problem>) -> TokenStream {
    let package = descriptor.package_name();
    let mut code: Vec<FieldCode> = Vec::new();
    let mut collector: Option<FieldDescriptor> = None;
    for field in descriptor.fields() {
        if let Some(reason) = misplaced_option(&field) {
            problems.push(Problem::of_field(&field, reason));
            continue;
        }
        if options::next_link(&field).is_some() {
            // Comes from a header, so it is no property.
            continue;
        }
        match field_code(package, &field, code.len()) {
            Ok(field_code) => code.push(field_code),
            Err(problem) => problems.push(problem),
        }
        if options::is_undeclared(&field) {
            if let Some(other) = &collector {
                let name = other.name();
                let reason = format!("collects undeclared properties, as {name} does already");
                problems.push(Problem::of_field(&field, reason));
            }
            collector = Some(field);
        }
    }
    let undeclared = if let Some(field) = collector {
        let name = names::snake(field.name());
        quote! { _ => property.collect(name, &mut self.#name), }
    } else {
        quote! { _ => property.undeclared(), }
    };
    let declared = code.iter().map(|field| &field.declared);
    let reads = code.iter().map(|field| &field.read);
    let writes = code.iter().map(|field| &field.write);
    let name = names::message(package, descriptor);
    if oneofs_of(descriptor).count() > 256 {
        problems.push(Problem::of_message(descriptor, "has more than 256 oneofs"));
    }
    if descriptor.fields().len() > layouts::MAX_FIELDS {
        let reason = format!("has more than {} fields", layouts::MAX_FIELDS);
        problems.push(Problem::of_message(descriptor, reason));
    }
    if !problems.is_empty() {
        return TokenStream::new();
    }
    let layout = layouts::message(descriptor);
    quote! {
        impl JsonMessage for #name {
            const FIELDS: &'static [Field] = &[#(#declared),*];
            fn layout() -> &'static MessageLayout {
                static LAYOUT: MessageLayout = #layout;
                &LAYOUT
            }
            fn read_property<'de, A: MapAccess<'de>>(
                &mut self,
                name: &str,
                property: Property<'_, A>,
            ) -> Result<(), A::Error> {
                match name {
                    #(#reads)*
                    #undeclared
                }
            }
            fn write_properties<M: SerializeMap>(
                &self,
                object: &mut Object<'_, M>,
            ) -> Result<(), M::Error> {
                #(#writes)*
                Ok(())
            }
        }
    }
}

fn field_code(package: &str, field: &FieldDescriptor, index: usize) -> Result<FieldCode, Problem> {
    let codec = codec(package, field)?;
    let children = children(package, field);
    let (name, json_name) = (field.name(), field.json_name());
    let rust_name = names::snake(name);
    let behavior = options::behavior(field).map(|behavior| {
        let behavior = format_ident!("{behavior}");
        quote! { .behaving(Behavior::#behavior) }
    });
    let declared = quote! { Field::new(#name, #json_name, Children::#children) #behavior };
    if options::is_undeclared(field) {
        return Ok(FieldCode {
            declared,
            read: TokenStream::new(),
            write: quote! { object.write_collected(#name, self.#rust_name.as_ref())?; },
        });
    }
    let index = Literal::usize_unsuffixed(index);
    if let Some(oneof) = oneof_of(field) {
        let variant = names::variant(package, &oneof, field);
        let oneof = names::snake(oneof.name());
        return Ok(FieldCode {
            declared,
            read: quote! {
                #json_name => property.read_member::<#codec, _, _>(&mut self.#oneof, #variant),
            },
            write: quote! {
                object.write_member::<#codec, _>(
                    &Self::FIELDS[#index],
                    match &self.#oneof {
                        Some(#variant(value)) => Some(value),
                        _ => None,
                    },
                )?;
            },
        });
    }
    let holder = holder(field, &codec);
    Ok(FieldCode {
        declared,
        read: quote! { #json_name => property.read::<#holder, _>(&mut self.#rust_name), },
        write: quote! { object.write::<#holder, _>(&Self::FIELDS[#index], &self.#rust_name)?; },
    })
}

fn misplaced_option(field: &FieldDescriptor) -> Option<String> {
    if field.is_group() {
        return Some("is a group, which has no JSON form; make it a message".to_owned());
    }
    if field.cardinality() == Cardinality::Required {
        return Some(
            "is required, so that it could not be told whether JSON has it; make it \
            optional"
                .to_owned(),
        );
    }
    let single = !field.is_list() && !field.is_map() && oneof_of(field).is_none();
    let is_struct = matches!(field.kind(), Kind::Message(message) if message.full_name() == "\
        google.protobuf.Struct");
    if options::is_undeclared(field) && !(single && is_struct) {
        return Some(
            "collects undeclared properties, which only a google.protobuf.Struct can".to_owned(),
        );
    }
    let countable = matches!(
        field.kind(),
        Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 | Kind::String
    );
    if options::next_link(field).is_some() && !(single && countable) {
        return Some("is filled from a link, which only an integer or a string can".to_owned());
    }
    None
}

/// What may follow the field in the path of a field mask.
fn children(package: &str, field: &FieldDescriptor) -> TokenStream {
    if field.is_list() {
        return quote! { Elements };
    }
    if options::is_undeclared(field) {
        return quote! { Undeclared };
    }
    if let Kind::Message(entry) = field.kind()
        && field.is_map()
    {
        let key = map_key(&entry);
        let values = children_of(package, &entry.map_entry_value_field().kind());
        return quote! { Entries { key: map_key::<#key>, values: &Children::#values } };
    }
    children_of(package, &field.kind())
}

/// What may follow a value of this kind.
fn children_of(package: &str, kind: &Kind) -> TokenStream {
    let Kind::Message(message) = kind else {
        return quote! { None };
    };
    if options::is_transparent(message) {
        return quote! { None };
    }
    match message.full_name() {
        "google.protobuf.Struct" => quote! { Keys },
        _ if is_not_generated(message.package_name()) => quote! { None },
        _ => {
            let message = names::message(package, message);
            quote! { Fields(|| #message::FIELDS) }
        }
    }
}

/// The type of the keys of a map.
fn map_key(entry: &MessageDescriptor) -> TokenStream {
    match entry.map_entry_key_field().kind() {
        Kind::Bool => quote! { bool },
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => quote! { i32 },
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => quote! { i64 },
        Kind::Uint32 | Kind::Fixed32 => quote! { u32 },
        Kind::Uint64 | Kind::Fixed64 => quote! { u64 },
        _ => quote! { String },
    }
}

/// The codec of the values of a field; of a map, of the values of its entries.
pub(crate) fn codec(package: &str, field: &FieldDescriptor) -> Result<TokenStream, Problem> {
    let kind = match field.kind() {
        Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
        kind => kind,
    };
    Ok(match kind {
        Kind::Double => quote! { Double },
        Kind::Float => quote! { Float },
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => quote! { Int32 },
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => quote! { Int64 },
        Kind::Uint32 | Kind::Fixed32 => quote! { UInt32 },
        Kind::Uint64 | Kind::Fixed64 => quote! { UInt64 },
        Kind::Bool => quote! { Boolean },
        Kind::String => quote! { Text },
        Kind::Bytes => quote! { Octets },
        Kind::Enum(descriptor) => {
            if is_not_generated(descriptor.package_name()) {
                let name = descriptor.full_name();
                return Err(Problem::of_field(
                    field,
                    format!("{name} has no JSON form here; google.protobuf.Value holds any JSON"),
                ));
            }
            let name = names::enumeration(package, &descriptor);
            quote! { Enum<#name> }
        }
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => quote! { Timestamp },
            "google.protobuf.Duration" => quote! { Duration },
            "google.protobuf.FieldMask" => quote! { FieldMask },
            "google.protobuf.Struct" => quote! { Struct },
            "google.protobuf.Value" => quote! { Value },
            "google.protobuf.ListValue" => quote! { ListValue },
            "google.protobuf.Empty" => quote! { Empty },
            "google.protobuf.DoubleValue" => quote! { Double },
            "google.protobuf.FloatValue" => quote! { Float },
            "google.protobuf.Int64Value" => quote! { Int64 },
            "google.protobuf.UInt64Value" => quote! { UInt64 },
            "google.protobuf.Int32Value" => quote! { Int32 },
            "google.protobuf.UInt32Value" => quote! { UInt32 },
            "google.protobuf.BoolValue" => quote! { Boolean },
            "google.protobuf.StringValue" => quote! { Text },
            "google.protobuf.BytesValue" => quote! { Octets<Vec<u8>> },
            name if is_not_generated(message.package_name()) => {
                return Err(Problem::of_field(
                    field,
                    format!("{name} has no JSON form here; google.protobuf.Value holds any JSON"),
                ));
            }
            _ => {
                let transparent = options::is_transparent(&message);
                let name = names::message(package, &message);
                if transparent {
                    quote! { Transparent<#name> }
                } else {
                    quote! { Nested<#name> }
                }
            }
        },
    })
}

/// The codec of a list or map as a whole; of any other field, of its value.
pub(crate) fn whole(field: &FieldDescriptor, codec: &TokenStream) -> TokenStream {
    if field.is_list() || field.is_map() {
        holder(field, codec)
    } else {
        codec.clone()
    }
}

/// How the field holds its values.
fn holder(field: &FieldDescriptor, codec: &TokenStream) -> TokenStream {
    if let Kind::Message(entry) = field.kind()
        && field.is_map()
    {
        let key = map_key(&entry);
        return quote! { MapOf<#key, #codec> };
    }
    if field.is_list() {
        quote! { Repeated<#codec> }
    } else if field.supports_presence() {
        quote! { Optional<#codec> }
    } else {
        quote! { Implicit<#codec> }
    }
}

fn enumeration(descriptor: &EnumDescriptor, problems: &mut Vec<Problem>) -> TokenStream {
    let mut spellings: BTreeMap<String, i32> = BTreeMap::new();
    let mut spelled = Vec::new();
    let mut read = Vec::new();
    let mut numbers = Vec::new();
    let mut values: Vec<_> = descriptor.values().collect();
    // In the order of the proto, which of the names for one number tells the first.
    values.sort_by_key(|value| value.path().last().copied());
    for value in values {
        let number = value.number();
        let stated = options::spelling(&value);
        let mut refuse = |reason: &str| {
            problems.push(Problem::of_enum_value(&value, reason));
        };
        if number == 0 {
            if stated.is_some() {
                refuse(
                    "has a spelling, but zero is never written; let zero be UNSPECIFIED, and \
                    give another number to the value",
                );
            }
            continue;
        }
        let spelling = stated.unwrap_or_else(|| value.name().to_owned());
        if spellings.insert(spelling.clone(), number).is_some() {
            refuse(&format!("is spelled {spelling:?} like another value"));
        }
        let literal = Literal::i32_unsuffixed(number);
        // Of two names for one number the first is written, either is read.
        if !numbers.contains(&number) {
            numbers.push(number);
            spelled.push(quote! { #literal => Some(#spelling), });
        }
        read.push(quote! { #spelling => Some(#literal), });
    }
    let name = names::enumeration(descriptor.package_name(), descriptor);
    quote! {
        impl JsonEnum for #name {
            fn spelling(number: i32) -> Option<&'static str> {
                match number {
                    #(#spelled)*
                    _ => None,
                }
            }
            fn number(spelling: &str) -> Option<i32> {
                match spelling {
                    #(#read)*
                    _ => None,
                }
            }
        }
    }
}
