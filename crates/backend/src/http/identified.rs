//! The layer around all routes: every request has an ID, and every request is
//! answered, even if its handler panics.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

use super::observed::Notes;
use super::request_id::{REQUEST_ID, RequestId};
use super::respond::respond;
use crate::error::Error;

/// Gives a request its ID, its response the same, and answers for a handler
/// that panics.
pub(crate) async fn identified(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    Notes::request_id(request.extensions(), id.as_str());
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    // What stands in the path and the query is the caller's, and can be a secret.
    let route = request.extensions().get::<MatchedPath>().cloned();
    if let Some(route) = &route {
        Notes::route(request.extensions(), route.as_str());
    }
    let mut answer = pin!(next.run(request));
    let mut response = poll_fn(|context| {
        // What a panic leaves behind is dropped with the request, not used again.
        match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(panic) => Poll::Ready(respond(Error::internal(describe(panic.as_ref())), &id)),
        }
    })
    .await;
    let status = response.status().as_u16();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    tracing::debug!(request_id = id.as_str(), %method, route, status, "answered");
    response.headers_mut().insert(REQUEST_ID, id.into_header());
    response
}

fn describe(panic: &(dyn Any + Send)) -> String {
    // A message that was put together can quote what a request holds.
    let text = panic.downcast_ref::<&'static str>().copied();
    format!(
        "a handler panicked: {}",
        text.unwrap_or("a message that can quote secrets is left out")
    )
}
