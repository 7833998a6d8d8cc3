//! Refuses callers whose calls are not made with the gateway's own credentials.
//!
//! The services of gRPC itself, health and reflection, are for everybody: they reach
//! nothing upstream, and whoever asks them cannot log in yet.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::{Request, Response, header};
use tonic::Code;
use tonic::body::Body;
use tower::Service;

use super::call::Call;
use crate::admission::Admission;
use crate::identity::Identity;

/// The services of gRPC itself.
const GRPC_ITSELF: &str = "grpc.";

#[derive(Debug, Clone)]
pub(super) struct Layer {
    admission: Option<Arc<Admission>>,
    domain: Arc<str>,
}

impl Layer {
    /// Without an admission all calls pass as they are.
    pub(super) fn new(admission: Option<Arc<Admission>>, domain: Arc<str>) -> Self {
        Self { admission, domain }
    }

    /// Why a call is refused, if it is.
    fn refusal(&self, request: &Request<Body>) -> Option<(Code, &'static str, &'static str)> {
        let admission = self.admission.as_ref()?;
        let call = request.extensions().get::<Arc<Call>>();
        let rpc = call.and_then(|call| call.rpc.as_ref());
        let rpc = rpc.map_or("", |rpc| &*rpc.name);
        if rpc.starts_with(GRPC_ITSELF) {
            return None;
        }
        let identity = request.extensions().get::<Identity>();
        let names = identity.map(Identity::names).unwrap_or_default();
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        if !admission.admits(request.headers(), names.iter().map(String::as_str)) {
            return Some((
                Code::Unauthenticated,
                "NOT_ADMITTED",
                "this gateway makes calls for those alone whom it knows: by a token of its own in \
                 `authorization: Bearer`, or by a client certificate",
            ));
        }
        admission.is_closed(rpc).then_some((
            Code::Unimplemented,
            "CREDENTIALS_OF_GATEWAY",
            "this gateway logs in upstream itself, so it gives out no tokens",
        ))
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Admissions<S>;

    fn layer(&self, inner: S) -> Admissions<S> {
        Admissions {
            inner,
            layer: self.clone(),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Admissions<S> {
    inner: S,
    layer: Layer,
}

impl<S> Service<Request<Body>> for Admissions<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Self::Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let Some((code, reason, message)) = self.layer.refusal(&request) else {
            if self.layer.admission.is_some() {
                // It was for this gateway.
                request.headers_mut().remove(header::AUTHORIZATION);
            }
            return Either::Left(self.inner.call(request));
        };
        let call = request.extensions().get::<Arc<Call>>();
        let request_id = call.map_or("", |call| &call.request_id);
        let domain = &self.layer.domain;
        let status = transcode::status(code, reason, domain, message, None, request_id);
        Either::Right(ready(Ok(status.into_http())))
    }
}
