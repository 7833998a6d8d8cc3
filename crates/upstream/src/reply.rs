//! The body of a reply.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::coding::Decoded;
use crate::endpoint::Lease;
use crate::http1::Http1Reply;
use crate::http2::Http2Reply;
use crate::{ReplyError, ReplyErrorKind};

/// The body of a reply, as it arrives; decoded, if it was coded.
///
/// Dropped before its end, it closes the HTTP/1.1 connection, or resets the
/// HTTP/2 stream.
pub struct ReplyBody(Inner);

#[expect(clippy::large_enum_variant, reason = "most replies are plain")]
enum Inner {
    Plain(RawBody),
    Decoded(Box<Decoded>),
}

impl ReplyBody {
    pub(crate) fn plain(body: RawBody) -> Self {
        Self(Inner::Plain(body))
    }

    pub(crate) fn decoded(body: Decoded) -> Self {
        Self(Inner::Decoded(Box::new(body)))
    }
}

impl std::fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReplyBody")
    }
}

impl HttpBody for ReplyBody {
    type Data = Bytes;
    type Error = ReplyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ReplyError>>> {
        match &mut self.0 {
            Inner::Plain(body) => Pin::new(body).poll_frame(cx),
            Inner::Decoded(body) => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Plain(body) => body.is_end_stream(),
            Inner::Decoded(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Plain(body) => body.size_hint(),
            Inner::Decoded(_) => SizeHint::default(),
        }
    }
}

/// The body of a reply as it is on the connection.
pub(crate) struct RawBody {
    source: Source,
    /// Counts the request as in flight.
    lease: Option<Lease>,
    stall_timeout: Duration,
    deadline: Option<Instant>,
    /// Running while the body is silent.
    timer: Option<Pin<Box<Sleep>>>,
    is_silent: bool,
}

pub(crate) enum Source {
    Http1(Http1Reply),
    Http2(Http2Reply),
    Ended,
}

impl RawBody {
    pub(crate) fn new(source: Source, lease: Lease, deadline: Option<Instant>) -> Self {
        let stall_timeout = lease.endpoint.config().stall_timeout;
        let mut body = Self {
            source,
            lease: Some(lease),
            stall_timeout,
            deadline,
            timer: None,
            is_silent: false,
        };
        if body.is_end_stream() {
            body.end();
        }
        body
    }

    fn end(&mut self) {
        self.source = Source::Ended;
        self.lease = None;
        self.timer = None;
    }

    /// Waits for the body no longer than it may be silent.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<ReplyErrorKind> {
        if !self.is_silent {
            self.is_silent = true;
            let stalled = Instant::now() + self.stall_timeout;
            let until = self
                .deadline
                .map_or(stalled, |deadline| deadline.min(stalled));
            match &mut self.timer {
                Some(timer) => timer.as_mut().reset(until),
                None => self.timer = Some(Box::pin(sleep_until(until))),
            }
        }
        let Some(timer) = &mut self.timer else {
            return Poll::Pending;
        };
        timer.as_mut().poll(cx).map(|()| {
            let is_over = self
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline);
            if is_over {
                ReplyErrorKind::DeadlineExceeded
            } else {
                ReplyErrorKind::Stalled
            }
        })
    }
}

impl HttpBody for RawBody {
    type Data = Bytes;
    type Error = ReplyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ReplyError>>> {
        let polled = match &mut self.source {
            Source::Http1(reply) => reply.poll_frame(cx),
            Source::Http2(reply) => reply.poll_frame(cx),
            Source::Ended => return Poll::Ready(None),
        };
        match polled {
            Poll::Pending => self.poll_timer(cx).map(|kind| {
                self.end();
                Some(Err(ReplyError::bare(kind)))
            }),
            Poll::Ready(frame) => {
                self.is_silent = false;
                if !matches!(frame, Some(Ok(_))) || self.is_end_stream() {
                    self.end();
                }
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Http1(reply) => reply.is_end_stream(),
            Source::Http2(reply) => reply.is_end_stream(),
            Source::Ended => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Http1(reply) => reply.size_hint(),
            Source::Http2(reply) => reply.size_hint(),
            Source::Ended => SizeHint::with_exact(0),
        }
    }
}
