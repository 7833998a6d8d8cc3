//! `web1on1 contract`: what is published of the contract.

mod agree;
mod bless;
mod buf;
mod built_in;
mod check;
mod diff;
mod documents;
mod export;
mod fresh;
mod git_diff;
mod lint;
mod output;
mod policy;
mod project;
mod record;
mod recorded;
mod remote;
mod revision;
mod rules;
mod site;
mod verify;
mod workspace;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// Publish the contract, and check that everything keeps it
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    web1on1 contract check\n  \
    web1on1 contract diff old.yaml new.yaml\n  \
    web1on1 contract verify --url https://api.example.com/v2")]
pub(crate) struct ContractArgs {
    #[command(subcommand)]
    command: ContractCommand,
}

#[derive(Subcommand, Debug)]
enum ContractCommand {
    Check(check::CheckArgs),
    Bless(bless::BlessArgs),
    Export(export::ExportArgs),
    Site(site::SiteArgs),
    Agree(agree::AgreeArgs),
    Diff(diff::DiffArgs),
    GitDiff(git_diff::GitDiffArgs),
    Lint(lint::LintArgs),
    Rules(rules::RulesArgs),
    Verify(verify::VerifyArgs),
    Record(record::RecordArgs),
}

pub(crate) async fn run(args: &ContractArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        ContractCommand::Check(args) => Ok(output::or_unusable(check::run(args).await)),
        ContractCommand::Bless(args) => Ok(output::or_unusable(bless::run(args))),
        ContractCommand::Export(args) => Ok(output::or_unusable(export::run(args))),
        ContractCommand::Site(args) => Ok(output::or_unusable(site::run(args))),
        ContractCommand::Agree(args) => Ok(output::or_unusable(agree::run(args))),
        ContractCommand::Diff(args) => Ok(output::or_unusable(diff::run(args))),
        ContractCommand::GitDiff(args) => Ok(output::or_unusable(git_diff::run(args))),
        ContractCommand::Lint(args) => Ok(output::or_unusable(lint::run(args))),
        ContractCommand::Rules(args) => Ok(output::or_unusable(rules::run(args))),
        ContractCommand::Verify(args) => Ok(output::or_unusable(verify::run(args).await)),
        ContractCommand::Record(args) => Ok(output::or_unusable(record::run(args).await)),
    }
}
