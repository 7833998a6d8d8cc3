//! Fields as annotations name them.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};

use crate::options;
use crate::packages::WELL_KNOWN;

/// A field behind the fields that lead to it from the request message.
pub(crate) type FieldPath = Vec<FieldDescriptor>;

/// The path as annotations write it.
pub(crate) fn dotted(path: &[FieldDescriptor]) -> String {
    let names: Vec<_> = path.iter().map(FieldDescriptor::name).collect();
    names.join(".")
}

/// Resolves a dotted path to a single value that can stand in a URL.
pub(crate) fn text_field(message: &MessageDescriptor, dotted: &str) -> Result<FieldPath, String> {
    let mut path = FieldPath::new();
    let mut within = Some(message.clone());
    for name in dotted.split('.') {
        let field = within
            .and_then(|message| message.get_field_by_name(name))
            .ok_or("is not a field of the request")?;
        if field.is_list() || field.is_map() {
            return Err("is not a single value".to_owned());
        }
        within = match field.kind() {
            Kind::Message(message) if !is_well_known(&message) => Some(message),
            _ => None,
        };
        path.push(field);
    }
    match path.last() {
        Some(field) if is_text(field) => Ok(path),
        _ => Err("is not a scalar".to_owned()),
    }
}

/// Resolves the name of a field at the top of a message.
pub(crate) fn single_field(
    message: &MessageDescriptor,
    name: &str,
) -> Result<FieldDescriptor, String> {
    let field = message
        .get_field_by_name(name)
        .ok_or_else(|| format!("is not a field of {}", message.full_name()))?;
    if oneof_of(&field).is_some() {
        return Err("is a member of a oneof; take it out of that".to_owned());
    }
    if options::next_link(&field).is_some() {
        return Err("is filled from a link".to_owned());
    }
    Ok(field)
}

pub(crate) fn is_message(field: &FieldDescriptor, name: &str) -> bool {
    matches!(field.kind(), Kind::Message(message) if message.full_name() == name)
}

pub(crate) fn is_well_known(message: &MessageDescriptor) -> bool {
    message.package_name() == WELL_KNOWN
}

/// Returns whether the values of a field can stand in a path or a query.
pub(crate) fn is_text(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::Message(message) => is_well_known(&message) && !is_free_form(&message),
        _ => true,
    }
}

/// Returns whether the fields of a message cannot become query parameters one by
/// one.
pub(crate) fn is_free_form(message: &MessageDescriptor) -> bool {
    options::is_transparent(message)
        || matches!(
            message.full_name(),
            "google.protobuf.Struct"
                | "google.protobuf.Value"
                | "google.protobuf.ListValue"
                | "google.protobuf.Empty"
                | "google.protobuf.Any"
        )
}

/// The oneofs of a message, without those that stand for `optional`.
pub(crate) fn oneofs_of(message: &MessageDescriptor) -> impl Iterator<Item = OneofDescriptor> {
    message.oneofs().filter(|oneof| !oneof.is_synthetic())
}

/// The oneof that a field belongs to, unless it is the one that stands for
/// `optional`.
pub(crate) fn oneof_of(field: &FieldDescriptor) -> Option<OneofDescriptor> {
    field
        .containing_oneof()
        .filter(|oneof| !oneof.is_synthetic())
}
