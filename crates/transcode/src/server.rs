//! The gRPC side of a gateway: messages come in and go out as bytes.
//!
//! tonic frames what comes in. What goes out is framed already, so that it is
//! written as it is. Nothing here knows what a message says.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use bytes::{Buf as _, Bytes};
use http::header::{self, HeaderValue};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::BodyExt as _;
use tonic::body::Body;
use tonic::codec::{BufferSettings, CompressionEncoding, DecodeBuf, Decoder, Streaming};
use tonic::metadata::MetadataMap;
use tonic::server::NamedService;
use tonic::{Code, Status};
use tower::Service;

use crate::caller::Caller;
use crate::exchange::{Answer, Shared};
use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::request_parts::Refused;
use crate::rpc::{self, Rpc, Rpcs};
use crate::upstream::Upstream;
use transcode_core::Violation;

/// The header that names the coding of messages.
const ENCODING: &str = "grpc-encoding";

/// The header that names the codings that a server takes.
const ACCEPT_ENCODING: &str = "grpc-accept-encoding";

/// The codings of messages that are taken.
const CODINGS: HeaderValue = HeaderValue::from_static("gzip,identity");

/// The size of the buffer for a message that arrives, in bytes. It grows for a larger
/// one; most are small.
const BUFFER: usize = 512;

/// A gRPC service whose rpcs a gateway carries out. Compressed requests are
/// accepted.
pub struct GatewayService<U, S> {
    gateway: Gateway<U>,
    service: PhantomData<fn() -> S>,
}

impl<U: Clone, S> Clone for GatewayService<U, S> {
    fn clone(&self) -> Self {
        Self {
            gateway: self.gateway.clone(),
            service: PhantomData,
        }
    }
}

impl<U: Upstream, S: Rpcs> GatewayService<U, S> {
    /// The service of this gateway.
    pub fn new(gateway: Gateway<U>) -> Self {
        Self {
            gateway,
            service: PhantomData,
        }
    }
}

impl<U, S: Rpcs> NamedService for GatewayService<U, S> {
    const NAME: &'static str = S::SERVICE;
}

impl<U: Upstream, S: Rpcs> Service<Request<Body>> for GatewayService<U, S> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let name = request.uri().path().strip_prefix('/').unwrap_or_default();
        let rpc = S::rpcs().iter().find(|rpc| rpc.name == name);
        let gateway = self.gateway.clone();
        Box::pin(async move {
            Ok(match rpc {
                Some(rpc) => match gateway.answer(rpc, request).await {
                    Ok(response) => response,
                    Err(status) => status.into_http(),
                },
                None => Status::new(Code::Unimplemented, "").into_http(),
            })
        })
    }
}

impl<U: Upstream> Gateway<U> {
    /// Answers a call of the rpc.
    async fn answer(&self, rpc: &Rpc, request: Request<Body>) -> Result<Response<Body>, Status> {
        let (head, body) = request.into_parts();
        let coding = coding(&head.headers)?;
        let max_message = Some(self.shared.config.max_message);
        let kind = (rpc.kind)();
        let allowed = self.shared.config.time_allowed(kind.is_streamed);
        let metadata = MetadataMap::from_headers(head.headers);
        let caller = Caller::new(metadata, head.extensions, allowed);
        let failure = |fault| self.shared.failure(&caller, rpc.name, fault);
        let answer = match rpc.request {
            rpc::Request::Unary(prepare) => {
                let messages = Streaming::new_request(Raw, body, coding, max_message);
                let message = caller.in_time(async { Ok(only_message(messages).await) });
                let message = message.await.map_err(failure)??;
                self.carry_out(&caller, readable(prepare(&message))?).await
            }
            rpc::Request::List { target, next } => {
                let messages = Streaming::new_request(Raw, body, coding, max_message);
                let message = caller.in_time(async { Ok(only_message(messages).await) });
                let message = message.await.map_err(failure)??;
                let target = readable(target(&message))?;
                let target =
                    target.map_err(|violations| failure(Fault::InvalidRequest(violations)))?;
                let pages = self.pages(caller, kind, target, next).await?;
                let metadata = pages.metadata();
                return Ok(response(Body::new(pages), metadata));
            }
            rpc::Request::Upload(read) => {
                let messages = Streaming::new_request(Raw, unabridged(body), coding, max_message);
                self.upload(&caller, kind, read, messages).await
            }
        };
        match answer {
            Ok(answer) => Ok(respond(&self.shared, &caller, rpc.name, answer)),
            Err(fault) => Err(failure(fault)),
        }
    }
}

/// The one message of a caller who has nothing more to say.
async fn only_message(mut messages: Streaming<Bytes>) -> Result<Bytes, Status> {
    let message = messages.message().await?;
    let message = message.ok_or_else(|| Status::internal("Missing request message."))?;
    messages.trailers().await?;
    Ok(message)
}

/// What is made of a message, if it can be decoded.
fn readable<T>(made: Result<T, Refused>) -> Result<Result<T, Vec<Violation>>, Status> {
    match made {
        Ok(made) => Ok(Ok(made)),
        Err(Refused::Violations(violations)) => Ok(Err(violations)),
        Err(Refused::Malformed(error)) => Err(Status::internal(error.to_string())),
    }
}

/// The coding of the messages of a request.
fn coding(headers: &HeaderMap) -> Result<Option<CompressionEncoding>, Status> {
    let Some(coding) = headers.get(ENCODING) else {
        return Ok(None);
    };
    match coding.as_bytes() {
        b"identity" => Ok(None),
        b"gzip" => Ok(Some(CompressionEncoding::Gzip)),
        other => {
            let other = String::from_utf8_lossy(other);
            let mut accepted = HeaderMap::with_capacity(1);
            accepted.insert(ACCEPT_ENCODING, CODINGS);
            Err(Status::with_metadata(
                Code::Unimplemented,
                format!("Content is compressed with `{other}` which isn't supported"),
                MetadataMap::from_headers(accepted),
            ))
        }
    }
}

/// A body that ends with an error where its caller cancels.
///
/// tonic reads a stream that its caller cancels as one that ends, and may poll
/// it once more before the call is dropped. What is made of half an upload would
/// then pass for a whole.
fn unabridged(body: Body) -> Body {
    Body::new(body.map_err(|status| match status.code() {
        // Any other code would do.
        Code::Cancelled => Status::aborted("the caller cancelled the call"),
        _ => status,
    }))
}

/// Takes messages as they are.
struct Raw;

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(message.copy_to_bytes(message.remaining())))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(BUFFER, BUFFER)
    }
}

/// The response with an answer.
fn respond(shared: &Shared, caller: &Caller, rpc: &'static str, answer: Answer) -> Response<Body> {
    let Answer {
        message,
        drifts,
        held,
    } = answer;
    let (metadata, extensions) = shared.success(caller, rpc, drifts, held);
    let body = Body::new(UnaryBody {
        parts: message.into_iter(),
        has_trailers: true,
    });
    let mut response = response(body, metadata);
    *response.extensions_mut() = extensions;
    response
}

/// A response of gRPC whose status is in the trailers.
fn response(body: Body, metadata: MetadataMap) -> Response<Body> {
    let mut response = Response::new(body);
    *response.headers_mut() = metadata.into_headers();
    let content_type = HeaderValue::from_static("application/grpc");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// The body of a response: a message that is framed already, and the trailers of a
/// call that went well.
struct UnaryBody {
    parts: vec::IntoIter<Bytes>,
    has_trailers: bool,
}

impl http_body::Body for UnaryBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(part) = self.parts.next() {
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        if !std::mem::take(&mut self.has_trailers) {
            return Poll::Ready(None);
        }
        let mut trailers = HeaderMap::with_capacity(1);
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        !self.has_trailers
    }
}
