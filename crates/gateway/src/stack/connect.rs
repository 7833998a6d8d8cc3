//! Speaks the [Connect protocol] beside gRPC: turns each of its requests into the call
//! of gRPC that it stands for, and the reply back.
//!
//! Below here is gRPC alone, so that a call has the same deadline, bounds, admission and
//! observers, whatever it came as. The crates that there are for the protocol serve
//! handlers of their own: they would be a second stack beside this one.
//!
//! A message is written as JSON or in its binary form. Unary calls are POSTs, or GETs
//! where the rpc has no side effects (`idempotency_level`); others are streams. Requests may be
//! compressed with gzip; replies are not, as those of gRPC are not.
//!
//! [Connect protocol]: https://connectrpc.com/docs/protocol

mod codec;
mod error;
mod received;
mod replied;

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, Either};
use http::header::{ALLOW, HeaderName};
use http::{Request, Response, StatusCode};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Service, ServiceExt as _};

use self::codec::Codec;
use self::received::Kind;
use super::bounds::Bounds;
use super::call::Call;
use crate::schemas::{Schema, Schemas};

/// Tells callers what a POST may be of.
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");

/// What it takes to translate.
#[derive(Debug, Clone)]
pub(super) struct Translation {
    pub(super) schemas: Schemas,
    pub(super) bounds: Arc<Bounds>,
}

/// Carries out requests of the Connect protocol with `grpc`, and leaves all others to
/// `others`.
#[derive(Clone)]
pub(super) struct Connect<G, O> {
    pub(super) grpc: G,
    pub(super) others: O,
    pub(super) translation: Arc<Translation>,
}

impl<G, O> Service<Request<Body>> for Connect<G, O>
where
    G: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    G::Future: Send,
    O: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<O::Future, BoxFuture<'static, Result<Response<Body>, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.others.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = request.extensions().get::<Arc<Call>>().cloned();
        let (Some(call), Some(kind)) = (call, Kind::of(&request)) else {
            return Either::Left(self.others.call(request));
        };
        let answered = answer(
            self.grpc.clone(),
            Arc::clone(&self.translation),
            request,
            kind,
            call,
        );
        Either::Right(Box::pin(answered))
    }
}

async fn answer<G>(
    grpc: G,
    translation: Arc<Translation>,
    request: Request<Body>,
    kind: Kind,
    call: Arc<Call>,
) -> Result<Response<Body>, Infallible>
where
    G: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let Some(schema) = translation.schemas.get(request.uri().path()) else {
        return Ok(unknown(&kind, &call));
    };
    let codec = match fitting(&kind, schema) {
        Ok(codec) => codec,
        Err((status, reason, field)) => {
            // What a client makes of such a status.
            call.end(Code::Unknown, Some(reason.to_owned()));
            return Ok(replied::refused(status, &[field]));
        }
    };
    let translated =
        received::translated(request, &kind, codec, schema, &translation.bounds, &call);
    let Ok(response) = grpc.oneshot(translated).await;
    Ok(match kind {
        Kind::Stream(_) => replied::stream(response, codec, &schema.response),
        Kind::Unary(_) => replied::unary(response, codec, &schema.response, false).await,
        Kind::Get(_) => replied::unary(response, codec, &schema.response, true).await,
    })
}

/// The answer to the call of an rpc that there is not.
fn unknown(kind: &Kind, call: &Call) -> Response<Body> {
    let status = Status::new(Code::Unimplemented, "the server has no such rpc");
    call.end(status.code(), Some("UNKNOWN_METHOD".to_owned()));
    match kind {
        Kind::Stream(codec) => replied::error_stream(&status, *codec),
        Kind::Unary(_) | Kind::Get(_) => replied::error_unary(&status),
    }
}

/// A status of HTTP, the reason, and the field of the reply that says what would fit.
type Unfit = (StatusCode, &'static str, (HeaderName, &'static str));

/// The codec of a request, if the rpc may be called so.
fn fitting(kind: &Kind, schema: &Schema) -> Result<Codec, Unfit> {
    let unsupported = |accepted| {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        (status, "UNSUPPORTED_MEDIA_TYPE", (ACCEPT_POST, accepted))
    };
    match kind {
        Kind::Get(_) if !schema.is_safe || schema.is_stream => Err((
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            (ALLOW, "POST"),
        )),
        Kind::Get(get) => Codec::of_name(&get.encoding)
            .ok_or_else(|| unsupported("application/json, application/proto")),
        Kind::Unary(_) if schema.is_stream => Err(unsupported(
            "application/connect+json, application/connect+proto",
        )),
        Kind::Stream(_) if !schema.is_stream => {
            Err(unsupported("application/json, application/proto"))
        }
        Kind::Unary(codec) | Kind::Stream(codec) => Ok(*codec),
    }
}
