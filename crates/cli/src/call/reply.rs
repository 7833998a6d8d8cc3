//! How replies are printed: as JSON, as the part that is asked for, or as a table.

use std::fmt::Write as _;
use std::io::{self, Write};

use prost_reflect::{DynamicMessage, MethodDescriptor, SerializeOptions};
use serde_json::Value;

use super::select::Selection;
use super::table::List;
use super::text;

/// How the replies of one call are printed.
pub(super) struct Printer {
    form: Form,
    /// Whether each reply is on a line of its own.
    in_lines: bool,
    /// Whether a terminal shows them.
    on_terminal: bool,
}

enum Form {
    Json,
    Part(Selection),
    Table(List, usize),
}

impl Printer {
    /// How the replies of a method are printed. `width` is that of the terminal, if there
    /// is one.
    pub(super) fn new(
        method: &MethodDescriptor,
        selection: Option<Selection>,
        is_compact: bool,
        is_json: bool,
        width: Option<usize>,
    ) -> Self {
        let is_stream = method.is_server_streaming();
        let form = match (selection, width) {
            (Some(selection), _) => Form::Part(selection),
            (None, Some(width)) if !is_compact && !is_json && !is_stream => {
                match List::in_message(&method.output()) {
                    Some(list) => Form::Table(list, width),
                    None => Form::Json,
                }
            }
            (None, _) => Form::Json,
        };
        Self {
            form,
            in_lines: is_compact || is_stream,
            on_terminal: width.is_some(),
        }
    }

    /// Prints a reply.
    ///
    /// # Errors
    ///
    /// It cannot be written, or lacks the part that is asked for, which is `NotFound`.
    pub(super) fn print(&self, reply: &DynamicMessage, out: &mut impl Write) -> io::Result<()> {
        match &self.form {
            Form::Json if self.in_lines => self.json(serde_json::to_string(reply)?, out),
            Form::Json => self.json(serde_json::to_string_pretty(reply)?, out),
            Form::Table(list, width) => {
                let reply = serde_json::to_value(reply)?;
                out.write_all(list.show(&reply, *width).as_bytes())
            }
            Form::Part(selection) => self.part(reply, selection, out),
        }
    }

    /// Prints the part of a reply that is asked for: a string as it is, anything else
    /// as JSON. What is selected by a wildcard is printed value by value, on a line each.
    fn part(
        &self,
        reply: &DynamicMessage,
        selection: &Selection,
        out: &mut impl Write,
    ) -> io::Result<()> {
        // A number that is 0 and a list that is empty are there, though JSON leaves them
        // out.
        let options = SerializeOptions::new().skip_default_fields(false);
        let reply = reply.serialize_with_options(serde_json::value::Serializer, &options)?;
        let parts = selection.of(&reply);
        if parts.is_empty() && !selection.is_wide() && !self.in_lines {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!(
                    "the reply has no {}, which --select asks for: it is not set",
                    selection.path()
                ),
            ));
        }
        for part in parts {
            match part {
                Value::String(string) if self.on_terminal => {
                    for line in string.split('\n') {
                        writeln!(out, "{}", text::harmless(line))?;
                    }
                }
                Value::String(string) => writeln!(out, "{string}")?,
                part if self.in_lines || selection.is_wide() => {
                    self.json(part.to_string(), out)?;
                }
                part => self.json(format!("{part:#}"), out)?,
            }
        }
        Ok(())
    }

    fn json(&self, json: String, out: &mut impl Write) -> io::Result<()> {
        let mut json = if self.on_terminal {
            escaped(json)
        } else {
            json
        };
        json.push('\n');
        out.write_all(json.as_bytes())
    }
}

/// JSON without the control characters that it need not escape, and that a terminal may
/// act on. It means the same.
fn escaped(json: String) -> String {
    let is_active = |character: char| matches!(character, '\u{7f}'..='\u{9f}');
    if !json.contains(is_active) {
        return json;
    }
    json.chars().fold(String::new(), |mut text, character| {
        if is_active(character) {
            let _ = write!(text, "\\u{:04x}", u32::from(character));
        } else {
            text.push(character);
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_in_json_are_escaped_for_a_terminal() {
        let json = Value::from("a\u{9b}31m\u{7f}ü").to_string();
        let shown = escaped(json.clone());
        assert_eq!(shown, r#""a\u009b31m\u007fü""#);
        let (before, after): (Value, Value) = (
            serde_json::from_str(&json).expect("JSON"),
            serde_json::from_str(&shown).expect("JSON"),
        );
        assert_eq!(before, after);
    }
}
