//! `web1on1 contract`: what is published of the contract.

mod bless;
mod buf;
mod check;
mod diff;
mod export;
mod output;
mod policy;
mod published;
mod record;
mod verify;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use conformance::waivers;

/// Publish the contract, and check that everything keeps it
#[derive(Args, Debug)]
pub(crate) struct ContractArgs {
    #[command(subcommand)]
    command: ContractCommand,
}

#[derive(Subcommand, Debug)]
enum ContractCommand {
    Check(check::CheckArgs),
    Bless(bless::BlessArgs),
    Export(export::ExportArgs),
    /// Compare the protos with the contract, field by field
    Agree,
    Diff(diff::DiffArgs),
    Verify(verify::VerifyArgs),
    Record(record::RecordArgs),
}

pub(crate) async fn run(args: &ContractArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        ContractCommand::Check(args) => Ok(output::or_unusable(check::run(args).await)),
        ContractCommand::Bless(args) => Ok(output::or_unusable(bless::run(args))),
        ContractCommand::Export(args) => Ok(output::or_unusable(export::run(args))),
        ContractCommand::Agree => agree(),
        ContractCommand::Diff(args) => Ok(output::or_unusable(diff::run(args))),
        ContractCommand::Verify(args) => Ok(output::or_unusable(verify::run(args).await)),
        ContractCommand::Record(args) => Ok(output::or_unusable(record::run(args).await)),
    }
}

/// Prints every difference between the protos, the contract and the OpenAPI
/// document that is not waived, and every waiver that is needed no more.
fn agree() -> anyhow::Result<ExitCode> {
    let protos = conformance::from_proto(proto::FILE_DESCRIPTOR_SET)?;
    let contract = conformance::from_contract();
    let document = ::contract::openapi::openapi();
    let document = conformance::from_openapi(&document, "openapi/openapi.json")?;
    let waivers = waivers::of_this_repository()?;
    let differences = conformance::agree::agree(&[&protos, &contract, &document]);
    let (left, unused) = waivers::apply(differences, &waivers);
    for difference in conformance::agree::merge(left.clone()) {
        println!("{difference}");
    }
    for waiver in &unused {
        println!("{}: the waiver is needed no more", waiver.subject);
    }
    if left.is_empty() && unused.is_empty() {
        println!(
            "the protos, the contract and the OpenAPI document agree on {} operations and {} types",
            contract.operations.len(),
            contract.types.len()
        );
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
