//! How the help shows what can be configured, and the flags about configuration.

use clap::{Arg, Args as _, Command};

use super::argument::{ABOUT_CONFIGURATION, OF_ALL_COMMANDS, SERVERS, variable};
use super::{FileArgs, PrintArgs};

/// What stands for the value of an argument that few ever change. Their defaults suit,
/// so the short help leaves them out.
const BOUNDS: [&str; 4] = ["DURATION", "NUMBER", "BYTES", "RATIO"];

/// Offers every argument of the servers in the environment, and the flags about the
/// configuration.
pub(crate) fn offer(root: Command) -> Command {
    SERVERS.into_iter().fold(root, |root, server| {
        root.mut_subcommand(server, |command| {
            let command = FileArgs::augment_args(PrintArgs::augment_args(command));
            let command = command.mut_args(|argument| in_help(in_environment(argument)));
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

/// The command as the help, the manual and completions show it: variables without the
/// values that they have. The short help is one line for each argument, so it names no
/// variable.
pub(crate) fn displayed(command: Command, is_short: bool) -> Command {
    let command = command.mut_args(|argument| {
        // What has no variable must not have a part in its display either.
        argument.hide_env_values(true).hide_env(is_short)
    });
    command.mut_subcommands(|command| displayed(command, is_short))
}
