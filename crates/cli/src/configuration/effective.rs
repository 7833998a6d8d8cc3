//! The configuration that is in effect, and where each value of it comes from.

use std::ffi::OsString;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::argument::Argument;
use super::kind::Kind;
use super::setting::{Origin, Setting};

/// The configuration that is in effect. What it shows has no secret in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effective {
    command: String,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    argument: Argument,
    /// `None` if it is not set.
    setting: Option<Setting>,
}

/// What is shown of a value.
enum Shown {
    Value(toml::Value),
    Unset,
    /// It may be a secret, or cannot be written in TOML.
    Hidden(&'static str),
}

impl Effective {
    /// What is in effect of the settings of a command, of which there is one at most for
    /// each argument.
    pub(super) fn of(command: &str, arguments: &[Argument], settings: &[Setting]) -> Self {
        let entries = arguments.iter().map(|argument| {
            let given = settings.iter().find(|given| given.name == argument.name);
            let default = || Setting {
                name: argument.name.clone(),
                values: argument.default.clone(),
                origin: Origin::Default,
            };
            let has_default = !argument.default.is_empty();
            let setting = given.cloned().or_else(|| has_default.then(default));
            Entry {
                argument: argument.clone(),
                setting,
            }
        });
        Self {
            command: command.to_owned(),
            entries: entries.collect(),
        }
    }

    /// The configuration as a file in TOML that has the same effect, but for secrets,
    /// which it leaves out. A comment says where each value comes from.
    pub(crate) fn to_toml(&self) -> String {
        let mut text = format!("# The configuration of `web1on1 {}`.\n\n", self.command);
        for entry in &self.entries {
            let name = &entry.argument.name;
            // Writing to a string cannot fail.
            let _ = match (entry.shown(), &entry.setting) {
                (Shown::Value(value), Some(setting)) => {
                    writeln!(text, "{name} = {value} # {}", setting.origin)
                }
                (Shown::Hidden(why), Some(setting)) => {
                    writeln!(text, "# {name} is set by {} and {why}", setting.origin)
                }
                _ => writeln!(text, "# {name} is not set"),
            };
        }
        text
    }

    /// The configuration as JSON: by the name of each argument an object with its
    /// `value` (`null` if it is not set), or `"hidden": true` if that may be a secret,
    /// and its `origin`: `default`, a file and line, a variable or a flag.
    #[allow(dead_code, reason = "the admin server shows it")]
    pub(crate) fn to_json(&self) -> Value {
        let entries = self.entries.iter().map(|entry| {
            let origin = entry.setting.as_ref().map(|given| given.origin.to_string());
            let shown = match entry.shown() {
                Shown::Value(value) => json!({"value": value, "origin": origin}),
                Shown::Unset => json!({"value": null, "origin": "default"}),
                Shown::Hidden(_) => json!({"hidden": true, "origin": origin}),
            };
            (entry.argument.name.clone(), shown)
        });
        Value::Object(entries.collect::<Map<_, _>>())
    }
}

impl Entry {
    fn shown(&self) -> Shown {
        let Some(setting) = &self.setting else {
            return Shown::Unset;
        };
        let argument = &self.argument;
        if argument.is_secret || setting.values.iter().any(has_userinfo) {
            return Shown::Hidden("hidden");
        }
        let values = setting
            .values
            .iter()
            .map(|value| argument.kind.to_toml(value.to_str()?));
        let Some(mut values) = values.collect::<Option<Vec<_>>>() else {
            return Shown::Hidden("cannot be written in TOML");
        };
        if argument.is_list {
            Shown::Value(toml::Value::Array(values))
        } else {
            match (values.pop(), argument.kind) {
                (Some(value), _) => Shown::Value(value),
                (None, Kind::Boolean) => Shown::Value(toml::Value::Boolean(false)),
                (None, _) => Shown::Unset,
            }
        }
    }
}

/// Returns whether a value is a URL with a name or a password in it.
fn has_userinfo(value: &OsString) -> bool {
    let value = value.to_string_lossy();
    let place = value.split_once("://").map_or("", |(_, place)| place);
    let end = place.find(['/', '?', '#']).unwrap_or(place.len());
    // A password may have a slash in it that should have been escaped.
    place[..end].contains('@') || place.split('?').next().is_some_and(|p| p.contains('@'))
}
