//! Where a call stands in a trace, and the spans that are told of it.
//!
//! A server asks its [`Tracer`] where each call stands ([`Position`]): the trace of
//! the caller, or a new one. Whoever does a part of a call that is recorded has a
//! [`Recorder`] open a span for it. A span that has ended is handed to whoever takes
//! the spans of the tracer.
//!
//! This crate does no I/O and knows no exporter. It reads and writes two fields of
//! HTTP, `traceparent` and `tracestate`
//! ([W3C Trace Context](https://www.w3.org/TR/trace-context-2/)), and nothing else of
//! a request. Without a tracer nothing of it runs.

mod context;
mod ids;
mod sampling;
mod span;
mod state;
mod tracer;

pub use context::{Context, TRACEPARENT, TRACESTATE};
pub use ids::{SpanId, TraceId};
pub use sampling::{Ratio, Sampling};
pub use span::{Attribute, Kind, MAX_ATTRIBUTES, MAX_TEXT, Span, Value};
pub use tracer::{OpenSpan, Position, Recorder, Tracer};
