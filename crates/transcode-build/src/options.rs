//! The annotations of the protos, read from the descriptors.

use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumValueDescriptor, FieldDescriptor, MessageDescriptor,
    MethodDescriptor, Value,
};

/// The values of `google.api.FieldBehavior` that change what a field mask sends,
/// and the `transcode::json::Behavior` of each. Of several the first counts.
const BEHAVIORS: [(i32, &str); 4] = [
    (3, "OutputOnly"),
    (4, "InputOnly"),
    (5, "Immutable"),
    // IDENTIFIER: set when its resource is created, and never changed.
    (8, "Immutable"),
];

/// `google.api.http`.
pub(crate) struct HttpRule {
    /// The verb in upper case.
    pub(crate) verb: String,
    /// The path template.
    pub(crate) path: String,
    /// The body field, `*` or nothing.
    pub(crate) body: String,
    /// The reply field that the body is read into, or nothing.
    pub(crate) response_body: String,
    /// Whether there are further bindings.
    pub(crate) additional_bindings: bool,
}

/// `transcode.v1.upload`.
pub(crate) struct Upload {
    pub(crate) part: String,
    pub(crate) file_name: String,
    pub(crate) content_type: String,
    pub(crate) content: String,
}

/// `transcode.v1.streamed_list`.
pub(crate) struct StreamedList {
    /// The name of the unary rpc of the same service.
    pub(crate) list: String,
    /// The request field of that rpc that `page_size` stands for, or nothing.
    pub(crate) page_size: String,
}

fn extension(pool: &DescriptorPool, options: &DynamicMessage, name: &str) -> Option<Value> {
    let extension = pool.get_extension_by_name(name)?;
    options
        .has_extension(&extension)
        .then(|| options.get_extension(&extension).into_owned())
}

fn text(message: &DynamicMessage, field: &str) -> String {
    message
        .get_field_by_name(field)
        .and_then(|value| value.as_str().map(ToOwned::to_owned))
        .unwrap_or_default()
}

pub(crate) fn http(method: &MethodDescriptor) -> Option<HttpRule> {
    let value = extension(method.parent_pool(), &method.options(), "google.api.http")?;
    let rule = value.as_message()?;
    let (verb, path) = ["get", "put", "post", "delete", "patch"]
        .into_iter()
        .find(|verb| rule.has_field_by_name(verb))
        .map(|verb| (verb.to_uppercase(), text(rule, verb)))
        .or_else(|| {
            let custom = rule.get_field_by_name("custom")?;
            let custom = custom.as_message()?;
            Some((text(custom, "kind"), text(custom, "path")))
        })
        .unwrap_or_default();
    Some(HttpRule {
        verb,
        path,
        body: text(rule, "body"),
        response_body: text(rule, "response_body"),
        additional_bindings: rule.has_field_by_name("additional_bindings"),
    })
}

pub(crate) fn upload(method: &MethodDescriptor) -> Option<Upload> {
    let value = extension(
        method.parent_pool(),
        &method.options(),
        "transcode.v1.upload",
    )?;
    let upload = value.as_message()?;
    Some(Upload {
        part: text(upload, "part"),
        file_name: text(upload, "file_name"),
        content_type: text(upload, "content_type"),
        content: text(upload, "content"),
    })
}

pub(crate) fn streamed_list(method: &MethodDescriptor) -> Option<StreamedList> {
    let value = extension(
        method.parent_pool(),
        &method.options(),
        "transcode.v1.streamed_list",
    )?;
    let streamed = value.as_message()?;
    Some(StreamedList {
        list: text(streamed, "list"),
        page_size: text(streamed, "page_size"),
    })
}

/// `transcode.v1.transparent`.
pub(crate) fn is_transparent(message: &MessageDescriptor) -> bool {
    let pool = message.parent_pool();
    extension(pool, &message.options(), "transcode.v1.transparent")
        .and_then(|value| value.as_bool())
        .unwrap_or_default()
}

/// `transcode.v1.undeclared`.
pub(crate) fn is_undeclared(field: &FieldDescriptor) -> bool {
    let pool = field.parent_pool();
    extension(pool, &field.options(), "transcode.v1.undeclared")
        .and_then(|value| value.as_bool())
        .unwrap_or_default()
}

/// `transcode.v1.next_link`.
pub(crate) fn next_link(field: &FieldDescriptor) -> Option<String> {
    let pool = field.parent_pool();
    let value = extension(pool, &field.options(), "transcode.v1.next_link")?;
    value.as_str().map(ToOwned::to_owned)
}

/// The `transcode::json::Behavior` that `google.api.field_behavior` gives a
/// field, if it is not the plain one.
pub(crate) fn behavior(field: &FieldDescriptor) -> Option<&'static str> {
    let pool = field.parent_pool();
    let stated = extension(pool, &field.options(), "google.api.field_behavior")?;
    let stated = stated.as_list()?;
    let says = |number| {
        stated
            .iter()
            .any(|behavior| behavior.as_enum_number() == Some(number))
    };
    let (_, behavior) = BEHAVIORS.iter().find(|(number, _)| says(*number))?;
    Some(behavior)
}

/// `transcode.v1.value`.
pub(crate) fn spelling(value: &EnumValueDescriptor) -> Option<String> {
    let pool = value.parent_pool();
    let spelling = extension(pool, &value.options(), "transcode.v1.value")?;
    spelling.as_str().map(ToOwned::to_owned)
}
