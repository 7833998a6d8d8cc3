//! What messages are used for: the parts of requests and replies, and the types
//! that follow from them.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::MessageDescriptor;

use super::faults::Faults;
use super::kinds::well_known_reply;
use super::{
    Field, HttpRule, Message, Reader, UploadRule, is_named_after, lower_first, message_name,
};
use crate::api::{Body, Kind, Property, Shape, Type, Undeclared};
use crate::aspects::{BINDING, NEXT_LINK};

const FIELD_MASK: &str = "google.protobuf.FieldMask";

/// What a message is in JSON, by its use.
#[derive(Clone, Copy, PartialEq, Eq)]
enum View {
    /// In a reply.
    Read,
    /// In a list.
    Partial,
    /// A new resource, or one that replaces another.
    Create,
    /// A merge patch (RFC 7396).
    Update,
}

/// The parts of a request.
pub(super) struct Request {
    pub(super) path: BTreeMap<String, Property>,
    pub(super) query: BTreeMap<String, Property>,
    pub(super) body: Body,
    pub(super) body_required: bool,
}

impl Reader {
    pub(super) fn request(
        &mut self,
        input: &MessageDescriptor,
        rule: &HttpRule,
        upload: Option<&UploadRule>,
        bound: &[(String, String)],
        problems: &mut Faults,
    ) -> Request {
        let mut request = Request {
            path: BTreeMap::new(),
            query: BTreeMap::new(),
            body: Body::None,
            body_required: false,
        };
        let mut carried = BTreeSet::new();
        for (name, field_path) in bound {
            match self.at(&message_name(input), field_path) {
                Some(field) => {
                    if field.has_presence {
                        problems.push(format!("its path holds {name}, which can be unset"));
                    }
                    request.path.insert(name.clone(), field.property.clone());
                }
                None => problems.push(format!("its path holds {field_path:?}, which is no field")),
            }
            carried.insert(field_path.clone());
        }
        if let Some(upload) = upload {
            self.upload(&message_name(input), upload, &mut carried, problems);
            request.body = Body::Upload(upload.part.clone());
            request.body_required = true;
        }
        match rule.body.as_str() {
            "" => {}
            _ if upload.is_some() => problems.push("an upload has no other body".to_owned()),
            "*" => {
                request.body = Body::Json(Shape::one(Kind::Object(message_name(input))));
                request.body_required = true;
                self.whole_body(&message_name(input), &carried);
                return request;
            }
            name => match self.at(&message_name(input), name) {
                Some(field) => {
                    let view = if rule.method == "PATCH" {
                        View::Update
                    } else {
                        View::Create
                    };
                    let mut shape = view_shape(&field.property.shape, view);
                    shape.nullable = Some(false);
                    request.body = Body::Json(shape);
                    request.body_required = field.property.required;
                    if field.property.deprecated {
                        problems.push("an rpc is deprecated, not its body".to_owned());
                    }
                    carried.insert(name.to_owned());
                }
                None => problems.push(format!("its body is {name:?}, which is no field")),
            },
        }
        self.leftovers(
            &message_name(input),
            "",
            rule,
            &mut carried,
            &mut request,
            problems,
        );
        if rule.method == "PATCH" && !carried.contains("update_mask") {
            let message = "it has no update_mask to clear a field with";
            problems.push_of(BINDING, message.to_owned());
        }
        request
    }

    fn upload(
        &mut self,
        input: &str,
        upload: &UploadRule,
        carried: &mut BTreeSet<String>,
        problems: &mut Faults,
    ) {
        let content = self.at(input, &upload.content);
        let oneof = content.and_then(|content| content.oneof.as_ref());
        if oneof.is_none() || content.is_none_or(|content| content.full_type != "bytes") {
            problems.push(format!("{:?} is not bytes in a oneof", upload.content));
        }
        carried.insert(upload.content.clone());
        let mut headers = BTreeSet::new();
        for path in &upload.header_fields {
            let header = path.split('.').next();
            let header = header.and_then(|header| self.at(input, header));
            let is_optional_text = self.at(input, path).is_some_and(|field| {
                let is_plain = !field.property.shape.list && !field.property.deprecated;
                field.full_type == "string" && field.has_presence && is_plain
            });
            if let Some(Kind::Object(header)) = header.map(|field| &field.property.shape.kind) {
                headers.insert(header.clone());
            }
            if !is_optional_text || header.is_none_or(|field| field.oneof.as_ref() != oneof) {
                problems.push(format!("{path:?} is not an optional string of the header"));
            }
            carried.insert(path.clone());
        }
        // Both are texts, so nothing but their names tells which is which.
        if let [file_name, content_type] = upload.header_fields.as_slice()
            && (last(file_name).contains("type") || last(content_type).contains("name"))
        {
            problems.push(format!(
                "its upload takes the name of the file from {file_name:?}, and its content type \
                 from {content_type:?}"
            ));
        }
        let expected = input
            .strip_suffix("Request")
            .map(|stem| format!("{stem}Header"));
        if headers.len() != 1 {
            problems.push("the fields of its header are not those of one message".to_owned());
        } else if let Some(expected) = expected
            && !headers.contains(&expected)
        {
            problems.push_convention(format!(
                "the message of its header is not called {expected}"
            ));
        }
        self.inputs.extend(headers);
    }

    /// The fields that nothing else carries are in the query, but for the mask
    /// of a patch.
    fn leftovers(
        &self,
        message: &str,
        prefix: &str,
        rule: &HttpRule,
        carried: &mut BTreeSet<String>,
        request: &mut Request,
        problems: &mut Faults,
    ) {
        for field in self.fields(message) {
            let path = format!("{prefix}{}", field.name);
            let below = format!("{path}.");
            if carried.contains(&path) {
                continue;
            }
            if path == "update_mask" && rule.method == "PATCH" {
                let is_mask = field.full_type == FIELD_MASK;
                let property = &field.property;
                if !is_mask || property.shape.list {
                    problems.push("its update_mask is not an optional FieldMask".to_owned());
                }
                carried.insert(path);
            } else if let Kind::Object(inner) = &field.property.shape.kind
                && carried.iter().any(|other| other.starts_with(&below))
            {
                self.leftovers(inner, &below, rule, carried, request, problems);
            } else {
                let (name, property) = (field.json_name.clone(), field.property.clone());
                if request.query.insert(name, property).is_some() {
                    problems.push(format!("two parameters are called {}", field.json_name));
                }
            }
        }
    }

    /// The message itself is the body, without what the path holds. Nothing is
    /// stored in it that null could clear.
    fn whole_body(&mut self, name: &str, carried: &BTreeSet<String>) {
        let Some(message) = self.messages.get(name) else {
            return;
        };
        let mut whole = view_of(name, message, View::Create);
        whole.named = false;
        whole.properties = message
            .fields
            .iter()
            .filter(|field| !carried.contains(&field.name))
            .map(|field| {
                let mut property = field.property.clone();
                property.shape.nullable = None;
                (field.json_name.clone(), property)
            })
            .collect();
        self.api.types.insert(name.to_owned(), whole);
    }

    pub(super) fn reply(
        &self,
        output: &MessageDescriptor,
        rule: &HttpRule,
        query: &BTreeMap<String, Property>,
        problems: &mut Faults,
    ) -> (Option<Shape>, bool) {
        let mut paged = false;
        let mut reply = None;
        if rule.response_body.is_empty()
            && let Some(shape) = well_known_reply(output)
        {
            return (Some(shape), paged);
        }
        for field in self.fields(&message_name(output)) {
            if let Some(parameter) = &field.next_link {
                paged = true;
                let named = format!("next_{parameter}");
                let is_like = query
                    .get(parameter)
                    .is_some_and(|property| property.shape.is_like(&field.property.shape));
                let message = format!(
                    "{} does not take what the next {parameter:?} of the query is",
                    field.name
                );
                if !is_like || !field.has_presence {
                    problems.push_of(NEXT_LINK, message);
                } else if field.name != named {
                    problems.push(message);
                }
            } else if rule.response_body.is_empty() {
                let name = message_name(output);
                reply = Some(Shape::one(Kind::Object(name)));
            } else if field.name == rule.response_body {
                let shape = &field.property.shape;
                let view = if shape.list {
                    View::Partial
                } else {
                    View::Read
                };
                let mut shape = view_shape(shape, view);
                shape.nullable = Some(false);
                reply = Some(shape);
            } else {
                problems.push(format!("no reply holds {:?}", field.name));
            }
        }
        if !rule.response_body.is_empty() && reply.is_none() {
            let body = &rule.response_body;
            problems.push(format!("its reply is {body:?}, which is no field"));
        }
        (reply, paged)
    }

    fn fields(&self, message: &str) -> &[Field] {
        self.messages
            .get(message)
            .map_or(&[], |message| &message.fields)
    }

    /// The field at a path such as `header.user_id`.
    fn at(&self, message: &str, path: &str) -> Option<&Field> {
        match path.split_once('.') {
            None => self.fields(message).iter().find(|field| field.name == path),
            Some((first, rest)) => match &self.at(message, first)?.property.shape.kind {
                Kind::Object(inner) => self.at(inner, rest),
                _ => None,
            },
        }
    }

    /// Declares the types that the operations mention.
    pub(super) fn views(&mut self) {
        let mut todo: Vec<(String, View)> = Vec::new();
        for operation in self.api.operations.values() {
            let body = match &operation.body {
                Body::Json(shape) => Some(shape),
                _ => None,
            };
            for shape in body.into_iter().chain(&operation.reply) {
                if let Kind::Object(written) = &shape.kind {
                    todo.extend(self.parse(written));
                }
            }
        }
        for whole in self.api.types.values() {
            todo.extend(self.inner(whole));
        }
        while let Some((message, view)) = todo.pop() {
            let name = name_of(&message, view);
            if self.api.types.contains_key(&name) {
                continue;
            }
            let Some(read) = self.messages.get(&message) else {
                continue;
            };
            let declared = view_of(&message, read, view);
            todo.extend(self.inner(&declared));
            self.api.types.insert(name, declared);
        }
        // A list is of whole resources where there is nothing to leave out.
        self.name_whole_lists();
    }

    /// The types that the properties of a type mention.
    fn inner(&self, declared: &Type) -> Vec<(String, View)> {
        let shapes = declared
            .properties
            .values()
            .map(|property| &property.shape.kind);
        let written = shapes.filter_map(|kind| match kind {
            Kind::Object(written) => self.parse(written),
            _ => None,
        });
        written.collect()
    }

    /// The message and the view that a name stands for.
    fn parse(&self, written: &str) -> Option<(String, View)> {
        let views = [View::Partial, View::Create, View::Update];
        let view = views.into_iter().find_map(|view| {
            let message = written.strip_suffix(suffix(view))?;
            self.messages
                .contains_key(message)
                .then(|| (message.to_owned(), view))
        });
        view.or_else(|| {
            self.messages
                .contains_key(written)
                .then(|| (written.to_owned(), View::Read))
        })
    }

    fn name_whole_lists(&mut self) {
        let whole: Vec<_> = self
            .messages
            .iter()
            .filter(|(_, message)| !message.fields.iter().any(Field::is_in_every_reply))
            .map(|(name, _)| (name_of(name, View::Partial), name.clone()))
            .collect();
        for (partial, name) in whole {
            if let Some(mut declared) = self.api.types.remove(&partial) {
                declared.view_of = Some(name.clone());
                self.api.types.entry(name.clone()).or_insert(declared);
                for operation in self.api.operations.values_mut() {
                    if let Some(shape) = &mut operation.reply
                        && shape.kind == Kind::Object(partial.clone())
                    {
                        shape.kind = Kind::Object(name.clone());
                    }
                }
            }
        }
    }

    /// Holds every message to what the translation can carry, and to its rules
    /// of naming.
    pub(super) fn check_messages(&mut self) {
        let mut problems = Vec::new();
        for (name, message) in &self.messages {
            let is_input = self.inputs.contains(name);
            let is_output = self.outputs.contains(name);
            let is_body = self
                .api
                .types
                .get(name)
                .is_some_and(|declared| !declared.named);
            let mut problem = |field: Option<&Field>, what: &str| {
                let (subject, place) = match field {
                    Some(field) => (format!("{name}.{}", field.json_name), &field.property.place),
                    None => (name.clone(), &message.place),
                };
                problems.push((subject, what.to_owned(), place.clone()));
            };
            let is_wrapper = self.wrappers.contains(name);
            if message.deprecated && (is_input || is_output || is_wrapper) {
                problem(None, "what uses the message is deprecated, not the message");
            }
            if is_wrapper && !is_named_after_content(name, &message.fields) {
                problem(
                    None,
                    "it is not called as its content is, with Slot at the end",
                );
            }
            let mut names = BTreeSet::new();
            for field in &message.fields {
                let at = Some(field);
                if !names.insert(&field.json_name) {
                    problem(at, ALIKE);
                }
                if !is_named_after(&field.name, &field.json_name) {
                    problem(at, "the field is not called as its property is");
                }
                if field.oneof.is_some() && !self.uploads.contains(name) {
                    problem(at, ONE_OF);
                }
                if field.next_link.is_some() && !is_output {
                    problem(at, "a header fills fields of replies only");
                }
                if field.collects_undeclared && (is_input || is_output) && !is_body {
                    problem(at, "only an object has undeclared properties");
                }
                if !field.has_presence && (is_body || !is_input) {
                    problem(at, "the field cannot be unset");
                }
                let Property {
                    required,
                    read_only,
                    write_only,
                    deprecated,
                    ..
                } = field.property;
                if field.collects_undeclared && field.name != "other" {
                    problem(at, "what collects undeclared properties is called other");
                }
                let is_parameter = is_input && !is_body && !field.property.shape.list;
                let is_scalar = !field.is_message;
                if is_parameter && is_scalar && field.has_presence == field.property.required {
                    problem(at, "the parameter is required and optional, or neither");
                }
                let is_part = is_output
                    || field.oneof.is_some()
                    || is_wrapper
                    || field.collects_undeclared
                    || field.full_type == FIELD_MASK;
                // The mask of a patch is none, and the content of an upload is in a oneof.
                let is_mask = field.name == "update_mask" && field.full_type == FIELD_MASK;
                if field.is_foreign && !is_mask && field.oneof.is_none() {
                    problem(at, "no property of this API is of this type");
                }
                if is_part && required {
                    problem(at, "nobody has to give this");
                }
                if (is_part || is_input && !is_body) && (read_only || write_only) {
                    problem(at, "a part of a call has only one direction");
                }
                if is_part && deprecated {
                    problem(at, "an rpc is deprecated, not a part of it");
                }
            }
        }
        for (subject, what, place) in problems {
            if OF_ANY_API.contains(&&*what) {
                self.api.problem(subject, what, place);
            } else {
                self.api.convention(subject, what, place);
            }
        }
    }
}

const ALIKE: &str = "two fields have this JSON name";
const ONE_OF: &str = "JSON cannot say that only one of several is set";

/// What is a problem of a message in any API, and against no mere convention.
const OF_ANY_API: [&str; 2] = [ALIKE, ONE_OF];

/// What a message is in that view.
fn view_of(name: &str, message: &Message, view: View) -> Type {
    let is_request = matches!(view, View::Create | View::Update);
    let inner = if view == View::Partial {
        View::Read
    } else {
        view
    };
    let fields = message
        .fields
        .iter()
        .filter(|field| !field.collects_undeclared);
    let properties = fields.map(|field| {
        let mut property = field.property.clone();
        property.shape = view_shape(&property.shape, inner);
        property.required = match view {
            View::Read => field.is_in_every_reply(),
            View::Partial | View::Update => false,
            View::Create => property.required && !property.read_only,
        };
        (field.json_name.clone(), property)
    });
    Type {
        place: message.place.clone(),
        view_of: Some(name.to_owned()),
        named: true,
        is_patch: view == View::Update,
        properties: properties.collect(),
        undeclared: match (message.collects_undeclared, is_request) {
            (true, _) => Undeclared::Kept,
            (false, true) => Undeclared::Rejected,
            (false, false) => Undeclared::Ignored,
        },
        deprecated: message.deprecated,
        rules: None,
    }
}

/// Returns whether a shape outside of a list is that of the elements of the list.
pub(super) fn element(list: &Shape, shape: &Shape) -> bool {
    !shape.list && view_shape(shape, View::Partial).kind == view_shape(list, View::Read).kind
}

/// Returns whether a wrapper of an `Item` is an `ItemSlot` with the field `item`.
fn is_named_after_content(name: &str, fields: &[Field]) -> bool {
    fields.iter().all(|field| match &field.property.shape.kind {
        Kind::Object(inner) => {
            name.strip_suffix("Slot") == Some(inner) && lower_first(inner) == field.json_name
        }
        _ => true,
    })
}

fn suffix(view: View) -> &'static str {
    match view {
        View::Read => "",
        View::Partial => "Partial",
        View::Create => "Create",
        View::Update => "Update",
    }
}

fn name_of(message: &str, view: View) -> String {
    format!("{message}{}", suffix(view))
}

/// The shape with the name of the view. A patch replaces a list as a whole, so
/// that its elements are new ones.
fn view_shape(shape: &Shape, view: View) -> Shape {
    let mut shape = shape.clone();
    let view = if view == View::Update && shape.list {
        View::Create
    } else {
        view
    };
    if let Kind::Object(name) = &shape.kind {
        shape.kind = Kind::Object(name_of(name, view));
    }
    shape
}

/// The last field of a path.
fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}
