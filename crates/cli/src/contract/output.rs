//! How the subcommands of `web1on1 contract` report, and what they exit with.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use conformance::report::{self, Level, Report};

/// What `--help` says about exit codes.
pub(crate) const EXIT_CODES: &str = "Exit codes:\n  \
    0  nothing was found at the level of --fail-on or above\n  \
    1  something was\n  \
    2  the arguments are wrong, or something cannot be read or reached";

#[derive(Args, Debug)]
pub(crate) struct OutputArgs {
    /// How to write the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The least level to exit with 1 for
    #[arg(long, value_enum, default_value_t)]
    fail_on: FailOn,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people; in colour on a terminal, unless `NO_COLOR` is set
    #[default]
    Text,
    /// For programs
    Json,
    /// Annotations of GitHub Actions
    Github,
    /// `JUnit` XML
    Junit,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Markdown, for a comment or a changelog
    Markdown,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum FailOn {
    #[default]
    Error,
    Warning,
    Info,
}

impl OutputArgs {
    /// Prints a report and tells what to exit with.
    pub(crate) fn print(&self, report: &Report) -> anyhow::Result<ExitCode> {
        let format = match self.format {
            Format::Text => report::Format::Text,
            Format::Json => report::Format::Json,
            Format::Github => report::Format::Github,
            Format::Junit => report::Format::Junit,
            Format::Sarif => report::Format::Sarif,
            Format::Markdown => report::Format::Markdown,
        };
        let mut stdout = std::io::stdout().lock();
        // See https://no-color.org: any value counts, but not an empty one.
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = stdout.is_terminal() && !plain;
        stdout.write_all(report::render(report, format, colour).as_bytes())?;
        stdout.flush()?;
        let level = match self.fail_on {
            FailOn::Error => Level::Error,
            FailOn::Warning => Level::Warning,
            FailOn::Info => Level::Info,
        };
        Ok(ExitCode::from(u8::from(report.fails_on(level))))
    }
}

/// Exits with 2 where a check could not be made.
pub(crate) fn or_unusable(done: anyhow::Result<ExitCode>) -> ExitCode {
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}
