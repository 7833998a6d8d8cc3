//! How the help shows what can be configured, and the flags about configuration.

use std::path::PathBuf;

use clap::{Arg, Args, Command};

use super::argument::{ABOUT_CONFIGURATION, OF_ALL_COMMANDS, SERVERS, variable};

// The configuration file that is read. This is no doc comment, because clap would take it
// for that of the command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Configuration")]
struct FileArgs {
    /// A file in TOML with values for arguments that are not given otherwise
    ///
    /// Its keys are the long names of arguments. A flag comes before a variable, and both
    /// before the file. docs/web1on1.toml is an example with all keys.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

// How the configuration is shown.
#[derive(Args, Debug)]
#[command(next_help_heading = "Configuration")]
struct PrintArgs {
    /// Print the configuration and where each value comes from, and end
    ///
    /// What is printed is a configuration file itself. Secrets are left out.
    #[arg(long)]
    print_config: bool,
}

/// What stands for the value of an argument that few ever change. Their defaults suit,
/// so the short help leaves them out.
const BOUNDS: [&str; 4] = ["DURATION", "NUMBER", "BYTES", "RATIO"];

/// What the short help of a server ends with.
const SHORT: &str = "--help shows more: what bounds calls, connections and times.";

/// What the long help of a server ends with.
const LONG: &str = "Each argument can be given as a flag (--grace 10s), in the environment \
    (WEB1ON1_GRACE=10s) or in the file that --config names (grace = \"10s\"). A flag comes before \
    a variable, and a variable before the file. --print-config shows the result.";

/// How a server is started, for its help.
fn examples(server: &str) -> &'static str {
    match server {
        "gateway" => {
            "Examples:\n  \
             web1on1 gateway --upstream https://api.example.com/v2\n  \
             web1on1 gateway --config web1on1.toml --print-config"
        }
        "backend" => {
            "Examples:\n  \
             web1on1 backend --data /var/lib/web1on1\n  \
             web1on1 backend backup monday.backup --data /var/lib/web1on1"
        }
        _ => {
            "Examples:\n  \
             web1on1 serve\n  \
             web1on1 serve --data /var/lib/web1on1 --seed seed/sample.json"
        }
    }
}

/// Offers every argument of the servers in the environment, and the flags about the
/// configuration.
pub(crate) fn offer(root: Command) -> Command {
    SERVERS.into_iter().fold(root, |root, server| {
        root.mut_subcommand(server, |command| {
            let command = PrintArgs::augment_args(FileArgs::augment_args(command));
            let command = command.mut_args(|argument| in_help(in_environment(argument)));
            let examples = examples(server);
            let command = command
                .after_help(format!("{examples}\n\n{SHORT}"))
                .after_long_help(format!("{examples}\n\n{LONG}"));
            command.mut_subcommands(|command| {
                let command = FileArgs::augment_args(command);
                command.mut_args(|argument| {
                    let name = argument.get_long().unwrap_or_default();
                    if OF_ALL_COMMANDS.contains(&name) || ABOUT_CONFIGURATION.contains(&name) {
                        in_environment(argument)
                    } else {
                        argument
                    }
                })
            })
        })
    })
}

/// Gives an argument the variable with its name.
fn in_environment(argument: Arg) -> Arg {
    match argument.get_long() {
        None | Some("help" | "version" | "print-config") => argument,
        Some(name) => {
            let variable = variable(name);
            argument.env(variable)
        }
    }
}

/// Leaves out of the short help what few ever change.
fn in_help(argument: Arg) -> Arg {
    let names = argument.get_value_names().unwrap_or_default();
    let is_bound = names.iter().any(|name| BOUNDS.contains(&name.as_str()));
    argument.hide_short_help(is_bound)
}

/// The command as the help, the manual and completions show it. The long help has one
/// line with the default and the variable of an argument, without the value that it has.
/// The short help names no variable.
pub(crate) fn displayed(command: Command, is_short: bool) -> Command {
    let command = command.mut_args(|argument| {
        // The sum of it all is one line for each argument.
        if is_short {
            return argument.hide_env(true);
        }
        let mut facts = Vec::new();
        let has_values = argument.get_action().takes_values();
        let defaults = argument.get_default_values().iter();
        let defaults: Vec<_> = defaults.filter_map(|value| value.to_str()).collect();
        if has_values && !defaults.is_empty() && !argument.is_hide_default_value_set() {
            facts.push(format!("[default: {}]", defaults.join(",")));
        }
        let variable = argument.get_env().and_then(|name| name.to_str());
        facts.extend(variable.map(|name| format!("[env: {name}]")));
        let help = argument.get_long_help().or(argument.get_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        if facts.is_empty() || help.is_empty() {
            return argument;
        }
        let help = format!("{help}\n{}", facts.join(" "));
        let argument = argument.long_help(help).hide_env(true);
        if has_values {
            argument.hide_default_value(true)
        } else {
            argument
        }
    });
    command.mut_subcommands(|command| displayed(command, is_short))
}
