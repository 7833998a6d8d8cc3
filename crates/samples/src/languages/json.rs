//! JSON, as it stands in a command or a program.

use serde_json::Value;

use crate::code::{Code, Style};
use crate::literal::quoted;

const STYLE: Style = Style {
    indent: "  ",
    width: 80,
    has_wide_braces: false,
    has_last_comma: false,
};

/// Writes a value behind what is there. Its lines are indented by `level`.
pub(super) fn write(value: &Value, level: usize, out: &mut String) {
    code(value).write(STYLE, level, "", out);
}

fn code(value: &Value) -> Code {
    match value {
        Value::String(text) => Code::text(quoted(text)),
        Value::Array(items) => Code::parts("[", items.iter().map(code), "]"),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| Code::labelled(quoted(name) + ": ", code(value)));
            Code::parts("{", members, "}")
        }
        other => Code::text(other.to_string()),
    }
}
