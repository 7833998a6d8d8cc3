//! Refuses requests in which a field stands twice that is no list.
//!
//! Whoever takes the first of two and whoever takes the last would understand
//! such a request differently (RFC 9110, section 5.3). The fields of the
//! caller's that are passed on are looked at where that happens; these are the
//! ones that gRPC and the gateway itself go by.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::{HeaderName, Request, Response, header};
use tonic::Code;
use tonic::body::Body;
use tower::Service;

use super::call::Call;

/// The fields that may stand there once. `content-type` is looked at where its
/// value is, and `grpc-timeout` too.
static SINGLE: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::ORIGIN,
    header::USER_AGENT,
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-message-type"),
    HeaderName::from_static("traceparent"),
    transcode::REQUEST_ID,
];

#[derive(Debug, Clone)]
pub(super) struct Layer {
    domain: Arc<str>,
}

impl Layer {
    pub(super) fn new(domain: Arc<str>) -> Self {
        Self { domain }
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Fields<S>;

    fn layer(&self, inner: S) -> Fields<S> {
        Fields {
            inner,
            domain: Arc::clone(&self.domain),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Fields<S> {
    inner: S,
    domain: Arc<str>,
}

impl<S> Service<Request<Body>> for Fields<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Self::Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let headers = request.headers();
        // Only a field that stands there twice makes these two differ.
        let repeated = (headers.len() > headers.keys_len())
            .then(|| {
                let is_repeated =
                    |name: &&HeaderName| headers.get_all(*name).iter().nth(1).is_some();
                SINGLE.iter().find(is_repeated)
            })
            .flatten();
        let Some(name) = repeated else {
            return Either::Left(self.inner.call(request));
        };
        let call = request.extensions().get::<Arc<Call>>();
        let status = transcode::status(
            Code::InvalidArgument,
            "INVALID_REQUEST",
            &self.domain,
            format!("{name} must not be there more than once"),
            None,
            call.map_or("", |call| &call.request_id),
        );
        Either::Right(ready(Ok(status.into_http())))
    }
}
