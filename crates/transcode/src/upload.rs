//! The body of an upload: one part of multipart/form-data (RFC 7578), written
//! while its content arrives.

use std::fmt::Write as _;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderValue;
use http_body::Frame;
use tokio_stream::Stream;
use tonic::{Status, Streaming};

use crate::call::{UploadCall, Violation};

/// What ended an upload before its end, if anything did.
///
/// An HTTP client says of a body that failed no more than that it failed; the
/// reason is left here for the one who asks.
#[derive(Clone, Default)]
pub(crate) struct Interruption(Arc<Mutex<Option<Status>>>);

impl Interruption {
    fn set(&self, status: Status) {
        *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(status);
    }

    pub(crate) fn take(&self) -> Option<Status> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take()
    }
}

/// The line that separates the parts.
pub(crate) struct Boundary(String);

impl Boundary {
    /// A boundary that no content will contain: it is drawn at random.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        let mut text = String::from("part-");
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Ok(Self(text))
    }

    /// The content type of the whole body.
    pub(crate) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.0)
    }
}

/// What stands before the content.
pub(crate) fn preamble<C: UploadCall>(
    header: &C::Request,
    boundary: &Boundary,
) -> Result<Bytes, Violation> {
    let file_name = C::file_name(header).filter(|name| !name.is_empty());
    let content_type = C::content_type(header)
        .filter(|content_type| !content_type.is_empty())
        .unwrap_or("application/octet-stream");
    if HeaderValue::from_str(content_type).is_err() {
        return Err(Violation {
            field: "content_type".to_owned(),
            description: "must be a media type, such as image/png".to_owned(),
        });
    }
    let preamble = format!(
        "--{}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n\
         Content-Type: {content_type}\r\n\r\n",
        boundary.0,
        escaped(C::PART),
        escaped(file_name.unwrap_or(C::PART)),
    );
    Ok(Bytes::from(preamble))
}

/// A name as the WHATWG's multipart/form-data encoding writes it.
fn escaped(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The body: preamble, content, end.
pub(crate) struct UploadBody<C: UploadCall> {
    preamble: Option<Bytes>,
    messages: Option<Streaming<C::Request>>,
    end: Option<Bytes>,
    interruption: Interruption,
    call: PhantomData<fn() -> C>,
}

impl<C: UploadCall> UploadBody<C> {
    pub(crate) fn new(
        preamble: Bytes,
        messages: Streaming<C::Request>,
        boundary: &Boundary,
        interruption: Interruption,
    ) -> Self {
        Self {
            preamble: Some(preamble),
            messages: Some(messages),
            end: Some(Bytes::from(format!("\r\n--{}--\r\n", boundary.0))),
            interruption,
            call: PhantomData,
        }
    }
}

impl<C: UploadCall> http_body::Body for UploadBody<C> {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(preamble) = self.preamble.take() {
            return Poll::Ready(Some(Ok(Frame::data(preamble))));
        }
        while let Some(messages) = &mut self.messages {
            let failed = match ready!(Pin::new(messages).poll_next(context)) {
                Some(Ok(message)) => match C::content(message) {
                    Some(content) if content.is_empty() => continue,
                    Some(content) => return Poll::Ready(Some(Ok(Frame::data(content)))),
                    None => Status::invalid_argument(
                        "only the first message of an upload is a header; every other one carries content",
                    ),
                },
                Some(Err(status)) => status,
                None => {
                    self.messages = None;
                    break;
                }
            };
            // The upstream must not take what has arrived for the whole: the
            // body ends with an error instead of its closing boundary.
            self.messages = None;
            self.end = None;
            self.interruption.set(failed.clone());
            return Poll::Ready(Some(Err(failed)));
        }
        Poll::Ready(self.end.take().map(|end| Ok(Frame::data(end))))
    }
}
