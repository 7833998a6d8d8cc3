//! The command line, read in two passes: the first finds what is given and all that is
//! wrong, and the second lets clap parse everything that the sources say together.

use std::ffi::{OsStr, OsString};

use clap::builder::{Resettable, ValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, Error};

use super::argument::{ABOUT_CONFIGURATION, Argument, SERVERS, nearest};
use super::problem::{Place, Problem};
use super::setting::{Origin, Setting};

/// What the command line says.
#[derive(Debug)]
pub(super) struct CommandLine {
    pub(super) settings: Vec<Setting>,
    pub(super) problems: Vec<Problem>,
    /// The file that `--config` names.
    pub(super) config: Option<OsString>,
    pub(super) prints_config: bool,
    /// The words, without arguments that there are not.
    words: Vec<OsString>,
    /// How many words name the program and the command.
    path: usize,
}

impl CommandLine {
    /// Reads the words of a command line whose first `path` words name the program and
    /// the command.
    ///
    /// # Errors
    ///
    /// Somebody asks for help or the version.
    pub(super) fn read(
        root: &Command,
        words: Vec<OsString>,
        path: usize,
        arguments: &[Argument],
    ) -> Result<Self, Error> {
        let lenient = lenient(root.clone());
        let mut read = Self {
            settings: Vec::new(),
            problems: Vec::new(),
            config: None,
            prints_config: false,
            words,
            path,
        };
        let matches = loop {
            let error = match lenient.clone().try_get_matches_from(&read.words) {
                Ok(matches) => break matches,
                Err(error) if !error.use_stderr() => return Err(error),
                Err(error) => error,
            };
            match error.kind() {
                ErrorKind::UnknownArgument if read.drop_unknown(&error, arguments, root) => {}
                // What is missing may be in another source, and what is in conflict is
                // found once all is known.
                ErrorKind::MissingRequiredArgument | ErrorKind::ArgumentConflict => {
                    let anyway = lenient.clone().ignore_errors(true);
                    break anyway.try_get_matches_from(&read.words)?;
                }
                _ => {
                    let wrong = first_line(&error);
                    read.problem(match similar_command(&error) {
                        Some(similar) => format!("{wrong}; the nearest is {similar}"),
                        None => wrong,
                    });
                    let anyway = lenient.clone().ignore_errors(true);
                    break anyway.try_get_matches_from(&read.words)?;
                }
            }
        };
        read.take(deepest(&matches), arguments);
        Ok(read)
    }

    fn take(&mut self, matches: &ArgMatches, arguments: &[Argument]) {
        let given = |id: &str| {
            let known = matches.ids().any(|known| known.as_str() == id);
            known && matches.value_source(id) == Some(ValueSource::CommandLine)
        };
        if given("config") {
            self.config = matches.get_one::<OsString>("config").cloned();
        }
        self.prints_config = given("print_config");
        for argument in arguments.iter().filter(|argument| given(argument.id())) {
            let values: Vec<OsString> = if argument.is_switch {
                vec!["true".into()]
            } else {
                let raw = matches.get_raw(argument.id()).into_iter().flatten();
                raw.map(OsStr::to_owned).collect()
            };
            for wrong in values
                .iter()
                .filter_map(|value| argument.check(value).err())
            {
                self.problem(format!("{} is not valid: {wrong}", argument.flag()));
            }
            self.settings.push(Setting {
                name: argument.name.clone(),
                values,
                origin: Origin::Flag(argument.flag()),
            });
        }
    }

    /// Reports an argument that there is not, and goes on without it. Returns `false` if
    /// it is not found among the words.
    fn drop_unknown(&mut self, error: &Error, own: &[Argument], root: &Command) -> bool {
        let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg) else {
            return false;
        };
        let begins = |word: &OsStr| {
            let word = word.to_string_lossy();
            let (name, _) = word.split_once('=').unwrap_or((&word, ""));
            name == unknown
        };
        let found = self
            .words
            .iter()
            .skip(self.path)
            .position(|word| begins(word));
        let Some(found) = found.map(|found| found + self.path) else {
            return false;
        };
        let word = self.words.remove(found);
        let has_value = word.to_string_lossy().contains('=');
        let value = self.words.get(found);
        let is_value = value.is_some_and(|value| !value.to_string_lossy().starts_with('-'));
        if unknown.starts_with("--") && !has_value && is_value {
            self.words.remove(found);
        }
        let name = unknown.trim_start_matches('-');
        let elsewhere = SERVERS.into_iter().filter(|server| {
            let server = root.find_subcommand(server);
            let mut longs = server.into_iter().flat_map(Command::get_arguments);
            longs.any(|argument| argument.get_long() == Some(name))
        });
        let elsewhere: Vec<_> = elsewhere.collect();
        let names = own.iter().map(|argument| argument.name.as_str());
        let nearest = nearest(name, names.chain(ABOUT_CONFIGURATION).chain(["help"]));
        self.problem(match nearest {
            _ if !unknown.starts_with('-') => format!("nothing is expected at {unknown:?}"),
            _ if !elsewhere.is_empty() => {
                let servers = elsewhere.join(" and ");
                format!("{unknown} is no argument of this command, but one of {servers}")
            }
            Some(nearest) => format!("there is no {unknown}; the nearest is --{nearest}"),
            None => format!("there is no {unknown}; --help lists all arguments"),
        });
        true
    }

    fn problem(&mut self, message: String) {
        self.problems.push(Problem {
            place: Place::CommandLine,
            message,
        });
    }

    /// The words, and what other sources say behind the name of the command.
    fn with(&self, settings: &[Setting], arguments: &[Argument]) -> Vec<OsString> {
        let (command, rest) = self.words.split_at(self.path);
        let mut words = command.to_vec();
        for setting in settings {
            let argument = arguments.iter().find(|known| known.name == setting.name);
            let is_flag = matches!(setting.origin, Origin::Flag(_));
            let by_hand = self.settings.iter().any(|own| own.name == setting.name);
            let Some(argument) = argument.filter(|argument| {
                // To give a default would be to ask for what it requires.
                argument.default != setting.values && !(is_flag && by_hand)
            }) else {
                continue;
            };
            for value in &setting.values {
                let mut word = OsString::from(argument.flag());
                if !argument.is_switch {
                    word.push("=");
                    word.push(value);
                } else if value != "true" {
                    continue;
                }
                words.push(word);
            }
        }
        words.extend(rest.iter().cloned());
        words
    }

    /// Parses everything that is said, with `settings` as the result of all sources.
    ///
    /// # Errors
    ///
    /// Something is missing or in conflict.
    pub(super) fn parse(
        &self,
        root: &Command,
        settings: &[Setting],
        arguments: &[Argument],
    ) -> Result<ArgMatches, Problem> {
        let words = self.with(settings, arguments);
        let parsed = without_environment(root.clone(), arguments).try_get_matches_from(words);
        parsed.map_err(|error| told(&error, settings, arguments))
    }

    /// Returns what is missing or in conflict, whatever the values are.
    pub(super) fn conflict(
        &self,
        root: &Command,
        settings: &[Setting],
        arguments: &[Argument],
    ) -> Option<Problem> {
        let words = self.with(settings, arguments);
        let error = lenient(root.clone()).try_get_matches_from(words).err()?;
        let matters = [
            ErrorKind::MissingRequiredArgument,
            ErrorKind::ArgumentConflict,
        ];
        let matters = matters.contains(&error.kind());
        matters.then(|| told(&error, settings, arguments))
    }
}

/// Says what is missing or in conflict, and which sources say so.
fn told(error: &Error, settings: &[Setting], arguments: &[Argument]) -> Problem {
    let flags = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    };
    let argument = |usage: &str| {
        let name = usage.strip_prefix("--")?;
        let end = name.find([' ', '=']).unwrap_or(name.len());
        let name = name[..end].to_owned();
        arguments.iter().find(|argument| argument.name == name)
    };
    let origin = |usage: &str| {
        let name = &argument(usage)?.name;
        let setting = settings.iter().find(|setting| setting.name == *name)?;
        match &setting.origin {
            Origin::Flag(_) => None,
            origin => Some(format!("{usage} ({origin})")),
        }
    };
    let invalid = flags(ContextKind::InvalidArg);
    let message = match error.kind() {
        ErrorKind::MissingRequiredArgument => {
            let missing = invalid.iter().map(|usage| match argument(usage) {
                Some(argument) => format!(
                    "{usage} is missing; give the flag, the variable {} or `{}` in a \
                     configuration file",
                    argument.variable(),
                    argument.name
                ),
                None => format!("{usage} is missing"),
            });
            missing.collect::<Vec<_>>().join("; ")
        }
        ErrorKind::ArgumentConflict => {
            let shown = |usage: &String| origin(usage).unwrap_or_else(|| usage.clone());
            let prior = flags(ContextKind::PriorArg);
            if prior == invalid {
                format!("{} is given more than once", prior.join(", "))
            } else {
                let prior: Vec<_> = prior.iter().map(shown).collect();
                let invalid: Vec<_> = invalid.iter().map(shown).collect();
                let (one, others) = (invalid.join(", "), prior.join(", "));
                format!("{one} cannot be given together with {others}")
            }
        }
        _ => first_line(error),
    };
    Problem {
        place: Place::CommandLine,
        message,
    }
}

/// The command that is most like one that there is not.
fn similar_command(error: &Error) -> Option<&str> {
    match error.get(ContextKind::SuggestedSubcommand)? {
        ContextValue::String(name) => Some(name),
        ContextValue::Strings(names) => names.first().map(String::as_str),
        _ => None,
    }
}

/// What clap says, without its prefix and its hints.
fn first_line(error: &Error) -> String {
    let text = error.render().to_string();
    let first = text.lines().next().unwrap_or_default();
    first.trim_start_matches("error: ").to_owned()
}

/// The matches of the command that is meant.
fn deepest(matches: &ArgMatches) -> &ArgMatches {
    let mut deepest = matches;
    while let Some((_, below)) = deepest.subcommand() {
        deepest = below;
    }
    deepest
}

/// The command without parsers that could refuse a value, and without the environment.
fn lenient(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let argument = argument.env(Resettable::Reset);
        if argument.get_action().takes_values() {
            argument.value_parser(ValueParser::os_string())
        } else {
            argument
        }
    });
    command.mut_subcommands(lenient)
}

/// The command without the variables of these arguments, which are read already.
fn without_environment(command: Command, arguments: &[Argument]) -> Command {
    let command = command.mut_args(|argument| {
        let name = argument.get_long().unwrap_or_default();
        if arguments.iter().any(|known| known.name == name) {
            argument.env(Resettable::Reset)
        } else {
            argument
        }
    });
    command.mut_subcommands(|command| without_environment(command, arguments))
}
