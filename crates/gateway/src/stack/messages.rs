//! Holds the messages of a request to their size, their number and their
//! encoding (gRPC's PROTOCOL-HTTP2 and statuscodes documents).
//!
//! tonic would carry out a unary call that sends two messages, calls a message
//! that is too large `OUT_OF_RANGE`, and waits for the rest of half a message
//! while the server wants to stop. Here each message is checked on its way
//! through: what is not compressed passes as it came, and compressed messages
//! are inflated within their bound. No more than one message of a call is ever
//! held, and all calls together hold no more than they may.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use tokio::sync::watch;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;

use super::bounds::{Bounds, ENCODING, Encoding, SMALL};
use super::call::Call;
use super::status::RETRY_ELSEWHERE;
use crate::phase::Phase;

/// How long a call whose message is not whole may go on when the server leaves.
/// Most such messages are just arriving.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How long an upload that is under way may stand still when the server leaves.
const STANDSTILL: Duration = Duration::from_secs(2);

#[derive(Debug, Clone)]
pub(super) struct Layer {
    bounds: Arc<Bounds>,
    domain: Arc<str>,
    phase: watch::Receiver<Phase>,
}

impl Layer {
    pub(super) fn new(
        bounds: Arc<Bounds>,
        domain: Arc<str>,
        phase: watch::Receiver<Phase>,
    ) -> Self {
        Self {
            bounds,
            domain,
            phase,
        }
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Messages<S>;

    fn layer(&self, inner: S) -> Messages<S> {
        Messages {
            inner,
            layer: Arc::new(self.clone()),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Messages<S> {
    inner: S,
    layer: Arc<Layer>,
}

impl<S> Service<Request<Body>> for Messages<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let call = request.extensions().get::<Arc<Call>>().cloned();
        if let Some((call, kind)) = call.and_then(|call| {
            let kind = Kind::of(call.rpc.as_ref()?);
            Some((call, kind))
        }) {
            let encoding = Encoding::of(request.headers());
            // From here on nothing is compressed.
            request.headers_mut().remove(ENCODING);
            let layer = Arc::clone(&self.layer);
            request = request.map(|body| {
                Body::new(Checked {
                    body,
                    kind,
                    encoding,
                    count: 0,
                    length: 0,
                    unread: Bytes::new(),
                    state: State::Flag,
                    leaving: None,
                    layer,
                    call,
                })
            });
        }
        self.inner.call(request)
    }
}

/// What a request consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One message.
    One,
    /// An upload: it is under way while it is sent.
    Upload,
    /// A stream of questions and answers, which has no end of its own.
    Conversation,
}

impl Kind {
    fn of(rpc: &crate::rpcs::Rpc) -> Self {
        match (rpc.client_streaming, rpc.server_streaming) {
            (false, _) => Self::One,
            (true, false) => Self::Upload,
            (true, true) => Self::Conversation,
        }
    }
}

/// Where in its framing a request is.
enum State {
    /// Before a message.
    Flag,
    /// In the length of a message, of which so many bytes were read.
    Length {
        is_compressed: bool,
        read: u8,
        length: u32,
    },
    /// In a message that passes through, of which so much is missing.
    Plain { missing: usize },
    /// In a compressed message, which is collected.
    Compressed { length: usize, collected: BytesMut },
}

/// The body of a request, checked.
struct Checked {
    body: Body,
    kind: Kind,
    encoding: Encoding,
    /// How many messages have begun.
    count: u64,
    /// How many bytes the present one takes as yet.
    length: usize,
    /// What has arrived and was not looked at yet.
    unread: Bytes,
    state: State,
    /// Done when the server leaves and does not wait for this call any more.
    leaving: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    layer: Arc<Layer>,
    call: Arc<Call>,
}

impl Checked {
    fn refuse(&self, code: Code, reason: &str, message: impl Into<String>) -> Status {
        let bounds = &self.layer.bounds;
        bounds.refusal(&self.call, code, reason, message)
    }

    fn malformed(&self, message: &str) -> Status {
        self.refuse(Code::Internal, "MALFORMED_MESSAGE", message)
    }

    /// A message begins.
    fn begin(&mut self, flag: u8) -> Result<(), Status> {
        self.count += 1;
        if self.kind == Kind::One && self.count > 1 {
            return Err(self.wrong_count("more"));
        }
        if self.length > SMALL {
            // Whoever reads this has passed the message before on.
            self.call.hold_nothing();
        }
        self.length = 0;
        let is_compressed = match (flag, &self.encoding) {
            (0, _) => false,
            (1, Encoding::Gzip) => true,
            (1, Encoding::Identity) => {
                return Err(self.malformed("a message is compressed, but no encoding is named"));
            }
            (1, Encoding::Other(encoding)) => {
                return Err(self.layer.bounds.unsupported(&self.call, encoding));
            }
            _ => return Err(self.malformed("the request is not framed as gRPC has it")),
        };
        self.state = State::Length {
            is_compressed,
            read: 0,
            length: 0,
        };
        Ok(())
    }

    fn wrong_count(&self, found: &str) -> Status {
        let rpc = self.call.rpc.as_ref().map_or("the rpc", |rpc| &rpc.name);
        self.refuse(
            Code::Unimplemented,
            "MESSAGE_COUNT",
            format!("{rpc} takes one message, and {found} were sent"),
        )
    }

    /// Counts what has been added to the present message.
    fn hold(&mut self, added: usize) -> Result<(), Status> {
        self.length += added;
        self.layer.bounds.hold(&self.call, self.length)
    }

    /// Looks at what has arrived, and returns what may pass of it.
    fn step(&mut self) -> Result<Option<Bytes>, Status> {
        // How much of what has arrived passes as it is.
        let mut passing = 0;
        while passing < self.unread.len() {
            let byte = self.unread[passing];
            match &mut self.state {
                State::Flag => {
                    if byte != 0 && passing > 0 {
                        break;
                    }
                    self.begin(byte)?;
                    if byte == 0 {
                        passing += 1;
                    } else {
                        self.unread.advance(1);
                    }
                }
                State::Length {
                    is_compressed,
                    read,
                    length,
                } => {
                    *length = *length << 8 | u32::from(byte);
                    *read += 1;
                    let (is_compressed, read, length) = (*is_compressed, *read, *length);
                    if is_compressed {
                        self.unread.advance(1);
                    } else {
                        passing += 1;
                    }
                    if read < 4 {
                        continue;
                    }
                    let length = usize::try_from(length).unwrap_or(usize::MAX);
                    if length > self.layer.bounds.max_message {
                        return Err(self.layer.bounds.too_large(&self.call));
                    }
                    self.state = if is_compressed {
                        State::Compressed {
                            length,
                            collected: BytesMut::new(),
                        }
                    } else if length == 0 {
                        State::Flag
                    } else {
                        State::Plain { missing: length }
                    };
                    if is_compressed {
                        break;
                    }
                }
                State::Plain { missing } => {
                    let found = (*missing).min(self.unread.len() - passing);
                    passing += found;
                    *missing -= found;
                    if *missing == 0 {
                        self.state = State::Flag;
                    }
                    self.hold(found)?;
                }
                State::Compressed { .. } => break,
            }
        }
        if passing > 0 {
            return Ok(Some(self.unread.split_to(passing)));
        }
        self.collect()
    }

    /// Collects a compressed message, and returns it inflated once it is whole.
    fn collect(&mut self) -> Result<Option<Bytes>, Status> {
        let State::Compressed { length, collected } = &mut self.state else {
            return Ok(None);
        };
        let missing = *length - collected.len();
        let found = missing.min(self.unread.len());
        collected.extend_from_slice(&self.unread.split_to(found));
        let whole = (found == missing).then(|| std::mem::take(collected));
        self.hold(found)?;
        let Some(compressed) = whole else {
            return Ok(None);
        };
        self.state = State::Flag;
        let bounds = &self.layer.bounds;
        let malformed = |message: &str| self.malformed(message);
        let message = bounds.inflate(&self.call, &compressed, malformed)?;
        self.hold(message.len())?;
        let Ok(length) = u32::try_from(message.len()) else {
            return Err(self.layer.bounds.too_large(&self.call));
        };
        let mut framed = BytesMut::with_capacity(5 + message.len());
        framed.put_u8(0);
        framed.put_u32(length);
        framed.extend_from_slice(&message);
        Ok(Some(framed.freeze()))
    }

    /// Makes sure that what has arrived by the end is whole.
    fn end(&self) -> Result<(), Status> {
        if !matches!(self.state, State::Flag) {
            return Err(self.malformed("the request ends within a message"));
        }
        if self.kind == Kind::One && self.count == 0 {
            return Err(self.wrong_count("none"));
        }
        Ok(())
    }

    /// Waits until the server leaves and does not wait for this call.
    fn poll_leaving(&mut self, context: &mut Context<'_>) -> Poll<Status> {
        // An upload is under way from its first message on.
        let is_begun = self.count > 1 || (self.count == 1 && matches!(self.state, State::Flag));
        let patience = match self.kind {
            Kind::Conversation => Duration::ZERO,
            Kind::Upload if is_begun => STANDSTILL,
            Kind::Upload | Kind::One => LAST_WORDS,
        };
        let phase = &self.layer.phase;
        let leaving = self.leaving.get_or_insert_with(|| {
            let mut phase = phase.clone();
            Box::pin(async move {
                if phase
                    .wait_for(|phase| *phase != Phase::Serving)
                    .await
                    .is_err()
                {
                    // The server is gone, and its connections with it.
                    std::future::pending::<()>().await;
                }
                if !patience.is_zero() {
                    tokio::time::sleep(patience).await;
                }
            })
        });
        ready!(leaving.as_mut().poll(context));
        Poll::Ready(transcode::status(
            Code::Unavailable,
            "SHUTTING_DOWN",
            &self.layer.domain,
            "the gateway is shutting down, and nothing of this call was carried out",
            Some(RETRY_ELSEWHERE),
            &self.call.request_id,
        ))
    }

    /// Ends the request with an error, and lets go of what is left of it.
    fn fail(&mut self, status: Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.body = Body::empty();
        self.unread = Bytes::new();
        Poll::Ready(Some(Err(status)))
    }
}

impl http_body::Body for Checked {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        loop {
            if !self.unread.is_empty() {
                match self.step() {
                    Ok(Some(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                    Ok(None) => {}
                    Err(status) => return self.fail(status),
                }
                continue;
            }
            let frame = match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    let status = ready!(self.poll_leaving(context));
                    return self.fail(status);
                }
            };
            match frame {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        self.call.count_received(data.len());
                        if self.kind == Kind::Upload {
                            // It does not stand still.
                            self.leaving = None;
                        }
                        self.unread = data;
                    }
                    Err(trailers) => {
                        return match self.end() {
                            Ok(()) => Poll::Ready(Some(Ok(trailers))),
                            Err(status) => self.fail(status),
                        };
                    }
                },
                // What cannot be turned into gRPC is told in our words.
                Some(Err(status)) if status.code() == Code::Internal => {
                    let status = self.malformed("the request is not encoded as gRPC-Web has it");
                    return self.fail(status);
                }
                Some(Err(status)) => return self.fail(status),
                None => {
                    return match self.end() {
                        Ok(()) => Poll::Ready(None),
                        Err(status) => self.fail(status),
                    };
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        // Its end has to be looked at.
        false
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests;
