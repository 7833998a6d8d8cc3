//! Which API a command is about.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use conformance::release::{Settings, Whole, read_if_there};
use conformance::verify;

/// Which API it is about; `contract.toml` in this directory says so, unless this
/// does.
#[derive(Args, Debug)]
#[command(next_help_heading = "API")]
pub(crate) struct ProjectArgs {
    /// The OpenAPI document of the API, in JSON or YAML
    ///
    /// It is a path below this directory. Without it, contract.toml says where the
    /// document, the protos and the rest lie.
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    /// A directory with the protos of the API; may be given several times
    ///
    /// Imports are resolved in it.
    #[arg(long, value_name = "DIR")]
    proto: Vec<PathBuf>,
}

impl ProjectArgs {
    /// As if only this document had been named, or nothing.
    pub(super) fn of(document: Option<PathBuf>) -> Self {
        Self {
            document,
            proto: Vec::new(),
        }
    }

    /// Returns where the statements of the API lie. Nothing is taken for granted: a
    /// directory that says nothing about an API has none.
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        let file = read_if_there(Path::new(Settings::FILE))?;
        let file = file.map(|text| Settings::parse(&text, Settings::FILE));
        let file = file.transpose()?;
        if self.document.is_none() && self.proto.is_empty() {
            let Some(settings) = file else {
                bail!(
                    "there is no {} here, so nothing says which API this is about; run this in \
                     the root of the repository that has one, or name the statements of your API: \
                     --document FILE and --proto DIR",
                    Settings::FILE
                );
            };
            return Ok(settings);
        }
        let proto: Vec<PathBuf> = self.proto.iter().map(|path| tidied(path)).collect();
        let Some(document) = &self.document else {
            let Some(mut settings) = file else {
                bail!("--proto names one statement of the API; name the other: --document FILE");
            };
            settings.protos = proto;
            return Ok(settings);
        };
        let mut settings = match file {
            Some(settings) => settings,
            None => Settings::of(tidied(document), Vec::new())?,
        };
        // Another document is of another API than the one that is built in.
        settings.built_in &= settings.document == tidied(document);
        settings.document = tidied(document);
        if !proto.is_empty() {
            settings.protos = proto;
        }
        Ok(settings)
    }
}

/// Refuses to work on the API that is built in where another one is at home, or none.
pub(super) fn of_built_in(is_meant: bool) -> anyhow::Result<()> {
    if is_meant {
        return Ok(());
    }
    let file = read_if_there(Path::new(Settings::FILE))?;
    let settings = file.map(|text| Settings::parse(&text, Settings::FILE));
    let found = match settings.transpose()? {
        Some(settings) if settings.built_in => return Ok(()),
        Some(_) => "the API of this directory is another than the one that is built in",
        None => "there is no contract.toml here, so nothing says which API this is about",
    };
    bail!("{found}; this works on the one that is built in, so give --built-in if that is meant");
}

/// Returns a path without what means nothing in it, such as `./`.
fn tidied(path: &Path) -> PathBuf {
    path.components()
        .filter(|component| !matches!(component, std::path::Component::CurDir))
        .collect()
}

/// Refuses settings that name a document which is not there. One that is derived need not
/// be.
pub(super) fn document_is_there(settings: &Settings) -> anyhow::Result<()> {
    let path = &settings.document;
    if !settings.built_in && !path.exists() {
        bail!("there is no document {}", path.display());
    }
    Ok(())
}

/// Reads the document with the files that it refers to.
pub(super) fn whole_document(settings: &Settings) -> anyhow::Result<Whole> {
    document_is_there(settings)?;
    let path = &settings.document;
    Ok(Whole::read(path, &path.display().to_string())?)
}

/// Reads the document at a path, with the files that it refers to.
pub(super) fn api_document(path: &Path) -> anyhow::Result<verify::ApiDocument> {
    let name = path.display().to_string();
    let whole = Whole::read(path, &name)?;
    Ok(verify::ApiDocument::new(&name, whole.document)?)
}
