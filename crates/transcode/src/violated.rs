//! Which field of a message an upstream means when it refuses one of a request.
//!
//! An API names what it refuses as its callers write it: a property of the body, or a
//! parameter. `google.rpc.BadRequest` has the path of the field in the request message
//! instead, in the names of the proto: where the body of a request is its field `book`, what
//! is wrong with `author.firstName` there is wrong with `book.author.first_name`.

use crate::layout::{
    BodyLayout, FieldLayout, Holding, MessageLayout, ParameterLayout, RequestLayout, ValueLayout,
};

/// The path in the message of what the upstream calls `name`: a property of the body, such
/// as `emails[0].address`, or a parameter. Returns `None` where the message has no such
/// field.
pub(crate) fn field(request: &RequestLayout, name: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    let message = (request.message)();
    let mut path = String::new();
    let in_body = match &request.body {
        BodyLayout::Nothing => None,
        BodyLayout::Request { .. } => in_message(message, name, &mut path),
        BodyLayout::Field {
            index, name: body, ..
        } => {
            path.push_str(body);
            message.fields.get(usize::from(*index)).and_then(|field| {
                // An element, where the body is a list.
                if name.starts_with('[') {
                    return behind(field, name, &mut path);
                }
                behind(field, &format!(".{name}"), &mut path)
            })
        }
    };
    if in_body.is_some() {
        return Some(path);
    }
    // The name of a parameter may have a dot.
    if let Some(field) = parameter(request.parameters, name) {
        return Some(field.to_owned());
    }
    let (first, rest) = split(name);
    let field = parameter(request.parameters, first)?;
    Some(format!("{field}{rest}"))
}

/// The field that is sent as the parameter of this name.
fn parameter(parameters: &[ParameterLayout], wanted: &str) -> Option<&'static str> {
    parameters.iter().find_map(|one| match one {
        ParameterLayout::Value { field, name, .. } => (*name == wanted).then_some(*field),
        ParameterLayout::Within { parameters, .. } => parameter(parameters, wanted),
    })
}

/// Adds the path of a property of a message.
fn in_message(message: &'static MessageLayout, name: &str, path: &mut String) -> Option<()> {
    let (first, rest) = split(name);
    if first.is_empty() {
        return None;
    }
    if !path.is_empty() {
        path.push('.');
    }
    // What is behind the declared ones is filled from headers.
    let declared = message.declared.len();
    let found = message.find(first.as_bytes()).map(|(index, _)| index);
    let found = found.filter(|index| *index < declared);
    // The upstream may know the names of the proto.
    let found = found.or_else(|| {
        message
            .declared
            .iter()
            .position(|field| field.name == first)
    });
    let collector = message.collector.map(usize::from);
    if let Some(index) = found.filter(|index| Some(*index) != collector) {
        path.push_str(message.declared.get(index)?.name);
        return behind(message.fields.get(index)?, rest, path);
    }
    // What no field declares is kept by one for all of it.
    path.push_str(message.declared.get(collector?)?.name);
    path.push('.');
    path.push_str(name);
    Some(())
}

/// Adds what follows the name of a field.
fn behind(field: &'static FieldLayout, mut rest: &str, path: &mut String) -> Option<()> {
    let has_elements = matches!(field.holds, Holding::Repeated { .. } | Holding::Map(_));
    if has_elements && !rest.is_empty() {
        let end = rest[1..].find(['.', '[']).map_or(rest.len(), |at| at + 1);
        let element;
        (element, rest) = rest.split_at(end);
        path.push_str(element);
    }
    if rest.is_empty() {
        return Some(());
    }
    match &field.value {
        ValueLayout::Message(fields) => in_message(fields(), rest.strip_prefix('.')?, path),
        // The one field of the message has no name in JSON. Only a name of one word is known to
        // be that of the proto.
        ValueLayout::Transparent(field) => {
            let field = field();
            if field.name.bytes().any(|byte| byte.is_ascii_uppercase()) {
                return None;
            }
            path.push('.');
            path.push_str(field.name);
            behind(field, rest, path)
        }
        ValueLayout::Struct | ValueLayout::Value | ValueLayout::ListValue => {
            path.push_str(rest);
            Some(())
        }
        _ => None,
    }
}

/// A name and what follows it.
fn split(path: &str) -> (&str, &str) {
    path.split_at(path.find(['.', '[']).unwrap_or(path.len()))
}
