//! What a gateway does about an upstream that drifts from its contract: it says
//! so once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use transcode::json::Drift;

use crate::outcome::{Observer, Outcome};

/// How many differences are remembered. An upstream with more is not worth
/// telling apart.
const MAX_REMEMBERED: usize = 1024;

/// Logs a difference the first time that it is met in the replies to an rpc.
#[derive(Debug, Default)]
pub struct DriftLog {
    logged: Mutex<HashSet<(Arc<str>, Drift)>>,
}

impl Observer for DriftLog {
    fn ended(&self, outcome: &Outcome) {
        let Some(rpc) = &outcome.rpc else { return };
        for drift in &outcome.upstream.drifts {
            let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
            if logged.len() < MAX_REMEMBERED && logged.insert((Arc::clone(rpc), drift.clone())) {
                tracing::warn!(rpc = &**rpc, %drift, "the upstream drifts from its contract");
            }
        }
    }
}
