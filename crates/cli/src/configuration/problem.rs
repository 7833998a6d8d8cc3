//! What is wrong with a configuration, and where.

use std::fmt;

/// Something that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    /// Where it is wrong.
    pub(super) place: Place,
    /// What is wrong, and what to do.
    pub(super) message: String,
}

/// Where a value stands. Places are ordered as they are listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// In the configuration file.
    File(Spot),
    /// In an environment variable of this name.
    Variable(String),
    /// On the command line.
    CommandLine,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    /// Counted from 1.
    pub(super) line: usize,
    /// In characters, counted from 1.
    pub(super) column: usize,
    /// How many characters of the line are meant.
    pub(super) width: usize,
    /// The file, as it was named.
    pub(super) file: String,
    /// What may be shown of the line.
    pub(super) source: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        match &self.place {
            Place::CommandLine => writeln!(f, " --> on the command line"),
            Place::Variable(name) => writeln!(f, " --> in the environment variable {name}"),
            Place::File(spot) => spot.fmt(f),
        }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let (file, column) = (&self.file, self.column);
        writeln!(f, "{margin}--> {file}:{number}:{column}")?;
        let Some(source) = &self.source else {
            return Ok(());
        };
        // What is masked is shorter than it was.
        let left = source.chars().count().saturating_sub(column - 1);
        let carets = "^".repeat(self.width.min(left).max(1));
        // A tab is as wide in front of the carets as it is in the line.
        let before = source.chars().take(column - 1);
        let indent: String = before.map(|c| if c == '\t' { c } else { ' ' }).collect();
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {source}")?;
        writeln!(f, "{margin} | {indent}{carets}")
    }
}
