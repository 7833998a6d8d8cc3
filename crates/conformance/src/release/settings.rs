//! Where the statements of an API lie: `contract.toml`.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::allowance::Allowance;
use super::error::ReleaseError;

/// What `contract.toml` says. Its paths are relative to the directory that it lies
/// in, and lead nowhere else.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// The OpenAPI document, in JSON or YAML.
    pub document: PathBuf,
    /// The roots of the protos; imports are resolved in them. None where the API
    /// has no protos.
    pub protos: Vec<PathBuf>,
    /// More roots, of protos that are imported only.
    pub imports: Vec<PathBuf>,
    /// The directory of what is published.
    pub published: PathBuf,
    /// The changelog that `contract bless` writes to, if it is to write one.
    pub changelog: Option<PathBuf>,
    /// The file that holds the version, where the document is derived and takes it
    /// from there.
    pub version: Option<PathBuf>,
    /// The list of differences between the statements that are meant.
    pub waivers: Option<PathBuf>,
    /// The list of findings that are accepted.
    pub ignore: Option<PathBuf>,
    /// The recorded exchanges, if there are any.
    pub recorded: Option<Recorded>,
    /// What of the document is held against the lint.
    pub lint: Linted,
    /// Whether the Rust types that the program was built from are a statement of
    /// this API too, so that its document is derived from them.
    pub built_in: bool,
    /// More files that can silence a check, each with a pattern of the lines that
    /// count; `*` stands for any text.
    pub guarded: BTreeMap<PathBuf, String>,
    /// What changes may add although it weakens what they are judged by.
    pub allow: Vec<Allowance>,
}

/// What of a document is held against it where it makes generated clients ugly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Linted {
    /// What the published document does not have yet.
    #[default]
    New,
    /// All of it.
    All,
    /// Nothing.
    None,
}

impl Linted {
    /// The word for it in the settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::All => "all",
            Self::None => "none",
        }
    }
}

/// Where recorded exchanges lie.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Recorded {
    /// The directory with a file for each exchange.
    pub directory: PathBuf,
    /// The list of findings about them that are known, in the form of an ignore
    /// file.
    pub known: Option<PathBuf>,
    /// Statuses that no test can reach, each with the reason, such as
    /// `429 = "…"`. An exchange of one may be there, but need not.
    #[serde(default)]
    pub unreachable: BTreeMap<String, String>,
}

impl Settings {
    /// The name of the file.
    pub const FILE: &str = "contract.toml";

    /// The rules of buf, which are part of what is published.
    pub const BUF: &str = "buf.yaml";

    /// Reads settings.
    ///
    /// # Errors
    ///
    /// The text is not TOML of this form, or a path leads out of the directory.
    pub fn parse(text: &str, file: &str) -> Result<Self, ReleaseError> {
        let mut settings: Self = from_toml(text, file)?;
        settings.fill();
        settings.check(file)?;
        Ok(settings)
    }

    /// Returns the settings for an API of which only this is known.
    ///
    /// # Errors
    ///
    /// A path leads out of the directory.
    pub fn of(document: PathBuf, protos: Vec<PathBuf>) -> Result<Self, ReleaseError> {
        let mut settings = Self {
            document,
            protos,
            ..Self::default()
        };
        settings.fill();
        settings.check("the command line")?;
        Ok(settings)
    }

    fn fill(&mut self) {
        if self.published.as_os_str().is_empty() {
            self.published = "blessed".into();
        }
    }

    fn check(&self, file: &str) -> Result<(), ReleaseError> {
        let wrong = |message: String| ReleaseError::Setting {
            file: file.to_owned(),
            message,
        };
        if self.document.file_name().is_none() {
            return Err(wrong(
                "`document` is missing; name the OpenAPI document of the API".to_owned(),
            ));
        }
        for path in self.paths() {
            let is_below = path
                .components()
                .all(|component| matches!(component, Component::Normal(_)));
            if !is_below {
                let path = path.display();
                return Err(wrong(format!(
                    "{path} leads out of the directory, or is written with `.` or `..`; name a \
                     path below the directory of {}",
                    Self::FILE
                )));
            }
        }
        for allowance in &self.allow {
            allowance.check().map_err(wrong)?;
        }
        let recorded = self.recorded.iter().flat_map(|of| &of.unreachable);
        for (status, reason) in recorded {
            if reason.trim().is_empty() {
                return Err(wrong(format!(
                    "`unreachable` gives no reason for {status}; say why no test can reach it"
                )));
            }
        }
        Ok(())
    }

    /// Every path that is named.
    fn paths(&self) -> impl Iterator<Item = &Path> {
        let recorded = self.recorded.iter();
        let recorded = recorded.flat_map(|of| [Some(&of.directory), of.known.as_ref()]);
        [Some(&self.document), Some(&self.published)]
            .into_iter()
            .chain(self.protos.iter().chain(&self.imports).map(Some))
            .chain([
                self.changelog.as_ref(),
                self.version.as_ref(),
                self.waivers.as_ref(),
                self.ignore.as_ref(),
            ])
            .chain(recorded)
            .chain(self.guarded.keys().map(Some))
            .flatten()
            .map(PathBuf::as_path)
    }

    /// What a commit has to give up for a comparison.
    pub(crate) fn compared(&self) -> Vec<PathBuf> {
        let known = self.recorded.as_ref().and_then(|of| of.known.as_ref());
        [
            Some(&self.document),
            Some(&self.published),
            self.changelog.as_ref(),
            self.waivers.as_ref(),
            self.ignore.as_ref(),
            known,
        ]
        .into_iter()
        .chain(self.guarded.keys().map(Some))
        .flatten()
        .cloned()
        .collect()
    }

    /// Returns the name of the document below the directory of what is published.
    pub fn document_name(&self) -> PathBuf {
        self.document
            .file_name()
            .map(PathBuf::from)
            .unwrap_or_default()
    }
}

/// Reads a TOML file, and says on which line it is none.
pub(crate) fn from_toml<T: for<'de> Deserialize<'de>>(
    text: &str,
    file: &str,
) -> Result<T, ReleaseError> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        ReleaseError::Toml {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            source: Box::new(error),
        }
    })
}
