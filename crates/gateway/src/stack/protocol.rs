//! Refuses what is neither gRPC nor gRPC-Web, as gRPC's HTTP/2 protocol has it.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use tonic::Code;
use tonic::body::Body;
use tower::Service;

use super::call::Call;

/// The content types of gRPC over HTTP/2, without parameters.
const GRPC: [&str; 2] = ["application/grpc", "application/grpc+proto"];

/// Those of gRPC-Web, which any version of HTTP may carry.
const GRPC_WEB: [&str; 4] = [
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpc-web-text",
    "application/grpc-web-text+proto",
];

/// Answers 405 to methods other than POST and 415 to other content types.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layer;

impl<S> tower::Layer<S> for Layer {
    type Service = Protocol<S>;

    fn layer(&self, inner: S) -> Protocol<S> {
        Protocol { inner }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Protocol<S> {
    inner: S,
}

impl<S, B> Service<Request<Body>> for Protocol<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: Default,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Response<B>, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let refused = if request.method() != Method::POST {
            Some((StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"))
        } else if let Some(content_type) = content_type(&request) {
            // Below here nobody expects parameters.
            let content_type = HeaderValue::from_static(content_type);
            request.headers_mut().insert(CONTENT_TYPE, content_type);
            None
        } else {
            Some((StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE"))
        };
        let Some((status, reason)) = refused else {
            return Either::Left(self.inner.call(request));
        };
        if let Some(call) = request.extensions().get::<Arc<Call>>() {
            // What a gRPC client makes of such a status.
            call.end(Code::Unknown, Some(reason.to_owned()));
        }
        let mut response = Response::new(B::default());
        *response.status_mut() = status;
        if status == StatusCode::METHOD_NOT_ALLOWED {
            let allowed = HeaderValue::from_static("POST");
            response.headers_mut().insert(ALLOW, allowed);
        }
        Either::Right(ready(Ok(response)))
    }
}

/// The content type of a request without its parameters, if it is one that is
/// served.
fn content_type(request: &Request<Body>) -> Option<&'static str> {
    let mut values = request.headers().get_all(CONTENT_TYPE).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let essence = value.split(';').next().unwrap_or_default().trim();
    let is_grpc = request.version() == Version::HTTP_2;
    let served = GRPC.iter().filter(|_| is_grpc).chain(&GRPC_WEB);
    served
        .copied()
        .find(|served| served.eq_ignore_ascii_case(essence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(version: Version, content_types: &[&str], expected: Option<&str>) {
        let mut request = Request::new(Body::empty());
        *request.version_mut() = version;
        for content_type in content_types {
            let value = content_type.parse().expect("a header value");
            request.headers_mut().append(CONTENT_TYPE, value);
        }
        assert_eq!(content_type(&request), expected, "for {content_types:?}");
    }

    #[test]
    fn grpc_and_grpc_web_are_told_from_everything_else() {
        for served in GRPC.iter().chain(&GRPC_WEB) {
            check(Version::HTTP_2, &[served], Some(served));
        }
        check(
            Version::HTTP_2,
            &["Application/gRPC; charset=utf-8"],
            Some("application/grpc"),
        );
        for other in [
            "application/json",
            "text/plain",
            "application/grpcx",
            "application/grpc+json",
            "application/grpc-websocket",
            "",
        ] {
            check(Version::HTTP_2, &[other], None);
        }
        check(Version::HTTP_2, &[], None);
        check(Version::HTTP_2, &["application/grpc", "text/plain"], None);
    }

    #[test]
    fn http1_carries_only_grpc_web() {
        check(Version::HTTP_11, &["application/grpc"], None);
        check(Version::HTTP_11, &[GRPC_WEB[0]], Some(GRPC_WEB[0]));
    }
}
