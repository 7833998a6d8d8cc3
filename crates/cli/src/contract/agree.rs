//! `web1on1 contract agree`: whether the statements of the API say the same.

use std::path::Path;
use std::process::ExitCode;

use ::contract::openapi::openapi;
use anyhow::Context as _;
use clap::Args;
use conformance::report::{Finding, Level, Location, Report};
use conformance::{agree, waivers};

use super::export::OPENAPI;
use super::output::{EXIT_CODES, OutputArgs};
use super::published::files;

/// Where the protos and what they import are, seen from the root of the
/// repository.
pub(super) const PROTOS: [&str; 2] = ["proto", "third_party"];

/// Where differences that are meant are listed.
const WAIVERS: &str = "crates/conformance/waivers.toml";

/// Compare the protos, the contract and the OpenAPI document, field by field
///
/// The protos are those in proto/, or the ones that this program was built from
/// where there is no such directory.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct AgreeArgs {
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) fn run(args: &AgreeArgs) -> anyhow::Result<ExitCode> {
    args.output.judges_nothing()?;
    let (findings, title) = findings()?;
    args.output.print(&Report {
        title,
        findings,
        accepted: 0,
        coverage: None,
    })
}

/// Where the statements differ, and what was compared.
pub(super) fn findings() -> anyhow::Result<(Vec<Finding>, String)> {
    let descriptors = match descriptors() {
        Ok(descriptors) => descriptors,
        Err(error) => {
            let message = format!("the protos do not compile: {error:#}");
            let found = finding("proto-compile", PROTOS[0], message);
            return Ok((vec![found], "the protos alone".to_owned()));
        }
    };
    let protos = conformance::from_proto(&descriptors)?;
    let contract = conformance::from_contract();
    let document = conformance::from_openapi(&openapi(), &format!("{OPENAPI}/openapi.json"))?;
    let waivers = waivers::of_this_repository()?;
    let differences = agree::agree(&[&protos, &contract, &document]);
    let (left, unused) = waivers::apply(differences, &waivers);
    let mut found: Vec<_> = agree::merge(left).iter().map(Finding::from).collect();
    found.extend(unused.iter().map(|waiver| {
        let message = format!(
            "the waiver of {} is needed no more; remove it",
            waiver.subject
        );
        finding("waiver-unused", WAIVERS, message)
    }));
    let compared = format!(
        "protos, contract and document on {} operations and {} types",
        contract.operations.len(),
        contract.types.len()
    );
    Ok((found, compared))
}

/// The protos of the working tree: this program may have been built from
/// others.
fn descriptors() -> anyhow::Result<Vec<u8>> {
    let root = Path::new(PROTOS[0]);
    if !root.is_dir() {
        return Ok(proto::FILE_DESCRIPTOR_SET.to_vec());
    }
    let protos = files(root)?
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "proto")
        });
    let mut compiler = protox::Compiler::new(PROTOS).context("protox cannot be set up")?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(protos)?;
    Ok(compiler.encode_file_descriptor_set())
}

fn finding(id: &str, source: &str, message: String) -> Finding {
    Finding {
        id: id.to_owned(),
        level: Level::Error,
        direction: None,
        operation: None,
        also: Vec::new(),
        base: None,
        revision: Some(Location::of_text(source, None)),
        message,
    }
}
