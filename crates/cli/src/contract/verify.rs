//! `web1on1 contract verify`: real traffic against the contract.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use conformance::verify;

use super::output::{EXIT_CODES, OutputArgs};

/// Verify a server, or captured traffic, against the contract to the letter
///
/// With --url it makes a request to every operation and judges status, headers
/// and body. It only reads unless --allow-writes is given; then all that it
/// writes stands in an organization of its own, which it deletes in the end.
/// What could not be tried is reported with the reason.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    source: Source,
    /// The access token to make calls with
    #[arg(
        long,
        value_name = "TOKEN",
        env = "WEB1ON1_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
    /// Try the operations that write too, in an organization of their own
    #[arg(long, requires = "url")]
    allow_writes: bool,
    /// A PEM file with the certificates of the authorities that may vouch for
    /// the server at --url, in place of those that the system trusts
    #[arg(long, value_name = "FILE", env = "WEB1ON1_UPSTREAM_CA")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Source {
    /// The base of a server's API, such as `https://api.example.com/v2`
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Captured traffic: a HAR 1.2 file
    #[arg(long, value_name = "FILE")]
    har: Option<PathBuf>,
    /// Captured traffic: a directory of recorded exchanges
    #[arg(long, value_name = "DIR")]
    recorded: Option<PathBuf>,
}

pub(crate) async fn run(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    args.output.judges_nothing()?;
    let Source { url, har, recorded } = &args.source;
    let report = if let Some(path) = har {
        verify::har(path)?
    } else if let Some(path) = recorded {
        verify::recorded(path)?
    } else {
        let Some(token) = args.token.clone() else {
            anyhow::bail!("--url needs a token: give --token, or set WEB1ON1_TOKEN");
        };
        let options = verify::Live {
            url: url.clone().unwrap_or_default(),
            token,
            allow_writes: args.allow_writes,
            ca: args.ca.clone(),
        };
        verify::live(&options).await?
    };
    args.output.print(&report)
}
