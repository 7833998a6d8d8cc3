//! The body of an upload: it is written while its content arrives.
//!
//! The call owns the caller's stream, as a [`Source`]; the body that goes
//! upstream only holds a handle to it. When the call is over, for whatever
//! reason, the source is dropped and the stream with it, which gives the caller
//! its flow-control window back at once. What the HTTP client does with the body
//! does not matter: a body whose source is gone before it was whole ends with
//! an error, never as if it were whole.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http_body::Frame;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Code, Status, Streaming};

use crate::call::UploadCall;
use crate::layout::UploadLayout;
use crate::record::CallRecord;
use crate::request_parts::Malformed;
use crate::wire::{self, UploadParts};
use transcode_core::Violation;

/// Why an upload ended before its end.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Interrupted {
    /// A message carries no content.
    #[error("only the first message of an upload is a header; every other one carries content")]
    NoContent,
    /// A message cannot be read.
    #[error("a message of the upload cannot be read")]
    Malformed,
    /// A message is larger than the server takes.
    #[error("a message of the upload is too large")]
    TooLarge,
    /// The caller went away.
    #[error("the caller broke the upload off")]
    BrokenOff(#[source] Status),
    /// A layer of the server ended the stream, and says why in the details of
    /// its status.
    #[error("{}", .0.message())]
    Refused(Status),
}

/// What a stream fails with tells who has ended it.
impl From<Status> for Interrupted {
    fn from(status: Status) -> Self {
        use std::error::Error as _;
        if !status.details().is_empty() {
            return Self::Refused(status);
        }
        match status.code() {
            // tonic counts the bytes as they come (OUT_OF_RANGE) and as they
            // are decompressed (RESOURCE_EXHAUSTED).
            Code::OutOfRange | Code::ResourceExhausted => Self::TooLarge,
            // tonic gives a message that it cannot decode no source, and the
            // failure of a connection its cause.
            Code::Internal if status.source().is_none() => Self::Malformed,
            // What a body has in place of CANCELLED, which tonic would not see.
            Code::Aborted => Self::BrokenOff(Status::cancelled(status.message())),
            _ => Self::BrokenOff(status),
        }
    }
}

/// A message of an upload.
pub(crate) enum UploadMessage {
    /// Says where the content goes.
    Header(Header),
    /// A part of the content.
    Content(Bytes),
    /// Says nothing.
    Neither,
}

/// What the header of an upload says.
pub(crate) struct Header {
    /// The path and query of the request.
    pub(crate) target: Result<String, Vec<Violation>>,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) layout: &'static UploadLayout,
}

/// Reads the bytes of a message.
pub(crate) type ReadMessage = fn(&Bytes) -> Result<UploadMessage, Malformed>;

/// Reads the bytes of a message of the rpc.
pub(crate) fn read_message<C: UploadCall>(message: &Bytes) -> Result<UploadMessage, Malformed> {
    let layout = C::upload();
    let read = wire::read_upload(&C::PATH, C::request(), layout, message)?;
    Ok(match read {
        UploadParts::Header {
            target,
            file_name,
            content_type,
        } => UploadMessage::Header(Header {
            target,
            file_name: file_name.map(str::to_owned),
            content_type: content_type.map(str::to_owned),
            layout,
        }),
        UploadParts::Content(content) => UploadMessage::Content(message.slice_ref(content)),
        UploadParts::Neither => UploadMessage::Neither,
    })
}

/// The content of a message, or `None` for one that carries none.
type Messages = Pin<Box<dyn Stream<Item = Result<Option<Bytes>, Status>> + Send>>;

/// How far an upload has come.
#[derive(Debug, Clone)]
enum Progress {
    /// Content is still to come.
    Going,
    /// The last byte has been handed to the upstream.
    Whole,
    /// The caller's stream has ended it.
    Interrupted(Interrupted),
    /// The call was over first.
    Abandoned,
}

struct Shared {
    /// The caller's stream, until it ends or the call does.
    messages: Option<Messages>,
    progress: Progress,
    /// Whoever waits for the next frame of the body.
    waker: Option<Waker>,
}

/// The content of an upload, which the call holds while it goes on.
pub(crate) struct Source(Arc<Mutex<Shared>>);

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Source {
    pub(crate) fn new(messages: Streaming<Bytes>, read: ReadMessage) -> Self {
        let contents = messages.map(move |message| match read(&message?) {
            Ok(UploadMessage::Content(content)) => Ok(Some(content)),
            Ok(UploadMessage::Header(_) | UploadMessage::Neither) => Ok(None),
            Err(error) => Err(Status::internal(error.to_string())),
        });
        Self(Arc::new(Mutex::new(Shared {
            messages: Some(Box::pin(contents)),
            progress: Progress::Going,
            waker: None,
        })))
    }

    /// The body: the preamble, the content and the end.
    pub(crate) fn body(&self, preamble: Bytes, end: Bytes, record: &CallRecord) -> UploadBody {
        UploadBody {
            shared: Arc::clone(&self.0),
            preamble: Some(preamble),
            end,
            record: record.clone(),
        }
    }

    /// What in the caller's stream has ended the upload, if anything has.
    pub(crate) fn interruption(&self) -> Option<Interrupted> {
        match &lock(&self.0).progress {
            Progress::Interrupted(cause) => Some(cause.clone()),
            _ => None,
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let mut shared = lock(&self.0);
        if matches!(shared.progress, Progress::Going) {
            shared.progress = Progress::Abandoned;
        }
        let (messages, waker) = (shared.messages.take(), shared.waker.take());
        drop(shared);
        drop(messages);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The body as the HTTP client sees it.
pub(crate) struct UploadBody {
    shared: Arc<Mutex<Shared>>,
    preamble: Option<Bytes>,
    end: Bytes,
    record: CallRecord,
}

/// Why a body ends before its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the upload was interrupted")]
    Interrupted(#[source] Interrupted),
    #[error("the call is over")]
    Abandoned,
}

impl UploadBody {
    fn frame(&self, bytes: Bytes) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.record.add_sent(bytes.len());
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl http_body::Body for UploadBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let mut shared = lock(&this.shared);
        match &shared.progress {
            Progress::Going => {}
            Progress::Whole => return Poll::Ready(None),
            Progress::Interrupted(cause) => {
                return Poll::Ready(Some(Err(BodyError::Interrupted(cause.clone()))));
            }
            Progress::Abandoned => return Poll::Ready(Some(Err(BodyError::Abandoned))),
        }
        if let Some(preamble) = this.preamble.take() {
            drop(shared);
            return this.frame(preamble);
        }
        // Only the end of the call wakes a body whose stream is gone.
        shared.waker = Some(context.waker().clone());
        let Some(messages) = &mut shared.messages else {
            return Poll::Pending;
        };
        let cause = match ready!(messages.as_mut().poll_next(context)) {
            Some(Ok(Some(chunk))) if chunk.is_empty() => {
                // Others have a turn before the next one.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Ok(Some(chunk))) => {
                drop(shared);
                return this.frame(chunk);
            }
            Some(Ok(None)) => Interrupted::NoContent,
            Some(Err(status)) => status.into(),
            None => {
                shared.progress = Progress::Whole;
                shared.messages = None;
                drop(shared);
                return this.frame(this.end.clone());
            }
        };
        // The upstream must not take what has arrived for the whole: the body
        // ends with an error instead of its closing boundary.
        shared.progress = Progress::Interrupted(cause.clone());
        shared.messages = None;
        Poll::Ready(Some(Err(BodyError::Interrupted(cause))))
    }
}
