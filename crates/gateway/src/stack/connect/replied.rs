//! Replies of gRPC as those of the Connect protocol.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt as _, Full};
use prost_reflect::MessageDescriptor;
use serde_json::{Map, Value, json};
use tonic::body::Body;
use tonic::{Code, Status};

use super::codec::{Codec, PREFIX, framed, prefix, to_json};
use super::error;

/// The flag of what ends a stream.
const END: u8 = 2;

/// What a unary call came to.
type Unary = Result<(Bytes, HeaderMap), (Status, HeaderMap)>;

/// The reply to a unary call. It is written once it is whole, since its status comes
/// first.
pub(super) async fn unary(
    response: Response<Body>,
    codec: Codec,
    message: &MessageDescriptor,
    is_get: bool,
) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let told = match Status::from_header_map(&parts.headers) {
        Some(status) => Err((status, HeaderMap::new())),
        None => whole(body).await,
    };
    let told = told.and_then(|(binary, trailers)| {
        let written = match codec {
            Codec::Proto => Ok(binary),
            Codec::Json => to_json(message, binary)
                .map(Bytes::from)
                .map_err(unwritable),
        };
        match written {
            Ok(written) => Ok((written, trailers)),
            Err(status) => Err((status, trailers)),
        }
    });
    clear(&mut parts.headers);
    let (content_type, body, trailers) = match told {
        Ok((body, trailers)) => (codec.unary_type(), body, trailers),
        Err((status, trailers)) => {
            parts.status = error::http_status(status.code());
            let body = error::json(&status).to_string();
            (Codec::Json.unary_type(), body.into(), trailers)
        }
    };
    let content_type = HeaderValue::from_static(content_type);
    parts.headers.insert(CONTENT_TYPE, content_type);
    if is_get {
        // A reply is for one caller, and what it says may change at any time.
        let no_store = HeaderValue::from_static("no-store");
        parts.headers.insert(CACHE_CONTROL, no_store);
    }
    for (name, value) in metadata(&trailers) {
        if let Ok(name) = HeaderName::try_from(format!("trailer-{name}")) {
            parts.headers.append(name, value.clone());
        }
    }
    Response::from_parts(parts, Body::new(Full::new(body)))
}

/// The one message of a reply of gRPC, and its trailers.
async fn whole(mut body: Body) -> Unary {
    let nothing = |status| (status, HeaderMap::new());
    let mut framed = BytesMut::new();
    let mut trailers = None;
    while let Some(frame) = body.frame().await {
        match frame.map_err(nothing)?.into_data() {
            Ok(data) => framed.extend_from_slice(&data),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    let Some(trailers) = trailers else {
        return Err(nothing(broken_off()));
    };
    match Status::from_header_map(&trailers) {
        Some(status) if status.code() == Code::Ok => {}
        Some(status) => return Err((status, trailers)),
        None => return Err((broken_off(), trailers)),
    }
    match prefix(&framed) {
        Some((0, length)) if framed.len() == PREFIX + length => {
            Ok((framed.freeze().slice(PREFIX..), trailers))
        }
        _ => Err((unwritable("it is not one message"), trailers)),
    }
}

/// The reply to a call that streams.
pub(super) fn stream(
    response: Response<Body>,
    codec: Codec,
    message: &MessageDescriptor,
) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let status = Status::from_header_map(&parts.headers);
    clear(&mut parts.headers);
    parts.status = StatusCode::OK;
    let content_type = HeaderValue::from_static(codec.stream_type());
    parts.headers.insert(CONTENT_TYPE, content_type);
    let replied = Replied {
        body: if status.is_some() {
            Body::empty()
        } else {
            body
        },
        codec,
        message: message.clone(),
        buffer: BytesMut::new(),
        status,
        is_over: false,
    };
    Response::from_parts(parts, Body::new(replied))
}

/// The reply to a unary call that is an error.
pub(super) fn error_unary(status: &Status) -> Response<Body> {
    let body = error::json(status).to_string();
    let mut response = Response::new(Body::new(Full::new(Bytes::from(body))));
    *response.status_mut() = error::http_status(status.code());
    let content_type = HeaderValue::from_static(Codec::Json.unary_type());
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// The reply to a call that streams that is an error.
pub(super) fn error_stream(status: &Status, codec: Codec) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::new(ended(status, &HeaderMap::new()))));
    let content_type = HeaderValue::from_static(codec.stream_type());
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// Answers with a status of HTTP alone.
pub(super) fn refused(status: StatusCode, fields: &[(HeaderName, &'static str)]) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    for (name, value) in fields {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// Removes what gRPC alone goes by.
fn clear(headers: &mut HeaderMap) {
    for name in [
        "grpc-status",
        "grpc-message",
        "grpc-status-details-bin",
        "grpc-encoding",
        "grpc-accept-encoding",
        "content-type",
        "content-length",
        "trailer",
    ] {
        headers.remove(name);
    }
}

/// What trailers have beside the status.
fn metadata(trailers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    trailers
        .iter()
        .filter(|(name, _)| !name.as_str().starts_with("grpc-"))
}

fn broken_off() -> Status {
    Status::new(Code::Internal, "the reply was broken off")
}

fn unwritable(error: impl std::fmt::Display) -> Status {
    tracing::error!(%error, "a reply cannot be written as JSON");
    Status::new(Code::Internal, "the reply cannot be written as JSON")
}

/// What ends a stream.
fn ended(status: &Status, trailers: &HeaderMap) -> Bytes {
    let mut end = Map::new();
    if status.code() != Code::Ok {
        end.insert("error".to_owned(), error::json(status));
    }
    let mut fields = Map::new();
    for (name, value) in metadata(trailers) {
        let Ok(value) = value.to_str() else { continue };
        let values = fields.entry(name.as_str()).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(value.into());
        }
    }
    if !fields.is_empty() {
        end.insert("metadata".to_owned(), fields.into());
    }
    let end = Value::Object(end).to_string();
    // An error is far from being too long.
    framed(END, end.as_bytes()).unwrap_or_default()
}

/// The body of a reply that streams.
struct Replied {
    body: Body,
    codec: Codec,
    message: MessageDescriptor,
    /// What has arrived of a message that is to be written as JSON.
    buffer: BytesMut,
    /// The status, if it is all that there is.
    status: Option<Status>,
    is_over: bool,
}

impl Replied {
    /// Ends the stream.
    fn end(&mut self, status: &Status, trailers: &HeaderMap) -> Bytes {
        self.is_over = true;
        self.body = Body::empty();
        ended(status, trailers)
    }

    /// The messages of the buffer that are whole, as JSON.
    fn written(&mut self) -> Result<Bytes, Status> {
        let mut written = BytesMut::new();
        while let Some((_, length)) = prefix(&self.buffer) {
            if self.buffer.len() - PREFIX < length {
                break;
            }
            self.buffer.advance(PREFIX);
            let binary = self.buffer.split_to(length).freeze();
            let json = to_json(&self.message, binary).map_err(unwritable)?;
            let json = framed(0, &json).ok_or_else(|| unwritable("it is too long"))?;
            written.extend_from_slice(&json);
        }
        Ok(written.freeze())
    }
}

impl http_body::Body for Replied {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let end = |this: &mut Self, status: &Status, trailers: &HeaderMap| {
            let end = this.end(status, trailers);
            Poll::Ready(Some(Ok(Frame::data(end))))
        };
        if let Some(status) = self.status.take() {
            return end(&mut self, &status, &HeaderMap::new());
        }
        loop {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
            let frame = match frame {
                Some(Ok(frame)) => frame.into_data(),
                Some(Err(status)) => return end(&mut self, &status, &HeaderMap::new()),
                None => return end(&mut self, &broken_off(), &HeaderMap::new()),
            };
            match frame {
                Ok(data) if self.codec == Codec::Proto => {
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Ok(data) => {
                    self.buffer.extend_from_slice(&data);
                    match self.written() {
                        Ok(written) if written.is_empty() => {}
                        Ok(written) => return Poll::Ready(Some(Ok(Frame::data(written)))),
                        Err(status) => return end(&mut self, &status, &HeaderMap::new()),
                    }
                }
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    let status = Status::from_header_map(&trailers).unwrap_or_else(broken_off);
                    return end(&mut self, &status, &trailers);
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
