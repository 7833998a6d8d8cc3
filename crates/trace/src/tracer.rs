//! Where calls stand, and who takes their spans.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::{HeaderMap, HeaderValue};

use crate::context::{Context, TRACEPARENT, TRACESTATE};
use crate::ids::{SpanId, TraceId};
use crate::sampling::Sampling;
use crate::span::{Kind, Span};
use crate::state;

/// Says where calls stand in their traces, and takes the spans of those that are
/// recorded. Clones are the same.
#[derive(Clone)]
pub struct Tracer(Arc<Inner>);

struct Inner {
    sampling: Sampling,
    take: Box<dyn Fn(Span) + Send + Sync>,
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tracer({:?})", self.0.sampling)
    }
}

/// Where a call stands in its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The span of the call itself.
    pub context: Context,
    /// The span of the caller, if it has one.
    pub parent: Option<SpanId>,
    /// What those who trace have added, which is passed on.
    state: Option<HeaderValue>,
}

impl Tracer {
    /// Hands spans to `take`, which must not block.
    pub fn new(sampling: Sampling, take: impl Fn(Span) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            sampling,
            take: Box::new(take),
        }))
    }

    /// Where the call with these headers stands: in the trace of its caller, or in a
    /// new one.
    pub fn position(&self, headers: &HeaderMap) -> Position {
        let span = SpanId::new();
        if let Some(caller) = Context::read(headers) {
            let context = Context {
                trace: caller.trace,
                span,
                is_sampled: self.0.sampling.of_caller(caller),
            };
            return Position {
                context,
                parent: Some(caller.span),
                state: state::read(headers),
            };
        }
        let trace = TraceId::new();
        let context = Context {
            trace,
            span,
            is_sampled: self.0.sampling.of_new(trace),
        };
        // What stands in `tracestate` without a trace is about nothing.
        Position {
            context,
            parent: None,
            state: None,
        }
    }

    /// What opens spans below this one; `None` where its trace is not recorded.
    pub fn recorder(&self, context: Context) -> Option<Recorder> {
        context.is_sampled.then(|| Recorder {
            tracer: self.clone(),
            context,
        })
    }

    /// Hands on a span that has ended.
    pub fn ended(&self, span: Span) {
        (self.0.take)(span);
    }
}

impl Position {
    /// Puts the position in place of what the headers say of the caller's, so that
    /// whoever reads them next is below this call.
    pub fn write(&self, headers: &mut HeaderMap) {
        headers.insert(TRACEPARENT, self.context.field());
        match &self.state {
            Some(state) => headers.insert(TRACESTATE, state.clone()),
            None => headers.remove(TRACESTATE),
        };
    }
}

/// Opens spans below another one, whose trace is recorded.
#[derive(Debug, Clone)]
pub struct Recorder {
    tracer: Tracer,
    context: Context,
}

impl Recorder {
    /// Opens a span that begins now.
    pub fn open(&self, kind: Kind, name: impl Into<Cow<'static, str>>) -> OpenSpan {
        let context = Context {
            span: SpanId::new(),
            ..self.context
        };
        let parent = Some(self.context.span);
        let span = Span::new(context, parent, kind, name.into(), SystemTime::now());
        OpenSpan {
            tracer: self.tracer.clone(),
            context,
            span: Some(span),
        }
    }
}

/// A span that ends when this is dropped.
#[derive(Debug)]
pub struct OpenSpan {
    tracer: Tracer,
    context: Context,
    /// Always there until it is dropped or discarded.
    span: Option<Span>,
}

impl OpenSpan {
    /// Which span it is, for whoever is sent something in it.
    pub fn context(&self) -> Context {
        self.context
    }

    /// Adds an attribute that is a text.
    pub fn text(&mut self, name: &'static str, text: impl Into<Cow<'static, str>>) {
        if let Some(span) = &mut self.span {
            span.text(name, text);
        }
    }

    /// Adds an attribute that is a number.
    pub fn number(&mut self, name: &'static str, number: impl Into<i64>) {
        if let Some(span) = &mut self.span {
            span.number(name, number);
        }
    }

    /// Says that it has failed, and by what kind of error. The first one counts.
    pub fn fail(&mut self, kind: impl Into<Cow<'static, str>>) {
        if let Some(span) = &mut self.span
            && !span.has_failed
        {
            span.fail(kind);
        }
    }

    /// Nothing is told of it: nothing has happened.
    pub fn discard(&mut self) {
        self.span = None;
    }
}

impl Drop for OpenSpan {
    fn drop(&mut self) {
        if let Some(mut span) = self.span.take() {
            span.ended = SystemTime::now().max(span.began);
            self.tracer.ended(span);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::sampling::Ratio;

    const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn tracer(share: f64, follows_callers: bool) -> (Tracer, Arc<Mutex<Vec<Span>>>) {
        let spans = Arc::<Mutex<Vec<Span>>>::default();
        let taken = Arc::clone(&spans);
        let sampling = Sampling {
            ratio: Ratio::new(share).expect("it is a share"),
            follows_callers,
        };
        let take = move |span| taken.lock().expect("nobody panics").push(span);
        (Tracer::new(sampling, take), spans)
    }

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let fields = fields.iter();
        fields
            .map(|(name, value)| {
                let value = value.parse().expect("it is a value");
                (http::HeaderName::from_static(name), value)
            })
            .collect()
    }

    #[test]
    fn a_call_is_in_the_trace_of_its_caller() {
        let (tracer, _) = tracer(0.0, true);
        let mut headers = headers(&[("traceparent", CALLER), ("tracestate", "a=1")]);
        let position = tracer.position(&headers);
        let trace = position.context.trace.to_string();
        assert_eq!(trace, "0af7651916cd43dd8448eb211c80319c");
        let parent = position.parent.map(|span| span.to_string());
        assert_eq!(parent.as_deref(), Some("b7ad6b7169203331"));
        assert!(position.context.is_sampled, "the caller has decided");
        position.write(&mut headers);
        let below = tracer.position(&headers);
        assert_eq!(below.context.trace, position.context.trace);
        assert_eq!(below.parent, Some(position.context.span));
        assert_eq!(headers["tracestate"], "a=1");
    }

    #[test]
    fn a_caller_decides_in_both_ways_or_not_at_all() {
        let not_recorded = CALLER.replace("-01", "-00");
        for (share, follows, caller, expected) in [
            (1.0, true, &*not_recorded, false),
            (0.0, true, CALLER, true),
            (1.0, false, &*not_recorded, true),
            (0.0, false, CALLER, false),
        ] {
            let (tracer, _) = tracer(share, follows);
            let position = tracer.position(&headers(&[("traceparent", caller)]));
            let sampled = position.context.is_sampled;
            assert_eq!(sampled, expected, "{share} {follows} {caller}");
        }
    }

    #[test]
    fn a_malformed_context_begins_a_new_trace() {
        let (tracer, _) = tracer(1.0, true);
        let malformed = CALLER.replace("-01", "-01-");
        let mut headers = headers(&[("traceparent", &malformed), ("tracestate", "a=1")]);
        let position = tracer.position(&headers);
        assert_eq!(position.parent, None);
        assert!(position.context.is_sampled);
        position.write(&mut headers);
        assert_eq!(headers["traceparent"], position.context.field());
        assert!(!headers.contains_key("tracestate"));
    }

    #[test]
    fn an_open_span_is_told_when_it_is_dropped() {
        let (tracer, spans) = tracer(1.0, true);
        let context = tracer.position(&HeaderMap::new()).context;
        let recorder = tracer.recorder(context).expect("it is recorded");
        let mut open = recorder.open(Kind::Client, "GET");
        open.number("http.response.status_code", 503);
        open.fail("503");
        open.fail("later");
        let within = open.context();
        recorder.open(Kind::Client, "nothing").discard();
        assert!(spans.lock().expect("nobody panics").is_empty());
        drop(open);
        let spans = spans.lock().expect("nobody panics");
        let [span] = &**spans else {
            panic!("one span was told: {spans:?}");
        };
        assert_eq!(span.context, within);
        assert_eq!(span.parent, Some(context.span));
        assert!(span.has_failed && span.ended >= span.began);
        assert_eq!(span.attributes().len(), 2, "the first error counts");
    }

    #[test]
    fn what_is_not_recorded_has_no_recorder() {
        let (tracer, _) = tracer(0.0, true);
        let context = tracer.position(&HeaderMap::new()).context;
        assert!(tracer.recorder(context).is_none());
    }

    #[test]
    fn texts_and_attributes_are_bounded() {
        let (tracer, _) = tracer(1.0, true);
        let context = tracer.position(&HeaderMap::new()).context;
        let mut span = Span::new(context, None, Kind::Server, "x".into(), SystemTime::now());
        for _ in 0..2 * crate::MAX_ATTRIBUTES {
            span.text("http.route", "ü".repeat(crate::MAX_TEXT));
        }
        assert_eq!(span.attributes().len(), crate::MAX_ATTRIBUTES);
        let expected = "ü".repeat(crate::MAX_TEXT / 2);
        let (_, text) = &span.attributes()[0];
        assert_eq!(text, &crate::Value::Text(expected.into()));
    }
}
