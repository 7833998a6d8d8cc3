//! Where a backend keeps what it keeps, and the bounds of its database, as
//! arguments.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use backend::DatabaseLimits;
use clap::Args;

use super::bounds::duration;

/// Where a backend keeps what it keeps.
#[derive(Args, Debug)]
pub(crate) struct PlaceArgs {
    /// The directory for everything that is kept
    ///
    /// The SQLite database and pictures are in it, unless --database and --pictures say
    /// otherwise.
    #[arg(long, value_name = "DIR", default_value = "web1on1-data")]
    pub(crate) data: PathBuf,

    /// The database instead of SQLite, such as `postgres://user@host/database`
    ///
    /// Give a URL with a password in the environment, where others do not see it.
    #[arg(long, value_name = "URL", hide_env_values = true)]
    pub(crate) database: Option<String>,
}

impl PlaceArgs {
    /// The URL of the database.
    pub(crate) fn url(&self) -> anyhow::Result<String> {
        match &self.database {
            Some(url) => Ok(url.clone()),
            None => sqlite_url(&self.data),
        }
    }
}

/// The URL of the database in a directory.
fn sqlite_url(data: &Path) -> anyhow::Result<String> {
    let file = std::path::absolute(data)?.join("web1on1.db");
    let file = file
        .to_str()
        .with_context(|| format!("--data {} is not UTF-8", data.display()))?;
    // What would end the path of a URL.
    let file = file
        .replace('%', "%25")
        .replace('?', "%3F")
        .replace('#', "%23");
    Ok(format!("sqlite://{file}?mode=rwc"))
}

/// How many connections the database has, and how long anything waits for it.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Bounds on the database")]
pub(crate) struct DatabaseArgs {
    /// How many connections to the database may be open; SQLite has one more, which
    /// writes
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 8,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    database_connections: u32,

    /// How long a request waits for a connection to the database or for its turn to
    /// write
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    database_wait: Duration,

    /// How long a list waits for its turn; lists take half of the connections at most
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    list_wait: Duration,

    /// How long the first connection to the database may take
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    database_open_timeout: Duration,

    /// How long one statement may take on PostgreSQL
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    statement_timeout: Duration,

    /// How long a statement waits for another transaction on PostgreSQL
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    lock_timeout: Duration,
}

impl DatabaseArgs {
    pub(super) fn limits(self) -> DatabaseLimits {
        DatabaseLimits {
            connections: self.database_connections,
            wait: self.database_wait,
            list_wait: self.list_wait,
            statement_timeout: self.statement_timeout,
            lock_timeout: self.lock_timeout,
            open_timeout: self.database_open_timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Arguments {
        #[command(flatten)]
        database: DatabaseArgs,
    }

    #[test]
    fn the_defaults_of_the_arguments_are_those_of_the_backend() {
        let arguments = <Arguments as clap::Parser>::parse_from(["web1on1"]);
        assert_eq!(arguments.database.limits(), DatabaseLimits::default());
    }

    #[test]
    fn a_directory_with_reserved_characters_is_a_database_url() {
        let url = sqlite_url(Path::new("/a/b ?#%")).expect("the path is UTF-8");
        assert_eq!(url, "sqlite:///a/b %3F%23%25/web1on1.db?mode=rwc");
    }
}
