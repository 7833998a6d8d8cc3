//! The contract of the working tree, and what would be published of it.

use std::path::Path;

use ::contract::artefacts::artefacts_of;
use ::contract::openapi::VERSION;
use anyhow::{Context as _, bail};
use conformance::diff::Document;
use conformance::release::{Files, Settings, protos, read_all, read_if_there};
use semver::Version;

use super::project::whole_document;
use super::workspace;

/// The forms of the document that nothing is compared with.
const OTHER_FORMS: [&str; 3] = ["openapi.yaml", "openapi-3.0.json", "openapi-3.0.yaml"];

/// The contract of the working tree.
pub(super) struct Revision {
    pub(super) version: Version,
    pub(super) document: Document,
}

impl Revision {
    /// Reads the document, as the contract derives it where it is built in, whatever
    /// the committed file holds.
    pub(super) fn of(settings: &Settings) -> anyhow::Result<Self> {
        let name = settings.document.display().to_string();
        if settings.built_in {
            let version = stated_version(settings)?;
            let artefacts = artefacts_of(&version.to_string(), None);
            let derived = artefacts
                .iter()
                .find(|artefact| Path::new(&artefact.path) == settings.document_name())
                .with_context(|| format!("the contract derives no {name}"))?;
            let document = Document::parse(&name, &derived.content)?;
            return Ok(Self { version, document });
        }
        let document = whole_document(settings)?.document;
        Ok(Self {
            version: conformance::release::version_in(document.value(), &name)?,
            document,
        })
    }
}

/// The version of the contract that is built in. The file tells it, since the program
/// may have been built before it was raised.
pub(super) fn stated_version(settings: &Settings) -> anyhow::Result<Version> {
    let Some(path) = &settings.version else {
        return Version::parse(VERSION).context("the version that is built in is not SemVer");
    };
    let text = read_if_there(path)?;
    let text = text.with_context(|| format!("{} is gone", path.display()))?;
    Version::parse(text.trim()).with_context(|| format!("{} holds no SemVer", path.display()))
}

/// Everything that is published under a version, by its path below the directory of
/// what is published.
pub(super) fn contents(settings: &Settings, version: &str) -> anyhow::Result<Files> {
    let mut contents = Files::new();
    if settings.built_in {
        for artefact in artefacts_of(version, None) {
            // Three of the four forms of the document say what the first one says.
            if !OTHER_FORMS.contains(&&*artefact.path) {
                contents.insert(artefact.path.into(), artefact.content.into_bytes());
            }
        }
    } else {
        let whole = whole_document(settings)?;
        if let Some(path) = whole.elsewhere.first() {
            bail!(
                "{} refers to {}, which does not lie below {}, so it cannot be published with the \
                 document; move it there",
                settings.document.display(),
                path.display(),
                settings
                    .document
                    .parent()
                    .unwrap_or(Path::new("."))
                    .display()
            );
        }
        contents.extend(whole.files);
    }
    contents.extend(statements_of_protos(settings)?);
    Ok(contents)
}

/// The protos of the working tree, what they import, and the rules of buf: what would be
/// published of them.
pub(super) fn statements_of_protos(settings: &Settings) -> anyhow::Result<Files> {
    let mut contents = Files::new();
    for directory in &settings.protos {
        for (path, content) in protos(directory)? {
            contents.insert(directory.join(path), content);
        }
    }
    for directory in &settings.imports {
        for (path, content) in read_all(directory)? {
            contents.insert(directory.join(path), content);
        }
    }
    for file in [Settings::BUF, workspace::LOCK] {
        if let Some(text) = read_if_there(Path::new(file))? {
            contents.insert(file.into(), text.into_bytes());
        }
    }
    Ok(contents)
}
