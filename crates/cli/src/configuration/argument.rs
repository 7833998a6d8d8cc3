//! What can be configured: the arguments of the servers, by their long names.
//!
//! Everything here is read from the definitions that clap derives, so that a new
//! argument can be configured as soon as it is declared.

use std::error::Error as _;
use std::ffi::{OsStr, OsString};
use std::net::AddrParseError;
use std::num::ParseIntError;

use clap::builder::{ValueParser, ValueRange};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};

use super::kind::Kind;

/// What the names of variables begin with.
pub(super) const PREFIX: &str = "WEB1ON1_";

/// The commands that serve. Their arguments are what a configuration file may have.
pub(super) const SERVERS: [&str; 3] = ["serve", "gateway", "backend"];

/// The arguments that other subcommands take from the environment and the file as well:
/// those that say where a backend keeps what it keeps.
pub(super) const OF_ALL_COMMANDS: [&str; 3] = ["data", "database", "token-keys"];

/// The arguments that say how the configuration itself is read, so they are no part
/// of it.
pub(super) const ABOUT_CONFIGURATION: [&str; 2] = ["config", "print-config"];

/// An argument that can be configured.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    /// The long name, without hyphens in front: `max-calls`.
    pub(super) name: String,
    /// The type that it has in a file.
    pub(super) kind: Kind,
    /// Whether it may be given more than once: a list.
    pub(super) is_list: bool,
    /// Whether it is a flag without a value, which is off unless it is given.
    pub(super) is_switch: bool,
    /// Whether its value must not be shown.
    pub(super) is_secret: bool,
    /// What it is if nobody says; nothing, if it is then unset.
    pub(super) default: Vec<OsString>,
    definition: Arg,
}

impl Argument {
    fn of(definition: &Arg) -> Option<Self> {
        let name = definition.get_long()?;
        if ABOUT_CONFIGURATION.contains(&name) || ["help", "version"].contains(&name) {
            return None;
        }
        let default = definition.get_default_values().iter();
        Some(Self {
            name: name.to_owned(),
            kind: Kind::of(definition),
            is_list: matches!(definition.get_action(), ArgAction::Append),
            is_switch: !definition.get_action().takes_values(),
            is_secret: definition.is_hide_env_values_set(),
            default: default.map(|value| value.as_os_str().to_owned()).collect(),
            definition: definition.clone(),
        })
    }

    /// Its identifier in what clap has read.
    pub(super) fn id(&self) -> &str {
        self.definition.get_id().as_str()
    }

    /// The flag: `--max-calls`.
    pub(super) fn flag(&self) -> String {
        format!("--{}", self.name)
    }

    /// The environment variable: `WEB1ON1_MAX_CALLS`.
    pub(super) fn variable(&self) -> String {
        variable(&self.name)
    }

    /// The heading in the help, if it has one.
    #[cfg(test)]
    pub(super) fn heading(&self) -> Option<&str> {
        self.definition.get_help_heading()
    }

    /// The definition that clap has of it.
    #[cfg(test)]
    pub(super) fn definition(&self) -> &Arg {
        &self.definition
    }

    /// What it is for.
    #[cfg(test)]
    pub(super) fn description(&self) -> String {
        let long = self.definition.get_long_help();
        let help = long.or(self.definition.get_help());
        help.map(ToString::to_string).unwrap_or_default()
    }

    /// What stands for a value in the help: `NUMBER`.
    pub(super) fn placeholder(&self) -> String {
        let names = self.definition.get_value_names().unwrap_or_default();
        names
            .first()
            .map_or("VALUE".to_owned(), ToString::to_string)
    }

    /// The values that it may have, if they are few.
    pub(super) fn possible_values(&self) -> Vec<String> {
        if self.kind == Kind::Boolean {
            return Vec::new();
        }
        let values = self.definition.get_possible_values();
        values
            .iter()
            .map(|value| value.get_name().to_owned())
            .collect()
    }

    /// How a value is written in a file, by its default, as text by what was written
    /// instead, or by what stands for it in the help.
    pub(super) fn example(&self, written: Option<&str>) -> String {
        let default = self.default.first().and_then(|value| value.to_str());
        let possible = self.possible_values();
        let text = default.or(possible.first().map(String::as_str));
        let value = match (self.kind, text) {
            (kind, Some(text)) => kind.to_toml(text),
            (Kind::Boolean, None) => Some(toml::Value::Boolean(true)),
            (Kind::Integer, None) => Some(toml::Value::Integer(1)),
            (Kind::Number, None) => Some(toml::Value::Float(0.5)),
            (Kind::Text, None) => {
                let written = written.filter(|_| !self.is_secret);
                let text = written.map_or_else(|| self.placeholder(), str::to_owned);
                Some(toml::Value::String(text))
            }
        };
        let value = value.map(|value| value.to_string()).unwrap_or_default();
        if self.is_list {
            format!("[{value}]")
        } else {
            value
        }
    }

    /// Splits a value that has several.
    pub(super) fn split(&self, value: OsString) -> Vec<OsString> {
        match (self.definition.get_value_delimiter(), value.to_str()) {
            (Some(delimiter), Some(text)) => text.split(delimiter).map(OsString::from).collect(),
            _ => vec![value],
        }
    }

    /// Asks the argument's own parser for a value.
    ///
    /// # Errors
    ///
    /// What is wrong with the value, as the end of a sentence. It does not repeat the
    /// value, and of a secret it says nothing.
    pub(super) fn check(&self, value: &OsStr) -> Result<(), String> {
        if self.kind == Kind::Boolean {
            return Ok(());
        }
        let parser: ValueParser = self.definition.get_value_parser().clone();
        let alone = Arg::new("value")
            .long("value")
            .num_args(ValueRange::SINGLE)
            .value_parser(parser);
        let mut given = OsString::from("--value=");
        given.push(value);
        let checked = Command::new("check")
            .no_binary_name(true)
            .arg(alone)
            .try_get_matches_from([given]);
        let Err(error) = checked else { return Ok(()) };
        if self.is_secret {
            return Err("it is not accepted".to_owned());
        }
        let possible = self.possible_values();
        if error.kind() == ErrorKind::InvalidValue && !possible.is_empty() {
            return Err(format!("it must be one of {}", possible.join(", ")));
        }
        let text = value.to_string_lossy();
        match self.kind {
            Kind::Integer if text.parse::<i128>().is_err() => {
                return Err("it must be an integer".to_owned());
            }
            Kind::Number if text.parse::<f64>().is_err() => {
                return Err("it must be a number".to_owned());
            }
            _ => {}
        }
        Err(match error.source() {
            Some(cause) if cause.is::<AddrParseError>() => {
                "it must be an IP address and a port, such as 127.0.0.1:50051 or [::1]:50051"
                    .to_owned()
            }
            Some(cause) if cause.is::<ParseIntError>() => out_of_range(&text).to_owned(),
            Some(cause) => cause.to_string(),
            None => match error.get(ContextKind::Custom) {
                Some(ContextValue::String(text)) => text.clone(),
                _ => error.kind().to_string(),
            },
        })
    }
}

/// What is wrong with an integer that its type has no room for.
fn out_of_range(integer: &str) -> &'static str {
    match integer.trim_start_matches(['+', '-', '0']) {
        "" => "it must be 1 or more",
        _ if integer.starts_with('-') => "it cannot be negative",
        _ => "it is too large",
    }
}

/// The environment variable of a long name.
pub(super) fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.to_uppercase().replace('-', "_"))
}

/// Returns the arguments of a command that can be configured: all of a server's, and of
/// another one's those that say where a backend keeps what it keeps.
pub(super) fn of_command(command: &Command) -> Vec<Argument> {
    let all = command.get_arguments().filter_map(Argument::of);
    if SERVERS.contains(&command.get_name()) {
        return all.collect();
    }
    all.filter(|argument| OF_ALL_COMMANDS.contains(&argument.name.as_str()))
        .collect()
}

/// Returns the arguments of all servers, each once, beginning with those of `first`.
pub(super) fn of_servers(root: &Command, first: &[Argument]) -> Vec<Argument> {
    let mut all = first.to_vec();
    for server in SERVERS {
        let arguments = root.find_subcommand(server).map(of_command);
        for argument in arguments.unwrap_or_default() {
            if all.iter().all(|known| known.name != argument.name) {
                all.push(argument);
            }
        }
    }
    all
}

/// Returns the name that is most like another one, unless none is like it.
pub(super) fn nearest<'a>(name: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.6;
    let among = among.into_iter();
    let scored = among.map(|known| (strsim::normalized_damerau_levenshtein(known, name), known));
    scored
        .filter(|(score, _)| *score >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}
