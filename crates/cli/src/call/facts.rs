//! What the descriptors say of methods, messages and fields beside their shape: the
//! comments, the REST route, and what a field is for.

use prost_reflect::{
    DynamicMessage, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor,
    MethodDescriptor, ServiceDescriptor, Value,
};

/// The annotation of fields that says how they are used (AIP-203).
const FIELD_BEHAVIOR: &str = "google.api.field_behavior";

/// The annotation of methods that says which request they are in REST.
const HTTP: &str = "google.api.http";

/// The methods of a REST API, as the annotation spells them.
const VERBS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// The comment in front of a declaration. Empty if there is none, or if the
/// descriptors were compiled without source information.
fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let locations = &file.file_descriptor_proto().source_code_info;
    let comment = locations
        .iter()
        .flat_map(|info| &info.location)
        .find(|location| location.path == path)
        .and_then(|location| location.leading_comments.as_deref())
        .unwrap_or_default();
    let lines: Vec<_> = comment
        .trim_end()
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        // What a checker of protos is told is no news for callers.
        .filter(|line| !line.starts_with("buf:lint:"))
        .collect();
    lines.join("\n").trim_end().to_owned()
}

/// Returns the comment of a method.
pub(super) fn of_method(method: &MethodDescriptor) -> String {
    comment(&method.parent_file(), method.path())
}

/// Returns the comment of a service.
pub(super) fn of_service(service: &ServiceDescriptor) -> String {
    comment(&service.parent_file(), service.path())
}

/// Returns the comment of a message.
pub(super) fn of_message(message: &MessageDescriptor) -> String {
    comment(&message.parent_file(), message.path())
}

/// Returns the comment of a field.
pub(super) fn of_field(field: &FieldDescriptor) -> String {
    comment(&field.parent_file(), field.path())
}

/// Returns the comment of an enum.
pub(super) fn of_enum(values: &EnumDescriptor) -> String {
    comment(&values.parent_file(), values.path())
}

/// Returns the comment of a value of an enum.
pub(super) fn of_value(value: &prost_reflect::EnumValueDescriptor) -> String {
    comment(&value.parent_file(), value.path())
}

/// Returns the first sentence of a comment, on one line.
pub(super) fn first_sentence(comment: &str) -> String {
    let paragraph = comment.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => line,
    }
}

/// Returns what is said of how a field is used, such as `REQUIRED` and `OUTPUT_ONLY`.
/// That it is optional is not said: most are.
pub(super) fn behaviors(field: &FieldDescriptor) -> Vec<String> {
    let Some(option) = field.parent_pool().get_extension_by_name(FIELD_BEHAVIOR) else {
        return Vec::new();
    };
    let options = field.options();
    let (Kind::Enum(names), Value::List(numbers)) =
        (option.kind(), options.get_extension(&option).into_owned())
    else {
        return Vec::new();
    };
    let values = numbers.iter().filter_map(|number| match number {
        Value::EnumNumber(number) => names.get_value(*number),
        _ => None,
    });
    values
        .map(|value| value.name().to_owned())
        .filter(|name| name != "OPTIONAL")
        .collect()
}

/// Returns whether only the server sets a field.
pub(super) fn is_output_only(field: &FieldDescriptor) -> bool {
    behaviors(field).iter().any(|name| name == "OUTPUT_ONLY")
}

/// Returns whether a request has to have a field.
pub(super) fn is_required(field: &FieldDescriptor) -> bool {
    behaviors(field).iter().any(|name| name == "REQUIRED")
}

/// The request that a method is in REST.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// Such as `POST`.
    verb: String,
    /// Such as `/users/{user_id}`.
    path: String,
    /// The field of the request that is its body. `*` for all that is not in the path.
    /// Empty if there is no body.
    body: String,
}

impl Route {
    /// The route that a method is annotated with.
    pub(super) fn of(method: &MethodDescriptor) -> Option<Self> {
        let option = method.parent_pool().get_extension_by_name(HTTP)?;
        let options = method.options();
        if !options.has_extension(&option) {
            return None;
        }
        let Value::Message(rule) = options.get_extension(&option).into_owned() else {
            return None;
        };
        let text = |name: &str| text(&rule, name);
        let (verb, path) = VERBS
            .into_iter()
            .find_map(|verb| Some((verb, text(verb)?)))?;
        Some(Self {
            verb: verb.to_ascii_uppercase(),
            path,
            body: text("body").unwrap_or_default(),
        })
    }

    /// Returns the field of a request that is the body in REST, if one is.
    pub(super) fn body(&self, request: &MessageDescriptor) -> Option<FieldDescriptor> {
        request.get_field_by_name(&self.body)
    }
}

impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.verb, self.path)
    }
}

/// The text in a field of a message, if there is one.
fn text(message: &DynamicMessage, name: &str) -> Option<String> {
    match message.get_field_by_name(name)?.as_ref() {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

/// The well-known types have a JSON form and a documentation of their own.
pub(super) fn is_well_known(message: &MessageDescriptor) -> bool {
    message.package_name() == "google.protobuf"
}

/// Returns what a value of a field is in JSON: `string`, `list of User`.
pub(super) fn type_name(field: &FieldDescriptor) -> String {
    if let Kind::Message(entry) = field.kind()
        && field.is_map()
    {
        let value = kind_name(&entry.map_entry_value_field().kind());
        return format!("map of {value}");
    }
    let name = kind_name(&field.kind());
    if field.is_list() {
        format!("list of {name}")
    } else {
        name
    }
}

fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => "time".to_owned(),
            "google.protobuf.Duration" => "duration".to_owned(),
            "google.protobuf.FieldMask" => "field mask".to_owned(),
            "google.protobuf.Struct" => "object".to_owned(),
            "google.protobuf.Value" => "any JSON".to_owned(),
            "google.protobuf.ListValue" => "list".to_owned(),
            _ => message.name().to_owned(),
        },
        Kind::Enum(values) => values.name().to_owned(),
        Kind::Bytes => "base64".to_owned(),
        scalar => format!("{scalar:?}"),
    }
}

/// Returns the message that a field is made of, be it in a list or a map. The
/// well-known types are none.
pub(super) fn message_of(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match value_kind(field) {
        Kind::Message(message) if !is_well_known(&message) => Some(message),
        _ => None,
    }
}

/// Returns the enum that a field has a value of, be it in a list or a map.
pub(super) fn enum_of(field: &FieldDescriptor) -> Option<EnumDescriptor> {
    match value_kind(field) {
        Kind::Enum(values) => Some(values),
        _ => None,
    }
}

/// The kind of a field, and of the values where it is a map.
fn value_kind(field: &FieldDescriptor) -> Kind {
    match field.kind() {
        Kind::Message(entry) if entry.is_map_entry() => entry.map_entry_value_field().kind(),
        kind => kind,
    }
}

/// Returns the names of the values of an enum that can be given: the zero value stands
/// for none.
pub(super) fn names(values: &EnumDescriptor) -> Vec<String> {
    let given = values.values().filter(|value| value.number() != 0);
    given.map(|value| value.name().to_owned()).collect()
}

/// Returns the other members of the oneof that a field is in.
pub(super) fn alternatives(field: &FieldDescriptor) -> Vec<FieldDescriptor> {
    let oneof = field
        .containing_oneof()
        .filter(|oneof| !oneof.is_synthetic());
    let members = oneof
        .iter()
        .flat_map(|oneof| oneof.fields().collect::<Vec<_>>());
    members.filter(|member| member != field).collect()
}
