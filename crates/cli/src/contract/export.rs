//! `web1on1 contract export`: the files that are derived from the contract.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ::contract::artefacts::{Artefact, artefacts_of};
use ::contract::openapi::VERSION;
use anyhow::Context as _;
use clap::Args;
use http::Uri;

use super::output::to_stdout;
use super::project::of_built_in;

/// Where the derived files are kept, seen from the root of the repository.
pub(super) const OPENAPI: &str = "openapi";

/// What makes stale files fresh.
pub(super) const COMMAND: &str = "cargo run -- contract export";

/// Write the OpenAPI document and the JSON Schemas of the API that is built in
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The directory to write to
    #[arg(long, value_name = "DIR", default_value = OPENAPI)]
    out: PathBuf,

    /// Do it for the API that is built in, although contract.toml of this directory does not
    /// say that this is its repository
    #[arg(long)]
    built_in: bool,

    /// The base URL of the server that the document names, such as
    /// `https://api.example.com/v2`; without it that of the API and that of a server on this machine
    #[arg(long, value_name = "URL")]
    server_url: Option<Uri>,
}

/// A file that is not as the contract derives it.
pub(super) struct Stale {
    pub(super) path: PathBuf,
    /// What the file holds, if it is there.
    pub(super) found: Option<String>,
    /// What it should hold, if it should be there.
    pub(super) derived: Option<String>,
}

pub(crate) fn run(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    of_built_in(args.built_in)?;
    let server = args.server_url.as_ref().map(Uri::to_string);
    let artefacts = artefacts_of(VERSION, server.as_deref());
    let stale = stale(&args.out, &artefacts)?;
    for file in &stale {
        file.refresh()?;
        let done = if file.derived.is_some() {
            "wrote"
        } else {
            "removed"
        };
        to_stdout(&format!("{done} {}\n", file.path.display()))?;
    }
    if stale.is_empty() {
        let (out, files) = (args.out.display(), artefacts.len());
        to_stdout(&format!("{out} is up to date ({files} files)\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Every file below a directory that is not as it should be; schemas that are
/// derived from nothing are among them.
pub(super) fn stale(directory: &Path, artefacts: &[Artefact]) -> anyhow::Result<Vec<Stale>> {
    let mut stale = Vec::new();
    let mut derived = BTreeSet::new();
    for artefact in artefacts {
        let path = directory.join(&artefact.path);
        let found = read_if_there(&path)?;
        if found.as_ref() != Some(&artefact.content) {
            stale.push(Stale {
                path: path.clone(),
                found,
                derived: Some(artefact.content.clone()),
            });
        }
        derived.insert(path);
    }
    let schemas = directory.join("schemas");
    let entries = match fs::read_dir(&schemas) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be read", schemas.display()));
        }
    };
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
            && !derived.contains(&path)
        {
            stale.push(Stale {
                found: read_if_there(&path)?,
                path,
                derived: None,
            });
        }
    }
    Ok(stale)
}

impl Stale {
    /// Writes what the file should hold, or removes it.
    pub(super) fn refresh(&self) -> anyhow::Result<()> {
        let path = &self.path;
        let Some(content) = &self.derived else {
            return fs::remove_file(path)
                .with_context(|| format!("{} cannot be removed", path.display()));
        };
        write(path, content)
    }
}

/// Writes a file, and the directories that it lies in.
pub(super) fn write(path: &Path, content: &str) -> anyhow::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)
            .with_context(|| format!("{} cannot be created", directory.display()))?;
    }
    fs::write(path, content).with_context(|| format!("{} cannot be written", path.display()))
}

fn read_if_there(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read(path) {
        // What is not text differs from what should be there all the same.
        Ok(content) => Ok(Some(String::from_utf8_lossy(&content).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}
