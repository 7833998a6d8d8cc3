//! How the subcommands of `web1on1 contract` report, and what they exit with.

use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use conformance::report::{self, Level, Report, Shown};

/// What `--help` says about exit codes.
pub(crate) const EXIT_CODES: &str = "Exit codes:\n  \
    0  nothing was found at the level of --fail-on or above\n  \
    1  something was\n  \
    2  the arguments are wrong, or something cannot be read or reached";

#[derive(Args, Debug)]
#[command(next_help_heading = "Report")]
pub(crate) struct OutputArgs {
    /// How to write the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The least level to exit with 1 for
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t)]
    fail_on: Least,
    /// Show no findings below this level (error, warning or info), but count them
    ///
    /// ID=error|warning|info|none judges a kind of finding in another way.
    #[arg(long, value_name = "[ID=]LEVEL")]
    level: Vec<LevelArg>,
    /// Show so many findings at most, the worst first, and count the rest
    #[arg(long, value_name = "N")]
    max: Option<usize>,
    /// Say below each change what a client has to do about it, in the text form; JSON,
    /// Markdown and HTML always do
    #[arg(long)]
    explain: bool,
}

/// What `--level` says.
#[derive(Clone, Debug)]
enum LevelArg {
    /// The least level to show.
    Show(Level),
    /// `ID=LEVEL`.
    Judge(String),
}

impl std::str::FromStr for LevelArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('=') {
            return Ok(Self::Judge(text.to_owned()));
        }
        Least::from_str(text, false)
            .map(|least| Self::Show(least.level()))
            .map_err(|_| "say error, warning or info, or ID=LEVEL".to_owned())
    }
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
    /// Markdown of at most 60 KB, for a comment or a changelog
    Markdown,
    /// The same as a page
    Html,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Least {
    #[default]
    Error,
    Warning,
    Info,
}

impl OutputArgs {
    /// Kinds of findings that are to be judged in another way, as `ID=LEVEL`.
    pub(crate) fn judged(&self) -> impl Iterator<Item = &str> {
        self.level.iter().filter_map(|level| match level {
            LevelArg::Judge(text) => Some(text.as_str()),
            LevelArg::Show(_) => None,
        })
    }

    /// Refuses what only commands that compare can do.
    pub(crate) fn judges_nothing(&self) -> anyhow::Result<()> {
        if let Some(level) = self.judged().next() {
            anyhow::bail!("--level {level} is understood by `contract diff` and `contract check`");
        }
        Ok(())
    }

    fn least(&self) -> Level {
        let shown = self.level.iter().rev().find_map(|level| match level {
            LevelArg::Show(level) => Some(*level),
            LevelArg::Judge(_) => None,
        });
        shown.unwrap_or(Level::Info)
    }

    /// Prints a report and tells what to exit with.
    pub(crate) fn print(&self, report: &Report) -> anyhow::Result<ExitCode> {
        self.show(report, None)?;
        Ok(self.exit_code(report))
    }

    /// Prints a report. The command is what shows all of it.
    pub(super) fn show(&self, report: &Report, command: Option<&str>) -> anyhow::Result<()> {
        let format = match self.format {
            Format::Text => report::Format::Text,
            Format::Json => report::Format::Json,
            Format::Github => report::Format::Github,
            Format::Junit => report::Format::Junit,
            Format::Sarif => report::Format::Sarif,
            Format::Markdown => report::Format::Markdown,
            Format::Html => report::Format::Html,
        };
        let shown = Shown {
            least: self.least(),
            most: self.max.unwrap_or(usize::MAX),
            command,
            explain: self.explain,
        };
        let mut stdout = BufWriter::new(std::io::stdout().lock());
        let written = report::write(report, format, is_colourful(), shown, &mut stdout)
            .and_then(|()| stdout.flush());
        unless_broken_off(written)?;
        Ok(())
    }

    /// What to exit with.
    pub(super) fn exit_code(&self, report: &Report) -> ExitCode {
        ExitCode::from(u8::from(report.fails_on(self.fail_on.level())))
    }
}

/// Returns whether standard output takes colours.
pub(super) fn is_colourful() -> bool {
    // See https://no-color.org: any value counts, but not an empty one.
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && !plain
}

impl Least {
    fn level(self) -> Level {
        match self {
            Least::Error => Level::Error,
            Least::Warning => Level::Warning,
            Least::Info => Level::Info,
        }
    }
}

/// Writes to standard output. A reader that has seen enough, such as `head`, is no error.
pub(crate) fn to_stdout(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes());
    unless_broken_off(written.and_then(|()| stdout.flush()))
}

fn unless_broken_off(written: std::io::Result<()>) -> std::io::Result<()> {
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Exits with 2 where a check could not be made.
pub(crate) fn or_unusable(done: anyhow::Result<ExitCode>) -> ExitCode {
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}
