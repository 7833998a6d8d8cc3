//! Carries calls out: one HTTP request upstream for each rpc.

use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use http::Extensions;
use http::header::HeaderValue;
use prost::Message as _;
use tonic::{Response, Status, Streaming};

use crate::call::{self, ListCall, RestCall};
use crate::caller::Caller;
use crate::config::Config;
use crate::exchange::{self, Answer, CallKind, Prepared, Shared};
use crate::fault::Fault;
use crate::multipart::{self, Boundary};
use crate::stream::{ListStream, Pages};
use crate::upload::{ReadMessage, Source, UploadMessage};
use crate::upstream::{RequestBody, Upstream};
use transcode_core::Violation;

/// Answers rpcs with the help of a REST API.
///
/// transcode-build generates the services that hand their rpcs to it. It keeps no
/// state between calls.
#[derive(Clone)]
pub struct Gateway<U> {
    upstream: U,
    pub(crate) shared: Arc<Shared>,
}

impl<U: Upstream> Gateway<U> {
    /// A gateway in front of the upstream.
    pub fn new(upstream: U, config: Config) -> Self {
        Self {
            upstream,
            shared: Arc::new(Shared::new(config)),
        }
    }

    /// Carries out a unary call within the process.
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
        let allowed = self.shared.config.time_allowed(false);
        let caller = Caller::new(metadata, extensions, allowed);
        let answer = self.carry_out(&caller, Prepared::new::<C>(message)).await;
        let answer = answer.map_err(|fault| self.shared.failure(&caller, C::RPC, fault))?;
        let mut message = Bytes::from(answer.message.concat());
        message.advance(message.len().min(exchange::PREFIX));
        let message = C::Reply::decode(message).map_err(|error| {
            tracing::error!(rpc = C::RPC, %error, "a reply was translated into no message");
            self.shared.failure(
                &caller,
                C::RPC,
                Fault::Gateway("the reply could not be translated"),
            )
        })?;
        let (metadata, extensions) =
            self.shared
                .success(&caller, C::RPC, answer.drifts, answer.held);
        Ok(Response::from_parts(metadata, message, extensions))
    }

    /// Carries out a unary call.
    pub(crate) async fn carry_out(
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
        let allowed = self.shared.config.time_allowed(true);
        let caller = Caller::new(metadata, extensions, allowed);
        let target = call::path_and_query::<C>(&message);
        let target = target.map_err(|violations| {
            let fault = Fault::InvalidRequest(violations);
            self.shared.failure(&caller, C::RPC, fault)
        })?;
        let pages = self
            .pages(caller, CallKind::streamed::<C>(), target, C::NEXT)
            .await?;
        let metadata = pages.metadata();
        let stream = ListStream::new(pages);
        Ok(Response::from_parts(metadata, stream, Extensions::new()))
    }

    /// Asks for the first page of a list, and waits for its head.
    pub(crate) async fn pages(
        &self,
        caller: Caller,
        call: CallKind,
        target: String,
        next: &'static [&'static str],
    ) -> Result<Pages<U>, Status> {
        let (upstream, shared) = (self.upstream.clone(), Arc::clone(&self.shared));
        Pages::open(upstream, shared, caller, call, target, next).await
    }

    /// Carries out an upload: the content goes upstream while it arrives.
    ///
    /// The caller's stream is dropped when the call ends, however it ends. What
    /// the upstream answers before it has all of the upload is the answer, as in
    /// HTTP (RFC 9110, section 7.5): it knows how much it needs.
    pub(crate) async fn upload(
        &self,
        caller: &Caller,
        call: CallKind,
        read: ReadMessage,
        mut messages: Streaming<Bytes>,
    ) -> Result<Answer, Fault> {
        caller
            .in_time(async {
                let first = messages.message().await;
                let first = first.map_err(|status| Fault::Interrupted(status.into()))?;
                let first = first.ok_or(Fault::HeaderMissing)?;
                let header = match read(&first) {
                    Ok(UploadMessage::Header(header)) => header,
                    Ok(UploadMessage::Content(_) | UploadMessage::Neither) => {
                        return Err(Fault::HeaderMissing);
                    }
                    Err(error) => {
                        let status = Status::internal(error.to_string());
                        return Err(Fault::Interrupted(status.into()));
                    }
                };
                let boundary = Boundary::random().map_err(|error| {
                    tracing::error!(%error, "no random numbers for a boundary");
                    Fault::Gateway("the upload cannot be framed")
                })?;
                let preamble = multipart::preamble(&header, &boundary);
                let target = header.target.map_err(Fault::InvalidRequest)?;
                let preamble =
                    preamble.map_err(|violation| Fault::InvalidRequest(vec![violation]))?;
                let source = Source::new(messages, read);
                let body = source.body(preamble, boundary.end(), &caller.record);
                let prepared = Prepared {
                    call,
                    target,
                    content_type: HeaderValue::from_str(&boundary.content_type()).ok(),
                    body: RequestBody::stream(body),
                };
                let answer = self.shared.exchange(&self.upstream, caller, prepared).await;
                // Whatever the upstream says of an upload that its caller has spoilt
                // is not the answer.
                if let Some(cause) = source.interruption() {
                    return Err(Fault::Interrupted(cause));
                }
                answer
            })
            .await
    }
}
