//! The body of a request as it comes, and how long it may take.
//!
//! The layer of tower-http bounds the pause before each piece only. A client that
//! sends a byte now and then would never end, so the average counts here as well.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::later;
use crate::limits::ServerLimits;

/// How much of a body that nobody wants is read before the reply, in bytes, so
/// that the connection can be used again.
const SMALL_REST: u64 = 16 << 10;

/// How long that may take.
const SMALL_WAIT: Duration = Duration::from_millis(100);

/// The body does not come, or comes too slowly.
#[derive(Debug, thiserror::Error)]
#[error("the body took too long to come")]
pub(super) struct TooSlow;

/// Why a body cannot be read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReceiveError<E> {
    #[error("the body was given up")]
    TooSlow(#[source] TooSlow),
    #[error("the connection was lost amid the body")]
    Lost(#[source] E),
}

/// The next piece of a body, if there is one.
type Next<E> = Option<Result<Frame<Bytes>, ReceiveError<E>>>;

/// The body of a request. Clones read the same one.
pub(super) struct Received<B>(Arc<Mutex<Source<B>>>);

struct Source<B> {
    body: B,
    limits: ServerLimits,
    pace: Option<Pace>,
    is_at_end: bool,
}

/// How a body comes. It counts from the first time that somebody waits for it.
struct Pace {
    began: Instant,
    last: Instant,
    length: u64,
    timer: Pin<Box<Sleep>>,
}

impl Pace {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            began: now,
            last: now,
            length: 0,
            timer: Box::pin(sleep_until(now)),
        }
    }

    /// When the next piece must have come.
    fn due(&self, limits: &ServerLimits) -> Instant {
        let end = later(self.began, limits.body_timeout);
        let resumed = later(self.last, limits.body_pause);
        let rate = u64::from(limits.min_body_rate);
        let on_pace = self.length.checked_div(rate).map(|seconds| {
            let earned = Duration::from_secs(seconds);
            later(self.began, limits.body_pause.saturating_add(earned))
        });
        end.min(resumed).min(on_pace.unwrap_or(end))
    }
}

impl<B> Clone for Received<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B: Body<Data = Bytes> + Unpin> Received<B> {
    pub(super) fn new(body: B, limits: ServerLimits) -> Self {
        let is_at_end = body.is_end_stream();
        Self(Arc::new(Mutex::new(Source {
            body,
            limits,
            pace: None,
            is_at_end,
        })))
    }

    /// Reads what nobody has wanted if it is little, and returns whether that was
    /// all. `expects_continue` says that the client sends nothing unless somebody
    /// reads (RFC 9110, section 10.1.1).
    pub(super) async fn finish(&mut self, expects_continue: bool) -> bool {
        let (is_at_end, is_small, is_begun) = self.with(|source| {
            let rest = source.body.size_hint().exact();
            (
                source.is_at_end,
                rest.is_some_and(|rest| rest <= SMALL_REST),
                source.pace.is_some(),
            )
        });
        if is_at_end || !is_small || (expects_continue && !is_begun) {
            return is_at_end;
        }
        let rest = async { while let Some(Ok(_)) = self.frame().await {} };
        // Where it has not come in time, it is left.
        let _ = tokio::time::timeout(SMALL_WAIT, rest).await;
        self.with(|source| source.is_at_end)
    }

    fn with<T>(&self, look: impl FnOnce(&mut Source<B>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<B: Body<Data = Bytes> + Unpin> Source<B> {
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Next<B::Error>> {
        if self.is_at_end {
            return Poll::Ready(None);
        }
        let pace = self.pace.get_or_insert_with(Pace::new);
        // What has come is taken first: the client is not slow if the server is.
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    pace.length += data.len() as u64;
                }
                pace.last = Instant::now();
                self.is_at_end = self.body.is_end_stream();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(ReceiveError::Lost(error)))),
            Poll::Ready(None) => {
                self.is_at_end = true;
                Poll::Ready(None)
            }
            Poll::Pending => {
                let due = pace.due(&self.limits);
                pace.timer.as_mut().reset(due);
                ready!(pace.timer.as_mut().poll(context));
                Poll::Ready(Some(Err(ReceiveError::TooSlow(TooSlow))))
            }
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Received<B> {
    type Data = Bytes;
    type Error = ReceiveError<B::Error>;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Next<B::Error>> {
        self.with(|source| source.poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.with(|source| source.is_at_end)
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|source| source.body.size_hint())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::StreamBody;
    use tokio_stream::StreamExt as _;
    use tokio_stream::wrappers::IntervalStream;

    use super::*;

    const LIMITS: ServerLimits = ServerLimits {
        body_timeout: Duration::from_mins(1),
        body_pause: Duration::from_secs(10),
        min_body_rate: 100,
        max_connections: 0,
        max_connections_per_peer: 0,
        max_streams: 0,
        max_head: 0,
        max_headers: 0,
        max_uri: 0,
        head_timeout: Duration::ZERO,
        idle_timeout: Duration::ZERO,
        write_timeout: Duration::ZERO,
        keep_alive_interval: Duration::ZERO,
        keep_alive_timeout: Duration::ZERO,
        linger_timeout: Duration::ZERO,
        linger_bytes: 0,
    };

    /// Checks how many pieces of so many bytes are taken, one after so many
    /// seconds each, of a body of so many pieces.
    async fn check(pieces: usize, bytes: usize, seconds: u64, expected: Result<usize, usize>) {
        let mut interval = tokio::time::interval(Duration::from_secs(seconds));
        interval.tick().await;
        let body = IntervalStream::new(interval)
            .take(pieces)
            .map(move |_| Ok::<_, Infallible>(Frame::data(Bytes::from(vec![0; bytes]))));
        let mut body = Received::new(StreamBody::new(body), LIMITS);
        let mut taken = 0;
        let found = loop {
            match body.frame().await {
                Some(Ok(_)) => taken += 1,
                Some(Err(_)) => break Err(taken),
                None => break Ok(taken),
            }
        };
        assert_eq!(
            found, expected,
            "of {pieces} pieces of {bytes} bytes, one every {seconds} s"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_steadily_is_taken() {
        check(20, 200, 2, Ok(20)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_ended() {
        check(1, 1_000_000, 11, Err(0)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_is_ended() {
        check(2, 1_000_000, 11, Err(0)).await;
        check(2, 1_000_000, 9, Ok(2)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_ended() {
        check(1000, 1, 1, Err(10)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_takes_for_ever_is_ended() {
        check(1000, 1000, 7, Err(8)).await;
    }
}
