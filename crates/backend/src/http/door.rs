//! What every request meets before it is routed: the bounds on its head and on
//! the time of its body.

use std::convert::Infallible;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use contract::failure::Failure;
use http::header::{CONNECTION, EXPECT};
use http::request::Parts;
use http::{HeaderValue, Request, Uri, Version};
use hyper::body::Incoming;
use tower::ServiceExt as _;

use super::activity::Call;
use super::observed;
use super::received::Received;
use super::reply_body::ReplyBody;
use super::request_id::{REQUEST_ID, RequestId};
use super::respond::respond;
use crate::app::App;
use crate::limits::ServerLimits;

/// The way from a connection to the router.
#[derive(Clone)]
pub(super) struct Door {
    app: Arc<App>,
    router: Router,
    limits: ServerLimits,
}

impl Door {
    pub(super) fn new(app: Arc<App>, router: Router, limits: ServerLimits) -> Self {
        Self {
            app,
            router,
            limits,
        }
    }

    /// Answers a request. HTTP/1.1 closes the connection afterwards if the rest of
    /// the body is more than is worth reading; what still comes is dropped then.
    pub(super) async fn answer(
        self,
        request: Request<Incoming>,
        call: Call,
    ) -> Result<Response<ReplyBody>, Infallible> {
        let (parts, body) = request.into_parts();
        let is_http1 = parts.version < Version::HTTP_2;
        let expects_continue = parts.headers.contains_key(EXPECT);
        let mut received = Received::new(body, self.limits);
        let mut response = match check(&parts, &self.limits) {
            Ok(()) => {
                let body = Body::new(received.clone());
                self.router
                    .oneshot(Request::from_parts(parts, body))
                    .await?
            }
            Err(failure) => {
                let id = RequestId::of(&parts.headers);
                let mut response = respond(failure.into(), &id);
                observed::refused(&self.app, &parts, id.as_str(), &mut response);
                response.headers_mut().insert(REQUEST_ID, id.into_header());
                response
            }
        };
        if is_http1 && !received.finish(expects_continue).await {
            call.leave_unread();
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        Ok(response.map(|body| ReplyBody::new(body, call)))
    }
}

/// Checks the size of a head.
fn check(parts: &Parts, limits: &ServerLimits) -> Result<(), Failure> {
    let length = length(&parts.uri);
    if length > limits.max_uri {
        return Err(Failure::UriTooLong {
            limit: limits.max_uri,
        });
    }
    // The spaces, the version and the ends of the lines as HTTP/1.1 has them.
    let line = parts.method.as_str().len() + length + "  HTTP/1.1\r\n\r\n".len();
    let fields = parts.headers.iter();
    let fields = fields.map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    if line + fields.sum::<usize>() > limits.max_head || parts.headers.len() > limits.max_headers {
        return Err(Failure::HeadTooLarge {
            limit: limits.max_head,
            fields: limits.max_headers,
        });
    }
    Ok(())
}

/// The length of a request target, in bytes.
fn length(uri: &Uri) -> usize {
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    let authority = uri
        .authority()
        .map_or(0, |authority| authority.as_str().len());
    path + authority
}
