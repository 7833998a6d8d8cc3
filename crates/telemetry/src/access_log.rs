//! One line for each call, for whoever counts or looks for calls.
//!
//! The lines go where the log goes, and are dropped and counted there if nobody
//! reads them. Nothing of a call's content is in them, and of what a caller shows
//! as its authority only a hash with a key that this process has made up.

mod line;

use std::fmt;
use std::sync::Arc;

use ::backend::observer::RequestOutcome;
use ::gateway::outcome::{Observer, Outcome};
use jiff::Timestamp;
use trace::Position;

use self::line::Line;
use crate::backend::CLIENT_GONE;
use crate::codes;

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `name=value` pairs, as logfmt has them.
    Text,
    /// A JSON object.
    Json,
}

/// Writes a line for each call.
#[derive(Clone)]
pub struct AccessLog {
    format: Format,
    write: Arc<dyn Fn(Vec<u8>) + Send + Sync>,
}

impl AccessLog {
    /// Hands each line to `write`, which must not block. A line ends with a line
    /// break.
    pub fn new(format: Format, write: impl Fn(Vec<u8>) + Send + Sync + 'static) -> Self {
        Self {
            format,
            write: Arc::new(write),
        }
    }

    fn write(&self, line: &Line<'_>) {
        (self.write)(match self.format {
            Format::Text => line.text(),
            Format::Json => line.json(),
        });
    }
}

fn trace_id(position: &Position) -> String {
    position.context.trace.to_string()
}

fn hash(number: u64) -> String {
    format!("{number:016x}")
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessLog({:?})", self.format)
    }
}

impl Observer for AccessLog {
    fn ended(&self, outcome: &Outcome) {
        let upstream = &outcome.upstream;
        self.write(&Line {
            time: Timestamp::now(),
            server: "gateway",
            request_id: &outcome.request_id,
            trace_id: outcome.trace.as_ref().map(trace_id),
            rpc: Some(outcome.rpc.as_deref().unwrap_or("unknown")),
            code: Some(codes::name(outcome.code)),
            operation: None,
            status: None,
            reason: outcome.reason.as_deref(),
            subject: outcome.subject.map(hash),
            user: None,
            peer: outcome.peer,
            duration: outcome.duration.as_secs_f64(),
            received: outcome.received,
            sent: outcome.sent,
            upstream_status: upstream.status.map(|status| status.as_u16()),
            upstream_duration: upstream.duration.map(|duration| duration.as_secs_f64()),
            attempts: Some(upstream.attempts),
            elements: (upstream.elements > 0).then_some(upstream.elements),
            drifts: (!upstream.drifts.is_empty()).then_some(upstream.drifts.len()),
        });
    }
}

impl ::backend::observer::Observer for AccessLog {
    fn ended(&self, outcome: &RequestOutcome) {
        self.write(&Line {
            time: Timestamp::now(),
            server: "backend",
            request_id: &outcome.request_id,
            trace_id: outcome.trace.as_ref().map(trace_id),
            rpc: None,
            code: None,
            operation: Some(outcome.operation.unwrap_or("unknown")),
            status: Some(outcome.status.unwrap_or(CLIENT_GONE)),
            reason: outcome.reason.as_deref(),
            subject: outcome.subject.map(hash),
            user: outcome.user.map(hash),
            peer: outcome.peer,
            duration: outcome.duration.as_secs_f64(),
            received: outcome.received,
            sent: outcome.sent,
            upstream_status: None,
            upstream_duration: None,
            attempts: None,
            elements: None,
            drifts: None,
        });
    }
}
