//! The body of a reply as it is on its connection.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::endpoint::{Lease, Origin};
use crate::http1::Http1Reply;
use crate::http2::Http2Reply;
use crate::span::AttemptSpan;
use crate::{ReplyError, ReplyErrorKind};

/// The body of a reply as it is on the connection.
pub(crate) struct RawBody {
    source: Source,
    /// Counts the request as in flight.
    lease: Option<Lease>,
    origin: Origin,
    stall_timeout: Duration,
    deadline: Option<Instant>,
    /// Running while the body is silent.
    timer: Option<Pin<Box<Sleep>>>,
    is_silent: bool,
    /// The attempt, which ends with its reply.
    span: AttemptSpan,
}

pub(crate) enum Source {
    Http1(Http1Reply),
    Http2(Http2Reply),
    Ended,
}

impl RawBody {
    pub(crate) fn new(
        source: Source,
        lease: Lease,
        origin: Origin,
        deadline: Option<Instant>,
        span: AttemptSpan,
    ) -> Self {
        let stall_timeout = lease.endpoint.config().stall_timeout;
        let mut body = Self {
            source,
            lease: Some(lease),
            origin,
            stall_timeout,
            deadline,
            timer: None,
            is_silent: false,
            span,
        };
        if body.is_end_stream() {
            body.end();
        }
        body
    }

    /// Where the reply came from.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Lets go of the connection. One that can be used again goes back to its
    /// pool.
    fn end(&mut self) {
        if let (Source::Http1(reply), Some(lease)) = (&mut self.source, &self.lease)
            && let Some(connection) = reply.take_connection()
        {
            lease.endpoint.pool().put(connection);
        }
        self.source = Source::Ended;
        self.lease = None;
        self.timer = None;
        self.span = AttemptSpan::default();
    }

    /// Returns whether the body of the request broke off, which breaks the reply
    /// off too.
    fn request_failed(&self) -> bool {
        match &self.source {
            Source::Http1(reply) => reply.request_failed(),
            Source::Http2(reply) => reply.request_failed(),
            Source::Ended => false,
        }
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
                if kind == ReplyErrorKind::Stalled {
                    self.origin.reject();
                }
                self.span.broke(kind);
                self.end();
                Some(Err(ReplyError::bare(kind)))
            }),
            Poll::Ready(frame) => {
                self.is_silent = false;
                if let Some(Err(error)) = &frame {
                    self.span.broke(error.kind);
                    if !self.request_failed() {
                        self.origin.reject();
                    }
                }
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
