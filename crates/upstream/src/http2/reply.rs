//! What a stream carries back from the server.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::{Reason, RecvStream};
use http::Response;
use http::header::CONTENT_LENGTH;
use http_body::{Frame, SizeHint};

use super::error::Http2Error;
use super::open_stream::OpenStream;
use super::slot::Slot;
use crate::error::Cause;
use crate::failure::Failure;
use crate::{BoxError, ReplyError, ReplyErrorKind, SendError, SendErrorKind};

/// Waits for the head of a reply. Dropping the future resets the stream.
pub(super) async fn wait(
    response: ResponseFuture,
    mut open: OpenStream,
) -> Result<Response<Http2Reply>, Failure> {
    let mut waiting = Waiting {
        response,
        informational: 0,
    };
    let response = poll_fn(|cx| waiting.poll(&mut open, cx)).await;
    let response = match response {
        Ok(response) => response,
        Err(Waited::Error(error)) => return Err(classify(error, &open)),
        Err(Waited::Send(error)) => return Err(error.into()),
    };
    open.slot.shared.watch.hear();
    if response.headers().len() > open.slot.shared.max_headers {
        return Err(SendError::malformed("it has too many fields").into());
    }
    let (head, stream) = response.into_parts();
    let length = head.headers.get(CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse().ok());
    let mut reply = Http2Reply {
        stream,
        open,
        length,
        received: 0,
        data_ended: false,
    };
    if reply.stream.is_end_stream() {
        reply.finish();
    }
    Ok(Response::from_parts(head, reply))
}

/// The wait for the head of a reply.
struct Waiting {
    response: ResponseFuture,
    informational: u32,
}

enum Waited {
    Error(h2::Error),
    Send(SendError),
}

impl Waiting {
    fn poll(
        &mut self,
        open: &mut OpenStream,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<RecvStream>, Waited>> {
        if let Err(error) = open.carry(cx) {
            let error = SendError::new(SendErrorKind::RequestBody, error);
            return Poll::Ready(Err(Waited::Send(error)));
        }
        while let Poll::Ready(Some(response)) = self.response.poll_informational(cx) {
            response.map_err(Waited::Error)?;
            self.informational += 1;
            if self.informational > open.slot.shared.max_informational {
                let error = SendError::malformed("too many informational responses");
                return Poll::Ready(Err(Waited::Send(error)));
            }
        }
        Pin::new(&mut self.response).poll(cx).map_err(Waited::Error)
    }
}

/// What an error before the reply means for the request.
fn classify(error: h2::Error, open: &OpenStream) -> Failure {
    let Slot { shared, reused } = &open.slot;
    // h2 gives this error only to streams above the last one that the server
    // says it may have processed (RFC 9113 §6.8).
    let is_above_last = error.is_go_away() && error.is_remote();
    let is_refused =
        error.is_reset() && error.is_remote() && error.reason() == Some(Reason::REFUSED_STREAM);
    if is_above_last || is_refused {
        return Failure {
            refused_by: Some(shared.id),
            ..SendError::new(SendErrorKind::NeverSent, Http2Error::from(error)).into()
        };
    }
    if shared.watch.traffic.written() == open.start.written {
        return Failure::unsent(Http2Error::from(error), *reused);
    }
    if error.is_library() {
        let detail = if error.is_reset() {
            "its head is too large or not valid"
        } else {
            "it is not valid HTTP/2"
        };
        return SendError::new(SendErrorKind::Malformed { detail }, Http2Error::from(error)).into();
    }
    let source: BoxError = match shared.watch.ended.get() {
        Some(cause @ Cause::PingTimeout) => (*cause).into(),
        _ => Http2Error::from(error).into(),
    };
    SendError::new(SendErrorKind::PerhapsCarriedOut, source).into()
}

/// The body of a reply, on its stream.
pub(crate) struct Http2Reply {
    stream: RecvStream,
    open: OpenStream,
    length: Option<u64>,
    received: u64,
    data_ended: bool,
}

impl Http2Reply {
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ReplyError>>> {
        if self.open.is_finished() {
            return Poll::Ready(None);
        }
        if let Err(error) = self.open.carry(cx) {
            return Poll::Ready(Some(Err(ReplyError::new(ReplyErrorKind::BrokeOff, error))));
        }
        if !self.data_ended {
            match ready!(self.stream.poll_data(cx)) {
                Some(Ok(data)) => {
                    self.received += data.len() as u64;
                    self.open.slot.shared.watch.hear();
                    // It fails only for a stream that is closed.
                    let _ = self.stream.flow_control().release_capacity(data.len());
                    if self.stream.is_end_stream() {
                        self.finish();
                    }
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Err(error)) => return self.fail(error),
                None => self.data_ended = true,
            }
        }
        match ready!(self.stream.poll_trailers(cx)) {
            Ok(trailers) => {
                self.finish();
                Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
            }
            Err(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: h2::Error) -> Poll<Option<Result<Frame<Bytes>, ReplyError>>> {
        // "I have answered, send no more" (RFC 9113 §8.1) is no failure, if
        // everything has arrived. Without a length only END_STREAM tells.
        let is_complete = self.length.is_some_and(|length| length == self.received);
        if error.is_remote()
            && error.is_reset()
            && error.reason() == Some(Reason::NO_ERROR)
            && is_complete
        {
            self.finish();
            return Poll::Ready(None);
        }
        let kind = if error.is_library() {
            let detail = "it is not valid HTTP/2";
            ReplyErrorKind::Malformed { detail }
        } else {
            ReplyErrorKind::BrokeOff
        };
        let source: BoxError = match self.open.slot.shared.watch.ended.get() {
            Some(cause @ Cause::PingTimeout) => (*cause).into(),
            _ => Http2Error::from(error).into(),
        };
        Poll::Ready(Some(Err(ReplyError::new(kind, source))))
    }

    fn finish(&mut self) {
        self.open.finish();
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.open.is_finished()
    }

    /// Returns whether the body of the request ended with an error of its own.
    pub(crate) fn request_failed(&self) -> bool {
        self.open.request_failed()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match self.length {
            _ if self.open.is_finished() => SizeHint::with_exact(0),
            Some(length) => SizeHint::with_exact(length.saturating_sub(self.received)),
            None => SizeHint::default(),
        }
    }
}
