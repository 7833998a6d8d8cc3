//! The limit and the queue together, without a clock and without tasks.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;
use transcode::CallerKey;

use super::adaptive::Adaptive;
use super::config::LimitConfig;
use super::latency::Latency;
use super::queue::{Queue, Ticket};
use super::round::{Ending, Sent};
use super::shed::Shed;

/// What a call has to say that wants to be sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) caller: CallerKey,
    pub(super) rpc: &'static str,
    pub(super) deadline: Option<Instant>,
}

/// A call that was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct InFlight {
    call: Call,
    since: Instant,
    sent: Sent,
}

/// What becomes of a call that arrives.
#[derive(Debug)]
pub(super) enum Arrival {
    Sent(InFlight),
    /// It waits until an instant, when it has to be given up for a reason.
    Waits(Ticket, Instant, Shed),
    Shed(Shed),
}

/// A call that waits, and the handle to tell of what becomes of it.
#[derive(Debug)]
struct Waiting<W> {
    call: Call,
    waiter: W,
}

/// The limit, the queue, and what is known of the rpcs. `W` is the handle of a
/// call that waits.
#[derive(Debug)]
pub(super) struct State<W> {
    config: LimitConfig,
    limit: Adaptive,
    in_flight: u64,
    queue: Queue<Waiting<W>>,
    /// Bounded by the number of rpcs, as their names are part of the program.
    latencies: HashMap<&'static str, Latency>,
    /// Counts the calls that are shed, to spread their retries.
    shed: u32,
}

impl<W> State<W> {
    pub(super) fn new(config: LimitConfig) -> Self {
        Self {
            config: config.bounded(),
            limit: Adaptive::new(config.initial, config.min, config.max),
            in_flight: 0,
            queue: Queue::new(),
            latencies: HashMap::new(),
            shed: 0,
        }
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit.get()
    }

    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Takes in a call. [`State::next`] has to be called afterwards, as another
    /// one may have to make room.
    pub(super) fn arrive(&mut self, now: Instant, call: Call, waiter: W) -> Arrival {
        let last_start = self.last_start(now, call);
        if last_start.is_some_and(|last| last < now) {
            return Arrival::Shed(Shed::DeadlineUnattainable);
        }
        if self.queue.len() == 0 && self.limit.has_room(now, self.in_flight) {
            return Arrival::Sent(self.send(now, call));
        }
        let retry_after = self.retry_after();
        let shed = Shed::WaitedTooLong { retry_after };
        let patience = self.config.max_wait;
        // Who is told in time can try elsewhere.
        let until = now + last_start.map_or(patience, |last| patience.min((last - now) * 3 / 4));
        let late = now + until.saturating_duration_since(now) * 3 / 4;
        let caller = call.caller;
        let ticket = self.queue.push(caller, Waiting { call, waiter }, late);
        Arrival::Waits(ticket, until, shed)
    }

    /// Takes out a call that does not wait any more.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.queue.remove(ticket);
    }

    /// Takes a call out of the queue whose waiting is over, with what becomes of
    /// it. Returns `None` if the others have to wait.
    pub(super) fn next(&mut self, now: Instant) -> Option<(W, Result<InFlight, Shed>)> {
        if self.queue.len() > self.config.max_queued {
            let Waiting { waiter, .. } = self.queue.evict()?;
            let retry_after = self.retry_after();
            return Some((waiter, Err(Shed::QueueFull { retry_after })));
        }
        if self.queue.len() == 0 || !self.limit.has_room(now, self.in_flight) {
            return None;
        }
        let Waiting { call, waiter } = self.queue.pop(now)?;
        let outcome = match self.last_start(now, call) {
            Some(last) if last < now => {
                let retry_after = self.retry_after();
                Err(Shed::WaitedTooLong { retry_after })
            }
            _ => Ok(self.send(now, call)),
        };
        Some((waiter, outcome))
    }

    /// Takes note of an answer, which may say that the upstream has too much to
    /// do. [`State::next`] has to be called afterwards, as the limit may have
    /// grown.
    pub(super) fn answered(&mut self, now: Instant, sent: &InFlight, is_congested: bool) {
        let ending = if is_congested {
            Ending::Refused
        } else {
            let latency = self.latencies.entry(sent.call.rpc).or_default();
            let taken = now.saturating_duration_since(sent.since);
            let expected = latency.expected();
            let counted = latency.bounded(taken);
            latency.record(now, taken, sent.sent.alone);
            Ending::Answered {
                latency: counted,
                expected,
            }
        };
        self.limit.ended(now, self.in_flight, sent.sent, ending);
    }

    /// Takes note of a call that ends without an answer, which says something
    /// only if its deadline has passed.
    pub(super) fn unanswered(&mut self, now: Instant, sent: &InFlight) {
        if sent.call.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        let taken = now.saturating_duration_since(sent.since);
        let latency = self.latencies.get(sent.call.rpc);
        let ending = Ending::Expired {
            latency: latency.map_or(taken, |latency| latency.bounded(taken)),
            expected: latency.and_then(Latency::expected),
        };
        self.limit.ended(now, self.in_flight, sent.sent, ending);
    }

    /// Frees the place of a call. [`State::next`] has to be called afterwards.
    pub(super) fn release(&mut self) {
        self.in_flight -= 1;
    }

    fn send(&mut self, now: Instant, call: Call) -> InFlight {
        self.in_flight += 1;
        let latency = self.latencies.get(call.rpc);
        let expected = latency.and_then(Latency::expected);
        InFlight {
            call,
            since: now,
            sent: self.limit.sent(now, self.in_flight, expected),
        }
    }

    /// The last instant at which the call can be sent and be answered in time,
    /// as far as one knows.
    fn last_start(&self, now: Instant, call: Call) -> Option<Instant> {
        let deadline = call.deadline?;
        let latency = self.latencies.get(call.rpc);
        let least = latency.and_then(|latency| latency.least(now));
        Some(
            deadline
                .checked_sub(least.unwrap_or_default())
                .unwrap_or(now),
        )
    }

    fn retry_after(&mut self) -> Duration {
        self.shed = self.shed.wrapping_add(1);
        self.config.retry_after(self.shed)
    }
}

#[cfg(test)]
mod tests;
