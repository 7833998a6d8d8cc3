//! Requests of the Connect protocol as those of gRPC.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::{Buf as _, Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Version};
use http_body::{Frame, SizeHint};
use prost_reflect::MessageDescriptor;
use tonic::body::Body;
use tonic::{Code, Status};

use super::codec::{Codec, PREFIX, framed, from_json, prefix};
use crate::schemas::Schema;
use crate::stack::bounds::{Bounds, ENCODING, Encoding};
use crate::stack::call::Call;

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const TIMEOUT: HeaderName = HeaderName::from_static("connect-timeout-ms");
const VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");
const STREAM_ENCODING: HeaderName = HeaderName::from_static("connect-content-encoding");
const STREAM_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("connect-accept-encoding");

/// The only version of the protocol.
const ONLY_VERSION: &str = "1";

/// The alphabet of a message in a URL, with or without padding.
const IN_URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The kind of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// The body is one message.
    Unary(Codec),
    /// The body is a stream of messages.
    Stream(Codec),
    /// The query has the message.
    Get(Get),
}

/// What the query of a GET says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Get {
    pub(super) encoding: String,
    message: String,
    is_base64: bool,
    compression: Option<String>,
    version: Option<String>,
}

impl Kind {
    /// The kind of a request. Returns `None` if it is none of this protocol.
    pub(super) fn of(request: &Request<Body>) -> Option<Self> {
        if request.method() == Method::GET {
            return Get::of(request.uri().query()?).map(Self::Get);
        }
        if request.method() != Method::POST {
            return None;
        }
        let mut values = request.headers().get_all(CONTENT_TYPE).iter();
        let value = values.next()?.to_str().ok()?;
        if values.next().is_some() {
            return None;
        }
        let essence = value.split(';').next().unwrap_or_default().trim();
        [Codec::Proto, Codec::Json].into_iter().find_map(|codec| {
            if essence.eq_ignore_ascii_case(codec.unary_type()) {
                Some(Self::Unary(codec))
            } else if essence.eq_ignore_ascii_case(codec.stream_type()) {
                Some(Self::Stream(codec))
            } else {
                None
            }
        })
    }
}

impl Get {
    fn of(query: &str) -> Option<Self> {
        let mut found = Self::default();
        let (mut has_encoding, mut has_message) = (false, false);
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value);
            match name {
                "encoding" => (found.encoding, has_encoding) = (value, true),
                "message" => (found.message, has_message) = (value, true),
                "base64" => found.is_base64 = value == "1",
                "compression" => found.compression = Some(value),
                "connect" => found.version = Some(value),
                _ => {}
            }
        }
        (has_encoding && has_message).then_some(found)
    }
}

/// A value of a query.
fn decoded(value: &str) -> String {
    let spaced = value.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8_lossy()
        .into_owned()
}

/// The same request as gRPC has it. What is wrong with it is an error of its body, so
/// that it goes the way of every call.
pub(super) fn translated(
    request: Request<Body>,
    kind: &Kind,
    codec: Codec,
    schema: &Schema,
    bounds: &Arc<Bounds>,
    call: &Arc<Call>,
) -> Request<Body> {
    let (mut parts, body) = request.into_parts();
    let refused = |message: &str| {
        let code = Code::InvalidArgument;
        let status = bounds.refusal(call, code, "INVALID_REQUEST", message);
        Received::failing(status, bounds, call)
    };
    let body = if let Err(message) = head(&mut parts, kind) {
        refused(&message)
    } else {
        let encoding = Encoding::of(&parts.headers);
        let received = |body| Received::new(body, codec, encoding, schema, bounds, call);
        match kind {
            Kind::Get(get) => match get.message() {
                Ok(message) => Body::new(Received {
                    shape: Shape::Whole { is_over: true },
                    buffer: message,
                    ..received(Body::empty())
                }),
                Err(message) => refused(&message),
            },
            Kind::Unary(_) => Body::new(received(body)),
            // The messages of a stream are framed as gRPC has it.
            Kind::Stream(Codec::Proto) => body,
            Kind::Stream(Codec::Json) => Body::new(Received {
                shape: Shape::Framed,
                ..received(body)
            }),
        }
    };
    if codec == Codec::Json {
        // What comes out is not compressed.
        parts.headers.remove(ENCODING);
    }
    parts.method = Method::POST;
    parts.version = Version::HTTP_2;
    Request::from_parts(parts, body)
}

/// Turns the head of a request into that of gRPC.
fn head(parts: &mut Parts, kind: &Kind) -> Result<(), String> {
    let headers = &mut parts.headers;
    for name in [
        CONTENT_LENGTH,
        ACCEPT_ENCODING,
        STREAM_ACCEPT_ENCODING,
        ENCODING,
        GRPC_TIMEOUT,
    ] {
        headers.remove(name);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(TE, HeaderValue::from_static("trailers"));
    let mut take = |name: HeaderName| {
        let mut values = headers.get_all(&name).iter();
        let value = values.next().cloned();
        if values.next().is_some() {
            return Err(format!("{name} must not be there more than once"));
        }
        headers.remove(&name);
        Ok(value)
    };
    let (version, timeout) = (take(VERSION)?, take(TIMEOUT)?);
    let (unary_encoding, stream_encoding) = (take(CONTENT_ENCODING)?, take(STREAM_ENCODING)?);
    let encoding = match kind {
        Kind::Unary(_) => unary_encoding,
        Kind::Stream(_) => stream_encoding,
        Kind::Get(get) => {
            let compression = get.compression.as_deref();
            let value = compression.map(HeaderValue::from_str).transpose();
            value.map_err(|_| "compression must be the name of one".to_owned())?
        }
    };
    if let Some(encoding) = encoding {
        headers.insert(ENCODING, encoding);
    }
    if let Some(timeout) = timeout {
        let timeout = timeout.to_str().ok().and_then(grpc_timeout);
        let timeout = timeout.ok_or_else(|| {
            format!("{TIMEOUT} must be a number of milliseconds with 10 digits at most")
        })?;
        headers.insert(GRPC_TIMEOUT, timeout);
    }
    let version = match kind {
        // The parameter may have a `v` before the number.
        Kind::Get(get) => get
            .version
            .as_deref()
            .map(|version| version.trim_start_matches('v')),
        Kind::Unary(_) | Kind::Stream(_) => version
            .as_ref()
            .map(|version| version.to_str().unwrap_or_default()),
    };
    if version.is_some_and(|version| version != ONLY_VERSION) {
        return Err(format!(
            "the version of the Connect protocol must be {ONLY_VERSION}"
        ));
    }
    if matches!(kind, Kind::Get(_)) {
        // It goes nowhere from here.
        let path = parts.uri.path().parse();
        parts.uri = path.map_err(|_| "the path must be that of an rpc".to_owned())?;
    }
    Ok(())
}

/// A number of milliseconds as the timeout of gRPC, which has 8 digits and a unit.
fn grpc_timeout(milliseconds: &str) -> Option<HeaderValue> {
    if milliseconds.is_empty() || milliseconds.len() > 10 {
        return None;
    }
    if !milliseconds.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let milliseconds: u64 = milliseconds.parse().ok()?;
    let timeout = if milliseconds < 100_000_000 {
        format!("{milliseconds}m")
    } else {
        format!("{}S", milliseconds / 1000)
    };
    HeaderValue::try_from(timeout).ok()
}

impl Get {
    /// The message, as it was sent.
    fn message(&self) -> Result<BytesMut, String> {
        if !self.is_base64 {
            return Ok(self.message.as_bytes().into());
        }
        let message = IN_URL.decode(&self.message);
        let message = message.map_err(|_| "message must be base64, as base64=1 says".to_owned())?;
        Ok(message.as_slice().into())
    }
}

/// How the body of a request is made up.
#[derive(Debug)]
enum Shape {
    /// It is one message. `is_over` once it is there.
    Whole { is_over: bool },
    /// It is messages in frames.
    Framed,
    /// It was given out, or has failed.
    Done,
}

/// The body of a request, whose messages are framed as gRPC has it.
struct Received {
    body: Body,
    codec: Codec,
    encoding: Encoding,
    message: Option<MessageDescriptor>,
    shape: Shape,
    /// What has arrived and was not passed on yet.
    buffer: BytesMut,
    failed: Option<Status>,
    bounds: Arc<Bounds>,
    call: Arc<Call>,
}

impl Received {
    fn new(
        body: Body,
        codec: Codec,
        encoding: Encoding,
        schema: &Schema,
        bounds: &Arc<Bounds>,
        call: &Arc<Call>,
    ) -> Self {
        Self {
            body,
            codec,
            encoding,
            message: Some(schema.request.clone()),
            shape: Shape::Whole { is_over: false },
            buffer: BytesMut::new(),
            failed: None,
            bounds: Arc::clone(bounds),
            call: Arc::clone(call),
        }
    }

    /// A body that is nothing but an error.
    fn failing(status: Status, bounds: &Arc<Bounds>, call: &Arc<Call>) -> Body {
        Body::new(Self {
            body: Body::empty(),
            codec: Codec::Proto,
            encoding: Encoding::Identity,
            message: None,
            shape: Shape::Done,
            buffer: BytesMut::new(),
            failed: Some(status),
            bounds: Arc::clone(bounds),
            call: Arc::clone(call),
        })
    }

    fn malformed(&self, message: &str) -> Status {
        let code = Code::InvalidArgument;
        self.bounds
            .refusal(&self.call, code, "MALFORMED_MESSAGE", message)
    }

    /// A message as gRPC frames it.
    fn converted(&self, message: &[u8], is_compressed: bool) -> Result<Bytes, Status> {
        let too_large = || self.bounds.too_large(&self.call);
        if self.codec == Codec::Proto {
            return framed(u8::from(is_compressed), message).ok_or_else(too_large);
        }
        let inflated;
        let json = match &self.encoding {
            _ if !is_compressed => message,
            Encoding::Gzip => {
                let malformed = |message: &str| self.malformed(message);
                inflated = self.bounds.inflate(&self.call, message, malformed)?;
                let both = message.len() + inflated.len();
                self.bounds.hold(&self.call, both)?;
                &inflated
            }
            Encoding::Identity => {
                return Err(self.malformed("a message is compressed, but no encoding is named"));
            }
            Encoding::Other(encoding) => {
                return Err(self.bounds.unsupported(&self.call, encoding));
            }
        };
        let Some(descriptor) = &self.message else {
            return Err(self.malformed("there is no message"));
        };
        let binary = from_json(descriptor, json).map_err(|error| {
            self.malformed(&format!("the JSON is not that of the message: {error}"))
        })?;
        if binary.len() > self.bounds.max_message {
            return Err(too_large());
        }
        self.bounds.hold(&self.call, json.len() + binary.len())?;
        framed(0, &binary).ok_or_else(too_large)
    }

    /// The first message of the buffer, if it is whole.
    fn next(&mut self) -> Result<Option<Bytes>, Status> {
        let Some((flags, length)) = prefix(&self.buffer) else {
            return Ok(None);
        };
        if flags > 1 {
            return Err(self.malformed("the request is not framed as the Connect protocol has it"));
        }
        if length > self.bounds.max_message {
            return Err(self.bounds.too_large(&self.call));
        }
        if self.buffer.len() - PREFIX < length {
            return Ok(None);
        }
        self.buffer.advance(PREFIX);
        let message = self.buffer.split_to(length);
        self.converted(&message, flags == 1).map(Some)
    }

    /// What there is to pass on before more has arrived.
    fn ready(&mut self) -> Result<Option<Bytes>, Status> {
        match self.shape {
            Shape::Framed => self.next(),
            Shape::Whole { is_over: true } => {
                self.shape = Shape::Done;
                let message = std::mem::take(&mut self.buffer);
                let is_compressed = self.encoding != Encoding::Identity && !message.is_empty();
                self.converted(&message, is_compressed).map(Some)
            }
            Shape::Whole { is_over: false } | Shape::Done => Ok(None),
        }
    }

    /// Takes what has arrived.
    fn take(&mut self, data: &[u8]) -> Result<(), Status> {
        let length = self.buffer.len() + data.len();
        if matches!(self.shape, Shape::Whole { .. }) && length > self.bounds.max_message {
            return Err(self.bounds.too_large(&self.call));
        }
        self.bounds.hold(&self.call, length)?;
        self.buffer.extend_from_slice(data);
        Ok(())
    }

    fn fail(&mut self, status: Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.shape = Shape::Done;
        self.body = Body::empty();
        self.buffer = BytesMut::new();
        Poll::Ready(Some(Err(status)))
    }
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(status) = self.failed.take() {
            return Poll::Ready(Some(Err(status)));
        }
        loop {
            match self.ready() {
                Ok(Some(message)) => return Poll::Ready(Some(Ok(Frame::data(message)))),
                Ok(None) => {}
                Err(status) => return self.fail(status),
            }
            if matches!(self.shape, Shape::Done) {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else {
                        // Requests of this protocol have no trailers.
                        continue;
                    };
                    if let Err(status) = self.take(&data) {
                        return self.fail(status);
                    }
                }
                Some(Err(status)) => return self.fail(status),
                None if matches!(self.shape, Shape::Whole { .. }) => {
                    self.shape = Shape::Whole { is_over: true };
                }
                None => {
                    if !self.buffer.is_empty() {
                        let status = self.malformed("the request ends within a message");
                        return self.fail(status);
                    }
                    self.shape = Shape::Done;
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.failed.is_none() && matches!(self.shape, Shape::Done)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_timeout(milliseconds: &str, expected: Option<&str>) {
        let timeout = grpc_timeout(milliseconds);
        let timeout = timeout
            .as_ref()
            .map(|value| value.to_str().expect("it is text"));
        assert_eq!(timeout, expected, "for {milliseconds:?}");
    }

    #[test]
    fn timeouts_are_those_of_grpc() {
        check_timeout("0", Some("0m"));
        check_timeout("99999999", Some("99999999m"));
        check_timeout("100000000", Some("100000S"));
        check_timeout("9999999999", Some("9999999S"));
        for refused in ["", "10000000000", "-1", "1.5", "1s", "+1"] {
            check_timeout(refused, None);
        }
    }

    #[track_caller]
    fn check_kind(method: Method, uri: &str, content_type: &str, expected: Option<&Kind>) {
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(CONTENT_TYPE, content_type)
            .body(Body::empty())
            .expect("a request");
        assert_eq!(
            Kind::of(&request).as_ref(),
            expected,
            "{uri} {content_type}"
        );
    }

    #[test]
    fn requests_of_the_protocol_are_told_from_all_others() {
        for (content_type, kind) in [
            ("application/proto", Kind::Unary(Codec::Proto)),
            ("Application/JSON; charset=utf-8", Kind::Unary(Codec::Json)),
            ("application/connect+proto", Kind::Stream(Codec::Proto)),
            ("application/connect+json", Kind::Stream(Codec::Json)),
        ] {
            check_kind(Method::POST, "/a.B/C", content_type, Some(&kind));
            check_kind(Method::PUT, "/a.B/C", content_type, None);
            check_kind(Method::GET, "/a.B/C", content_type, None);
        }
        for other in [
            "application/grpc",
            "application/grpc-web",
            "text/plain",
            "application/jsonx",
        ] {
            check_kind(Method::POST, "/a.B/C", other, None);
        }
        let get = Get {
            encoding: "json".to_owned(),
            message: "{\"a\": 1}".to_owned(),
            version: Some("v1".to_owned()),
            ..Get::default()
        };
        let uri = "/a.B/C?connect=v1&encoding=json&message=%7B%22a%22:+1%7D";
        check_kind(Method::GET, uri, "", Some(&Kind::Get(get)));
        check_kind(Method::GET, "/a.B/C?message=x", "", None);
    }

    #[test]
    fn a_message_in_a_url_may_be_padded_or_not() {
        for message in ["aGk", "aGk="] {
            let get = Get {
                message: message.to_owned(),
                is_base64: true,
                ..Get::default()
            };
            assert_eq!(get.message().as_deref(), Ok(b"hi".as_slice()));
        }
    }
}
