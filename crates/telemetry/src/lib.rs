//! What an operator sees of the servers.
//!
//! The servers know nothing of this crate. They tell observers of what has
//! happened and hand out snapshots of what there is; here that becomes metrics,
//! and [`admin`] serves it all on an address of its own, together with health.
//! [`catalogue`] declares every metric; nothing else can be in a scrape.
//!
//! There is no global state: two servers in one process, or two tests, have a
//! [`Registry`] each. Nothing here keeps a call waiting, and whatever callers
//! send, the number of series is bounded.

pub mod access_log;
pub mod admin;
pub mod backend;
pub mod catalogue;
mod codes;
pub mod documents;
pub mod drift;
pub mod gateway;
pub mod log_level;
mod measure;
pub mod metric;
pub mod process;
mod reasons;
pub mod registry;
pub mod tls;
pub mod traces;
pub mod upstream;
pub mod watch;

pub use registry::Registry;
