//! `web1on1 contract lint`: what makes clients ugly that are generated from a document.

use std::process::ExitCode;

use clap::Args;
use conformance::lint::lint;
use conformance::release;
use conformance::report::Report;

use super::output::{EXIT_CODES, OutputArgs};
use super::project::{ProjectArgs, document_text};

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
    output: OutputArgs,
}

pub(crate) fn run(args: &LintArgs) -> anyhow::Result<ExitCode> {
    args.output.judges_nothing()?;
    let settings = args.project.settings()?;
    let name = settings.document.display().to_string();
    let document = release::value_of(&document_text(&settings)?, &name)?;
    args.output.print(&Report {
        title: format!("{name} for generators of clients"),
        findings: lint(&document, &name),
        accepted: 0,
        coverage: None,
    })
}
