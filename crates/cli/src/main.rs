//! The `web1on1` command.
//!
//! This crate is the only one that reads arguments and environment; each
//! subcommand turns them into the configuration of a library and hands over.

// `println!` panics where nobody reads any more; `contract::output::to_stdout` does not.
#![deny(clippy::print_stdout)]

mod backup;
mod call;
mod configuration;
mod contract;
#[cfg(test)]
mod deploy;
mod documentation;
mod health;
mod hidden;
mod log;
mod log_targets;
mod portal;
mod progress;
mod serve;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use mimalloc::MiMalloc;
use tokio::runtime::{Builder, Runtime};

use self::configuration::Refused;
use self::log::{Log, Process};
use self::progress::AboveProgress;
use self::serve::process::allow_huge_pages;

/// A call allocates some hundred times and frees all of it at once, which the
/// C library does slowly.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Web1on1: a REST API, a gRPC gateway in front of it, and the contract that
/// both keep
#[derive(Parser, Debug)]
#[command(
    version,
    propagate_version = true,
    after_help = "Examples:\n  \
        web1on1 serve                                  # the whole system, on loopback\n  \
        web1on1 gateway --upstream https://api.example.com/v2\n  \
        web1on1 call --list                            # what can be called\n  \
        web1on1 contract check                         # where contract.toml is"
)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Serve(Box<serve::ServeArgs>),
    Gateway(Box<serve::GatewayArgs>),
    Backend(Box<backup::BackendCommand>),
    Call(Box<call::CallArgs>),
    Health(health::HealthArgs),
    Contract(Box<contract::ContractArgs>),
    Completions(documentation::CompletionsArgs),
    Man(documentation::ManArgs),
}

impl Command {
    /// Returns whether this is a server, or works on the data of one.
    fn is_server(&self) -> bool {
        matches!(self, Self::Serve(_) | Self::Gateway(_) | Self::Backend(_))
    }

    /// How many threads may do work that blocks. Each piece of it ends by itself, so
    /// that what has to wait gets its turn.
    fn max_blocking_threads(&self) -> usize {
        let given = match self {
            Self::Serve(args) => args.max_blocking_threads(),
            Self::Gateway(args) => args.max_blocking_threads(),
            Self::Backend(command) => command.max_blocking_threads(),
            Self::Call(_)
            | Self::Health(_)
            | Self::Contract(_)
            | Self::Completions(_)
            | Self::Man(_) => serve::BLOCKING_THREADS,
        };
        given.get()
    }
}

/// Everything that the program can be told, also by its environment and a file.
fn command() -> clap::Command {
    configuration::offer(Args::command())
}

/// The exit code for arguments or a configuration that cannot be used.
const USAGE: u8 = 2;

/// The API that `call` calls.
const API: call::Api<'_> = call::Api {
    descriptors: proto::FILE_DESCRIPTOR_SET,
    login: call::Login {
        method: "AuthService/CreateToken",
        data: r#"{"email": "EMAIL", "password": "PASSWORD"}"#,
        select: "token.token",
    },
};

/// How long work that cannot be broken off may keep the program from ending.
const LAST_WORK: Duration = Duration::from_secs(5);

/// After how many turns of tasks a worker looks for what has arrived on its sockets. A
/// list that is streamed takes one turn after the other, and with tokio's 61 the other
/// calls of its worker would wait for so many of them.
const EVENT_INTERVAL: u32 = 11;

fn main() -> ExitCode {
    allow_huge_pages(false);
    let root = command();
    if let Err(error) = hidden::hide_secrets(&root) {
        eprintln!("error: a secret among the arguments cannot be hidden: {error}");
        return ExitCode::FAILURE;
    }
    let words = std::env::args_os().collect();
    let variables = std::env::vars_os();
    let asked = match configuration::read(&root, words, variables, &hidden::moved()) {
        Ok(asked) => asked,
        Err(Refused::Clap(error)) => error.exit(),
        Err(Refused::Configuration(problems)) => {
            eprint!("{problems}");
            return ExitCode::from(USAGE);
        }
    };
    if asked.prints_config {
        serve::tell(&asked.effective.to_toml());
        return ExitCode::SUCCESS;
    }
    let args = Args::from_arg_matches(&asked.matches).unwrap_or_else(|error| error.exit());
    allow_huge_pages(!args.command.is_server());
    let log = Log::to(AboveProgress(io::stderr()));
    let _flushed = log.flushed_on_drop();
    log.take_panics();
    let level = log::subscribe(&log);
    for warning in &asked.warnings {
        log.line(format!("warning: {warning}\n").into_bytes());
    }
    let runtime = match runtime(args.command.max_blocking_threads()) {
        Ok(runtime) => runtime,
        Err(error) => {
            log.line(format!("error: the program cannot start: {error}\n").into_bytes());
            return ExitCode::FAILURE;
        }
    };
    let process = Process {
        log: log.clone(),
        level,
        configuration: asked.effective.to_json().to_string().into(),
    };
    let done = runtime.block_on(run(args.command, process));
    runtime.shutdown_timeout(LAST_WORK);
    done.unwrap_or_else(|error| {
        // Whoever reads the output has seen enough of it.
        if is_closed_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        log.line(format!("error: {error:#}\n").into_bytes());
        ExitCode::FAILURE
    })
}

/// Returns whether the output could not be written because nobody reads it any more.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let written = error.downcast_ref::<io::Error>();
    written.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// A runtime with a worker for each processor, and no more than so many threads for
/// work that blocks. What does not find one waits.
fn runtime(max_blocking_threads: usize) -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .enable_all()
        .event_interval(EVENT_INTERVAL)
        .max_blocking_threads(max_blocking_threads)
        .build()
}

async fn run(asked: Command, process: Process) -> anyhow::Result<ExitCode> {
    match asked {
        Command::Serve(args) => Box::pin(serve::serve(*args, process)).await,
        Command::Gateway(args) => Box::pin(serve::gateway(*args, process)).await,
        Command::Backend(args) => Box::pin(backup::run(*args, process)).await,
        Command::Call(args) => call::run(*args, API).await,
        Command::Health(args) => health::run(&args).await,
        Command::Contract(args) => Box::pin(contract::run(&args)).await,
        Command::Completions(args) => {
            let root = configuration::displayed(command(), true);
            documentation::completions(&args, root, call::methods(&API)?)
        }
        Command::Man(args) => documentation::man(&args, configuration::displayed(command(), false)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Barrier};

    use clap::Parser as _;

    use super::{Args, command, runtime};

    #[test]
    fn blocking_work_has_no_more_threads_than_it_may() {
        const MOST: usize = 3;
        let runtime = runtime(MOST).expect("the runtime starts");
        let running = Arc::new(AtomicUsize::new(0));
        // Each piece waits for others, so that as many run at once as may.
        let together = Arc::new(Barrier::new(MOST));
        let work: Vec<_> = (0..5 * MOST)
            .map(|_| {
                let (running, together) = (Arc::clone(&running), Arc::clone(&together));
                runtime.spawn_blocking(move || {
                    let at_once = running.fetch_add(1, Ordering::SeqCst) + 1;
                    together.wait();
                    running.fetch_sub(1, Ordering::SeqCst);
                    // The next piece may begin only now.
                    together.wait();
                    at_once
                })
            })
            .collect();
        for work in work {
            let at_once = runtime.block_on(work).expect("no panic");
            assert!(at_once <= MOST, "{at_once} pieces ran at once");
        }
    }

    #[track_caller]
    fn check_threads(arguments: &[&str], expected: Option<usize>) {
        let parsed = Args::try_parse_from([&["web1on1"], arguments].concat());
        let threads = parsed.map(|args| args.command.max_blocking_threads());
        assert_eq!(threads.ok(), expected, "for {arguments:?}");
    }

    #[test]
    fn every_server_can_be_told_how_many_threads_may_block() {
        let gateway = ["gateway", "--upstream", "http://127.0.0.1:1"];
        for command in [&gateway[..], &["serve"], &["backend"]] {
            let with = |number| [command, &["--max-blocking-threads", number]].concat();
            check_threads(&with("5"), Some(5));
            check_threads(&with("0"), None);
        }
        check_threads(&gateway, Some(8));
        check_threads(&["serve"], Some(64));
        check_threads(&["backend"], Some(64));
    }

    #[test]
    fn the_arguments_do_not_clash() {
        command().debug_assert();
    }

    /// Checks that a page says something of every argument of a subcommand.
    #[track_caller]
    fn check(path: &[&str], name: &str, page: &str) {
        let command = command();
        let subcommand = path.iter().fold(&command, |command, name| {
            command.find_subcommand(name).expect("it is there")
        });
        let missing: Vec<_> = subcommand
            .get_arguments()
            .filter_map(|argument| argument.get_long())
            .filter(|long| *long != "help" && !page.contains(&format!("`--{long}")))
            .collect();
        assert!(
            missing.is_empty(),
            "{name} says nothing of {missing:?}; add a sentence on each"
        );
    }

    #[test]
    fn every_argument_of_the_gateway_is_in_its_documentation() {
        let page = include_str!("../../../docs/gateway.md");
        check(&["gateway"], "docs/gateway.md", page);
    }

    #[test]
    fn every_argument_of_the_backend_is_in_its_documentation() {
        let page = include_str!("../../../docs/backend.md");
        for path in [
            &["backend"][..],
            &["backend", "backup"],
            &["backend", "restore"],
            &["backend", "create-organization"],
            &["backend", "revoke-tokens"],
            &["backend", "rotate-key"],
        ] {
            check(path, "docs/backend.md", page);
        }
    }
}
