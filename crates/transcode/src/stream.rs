//! Streamed lists: each element of a list becomes a message as soon as it has
//! arrived.
//!
//! The upstream is read as fast as the caller takes the messages: nothing is read
//! ahead beyond the frame that arrived last and the element that is not whole yet.
//! Dropping the stream drops the reply, and with it the exchange. Elements are
//! read where the call runs, in turns with the other calls of its thread.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body as _, Frame};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_stream::Stream;
use tonic::Status;

use crate::call::{ListCall, Reply};
use crate::caller::{Caller, Ends};
use crate::elements::{Elements, SplitError};
use crate::exchange::{self, CallKind, Prepared, Shared};
use crate::fault::Fault;
use crate::held::BodyFault;
use crate::json::{Drift, Drifts, ReadError};
use crate::link;
use crate::record::Measurement;
use crate::upstream::{RequestBody, Upstream};

/// How many bytes of elements are read before other calls have their turn. It
/// takes about a tenth of a millisecond: a busy worker of tokio looks for what has
/// arrived only after a number of turns.
const TURN: usize = 16 << 10;

/// The messages of a streamed list, in the order of the list.
///
/// It ends with an error where the upstream fails or breaks its contract, behind
/// the elements that were whole. Dropping it ends the exchange with the upstream.
pub struct ListStream<T>(Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>);

impl<T> ListStream<T> {
    pub(crate) fn new<U: Upstream, C: ListCall<Reply = T>>(pages: Pages<U>) -> Self {
        Self(Box::pin(Messages::<U, C> {
            pages,
            call: PhantomData,
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

/// The elements of all pages, read.
struct Messages<U: Upstream, C: ListCall> {
    pages: Pages<U>,
    call: PhantomData<fn() -> C>,
}

impl<U: Upstream, C: ListCall> Stream for Messages<U, C> {
    type Item = Result<C::Reply, Status>;

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<C::Reply, Status>>> {
        let this = self.get_mut();
        let element = match ready!(this.pages.poll_element(context)) {
            Ok(Some(element)) => element,
            Ok(None) => return Poll::Ready(None),
            Err(fault) => return Poll::Ready(Some(Err(this.pages.fail(fault)))),
        };
        let element = Reply {
            headers: HeaderMap::new(),
            body: element,
            target: String::new(),
        };
        Poll::Ready(Some(match C::reply(&element) {
            Ok((message, drifts)) => {
                this.pages.note(drifts);
                Ok(message)
            }
            Err(error) => {
                let fault = this.pages.misread(error);
                Err(this.pages.fail(fault))
            }
        }))
    }
}

/// The elements of all pages of a list, as they arrive.
pub(crate) struct Pages<U: Upstream> {
    to: Arc<To<U>>,
    source: Source<U::Body>,
    elements: Elements,
    /// The target of the request for the page behind the present one.
    following: Option<String>,
    /// The room that the present element takes while it arrives.
    room: Option<OwnedSemaphorePermit>,
    /// How many bytes of elements were handed on in this turn.
    turn: usize,
    /// Set up only where nobody else sees to the deadline.
    deadline: Option<Pin<Box<Sleep>>>,
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
    /// its head.
    ///
    /// # Errors
    ///
    /// Fails where there is no such page.
    pub(crate) async fn open<C: ListCall>(
        upstream: U,
        shared: Arc<Shared>,
        caller: Caller,
        target: String,
    ) -> Result<Self, Status> {
        let measurement = caller.record.measure();
        let deadline = caller.deadline.filter(|ends| ends.is_ours);
        let to = Arc::new(To {
            upstream,
            shared,
            caller,
            call: CallKind::streamed::<C>(),
            next: C::NEXT,
        });
        let mut pages = Self {
            source: Source::Ended,
            elements: Elements::new(to.shared.config.max_element),
            following: None,
            room: None,
            turn: 0,
            deadline: deadline.map(|Ends { at, .. }| Box::pin(sleep_until(at))),
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
        self.elements = Elements::new(self.to.shared.config.max_element);
        self.source = Source::Body(Box::pin(body));
        Ok(())
    }

    /// The text of the next element, or `None` behind the last one.
    fn poll_element(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Fault>> {
        if self.turn >= TURN {
            self.turn = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            match &mut self.source {
                Source::Ended => return Poll::Ready(Ok(None)),
                Source::Head(head) => {
                    let page = ready!(head.as_mut().poll(context))?;
                    self.begin(page)?;
                }
                Source::Body(_) => {
                    let element = self.elements.next();
                    if let Some(element) = element.map_err(|error| self.split_fault(error))? {
                        self.room = None;
                        self.turn += element.len();
                        return Poll::Ready(Ok(Some(element)));
                    }
                    match ready!(self.poll_frame(context))? {
                        Some(frame) => self.feed(frame)?,
                        None => self.end_page()?,
                    }
                }
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

    fn feed(&mut self, frame: Frame<Bytes>) -> Result<(), Fault> {
        let Ok(data) = frame.into_data() else {
            return Ok(());
        };
        let To {
            shared,
            caller,
            call,
            ..
        } = &*self.to;
        caller.record.add_received(data.len());
        let taken = self
            .room
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let more = self.elements.held().saturating_sub(taken);
        if more > 0 {
            let taken = shared.room.take(more, &mut self.room);
            taken.map_err(|full| shared.body_fault(caller, call, full.into()))?;
        }
        self.elements.feed(data);
        Ok(())
    }

    /// The body of a page is over.
    fn end_page(&mut self) -> Result<(), Fault> {
        let To { caller, call, .. } = &*self.to;
        let ended = self.elements.end();
        ended.map_err(|error| exchange::misread(caller, call.rpc, error))?;
        // The connection is free while the next page is asked for.
        self.source = Source::Ended;
        if let Some(target) = self.following.take() {
            let to = Arc::clone(&self.to);
            self.source = Source::Head(Box::pin(to.ask(target)));
        }
        Ok(())
    }

    fn split_fault(&self, error: SplitError) -> Fault {
        let To {
            shared,
            caller,
            call,
            ..
        } = &*self.to;
        match error {
            SplitError::Misfit(error) => exchange::misread(caller, call.rpc, error),
            SplitError::TooLarge(index) => {
                let limit = shared.config.max_element;
                tracing::warn!(
                    rpc = call.rpc,
                    request_id = &*caller.request_id,
                    index,
                    "an element of the upstream's list is too large"
                );
                Fault::ElementTooLarge { index, limit }
            }
        }
    }

    /// The fault of the element that was whole last.
    fn misread(&self, mut error: ReadError) -> Fault {
        let below = error.path.strip_prefix('$').unwrap_or_default();
        error.path = format!("$[{}]{below}", self.elements.count().saturating_sub(1));
        exchange::misread(&self.to.caller, self.to.call.rpc, error)
    }

    /// Notes an element that was read, and how it differs from what is declared.
    fn note(&self, drifts: Drifts) {
        let record = &self.to.caller.record;
        record.add_element();
        for drift in drifts {
            let below = drift.path.strip_prefix('$').unwrap_or_default();
            let drift = Drift {
                path: format!("$[]{below}"),
                kind: drift.kind,
            };
            if record.add_drift(drift.clone()) {
                let rpc = self.to.call.rpc;
                tracing::debug!(rpc, %drift, "the upstream drifts from its contract");
            }
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
