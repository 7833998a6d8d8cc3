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
mod config;
mod latency;
mod queue;
mod round;
mod shed;
#[cfg(test)]
mod simulation;
mod state;
mod uploads;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use transcode::CallerKey;

pub use self::config::LimitConfig;
use self::queue::Ticket;
pub use self::shed::Shed;
use self::state::{Arrival, Call, InFlight, State};
pub use self::uploads::{UploadPermit, Uploads};

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
        let (ticket, until, shed) = match arrival {
            Arrival::Sent(call) => return Ok(self.permit(call)),
            Arrival::Shed(shed) => return Err(shed),
            Arrival::Waits(ticket, until, shed) => (ticket, until, shed),
        };
        let _waits = Waits {
            limiter: self,
            ticket,
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
    ticket: Ticket,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.limiter.lock().leave(self.ticket);
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
