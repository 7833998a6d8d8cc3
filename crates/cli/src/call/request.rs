//! The JSON of requests.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};

use anyhow::{Context as _, bail};
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor};
use serde_path_to_error::{Path, Segment};

use super::find;

/// How many bytes of JSON are read. A gateway takes messages of 4 MiB unless it is told
/// otherwise.
const MOST: u64 = 64 << 20;

/// Reads what `-d` names: stdin, a file, or itself.
pub(super) fn read_data(data: &str) -> anyhow::Result<String> {
    if data == "-" {
        read(io::stdin(), MOST).context("-d -: cannot read stdin")
    } else if let Some(path) = data.strip_prefix('@') {
        let file = File::open(path).and_then(|file| read(file, MOST));
        file.with_context(|| format!("-d @{path}: cannot read the file"))
    } else {
        Ok(data.to_owned())
    }
}

/// Reads text of at most so many bytes.
fn read(from: impl Read, most: u64) -> io::Result<String> {
    let mut text = String::new();
    from.take(most.saturating_add(1))
        .read_to_string(&mut text)?;
    if text.len() as u64 > most {
        let message = format!("it has more than the {most} bytes that are read");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(text)
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
    // What could not be read as a name is a question mark at the end.
    let place = path.to_string();
    let place = place.trim_end_matches('?').trim_end_matches('.');
    let mut text = match place {
        "" => error.to_string(),
        place => format!("{place}: {error}"),
    };
    if error.is_syntax() || error.is_eof() || place.is_empty() && !is_about_a_name(error) {
        text.push_str("; a request is a JSON object, and --template prints one to fill in");
        return text;
    }
    let names: Vec<_> = match kind_at(message, path) {
        Some(Kind::Enum(values)) => values.values().map(|v| v.name().to_owned()).collect(),
        Some(Kind::Message(message)) if is_about_a_name(error) => {
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

/// Returns whether a field has a name that its message does not know.
fn is_about_a_name(error: &serde_json::Error) -> bool {
    error.to_string().contains("unrecognized field")
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

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn no_more_is_read_than_may_be() {
        assert_eq!(read("{}{}".as_bytes(), 4).expect("as much"), "{}{}");
        let error = read("{}{}{}".as_bytes(), 4).expect_err("more");
        assert_eq!(
            error.to_string(),
            "it has more than the 4 bytes that are read"
        );
    }
}
