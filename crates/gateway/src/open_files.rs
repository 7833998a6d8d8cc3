//! How the files that the process may have open are shared out.
//!
//! Every connection takes one. Neither callers nor the upstream may take those
//! that the other side, the log and the listeners need.

use std::fs::File;
use std::io;

/// How many stay for everything else: the runtime, listeners, the answers to an
/// orchestrator.
const RESERVE: usize = 32;

/// How many connections of callers may be open, as far as the limit of the
/// process tells: two thirds of what is not reserved. Returns `None` where there
/// is no limit.
#[must_use]
pub fn for_callers() -> Option<usize> {
    limit().map(|limit| (limit.saturating_sub(RESERVE) * 2 / 3).max(1))
}

/// How many connections to the upstream may be open: the other third.
#[must_use]
pub fn for_upstream() -> Option<usize> {
    limit().map(|limit| (limit.saturating_sub(RESERVE) / 3).max(1))
}

/// Returns true if some files can be opened at present.
pub(crate) fn are_left() -> bool {
    const SOME: usize = 4;
    let files: io::Result<Vec<_>> = (0..SOME).map(|_| any()).collect();
    files.is_ok()
}

/// Opens a file that every system has.
pub(crate) fn any() -> io::Result<File> {
    File::open(if cfg!(windows) { "NUL" } else { "/dev/null" })
}

/// How many files the process may have open.
fn limit() -> Option<usize> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        let limit = getrlimit(Resource::Nofile).current;
        limit.and_then(|limit| usize::try_from(limit).ok())
    }
    #[cfg(not(unix))]
    None
}
