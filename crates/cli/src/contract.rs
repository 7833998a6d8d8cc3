//! `web1on1 contract`: what is published of the contract.

mod diff;
mod output;
mod record;
mod verify;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
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
    /// Write the OpenAPI document and the JSON Schemas
    Export {
        /// The folder to write to
        #[arg(long, value_name = "DIR", default_value = "openapi")]
        out: PathBuf,
    },
    /// Compare the protos with the contract, field by field
    Agree,
    Diff(diff::DiffArgs),
    Verify(verify::VerifyArgs),
    Record(record::RecordArgs),
}

pub(crate) async fn run(args: &ContractArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        ContractCommand::Export { out } => export(out).map(|()| ExitCode::SUCCESS),
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

/// Writes what is not up to date, and removes the schemas that are no longer
/// part of the contract.
fn export(out: &Path) -> anyhow::Result<()> {
    let artefacts = ::contract::openapi::artefacts();
    let mut kept = BTreeSet::new();
    let mut changed = 0;
    for artefact in &artefacts {
        let path = out.join(&artefact.path);
        if fs::read_to_string(&path).ok().as_ref() != Some(&artefact.content) {
            let folder = path.parent().unwrap_or(out);
            fs::create_dir_all(folder)
                .with_context(|| format!("{} cannot be created", folder.display()))?;
            fs::write(&path, &artefact.content)
                .with_context(|| format!("{} cannot be written", path.display()))?;
            println!("wrote {}", path.display());
            changed += 1;
        }
        kept.insert(path);
    }
    let schemas = out.join("schemas");
    let entries =
        fs::read_dir(&schemas).with_context(|| format!("{} cannot be read", schemas.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "json") && !kept.contains(&path) {
            fs::remove_file(&path)
                .with_context(|| format!("{} cannot be removed", path.display()))?;
            println!("removed {}", path.display());
            changed += 1;
        }
    }
    if changed == 0 {
        println!(
            "{} is up to date ({} files)",
            out.display(),
            artefacts.len()
        );
    }
    Ok(())
}
