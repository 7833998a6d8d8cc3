//! Sends calls: within their deadline, and again where that is safe.
//!
//! It knows nothing of tokens.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt as _, Full};
use prost::bytes::Bytes;
use tokio::time::{Instant, Sleep};
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Status, TimeoutExpired};
use tower_service::Service;

use crate::config::Config;
use crate::generated::methods;
use crate::kind::Kind;
use crate::retry::Retries;

const GRPC_TIMEOUT: &str = "grpc-timeout";

/// The most that `grpc-timeout` can say: eight digits.
const MOST_UNITS: u128 = 99_999_999;

/// The channel with deadlines and retries.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    channel: Channel,
    deadline: Option<Duration>,
    stream_deadline: Option<Duration>,
    retries: Arc<Retries>,
}

/// A call that can be sent, perhaps more than once.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) kind: Kind,
    pub(crate) deadline: Option<Instant>,
    pub(crate) head: Parts,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// One message, in its frame.
    Message(Bytes),
    /// A stream; none once it has been sent.
    Stream(Option<Body>),
}

impl Call {
    /// Returns whether the call can be sent once more.
    pub(crate) fn can_repeat(&self) -> bool {
        matches!(self.content, Content::Message(_) | Content::Stream(Some(_)))
    }

    fn body(&mut self) -> Body {
        match &mut self.content {
            Content::Message(bytes) => Body::new(Full::new(bytes.clone())),
            Content::Stream(body) => body.take().unwrap_or_default(),
        }
    }
}

impl Transport {
    pub(crate) fn new(channel: Channel, config: &Config) -> Self {
        Self {
            channel,
            deadline: config.deadline,
            stream_deadline: config.stream_deadline,
            retries: Arc::new(Retries::new(config.retry.clone())),
        }
    }

    /// Makes a call of a request. Its deadline begins now.
    pub(crate) async fn prepare(&self, request: Request<Body>) -> Result<Call, Status> {
        let (head, body) = request.into_parts();
        // Of an rpc that this crate does not know, nothing may be assumed.
        let kind = methods::kind(head.uri.path()).unwrap_or(Kind::Upload);
        let default = if kind.is_stream() {
            self.stream_deadline
        } else {
            self.deadline
        };
        let timeout = head.headers.get(GRPC_TIMEOUT).and_then(timeout).or(default);
        let content = match kind {
            Kind::Upload => Content::Stream(Some(body)),
            _ => Content::Message(body.collect().await?.to_bytes()),
        };
        Ok(Call {
            kind,
            deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            head,
            content,
        })
    }

    /// Sends a call. A reply that begins with an error is that error, wherever it stands.
    pub(crate) async fn send(&self, call: &mut Call) -> Result<Response<Body>, Status> {
        let mut attempt = 1;
        loop {
            let attempted = within(call.deadline, self.attempt(call)).await;
            let status = match attempted {
                Ok(response) => {
                    self.retries.succeeded();
                    return Ok(response);
                }
                Err(status) => status,
            };
            let pause = self.retries.pause(call.kind, attempt, &status);
            let Some(next) = pause.and_then(|pause| Instant::now().checked_add(pause)) else {
                return Err(status);
            };
            if call.deadline.is_some_and(|deadline| next >= deadline) {
                return Err(status);
            }
            tokio::time::sleep_until(next).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, call: &mut Call) -> Result<Response<Body>, Status> {
        let mut head = call.head.clone();
        if let Some(deadline) = call.deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            head.headers.insert(GRPC_TIMEOUT, header(left));
        }
        let request = Request::from_parts(head, call.body());
        let mut channel = self.channel.clone();
        std::future::poll_fn(|context| channel.poll_ready(context))
            .await
            .map_err(|error| lost(error.into()))?;
        let response = channel.call(request).await;
        let response = response.map_err(|error| lost(error.into()))?;
        begin(response, call.deadline).await
    }
}

impl Service<Request<Body>> for Transport {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let transport = self.clone();
        Box::pin(async move {
            let mut call = transport.prepare(request).await?;
            transport.send(&mut call).await
        })
    }
}

/// Waits for something until the deadline.
pub(crate) async fn within<T>(
    deadline: Option<Instant>,
    done: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    match deadline {
        Some(deadline) => tokio::time::timeout_at(deadline, done)
            .await
            .unwrap_or_else(|_| Err(too_late())),
        None => done.await,
    }
}

fn too_late() -> Status {
    Status::deadline_exceeded("the deadline passed before the call was done")
}

/// Waits until the reply begins, and returns it; an error in its head, or in trailers
/// before any message, is an error.
async fn begin(
    response: Response<Body>,
    deadline: Option<Instant>,
) -> Result<Response<Body>, Status> {
    let (head, mut body) = response.into_parts();
    if head.headers.contains_key("grpc-status") {
        if let Some(status) = status(head.headers.clone()) {
            return Err(status);
        }
    } else if head.status != StatusCode::OK {
        let message = format!("the answer is HTTP {}, which is no gRPC", head.status);
        return Err(Status::new(code(head.status), message));
    }
    let first = match body.frame().await {
        None => None,
        Some(Err(error)) => return Err(lost(error.into())),
        Some(Ok(frame)) => {
            if let Some(status) = frame.trailers_ref().cloned().and_then(status) {
                return Err(status);
            }
            Some(frame)
        }
    };
    let rest = Rest {
        first,
        body,
        deadline: deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline))),
    };
    Ok(Response::from_parts(head, Body::new(rest)))
}

/// The error that headers or trailers tell, if it is one.
fn status(mut headers: HeaderMap) -> Option<Status> {
    const DETAILS: &str = "grpc-status-details-bin";
    let metadata = MetadataMap::from_headers(headers.clone());
    if let Some(details) = metadata.get_bin(DETAILS)
        && details.to_bytes().is_err()
    {
        // tonic panics at what is no Base64.
        headers.remove(DETAILS);
    }
    Status::from_header_map(&headers).filter(|status| status.code() != Code::Ok)
}

/// The code for an HTTP status without a gRPC status, from
/// <https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>.
fn code(status: StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// The status of a call whose connection failed.
fn lost(error: tonic::codegen::StdError) -> Status {
    let mut sources = Vec::new();
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
    while let Some(error) = source {
        if error.is::<TimeoutExpired>() {
            return too_late();
        }
        let text = error.to_string();
        if !sources.contains(&text) {
            sources.push(text);
        }
        source = error.source();
    }
    let message = format!("the gateway cannot be reached: {}", sources.join(": "));
    let mut status = Status::unavailable(message);
    status.set_source(error.into());
    status
}

/// A reply whose first frame has been looked at, up to the deadline of its call.
struct Rest {
    first: Option<Frame<Bytes>>,
    body: Body,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Rest {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(|error| lost(error.into()))));
        }
        let deadline = self
            .deadline
            .as_mut()
            .map(|sleep| sleep.as_mut().poll(context));
        match deadline {
            Some(Poll::Ready(())) => Poll::Ready(Some(Err(too_late()))),
            _ => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.first.is_some() {
            SizeHint::default()
        } else {
            self.body.size_hint()
        }
    }
}

/// Reads a `grpc-timeout`.
fn timeout(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    let number = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_hours(number),
        "M" => Duration::from_mins(number),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// Writes a `grpc-timeout` in the finest unit that has room for it.
fn header(left: Duration) -> HeaderValue {
    let units = [
        (left.as_nanos(), 'n'),
        (left.as_micros(), 'u'),
        (left.as_millis(), 'm'),
        (left.as_secs().into(), 'S'),
        ((left.as_secs() / 60).into(), 'M'),
    ];
    let (number, unit) = units
        .into_iter()
        .find(|(number, _)| *number <= MOST_UNITS)
        .unwrap_or((MOST_UNITS, 'M'));
    HeaderValue::try_from(format!("{number}{unit}"))
        .unwrap_or_else(|_| HeaderValue::from_static("99999999M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_timeout(text: &'static str, expected: Option<Duration>) {
        assert_eq!(timeout(&HeaderValue::from_static(text)), expected);
    }

    #[test]
    fn timeouts_are_read() {
        check_timeout("5S", Some(Duration::from_secs(5)));
        check_timeout("99999999n", Some(Duration::from_nanos(99_999_999)));
        check_timeout("2H", Some(Duration::from_hours(2)));
        for wrong in ["", "S", "5", "5x", "-5S", "123456789S"] {
            check_timeout(wrong, None);
        }
    }

    #[test]
    fn timeouts_are_written_so_that_they_fit() {
        assert_eq!(header(Duration::from_millis(50)), "50000000n");
        assert_eq!(header(Duration::from_secs(30)), "30000000u");
        assert_eq!(header(Duration::ZERO), "0n");
        assert_eq!(header(Duration::MAX), "99999999M");
    }

    #[test]
    fn details_that_are_no_base64_do_not_hide_the_error() {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", HeaderValue::from_static("5"));
        headers.insert("grpc-status-details-bin", HeaderValue::from_static("!"));
        let status = status(headers).expect("is an error");
        assert_eq!((status.code(), status.details()), (Code::NotFound, &[][..]));
    }

    #[test]
    fn ok_is_no_error() {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", HeaderValue::from_static("0"));
        assert!(status(headers).is_none());
    }
}
