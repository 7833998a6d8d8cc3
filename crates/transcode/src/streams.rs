//! Streams that end with an error where their caller cancels.

use std::convert::Infallible;
use std::task::{Context, Poll};

use http::Request;
use http_body_util::BodyExt as _;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::{Code, Status};
use tower::Service;

/// A tonic service to which a cancelled stream does not look complete.
///
/// tonic reads a stream that its caller cancels as one that ends, and may poll
/// it once more before the call is dropped. What is made of half an upload then
/// passes for a whole. Behind this layer the stream ends with an error.
#[derive(Debug, Clone)]
pub struct Unabridged<S>(pub S);

impl<S> Service<Request<Body>> for Unabridged<S>
where
    S: Service<Request<Body>, Error = Infallible>,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        self.0.call(request.map(|body| {
            Body::new(body.map_err(|status| match status.code() {
                // Any other code would do.
                Code::Cancelled => Status::aborted("the caller cancelled the call"),
                _ => status,
            }))
        }))
    }
}

impl<S: NamedService> NamedService for Unabridged<S> {
    const NAME: &'static str = S::NAME;
}
