//! The body of a request, and how far it has gone.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;

use crate::BoxError;

/// A body that is on its way.
type Stream = UnsyncBoxBody<Bytes, BoxError>;

/// The body of a request.
#[derive(Debug)]
pub enum Body {
    /// Whole in memory; it can be sent more than once. No bytes mean no body.
    Whole(Bytes),
    /// A stream, such as an upload. It can be sent again only until it was read
    /// from. An error of it aborts the request.
    Stream(Stream),
}

impl Body {
    /// No body.
    pub fn empty() -> Self {
        Self::Whole(Bytes::new())
    }

    /// The length, where it is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Self::Whole(bytes) => Some(bytes.len() as u64),
            Self::Stream(stream) => stream.size_hint().exact(),
        }
    }

    /// A body on its way.
    pub fn stream<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        Self::Stream(body.map_err(Into::into).boxed_unsync())
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self::Whole(bytes.into())
    }
}

/// What is left of a request's body after some attempts.
pub(crate) enum Outgoing {
    Whole(Bytes),
    Stream(Slot, SizeHint),
}

/// A stream until somebody reads from it.
type Slot = Arc<Mutex<Option<Stream>>>;

fn lock(slot: &Slot) -> MutexGuard<'_, Option<Stream>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Outgoing {
    pub(crate) fn new(body: Body) -> Self {
        match body {
            Body::Whole(bytes) => Self::Whole(bytes),
            Body::Stream(stream) if stream.is_end_stream() => Self::Whole(Bytes::new()),
            Body::Stream(stream) => {
                let hint = stream.size_hint();
                Self::Stream(Arc::new(Mutex::new(Some(stream))), hint)
            }
        }
    }

    /// Returns whether another attempt would send the same body.
    pub(crate) fn can_be_sent(&self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Stream(slot, _) => lock(slot).is_some(),
        }
    }

    /// The body of one attempt.
    pub(crate) fn attempt(&self) -> AttemptBody {
        let (source, hint) = match self {
            Self::Whole(bytes) => {
                let hint = SizeHint::with_exact(bytes.len() as u64);
                (Source::Whole(bytes.clone()), hint)
            }
            Self::Stream(slot, hint) => (Source::Unread(Arc::clone(slot)), *hint),
        };
        let is_empty = matches!(&source, Source::Whole(bytes) if bytes.is_empty());
        AttemptBody {
            source: if is_empty { Source::Done } else { source },
            hint,
            progress: Arc::new(Progress {
                finished: AtomicBool::new(is_empty),
                failed: AtomicBool::new(false),
            }),
        }
    }
}

/// How far the body of an attempt has gone.
pub(crate) struct Progress {
    finished: AtomicBool,
    failed: AtomicBool,
}

impl Progress {
    /// Returns whether the whole body was taken.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    /// Returns whether the body ended with an error of its own.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }
}

/// The body of one attempt.
pub(crate) struct AttemptBody {
    source: Source,
    hint: SizeHint,
    progress: Arc<Progress>,
}

enum Source {
    Whole(Bytes),
    Unread(Slot),
    Stream(Stream),
    Done,
}

impl AttemptBody {
    pub(crate) fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }
}

impl HttpBody for AttemptBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        loop {
            match &mut this.source {
                Source::Whole(bytes) => {
                    let bytes = std::mem::take(bytes);
                    this.source = Source::Done;
                    this.progress.finished.store(true, Ordering::Release);
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Source::Unread(slot) => {
                    let taken = lock(slot).take();
                    let Some(stream) = taken else {
                        // Only a body that can be sent gets another attempt.
                        tracing::error!("the body of a request was to be sent twice");
                        this.source = Source::Done;
                        this.progress.failed.store(true, Ordering::Release);
                        return Poll::Ready(Some(Err("the body was sent before".into())));
                    };
                    this.source = Source::Stream(stream);
                }
                Source::Stream(stream) => {
                    let frame = std::task::ready!(Pin::new(&mut *stream).poll_frame(cx));
                    match &frame {
                        Some(Ok(_)) if !stream.is_end_stream() => {}
                        Some(Err(_)) => {
                            this.progress.failed.store(true, Ordering::Release);
                            this.source = Source::Done;
                        }
                        _ => {
                            this.progress.finished.store(true, Ordering::Release);
                            this.source = Source::Done;
                        }
                    }
                    return Poll::Ready(frame);
                }
                Source::Done => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Done => true,
            Source::Stream(stream) => stream.is_end_stream(),
            Source::Whole(_) | Source::Unread(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(_) | Source::Unread(_) => self.hint,
            Source::Stream(stream) => stream.size_hint(),
            Source::Done => SizeHint::with_exact(0),
        }
    }
}
