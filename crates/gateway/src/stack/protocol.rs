//! Refuses what is neither gRPC, gRPC-Web nor Connect, as gRPC's HTTP/2 protocol has it,
//! and turns the other two into gRPC.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, Either};
use http::header::{ALLOW, CONTENT_TYPE, ORIGIN};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use tonic::Code;
use tonic::body::Body;
use tonic_web::GrpcWebLayer;
use tower::{Service, ServiceBuilder, ServiceExt as _};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::call::Call;
use super::connect::{Connect, Translation};
use crate::config::Config;

/// The content types of gRPC over HTTP/2, without parameters.
const GRPC: [&str; 2] = ["application/grpc", "application/grpc+proto"];

/// Those of gRPC-Web, which any version of HTTP may carry.
const GRPC_WEB: [&str; 4] = [
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpc-web-text",
    "application/grpc-web-text+proto",
];

#[derive(Clone)]
pub(super) struct Layer {
    cors: Arc<CorsLayer>,
    /// What the Connect protocol takes, if it is spoken.
    connect: Option<Arc<Translation>>,
}

impl Layer {
    pub(super) fn new(config: &Config, connect: Translation) -> Self {
        Self {
            cors: Arc::new(cors(config)),
            connect: config.connect.then(|| Arc::new(connect)),
        }
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Protocol<S>;

    fn layer(&self, inner: S) -> Protocol<S> {
        Protocol {
            grpc: GrpcOnly { inner },
            cors: Arc::clone(&self.cors),
            connect: self.connect.clone(),
        }
    }
}

/// Lets gRPC pass, and puts the layers for browsers in front of other requests.
/// What these cost is not for every call to pay.
#[derive(Clone)]
pub(super) struct Protocol<S> {
    grpc: GrpcOnly<S>,
    cors: Arc<CorsLayer>,
    connect: Option<Arc<Translation>>,
}

impl<S> Service<Request<Body>> for Protocol<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<
        <GrpcOnly<S> as Service<Request<Body>>>::Future,
        BoxFuture<'static, Result<Response<Body>, Infallible>>,
    >;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.grpc.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !may_be_of_a_browser(&request) {
            return Either::Left(self.grpc.call(request));
        }
        if request.method() == Method::OPTIONS
            && let Some(call) = request.extensions().get::<Arc<Call>>()
        {
            call.end_as_preflight();
        }
        let web = ServiceBuilder::new()
            .layer_fn(|inner| GrpcOnly { inner })
            // Turns gRPC-Web into gRPC.
            .layer(GrpcWebLayer::new())
            .service(self.grpc.inner.clone());
        // Answers preflights, and says which pages may read the reply.
        let cors = ServiceBuilder::new().layer(&*self.cors);
        Either::Right(match &self.connect {
            Some(translation) => {
                let connect = Connect {
                    grpc: self.grpc.inner.clone(),
                    others: web,
                    translation: Arc::clone(translation),
                };
                Box::pin(cors.service(connect).oneshot(request))
            }
            None => Box::pin(cors.service(web).oneshot(request)),
        })
    }
}

/// Browsers name the origin of a page, and speak gRPC-Web or Connect.
fn may_be_of_a_browser(request: &Request<Body>) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE);
    request.version() != Version::HTTP_2
        || request.headers().contains_key(ORIGIN)
        || !content_type.is_some_and(|value| GRPC.iter().any(|grpc| value == grpc))
}

/// Answers 405 to methods other than POST and 415 to other content types.
#[derive(Debug, Clone)]
pub(super) struct GrpcOnly<S> {
    inner: S,
}

impl<S> Service<Request<Body>> for GrpcOnly<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Response<Body>, Infallible>>>;

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
        let mut response = Response::new(Body::empty());
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

/// What browsers are told about pages of other origins.
fn cors(config: &Config) -> CorsLayer {
    const REQUEST: [&str; 9] = [
        "authorization",
        "connect-protocol-version",
        "connect-timeout-ms",
        "content-type",
        "grpc-timeout",
        "traceparent",
        "x-grpc-web",
        "x-request-id",
        "x-user-agent",
    ];
    const REPLY: [&str; 4] = [
        "grpc-message",
        "grpc-status",
        "grpc-status-details-bin",
        "x-request-id",
    ];
    let origins = if config.cors_origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(config.cors_origins.iter().cloned())
    };
    let methods = if config.connect {
        vec![Method::GET, Method::POST]
    } else {
        vec![Method::POST]
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods(methods)
        .allow_headers(with(&REQUEST, &config.cors_request_headers))
        .expose_headers(with(&REPLY, &config.cors_reply_headers))
        .max_age(std::time::Duration::from_hours(2))
}

/// The built-in names and the others.
fn with(own: &[&'static str], others: &[HeaderName]) -> Vec<HeaderName> {
    let own = own.iter().map(|name| HeaderName::from_static(name));
    own.chain(others.iter().cloned()).collect()
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
