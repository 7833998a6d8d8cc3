//! What a gateway does about an upstream that drifts from its contract: it says
//! so once.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use transcode::json::Drift;

/// How many differences are remembered. An upstream with more is not worth
/// telling apart.
const MAX_REMEMBERED: usize = 1024;

static SEEN: LazyLock<Mutex<HashSet<(&'static str, Drift)>>> = LazyLock::new(Mutex::default);

/// Logs a difference the first time that this process meets it in the replies
/// to the rpc.
pub fn log_once(rpc: &'static str, drift: &Drift) {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.len() < MAX_REMEMBERED && seen.insert((rpc, drift.clone())) {
        tracing::warn!(rpc, %drift, "the upstream drifts from its contract");
    }
}
