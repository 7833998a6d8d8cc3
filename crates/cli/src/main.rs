//! The `web1on1` command.
//!
//! This crate is the only one that reads arguments and environment; each
//! subcommand turns them into the configuration of a library and hands over.

mod backup;
mod call;
mod contract;
mod hidden;
mod log;
mod serve;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;
use tracing_subscriber::EnvFilter;

use self::log::Log;

/// A call allocates some hundred times and frees all of it at once, which the
/// C library does slowly.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Web1on1: a REST API, a gRPC gateway in front of it, and the contract that
/// both keep
#[derive(Parser, Debug)]
#[command(version, propagate_version = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Serve(Box<serve::ServeArgs>),
    Gateway(Box<serve::GatewayArgs>),
    Backend(Box<backup::BackendCommand>),
    Call(call::CallArgs),
    Contract(Box<contract::ContractArgs>),
}

/// How long work that cannot be broken off may keep the program from ending.
const LAST_WORK: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    if let Err(error) = hidden::hide_passwords() {
        eprintln!("error: the password in --database cannot be hidden: {error}");
        return ExitCode::FAILURE;
    }
    let args = Args::parse();
    let log = Log::to(io::stderr());
    let _flushed = log.flushed_on_drop();
    log.take_panics();
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn")),
        )
        .with_writer(log.clone())
        .with_ansi(io::stderr().is_terminal())
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            log.line(format!("error: the program cannot start: {error}\n").into_bytes());
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(run(args.command));
    runtime.shutdown_timeout(LAST_WORK);
    done.unwrap_or_else(|error| {
        log.line(format!("error: {error:#}\n").into_bytes());
        ExitCode::FAILURE
    })
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => Box::pin(serve::serve(*args)).await,
        Command::Gateway(args) => serve::gateway(*args).await,
        Command::Backend(args) => Box::pin(backup::run(*args)).await,
        Command::Call(args) => call::run(args, proto::FILE_DESCRIPTOR_SET).await,
        Command::Contract(args) => contract::run(&args).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Args;

    #[test]
    fn the_arguments_do_not_clash() {
        Args::command().debug_assert();
    }

    /// Checks that a page says something of every argument of a subcommand.
    #[track_caller]
    fn check(path: &[&str], name: &str, page: &str) {
        let command = Args::command();
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
