//! The gateway between an upstream and callers that do not behave.
//!
//! The faults are data: `rows` has those of upstreams, `caller_rows` those of
//! callers. `matrix` and `callers` play them, `leaks` plays them again and
//! again, and `docs` writes docs/faults.md from them. Two environment variables
//! serve people: `FAULT_ONLY=part of a name` selects faults, and
//! `FAULT_REPETITIONS=10000` repeats each so often in search of leaks.

mod abandoned;
mod caller;
mod caller_rows;
mod callers;
mod calls;
mod docs;
mod endpoints;
mod gateway;
mod http2;
mod leaks;
mod matrix;
mod rows;
mod stopping;
mod upstream;

use tokio::sync::RwLock;

/// Held for writing by tests that measure what the process as a whole needs,
/// and for reading by the others.
static QUIET: RwLock<()> = RwLock::const_new(());
