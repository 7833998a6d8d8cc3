//! The environment: variables with the names of arguments.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::Command;

use super::argument::{ABOUT_CONFIGURATION, Argument, PREFIX, nearest, variable};
use super::kind::Kind;
use super::problem::{Place, Problem};
use super::setting::{Origin, Setting};

/// Variables that no argument has: secrets that are never the value of an argument, and
/// what the program tells itself when it moves secrets to its environment.
pub(super) const WITHOUT_ARGUMENT: [&str; 6] = [
    "WEB1ON1_METADATA",
    "WEB1ON1_TOKEN_KEY",
    "WEB1ON1_MOVED_FLAGS",
    "WEB1ON1_CREDENTIALS_PASSWORD",
    "WEB1ON1_CREDENTIALS_REFRESH_TOKEN",
    "WEB1ON1_TRACE_HEADERS",
];

/// What the names of variables for tests begin with.
const OF_TESTS: &str = "WEB1ON1_TEST_";

/// What the environment says.
#[derive(Debug, Default)]
pub(super) struct Environment {
    pub(super) settings: Vec<Setting>,
    pub(super) problems: Vec<Problem>,
    /// Variables that mean nothing.
    pub(super) warnings: Vec<String>,
    /// The configuration file that it names.
    pub(super) config: Option<OsString>,
}

impl Environment {
    /// Reads the variables of a process that runs a command with these arguments. A
    /// variable that is empty says nothing. `moved` are arguments that were flags before
    /// the program was started anew.
    pub(super) fn read(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        arguments: &[Argument],
        root: &Command,
        moved: &[String],
    ) -> Self {
        let mut read = Self::default();
        let config = variable(ABOUT_CONFIGURATION[0]);
        let elsewhere = known_elsewhere(root);
        for (name, value) in variables {
            let Ok(name) = name.into_string() else {
                continue;
            };
            if !name.starts_with(PREFIX) || value.is_empty() {
                continue;
            }
            let argument = arguments.iter().find(|known| known.variable() == name);
            if let Some(argument) = argument {
                read.take(argument, &name, value, moved);
            } else if name == config {
                read.config = Some(value);
            } else if !elsewhere.contains(&name)
                && !name.starts_with(OF_TESTS)
                && !is_of_an_orchestrator(&name)
            {
                let own: Vec<_> = arguments.iter().map(Argument::variable).collect();
                let known = own.iter().chain(&elsewhere).map(String::as_str);
                read.warnings.push(match nearest(&name, known) {
                    Some(nearest) => {
                        format!("there is no variable {name}; the nearest is {nearest}")
                    }
                    None => format!("there is no variable {name}, so it has no effect"),
                });
            }
        }
        read.problems.sort();
        read.warnings.sort();
        read
    }

    fn take(&mut self, argument: &Argument, name: &str, value: OsString, moved: &[String]) {
        let values = if argument.kind == Kind::Boolean {
            let Some(value) = truth(&value) else {
                let message = format!("{name} must be true or false");
                self.problem(name, message);
                return;
            };
            vec![OsString::from(value.to_string())]
        } else if argument.is_list {
            argument.split(value)
        } else {
            vec![value]
        };
        let wrong: Vec<_> = values
            .iter()
            .filter_map(|value| argument.check(value).err())
            .collect();
        for wrong in &wrong {
            self.problem(name, format!("{name} is not valid: {wrong}"));
        }
        if wrong.is_empty() {
            let was_a_flag = moved.contains(&argument.name);
            self.settings.push(Setting {
                name: argument.name.clone(),
                values,
                origin: if was_a_flag {
                    Origin::Flag(argument.flag())
                } else {
                    Origin::Variable(name.to_owned())
                },
            });
        }
    }

    fn problem(&mut self, name: &str, message: String) {
        self.problems.push(Problem {
            place: Place::Variable(name.to_owned()),
            message,
        });
    }
}

/// Reads a truth value as shells write it.
fn truth(value: &OsString) -> Option<bool> {
    match value.to_str()?.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// The variables that mean something to some command.
pub(super) fn known_elsewhere(root: &Command) -> BTreeSet<String> {
    fn add(command: &Command, known: &mut BTreeSet<String>) {
        let variables = command.get_arguments().filter_map(|arg| arg.get_env());
        known.extend(variables.filter_map(|name| Some(name.to_str()?.to_owned())));
        for command in command.get_subcommands() {
            add(command, known);
        }
    }
    let mut known: BTreeSet<_> = WITHOUT_ARGUMENT.map(str::to_owned).into();
    add(root, &mut known);
    known
}

/// Returns whether Kubernetes sets a variable of this name for a service `web1on1`, or
/// one whose name begins so.
fn is_of_an_orchestrator(name: &str) -> bool {
    name.contains("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT")
        || name.contains("_PORT_")
}
