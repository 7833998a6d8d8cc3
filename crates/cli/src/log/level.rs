//! Which lines the log has, from `RUST_LOG` and from whoever changes it at run time.

use std::io::{self, IsTerminal as _};

use telemetry::log_level::LogLevel;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::Log;
use crate::log_targets;

/// What is logged if nobody says.
const DEFAULT: &str = "warn";

/// Writes everything that is traced to the log, as far as the filter has it. Returns
/// how the filter is read and changed.
pub(crate) fn subscribe(log: &Log) -> LogLevel {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(log.clone())
        .with_ansi(io::stderr().is_terminal())
        .with_filter_reloading();
    let reload = subscriber.reload_handle();
    let read = reload.clone();
    subscriber
        .finish()
        .with(filter_fn(log_targets::is_loggable))
        .init();
    let current = move || {
        let filter = read.with_current(ToString::to_string);
        filter.unwrap_or_default()
    };
    let change = move |text: &str| {
        let filter = parse(text)?;
        reload.reload(filter).map_err(|error| error.to_string())
    };
    LogLevel::new(current, change)
}

/// Reads a filter. A word alone has to be a level: `EnvFilter` would take it for the
/// name of a module, log all of that and nothing else.
fn parse(text: &str) -> Result<EnvFilter, String> {
    if text.is_empty() {
        return Err("it is empty; off logs nothing".to_owned());
    }
    for directive in text.split(',').map(str::trim) {
        let is_level = directive.parse::<LevelFilter>().is_ok();
        if !is_level && !directive.contains(['=', '[']) {
            return Err(format!(
                "{directive:?} is no level; there are off, error, warn, info, debug and trace, \
                 and MODULE=LEVEL for one module"
            ));
        }
    }
    EnvFilter::try_new(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let found = parse(text).map(|filter| filter.to_string());
        match (&found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
            _ => panic!("{text:?} is {found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn a_filter_names_levels() {
        check("debug", Ok("debug"));
        check("warn,gateway=debug", Ok("gateway=debug,warn"));
        check("off", Ok("off"));
    }

    #[test]
    fn what_is_mistyped_is_refused() {
        check("", Err("empty"));
        check("inof", Err("\"inof\" is no level"));
        check("gateway=loud", Err("expected one of"));
    }
}
