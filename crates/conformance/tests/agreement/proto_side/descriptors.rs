//! Reaching into descriptors as dynamic messages, the one form that keeps their
//! options.

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

pub(super) fn message(value: &Value) -> &DynamicMessage {
    value.as_message().expect("a message")
}

pub(super) fn message_mut(value: &mut Value) -> &mut DynamicMessage {
    value.as_message_mut().expect("a message")
}

pub(super) fn list<'a>(of: &'a mut DynamicMessage, field: &str) -> &'a mut Vec<Value> {
    let value = of
        .get_field_by_name_mut(field)
        .expect("a field of descriptors");
    value.as_list_mut().expect("a list")
}

pub(super) fn items(of: &DynamicMessage, field: &str) -> impl Iterator<Item = Value> {
    let value = of.get_field_by_name(field).expect("a field of descriptors");
    value.as_list().expect("a list").to_vec().into_iter()
}

pub(super) fn child<'a>(of: &'a mut DynamicMessage, field: &str) -> &'a mut DynamicMessage {
    message_mut(
        of.get_field_by_name_mut(field)
            .expect("a field of descriptors"),
    )
}

pub(super) fn text(of: &DynamicMessage, field: &str) -> String {
    let value = of.get_field_by_name(field).expect("a field of descriptors");
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn number(of: &DynamicMessage, field: &str) -> i32 {
    let value = of.get_field_by_name(field).expect("a field of descriptors");
    value
        .as_enum_number()
        .or(value.as_i32())
        .unwrap_or_default()
}

pub(super) fn set(of: &mut DynamicMessage, field: &str, value: impl Into<Set>) {
    let Set(value) = value.into();
    of.set_field_by_name(field, value);
}

/// A value as descriptors hold it.
pub(super) struct Set(Value);

impl From<&str> for Set {
    fn from(text: &str) -> Self {
        Self(Value::String(text.to_owned()))
    }
}

impl From<bool> for Set {
    fn from(value: bool) -> Self {
        Self(Value::Bool(value))
    }
}

pub(super) fn flip(of: &mut DynamicMessage, field: &str) {
    let is = of
        .get_field_by_name(field)
        .is_some_and(|value| value.as_bool() == Some(true));
    set(of, field, !is);
}

/// The extension of the options of an element, which is changed and put back.
pub(super) fn change_option(
    of: &mut DynamicMessage,
    name: &str,
    change: impl FnOnce(&mut DynamicMessage, &prost_reflect::ExtensionDescriptor),
) {
    let pool = of.descriptor().parent_pool().clone();
    let extension = pool.get_extension_by_name(name).expect("an extension");
    change(child(of, "options"), &extension);
}

pub(super) fn option_text(of: &DynamicMessage, name: &str, field: &str) -> Option<String> {
    let pool = of.descriptor().parent_pool().clone();
    let extension = pool.get_extension_by_name(name)?;
    let options = of.get_field_by_name("options")?;
    let options = options.as_message()?;
    let option = options
        .has_extension(&extension)
        .then(|| options.get_extension(&extension))?;
    Some(match option.as_message() {
        Some(message) => text(message, field),
        None => option.as_str().unwrap_or_default().to_owned(),
    })
}
