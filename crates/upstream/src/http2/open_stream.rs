//! A stream, and what it carries to the server.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::Body as _;
use tokio::time::Instant;

use super::keep_alive::Watch;
use super::slot::Slot;
use crate::BoxError;
use crate::body::AttemptBody;

/// How long a call must have heard nothing to cast doubt on its connection.
const SUSPICIOUS: Duration = Duration::from_millis(100);

/// How much had gone through the connection when a request was sent.
pub(super) struct Start {
    pub(super) at: Instant,
    pub(super) heard: u64,
    pub(super) written: u64,
}

impl Start {
    pub(super) fn now(watch: &Watch) -> Self {
        Self {
            at: Instant::now(),
            heard: watch.heard(),
            written: watch.traffic.written(),
        }
    }
}

/// A stream and what it carries. Resets the stream when dropped, unless it is
/// finished.
pub(super) struct OpenStream {
    stream: SendStream<Bytes>,
    upload: Option<Upload>,
    pub(super) slot: Slot,
    pub(super) start: Start,
    finished: bool,
    request_failed: bool,
}

impl OpenStream {
    pub(super) fn new(
        stream: SendStream<Bytes>,
        body: Option<AttemptBody>,
        slot: Slot,
        start: Start,
    ) -> Self {
        Self {
            stream,
            upload: body.map(Upload::new),
            slot,
            start,
            finished: false,
            request_failed: false,
        }
    }

    /// Returns whether the reply is complete.
    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Returns whether the body of the request ended with an error of its own.
    pub(super) fn request_failed(&self) -> bool {
        self.request_failed
    }

    /// Carries the request's body on. Fails with its error.
    pub(super) fn carry(&mut self, cx: &mut Context<'_>) -> Result<(), BoxError> {
        let Some(upload) = &mut self.upload else {
            return Ok(());
        };
        match upload.poll(&mut self.stream, cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(Carried::All) => {
                self.upload = None;
                Ok(())
            }
            // The server takes no more of it. Its reply, if any, says why.
            Poll::Ready(Carried::Refused) => {
                upload.stop();
                Ok(())
            }
            Poll::Ready(Carried::Broken(error)) => {
                self.request_failed = true;
                Err(error)
            }
        }
    }

    /// The reply is complete. What is left of the request is not sent.
    pub(super) fn finish(&mut self) {
        self.finished = true;
        if self.upload.take().is_some() {
            self.stream.send_reset(Reason::CANCEL);
        }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        self.stream.send_reset(Reason::CANCEL);
        let watch = &self.slot.shared.watch;
        let is_silent = watch.heard() == self.start.heard;
        if is_silent && self.start.at.elapsed() >= SUSPICIOUS {
            watch.suspect();
        }
    }
}

/// The body of a request on its way into a stream.
struct Upload {
    body: Option<AttemptBody>,
    /// What the stream has no room for yet.
    chunk: Bytes,
}

enum Carried {
    All,
    Refused,
    Broken(BoxError),
}

impl Upload {
    fn new(body: AttemptBody) -> Self {
        Self {
            body: Some(body),
            chunk: Bytes::new(),
        }
    }

    /// Lets go of the body.
    fn stop(&mut self) {
        self.body = None;
        self.chunk = Bytes::new();
    }

    fn poll(&mut self, stream: &mut SendStream<Bytes>, cx: &mut Context<'_>) -> Poll<Carried> {
        let Some(body) = &mut self.body else {
            return Poll::Pending;
        };
        loop {
            if !self.chunk.is_empty() {
                stream.reserve_capacity(self.chunk.len());
                let room = match stream.capacity() {
                    0 => match ready!(stream.poll_capacity(cx)) {
                        Some(Ok(room)) => room,
                        Some(Err(_)) | None => return Poll::Ready(Carried::Refused),
                    },
                    room => room,
                };
                let next = self.chunk.split_to(room.min(self.chunk.len()));
                let ends = self.chunk.is_empty() && body.is_end_stream();
                if stream.send_data(next, ends).is_err() {
                    return Poll::Ready(Carried::Refused);
                }
                if ends {
                    return Poll::Ready(Carried::All);
                }
                continue;
            }
            // A server that has reset the stream wants no more of the body.
            if stream.poll_reset(cx).is_ready() {
                return Poll::Ready(Carried::Refused);
            }
            let frame = match ready!(Pin::new(&mut *body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Carried::Broken(error)),
                None => {
                    return Poll::Ready(match stream.send_data(Bytes::new(), true) {
                        Ok(()) => Carried::All,
                        Err(_) => Carried::Refused,
                    });
                }
            };
            match frame.into_data() {
                Ok(data) if data.is_empty() && body.is_end_stream() => {
                    return Poll::Ready(match stream.send_data(data, true) {
                        Ok(()) => Carried::All,
                        Err(_) => Carried::Refused,
                    });
                }
                Ok(data) => self.chunk = data,
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        return Poll::Ready(match stream.send_trailers(trailers) {
                            Ok(()) => Carried::All,
                            Err(_) => Carried::Refused,
                        });
                    }
                }
            }
        }
    }
}
