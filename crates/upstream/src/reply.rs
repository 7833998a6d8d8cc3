//! The body of a reply.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::ReplyError;
use crate::decoded::Decoded;
use crate::raw_body::RawBody;

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
