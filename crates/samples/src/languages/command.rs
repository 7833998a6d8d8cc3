//! The command `web1on1 call`, in a POSIX shell.

use serde_json::{Map, Value as Json};

use crate::literal::{shell, shell_around};
use crate::message::{Message, Value};
use crate::rpc::Call;

use super::json;

/// What stands for the one variable of a message until it is written.
const VARIABLE: &str = "\u{0}";

pub(crate) fn sample(call: &Call<'_>) -> String {
    let service = call.method.parent_service().name().to_owned();
    let mut command = format!("web1on1 call {service}/{}", call.method.name());
    if !call.message.fields.is_empty() {
        command.push_str(" -d ");
        let column = command.len();
        let mut variable = None;
        let message = object(&call.message, &mut variable);
        let mut text = command.clone();
        // A quote stands before it.
        text.push('\'');
        json::write(&message, 0, &mut text);
        let written = text.get(column + 1..).unwrap_or_default();
        let placeholder = crate::literal::quoted(VARIABLE);
        let placeholder = placeholder.trim_matches('"');
        let word = match variable.and_then(|name| Some((name, written.split_once(placeholder)?))) {
            Some((name, (before, after))) => shell_around(before, name, after),
            None => shell(written),
        };
        command.push_str(&word);
    }
    if let Some(upload) = &call.upload {
        command.push_str(" --file ");
        command.push_str(&shell(&upload.file.filename));
    }
    command + "\n"
}

/// A message in the JSON form of protobuf.
fn object(message: &Message, variable: &mut Option<&'static str>) -> Json {
    let members = message.fields.iter();
    let members = members.map(|(field, value)| {
        let value = json(value, variable);
        (field.json_name().to_owned(), value)
    });
    Json::Object(members.collect::<Map<_, _>>())
}

fn json(value: &Value, variable: &mut Option<&'static str>) -> Json {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Number(value) => (*value).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Variable(name) => {
            *variable = Some(name);
            VARIABLE.into()
        }
        Value::Enum(_, value) => value.name().into(),
        Value::Timestamp(instant) => instant.to_string().into(),
        Value::Struct(members) => Json::Object(members.clone()),
        Value::Message(message) => object(message, variable),
        Value::List(items) => items.iter().map(|item| json(item, variable)).collect(),
    }
}
