//! Carries calls out: one HTTP request upstream for each rpc.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, Limited};
use tokio_stream::StreamExt as _;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Response, Status, Streaming};
use tower::ServiceExt as _;

use crate::call::{self, Reply, RestCall, UploadCall, Violation};
use crate::json::{Drift, Drifts};
use crate::status::{self, Failure};
use crate::upload::{self, Boundary, Interrupted, Interruption, UploadBody};

/// Any error, with its sources.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request on its way upstream.
pub struct RequestBody(UnsyncBoxBody<Bytes, BoxError>);

impl RequestBody {
    fn new(
        body: impl http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    ) -> Self {
        Self(body.map_err(Into::into).boxed_unsync())
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// A failure to reach the upstream whose reason callers may know. Of any other
/// they learn that the upstream cannot be reached, and no more.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Unreachable {
    /// The reason, in words that follow "the upstream cannot be reached: ".
    pub reason: &'static str,
    /// What it follows from.
    pub source: BoxError,
}

/// An HTTP service that requests can be sent to: a pooled client, or a router
/// in the same process. It may fail with [`Unreachable`].
pub trait Upstream: Clone + Send + Sync + 'static {
    /// The body of a response.
    type Body: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send;

    /// Sends a request and waits for the head of the response.
    ///
    /// Dropping the future abandons the request.
    fn send(
        &self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<http::Response<Self::Body>, BoxError>> + Send;
}

impl<S, B> Upstream for S
where
    S: tower::Service<Request<RequestBody>, Response = http::Response<B>>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send,
{
    type Body = B;

    fn send(
        &self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<http::Response<B>, BoxError>> + Send {
        let response = self.clone().oneshot(request);
        async move { response.await.map_err(Into::into) }
    }
}

/// What a gateway has to know of its upstream.
#[derive(Clone)]
pub struct Config {
    /// Where the API lies: scheme, authority and the path that all paths are
    /// below, such as `https://api.example.com/v2`. An upstream in the same
    /// process may do with the path. A query plays no part.
    pub base: Uri,
    /// The domain of the reasons that the gateway itself gives, in the sense of
    /// `google.rpc.ErrorInfo`.
    pub domain: String,
    /// How large a reply may be, in bytes. A larger one is `RESOURCE_EXHAUSTED`.
    pub max_reply: usize,
    /// Told of every difference between a reply and its declared shape, with
    /// the name of the rpc.
    pub on_drift: fn(rpc: &'static str, drift: &Drift),
}

impl Config {
    /// A configuration with the defaults: replies of up to 64 MiB, drift logged
    /// as a warning.
    #[must_use]
    pub fn new(base: Uri) -> Self {
        Self {
            base,
            domain: "gateway".to_owned(),
            max_reply: 64 << 20,
            on_drift: |rpc, drift| tracing::warn!(rpc, %drift, "the upstream drifts"),
        }
    }
}

/// Answers rpcs with the help of a REST API.
///
/// transcode-build generates the implementation of each tonic service for it.
/// It keeps no state between calls.
#[derive(Clone)]
pub struct Gateway<U> {
    upstream: U,
    config: Arc<Config>,
}

/// The header that names a request, in both directions.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is passed on from a caller's metadata. Everything else stays behind:
/// it speaks of the hop or of gRPC.
const PASSED_ON: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::ACCEPT_LANGUAGE,
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

/// From this size on, in bytes, a reply is read on a thread of its own, so that
/// it does not hold up the calls that share its thread.
const LARGE_REPLY: usize = 32 << 10;

/// How much of an error's body is read, in bytes.
const MAX_ERROR: usize = 1 << 20;

impl<U: Upstream> Gateway<U> {
    /// A gateway in front of the upstream.
    pub fn new(upstream: U, config: Config) -> Self {
        Self {
            upstream,
            config: Arc::new(config),
        }
    }

    /// Carries out a unary call.
    ///
    /// # Errors
    ///
    /// `INVALID_ARGUMENT` for a request that has no REST form,
    /// `DEADLINE_EXCEEDED` where the caller's `grpc-timeout` passes,
    /// `UNAVAILABLE` where the upstream cannot be reached, `INTERNAL` where its
    /// reply does not have the declared shape, else the upstream's own error.
    pub async fn call<C: RestCall>(
        &self,
        request: tonic::Request<C::Request>,
    ) -> Result<Response<C::Reply>, Status> {
        let (metadata, _, message) = request.into_parts();
        let exchange = &Exchange::new(metadata);
        let carry_out = async {
            let invalid = |violations| Failure::invalid_request(&self.config.domain, violations);
            let target = call::path_and_query::<C>(&message).map_err(invalid)?;
            let body = C::body(message).map_err(invalid)?;
            let (content_type, body) = match body {
                Some(json) => (
                    Some(HeaderValue::from_static("application/json")),
                    RequestBody::new(Full::from(json)),
                ),
                None => (None, RequestBody::new(Empty::new())),
            };
            self.exchange::<C>(exchange, &target, content_type, body)
                .await
        };
        self.answer::<C>(exchange, carry_out).await
    }

    /// Carries out an upload: the content goes upstream while it arrives.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call); `INVALID_ARGUMENT` also where the first
    /// message is not the header, or a later one is.
    pub async fn upload<C: UploadCall>(
        &self,
        request: tonic::Request<Streaming<C::Request>>,
    ) -> Result<Response<C::Reply>, Status> {
        let (metadata, _, mut messages) = request.into_parts();
        let exchange = &Exchange::new(metadata);
        let interruption = Interruption::default();
        let carry_out = async {
            let invalid = |violations| Failure::invalid_request(&self.config.domain, violations);
            let first = messages.next().await.transpose();
            let first = first.map_err(|status| self.interrupted(&Interrupted::Stream(status)))?;
            let first = first.filter(C::is_header).ok_or_else(|| {
                Failure::new(
                    Code::InvalidArgument,
                    &self.config.domain,
                    "INVALID_REQUEST",
                    "the first message of an upload is its header",
                )
            })?;
            let target = call::path_and_query::<C>(&first).map_err(invalid)?;
            let boundary = Boundary::random().map_err(|error| {
                tracing::error!(%error, "no random numbers for a boundary");
                self.internal("RANDOMNESS_UNAVAILABLE", "the upload cannot be framed")
            })?;
            let preamble = upload::preamble::<C>(&first, &boundary)
                .map_err(|violation: Violation| invalid(vec![violation]))?;
            let content_type = HeaderValue::from_str(&boundary.content_type()).ok();
            let body = UploadBody::<C>::new(preamble, messages, &boundary, interruption.clone());
            let answer = self
                .exchange::<C>(exchange, &target, content_type, RequestBody::new(body))
                .await;
            // Whatever the upstream says of half a body is not the answer.
            match interruption.take() {
                Some(cause) => Err(self.interrupted(&cause)),
                None => answer,
            }
        };
        self.answer::<C>(exchange, carry_out).await
    }

    /// Everything around an exchange that does not depend on its kind: the
    /// request id, the deadline, and the way of failures to the caller.
    async fn answer<C: RestCall>(
        &self,
        exchange: &Exchange,
        carry_out: impl Future<Output = Result<(C::Reply, Drifts), Failure>> + Send,
    ) -> Result<Response<C::Reply>, Status> {
        let domain = &self.config.domain;
        let request_id = &exchange.request_id;
        let carried_out = match deadline(exchange.metadata.as_ref()) {
            Ok(None) => carry_out.await,
            Ok(Some(timeout)) => tokio::time::timeout(timeout, carry_out)
                .await
                .unwrap_or_else(|_| {
                    Err(Failure::new(
                        Code::DeadlineExceeded,
                        domain,
                        "DEADLINE_EXCEEDED",
                        format!("the deadline of {timeout:?} passed before the upstream answered"),
                    ))
                }),
            Err(description) => Err(Failure::invalid_request(
                domain,
                vec![Violation {
                    field: "grpc-timeout".to_owned(),
                    description,
                }],
            )),
        };
        let mut answer_metadata = MetadataMap::new();
        if let Ok(value) = MetadataValue::try_from(request_id.as_str()) {
            answer_metadata.insert("x-request-id", value);
        }
        match carried_out {
            Ok((reply, drifts)) => {
                for drift in &drifts {
                    (self.config.on_drift)(C::RPC, drift);
                }
                let mut response = Response::new(reply);
                *response.metadata_mut() = answer_metadata;
                Ok(response)
            }
            Err(failure) => {
                let code = failure.code;
                tracing::debug!(
                    rpc = C::RPC,
                    request_id,
                    ?code,
                    message = failure.message,
                    "a call failed"
                );
                Err(failure.into_status(request_id, &answer_metadata))
            }
        }
    }

    /// Sends one request and reads its reply.
    async fn exchange<C: RestCall>(
        &self,
        exchange: &Exchange,
        target: &str,
        content_type: Option<HeaderValue>,
        body: RequestBody,
    ) -> Result<(C::Reply, Drifts), Failure> {
        let request = self.request::<C>(exchange, target, content_type, body)?;
        let response = self.upstream.send(request).await.map_err(|error| {
            let message = match error.downcast_ref::<Unreachable>() {
                Some(error) => format!("the upstream cannot be reached: {error}"),
                None => "the upstream cannot be reached".to_owned(),
            };
            let error = chain(&*error);
            tracing::warn!(
                rpc = C::RPC,
                request_id = exchange.request_id.as_str(),
                error,
                "the upstream cannot be reached"
            );
            self.unavailable("UPSTREAM_UNAVAILABLE", message)
        })?;
        let (head, body) = response.into_parts();
        if !head.status.is_success() {
            // An error is worth telling even if its body cannot be had.
            let body = Limited::new(body, MAX_ERROR).collect().await;
            let body = body
                .map(http_body_util::Collected::to_bytes)
                .unwrap_or_default();
            return Err(self.upstream_failure::<C>(head.status, &head.headers, &body));
        }
        let body = Limited::new(body, self.config.max_reply)
            .collect()
            .await
            .map_err(|error| self.broken_reply::<C>(exchange, &*error))?
            .to_bytes();
        let reply = Reply {
            headers: head.headers,
            body,
        };
        let read = if reply.body.len() < LARGE_REPLY {
            C::reply(&reply)
        } else {
            tokio::task::spawn_blocking(move || C::reply(&reply))
                .await
                .map_err(|error| {
                    tracing::error!(rpc = C::RPC, %error, "reading a reply failed");
                    self.internal("GATEWAY_FAULT", "the reply could not be read")
                })?
        };
        read.map_err(|error| {
            tracing::warn!(rpc = C::RPC, request_id = exchange.request_id.as_str(), %error, "the upstream breaks its contract");
            let message = format!("the upstream's reply does not fit: {error}");
            self.internal("UPSTREAM_CONTRACT_VIOLATION", message)
                .with_metadata("path", error.path)
        })
    }

    fn request<C: RestCall>(
        &self,
        exchange: &Exchange,
        target: &str,
        content_type: Option<HeaderValue>,
        body: RequestBody,
    ) -> Result<Request<RequestBody>, Failure> {
        let mut request = Request::builder().method(C::METHOD).uri(self.uri(target)?);
        if let Some(headers) = request.headers_mut() {
            for name in &PASSED_ON {
                for value in exchange.metadata.as_ref().get_all(name) {
                    headers.append(name, value.clone());
                }
            }
            if let Ok(request_id) = HeaderValue::from_str(&exchange.request_id) {
                headers.insert(REQUEST_ID, request_id);
            }
            headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
            if let Some(content_type) = content_type {
                headers.insert(header::CONTENT_TYPE, content_type);
            }
        }
        request.body(body).map_err(|error| {
            tracing::error!(rpc = C::RPC, %error, "a request cannot be made");
            self.internal("GATEWAY_FAULT", "the request could not be made")
        })
    }

    /// The URI of a request: the path of the base and behind it the target.
    fn uri(&self, target: &str) -> Result<Uri, Failure> {
        let base = self.config.base.path().trim_end_matches('/');
        let path_and_query = PathAndQuery::try_from(format!("{base}{target}"));
        // Its parts are encoded, so only its length can be at fault.
        let path_and_query = path_and_query.map_err(|error| {
            Failure::new(
                Code::InvalidArgument,
                &self.config.domain,
                "INVALID_REQUEST",
                format!("the request has no valid URL: {error}"),
            )
        })?;
        let mut parts = self.config.base.clone().into_parts();
        parts.path_and_query = Some(path_and_query);
        Uri::from_parts(parts).map_err(|error| {
            tracing::error!(base = %self.config.base, %error, "the base URL of the upstream is incomplete");
            self.internal("GATEWAY_FAULT", "the base URL of the upstream is incomplete")
        })
    }

    fn upstream_failure<C: RestCall>(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Failure {
        // A custom verb acts on something that exists.
        let creates = C::METHOD == Method::POST && C::PATH.verb.is_none();
        let failure = status::from_upstream(&self.config.domain, creates, status, headers, body);
        if status.is_server_error() {
            tracing::warn!(rpc = C::RPC, %status, message = failure.message, "the upstream failed");
        }
        failure
    }

    fn broken_reply<C: RestCall>(
        &self,
        exchange: &Exchange,
        error: &(dyn std::error::Error + 'static),
    ) -> Failure {
        if error.is::<http_body_util::LengthLimitError>() {
            return Failure::new(
                Code::ResourceExhausted,
                &self.config.domain,
                "UPSTREAM_REPLY_TOO_LARGE",
                format!(
                    "the upstream's reply is larger than {} bytes",
                    self.config.max_reply
                ),
            );
        }
        let error = chain(error);
        tracing::warn!(
            rpc = C::RPC,
            request_id = exchange.request_id.as_str(),
            error,
            "the upstream's reply broke off"
        );
        self.unavailable("UPSTREAM_REPLY_BROKEN", "the upstream's reply broke off")
    }

    fn interrupted(&self, cause: &Interrupted) -> Failure {
        let (code, reason) = match cause {
            Interrupted::NoContent => (Code::InvalidArgument, "INVALID_REQUEST"),
            Interrupted::Stream(status) => (status.code(), "UPLOAD_INTERRUPTED"),
        };
        Failure::new(code, &self.config.domain, reason, cause.to_string())
    }

    fn unavailable(&self, reason: &str, message: impl Into<String>) -> Failure {
        Failure::new(Code::Unavailable, &self.config.domain, reason, message)
            .with_retry(Duration::from_secs(1))
    }

    fn internal(&self, reason: &str, message: impl Into<String>) -> Failure {
        Failure::new(Code::Internal, &self.config.domain, reason, message)
    }
}

/// One call, as the caller sees it.
struct Exchange {
    metadata: MetadataMap,
    request_id: String,
}

impl Exchange {
    fn new(metadata: MetadataMap) -> Self {
        Self {
            request_id: request_id(metadata.as_ref()),
            metadata,
        }
    }
}

/// The caller's name for the request if it is one that can go into logs, else a
/// new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    let plain = |id: &&str| {
        (1..=128).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
    };
    given
        .filter(plain)
        .map_or_else(new_request_id, ToOwned::to_owned)
}

fn new_request_id() -> String {
    match getrandom::u64().and_then(|high| Ok((high, getrandom::u64()?))) {
        Ok((high, low)) => format!("{high:016x}{low:016x}"),
        // A request without a distinct name is better than none.
        Err(_) => "unnamed".to_owned(),
    }
}

/// The caller's deadline: `grpc-timeout`, as gRPC's HTTP/2 protocol defines it.
fn deadline(headers: &HeaderMap) -> Result<Option<Duration>, String> {
    let Some(value) = headers.get("grpc-timeout") else {
        return Ok(None);
    };
    let parsed = value.to_str().ok().and_then(|text| {
        let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let amount: u64 = digits.parse().ok()?;
        Some(match unit {
            "H" => Duration::from_secs(amount * 3600),
            "M" => Duration::from_secs(amount * 60),
            "S" => Duration::from_secs(amount),
            "m" => Duration::from_millis(amount),
            "u" => Duration::from_micros(amount),
            "n" => Duration::from_nanos(amount),
            _ => return None,
        })
    });
    parsed
        .map(Some)
        .ok_or_else(|| "must be up to eight digits and a unit, one of H, M, S, m, u, n".to_owned())
}

/// An error with all its sources, for the log.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_deadline(value: &str, expected: Option<Duration>) {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", value.parse().expect("a header value"));
        assert_eq!(deadline(&headers).ok().flatten(), expected, "for {value:?}");
    }

    #[test]
    fn deadlines_have_a_unit() {
        check_deadline("2H", Some(Duration::from_hours(2)));
        check_deadline("3M", Some(Duration::from_mins(3)));
        check_deadline("1S", Some(Duration::from_secs(1)));
        check_deadline("250m", Some(Duration::from_millis(250)));
        check_deadline("99999999u", Some(Duration::from_micros(99_999_999)));
        check_deadline("0n", Some(Duration::ZERO));
    }

    #[test]
    fn malformed_deadlines_are_refused() {
        for value in ["", "1", "S", "1s", "-1S", "123456789S", "1.5S", "1 S"] {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", value.parse().expect("a header value"));
            assert!(
                deadline(&headers).is_err(),
                "{value:?} was taken for a deadline"
            );
        }
    }

    #[test]
    fn a_request_id_is_kept_if_it_is_plain() {
        let id_of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_static(value));
            request_id(&headers)
        };
        assert_eq!(id_of("a-b_c.d:1"), "a-b_c.d:1");
        assert_eq!(id_of("has space").len(), 32);
        assert_eq!(id_of("").len(), 32);
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }
}
