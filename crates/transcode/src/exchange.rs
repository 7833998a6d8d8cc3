//! One HTTP request and its reply, whatever the rpc: nothing here is compiled
//! more than once for each kind of upstream.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use tokio::time::{Instant, timeout_at};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::call::{self, RestCall};
use crate::caller::{Caller, Ends};
use crate::config::Config;
use crate::drift_log::DriftLog;
use crate::fault::Fault;
use crate::held::{self, BodyFault, Held, Room};
use crate::json::{Drift, DriftKind, Drifts, ReadError};
use crate::layout::{KeyLayout, LinkLayout, ReplyLayout, RequestLayout};
use crate::link;
use crate::reason::loggable;
use crate::request_parts::{Refused, RequestParts};
use crate::upstream::{BoxError, CallContext, RequestBody, SendErrorKind, Upstream};
use crate::upstream_error;
use crate::wire::{self, Reader};
use transcode_core::Violation;

/// How much of an error's body is read, in bytes.
const MAX_ERROR: usize = 1 << 20;

/// How many bytes stand before a message of gRPC.
pub(crate) const PREFIX: usize = 5;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What is the same for every call of a gateway.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) room: Room,
    pub(crate) drifts: DriftLog,
}

/// A request that its rpc has nothing to add to.
pub(crate) struct Prepared {
    pub(crate) call: CallKind,
    /// Path and query, below the base.
    pub(crate) target: String,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) body: RequestBody,
}

/// What of an rpc matters beyond its messages.
#[derive(Debug, Clone)]
pub(crate) struct CallKind {
    pub(crate) rpc: &'static str,
    pub(crate) method: Method,
    /// Whether it creates something, which a conflict then is about.
    pub(crate) creates: bool,
    pub(crate) request: &'static RequestLayout,
    pub(crate) reply: &'static ReplyLayout,
    /// Whether its reply is handed on while it arrives.
    pub(crate) is_streamed: bool,
    /// The rpc that streams the same list, if there is one.
    pub(crate) streamed_by: Option<&'static str>,
}

impl CallKind {
    pub(crate) fn of<C: RestCall>() -> Self {
        Self {
            rpc: C::RPC,
            method: C::METHOD,
            // A custom verb acts on something that exists.
            creates: C::METHOD == Method::POST && C::PATH.verb.is_none(),
            is_streamed: false,
            streamed_by: C::STREAMED_BY,
            request: C::request(),
            reply: C::reply(),
        }
    }

    /// The kind of a call whose reply is handed on while it arrives.
    pub(crate) fn streamed<C: RestCall>() -> Self {
        Self {
            is_streamed: true,
            ..Self::of::<C>()
        }
    }

    /// Returns whether carrying the request out twice does the same as once.
    pub(crate) fn idempotent(&self) -> bool {
        self.method.is_idempotent()
    }
}

impl Prepared {
    /// The request of a unary call.
    pub(crate) fn new<C: RestCall>(message: C::Request) -> Result<Self, Vec<Violation>> {
        let parts = call::request_parts::<C>(message)?;
        Ok(Self::with_parts(CallKind::of::<C>(), parts))
    }

    /// The request of a unary call whose message is still encoded.
    pub(crate) fn translate<C: RestCall>(message: &[u8]) -> Result<Self, Refused> {
        let parts = wire::request_parts(&C::PATH, C::request(), message)?;
        Ok(Self::with_parts(CallKind::of::<C>(), parts))
    }

    fn with_parts(call: CallKind, parts: RequestParts) -> Self {
        let RequestParts { target, body } = parts;
        Self {
            call,
            target,
            content_type: body.is_some().then_some(JSON),
            body: RequestBody::Whole(body.map(Bytes::from).unwrap_or_default()),
        }
    }
}

/// A successful reply as a message of gRPC.
pub(crate) struct Answer {
    /// The message behind its prefix, in parts.
    pub(crate) message: Vec<Bytes>,
    pub(crate) drifts: Drifts,
    pub(crate) held: Held,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            room: Room::new(config.max_held),
            drifts: DriftLog::new(config.max_logged_drifts),
            config,
        }
    }

    /// Sends a request and waits for the whole reply.
    pub(crate) async fn exchange<U: Upstream>(
        &self,
        upstream: &U,
        caller: &Caller,
        mut prepared: Prepared,
    ) -> Result<Answer, Fault> {
        let call = prepared.call.clone();
        let uri = self.uri(&prepared.target)?;
        let target = std::mem::take(&mut prepared.target);
        let _measurement = caller.record.measure();
        let response = self.open(upstream, caller, prepared, uri).await?;
        self.answer(caller, &call, target, response).await
    }

    /// Sends a request and waits for the head of the reply, which is that of an
    /// answer to the request.
    pub(crate) async fn open<U: Upstream>(
        &self,
        upstream: &U,
        caller: &Caller,
        prepared: Prepared,
        uri: Uri,
    ) -> Result<Response<U::Body>, Fault> {
        let call = prepared.call.clone();
        let request = self.request(caller, prepared, uri)?;
        let response = upstream.send(request).await.map_err(|error| {
            let kind = error.kind;
            tracing::warn!(
                rpc = call.rpc,
                request_id = &*caller.request_id,
                error = chain(&error),
                "there is no reply from the upstream"
            );
            if kind.may_have_been_sent() {
                caller.record.set_sent();
            }
            Fault::NotSent {
                kind,
                idempotent: call.idempotent(),
            }
        })?;
        self.head(caller, &call, response).await
    }

    /// The request with everything that goes upstream beside the message.
    fn request(
        &self,
        caller: &Caller,
        prepared: Prepared,
        uri: Uri,
    ) -> Result<Request<RequestBody>, Fault> {
        let mut headers = caller
            .forwarded(self.config.forwarded.names())
            .map_err(Fault::InvalidRequest)?;
        headers.insert(header::ACCEPT, JSON);
        if let Some(content_type) = prepared.content_type {
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        if let RequestBody::Whole(bytes) = &prepared.body {
            caller.record.add_sent(bytes.len());
        }
        let mut request = Request::new(prepared.body);
        *request.method_mut() = prepared.call.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        request.extensions_mut().insert(CallContext {
            rpc: prepared.call.rpc,
            request_id: Some(Arc::clone(&caller.request_id)),
            deadline: caller.deadline.map(|ends| ends.at),
            is_streamed: prepared.call.is_streamed,
            caller: caller.key,
            record: caller.record.clone(),
            passed: caller.for_sender.clone(),
        });
        Ok(request)
    }

    /// The URI of a request: the path of the base and behind it the target.
    pub(crate) fn uri(&self, target: &str) -> Result<Uri, Fault> {
        let base = self.config.base.path().trim_end_matches('/');
        let path_and_query = PathAndQuery::try_from(format!("{base}{target}"));
        // Its parts are encoded, so only its length can be at fault.
        let path_and_query = path_and_query.map_err(|error| Fault::InvalidUrl(error.into()))?;
        let mut parts = self.config.base.clone().into_parts();
        parts.path_and_query = Some(path_and_query);
        Uri::from_parts(parts).map_err(|error| {
            tracing::error!(base = %self.config.base, %error, "the base URL of the upstream is incomplete");
            Fault::Gateway("the base URL of the upstream is incomplete")
        })
    }

    /// Makes sure that a reply is an answer to the request, by its head. What of
    /// an error its body tells is read.
    async fn head<B>(
        &self,
        caller: &Caller,
        call: &CallKind,
        response: Response<B>,
    ) -> Result<Response<B>, Fault>
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>>,
    {
        let (head, incoming) = response.into_parts();
        let record = &caller.record;
        record.set_status(head.status);
        if !self.config.forwarded_replies.names().is_empty() {
            let passed = self.config.forwarded_replies.of(head.status, &head.headers);
            caller.pass(passed);
        }
        if head.status.is_client_error() || head.status.is_server_error() {
            // An error is worth telling even if its body cannot be had.
            let wait = self.config.error_body_timeout;
            let body = if is_coded(&head.headers) {
                Bytes::new()
            } else {
                held::of_error(incoming, MAX_ERROR, wait, &self.room, record).await
            };
            let mut told = upstream_error::read(
                &self.config,
                &call.method,
                call.creates,
                head.status,
                &head.headers,
                &body,
            );
            told.name_fields(call.request);
            if head.status.is_server_error() {
                tracing::warn!(
                    rpc = call.rpc,
                    request_id = &*caller.request_id,
                    status = %head.status,
                    reason = told.reason(),
                    length = body.len(),
                    "the upstream failed"
                );
            }
            return Err(Fault::UpstreamReplied(told));
        }
        if let Some(because) = why_no_answer(head.status) {
            return Err(no_answer(caller, call, head.status, because));
        }
        if is_coded(&head.headers) {
            let because = "its content is in a coding that was not undone";
            return Err(no_answer(caller, call, head.status, because));
        }
        Ok(Response::from_parts(head, incoming))
    }

    /// Reads the whole body of an answer.
    async fn answer<B>(
        &self,
        caller: &Caller,
        call: &CallKind,
        target: String,
        response: Response<B>,
    ) -> Result<Answer, Fault>
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>>,
    {
        let (head, incoming) = response.into_parts();
        let announced = if call.method == Method::HEAD {
            None
        } else {
            held::announced(&head.headers)
        };
        let limit = self.config.max_reply;
        let layout = call.reply;
        let (mut reader, kept) = if has_no_content(head.status) {
            let (content, kept) =
                held::whole(incoming, announced, limit, &self.room, &caller.record)
                    .await
                    .map_err(|fault| self.body_fault(caller, call, fault))?;
            if !content.is_empty() {
                let because = "it has content, which this status cannot have";
                return Err(no_answer(caller, call, head.status, because));
            }
            let mut reader = Reader::new(layout.body, 0);
            reader
                .finish()
                .map_err(|error| misread(caller, call.rpc, error))?;
            (reader, kept)
        } else {
            held::translated(
                incoming,
                layout.body,
                announced,
                limit,
                &self.room,
                &caller.record,
            )
            .await
            .map_err(|fault| match fault {
                BodyFault::Misread(error) if is_no_json(&error, &head.headers) => {
                    no_answer(caller, call, head.status, NO_JSON)
                }
                fault => self.body_fault(caller, call, fault),
            })?
        };
        add_links(&mut reader, layout.links, &head.headers, &target)
            .and_then(|()| reader.end())
            .map_err(|error| misread(caller, call.rpc, error))?;
        Ok(Answer {
            message: reader.take(),
            drifts: reader.take_drifts(),
            held: kept,
        })
    }

    pub(crate) fn body_fault(&self, caller: &Caller, call: &CallKind, fault: BodyFault) -> Fault {
        let idempotent = call.idempotent();
        let (error, fault) = match fault {
            BodyFault::TooLarge => {
                let limit = self.config.max_reply;
                let fault = Fault::ReplyTooLarge {
                    limit,
                    setting: self.config.names.max_reply,
                    streamed_by: call.streamed_by,
                };
                ("it is too large".to_owned(), fault)
            }
            BodyFault::NoRoom => (
                "all replies together take the room that there is".to_owned(),
                Fault::NoRoom { idempotent },
            ),
            BodyFault::Malformed(detail) => {
                caller.record.reject();
                let kind = SendErrorKind::Malformed { detail };
                (detail.to_owned(), Fault::NotSent { kind, idempotent })
            }
            BodyFault::Broken(error) => (chain(&*error), Fault::ReplyBroken { idempotent }),
            BodyFault::Misread(error) => return misread(caller, call.rpc, error),
        };
        tracing::warn!(
            rpc = call.rpc,
            request_id = &*caller.request_id,
            error,
            "the upstream's reply cannot be had"
        );
        fault
    }

    /// The metadata and the extensions of a successful answer.
    pub(crate) fn success(
        &self,
        caller: &Caller,
        rpc: &'static str,
        drifts: Drifts,
        held: Held,
    ) -> (tonic::metadata::MetadataMap, http::Extensions) {
        for drift in &drifts {
            self.drifts.tell(rpc, drift);
        }
        caller.record.set_drifts(drifts);
        let mut extensions = http::Extensions::new();
        extensions.insert(held);
        (caller.answer_metadata(), extensions)
    }

    /// The status of a call that failed.
    pub(crate) fn failure(&self, caller: &Caller, rpc: &'static str, fault: Fault) -> Status {
        let Config {
            domain,
            max_retry_after,
            ..
        } = &self.config;
        let is_answer = matches!(fault, Fault::UpstreamReplied(_));
        let mut status = fault.into_status(domain, *max_retry_after, &caller.request_id);
        if is_answer {
            *status.metadata_mut() = caller.answer_metadata();
        }
        // Its message may quote what the caller or the upstream has sent.
        tracing::debug!(
            rpc,
            request_id = &*caller.request_id,
            code = ?status.code(),
            reason = reason(&status),
            "a call failed"
        );
        status
    }
}

/// The reason that a status gives, as far as it can be logged.
fn reason(status: &Status) -> Option<String> {
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| loggable(&info.reason));
    reason.map(str::to_owned)
}

/// The drift of a reply with a value that cannot be read at all, at this path.
fn undecodable(path: &str) -> Drift {
    let mut any = String::with_capacity(path.len());
    let mut is_in_index = false;
    for c in path.chars() {
        is_in_index = match c {
            '[' => true,
            ']' => false,
            _ => is_in_index,
        };
        // What holds of one element of a list holds of any.
        if !(is_in_index && c.is_ascii_digit()) {
            any.push(c);
        }
    }
    Drift {
        path: any,
        kind: DriftKind::Undecodable,
    }
}

/// The fault of a reply that does not have its declared shape.
pub(crate) fn misread(caller: &Caller, rpc: &'static str, error: ReadError) -> Fault {
    caller.record.reject();
    caller.record.add_drift(undecodable(&error.path));
    tracing::warn!(rpc, request_id = &*caller.request_id, %error, "the upstream breaks its contract");
    Fault::ContractViolation(error)
}

/// The fault of a successful reply that is no answer to its request.
pub(crate) fn no_answer(
    caller: &Caller,
    call: &CallKind,
    status: StatusCode,
    because: &'static str,
) -> Fault {
    caller.record.reject();
    caller.record.add_drift(undecodable("$"));
    tracing::warn!(
        rpc = call.rpc,
        request_id = &*caller.request_id,
        %status,
        because,
        "the upstream breaks its contract"
    );
    Fault::NoAnswer { status, because }
}

/// Fills the fields that come from the `Link` header.
fn add_links(
    reader: &mut Reader,
    links: &[LinkLayout],
    headers: &HeaderMap,
    target: &str,
) -> Result<(), ReadError> {
    for layout in links {
        let Some(text) = link::next_text(headers, target, layout.parameter)? else {
            continue;
        };
        // A field without presence says by its default that there is no next page.
        let is_default = match layout.value {
            KeyLayout::String => text.is_empty(),
            _ => text.parse::<i128>() == Ok(0),
        };
        if (is_default && !layout.has_presence) || !reader.add(layout.number, layout.value, &text) {
            return Err(link::does_not_fit(layout.parameter));
        }
    }
    Ok(())
}

impl Caller {
    /// Carries something out as long as the call has time. It is dropped when
    /// the deadline passes, and never begun when it has passed.
    pub(crate) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let Some(Ends { at, is_ours: true }) = self.deadline else {
            return work.await;
        };
        if at <= Instant::now() {
            return Err(Fault::DeadlineExceeded);
        }
        let worked = timeout_at(at, work).await;
        worked.unwrap_or(Err(Fault::DeadlineExceeded))
    }
}

/// Why a status below 400 is no answer to a request of the gateway, if it is
/// none. A status that nobody has registered counts as the first of its class
/// (RFC 9110, section 15).
fn why_no_answer(status: StatusCode) -> Option<&'static str> {
    match status.as_u16() {
        206 => Some("no part of a representation was asked for"),
        207 | 208 => Some("it speaks of several resources"),
        226 => Some("no difference of representations was asked for"),
        200..=299 => None,
        304 => Some("the request has no condition"),
        300..=399 => Some("redirections are not followed"),
        _ => Some("it is not final"),
    }
}

/// Returns whether the content of a reply is in a coding that the upstream client
/// has left (RFC 9110, section 8.4).
fn is_coded(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Why a reply is no answer that has other content than JSON.
pub(crate) const NO_JSON: &str = "its content is no JSON, as its Content-Type says";

/// Returns whether a reply that cannot be read as a whole is declared to be something else
/// than JSON. JSON that is declared wrongly is read all the same.
pub(crate) fn is_no_json(error: &ReadError, headers: &HeaderMap) -> bool {
    let Some(content_type) = headers.get(header::CONTENT_TYPE) else {
        return false;
    };
    let content_type = content_type.as_bytes();
    let media_type = content_type.split(|byte| *byte == b';').next();
    let media_type = media_type.unwrap_or_default().trim_ascii();
    let subtype = &media_type[media_type.len().saturating_sub(4)..];
    error.path == "$" && !subtype.eq_ignore_ascii_case(b"json")
}

/// Returns whether a reply with this status never has content (RFC 9110, sections
/// 15.3.5 and 15.3.6).
fn has_no_content(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT)
}

/// An error with all its sources, for the log.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
