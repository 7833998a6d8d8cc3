//! The connections of one endpoint.
//!
//! Calls take the connection that was used last. Without one they make one of
//! their own, in their own future, so that a call that ends leaves no
//! half-made connection behind. Where this process has no file descriptors left,
//! they wait until a connection is free or can be made. hyper-util's pool makes
//! connections in tasks of their own and cannot bound how many.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::config::Protocol;
use crate::connect::{Connected, Target};
use crate::error::{Cause, SharedError};
use crate::failure::{ConnectionId, Failure};
use crate::http1::Http1;
use crate::http2::{Allowed, Http2, Slot};
use crate::{SendError, SendErrorKind};

/// A connection for one request.
pub(crate) enum Taken {
    Http1(Http1),
    Http2(Http2, Slot),
}

/// The connections of one endpoint.
pub(crate) struct Pool {
    connections: Mutex<Connections>,
    /// One permit for each connection.
    permits: Arc<Semaphore>,
    /// Told when a connection or a stream has become free.
    freed: Arc<Notify>,
    /// Held while the first connection is made: if it speaks HTTP/2, one is
    /// enough for all who wait.
    first: tokio::sync::Mutex<()>,
    /// Which version the server speaks, once that is known.
    spoken: AtomicU8,
    /// Whether this side had no room for the last connection.
    starved: AtomicBool,
    /// How many streams an HTTP/2 server allows, once that is known.
    allowed: Arc<Allowed>,
    /// The failures to connect so far, and the last of them.
    failures: AtomicU64,
    last_failure: Mutex<Option<(SendErrorKind, SharedError)>>,
    /// How many connections were made so far, and how many could not be.
    connected: AtomicU64,
    failed_to_connect: AtomicU64,
}

/// What is told of a pool at one moment.
pub(crate) struct PoolStatus {
    pub(crate) connections: usize,
    pub(crate) idle: usize,
    pub(crate) connected: u64,
    pub(crate) failed_to_connect: u64,
}

#[derive(Default)]
struct Connections {
    http1: Vec<Http1>,
    http2: Vec<Http2>,
}

/// How long to wait, at least, before a connection is tried again that this side
/// had no room for; twice as long at most.
const AGAIN: Duration = Duration::from_millis(50);

const UNKNOWN: u8 = 0;
const HTTP1: u8 = 1;
const HTTP2: u8 = 2;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    pub(crate) fn new(target: &Target) -> Self {
        let spoken = match target.config.protocol {
            Protocol::Http1 => HTTP1,
            Protocol::Auto if target.tls.is_none() => HTTP1,
            Protocol::Http2 => HTTP2,
            Protocol::Auto => UNKNOWN,
        };
        Self {
            connections: Mutex::default(),
            permits: Arc::new(Semaphore::new(target.config.max_connections)),
            freed: Arc::default(),
            first: tokio::sync::Mutex::default(),
            spoken: AtomicU8::new(spoken),
            starved: AtomicBool::new(false),
            allowed: Arc::default(),
            failures: AtomicU64::new(0),
            last_failure: Mutex::default(),
            connected: AtomicU64::new(0),
            failed_to_connect: AtomicU64::new(0),
        }
    }

    /// A connection that is free, or a new one. Waits for one of the two, if need
    /// be for the connect timeout where this side has no room for another one.
    ///
    /// `avoided` is a connection that has just refused the request. It is taken
    /// only where there is neither another one nor room for one. `fresh` asks for
    /// one that was never used.
    pub(crate) async fn take(
        &self,
        target: &Target,
        avoided: Option<ConnectionId>,
        fresh: bool,
    ) -> Result<Taken, Failure> {
        let (mut avoided, mut fresh) = (avoided, fresh);
        let mut ends = None;
        loop {
            // What becomes free after the look must not be missed.
            let mut freed = pin!(self.freed.notified());
            freed.as_mut().enable();
            if let Some(taken) = self.free(avoided, fresh) {
                return Ok(taken);
            }
            if avoided.is_some()
                && self.permits.available_permits() == 0
                && let Some(taken) = self.free(None, fresh)
            {
                return Ok(taken);
            }
            if let Some(until) = self.untold_until() {
                let _ = timeout_at(until, freed).await;
                continue;
            }
            let permit = tokio::select! {
                biased;
                permit = Arc::clone(&self.permits).acquire_owned() => permit,
                () = &mut freed => continue,
            };
            // The semaphore is never closed.
            let Ok(permit) = permit else { continue };
            let failures = self.failures.load(Ordering::Acquire);
            let mut first = None;
            if !self.speaks_http1() {
                let turn = self.first.lock().await;
                if let Some(taken) = self.free(avoided, fresh) {
                    return Ok(taken);
                }
                if self.untold_until().is_some() {
                    continue;
                }
                // The turn before may have found that there is nothing to share.
                first = (!self.speaks_http1()).then_some(turn);
            }
            let is_first = first.is_some();
            if is_first
                && self.failures.load(Ordering::Acquire) > failures
                && let Some((kind, error)) = lock(&self.last_failure).clone()
            {
                return Err(Failure::connect(SendError::new(kind, error)));
            }
            // Until this fails for want of room, there is room.
            self.starved.store(false, Ordering::Release);
            let connected = Box::pin(target.connect()).await;
            let count = if connected.is_ok() {
                &self.connected
            } else {
                &self.failed_to_connect
            };
            count.fetch_add(1, Ordering::Relaxed);
            let missing = connected.as_ref().err().and_then(SendError::missing);
            self.starved.store(missing.is_some(), Ordering::Release);
            return match connected {
                // A server may change its mind; then it speaks HTTP/2 from now on.
                Ok(connected) => self.adopt(connected, target, permit).await,
                Err(error) if missing.is_some() => {
                    let now = Instant::now();
                    let ends = *ends.get_or_insert(now + target.config.connect_timeout);
                    if now >= ends {
                        return Err(Failure::connect(error));
                    }
                    // Others may have their turn meanwhile, and any connection is
                    // better than none.
                    drop((permit, first));
                    (avoided, fresh) = (None, false);
                    let again = ends.min(now + AGAIN.mul_f64(1.0 + fastrand::f64()));
                    let _ = timeout_at(again, freed).await;
                    continue;
                }
                Err(error) if !is_first => Err(Failure::connect(error)),
                Err(SendError { kind, source }) => {
                    let source = source.unwrap_or_else(|| Cause::Closed.into());
                    let shared = SharedError(Arc::new(source));
                    *lock(&self.last_failure) = Some((kind, shared.clone()));
                    self.failures.fetch_add(1, Ordering::AcqRel);
                    Err(Failure::connect(SendError::new(kind, shared)))
                }
            };
        }
    }

    /// How the pool is doing, with so many connections at most.
    pub(crate) fn status(&self, max: usize) -> PoolStatus {
        let connections = lock(&self.connections);
        let unused = connections.http2.iter();
        let unused = unused.filter(|connection| connection.active() == 0).count();
        PoolStatus {
            connections: max.saturating_sub(self.permits.available_permits()),
            idle: connections.http1.len() + unused,
            connected: self.connected.load(Ordering::Relaxed),
            failed_to_connect: self.failed_to_connect.load(Ordering::Relaxed),
        }
    }

    /// Returns whether this side had no room for the last connection. Then nobody
    /// else is to blame for calls that wait.
    pub(crate) fn is_starved(&self) -> bool {
        self.starved.load(Ordering::Acquire)
    }

    #[cfg(test)]
    pub(crate) fn starve(&self) {
        self.starved.store(true, Ordering::Release);
    }

    /// Until when to wait for a server to say how many requests a connection
    /// takes at once, before there are more of them.
    fn untold_until(&self) -> Option<Instant> {
        let now = Instant::now();
        let connections = lock(&self.connections);
        let untold = connections.http2.iter().filter_map(Http2::untold_until);
        untold.filter(|until| *until > now).min()
    }

    fn speaks_http1(&self) -> bool {
        self.spoken.load(Ordering::Acquire) == HTTP1
    }

    async fn adopt(
        &self,
        connected: Connected,
        target: &Target,
        permit: OwnedSemaphorePermit,
    ) -> Result<Taken, Failure> {
        let config = &target.config;
        if !connected.is_http2 {
            self.spoken.store(HTTP1, Ordering::Release);
            let connection = Http1::new(connected.transport, config, permit).await;
            return connection.map(Taken::Http1).map_err(Failure::connect);
        }
        self.spoken.store(HTTP2, Ordering::Release);
        let freed = Arc::clone(&self.freed);
        let allowed = Arc::clone(&self.allowed);
        let connection = Http2::new(connected.transport, config, permit, freed, allowed)
            .await
            .map_err(Failure::connect)?;
        let slot = connection.slot();
        lock(&self.connections).http2.push(connection.clone());
        // Who waits for a connection can share this one.
        self.freed.notify_waiters();
        Ok(Taken::Http2(connection, slot))
    }

    /// Takes a connection that is free.
    fn free(&self, avoided: Option<ConnectionId>, fresh: bool) -> Option<Taken> {
        let now = Instant::now();
        let mut connections = lock(&self.connections);
        if fresh {
            // A connection that nobody uses makes room for a fresh one.
            if self.permits.available_permits() == 0 {
                connections.http1.pop();
            }
            return None;
        }
        while let Some(connection) = connections.http1.pop() {
            if connection.is_usable(now) {
                return Some(Taken::Http1(connection));
            }
        }
        connections.http2.retain_mut(Http2::takes_requests);
        let connection = connections
            .http2
            .iter()
            .filter(|connection| Some(connection.id()) != avoided && connection.has_room())
            .min_by_key(|connection| connection.active())?;
        let slot = connection.slot();
        Some(Taken::Http2(connection.clone(), slot))
    }

    /// Takes back a connection whose reply is complete.
    pub(crate) fn put(&self, connection: Http1) {
        lock(&self.connections).http1.push(connection);
        self.freed.notify_one();
    }

    /// Closes the connections that nobody has used for long, or that are closed.
    pub(crate) fn purge(&self, now: Instant) {
        let mut connections = lock(&self.connections);
        connections
            .http1
            .retain(|connection| connection.is_usable(now));
        connections
            .http2
            .retain_mut(|connection| connection.takes_requests() && !connection.is_expired(now));
    }
}
