//! HTTP/1.1 connections: one request at a time, on hyper.
//!
//! The connection's task carries the request's body, so ending the task ends
//! everything of the request. It ends unless the reply was complete and the
//! connection is clean.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use http::{Request, Response, StatusCode, response};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::body::{AttemptBody, Progress};
use crate::config::Config;
use crate::failure::Failure;
use crate::io::{Io, Traffic, Transport};
use crate::task::AbortOnDrop;
use crate::{ReplyError, ReplyErrorKind, SendError, SendErrorKind};

/// How large a body may be so that a connection is used again although the
/// server answered with an error, in bytes. A server that refuses a larger one
/// may have read none of it: the kernels between take megabytes, and whatever
/// followed on the connection would wait behind them.
const MOST_UNREAD: u64 = 64 << 10;

/// For so many fields of a reply hyper has room on the stack, unless it is told
/// how many there may be; then it allocates twice for every reply.
const FIELDS_OF_HYPER: usize = 100;

/// A connection.
pub(crate) struct Http1 {
    sender: http1::SendRequest<AttemptBody>,
    task: AbortOnDrop,
    traffic: Arc<Traffic>,
    served: usize,
    idle_timeout: Duration,
    idle_since: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Http1 {
    pub(crate) async fn new(
        transport: Transport,
        config: &Config,
        permit: OwnedSemaphorePermit,
    ) -> Result<Self, SendError> {
        let (io, traffic) = Io::new(transport, true);
        let mut builder = http1::Builder::new();
        builder
            .max_header_size(config.max_head)
            .max_buf_size(config.max_head.max(64 * 1024));
        if config.max_headers > FIELDS_OF_HYPER {
            builder.max_headers(config.max_headers);
        }
        let (sender, connection) = builder
            .handshake(TokioIo::new(io))
            .await
            .map_err(|error| SendError::new(SendErrorKind::NeverSent, error))?;
        let task = AbortOnDrop::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "an HTTP/1.1 connection ended");
            }
        });
        Ok(Self {
            sender,
            task,
            traffic,
            served: 0,
            idle_timeout: config.idle_timeout,
            idle_since: Instant::now(),
            _permit: permit,
        })
    }

    /// Returns whether another request may go out on it.
    pub(crate) fn is_usable(&self, now: Instant) -> bool {
        !self.sender.is_closed() && now < self.idle_since + self.idle_timeout
    }

    pub(crate) fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    pub(crate) fn is_reused(&self) -> bool {
        self.served > 0
    }

    /// Sends a request and waits for the head of its reply. The URI is in
    /// origin form. Dropping the future closes the connection.
    pub(crate) async fn send(
        mut self,
        config: &Config,
        mut request: Request<AttemptBody>,
    ) -> Result<Response<Http1Reply>, Failure> {
        let reused = self.is_reused();
        let is_large = request
            .body()
            .size_hint()
            .exact()
            .is_none_or(|size| size > MOST_UNREAD);
        let unsent = |source: hyper::Error| Failure::unsent(source, reused);
        // The task may not yet have seen the end of the reply before.
        self.sender.ready().await.map_err(unsent)?;
        self.traffic.begin(reused);
        self.served += 1;
        let progress = Arc::clone(request.body().progress());
        let informational = self.bound_informational(&mut request, config.max_informational);

        let response = match self.sender.try_send_request(request).await {
            Ok(response) => response,
            Err(mut error) => {
                let sent = error.take_message().is_none() && self.traffic.has_begun();
                let error = error.into_error();
                if progress.has_failed() {
                    return Err(SendError::new(SendErrorKind::RequestBody, error).into());
                }
                if informational.load(Ordering::Acquire) > config.max_informational {
                    return Err(SendError::malformed("too many informational responses").into());
                }
                if error.is_parse() {
                    return Err(malformed(error).into());
                }
                if !sent {
                    return Err(unsent(error));
                }
                return Err(SendError::new(SendErrorKind::PerhapsCarriedOut, error).into());
            }
        };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(SendError::malformed("it switches protocols unasked").into());
        }
        if response.headers().len() > config.max_headers {
            return Err(SendError::malformed("it has too many fields").into());
        }
        let may_be_unread = is_large && !response.status().is_success();
        let is_reusable = self.keeps_alive(&response, config) && !may_be_unread;
        let (head, body) = response.into_parts();
        let finished = body.is_end_stream();
        let reply = Http1Reply {
            connection: Some(self),
            is_reusable,
            body,
            progress,
            finished,
        };
        Ok(Response::from_parts(head, reply))
    }

    /// Ends the connection if more informational responses come than may.
    fn bound_informational(&self, request: &mut Request<AttemptBody>, most: u32) -> Arc<AtomicU32> {
        let seen = Arc::new(AtomicU32::new(0));
        let task = self.task.handle();
        let counter = Arc::clone(&seen);
        hyper::ext::on_informational(request, move |_| {
            if counter.fetch_add(1, Ordering::AcqRel) >= most {
                task.abort();
            }
        });
        seen
    }

    /// Returns whether the connection may carry another request after this reply,
    /// and for how long the server keeps it.
    fn keeps_alive<B>(&mut self, response: &Response<B>, config: &Config) -> bool {
        let headers = response.headers();
        if let Some(timeout) = keep_alive_timeout(headers) {
            self.idle_timeout = config.idle_timeout.min(timeout);
        }
        !closes(headers)
            && !announces_forbidden_body(response.status(), headers)
            && self.served < config.max_requests_per_connection
    }
}

/// Returns whether a server gives up a connection on which it has waited too long
/// for a request, although one is on its way (RFC 9110 §15.5.9).
pub(crate) fn gives_up(reply: &response::Parts) -> bool {
    reply.status == StatusCode::REQUEST_TIMEOUT && closes(&reply.headers)
}

fn closes(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|option| option.trim().eq_ignore_ascii_case("close"))
}

/// Returns whether a reply that has no body announces one. Whoever sends it may
/// send the body too, so nothing on the connection can be trusted after it.
fn announces_forbidden_body(status: StatusCode, headers: &HeaderMap) -> bool {
    matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    ) && (headers.contains_key(TRANSFER_ENCODING)
        || headers
            .get_all(CONTENT_LENGTH)
            .iter()
            .any(|length| length.as_bytes() != b"0"))
}

/// What `Keep-Alive: timeout=` leaves after a fifth, which is for the way.
fn keep_alive_timeout(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("keep-alive")?.to_str().ok()?;
    let seconds = value.split(',').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let seconds: u32 = value.trim().parse().ok()?;
        name.trim()
            .eq_ignore_ascii_case("timeout")
            .then_some(seconds)
    })?;
    Some(Duration::from_secs(seconds.into()) * 4 / 5)
}

fn malformed(error: hyper::Error) -> SendError {
    let detail = if error.is_parse_too_large() {
        "its head is too large"
    } else if error.is_parse_status() {
        "its status is not valid"
    } else {
        "it is not valid HTTP/1.1"
    };
    SendError::new(SendErrorKind::Malformed { detail }, error)
}

/// The body of a reply, on its connection.
pub(crate) struct Http1Reply {
    /// The connection, which carries the body until its end. Dropped, it is
    /// closed.
    connection: Option<Http1>,
    is_reusable: bool,
    body: Incoming,
    progress: Arc<Progress>,
    finished: bool,
}

impl Http1Reply {
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ReplyError>>> {
        if self.finished {
            return Poll::Ready(None);
        }
        match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => {
                self.finished = self.body.is_end_stream();
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                self.connection = None;
                self.finished = true;
                Poll::Ready(Some(Err(broken(error))))
            }
            None => {
                self.finished = true;
                Poll::Ready(None)
            }
        }
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.finished
    }

    /// Returns whether the body of the request ended with an error of its own.
    pub(crate) fn request_failed(&self) -> bool {
        self.progress.has_failed()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    /// Gives the connection back if the reply and the request are complete.
    pub(crate) fn take_connection(&mut self) -> Option<Http1> {
        let is_complete = self.finished && self.progress.is_finished();
        let mut connection = self.connection.take()?;
        if !is_complete || !connection.traffic.is_clean() {
            return None;
        }
        connection.traffic.end();
        if !self.is_reusable {
            return None;
        }
        connection.idle_since = Instant::now();
        Some(connection)
    }
}

fn broken(error: hyper::Error) -> ReplyError {
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        let kind = cause.downcast_ref().map(std::io::Error::kind);
        if let Some(std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput) = kind {
            let detail = "its chunks are not valid";
            return ReplyError::new(ReplyErrorKind::Malformed { detail }, error);
        }
        source = cause.source();
    }
    ReplyError::new(ReplyErrorKind::BrokeOff, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_timeout(value: &'static str, expected: Option<u64>) {
        let mut headers = HeaderMap::new();
        headers.insert("keep-alive", value.parse().expect("it is a value"));
        let expected = expected.map(Duration::from_millis);
        assert_eq!(keep_alive_timeout(&headers), expected, "for {value}");
    }

    #[test]
    fn the_time_that_a_server_keeps_connections_is_read() {
        check_timeout("timeout=5", Some(4000));
        check_timeout("timeout=5, max=1000", Some(4000));
        check_timeout("max=1000, Timeout = 10", Some(8000));
        check_timeout("timeout=0", Some(0));
        check_timeout("max=1000", None);
        check_timeout("timeout=soon", None);
        check_timeout("timeout=-1", None);
    }
}
