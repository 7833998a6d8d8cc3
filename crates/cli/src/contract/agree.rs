//! `web1on1 contract agree`: whether the statements of the API say the same.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use ::contract::openapi::openapi;
use anyhow::{Context as _, bail};
use clap::Args;
use conformance::agree;
use conformance::api::Api;
use conformance::aspects;
use conformance::release::{self, Settings, read_if_there};
use conformance::report::{Finding, Level, Location, OperationList, Report};
use conformance::waivers;
use protox::file::{
    ChainFileResolver, DescriptorSetFileResolver, File, FileResolver, GoogleFileResolver,
    IncludeFileResolver,
};
use serde_json::Value;

use super::output::{EXIT_CODES, OutputArgs};
use super::project::{ProjectArgs, whole_document};
use super::workspace::KNOWN_IMPORTS;

/// Compare the protos and the OpenAPI document of an API, field by field
///
/// In a repository whose contract is built in, its Rust types are compared too.
/// The protos and the document are always those of the working tree.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct AgreeArgs {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) fn run(args: &AgreeArgs) -> anyhow::Result<ExitCode> {
    args.output.judges_nothing()?;
    let settings = args.project.settings()?;
    if settings.protos.is_empty() {
        bail!(
            "an API without protos has one statement, which agrees with itself; name its protos: \
             --proto DIR, or `protos` in {}",
            Settings::FILE
        );
    }
    let (findings, title) = findings(&settings)?;
    args.output.print(&Report {
        title,
        findings,
        accepted: 0,
        coverage: None,
    })
}

/// The path of the server that a document names first.
fn server_path(document: &Value) -> &str {
    let url = document["servers"][0]["url"].as_str().unwrap_or_default();
    let behind = url.split_once("://").map_or(url, |(_, rest)| rest);
    behind.find('/').map_or("", |slash| &behind[slash..])
}

/// Where the statements differ, and what was compared.
pub(super) fn findings(settings: &Settings) -> anyhow::Result<(Vec<Finding>, String)> {
    let protos = match protos(settings)? {
        Ok(protos) => protos,
        Err(error) => {
            let message = format!("the protos do not compile: {error:#}");
            let place = settings.protos.first().cloned().unwrap_or_default();
            let found = finding("proto-compile", &place.display().to_string(), message);
            return Ok((vec![found], "the protos alone".to_owned()));
        }
    };
    let name = settings.document.display().to_string();
    let mut statements = Vec::new();
    let mut whole = None;
    if settings.built_in {
        statements.push(protos);
        // The document is what the types derive, or the check of freshness says so.
        statements.push(conformance::from_contract());
        statements.push(conformance::from_openapi(&openapi(), &name)?);
    } else {
        let read = whole.insert(whole_document(settings)?);
        let document = read.document.value();
        let protos = conformance::without_conventions(protos);
        let stated = conformance::from_any_openapi(document, &name)?;
        let stated = conformance::pair(&protos, stated, server_path(document));
        statements.push(protos);
        statements.push(stated);
    }
    let known = match &settings.waivers {
        // Where there is no list yet, nothing is waived.
        Some(path) => {
            let text = read_if_there(path)?.unwrap_or_default();
            waivers::parse(&text).with_context(|| path.display().to_string())?
        }
        None => Vec::new(),
    };
    let statements: Vec<&Api> = statements.iter().collect();
    let (left, unused) = waivers::apply(agree::agree(&statements), &known);
    let found = agree::merge(left).into_iter().map(|difference| {
        let mut finding = Finding::from(&difference);
        // What is against the conventions of this project is none of another's faults.
        let level = match difference.aspect {
            aspects::STATEMENT => Some(Level::Info),
            // It may say what the document does not.
            aspects::BINDING => Some(Level::Warning),
            _ => None,
        };
        if let Some(level) = level.filter(|_| !settings.built_in) {
            "statement-not-understood".clone_into(&mut finding.id);
            finding.level = level;
        }
        finding
    });
    let mut found: Vec<_> = found.collect();
    if let Some(read) = &whole {
        let places = found.iter_mut().flat_map(|finding| {
            let places = [finding.base.as_mut(), finding.revision.as_mut()];
            places.into_iter().flatten()
        });
        let of_document = places.filter(|place| place.source == name);
        read.document.locate(of_document);
    }
    let place = settings.waivers.clone().unwrap_or_default();
    found.extend(unused.iter().map(|waiver| {
        let message = format!(
            "the waiver of {} is needed no more; remove it",
            waiver.subject
        );
        finding("waiver-unused", &place.display().to_string(), message)
    }));
    found.extend(
        known
            .iter()
            .filter(|waiver| waiver.reason.trim().is_empty())
            .map(|waiver| {
                let message = format!(
                    "the waiver of {} gives no reason; say why the difference is meant",
                    waiver.subject
                );
                finding(
                    "waiver-without-reason",
                    &place.display().to_string(),
                    message,
                )
            }),
    );
    let names = if settings.built_in {
        "protos, contract and document"
    } else {
        "protos and document"
    };
    let [operations, types] = statements.last().map_or([0, 0], |document| {
        [document.operations.len(), document.types.len()]
    });
    let compared = format!("{names} on {operations} operations and {types} types");
    if operations == 0 {
        let message = format!("{name} states no operation, so nothing was compared");
        found.push(finding("nothing-compared", &name, message));
    }
    Ok((found, compared))
}

/// The protos of the working tree, or why they do not compile.
fn protos(settings: &Settings) -> anyhow::Result<anyhow::Result<Api>> {
    // The path of each proto in the tree, by its name among the protos.
    let mut own: BTreeMap<String, String> = BTreeMap::new();
    for root in &settings.protos {
        for (path, _) in release::protos(root)? {
            let name = path.display().to_string();
            let path = root.join(&path).display().to_string();
            own.entry(name).or_insert(path);
        }
    }
    if own.is_empty() {
        let roots: Vec<_> = settings
            .protos
            .iter()
            .map(|root| root.display().to_string())
            .collect();
        bail!("there is no proto below {}", roots.join(", "));
    }
    let descriptors = match descriptors(settings, &own) {
        Ok(descriptors) => descriptors,
        Err(error) => return Ok(Err(error)),
    };
    let read = conformance::from_proto_files(&descriptors, |name| own.get(name).cloned())?;
    Ok(Ok(read))
}

fn descriptors(settings: &Settings, own: &BTreeMap<String, String>) -> anyhow::Result<Vec<u8>> {
    let mut resolver = ChainFileResolver::new();
    let roots: Vec<PathBuf> = settings
        .protos
        .iter()
        .chain(&settings.imports)
        .cloned()
        .collect();
    for root in roots {
        resolver.add(IncludeFileResolver::new(root));
    }
    resolver.add(GoogleFileResolver::new());
    resolver.add(KnownImports(
        DescriptorSetFileResolver::decode(proto::FILE_DESCRIPTOR_SET)
            .context("the protos that are built in cannot be read")?,
    ));
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(own.keys())?;
    Ok(compiler.encode_file_descriptor_set())
}

/// The protos that anybody can import although they do not lie in the repository.
struct KnownImports(DescriptorSetFileResolver);

impl FileResolver for KnownImports {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if KNOWN_IMPORTS
            .iter()
            .any(|package| name.starts_with(package))
        {
            self.0.open_file(name)
        } else {
            Err(protox::Error::file_not_found(name))
        }
    }
}

fn finding(id: &str, source: &str, message: String) -> Finding {
    Finding {
        id: id.to_owned(),
        level: Level::Error,
        direction: None,
        operation: None,
        also: OperationList::default(),
        base: None,
        revision: Some(Location::of_text(source, None)),
        message,
    }
}
