//! What a source says of an argument.

use std::ffi::OsString;
use std::fmt;

/// What one source says of one argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// The long name of the argument.
    pub(super) name: String,
    /// Its values; one, unless it is a list.
    pub(super) values: Vec<OsString>,
    /// Where they come from.
    pub(super) origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Nobody says, so it is the default.
    Default,
    /// A line of the configuration file, counted from 1.
    File {
        /// The file, as it was named.
        file: String,
        /// Counted from 1.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}
