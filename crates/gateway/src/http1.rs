//! Serves one HTTP/1.1 connection, as browsers open it for gRPC-Web.
//!
//! hyper does it. A call that is not over at its deadline takes the connection
//! with it, because HTTP/1.1 knows no other way to end one whose reply is not
//! read. hyper's own timeout for a request's head runs while a connection is
//! idle, too, so that the clock for both is here.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
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
use crate::traffic::Traffic;

/// How much of a reply is handed to hyper at a time, in bytes. It asks for more
/// when little is left of that.
const CHUNK: usize = 16 << 10;

/// How long half a head may take to become whole when the server leaves.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What a connection does. Requests follow each other, so there is one call at
/// most.
#[derive(Clone, Copy)]
enum Doing {
    /// It waits for a request.
    Waiting,
    /// A request is under way and has no answer yet.
    Answering,
    /// Its reply has until then.
    Replying { until: Instant },
    /// Its reply was handed over, and has until then to be read. The next
    /// request may come.
    Replied { until: Instant },
}

/// What a connection does, and how many requests have come.
#[derive(Clone, Copy)]
struct Progress {
    doing: Doing,
    requests: u64,
}

/// When a connection is over that waits for a request.
struct Clock {
    traffic: Traffic,
    preface_timeout: Duration,
    idle_timeout: Duration,
    requests: u64,
    waits_since: Option<Instant>,
    /// When the head has to be whole that has begun to arrive.
    head_by: Option<Instant>,
}

impl Clock {
    /// The clock of a connection whose first bytes are there.
    fn new(traffic: Traffic, config: &Config) -> Self {
        let now = Instant::now();
        Self {
            traffic,
            preface_timeout: config.preface_timeout,
            idle_timeout: config.idle_timeout,
            requests: 0,
            waits_since: Some(now),
            head_by: Some(now + config.preface_timeout),
        }
    }

    fn follow(&mut self, progress: Progress) {
        if self.requests != progress.requests {
            self.requests = progress.requests;
            self.waits_since = None;
            self.head_by = None;
        }
        let waits = matches!(progress.doing, Doing::Waiting | Doing::Replied { .. });
        if waits && self.waits_since.is_none() {
            // What has come until now was the request before.
            self.traffic.take_received();
            self.waits_since = Some(Instant::now());
        }
    }

    fn leave(&mut self) {
        if self.waits_since.is_some() {
            let by = Instant::now() + LAST_WORDS;
            self.head_by = Some(self.head_by.map_or(by, |head_by| head_by.min(by)));
        }
    }

    /// Waits until the connection has waited for too long.
    async fn over(&mut self) {
        let Some(since) = self.waits_since else {
            return std::future::pending().await;
        };
        let idle_until = since + self.idle_timeout;
        loop {
            let now = Instant::now();
            let until = self.head_by.unwrap_or(idle_until);
            if now >= until {
                return;
            }
            // Whether a head has begun is looked at every so often.
            sleep_until(until.min(now + self.preface_timeout)).await;
            if self.head_by.is_none() && self.traffic.take_received() {
                self.head_by = Some(Instant::now() + self.preface_timeout);
            }
        }
    }
}

/// Serves a connection until it is closed. `traffic` is what passes at the bottom
/// of it.
///
/// # Errors
///
/// Fails where the connection does.
pub(crate) async fn serve<T, S, B>(
    io: T,
    traffic: Traffic,
    peer: Peer,
    service: S,
    config: &Config,
    mut phase: watch::Receiver<Phase>,
) -> Result<(), hyper::Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone,
    B: http_body::Body<Data = Bytes, Error = Status> + Unpin + 'static,
{
    let io = Socket::new(io);
    let mut clock = Clock::new(traffic.clone(), config);
    let (progress, mut progresses) = watch::channel(Progress {
        doing: Doing::Waiting,
        requests: 0,
    });
    let progress = Arc::new(progress);
    let told = Arc::clone(&progress);
    let answer = service_fn(move |request: Request<Incoming>| {
        let (service, progress, peer) = (service.clone(), Arc::clone(&told), peer.clone());
        async move {
            progress.send_modify(|progress| {
                progress.doing = Doing::Answering;
                progress.requests += 1;
            });
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            let mut response = service.oneshot(request).await?;
            if let Some(Ends(deadline)) = response.extensions().get() {
                let until = *deadline;
                progress.send_modify(|progress| progress.doing = Doing::Replying { until });
            }
            let extensions = std::mem::take(response.extensions_mut());
            Ok::<_, Infallible>(response.map(|body| Holding {
                body,
                rest: Bytes::new(),
                progress,
                _extensions: extensions,
            }))
        }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.header_read_timeout(None).max_buf_size(
        usize::try_from(config.max_headers)
            .unwrap_or(usize::MAX)
            .max(8192),
    );
    let connection = http.serve_connection(TokioIo::new(io), answer);
    let mut connection = std::pin::pin!(connection);
    let mut is_leaving = false;
    loop {
        let now = *progresses.borrow_and_update();
        clock.follow(now);
        let overdue = async {
            match now.doing {
                Doing::Waiting | Doing::Answering => std::future::pending().await,
                Doing::Replying { until } | Doing::Replied { until } => sleep_until(until).await,
            }
        };
        tokio::select! {
            served = connection.as_mut() => return served,
            () = overdue => match now.doing {
                Doing::Replied { .. } if !traffic.is_blocked() => {
                    progress.send_modify(|progress| progress.doing = Doing::Waiting);
                }
                _ => return Ok(()),
            },
            () = clock.over() => return Ok(()),
            _ = progresses.changed() => {}
            _ = phase.wait_for(|phase| *phase != Phase::Serving), if !is_leaving => {
                is_leaving = true;
                clock.leave();
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// A reply in small pieces, with what is held until the last is handed over.
struct Holding<B> {
    body: B,
    rest: Bytes,
    progress: Arc<watch::Sender<Progress>>,
    _extensions: Extensions,
}

impl<B> Drop for Holding<B> {
    fn drop(&mut self) {
        self.progress.send_modify(|progress| {
            progress.doing = match progress.doing {
                Doing::Replying { until } => Doing::Replied { until },
                // It has no deadline.
                _ => Doing::Waiting,
            };
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
