//! Streamed lists: each element of a list becomes a message as soon as it has
//! arrived.
//!
//! The upstream is read as fast as the caller takes the messages: nothing is read
//! ahead beyond the frame that arrived last and the element that is not whole yet.
//! Dropping the stream drops the reply, and with it the exchange. Elements are
//! translated where the call runs, in turns with the other calls of its thread.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use http::header::HeaderValue;
use http::{HeaderMap, Response, StatusCode};
use http_body::{Body as _, Frame};
use prost::Message;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_stream::Stream;
use tonic::Status;

use crate::caller::{Caller, Ends};
use crate::exchange::{self, CallKind, PREFIX, Prepared, Shared};
use crate::fault::Fault;
use crate::held::{BodyFault, TURN};
use crate::json::ReadError;
use crate::link;
use crate::record::Measurement;
use crate::upstream::{RequestBody, Upstream};
use crate::wire::Reader;

/// The messages of a streamed list, in the order of the list.
///
/// It ends with an error where the upstream fails or breaks its contract, behind
/// the elements that were whole. Dropping it ends the exchange with the upstream.
pub struct ListStream<T>(Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>);

impl<T: Message + Default + Unpin + 'static> ListStream<T> {
    pub(crate) fn new<U: Upstream>(pages: Pages<U>) -> Self {
        Self(Box::pin(Messages {
            pages,
            arrived: VecDeque::new(),
        }))
    }
}

impl<T> Stream for ListStream<T> {
    type Item = Result<T, Status>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<T, Status>>> {
        self.0.as_mut().poll_next(context)
    }
}

/// The messages of all pages, decoded.
struct Messages<U: Upstream, T> {
    pages: Pages<U>,
    arrived: VecDeque<T>,
}

impl<U: Upstream, T: Message + Default + Unpin + 'static> Stream for Messages<U, T> {
    type Item = Result<T, Status>;

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<T, Status>>> {
        let this = self.get_mut();
        loop {
            if let Some(message) = this.arrived.pop_front() {
                return Poll::Ready(Some(Ok(message)));
            }
            let decoded = match ready!(this.pages.poll_messages(context)) {
                Ok(Some(messages)) => decode(messages),
                Ok(None) => return Poll::Ready(None),
                Err(fault) => Err(fault),
            };
            match decoded {
                Ok(messages) => this.arrived = messages,
                Err(fault) => return Poll::Ready(Some(Err(this.pages.fail(fault)))),
            }
        }
    }
}

/// The messages of these bytes, each behind the prefix of gRPC.
fn decode<T: Message + Default>(mut bytes: Bytes) -> Result<VecDeque<T>, Fault> {
    const BROKEN: Fault = Fault::Gateway("the reply could not be translated");
    let mut messages = VecDeque::new();
    while bytes.has_remaining() {
        if bytes.len() < PREFIX {
            return Err(BROKEN);
        }
        bytes.advance(1);
        let length = usize::try_from(bytes.get_u32()).map_err(|_| BROKEN)?;
        if bytes.len() < length {
            return Err(BROKEN);
        }
        let message = T::decode(bytes.split_to(length)).map_err(|error| {
            tracing::error!(%error, "an element was translated into no message");
            BROKEN
        })?;
        messages.push_back(message);
    }
    Ok(messages)
}

/// The elements of all pages of a list as messages, as they arrive.
pub(crate) struct Pages<U: Upstream> {
    to: Arc<To<U>>,
    source: Source<U::Body>,
    /// The head of the present page.
    head: Head,
    reader: Reader,
    /// What has arrived and was not translated yet.
    arrived: Bytes,
    /// How many elements of the present page were handed on.
    handed_on: usize,
    /// The target of the request for the page behind the present one.
    following: Option<String>,
    /// What ends the stream, once the messages before it are handed on.
    fault: Option<Fault>,
    /// The room that the present element takes while it arrives.
    room: Option<OwnedSemaphorePermit>,
    /// How many bytes were translated in this turn.
    turn: usize,
    /// Set up only where nobody else sees to the deadline.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Whether the trailers were handed on, where the messages are a body.
    has_ended: bool,
    _measurement: Measurement,
}

/// Where the pages come from.
struct To<U> {
    upstream: U,
    shared: Arc<Shared>,
    caller: Caller,
    call: CallKind,
    next: &'static [&'static str],
}

/// What the head of a page says.
#[derive(Default)]
struct Head {
    status: StatusCode,
    headers: HeaderMap,
}

/// What is waited for.
enum Source<B> {
    Head(Pin<Box<dyn Future<Output = Result<Page<B>, Fault>> + Send>>),
    Body(Pin<Box<B>>),
    Ended,
}

/// The head of a page that has arrived.
struct Page<B> {
    target: String,
    response: Response<B>,
}

impl<U: Upstream> To<U> {
    /// A reader of a page.
    fn reader(&self) -> Reader {
        Reader::of_list(self.call.reply.body, self.shared.config.max_element)
    }

    /// Asks for the page with this target.
    async fn ask(self: Arc<Self>, target: String) -> Result<Page<U::Body>, Fault> {
        let prepared = Prepared {
            call: self.call.clone(),
            target: target.clone(),
            content_type: None,
            body: RequestBody::Whole(Bytes::new()),
        };
        let uri = self.shared.uri(&target)?;
        let opened = self
            .shared
            .open(&self.upstream, &self.caller, prepared, uri);
        let response = self.caller.in_time(opened).await?;
        Ok(Page { target, response })
    }
}

impl<U: Upstream> Pages<U> {
    /// Asks for the first page, which is the one with this target, and waits for
    /// its head. The links to the others name them by the parameters `next`.
    ///
    /// # Errors
    ///
    /// Fails where there is no such page.
    pub(crate) async fn open(
        upstream: U,
        shared: Arc<Shared>,
        caller: Caller,
        call: CallKind,
        target: String,
        next: &'static [&'static str],
    ) -> Result<Self, Status> {
        let measurement = caller.record.measure();
        let deadline = caller.deadline.filter(|ends| ends.is_ours);
        let to = Arc::new(To {
            upstream,
            shared,
            caller,
            call,
            next,
        });
        let mut pages = Self {
            source: Source::Ended,
            head: Head::default(),
            reader: to.reader(),
            arrived: Bytes::new(),
            handed_on: 0,
            following: None,
            fault: None,
            room: None,
            turn: 0,
            deadline: deadline.map(|Ends { at, .. }| Box::pin(sleep_until(at))),
            has_ended: false,
            _measurement: measurement,
            to,
        };
        let begun = match Arc::clone(&pages.to).ask(target).await {
            Ok(page) => pages.begin(page),
            Err(fault) => Err(fault),
        };
        match begun {
            Ok(()) => Ok(pages),
            Err(fault) => Err(pages.fail(fault)),
        }
    }

    /// The metadata of the answer.
    pub(crate) fn metadata(&self) -> tonic::metadata::MetadataMap {
        self.to.caller.answer_metadata()
    }

    /// Goes over to a page whose head has arrived.
    fn begin(&mut self, page: Page<U::Body>) -> Result<(), Fault> {
        let (head, body) = page.response.into_parts();
        self.following = link::next_target(&head.headers, &page.target, self.to.next)
            .map_err(|error| exchange::misread(&self.to.caller, self.to.call.rpc, error))?;
        self.head = Head {
            status: head.status,
            headers: head.headers,
        };
        self.reader = self.to.reader();
        self.handed_on = 0;
        self.source = Source::Body(Box::pin(body));
        Ok(())
    }

    /// The next messages, each behind the prefix of gRPC, or `None` behind the last
    /// ones.
    pub(crate) fn poll_messages(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Fault>> {
        loop {
            // Also within an element that is larger than that.
            if self.turn >= TURN {
                self.turn = 0;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            if let Some(fault) = self.fault.take() {
                return Poll::Ready(Err(fault));
            }
            if !self.arrived.is_empty() {
                if let Some(messages) = self.translate() {
                    return Poll::Ready(Ok(Some(messages)));
                }
                continue;
            }
            match &mut self.source {
                Source::Ended => return Poll::Ready(Ok(None)),
                Source::Head(head) => {
                    let page = ready!(head.as_mut().poll(context))?;
                    self.begin(page)?;
                }
                Source::Body(_) => match ready!(self.poll_frame(context))? {
                    Some(frame) => self.arrived = frame.into_data().unwrap_or_default(),
                    None => self.end_page()?,
                },
            }
        }
    }

    /// The next frame of the present page.
    fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Frame<Bytes>>, Fault>> {
        if self.has_no_time(context) {
            return Poll::Ready(Err(Fault::DeadlineExceeded));
        }
        let Source::Body(body) = &mut self.source else {
            return Poll::Ready(Ok(None));
        };
        let frame = ready!(body.as_mut().poll_frame(context)).transpose();
        Poll::Ready(frame.map_err(|error| {
            let fault = BodyFault::of(error.into());
            let To {
                shared,
                caller,
                call,
                ..
            } = &*self.to;
            shared.body_fault(caller, call, fault)
        }))
    }

    /// Returns whether the deadline has passed. Wakes when it does, where that is
    /// left to the gateway.
    fn has_no_time(&mut self, context: &mut Context<'_>) -> bool {
        let is_over = |ends: Ends| ends.at <= Instant::now();
        self.to.caller.deadline.is_some_and(is_over)
            || self
                .deadline
                .as_mut()
                .is_some_and(|deadline| deadline.as_mut().poll(context).is_ready())
    }

    /// Translates a piece of what has arrived. The messages that are whole are the
    /// result, whatever goes wrong behind them.
    fn translate(&mut self) -> Option<Bytes> {
        let left = TURN - self.turn;
        let piece = self.arrived.split_to(left.min(self.arrived.len()));
        self.turn += piece.len();
        let record = &self.to.caller.record;
        record.add_received(piece.len());
        let read = self.reader.feed(&piece);
        for drift in self.reader.take_drifts() {
            if record.add_drift(drift.clone()) {
                self.to.shared.drifts.tell(self.to.call.rpc, &drift);
            }
        }
        let elements = self.reader.elements();
        record.add_elements(elements - self.handed_on);
        self.handed_on = elements;
        if let Err(fault) = read
            .map_err(|error| self.read_fault(error))
            .and_then(|()| self.hold())
        {
            self.arrived = Bytes::new();
            self.fault = Some(fault);
        }
        // Lists are taken in one part.
        self.reader.take().pop()
    }

    /// Takes room for what is held of an element that is not whole.
    fn hold(&mut self) -> Result<(), Fault> {
        let unfinished = self.reader.unfinished();
        let taken = self
            .room
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        if unfinished == 0 {
            self.room = None;
        } else if unfinished > taken {
            let To {
                shared,
                caller,
                call,
                ..
            } = &*self.to;
            let more = shared.room.take(unfinished - taken, &mut self.room);
            more.map_err(|full| shared.body_fault(caller, call, full.into()))?;
        }
        Ok(())
    }

    /// The body of a page is over.
    fn end_page(&mut self) -> Result<(), Fault> {
        let ended = self.reader.finish();
        ended.map_err(|error| self.read_fault(error))?;
        // The connection is free while the next page is asked for.
        self.source = Source::Ended;
        if let Some(target) = self.following.take() {
            let to = Arc::clone(&self.to);
            self.source = Source::Head(Box::pin(to.ask(target)));
        }
        Ok(())
    }

    fn read_fault(&self, error: ReadError) -> Fault {
        let To {
            shared,
            caller,
            call,
            ..
        } = &*self.to;
        if !self.reader.is_too_large() {
            let Head { status, headers } = &self.head;
            if exchange::is_no_json(&error, headers) {
                return exchange::no_answer(caller, call, *status, exchange::NO_JSON);
            }
            return exchange::misread(caller, call.rpc, error);
        }
        let index = self.reader.elements();
        tracing::warn!(
            rpc = call.rpc,
            request_id = &*caller.request_id,
            index,
            "an element of the upstream's list is too large"
        );
        Fault::ElementTooLarge {
            index,
            limit: shared.config.max_element,
            setting: shared.config.names.max_element,
        }
    }

    /// Ends the stream with a fault. The exchange is over.
    fn fail(&mut self, fault: Fault) -> Status {
        self.source = Source::Ended;
        let To {
            shared,
            caller,
            call,
            ..
        } = &*self.to;
        shared.failure(caller, call.rpc, fault)
    }
}

/// The body of a response: the messages, and the status in the trailers.
impl<U: Upstream> http_body::Body for Pages<U> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let mut trailers = HeaderMap::with_capacity(3);
        match ready!(self.poll_messages(context)) {
            Ok(Some(messages)) => return Poll::Ready(Some(Ok(Frame::data(messages)))),
            Ok(None) => {
                trailers.insert("grpc-status", HeaderValue::from_static("0"));
            }
            Err(fault) => {
                let status = self.fail(fault);
                if let Err(status) = status.add_header(&mut trailers) {
                    return Poll::Ready(Some(Err(status)));
                }
            }
        }
        self.has_ended = true;
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended
    }
}
