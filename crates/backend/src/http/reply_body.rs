//! The body of a reply, in small pieces. That tells how far the client has read.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::activity::Call;

/// How much of a reply is handed to hyper at a time, in bytes.
const PIECE: usize = 16 << 10;

/// The body of a reply to a call that lasts until all of it is handed to hyper.
pub(super) struct ReplyBody {
    body: axum::body::Body,
    rest: Bytes,
    call: Call,
}

impl ReplyBody {
    pub(super) fn new(body: axum::body::Body, mut call: Call) -> Self {
        // The head waits to be written already.
        call.hand_over();
        Self {
            body,
            rest: Bytes::new(),
            call,
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Pending => {
                    self.call.catch_up();
                    return Poll::Pending;
                }
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(frame) => {
                        self.call.hand_over();
                        return Poll::Ready(Some(Ok(frame)));
                    }
                },
                end @ Poll::Ready(_) => return end,
            }
        }
        self.call.hand_over();
        let length = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.rest.is_empty() {
            self.body.size_hint()
        } else {
            SizeHint::default()
        }
    }
}
