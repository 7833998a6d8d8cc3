//! The access log as an argument.

use clap::{Args, ValueEnum};
use telemetry::access_log::{AccessLog, Format};

use crate::log::Log;

/// What is written of each call.
#[derive(Args, Debug)]
pub(crate) struct AccessLogArgs {
    /// How to write a line for each call to standard error; without one, only calls
    /// that fail by no fault of their callers are logged
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Choice::Off)]
    access_log: Choice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    Off,
    Text,
    Json,
}

impl AccessLogArgs {
    /// What writes the lines, if any are to be written.
    pub(super) fn to(&self, log: &Log) -> Option<AccessLog> {
        let format = match self.access_log {
            Choice::Off => return None,
            Choice::Text => Format::Text,
            Choice::Json => Format::Json,
        };
        let log = log.clone();
        Some(AccessLog::new(format, move |line| log.line(line)))
    }
}
