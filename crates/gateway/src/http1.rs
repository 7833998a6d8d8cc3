//! Serves one HTTP/1.1 connection, as browsers open it for gRPC-Web.
//!
//! hyper does it. A call that is not over at its deadline takes the connection
//! with it, because HTTP/1.1 knows no other way to end one whose reply is not
//! read.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tonic::Status;
use tonic::body::Body;
use tower::{Service, ServiceExt as _};
use transcode::Deadline;

use crate::config::Config;
use crate::phase::Phase;
use crate::stack::Peer;

/// Serves a connection until it is closed.
///
/// # Errors
///
/// Fails where the connection does.
pub(crate) async fn serve<T, S, B>(
    io: T,
    peer: IpAddr,
    service: S,
    config: &Config,
    mut phase: watch::Receiver<Phase>,
) -> Result<(), hyper::Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone,
    B: http_body::Body<Data = Bytes, Error = Status> + Unpin + 'static,
{
    // The end of the call under way. Requests follow each other, so there is
    // one at most.
    let (end, mut ends) = watch::channel(None::<Instant>);
    let end = Arc::new(end);
    let answer = service_fn(move |request: Request<Incoming>| {
        let (service, end) = (service.clone(), Arc::clone(&end));
        async move {
            end.send_replace(None);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            let mut response = service.oneshot(request).await?;
            if let Some(Deadline(deadline)) = response.extensions().get() {
                end.send_replace(Some(*deadline));
            }
            let held = std::mem::take(response.extensions_mut());
            Ok::<_, Infallible>(response.map(|body| Holding { body, _held: held }))
        }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(config.preface_timeout)
        .max_buf_size(
            usize::try_from(config.max_headers)
                .unwrap_or(usize::MAX)
                .max(8192),
        );
    let connection = http.serve_connection(TokioIo::new(io), answer);
    let mut connection = std::pin::pin!(connection);
    let mut is_leaving = false;
    loop {
        let end = *ends.borrow_and_update();
        let overdue = async {
            match end {
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            served = connection.as_mut() => return served,
            () = overdue => return Ok(()),
            _ = ends.changed() => {}
            _ = phase.wait_for(|phase| *phase != Phase::Serving), if !is_leaving => {
                is_leaving = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// A reply, with what is held until it is written.
struct Holding<B> {
    body: B,
    _held: Extensions,
}

impl<B: http_body::Body<Data = Bytes, Error = Status> + Unpin> http_body::Body for Holding<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
