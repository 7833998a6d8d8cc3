//! Why what is published cannot be told.

use std::path::PathBuf;

use crate::diff::DocumentError;
use crate::waivers::WaiverError;

/// Why the contract that is published, or the commit to compare with, cannot be
/// read.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A file or a directory cannot be read.
    #[error("{path} cannot be read", path = path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What happened instead.
        source: std::io::Error,
    },
    /// A file or a directory cannot be written.
    #[error("{path} cannot be written", path = path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What happened instead.
        source: std::io::Error,
    },
    /// There is no room for what a commit holds.
    #[error("no temporary directory can be created")]
    Temporary(#[source] std::io::Error),
    /// A file is not text in UTF-8.
    #[error("{0} is not text in UTF-8")]
    NotText(String),
    /// A TOML file is not what it should be.
    #[error("{file}, line {line}: {message}", message = source.message())]
    Toml {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What the parser says. Its own text has several lines.
        source: Box<toml::de::Error>,
    },
    /// A list of waivers is none.
    #[error("{file}: {source}")]
    Waivers {
        /// The file.
        file: String,
        /// Where it is none.
        source: WaiverError,
    },
    /// A YAML file is not YAML.
    #[error("{file} is not YAML")]
    Yaml {
        /// The file.
        file: String,
        /// Where it is not.
        source: yaml_serde::Error,
    },
    /// A setting means nothing.
    #[error("{file}: {message}")]
    Setting {
        /// The file.
        file: String,
        /// What is wrong, and what to write instead.
        message: String,
    },
    /// Nothing is published.
    #[error(
        "{name}/{document} cannot be read; publish a first contract with `contract bless`, or run \
         this in the directory that holds {name}/"
    )]
    NotPublished {
        /// What the published contract is called.
        name: String,
        /// The file of the document in it.
        document: String,
        /// What happened instead.
        source: std::io::Error,
    },
    /// A document states no version that can be compared.
    #[error("{document}: {message}")]
    Version {
        /// The document.
        document: String,
        /// What is wrong.
        message: String,
    },
    /// A document cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Git cannot be run.
    #[error(
        "git cannot be run, and {directory} is a git checkout: without git nothing can be compared \
         with what was there before", directory = directory.display()
    )]
    NoGit {
        /// The directory that holds `.git`.
        directory: PathBuf,
        /// What happened instead.
        source: std::io::Error,
    },
    /// Git refuses.
    #[error("`git {command}` failed: {stderr}")]
    Git {
        /// The arguments.
        command: String,
        /// What git says.
        stderr: String,
    },
    /// A revision is asked for where there are none.
    #[error("--against {0} needs a git checkout, and there is none here")]
    NoCheckout(String),
    /// Nothing tells which branch changes go to.
    #[error(
        "none of the branches {branches} is here, so nothing tells what this change is to be \
         compared with; fetch the branch that it goes to (`git fetch origin \
         +refs/heads/main:refs/remotes/origin/main`), or name a commit with --against"
    )]
    NoDefaultBranch {
        /// What was looked for.
        branches: String,
    },
    /// Two branches may be the one that changes go to.
    #[error(
        "both {one} and {other} are here, and nothing tells which of them this change goes to; \
         let `origin/HEAD` point to it (`git remote set-head origin --auto`), or name a commit \
         with --against"
    )]
    SeveralDefaultBranches {
        /// The one.
        one: String,
        /// The other.
        other: String,
    },
    /// The history ends before the commit that is needed.
    #[error(
        "this is a shallow clone, and {missing} is not in it; fetch the history with `git fetch \
         --unshallow origin` (`fetch-depth: 0` of actions/checkout), or name a commit that is \
         here with --against"
    )]
    Shallow {
        /// What is missing.
        missing: String,
    },
    /// Two histories have nothing in common.
    #[error("HEAD and {branch} have no commit in common; name a commit to compare with: --against")]
    Unrelated {
        /// The default branch.
        branch: String,
    },
}
