//! The JSON of requests.

use std::fmt::Write as _;
use std::io;

use anyhow::{Context as _, bail};
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor};
use serde_path_to_error::{Path, Segment};

use super::find;

/// Reads what `-d` names: stdin, a file, or itself.
pub(super) fn read_data(data: &str) -> anyhow::Result<String> {
    if data == "-" {
        io::read_to_string(io::stdin()).context("-d -: cannot read stdin")
    } else if let Some(path) = data.strip_prefix('@') {
        std::fs::read_to_string(path).with_context(|| format!("-d @{path}: cannot read the file"))
    } else {
        Ok(data.to_owned())
    }
}

/// Reads one JSON object after another. White space between them is optional.
pub(super) fn parse_messages(
    descriptor: &MessageDescriptor,
    json: &str,
) -> anyhow::Result<Vec<DynamicMessage>> {
    let mut messages = Vec::new();
    let mut json = serde_json::Deserializer::from_str(json);
    while json.end().is_err() {
        let mut track = serde_path_to_error::Track::new();
        let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
        match DynamicMessage::deserialize(descriptor.clone(), tracked) {
            Ok(message) => messages.push(message),
            Err(error) => bail!(json_error(descriptor, &track.path(), &error)),
        }
    }
    Ok(messages)
}

/// Words an error in the JSON of a message: where it is, what is wrong, and
/// what could stand there.
fn json_error(message: &MessageDescriptor, path: &Path, error: &serde_json::Error) -> String {
    let mut text = match path.to_string().as_str() {
        "." => error.to_string(),
        path => format!("{path}: {error}"),
    };
    let names: Vec<_> = match kind_at(message, path) {
        Some(Kind::Enum(values)) => values.values().map(|v| v.name().to_owned()).collect(),
        Some(Kind::Message(message)) if error.to_string().contains("unrecognized field") => {
            let names: Vec<_> = message.fields().map(|f| f.json_name().to_owned()).collect();
            // The name stands in the message, in single quotes.
            let given = text.split('\'').nth(1).unwrap_or_default();
            let near = find::closest(given, &names);
            if !near.is_empty() {
                return text + &find::did_you_mean(&near);
            }
            names
        }
        _ => Vec::new(),
    };
    if !names.is_empty() {
        let _ = write!(text, "; expected one of {}", names.join(", "));
    }
    text
}

/// The type of the value at a path through the JSON of a message.
fn kind_at(message: &MessageDescriptor, path: &Path) -> Option<Kind> {
    let mut kind = Kind::Message(message.clone());
    for segment in path {
        kind = match (segment, &kind) {
            (Segment::Seq { .. }, _) => kind,
            (Segment::Map { key }, Kind::Message(message)) => message
                .get_field_by_json_name(key)
                .or_else(|| message.get_field_by_name(key))?
                .kind(),
            _ => return None,
        };
    }
    Some(kind)
}
