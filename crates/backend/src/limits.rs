//! The bounds of a database.

use std::time::Duration;

/// How many connections a database has, and how long anything waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseLimits {
    /// How many connections are open at most; at least 1. SQLite has one more,
    /// which writes. 8.
    pub connections: u32,
    /// How long a request waits for a connection, or for its turn to write. 1 s.
    pub wait: Duration,
    /// How long one statement may take on PostgreSQL. 30 s.
    pub statement_timeout: Duration,
    /// How long a statement waits for another transaction on PostgreSQL. 5 s.
    pub lock_timeout: Duration,
    /// How long the first connection may take. 10 s.
    pub open_timeout: Duration,
}

impl Default for DatabaseLimits {
    fn default() -> Self {
        Self {
            connections: 8,
            wait: Duration::from_secs(1),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(5),
            open_timeout: Duration::from_secs(10),
        }
    }
}
