//! `web1on1 contract diff`: what a new contract breaks.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use clap::Args;
use conformance::diff::Document;
use conformance::report::Report;

use super::output::{EXIT_CODES, OutputArgs};
use super::policy::{self, PolicyArgs};

/// The contract as last published, and as it is in the working tree.
const BLESSED: &str = "blessed/openapi.json";
const CURRENT: &str = "openapi/openapi.json";

/// Tell what a new OpenAPI document breaks, and for whom
///
/// A document is a file, `REV:path` as git knows it, or `-` for standard input,
/// in JSON or YAML. Without documents the contract as last published is
/// compared with the one in openapi/.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct DiffArgs {
    /// The old document
    #[arg(requires = "revision", default_value = BLESSED)]
    base: String,
    /// The new document
    #[arg(default_value = CURRENT)]
    revision: String,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) fn run(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    if args.base == "-" && args.revision == "-" {
        bail!("only one of the documents can come from standard input");
    }
    let base = Document::parse(&args.base, &read(&args.base)?)?;
    let revision = Document::parse(&args.revision, &read(&args.revision)?)?;
    let findings = policy::changes(&base, &revision, &args.policy.read(&args.output)?);
    args.output.print(&Report {
        title: format!("{} → {}", args.base, args.revision),
        findings,
        coverage: None,
    })
}

/// A file wins over a git object of the same spelling.
fn read(source: &str) -> anyhow::Result<String> {
    if source == "-" {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("standard input cannot be read")?;
        return Ok(text);
    }
    if Path::new(source).exists() || !source.contains(':') {
        return std::fs::read_to_string(source).with_context(|| format!("{source} cannot be read"));
    }
    let shown = Command::new("git")
        .args(["show", "--end-of-options", source])
        .output()
        .context("git cannot be run")?;
    if !shown.status.success() {
        let reason = String::from_utf8_lossy(&shown.stderr);
        bail!("{source} cannot be read: {}", reason.trim());
    }
    String::from_utf8(shown.stdout).with_context(|| format!("{source} is not text"))
}
