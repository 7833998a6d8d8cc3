//! `web1on1 contract diff`: what a new contract breaks.

use std::cmp::Reverse;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use conformance::diff::{diff, on_deep_stack};
use conformance::report::Report;
use tokio::runtime::Handle;

use super::documents;
use super::output::{EXIT_CODES, OutputArgs};
use super::policy::{self, PolicyArgs};

/// The contract as last published, and as it is in the working tree.
const BLESSED: &str = "blessed/openapi.json";
const CURRENT: &str = "openapi/openapi.json";

/// Tell what a new OpenAPI document breaks, and for whom
///
/// A document is a file, `REV:path` as git knows it, `-` for standard input, or an
/// http or https URL, in JSON or YAML. Files that it refers to are read from the same
/// place. Without documents the contract as last published is compared with the one in
/// openapi/.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct DiffArgs {
    /// The old document
    #[arg(requires = "revision", default_value = BLESSED)]
    base: String,
    /// The new document
    #[arg(default_value = CURRENT)]
    revision: String,
    /// Fetch documents, and those that they refer to, from the network
    ///
    /// A document from the network may only refer to its own host.
    #[arg(long)]
    allow_remote: bool,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) fn run(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    let runtime = Handle::current();
    on_deep_stack(|| {
        // Documents may have to be fetched.
        let _in_runtime = runtime.enter();
        compare(args)
    })
}

fn compare(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    if args.base == "-" && args.revision == "-" {
        bail!("only one of the documents can come from standard input");
    }
    let base = documents::read(&args.base, args.allow_remote)?;
    let revision = documents::read(&args.revision, args.allow_remote)?;
    let mut policy = args.policy.read(&args.output)?;
    let today = policy::today();
    let found = diff(&base, &revision, today);
    // Of a large document with many changes, there is room for the report or for this.
    drop((base, revision));
    let mut findings = policy.judge(found, today);
    findings.extend(policy.left_over(today));
    findings.sort_by_key(|finding| Reverse(finding.level));
    let report = Report {
        title: format!("{} → {}", args.base, args.revision),
        findings,
        accepted: policy.accepted(),
        coverage: None,
    };
    let command = format!("web1on1 contract diff {} {}", args.base, args.revision);
    args.policy.report(&report, &args.output, &command)
}
