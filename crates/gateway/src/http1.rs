//! Serves one HTTP/1.1 connection, as browsers open it for gRPC-Web.
//!
//! hyper does it. A call that is not over at its deadline takes the connection
//! with it, because HTTP/1.1 knows no other way to end one whose reply is not
//! read.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

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

use crate::config::Config;
use crate::extensions::{Ends, Peer};
use crate::phase::Phase;
use crate::socket::Socket;

/// How much of a reply is handed to hyper at a time, in bytes. It asks for more
/// when little is left of that.
const CHUNK: usize = 16 << 10;

/// The call of a connection. Requests follow each other, so there is one at
/// most.
#[derive(Clone, Copy)]
enum Underway {
    None,
    /// It has until then.
    Until(Instant),
    /// It has until then to read the last bytes.
    Written(Instant),
}

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
    let (io, traffic) = Socket::new(io);
    let (call, mut calls) = watch::channel(Underway::None);
    let call = Arc::new(call);
    let called = Arc::clone(&call);
    let answer = service_fn(move |request: Request<Incoming>| {
        let (service, call) = (service.clone(), Arc::clone(&called));
        async move {
            call.send_replace(Underway::None);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            let mut response = service.oneshot(request).await?;
            if let Some(Ends(deadline)) = response.extensions().get() {
                call.send_replace(Underway::Until(*deadline));
            }
            let extensions = std::mem::take(response.extensions_mut());
            Ok::<_, Infallible>(response.map(|body| Holding {
                body,
                rest: Bytes::new(),
                call,
                _extensions: extensions,
            }))
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
        let underway = *calls.borrow_and_update();
        let overdue = async {
            match underway {
                Underway::None => std::future::pending().await,
                Underway::Until(deadline) | Underway::Written(deadline) => {
                    sleep_until(deadline).await;
                }
            }
        };
        tokio::select! {
            served = connection.as_mut() => return served,
            () = overdue => match underway {
                Underway::Written(_) if !traffic.is_blocked() => {
                    call.send_replace(Underway::None);
                }
                _ => return Ok(()),
            },
            _ = calls.changed() => {}
            _ = phase.wait_for(|phase| *phase != Phase::Serving), if !is_leaving => {
                is_leaving = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// A reply in small pieces, with what is held until the last is handed over.
struct Holding<B> {
    body: B,
    rest: Bytes,
    call: Arc<watch::Sender<Underway>>,
    _extensions: Extensions,
}

impl<B> Drop for Holding<B> {
    fn drop(&mut self) {
        self.call.send_if_modified(|call| {
            if let Underway::Until(deadline) = *call {
                *call = Underway::Written(deadline);
                return true;
            }
            false
        });
    }
}

impl<B: http_body::Body<Data = Bytes, Error = Status> + Unpin> http_body::Body for Holding<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(CHUNK);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.rest.is_empty() {
            self.body.size_hint()
        } else {
            SizeHint::default()
        }
    }
}

#[cfg(test)]
mod tests;
