//! Carries calls out: one HTTP request upstream for each rpc.

use std::any::Any;
use std::sync::Arc;

use http::Extensions;
use http::header::HeaderValue;
use tokio_stream::StreamExt as _;
use tonic::{Response, Status, Streaming};

use crate::call::{self, ListCall, Reply, RestCall, UploadCall};
use crate::caller::Caller;
use crate::config::Config;
use crate::exchange::{self, Answer, CallKind, Erased, Prepared, Shared};
use crate::fault::Fault;
use crate::json::Drifts;
use crate::multipart::{self, Boundary};
use crate::stream::{ListStream, Pages};
use crate::upload::Source;
use crate::upstream::{RequestBody, Upstream};
use crate::violation::Violation;

/// Answers rpcs with the help of a REST API.
///
/// transcode-build generates the implementation of each tonic service for it.
/// It keeps no state between calls.
///
/// Each rpc only adds its own request and reply: the code between them is
/// compiled once for each kind of upstream.
#[derive(Clone)]
pub struct Gateway<U> {
    upstream: U,
    shared: Arc<Shared>,
}

impl<U: Upstream> Gateway<U> {
    /// A gateway in front of the upstream.
    pub fn new(upstream: U, config: Config) -> Self {
        Self {
            upstream,
            shared: Arc::new(Shared::new(config)),
        }
    }

    /// How large a message of a caller may be, in bytes.
    pub fn max_message(&self) -> usize {
        self.shared.config.max_message
    }

    /// Carries out a unary call.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` for a request that has no REST form, `INTERNAL` where
    /// the reply of the upstream does not have the declared shape,
    /// `DEADLINE_EXCEEDED` where the deadline passes, `UNAVAILABLE` where there is
    /// no reply, `RESOURCE_EXHAUSTED` where it is too much to hold, else the
    /// upstream's own error.
    pub async fn call<C: RestCall>(
        &self,
        request: tonic::Request<C::Request>,
    ) -> Result<Response<C::Reply>, Status> {
        let (metadata, extensions, message) = request.into_parts();
        let caller = Caller::new(metadata, extensions);
        let answer = self.carry_out(&caller, Prepared::new::<C>(message)).await;
        finish::<C>(&self.shared, &caller, answer).await
    }

    async fn carry_out(
        &self,
        caller: &Caller,
        prepared: Result<Prepared, Vec<Violation>>,
    ) -> Result<Answer, Fault> {
        let prepared = prepared.map_err(Fault::InvalidRequest)?;
        let exchange = self.shared.exchange(&self.upstream, caller, prepared);
        caller.in_time(exchange).await
    }

    /// Reads a list element by element. The response is there with the head of the
    /// upstream's reply; the stream asks for no more than its reader takes.
    ///
    /// A reply of the upstream that has a link to a next page is followed by that
    /// page, in a request of its own.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call), until the head of the reply has arrived. What
    /// goes wrong later ends the stream, behind the elements that were whole.
    pub async fn stream<C: ListCall>(
        &self,
        request: tonic::Request<C::Request>,
    ) -> Result<Response<ListStream<C::Reply>>, Status> {
        let (metadata, extensions, message) = request.into_parts();
        let caller = Caller::new(metadata, extensions);
        let target = call::path_and_query::<C>(&message);
        let target = target.map_err(|violations| {
            let fault = Fault::InvalidRequest(violations);
            self.shared.failure(&caller, C::RPC, fault)
        })?;
        let (upstream, shared) = (self.upstream.clone(), Arc::clone(&self.shared));
        let pages = Pages::open::<C>(upstream, shared, caller, target).await?;
        let metadata = pages.metadata();
        let stream = ListStream::new::<U, C>(pages);
        Ok(Response::from_parts(metadata, stream, Extensions::new()))
    }

    /// Carries out an upload: the content goes upstream while it arrives.
    ///
    /// The caller's stream is dropped when the call ends, however it ends. What
    /// the upstream answers before it has all of the upload is the answer, as in
    /// HTTP (RFC 9110, section 7.5): it knows how much it needs.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call); `INVALID_ARGUMENT` also where the first
    /// message is not the header, or a later one is.
    pub async fn upload<C: UploadCall>(
        &self,
        request: tonic::Request<Streaming<C::Request>>,
    ) -> Result<Response<C::Reply>, Status> {
        let (metadata, extensions, messages) = request.into_parts();
        let caller = Caller::new(metadata, extensions);
        let answer = caller
            .in_time(self.send_upload::<C>(&caller, messages))
            .await;
        finish::<C>(&self.shared, &caller, answer).await
    }

    async fn send_upload<C: UploadCall>(
        &self,
        caller: &Caller,
        mut messages: Streaming<C::Request>,
    ) -> Result<Answer, Fault> {
        let first = messages.next().await.transpose();
        let first = first.map_err(|status| Fault::Interrupted(status.into()))?;
        let header = first.filter(C::is_header).ok_or(Fault::HeaderMissing)?;
        let target = call::path_and_query::<C>(&header).map_err(Fault::InvalidRequest)?;
        let boundary = Boundary::random().map_err(|error| {
            tracing::error!(%error, "no random numbers for a boundary");
            Fault::Gateway("the upload cannot be framed")
        })?;
        let preamble = multipart::preamble::<C>(&header, &boundary)
            .map_err(|violation| Fault::InvalidRequest(vec![violation]))?;
        let source = Source::new::<C>(messages);
        let body = source.body(preamble, boundary.end(), &caller.record);
        let prepared = Prepared {
            call: CallKind::of::<C>(),
            target,
            content_type: HeaderValue::from_str(&boundary.content_type()).ok(),
            body: RequestBody::stream(body),
        };
        let answer = self.shared.exchange(&self.upstream, caller, prepared).await;
        // Whatever the upstream says of an upload that its caller has spoilt is
        // not the answer.
        if let Some(cause) = source.interruption() {
            return Err(Fault::Interrupted(cause));
        }
        answer
    }
}

/// Reads the reply of an rpc and makes the response of it.
async fn finish<C: RestCall>(
    shared: &Shared,
    caller: &Caller,
    answer: Result<Answer, Fault>,
) -> Result<Response<C::Reply>, Status> {
    let read = match answer {
        Ok(answer) => read::<C>(caller, answer).await,
        Err(fault) => Err(fault),
    };
    match read {
        Ok((message, drifts, held)) => {
            let (metadata, extensions) = exchange::success(caller, C::RPC, drifts, held);
            Ok(Response::from_parts(metadata, message, extensions))
        }
        Err(fault) => Err(shared.failure(caller, C::RPC, fault)),
    }
}

async fn read<C: RestCall>(
    caller: &Caller,
    answer: Answer,
) -> Result<(C::Reply, Drifts, crate::held::Held), Fault> {
    let Answer { reply, held, .. } = answer;
    let read = if exchange::is_large(&reply) {
        let erased = exchange::read_elsewhere(caller, reply, held.clone(), erased::<C>).await?;
        match erased {
            Ok((message, drifts)) => match message.downcast() {
                Ok(message) => Ok((*message, drifts)),
                Err(_) => return Err(Fault::Gateway("the reply of another rpc was read")),
            },
            Err(error) => Err(error),
        }
    } else {
        C::reply(&reply)
    };
    match read {
        Ok((message, drifts)) => Ok((message, drifts, held)),
        Err(error) => Err(exchange::misread(caller, C::RPC, error)),
    }
}

fn erased<C: RestCall>(reply: &Reply) -> Erased {
    let (message, drifts) = C::reply(reply)?;
    Ok((Box::new(message) as Box<dyn Any + Send>, drifts))
}
