//! How a connection is found dead that is only silent.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use h2::client::Connection;
use h2::{Ping, PingPong};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, timeout};

use super::allowed::{Allowed, UNTOLD};
use super::error::Http2Error;
use crate::error::Cause;
use crate::io::{Io, Traffic};

/// What the connection's task and its streams tell each other.
pub(super) struct Watch {
    pub(super) traffic: Arc<Traffic>,
    /// How many pieces of replies have arrived, heads included. Other frames
    /// count for nothing: a server may send SETTINGS and PINGs without end and
    /// read nothing.
    heard: AtomicU64,
    pub(super) active: AtomicUsize,
    pub(super) opened: AtomicUsize,
    pub(super) idle_since: Mutex<Instant>,
    /// One more than what had been heard when a call was given up that had heard
    /// nothing; 0 if there was none.
    suspected_at: AtomicU64,
    suspicion: Notify,
    pub(super) ended: OnceLock<Cause>,
}

impl Watch {
    pub(super) fn new(traffic: Arc<Traffic>) -> Self {
        Self {
            traffic,
            heard: AtomicU64::new(0),
            active: AtomicUsize::new(0),
            opened: AtomicUsize::new(0),
            idle_since: Mutex::new(Instant::now()),
            suspected_at: AtomicU64::new(0),
            suspicion: Notify::new(),
            ended: OnceLock::new(),
        }
    }

    pub(super) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Acquire)
    }

    /// A piece of a reply has arrived.
    pub(super) fn hear(&self) {
        self.heard.fetch_add(1, Ordering::AcqRel);
    }

    /// Returns whether a call was given up, and nothing was heard since.
    pub(super) fn is_suspect(&self) -> bool {
        let at = self.suspected_at.load(Ordering::Acquire);
        at != 0 && self.heard() == at - 1
    }

    pub(super) fn suspect(&self) {
        let at = self.heard() + 1;
        self.suspected_at.store(at, Ordering::Release);
        self.suspicion.notify_one();
    }
}

/// The task of a connection.
pub(super) struct KeepAlive {
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
    pub(super) watch: Arc<Watch>,
    /// Told when a connection that was suspected is not any more, and when the
    /// server has said how many streams it allows.
    pub(super) freed: Arc<Notify>,
    pub(super) allowed: Arc<Allowed>,
}

impl KeepAlive {
    /// Runs the connection until it ends, and says how it ended.
    ///
    /// A PING is sent when streams are open and nothing was heard for the
    /// interval, and at once when a call was given up that had heard nothing.
    /// Its answer is a sign of life, and so is any piece of a reply. Once the
    /// connection is unused, it tells the server so, and waits no longer than for
    /// a sign of life.
    pub(super) async fn drive(
        self,
        connection: Connection<Io, Bytes>,
        mut pings: PingPong,
        mut unused: oneshot::Receiver<()>,
    ) -> Cause {
        enum Event {
            Pong(bool),
            Suspicion,
            Tick,
        }
        let watch = &self.watch;
        let mut connection = pin!(connection);
        let mut timer = pin!(sleep(self.interval));
        let mut asked = false;
        let mut seen = watch.heard();
        let mut told = false;
        loop {
            let running = poll_fn(|cx| {
                let polled = connection.as_mut().poll(cx);
                let streams = connection.as_ref().get_ref().max_concurrent_send_streams();
                if !told && streams != UNTOLD {
                    told = true;
                    self.allowed.set(streams);
                    self.freed.notify_waiters();
                }
                polled
            });
            let event = tokio::select! {
                biased;
                result = running => {
                    if let Err(error) = result {
                        let error = Http2Error::from(error);
                        tracing::debug!(%error, "an HTTP/2 connection ended");
                    }
                    return Cause::Closed;
                }
                _ = &mut unused => {
                    let _ = timeout(self.timeout, connection).await;
                    return Cause::Closed;
                }
                pong = poll_fn(|cx| pings.poll_pong(cx)), if asked => Event::Pong(pong.is_ok()),
                () = watch.suspicion.notified(), if !asked => Event::Suspicion,
                () = &mut timer => Event::Tick,
            };
            let heard = watch.heard();
            let is_silent = heard == seen;
            seen = heard;
            let asks = match event {
                // The connection says itself how it ended.
                Event::Pong(false) => false,
                Event::Pong(true) => {
                    asked = false;
                    if watch.suspected_at.swap(0, Ordering::AcqRel) != 0 {
                        self.freed.notify_waiters();
                    }
                    false
                }
                Event::Suspicion => true,
                Event::Tick if asked && is_silent => return Cause::PingTimeout,
                Event::Tick => !asked && is_silent && watch.active.load(Ordering::Acquire) > 0,
            };
            if asks {
                asked = pings.send_ping(Ping::opaque()).is_ok();
            }
            let wait = if asked { self.timeout } else { self.interval };
            timer.as_mut().reset(Instant::now() + wait);
        }
    }
}
