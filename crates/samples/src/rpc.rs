//! The rpc that is translated to an operation, and its message for a request.

use contract::recorded::RecordedPart;
use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, Value as Reflected};
use serde_json::Value as Json;

use crate::error::Error;
use crate::message::{Message, Reading, Value};
use crate::request::{Parameter, Request, variables};

/// A call over gRPC.
pub(crate) struct Call<'a> {
    /// The `operationId` of the operation that it is translated to.
    pub(crate) operation: &'static str,
    /// Whether it needs a token.
    pub(crate) is_authenticated: bool,
    pub(crate) method: MethodDescriptor,
    pub(crate) message: Message,
    pub(crate) upload: Option<Upload<'a>>,
}

/// What is sent after the message.
pub(crate) struct Upload<'a> {
    pub(crate) file: &'a RecordedPart,
    /// The field that has the header.
    pub(crate) header: String,
    /// The field that has the content.
    pub(crate) content: String,
    /// The header, with what tells of the file.
    pub(crate) whole: Message,
}

impl<'a> Call<'a> {
    pub(crate) fn of(request: &Request<'a>, pool: &DescriptorPool) -> Result<Self, Error> {
        let operation = request.operation;
        let (method, rule) = find(request, pool).ok_or(Error::NoRpc(operation.id))?;
        let reading = Reading {
            operation: operation.id,
            pool,
        };
        let mut message = Message::new(method.input());
        let templates = variables(&rule.template).zip(&request.path);
        for (path, (_, value)) in templates {
            reading.set(&mut message, path, &Json::from(*value))?;
        }
        for (name, parameter) in &request.query {
            match parameter {
                Parameter::Value(value) => reading.member(&mut message, name, value)?,
                Parameter::Variable(variable) => {
                    let field = reading.field(&message, name)?;
                    message.fields.push((field, Value::Variable(variable)));
                }
            }
        }
        match (&request.body, rule.body.as_str()) {
            (None, _) => {}
            (Some(body), "*") => {
                for (name, value) in body.as_object().into_iter().flatten() {
                    reading.member(&mut message, name, value)?;
                }
            }
            (Some(body), field) => reading.set(&mut message, field, body)?,
        }
        let upload = match request.file {
            Some(file) => Some(upload(file, &method, &message, &reading)?),
            None => None,
        };
        Ok(Self {
            operation: operation.id,
            is_authenticated: operation.authenticated,
            method,
            message,
            upload,
        })
    }

    /// What the clients of this project call the client of the service.
    pub(crate) fn accessor(&self) -> String {
        let service = self.method.parent_service().name().to_snake_case();
        let name = service.strip_suffix("_service").unwrap_or(&service);
        match name.strip_suffix('y') {
            _ if name == "auth" => name.to_owned(),
            Some(stem) => format!("{stem}ies"),
            None => format!("{name}s"),
        }
    }

    /// What the clients call the method.
    pub(crate) fn function(&self) -> String {
        self.method.name().to_snake_case()
    }

    /// The field of the reply that has what was asked for, if there is any.
    pub(crate) fn result(&self) -> Option<String> {
        let mut fields: Vec<_> = self.method.output().fields().collect();
        fields.sort_by_key(prost_reflect::FieldDescriptor::number);
        fields.first().map(|field| field.name().to_owned())
    }

    /// The name of the oneof that the header and the content share, as Rust has it.
    pub(crate) fn payload(&self) -> Option<(String, String)> {
        let oneof = self.method.input().oneofs().next()?;
        let name = oneof.name().to_owned();
        let kind = name.to_upper_camel_case();
        Some((name, kind))
    }
}

/// How an rpc is translated.
struct Rule {
    template: String,
    body: String,
}

/// The rpc that is translated to the operation. Streamed lists are another way to read
/// what a unary rpc returns, and are not meant.
fn find(request: &Request<'_>, pool: &DescriptorPool) -> Option<(MethodDescriptor, Rule)> {
    let http = pool.get_extension_by_name("google.api.http")?;
    let verb = request.operation.method.as_str().to_lowercase();
    let path = shape(request.operation.path);
    let services = pool.services();
    let methods = services.flat_map(|service| service.methods().collect::<Vec<_>>());
    methods
        .filter(|method| !method.is_server_streaming())
        .find_map(|method| {
            let options = method.options();
            let rule = options.get_extension(&http);
            let rule = rule.as_message()?;
            let template = text(rule, &verb);
            let is_it = !template.is_empty() && shape(&template) == path;
            let body = text(rule, "body");
            is_it.then_some((method, Rule { template, body }))
        })
}

/// A template without the names of its variables.
fn shape(template: &str) -> String {
    variables(template).fold(template.to_owned(), |shape, name| {
        shape.replace(&format!("{{{name}}}"), "{}")
    })
}

fn text(message: &DynamicMessage, field: &str) -> String {
    match message.get_field_by_name(field).as_deref() {
        Some(Reflected::String(text)) => text.clone(),
        _ => String::new(),
    }
}

fn upload<'a>(
    file: &'a RecordedPart,
    method: &MethodDescriptor,
    message: &Message,
    reading: &Reading<'_>,
) -> Result<Upload<'a>, Error> {
    let no_rpc = || Error::NoRpc(reading.operation);
    let option = reading
        .pool
        .get_extension_by_name("transcode.v1.upload")
        .ok_or_else(no_rpc)?;
    let options = method.options();
    let declared = options.get_extension(&option);
    let declared = declared.as_message().ok_or_else(no_rpc)?;
    let name = text(declared, "file_name");
    let (header, _) = name.split_once('.').ok_or_else(no_rpc)?;
    let mut whole = message.clone();
    reading.set(&mut whole, &name, &Json::from(file.filename.as_str()))?;
    let content_type = text(declared, "content_type");
    let of_file = Json::from(file.content_type.as_str());
    reading.set(&mut whole, &content_type, &of_file)?;
    Ok(Upload {
        file,
        header: header.to_owned(),
        content: text(declared, "content"),
        whole: whole.of(header).cloned().ok_or_else(no_rpc)?,
    })
}
