//! Bounds the calls in flight to the upstream, and sheds what is too much.
//!
//! The bound is adaptive: it follows what the upstream can work on at a time,
//! and never exceeds a fixed maximum. Calls that find no place wait in a queue
//! that is bounded in number and in time, and in which callers take turns, so
//! that one that floods the gateway does not push out the others. A call that
//! cannot be answered before its deadline any more is not sent.
//!
//! Own code, because tower's limits are fixed and first come, first served, and
//! its load shedding has no queue; the adaptive ones that are published compare
//! latencies across all rpcs and know neither callers nor deadlines.
//!
//! [`Limiter`] never looks into a call and never retries one.

mod adaptive;
mod latency;
mod queue;
mod round;
#[cfg(test)]
mod simulation;
mod state;
mod uploads;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use transcode::CallerKey;

use self::queue::Place;
use self::state::{Arrival, Call, InFlight, State};
pub use self::uploads::{UploadPermit, Uploads};

/// The bounds of a [`Limiter`].
///
/// `min` and `max` that are the same make a fixed limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitConfig {
    /// How many calls may be in flight at first. 32.
    pub initial: u32,
    /// How many calls may be in flight at least, however slow the upstream is;
    /// at least 1. 1.
    pub min: u32,
    /// How many calls may be in flight at most. 1024.
    pub max: u32,
    /// How many uploads may be in flight at once, which are not among the
    /// others: they take as long as their callers want. One caller may have a
    /// quarter of them. 128.
    pub max_uploads: u32,
    /// How many calls may wait at a time, of all callers together. 1024.
    pub max_queued: usize,
    /// How long a call may wait, at most a day. 1 s.
    pub max_wait: Duration,
    /// After what time callers are told to try again, at least; they are told
    /// up to twice as much, to spread them. At most a day. 1 s.
    pub retry_after: Duration,
}

impl Default for LimitConfig {
    fn default() -> Self {
        Self {
            initial: 32,
            min: 1,
            max: 1024,
            max_uploads: 128,
            max_queued: 1024,
            max_wait: Duration::from_secs(1),
            retry_after: Duration::from_secs(1),
        }
    }
}

impl LimitConfig {
    /// The same with times that an instant can have added.
    fn bounded(self) -> Self {
        // What is longer means for ever; instants have an end.
        const MAX: Duration = Duration::from_hours(24);
        Self {
            max_wait: self.max_wait.min(MAX),
            retry_after: self.retry_after.min(MAX),
            ..self
        }
    }

    /// What the so-manieth call that is shed is told: between once and twice what
    /// is configured, so that those who are turned away at once do not come back
    /// at once.
    fn retry_after(&self, shed: u32) -> Duration {
        const STEPS: u32 = 16;
        self.retry_after + self.retry_after * (shed % STEPS) / STEPS
    }
}

/// Why a call is not sent. It never reaches the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Shed {
    /// As many calls wait as may. The call that is shed is the oldest of the
    /// caller that has the most calls waiting.
    #[error("too many calls wait for the upstream")]
    QueueFull {
        /// After what time the caller may try again.
        retry_after: Duration,
    },
    /// The call has waited as long as it may.
    #[error("the upstream is too busy to take the call")]
    WaitedTooLong {
        /// After what time the caller may try again.
        retry_after: Duration,
    },
    /// The upstream has not answered a call of this rpc of late in as little
    /// time as is left, or no time is left.
    #[error("the upstream cannot answer before the deadline any more")]
    DeadlineUnattainable,
}

/// How much of a limit is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// How many calls may be in flight now.
    pub limit: u64,
    /// How many calls are in flight.
    pub in_flight: u64,
    /// How many calls wait.
    pub queued: usize,
}

/// Bounds the calls in flight to an upstream. Cheap to clone; all clones share
/// the bound.
#[derive(Debug, Clone)]
pub struct Limiter {
    state: Arc<Mutex<State<Waiter>>>,
}

/// Tells a call what becomes of it.
type Waiter = oneshot::Sender<Result<Permit, Shed>>;

impl Limiter {
    /// A limit without a call.
    pub fn new(config: LimitConfig) -> Self {
        Self {
            state: Arc::new(Mutex::new(State::new(config))),
        }
    }

    /// Waits until the call may be sent. A future that is dropped gives up its
    /// place in the queue.
    ///
    /// # Errors
    ///
    /// Fails if the call is not to be sent at all.
    pub async fn acquire(
        &self,
        caller: CallerKey,
        rpc: &'static str,
        deadline: Option<Instant>,
    ) -> Result<Permit, Shed> {
        let call = Call {
            caller,
            rpc,
            deadline,
        };
        let (waiter, told) = oneshot::channel();
        let arrival = self.lock().arrive(Instant::now(), call, waiter);
        let (place, until, shed) = match arrival {
            Arrival::Sent(call) => return Ok(self.permit(call)),
            Arrival::Shed(shed) => return Err(shed),
            Arrival::Waits(place, until, shed) => (place, until, shed),
        };
        let _place = Waits {
            limiter: self,
            place,
        };
        self.tell_next();
        match timeout_at(until, told).await {
            Ok(Ok(outcome)) => outcome,
            // A call that waits is told before its waiter is dropped.
            Ok(Err(_)) | Err(_) => Err(shed),
        }
    }

    /// How much of the limit is in use.
    pub fn usage(&self) -> Usage {
        let state = self.lock();
        Usage {
            limit: state.limit(),
            in_flight: state.in_flight(),
            queued: state.queued(),
        }
    }

    /// Tells those calls of what becomes of them whose waiting is over.
    fn tell_next(&self) {
        loop {
            // A permit that nobody takes frees its place, for which the lock is
            // needed: it must not be held here.
            let next = self.lock().next(Instant::now());
            let Some((waiter, outcome)) = next else {
                return;
            };
            let _ = waiter.send(outcome.map(|call| self.permit(call)));
        }
    }

    fn permit(&self, call: InFlight) -> Permit {
        Permit {
            limiter: self.clone(),
            call,
            is_counted: true,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<Waiter>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives up the place of a call when dropped, if the call still has it.
struct Waits<'l> {
    limiter: &'l Limiter,
    place: Place,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.limiter.lock().leave(self.place);
    }
}

/// Leave for a call to be in flight. Its place is free when it is dropped, which
/// should be as soon as the upstream is done with the call.
#[derive(Debug)]
pub struct Permit {
    limiter: Limiter,
    call: InFlight,
    /// Whether the end of the call still is to be taken note of.
    is_counted: bool,
}

impl Permit {
    /// Takes note that the head of the response has arrived, and with it how
    /// long the upstream takes for such calls. `is_congested` says that the
    /// response means that the upstream has too much to do.
    ///
    /// A call whose permit is dropped without it counts as a sign of congestion
    /// if its deadline has passed, and not at all otherwise.
    pub fn answered(&mut self, is_congested: bool) {
        if std::mem::take(&mut self.is_counted) {
            let now = Instant::now();
            self.limiter.lock().answered(now, &self.call, is_congested);
            // The limit may have grown.
            self.limiter.tell_next();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.limiter.lock();
        if self.is_counted {
            state.unanswered(Instant::now(), &self.call);
        }
        state.release();
        drop(state);
        self.limiter.tell_next();
    }
}

#[cfg(test)]
mod tests;
