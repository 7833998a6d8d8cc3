//! Rust, with the crate `web1on1-client`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use prost_reflect::Cardinality;
use prost_reflect::FieldDescriptor;
use serde_json::Value as Json;

use crate::error::Error;
use crate::literal::rust as quoted;
use crate::message::{Message, Value};
use crate::request::{ADDRESS, TOKEN};
use crate::rpc::{Call, Upload};

/// Words that have to be written raw.
const KEYWORDS: [&str; 4] = ["type", "match", "ref", "use"];

pub(crate) fn sample(call: &Call<'_>) -> Result<String, Error> {
    let mut file = File::default();
    let (before, argument) = match &call.upload {
        None => {
            let request = file.message(&call.message);
            (format!("let request = {request};"), "request".to_owned())
        }
        Some(upload) => (file.upload(call, upload), "messages".to_owned()),
    };
    let client = if call.is_authenticated {
        format!(
            "let mut config = Config::new(env::var({ADDRESS:?})?);
             config.credentials = Credentials::token(env::var({TOKEN:?})?);
             let client = Client::connect(config).await?;"
        )
    } else {
        format!("let client = Client::connect(Config::new(env::var({ADDRESS:?})?)).await?;")
    };
    let function = format!(
        "client.{}().{}({argument})",
        call.accessor(),
        call.function()
    );
    let after = match call.result() {
        Some(result) => format!(
            "let reply = {function}.await?.into_inner();
             println!(\"{{:?}}\", reply.{result});"
        ),
        None => format!("{function}.await?;"),
    };
    // The printer keeps no empty lines, so each paragraph is printed by itself.
    let paragraphs = [client, format!("{before}{after}")];
    let mut body = String::new();
    for (index, paragraph) in paragraphs.iter().enumerate() {
        if index > 0 {
            body.push('\n');
        }
        body.push_str(&statements(call.operation, paragraph)?);
    }
    let head = file.head(call.is_authenticated);
    Ok(format!(
        "{head}\n#[tokio::main]\n\
         async fn main() -> Result<(), Box<dyn std::error::Error>> {{\n{body}    Ok(())\n}}\n"
    ))
}

/// Statements, as they stand in a function.
fn statements(operation: &'static str, code: &str) -> Result<String, Error> {
    let function = format!("async fn main() {{ {code} }}");
    let file: syn::File =
        syn::parse_str(&function).map_err(|source| Error::NoRust { operation, source })?;
    let printed = prettyplease::unparse(&file);
    let inner = printed.trim_end().strip_suffix('}');
    let inner = inner.and_then(|inner| inner.split_once("{\n"));
    Ok(inner.map_or_else(String::new, |(_, inner)| inner.to_owned()))
}

/// What a program imports.
#[derive(Default)]
struct File {
    types: BTreeSet<String>,
    well_known: BTreeSet<&'static str>,
    has_maps: bool,
}

impl File {
    fn head(&self, has_credentials: bool) -> String {
        let types = self.types.iter().map(String::as_str).collect::<Vec<_>>();
        let mut head = String::new();
        if self.has_maps {
            head.push_str("use std::collections::BTreeMap;\n");
        }
        head.push_str("use std::env;\n\n");
        if !self.well_known.is_empty() {
            let names = self.well_known.iter().copied().collect::<Vec<_>>();
            head.push_str(&import("web1on1_client::prost_types", &names));
        }
        head.push_str(&import("web1on1_client::v2", &types));
        let names: &[_] = if has_credentials {
            &["Client", "Config", "Credentials"]
        } else {
            &["Client", "Config"]
        };
        head + &import("web1on1_client", names)
    }

    fn name(&mut self, name: &str) -> String {
        self.types.insert(name.to_owned());
        name.to_owned()
    }

    fn message(&mut self, message: &Message) -> String {
        let name = self.name(message.descriptor.name());
        let mut code = format!("{name} {{");
        for (field, value) in &message.fields {
            let name = field.name();
            let raw = if KEYWORDS.contains(&name) { "r#" } else { "" };
            let value = self.field(field, value);
            let _ = write!(code, "{raw}{name}: {value},");
        }
        if message.fields.len() < message.descriptor.fields().len() {
            code.push_str("..Default::default()");
        }
        code + "}"
    }

    fn field(&mut self, field: &FieldDescriptor, value: &Value) -> String {
        let value = self.value(value);
        let may_lack = field.cardinality() != Cardinality::Repeated && field.supports_presence();
        if may_lack {
            format!("Some({value})")
        } else {
            value
        }
    }

    fn value(&mut self, value: &Value) -> String {
        match value {
            Value::Bool(value) => value.to_string(),
            Value::Integer(value) => value.to_string(),
            Value::Number(value) => format!("{value:?}"),
            Value::Text(text) => format!("{}.to_owned()", quoted(text)),
            Value::Variable(name) => format!("env::var({name:?})?"),
            Value::Enum(values, value) => {
                let name = self.name(values.name());
                let value = value.name().to_upper_camel_case();
                let value = value.strip_prefix(&name).unwrap_or(&value);
                format!("{name}::{value}.into()")
            }
            Value::Timestamp(instant) => format!("{:?}.parse()?", instant.to_string()),
            Value::Struct(members) => {
                self.well_known.insert("Struct");
                format!("Struct {{ fields: {} }}", self.object(members))
            }
            Value::Message(message) => self.message(message),
            Value::List(items) => self.list(items),
        }
    }

    /// A list. What is in a macro would not be laid out.
    fn list(&mut self, items: &[Value]) -> String {
        if items.is_empty() {
            return "Vec::new()".to_owned();
        }
        let texts: Vec<_> = items
            .iter()
            .filter_map(|item| match item {
                Value::Text(text) => Some(quoted(text)),
                _ => None,
            })
            .collect();
        if texts.len() == items.len() {
            return format!("[{}].map(str::to_owned).into()", texts.join(", "));
        }
        let items: Vec<_> = items.iter().map(|item| self.value(item)).collect();
        format!("Vec::from([{}])", items.join(", "))
    }

    /// The members of an object.
    fn object(&mut self, members: &serde_json::Map<String, Json>) -> String {
        self.has_maps = true;
        let members = members
            .iter()
            .map(|(name, value)| format!("({}.to_owned(), {})", quoted(name), self.json(value)));
        format!(
            "BTreeMap::from([{}])",
            members.collect::<Vec<_>>().join(", ")
        )
    }

    /// A `google.protobuf.Value`.
    fn json(&mut self, value: &Json) -> String {
        match value {
            Json::Null => "Default::default()".to_owned(),
            Json::Bool(value) => format!("{value}.into()"),
            Json::Number(number) => format!("{:?}.into()", number.as_f64().unwrap_or_default()),
            Json::String(text) => format!("{}.into()", quoted(text)),
            Json::Array(items) => {
                self.well_known.insert("Value");
                let items: Vec<_> = items.iter().map(|item| self.json(item)).collect();
                format!("Vec::<Value>::from([{}]).into()", items.join(", "))
            }
            Json::Object(members) => format!("{}.into()", self.object(members)),
        }
    }

    /// The messages of an upload.
    fn upload(&mut self, call: &Call<'_>, upload: &Upload<'_>) -> String {
        let name = self.name(call.message.descriptor.name());
        let (oneof, kind) = call.payload().unwrap_or_default();
        let place = name.to_snake_case();
        self.types.insert(format!("{place}::{kind}"));
        let header = self.message(&upload.whole);
        let of_header = upload.header.to_upper_camel_case();
        let of_content = upload.content.to_upper_camel_case();
        let file = quoted(&upload.file.filename);
        format!(
            "let header = {header};
             let content = std::fs::read({file})?;
             let chunks = content
                 .chunks(64 * 1024)
                 .map(|chunk| {kind}::{of_content}(chunk.to_vec().into()));
             let messages: Vec<_> = std::iter::once({kind}::{of_header}(header))
                 .chain(chunks)
                 .map(|{oneof}| {name} {{ {oneof}: Some({oneof}) }})
                 .collect();
             let messages = tokio_stream::iter(messages);"
        )
    }
}

/// An import of one or several names.
fn import(place: &str, names: &[&str]) -> String {
    match names {
        [only] => format!("use {place}::{only};\n"),
        several => {
            let line = format!("use {place}::{{{}}};\n", several.join(", "));
            if line.len() <= 100 {
                return line;
            }
            let mut lines = format!("use {place}::{{\n");
            let mut column = 0;
            for name in several {
                if column > 0 && column + name.len() + 2 > 99 {
                    lines.push('\n');
                    column = 0;
                }
                let space = if column == 0 { "    " } else { " " };
                let _ = write!(lines, "{space}{name},");
                column += space.len() + name.len() + 1;
            }
            lines + "\n};\n"
        }
    }
}
