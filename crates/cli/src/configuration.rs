//! The configuration of the servers: flags, variables and one file, in this order of
//! precedence, under the same names.
//!
//! What can be configured is what clap knows, so a new argument needs nothing here. All
//! that is wrong is found at once, over all sources. This never acts on a value; it hands
//! what the sources say together to clap.

mod argument;
mod command_line;
mod effective;
mod environment;
mod file;
mod help;
mod kind;
mod problem;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod schema;
mod setting;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;

use clap::{ArgMatches, Command};

pub(crate) use self::effective::Effective;
pub(crate) use self::help::{displayed, offer};

use self::argument::{ABOUT_CONFIGURATION, SERVERS, variable};
use self::command_line::CommandLine;
use self::environment::Environment;
use self::file::File;
use self::problem::{Place, Problem};
use self::setting::Setting;

/// What was asked for.
pub(crate) struct Asked {
    /// What clap has read, all sources together.
    pub(crate) matches: ArgMatches,
    /// What is in effect of it. Empty, unless a server is to start.
    pub(crate) effective: Effective,
    /// Whether the configuration is to be printed, and nothing else.
    pub(crate) prints_config: bool,
    /// What is probably not as meant.
    pub(crate) warnings: Vec<String>,
}

/// Why nothing can be done.
pub(crate) enum Refused {
    /// clap has something to say: help, or that the command line is wrong.
    Clap(clap::Error),
    /// All that is wrong with the configuration, for people.
    Configuration(String),
}

impl From<clap::Error> for Refused {
    fn from(error: clap::Error) -> Self {
        Self::Clap(error)
    }
}

/// Reads what was asked for from the words of the command line, the environment and the
/// file that they name. `moved` are arguments that have been moved to the environment.
///
/// # Errors
///
/// Something is wrong, or somebody asks for help.
pub(crate) fn read(
    root: &Command,
    words: Vec<OsString>,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    moved: &[String],
) -> Result<Asked, Refused> {
    let is_short = words.iter().any(|word| word == "-h");
    let for_people = displayed(root.clone(), is_short);
    let Some((command, path)) = meant(root, &words) else {
        return Ok(Asked {
            matches: for_people.try_get_matches_from(words)?,
            effective: Effective::default(),
            prints_config: false,
            warnings: Vec::new(),
        });
    };
    let arguments = argument::of_command(command);
    let known = argument::of_servers(root, &arguments);
    let line = CommandLine::read(root, words.clone(), path, &arguments);
    let Ok(line) = line else {
        // Somebody asks for help, which the command answers as it is shown.
        for_people.try_get_matches_from(words)?;
        return Err(Refused::Configuration(String::new()));
    };
    let environment = Environment::read(variables, &arguments, root, moved);
    let named = match (&line.config, &environment.config) {
        (Some(path), _) => Some((path, Place::CommandLine)),
        (None, Some(path)) => Some((path, Place::Variable(variable(ABOUT_CONFIGURATION[0])))),
        (None, None) => None,
    };
    let file = named.map(|(path, named_by)| File::open(Path::new(path), named_by, &known));
    let file = file.unwrap_or_default();

    let layers = [&line.settings, &environment.settings, &file.settings];
    let mut settings: Vec<Setting> = Vec::new();
    for setting in layers.into_iter().flatten() {
        let is_own = arguments.iter().any(|known| known.name == setting.name);
        if is_own && settings.iter().all(|above| above.name != setting.name) {
            settings.push(setting.clone());
        }
    }
    let sources = [file.problems, environment.problems, line.problems.clone()];
    let mut problems = sources.concat();
    let matches = if problems.is_empty() {
        match line.parse(root, &settings, &arguments) {
            Ok(matches) => Some(matches),
            Err(problem) => {
                problems.push(problem);
                None
            }
        }
    } else if file.is_incomplete {
        // What is missing may be in the part that cannot be read.
        None
    } else {
        let conflict = line.conflict(root, &settings, &arguments);
        problems.extend(conflict.filter(|conflict| !repeats(conflict, &problems)));
        None
    };
    let Some(matches) = matches else {
        let told = listed(&problems, &environment.warnings, &for_help(command, path));
        return Err(Refused::Configuration(told));
    };
    Ok(Asked {
        matches,
        effective: Effective::of(command.get_name(), &arguments, &settings),
        prints_config: line.prints_config,
        warnings: environment.warnings,
    })
}

/// Returns the command that is meant, if it can be configured, and how many words name
/// it and the program.
fn meant<'a>(root: &'a Command, words: &[OsString]) -> Option<(&'a Command, usize)> {
    let name = words.get(1)?.to_str()?;
    let server = root
        .find_subcommand(name)
        .filter(|command| SERVERS.contains(&command.get_name()))?;
    let below = words.get(2).and_then(|word| word.to_str());
    let below = below.and_then(|name| server.find_subcommand(name));
    Some(below.map_or((server, 2), |below| (below, 3)))
}

/// Returns whether something is missing only because it is wrong.
fn repeats(conflict: &Problem, problems: &[Problem]) -> bool {
    let name = conflict.message.strip_prefix("--");
    let name = name.and_then(|rest| rest.split([' ', '=']).next());
    name.is_some_and(|name| {
        let spellings = [format!("`{name}`"), format!("--{name}"), variable(name)];
        let mut others = problems.iter().map(|problem| &problem.message);
        others.any(|other| spellings.iter().any(|name| other.starts_with(name)))
    })
}

/// What shows the help of a command that so many words name, with the program.
fn for_help(command: &Command, path: usize) -> String {
    let name = command.get_name();
    if path > 2 {
        format!("web1on1 backend {name} --help")
    } else {
        format!("web1on1 {name} --help")
    }
}

/// Lists all that is wrong, for people. `help` shows what would be right.
fn listed(problems: &[Problem], warnings: &[String], help: &str) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for problem in problems {
        let _ = writeln!(text, "{problem}");
    }
    for warning in warnings {
        let _ = writeln!(text, "warning: {warning}\n");
    }
    let _ = match problems.len() {
        1 => write!(text, "There is one error"),
        number => write!(text, "There are {number} errors"),
    };
    let _ = writeln!(text, ", so nothing was started; see `{help}`.");
    text
}
