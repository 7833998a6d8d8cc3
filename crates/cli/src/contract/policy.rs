//! The decisions of a team about findings, from the command line.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use conformance::diff::{Baseline, Policy};
use conformance::report::{Finding, Report};

use super::output::OutputArgs;

#[derive(Args, Debug)]
#[command(next_help_heading = "Report")]
pub(crate) struct PolicyArgs {
    /// Levels, and findings that are accepted with a reason until a date
    ///
    /// A TOML file: `[levels]` with `id = "error|warning|info|none"`, and
    /// `[[ignore]]` with `id`, `reason` and, if wanted, `operation`, `path`, `pointer`
    /// and `message` (`*` stands for any text) and `expires = "2030-01-31"`.
    #[arg(long, value_name = "FILE")]
    pub(super) ignore: Option<PathBuf>,
    /// Write an ignore file that accepts the errors and warnings of this report
    ///
    /// With that file as --ignore a later run shows what is new. If it is the file of
    /// --ignore, entries are added to its end; another file that exists is left alone.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
}

impl PolicyArgs {
    /// With this ignore file where none is named. Where it is not there yet, nothing is
    /// accepted.
    pub(super) fn or_list(&self, ignore: Option<&PathBuf>) -> Self {
        let ignore = ignore.filter(|path| path.exists());
        Self {
            ignore: self.ignore.clone().or_else(|| ignore.cloned()),
            write_baseline: self.write_baseline.clone(),
        }
    }

    /// The decisions of the file and of `--level`.
    pub(super) fn read(&self, output: &OutputArgs) -> anyhow::Result<Policy> {
        if let Some(baseline) = &self.write_baseline {
            // A check can take minutes; what cannot be written is said before it.
            self.refuse_other_file(baseline)?;
        }
        let mut policy = match &self.ignore {
            Some(path) => {
                let text = fs::read_to_string(path)
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

    /// Prints a report, writes the baseline if one is wanted, and tells what to exit with.
    /// The command is what shows all of the report.
    pub(super) fn report(
        &self,
        report: &Report,
        output: &OutputArgs,
        command: &str,
    ) -> anyhow::Result<ExitCode> {
        output.show(report, Some(command))?;
        let Some(path) = &self.write_baseline else {
            return Ok(output.exit_code(report));
        };
        let baseline = Baseline::of(&report.findings, today());
        self.write(path, &baseline)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        eprintln!(
            "{} {} in {}; give --ignore {} to see what is new",
            baseline.len(),
            if baseline.len() == 1 {
                "entry was written"
            } else {
                "entries were written"
            },
            path.display(),
            path.display(),
        );
        let mut rest = report.clone();
        rest.findings.retain(|finding| !Baseline::accepts(finding));
        Ok(output.exit_code(&rest))
    }

    fn write(&self, path: &Path, baseline: &Baseline) -> anyhow::Result<()> {
        if !self.is_ignore_file(path) {
            let mut file = File::create_new(path)?;
            return Ok(file.write_all(baseline.to_toml().as_bytes())?);
        }
        if baseline.is_empty() {
            return Ok(());
        }
        let old = fs::read_to_string(path)?;
        let all = format!("{}\n\n{}", old.trim_end(), baseline.to_toml());
        Policy::parse(&all).context(
            "entries can only be added to a file that writes each as [[ignore]]; \
             write them to another file",
        )?;
        Ok(fs::write(path, all)?)
    }

    fn refuse_other_file(&self, path: &Path) -> anyhow::Result<()> {
        if path.exists() && !self.is_ignore_file(path) {
            bail!(
                "{path} exists; give --ignore {path} as well to add what is new to it, or name \
                 another file",
                path = path.display()
            );
        }
        Ok(())
    }

    fn is_ignore_file(&self, path: &Path) -> bool {
        let ignore = self.ignore.as_ref().map(fs::canonicalize);
        match (ignore, fs::canonicalize(path)) {
            (Some(Ok(ignore)), Ok(path)) => ignore == path,
            _ => false,
        }
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
