//! The span of one attempt, in the words of OpenTelemetry's conventions for clients of
//! HTTP.
//!
//! Nothing of the path and the query is told: they have the IDs and the e-mail addresses
//! of callers in them.

use http::uri::Scheme;
use http::{HeaderMap, Method, StatusCode, Version};
use trace::{Kind, OpenSpan, Recorder, TRACEPARENT};

use crate::endpoint::Endpoint;
use crate::{ReplyErrorKind, SendError, SendErrorKind};

/// The methods that the conventions know; others could be anything.
const METHODS: [&str; 9] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

/// The span of one attempt, until it is dropped; nothing, if the trace is not recorded.
#[derive(Default)]
pub(crate) struct AttemptSpan(Option<Box<Attempt>>);

struct Attempt {
    span: OpenSpan,
    /// Whether it is known how it ended.
    is_answered: bool,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.is_answered {
            // Whoever waited for it does no more.
            self.span.fail("cancelled");
        }
    }
}

impl AttemptSpan {
    /// Opens the span of an attempt that begins now.
    pub(crate) fn open(recorder: Option<&Recorder>, method: &Method, endpoint: &Endpoint) -> Self {
        Self(recorder.map(|recorder| {
            let known = METHODS.iter().find(|known| **known == method.as_str());
            // An unknown one has a name of its own, and no value.
            let (name, method) = known.map_or(("HTTP", "_OTHER"), |known| (*known, *known));
            let mut span = recorder.open(Kind::Client, name);
            let is_https = endpoint.scheme == Scheme::HTTPS;
            let (scheme, port) = if is_https {
                ("https", 443)
            } else {
                ("http", 80)
            };
            span.text("http.request.method", method);
            span.text("url.scheme", scheme);
            span.text("server.address", endpoint.authority.host().to_owned());
            span.number("server.port", endpoint.authority.port_u16().unwrap_or(port));
            let address = endpoint.address();
            span.text("network.peer.address", address.ip().to_string());
            span.number("network.peer.port", address.port());
            Box::new(Attempt {
                span,
                is_answered: false,
            })
        }))
    }

    fn span(&mut self) -> Option<&mut OpenSpan> {
        self.0.as_mut().map(|attempt| &mut attempt.span)
    }

    /// So many attempts came before.
    pub(crate) fn resent(&mut self, attempts: u32) {
        if let Some(span) = self.span()
            && attempts > 0
        {
            span.number("http.request.resend_count", attempts);
        }
    }

    /// The request goes out with these fields, and the server learns of the span.
    pub(crate) fn sends(&mut self, version: Version, headers: &mut HeaderMap) {
        let Some(span) = self.span() else { return };
        let version = if version == Version::HTTP_2 {
            "2"
        } else {
            "1.1"
        };
        span.text("network.protocol.version", version);
        if let Some(field) = headers.get_mut(TRACEPARENT) {
            *field = span.context().field();
        }
    }

    /// The head of a reply has arrived.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        let Some(Attempt { span, is_answered }) = self.0.as_deref_mut() else {
            return;
        };
        *is_answered = true;
        span.number("http.response.status_code", status.as_u16());
        if status.is_client_error() || status.is_server_error() {
            span.fail(status.as_u16().to_string());
        }
    }

    /// There is no reply.
    pub(crate) fn failed(&mut self, error: &SendError) {
        let Some(Attempt { span, is_answered }) = self.0.as_deref_mut() else {
            return;
        };
        *is_answered = true;
        span.fail(match error.kind {
            SendErrorKind::NeverSent => "never_sent",
            SendErrorKind::PerhapsCarriedOut => "connection_lost",
            SendErrorKind::Untrusted => "untrusted_certificate",
            SendErrorKind::CertificateRefused => "certificate_refused",
            SendErrorKind::HandshakeFailed => "tls_handshake_failed",
            SendErrorKind::Malformed { .. } => "malformed_reply",
            SendErrorKind::RequestBody => "request_body",
        });
    }

    /// The body of the reply does not arrive as a whole.
    pub(crate) fn broke(&mut self, kind: ReplyErrorKind) {
        let Some(span) = self.span() else { return };
        span.fail(match kind {
            ReplyErrorKind::BrokeOff => "reply_broke_off",
            ReplyErrorKind::Malformed { .. } => "malformed_reply",
            ReplyErrorKind::Stalled => "reply_stalled",
            ReplyErrorKind::DeadlineExceeded => "deadline_exceeded",
        });
    }

    /// It was no attempt: nothing was sent.
    pub(crate) fn discard(mut self) {
        if let Some(attempt) = &mut self.0 {
            attempt.is_answered = true;
            attempt.span.discard();
        }
    }
}
