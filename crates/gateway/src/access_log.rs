//! Writes a line to the log for each call.

use tonic::Code;

use crate::outcome::{Observer, Outcome};

/// Logs each outcome: successes and the faults of callers at the level `debug`,
/// those of the upstream and of the gateway at `warn`.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccessLog;

macro_rules! line {
    ($level:ident, $outcome:ident) => {
        tracing::$level!(
            rpc = $outcome.rpc.as_deref().unwrap_or("unknown"),
            request_id = &*$outcome.request_id,
            code = ?$outcome.code,
            reason = $outcome.reason.as_deref(),
            duration = ?$outcome.duration,
            received = $outcome.received,
            sent = $outcome.sent,
            elements = $outcome.upstream.elements,
            upstream_status = $outcome.upstream.status.map(|status| status.as_u16()),
            upstream_duration = ?$outcome.upstream.duration,
            attempts = $outcome.upstream.attempts,
            "call"
        )
    };
}

impl Observer for AccessLog {
    fn ended(&self, outcome: &Outcome) {
        match outcome.code {
            Code::Unknown
            | Code::DeadlineExceeded
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss => line!(warn, outcome),
            _ => line!(debug, outcome),
        }
    }
}
