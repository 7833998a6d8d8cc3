//! `web1on1 completions` and `man`: what clap knows of the arguments, for shells and for
//! the manual.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use clap::{Args, Command};
use clap_complete::Shell;

/// Print what lets a shell complete the arguments
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    web1on1 completions bash > ~/.local/share/bash-completion/completions/web1on1\n  \
    web1on1 completions zsh > ~/.zfunc/_web1on1\n  \
    web1on1 completions fish > ~/.config/fish/completions/web1on1.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Write the manual: a page for the program and each of its commands
///
/// Without --out the page of the program itself is printed.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    web1on1 man | man -l -\n  \
    web1on1 man --out /usr/local/share/man/man1")]
pub(crate) struct ManArgs {
    /// The directory to write all pages to
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the completions of a shell, those of the methods for `call` among them.
pub(crate) fn completions(
    args: &CompletionsArgs,
    root: Command,
    methods: Vec<String>,
) -> anyhow::Result<ExitCode> {
    let mut root = root.mut_subcommand("call", |call| {
        call.mut_arg("method", |method| {
            method.value_parser(PossibleValuesParser::new(methods))
        })
    });
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut root, "web1on1", &mut script);
    print(&script)
}

/// Writes the manual.
pub(crate) fn man(args: &ManArgs, root: Command) -> anyhow::Result<ExitCode> {
    let Some(directory) = &args.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(root).render(&mut page)?;
        return print(&page);
    };
    let cannot = || format!("{} cannot be written", directory.display());
    fs::create_dir_all(directory).with_context(cannot)?;
    clap_mangen::generate_to(without_help(root), directory).with_context(cannot)?;
    Ok(ExitCode::SUCCESS)
}

/// The command without those that print the help of others, which need no page.
fn without_help(command: Command) -> Command {
    command
        .disable_help_subcommand(true)
        .mut_subcommands(without_help)
}

/// Prints something. That nobody reads it, such as `head`, is no error.
fn print(bytes: &[u8]) -> anyhow::Result<ExitCode> {
    match io::stdout().write_all(bytes) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
