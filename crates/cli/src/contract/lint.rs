//! `web1on1 contract lint`: what makes clients ugly that are generated from a document.

use std::process::ExitCode;

use clap::Args;
use conformance::release::Settings;
use conformance::report::{Finding, Report};

use super::output::{EXIT_CODES, OutputArgs};
use super::policy::{PolicyArgs, today};
use super::project::{ProjectArgs, whole_document};

/// Find what makes clients ugly that are generated from the OpenAPI document
///
/// Names that are one in another language, alternatives that are no type by themselves,
/// objects and enums that generators have to make names up for, and the like. None of it
/// is wrong; an error is what does not compile, or is lost.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct LintArgs {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) fn run(args: &LintArgs) -> anyhow::Result<ExitCode> {
    let settings = args.project.settings()?;
    let policy = args.policy.or_list(settings.ignore.as_ref());
    let mut policy = policy.read(&args.output)?;
    let report = Report {
        title: format!("{} for generators of clients", settings.document.display()),
        findings: policy.judge(findings(&settings)?, today()),
        accepted: policy.accepted(),
        coverage: None,
    };
    let command = "web1on1 contract lint";
    args.policy.report(&report, &args.output, command)
}

/// Everything that is found in the document.
pub(super) fn findings(settings: &Settings) -> anyhow::Result<Vec<Finding>> {
    Ok(whole_document(settings)?.lint())
}
