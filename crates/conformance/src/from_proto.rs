//! The API as the protos state it.
//!
//! An rpc that streams a list is another way to call the operation of the list,
//! and is held against it here.
//!
//! A message is stated once. How it looks in a reply, in a list, in a new
//! resource and in a patch follows from its use and from the behavior of its
//! fields (AIP-203): what is REQUIRED has to be given in a new resource, unless
//! it is `OUTPUT_ONLY` too, and in a reply; a patch requires nothing. A list can
//! leave out anything. A message has presence anyway, so one that is REQUIRED and
//! declared `optional` all the same is left out of some replies. Requests hold nothing that is not declared.
//!
//! Names that a JSON client never sees are held to a rule, so that they cannot
//! change alone: a field is called as its property is, with a word before it
//! where two would be called alike; an enum value as its spelling, messages as
//! their rpc, and `next_offset` as the parameter that it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, FileDescriptor, Kind as Proto,
    MessageDescriptor, MethodDescriptor, ServiceDescriptor, Value,
};

use self::faults::Faults;
use crate::api::{Api, Kind, Operation, Place, Property, Side};
use crate::aspects::BINDING;

mod faults;
mod kinds;
mod streams;
mod views;

/// The behaviors of `google.api.FieldBehavior` that have a counterpart in JSON.
const REQUIRED: i32 = 2;
const OUTPUT_ONLY: i32 = 3;
const INPUT_ONLY: i32 = 4;

/// Descriptors that do not decode.
#[derive(Debug, thiserror::Error)]
#[error("the descriptors of the protos cannot be read")]
pub struct DescriptorError(#[from] prost_reflect::DescriptorError);

/// Reads the API from an encoded `FileDescriptorSet` with options and, for
/// lines, source positions.
///
/// # Errors
///
/// Fails where the descriptors cannot be read.
pub fn from_proto(descriptors: &[u8]) -> Result<Api, DescriptorError> {
    Ok(from_descriptors(&DescriptorPool::decode(descriptors)?))
}

/// Reads the API from an encoded `FileDescriptorSet`, of which `path_of` names those
/// files that belong to the API with their paths. The others are imports.
///
/// # Errors
///
/// Fails where the descriptors cannot be read.
pub fn from_proto_files(
    descriptors: &[u8],
    path_of: impl Fn(&str) -> Option<String>,
) -> Result<Api, DescriptorError> {
    Ok(read(&DescriptorPool::decode(descriptors)?, &path_of))
}

/// Reads the API from descriptors. Every file of them belongs to it.
#[must_use]
pub fn from_descriptors(pool: &DescriptorPool) -> Api {
    read(pool, &|name| Some(format!("proto/{name}")))
}

fn read(pool: &DescriptorPool, path_of: &dyn Fn(&str) -> Option<String>) -> Api {
    let whole = Place::Proto {
        file: "proto".into(),
        line: None,
    };
    let is_own = |service: &ServiceDescriptor| path_of(service.parent_file().name()).is_some();
    let packages: BTreeSet<_> = pool
        .services()
        .filter(is_own)
        .map(|service| service.package_name().to_owned())
        .collect();
    let mut reader = Reader {
        api: Api::new(Side::Protos, "the protos", whole),
        options: Options::new(pool),
        lines: Lines::of(pool, &packages, path_of),
        messages: BTreeMap::new(),
        used: BTreeSet::new(),
        inputs: BTreeSet::new(),
        outputs: BTreeSet::new(),
        uploads: BTreeSet::new(),
        wrappers: BTreeSet::new(),
        enums: BTreeMap::new(),
        streams: Vec::new(),
    };
    for service in pool.services().filter(is_own) {
        for method in service.methods() {
            reader.method(&service, &method);
        }
    }
    reader.streams();
    reader.unused(pool, &packages);
    reader.views();
    reader.check_messages();
    reader.api
}

/// The extensions that say something about JSON.
struct Options {
    http: Extension,
    behavior: Extension,
    upload: Extension,
    streamed_list: Extension,
    transparent: Extension,
    undeclared: Extension,
    next_link: Extension,
    value: Extension,
}

type Extension = Option<prost_reflect::ExtensionDescriptor>;

impl Options {
    fn new(pool: &DescriptorPool) -> Self {
        let extension = |name| pool.get_extension_by_name(name);
        Self {
            http: extension("google.api.http"),
            behavior: extension("google.api.field_behavior"),
            upload: extension("transcode.v1.upload"),
            streamed_list: extension("transcode.v1.streamed_list"),
            transparent: extension("transcode.v1.transparent"),
            undeclared: extension("transcode.v1.undeclared"),
            next_link: extension("transcode.v1.next_link"),
            value: extension("transcode.v1.value"),
        }
    }
}

fn get(options: &DynamicMessage, extension: &Extension) -> Option<Value> {
    let extension = extension.as_ref()?;
    options
        .has_extension(extension)
        .then(|| options.get_extension(extension).into_owned())
}

fn is_set(options: &DynamicMessage, extension: &Extension) -> bool {
    get(options, extension) == Some(Value::Bool(true))
}

fn is_deprecated(options: &DynamicMessage) -> bool {
    let deprecated = options.get_field_by_name("deprecated");
    deprecated.as_deref() == Some(&Value::Bool(true))
}

fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    let value = value.as_ref().and_then(|value| value.as_str());
    value.unwrap_or_default().to_owned()
}

/// Where each element stands, by the name of its file.
struct Lines(BTreeMap<String, LinesOfFile>);

/// The file from the root of the repository, and the lines by the path of the
/// element in the descriptor.
type LinesOfFile = (Arc<str>, BTreeMap<Vec<i32>, usize>);

impl Lines {
    fn of(
        pool: &DescriptorPool,
        packages: &BTreeSet<String>,
        path_of: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let files = pool
            .files()
            .filter(|file| packages.contains(file.package_name()));
        let lines = files.map(|file| {
            let info = file.file_descriptor_proto().source_code_info.as_ref();
            let locations = info.into_iter().flat_map(|info| &info.location);
            let lines = locations.filter_map(|location| {
                let line = usize::try_from(*location.span.first()?).ok()?;
                Some((location.path.clone(), line + 1))
            });
            let name = path_of(file.name()).unwrap_or_else(|| file.name().to_owned());
            let name = name.into();
            (file.name().to_owned(), (name, lines.collect()))
        });
        Self(lines.collect())
    }

    fn place(&self, file: &FileDescriptor, path: &[i32]) -> Place {
        match self.0.get(file.name()) {
            Some((name, lines)) => Place::Proto {
                file: name.clone(),
                line: lines.get(path).copied(),
            },
            None => Place::Proto {
                file: file.name().into(),
                line: None,
            },
        }
    }
}

/// A message, before it is known what it is used for.
struct Message {
    place: Place,
    full_name: String,
    fields: Vec<Field>,
    collects_undeclared: bool,
    deprecated: bool,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about the field"
)]
struct Field {
    name: String,
    json_name: String,
    property: Property,
    next_link: Option<String>,
    collects_undeclared: bool,
    /// Whether it can be told from a default value.
    has_presence: bool,
    /// Whether it is a message that is declared `optional`.
    is_optional_message: bool,
    full_type: String,
    is_message: bool,
    /// Whether only the protos of other APIs have fields of its type.
    is_foreign: bool,
    /// The oneof that it is part of.
    oneof: Option<String>,
}

impl Field {
    fn is_in_every_reply(&self) -> bool {
        self.property.required && !self.is_optional_message
    }
}

struct HttpRule {
    method: String,
    path: String,
    body: String,
    response_body: String,
}

/// What the messages of an upload are for.
struct UploadRule {
    part: String,
    content: String,
    /// The paths that say what the file is: its name, and its content type.
    header_fields: Vec<String>,
}

/// An rpc that streams a list.
struct StreamRpc {
    method: MethodDescriptor,
    rule: HttpRule,
    /// The rpc whose list it streams.
    list: String,
    /// The field of that rpc's request that `page_size` stands for, or nothing.
    page_size: String,
    place: Place,
}

struct Reader {
    api: Api,
    options: Options,
    lines: Lines,
    /// Messages by their name, read once.
    messages: BTreeMap<String, Message>,
    /// The full names of messages and enums that an operation uses.
    used: BTreeSet<String>,
    /// The names of the messages that rpcs take and return.
    inputs: BTreeSet<String>,
    outputs: BTreeSet<String>,
    /// Those inputs that are an upload.
    uploads: BTreeSet<String>,
    /// Messages that make room for null in a list.
    wrappers: BTreeSet<String>,
    enums: BTreeMap<String, Vec<String>>,
    /// The rpcs that stream a list.
    streams: Vec<StreamRpc>,
}

impl Reader {
    fn method(&mut self, service: &ServiceDescriptor, method: &MethodDescriptor) {
        let mut id = lower_first(method.name());
        let place = self.lines.place(&service.parent_file(), method.path());
        if self.api.operations.contains_key(&id) {
            self.api
                .convention(&id, "two rpcs have this name", place.clone());
            id = format!("{}.{id}", service.name());
        }
        let options = method.options();
        let rule = get(&options, &self.options.http);
        let rule = rule.as_ref().and_then(Value::as_message);
        let Some(rule) = rule.and_then(|rule| self.http_rule(&id, rule, &place)) else {
            let message = "the rpc has no verb and path";
            return self.api.problem_of(BINDING, id, message, place);
        };
        let streamed = get(&options, &self.options.streamed_list);
        if let Some(streamed) = streamed.as_ref().and_then(Value::as_message) {
            self.streams.push(StreamRpc {
                method: method.clone(),
                rule,
                list: text(streamed, "list"),
                page_size: text(streamed, "page_size"),
                place,
            });
            return;
        }
        let (input, output) = (method.input(), method.output());
        for (message, end) in [(&input, "Request"), (&output, "Response")] {
            let expected = format!("{}{end}", method.name());
            if message.name() != expected {
                let message = format!("its message is not called {expected}");
                self.api.convention(&id, message, place.clone());
            }
            if is_set(&message.options(), &self.options.transparent) {
                let problem = format!("{} is no element of a list", message.name());
                self.api.problem(&id, problem, place.clone());
            }
            self.used.insert(message.full_name().to_owned());
            self.declare(message);
        }
        self.inputs.insert(message_name(&input));
        self.outputs.insert(message_name(&output));
        let upload = get(&options, &self.options.upload);
        let upload = upload.as_ref().and_then(Value::as_message).map(upload_rule);
        if method.is_server_streaming() || method.is_client_streaming() != upload.is_some() {
            let message = "it streams, which only an upload or a streamed list can";
            self.api.problem(&id, message, place.clone());
        }
        if upload.is_some() {
            self.uploads.insert(message_name(&input));
        }
        let (path, bound) = path(&rule.path);
        let mut problems = Faults::default();
        let mut parts = self.request(&input, &rule, upload.as_ref(), &bound, &mut problems);
        let (reply, paged) = self.reply(&output, &rule, &parts.query, &mut problems);
        problems.note(&mut self.api, &id, &place);
        let status = match (rule.method.as_str(), &reply) {
            ("POST", _) => "201",
            (_, None) => "204",
            _ => "200",
        };
        for property in parts.path.values_mut().chain(parts.query.values_mut()) {
            property.shape.nullable = Some(false);
        }
        let operation = Operation {
            place: place.clone(),
            method: rule.method,
            path,
            status: status.to_owned(),
            path_parameters: parts.path,
            query: parts.query,
            body: parts.body,
            body_required: parts.body_required,
            reply,
            paged,
            group: service.full_name().to_owned(),
            deprecated: is_deprecated(&options),
            http: None,
        };
        if self.api.operations.insert(id.clone(), operation).is_some() {
            self.api.problem(id, "two rpcs have this name", place);
        }
    }

    fn http_rule(&mut self, id: &str, rule: &DynamicMessage, place: &Place) -> Option<HttpRule> {
        let verb = ["get", "put", "post", "delete", "patch"]
            .into_iter()
            .find(|verb| rule.has_field_by_name(verb))?;
        for field in ["selector", "additional_bindings"] {
            if rule.has_field_by_name(field) {
                let message = format!("its annotation has {field}, which is not compared");
                self.api.problem_of(BINDING, id, message, place.clone());
            }
        }
        Some(HttpRule {
            method: verb.to_uppercase(),
            path: text(rule, verb),
            body: text(rule, "body"),
            response_body: text(rule, "response_body"),
        })
    }

    /// Reads a message and all that it holds, once.
    fn declare(&mut self, message: &MessageDescriptor) {
        let name = message_name(message);
        let place = self.lines.place(&message.parent_file(), message.path());
        if let Some(read) = self.messages.get(&name) {
            if read.full_name != message.full_name() {
                let problem = format!(
                    "{} and {} have the same name behind their packages",
                    read.full_name,
                    message.full_name()
                );
                self.api.problem(name, problem, place);
            }
            return;
        }
        let read = Message {
            place,
            full_name: message.full_name().to_owned(),
            fields: Vec::new(),
            collects_undeclared: false,
            deprecated: is_deprecated(&message.options()),
        };
        // Stands in while the fields are read, so that recursion ends.
        self.messages.insert(name.clone(), read);
        let fields: Vec<_> = message.fields().map(|field| self.field(&field)).collect();
        if let Some(read) = self.messages.get_mut(&name) {
            read.collects_undeclared = fields.iter().any(|field| field.collects_undeclared);
            read.fields = fields;
        }
    }

    fn field(&mut self, field: &FieldDescriptor) -> Field {
        let options = field.options();
        let behaviors = get(&options, &self.options.behavior);
        let behaviors = behaviors.as_ref().and_then(Value::as_list).unwrap_or(&[]);
        let behaves = |number: i32| {
            let mut numbers = behaviors.iter().filter_map(Value::as_enum_number);
            numbers.any(|behavior| behavior == number)
        };
        let required = behaves(REQUIRED);
        let message = field.parent_message();
        let property = Property {
            place: self.lines.place(&message.parent_file(), field.path()),
            shape: self.shape(field, required),
            required,
            read_only: behaves(OUTPUT_ONLY),
            write_only: behaves(INPUT_ONLY),
            deprecated: is_deprecated(&options),
        };
        let collects_undeclared = is_set(&options, &self.options.undeclared);
        if collects_undeclared && (property.shape.list || property.shape.kind != Kind::FreeForm) {
            self.api.problem(
                format!("{}.{}", message_name(message), field.json_name()),
                "what collects undeclared properties is not a Struct",
                property.place.clone(),
            );
        }
        Field {
            name: field.name().to_owned(),
            json_name: field.json_name().to_owned(),
            next_link: get(&options, &self.options.next_link)
                .and_then(|value| value.as_str().map(ToOwned::to_owned)),
            collects_undeclared,
            has_presence: field.supports_presence() || field.is_list(),
            is_optional_message: matches!(field.kind(), Proto::Message(_))
                && field.field_descriptor_proto().proto3_optional(),
            full_type: match field.kind() {
                Proto::Message(message) => message.full_name().to_owned(),
                kind => format!("{kind:?}"),
            },
            is_message: matches!(field.kind(), Proto::Message(_)),
            is_foreign: Self::is_foreign(field),
            oneof: field
                .containing_oneof()
                .filter(|oneof| !oneof.is_synthetic())
                .map(|oneof| oneof.name().to_owned()),
            property,
        }
    }

    /// Names the messages and enums that no operation uses.
    fn unused(&mut self, pool: &DescriptorPool, packages: &BTreeSet<String>) {
        let of_the_api = |file: &FileDescriptor| packages.contains(file.package_name());
        for message in pool.all_messages() {
            if of_the_api(&message.parent_file())
                && !message.is_map_entry()
                && !self.used.contains(message.full_name())
            {
                let place = self.lines.place(&message.parent_file(), message.path());
                self.api.convention(message.name(), "no rpc uses it", place);
            }
        }
        for enumeration in pool.all_enums() {
            if of_the_api(&enumeration.parent_file())
                && !self.used.contains(enumeration.full_name())
            {
                let place = self
                    .lines
                    .place(&enumeration.parent_file(), enumeration.path());
                self.api
                    .convention(enumeration.name(), "no rpc uses it", place);
            }
        }
    }
}

fn upload_rule(rule: &DynamicMessage) -> UploadRule {
    let paths = ["file_name", "content_type"].map(|field| text(rule, field));
    UploadRule {
        part: text(rule, "part"),
        content: text(rule, "content"),
        header_fields: paths.into(),
    }
}

/// The path with the last part of each variable's name, and the fields that the
/// variables stand for, by that part.
fn path(template: &str) -> (String, Vec<(String, String)>) {
    let mut bound = Vec::new();
    let segments = template.split('/').map(|segment| {
        let Some(variable) = segment
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
        else {
            return segment.to_owned();
        };
        let (field, pattern) = match variable.split_once('=') {
            Some((field, pattern)) => (field, format!("={pattern}")),
            None => (variable, String::new()),
        };
        let name = field.rsplit('.').next().unwrap_or(field);
        bound.push((name.to_owned(), field.to_owned()));
        format!("{{{name}{pattern}}}")
    });
    let path = segments.collect::<Vec<_>>().join("/");
    (path, bound)
}

/// The name of a message without its package. That of a nested message begins with
/// those around it.
fn message_name(message: &MessageDescriptor) -> String {
    let package = message.package_name();
    let behind = message.full_name().strip_prefix(package);
    let name = behind.map_or(message.full_name(), |name| name.trim_start_matches('.'));
    name.to_owned()
}

fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// `pendingArchive` and `pending-archive` as `PENDING_ARCHIVE`.
fn upper_snake(name: &str) -> String {
    let mut upper = String::new();
    for (number, character) in name.chars().enumerate() {
        if character.is_ascii_uppercase() && number > 0 {
            upper.push('_');
        }
        match character {
            '-' => upper.push('_'),
            other => upper.push(other.to_ascii_uppercase()),
        }
    }
    upper
}

/// Returns whether a field is called as its property is: `appId` is `app_id`, and
/// `app_id` beside it is `vendor_app_id`.
fn is_named_after(field: &str, json_name: &str) -> bool {
    let qualified = field.strip_suffix(json_name);
    lower_camel(field) == json_name
        || json_name.contains('_') && qualified.is_some_and(|prefix| prefix.ends_with('_'))
}

/// `pending_archive` as `pendingArchive`.
fn lower_camel(name: &str) -> String {
    let mut camel = String::new();
    let mut after_underscore = false;
    for character in name.chars() {
        if character == '_' {
            after_underscore = true;
        } else if after_underscore {
            camel.push(character.to_ascii_uppercase());
            after_underscore = false;
        } else {
            camel.push(character);
        }
    }
    camel
}
