//! The decisions of a team about findings, from the command line.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use conformance::diff::Policy;
use conformance::report::Finding;

use super::output::OutputArgs;

#[derive(Args, Debug)]
pub(crate) struct PolicyArgs {
    /// Levels, and changes that are accepted with a reason until a date
    ///
    /// A TOML file: `[levels]` with `id = "error|warning|info|none"`, and
    /// `[[ignore]]` with `id`, `reason` and, if wanted, `operation`, `pointer`
    /// (`*` stands for any text) and `expires = "2030-01-31"`.
    #[arg(long, value_name = "FILE")]
    pub(super) ignore: Option<PathBuf>,
}

impl PolicyArgs {
    /// The decisions of the file and of `--level`.
    pub(super) fn read(&self, output: &OutputArgs) -> anyhow::Result<Policy> {
        let mut policy = match &self.ignore {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("{} cannot be read", path.display()))?;
                Policy::parse(&text).with_context(|| path.display().to_string())?
            }
            None => Policy::default(),
        };
        for level in output.judged() {
            policy.set_level(level)?;
        }
        Ok(policy)
    }
}

/// Compares two documents as of today, and applies the decisions.
pub(super) fn changes(
    base: &conformance::diff::Document,
    revision: &conformance::diff::Document,
    policy: &Policy,
) -> Vec<Finding> {
    let today = today();
    policy.apply(conformance::diff::diff(base, revision, today), today)
}

/// The date in UTC.
pub(super) fn today() -> jiff::civil::Date {
    jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
}
