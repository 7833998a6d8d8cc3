//! Traces: the spans of calls, and their way to a collector.
//!
//! A [`Tracer`] says where calls stand in their traces. [`Calls`] makes a span of what a
//! call came to, for those that are recorded; the client of the upstream makes those of
//! its attempts itself. All of them go to an [`Exporter`], which sends them to a collector
//! in batches. Nothing of a call's content is in a span: no body, no path, no query, no
//! token and no name.

mod exporter;
mod otlp;
mod queue;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::backend::observer::RequestOutcome;
use ::gateway::outcome::Outcome;
use tonic::Code;
use trace::{Kind, Position, Span, Tracer};

pub use self::exporter::{Exporter, ExporterConfig, StartError};
use crate::codes;
use crate::reasons::is_reason;

/// What stands for a name that is none of those that are known.
const OTHER: &str = "_OTHER";

/// What a span says of a failure without a reason.
const UNKNOWN_ERROR: &str = "unknown";

/// Makes spans of the calls of a gateway and of the requests of a backend, as one of
/// their observers.
#[derive(Debug)]
pub struct Calls(Tracer);

impl Calls {
    /// Hands the spans to this tracer, which is that of the server too.
    pub fn new(tracer: Tracer) -> Arc<Self> {
        Arc::new(Self(tracer))
    }
}

/// The span of a server's part of a call that has just ended, if the trace is recorded.
fn of_server(trace: Option<&Position>, name: String, duration: Duration) -> Option<Span> {
    let trace = trace.filter(|trace| trace.context.is_sampled)?;
    let ended = SystemTime::now();
    let began = ended.checked_sub(duration).unwrap_or(ended);
    let kind = Kind::Server;
    let mut span = Span::new(trace.context, trace.parent, kind, name.into(), began);
    span.ended = ended;
    Some(span)
}

/// What is said of a failure: the reason, if it is one.
fn error_type(reason: Option<&str>, otherwise: &str) -> String {
    let reason = reason.filter(|reason| is_reason(reason));
    reason.unwrap_or(otherwise).to_owned()
}

impl ::gateway::outcome::Observer for Calls {
    fn ended(&self, outcome: &Outcome) {
        let trace = outcome.trace.as_ref();
        let rpc = outcome.rpc.as_deref().unwrap_or(OTHER);
        let Some(mut span) = of_server(trace, rpc.to_owned(), outcome.duration) else {
            return;
        };
        let code = codes::name(outcome.code);
        span.text("rpc.system.name", "grpc");
        span.text("rpc.method", rpc.to_owned());
        span.text("rpc.response.status_code", code);
        span.text("web1on1.request_id", outcome.request_id.to_string());
        span.number("web1on1.attempts", outcome.upstream.attempts);
        if let Some(status) = outcome.upstream.status {
            span.number("web1on1.upstream_status", status.as_u16());
        }
        let error = || error_type(outcome.reason.as_deref(), code);
        match outcome.code {
            Code::Ok => {}
            // What the conventions call errors of a server.
            Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss => span.fail(error()),
            _ => span.text("error.type", error()),
        }
        self.0.ended(span);
    }
}

impl ::backend::observer::Observer for Calls {
    fn ended(&self, outcome: &RequestOutcome) {
        let trace = outcome.trace.as_ref();
        let method = match outcome.method.as_str() {
            known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
            _ => OTHER,
        };
        let name = match &outcome.route {
            Some(route) => format!("{method} {route}"),
            None => method.to_owned(),
        };
        let Some(mut span) = of_server(trace, name, outcome.duration) else {
            return;
        };
        span.text("http.request.method", method.to_owned());
        if let Some(route) = &outcome.route {
            span.text("http.route", route.clone());
        }
        if let Some(operation) = outcome.operation {
            span.text("web1on1.operation", operation);
        }
        span.text("web1on1.request_id", outcome.request_id.clone());
        match outcome.status {
            Some(status) => {
                span.number("http.response.status_code", status);
                let error = || error_type(outcome.reason.as_deref(), UNKNOWN_ERROR);
                match status {
                    500.. => span.fail(error()),
                    400.. => span.text("error.type", error()),
                    _ => {}
                }
            }
            None => span.fail("cancelled"),
        }
        self.0.ended(span);
    }
}

#[cfg(test)]
mod tests;
