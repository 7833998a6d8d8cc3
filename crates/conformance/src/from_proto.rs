//! The API as the protos state it.

use std::collections::BTreeMap;

use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind as Proto,
    MessageDescriptor, MethodDescriptor, ServiceDescriptor, Value,
};

use crate::api::{Api, Body, Kind, Operation, Property, Shape, Type};

/// The behaviors of `google.api.FieldBehavior` that have a counterpart in JSON.
const REQUIRED: i32 = 2;
const OUTPUT_ONLY: i32 = 3;
const INPUT_ONLY: i32 = 4;

/// Descriptors that do not decode.
#[derive(Debug, thiserror::Error)]
#[error("the descriptors of the protos cannot be read")]
pub struct DescriptorError(#[from] prost_reflect::DescriptorError);

/// Reads the API from an encoded `FileDescriptorSet` with options and source
/// positions. What the annotations of an rpc leave open is not judged here: the
/// build has refused it before.
///
/// # Errors
///
/// Fails where the descriptors cannot be read.
pub fn from_proto(descriptors: &[u8]) -> Result<Api, DescriptorError> {
    let pool = DescriptorPool::decode(descriptors)?;
    let mut api = Api::default();
    for service in pool.services() {
        for method in service.methods() {
            if let Some(rule) = http_rule(&method) {
                let (id, operation) = operation(&service, &method, &rule, &mut api.types);
                api.operations.insert(id, operation);
            }
        }
    }
    Ok(api)
}

/// The one place of an element: the file below the root of the protos, and the
/// line.
fn place(file: &FileDescriptor, path: &[i32]) -> String {
    let line = file
        .file_descriptor_proto()
        .source_code_info
        .as_ref()
        .and_then(|info| info.location.iter().find(|location| location.path == path))
        .and_then(|location| location.span.first())
        .map(|line| line + 1);
    match line {
        Some(line) => format!("proto/{}:{line}", file.name()),
        None => format!("proto/{}", file.name()),
    }
}

fn extension(pool: &DescriptorPool, options: &DynamicMessage, name: &str) -> Option<Value> {
    let extension = pool.get_extension_by_name(name)?;
    options
        .has_extension(&extension)
        .then(|| options.get_extension(&extension).into_owned())
}

fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    let value = value.as_ref().and_then(|value| value.as_str());
    value.unwrap_or_default().to_owned()
}

struct HttpRule {
    method: String,
    path: String,
    body: String,
    response_body: String,
}

fn http_rule(method: &MethodDescriptor) -> Option<HttpRule> {
    let value = extension(method.parent_pool(), &method.options(), "google.api.http")?;
    let rule = value.as_message()?;
    let verb = ["get", "put", "post", "delete", "patch"]
        .into_iter()
        .find(|verb| rule.has_field_by_name(verb))?;
    Some(HttpRule {
        method: verb.to_uppercase(),
        path: text(rule, verb),
        body: text(rule, "body"),
        response_body: text(rule, "response_body"),
    })
}

fn operation(
    service: &ServiceDescriptor,
    method: &MethodDescriptor,
    rule: &HttpRule,
    types: &mut BTreeMap<String, Type>,
) -> (String, Operation) {
    let (path, bound) = path(&rule.path);
    let input = method.input();
    let upload = extension(
        method.parent_pool(),
        &method.options(),
        "transcode.v1.upload",
    );
    let upload = upload.as_ref().and_then(Value::as_message);
    let body = match rule.body.as_str() {
        "" => upload.map_or(Body::None, |upload| Body::Upload(text(upload, "part"))),
        "*" => {
            let request = object(&input, &bound, types);
            types.insert(input.name().to_owned(), request);
            Body::Json(one(Kind::Object(input.name().to_owned())))
        }
        name => match input.get_field_by_name(name) {
            Some(field) => Body::Json(shape(&field, types)),
            None => Body::None,
        },
    };
    let mut query = BTreeMap::new();
    if upload.is_none() && rule.body != "*" {
        for field in input.fields() {
            let name = field.name();
            let masks = name == "update_mask" && !rule.body.is_empty();
            if name != rule.body && !masks && !bound.iter().any(|bound| bound == name) {
                query.insert(field.json_name().to_owned(), property(&field, types));
            }
        }
    }
    let id = lower_first(method.name());
    let reply = reply(&method.output(), &rule.response_body, types);
    let operation = Operation {
        place: place(&service.parent_file(), method.path()),
        method: rule.method.clone(),
        path,
        query,
        body,
        reply,
    };
    (id, operation)
}

fn reply(
    output: &MessageDescriptor,
    response_body: &str,
    types: &mut BTreeMap<String, Type>,
) -> Option<Shape> {
    if response_body.is_empty() {
        output.fields().next()?;
        return Some(one(Kind::Object(declare(output, types))));
    }
    let field = output.get_field_by_name(response_body)?;
    Some(shape(&field, types))
}

fn one(kind: Kind) -> Shape {
    Shape {
        kind,
        list: false,
        null_elements: false,
    }
}

/// The path with the last part of each variable's name, and these names. What
/// the variable of an upload stands in is its header.
fn path(template: &str) -> (String, Vec<String>) {
    let mut bound = Vec::new();
    let segments = template.split('/').map(|segment| {
        let Some(variable) = segment
            .strip_prefix('{')
            .and_then(|it| it.strip_suffix('}'))
        else {
            return segment.to_owned();
        };
        let field = variable.split('=').next().unwrap_or(variable);
        let name = field.rsplit('.').next().unwrap_or(field);
        bound.push(name.to_owned());
        format!("{{{name}}}")
    });
    let path = segments.collect::<Vec<_>>().join("/");
    (path, bound)
}

fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// Adds a message and all that it holds to the types, once, and returns its
/// name.
fn declare(message: &MessageDescriptor, types: &mut BTreeMap<String, Type>) -> String {
    let name = message.name().to_owned();
    if !types.contains_key(&name) {
        // Stands in while the fields are read, so that recursion ends.
        let placeholder = Type {
            place: String::new(),
            properties: BTreeMap::new(),
            open: false,
        };
        types.insert(name.clone(), placeholder);
        let object = object(message, &[], types);
        types.insert(name.clone(), object);
    }
    name
}

fn object(
    message: &MessageDescriptor,
    except: &[String],
    types: &mut BTreeMap<String, Type>,
) -> Type {
    let mut properties = BTreeMap::new();
    let mut open = false;
    for field in message.fields() {
        let pool = field.parent_pool();
        let options = field.options();
        if extension(pool, &options, "transcode.v1.undeclared").is_some() {
            open = true;
        } else if !except.iter().any(|name| name == field.name())
            && extension(pool, &options, "transcode.v1.next_link").is_none()
        {
            properties.insert(field.json_name().to_owned(), property(&field, types));
        }
    }
    Type {
        place: place(&message.parent_file(), message.path()),
        properties,
        open,
    }
}

fn property(field: &FieldDescriptor, types: &mut BTreeMap<String, Type>) -> Property {
    let behaviors = extension(
        field.parent_pool(),
        &field.options(),
        "google.api.field_behavior",
    );
    let behaves = |number: i32| {
        let behaviors = behaviors
            .as_ref()
            .and_then(Value::as_list)
            .unwrap_or_default();
        behaviors
            .iter()
            .any(|behavior| behavior.as_enum_number() == Some(number))
    };
    Property {
        place: place(&field.parent_message().parent_file(), field.path()),
        shape: shape(field, types),
        required: behaves(REQUIRED),
        read_only: behaves(OUTPUT_ONLY),
        write_only: behaves(INPUT_ONLY),
    }
}

fn shape(field: &FieldDescriptor, types: &mut BTreeMap<String, Type>) -> Shape {
    let (kind, null_elements) = match field.kind() {
        Proto::Message(message) => match within_transparent(&message) {
            Some(inner) => (inner, true),
            None => (Proto::Message(message), false),
        },
        kind => (kind, false),
    };
    Shape {
        kind: kind_of(field, &kind, types),
        list: field.is_list(),
        null_elements,
    }
}

/// What a transparent message wraps.
fn within_transparent(message: &MessageDescriptor) -> Option<Proto> {
    let pool = message.parent_pool();
    extension(pool, &message.options(), "transcode.v1.transparent")?;
    Some(message.fields().next()?.kind())
}

fn kind_of(field: &FieldDescriptor, kind: &Proto, types: &mut BTreeMap<String, Type>) -> Kind {
    match kind {
        Proto::String => Kind::String,
        Proto::Bool => Kind::Boolean,
        Proto::Double | Proto::Float => Kind::Number,
        Proto::Int32 | Proto::Int64 | Proto::Uint32 | Proto::Uint64 => Kind::Integer,
        Proto::Enum(descriptor) => Kind::Enum(spellings(descriptor)),
        Proto::Message(message) if !field.is_map() => match message.full_name() {
            "google.protobuf.Timestamp" => Kind::Timestamp,
            "google.protobuf.Struct" => Kind::FreeForm,
            "google.protobuf.Value" => Kind::Any,
            name if name.starts_with("google.protobuf.") => Kind::Other(format!("a {name}")),
            _ => Kind::Object(declare(message, types)),
        },
        other => Kind::Other(format!("a {other:?}")),
    }
}

fn spellings(descriptor: &EnumDescriptor) -> Vec<String> {
    let values = descriptor.values().filter(|value| value.number() != 0);
    let spelled = values.map(|value| {
        extension(value.parent_pool(), &value.options(), "transcode.v1.value")
            .and_then(|spelling| spelling.as_str().map(ToOwned::to_owned))
            .unwrap_or_else(|| value.name().to_owned())
    });
    spelled.collect()
}
