//! Python, with grpcio and the package of `clients/python`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use prost_reflect::FileDescriptor;
use serde_json::Value as Json;

use crate::code::{Code, Style};
use crate::error::Error;
use crate::literal::quoted;
use crate::message::{Message, Value};
use crate::request::{ADDRESS, TOKEN};
use crate::rpc::Call;

const STYLE: Style = Style {
    indent: "    ",
    width: 88,
    has_wide_braces: false,
    has_last_comma: true,
};

/// Words that cannot name an argument.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

pub(crate) fn sample(call: &Call<'_>) -> Result<String, Error> {
    let mut file = File {
        operation: call.operation,
        modules: BTreeSet::new(),
        has_times: false,
    };
    let mut body = String::new();
    let client = if call.is_authenticated {
        let _ = writeln!(
            body,
            "credentials = Credentials.token(os.environ[\"{TOKEN}\"])"
        );
        format!("Client(os.environ[\"{ADDRESS}\"], credentials)")
    } else {
        format!("Client(os.environ[\"{ADDRESS}\"])")
    };
    let argument = match &call.upload {
        None => {
            body.push_str("request = ");
            file.message(&call.message)?.write(STYLE, 0, "", &mut body);
            body.push('\n');
            "request"
        }
        Some(upload) => {
            let request = file.name(&call.message)?;
            let name = quoted(&upload.file.filename);
            let (header, content) = (&upload.header, &upload.content);
            body.push_str("\n\ndef messages():\n    header = ");
            file.message(&upload.whole)?.write(STYLE, 1, "", &mut body);
            let _ = writeln!(
                body,
                "\n    yield {request}({header}=header)\n\
                 \x20   with open({name}, \"rb\") as file:\n\
                 \x20       while {content} := file.read(64 * 1024):\n\
                 \x20           yield {request}({content}={content})\n\n"
            );
            "messages()"
        }
    };
    let _ = write!(body, "with {client} as client:\n    ");
    let function = format!("client.{}.{}({argument})", call.accessor(), call.function());
    match call.result() {
        Some(result) => {
            let _ = writeln!(body, "{result} = {function}.{result}\n    print({result})");
        }
        None => {
            let _ = writeln!(body, "{function}");
        }
    }
    Ok(file.head(call.is_authenticated) + &body)
}

/// What a program imports.
struct File {
    operation: &'static str,
    modules: BTreeSet<String>,
    has_times: bool,
}

impl File {
    fn head(&self, has_credentials: bool) -> String {
        let mut head = "import os\n".to_owned();
        if self.has_times {
            head.push_str("from datetime import datetime, timezone\n");
        }
        let names = if has_credentials {
            "Client, Credentials"
        } else {
            "Client"
        };
        let _ = writeln!(head, "\nfrom web1on1 import {names}");
        let modules = self.modules.iter().map(String::as_str).collect::<Vec<_>>();
        let line = format!("from web1on1.v2 import {}", modules.join(", "));
        if line.len() <= STYLE.width {
            head.push_str(&line);
        } else {
            let modules = modules.into_iter().map(Code::text);
            let import = Code::parts("from web1on1.v2 import (", modules, ")");
            import.write(STYLE, 0, "", &mut head);
        }
        head + "\n\n"
    }

    /// The module of a file, which is imported.
    fn module(&mut self, file: &FileDescriptor) -> String {
        let name = file.name();
        let name = name.rsplit('/').next().unwrap_or(name);
        let module = format!("{}_pb2", name.trim_end_matches(".proto"));
        self.modules.insert(module.clone());
        module
    }

    fn name(&mut self, message: &Message) -> Result<String, Error> {
        let descriptor = &message.descriptor;
        if descriptor.parent_message().is_some() {
            return Err(self.no_value(descriptor.full_name(), "a message inside of a message"));
        }
        let module = self.module(&descriptor.parent_file());
        Ok(format!("{module}.{}", descriptor.name()))
    }

    fn message(&mut self, message: &Message) -> Result<Code, Error> {
        let name = self.name(message)?;
        let mut parts = Vec::new();
        for (field, value) in &message.fields {
            if KEYWORDS.contains(&field.name()) {
                return Err(self.no_value(field.full_name(), "the name of an argument"));
            }
            let value = self.value(value)?;
            parts.push(Code::labelled(format!("{}=", field.name()), value));
        }
        Ok(Code::parts(name + "(", parts, ")"))
    }

    fn value(&mut self, value: &Value) -> Result<Code, Error> {
        Ok(match value {
            Value::Bool(true) => Code::text("True"),
            Value::Bool(false) => Code::text("False"),
            Value::Integer(value) => Code::text(value.to_string()),
            Value::Number(value) => Code::text(format!("{value:?}")),
            Value::Text(text) => Code::text(quoted(text)),
            Value::Variable(name) => Code::text(format!("os.environ[\"{name}\"]")),
            Value::Enum(values, value) => {
                if values.parent_message().is_some() {
                    return Err(self.no_value(values.full_name(), "an enum inside of a message"));
                }
                let module = self.module(&values.parent_file());
                Code::text(format!("{module}.{}", value.name()))
            }
            Value::Timestamp(instant) => {
                self.has_times = true;
                let time = jiff::tz::Offset::UTC.to_datetime(*instant);
                let mut numbers = vec![i32::from(time.year())];
                let smaller = [
                    time.month(),
                    time.day(),
                    time.hour(),
                    time.minute(),
                    time.second(),
                ];
                numbers.extend(smaller.map(i32::from));
                let micros = time.subsec_nanosecond() / 1000;
                if micros != 0 {
                    numbers.push(micros);
                }
                let mut parts: Vec<_> = numbers
                    .iter()
                    .map(|number| Code::text(number.to_string()))
                    .collect();
                parts.push(Code::text("tzinfo=timezone.utc"));
                Code::parts("datetime(", parts, ")")
            }
            Value::Struct(members) => object(members),
            Value::Message(message) => self.message(message)?,
            Value::List(items) => {
                let items = items.iter().map(|item| self.value(item));
                Code::parts("[", items.collect::<Result<Vec<_>, _>>()?, "]")
            }
        })
    }

    fn no_value(&self, field: &str, value: &str) -> Error {
        Error::NoValue {
            operation: self.operation,
            field: field.to_owned(),
            value: value.to_owned(),
        }
    }
}

fn object(members: &serde_json::Map<String, Json>) -> Code {
    let members = members
        .iter()
        .map(|(name, value)| Code::labelled(quoted(name) + ": ", json(value)));
    Code::parts("{", members, "}")
}

fn json(value: &Json) -> Code {
    match value {
        Json::Null => Code::text("None"),
        Json::Bool(true) => Code::text("True"),
        Json::Bool(false) => Code::text("False"),
        Json::Number(number) => Code::text(number.to_string()),
        Json::String(text) => Code::text(quoted(text)),
        Json::Array(items) => Code::parts("[", items.iter().map(json), "]"),
        Json::Object(members) => object(members),
    }
}
