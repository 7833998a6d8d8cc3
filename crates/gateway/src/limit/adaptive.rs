//! How many calls may be in flight, learnt from how long they take.
//!
//! How long a call takes alone is learnt from those that are sent while at most
//! a third of the limit is in use. If the limit is always in use, it is lowered
//! to a third for a moment from time to time, which is called a probe. So an
//! upstream that is slower for good is told from one that has a queue: with a
//! third of the calls in flight it takes as long, while the queue is gone.

use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::time::Instant;

use super::round::{Ending, Round, Sent};

/// The limit counts thousandths of a call.
const CALL: u64 = 1000;

/// After how many calls the limit is set again, at least; otherwise after as
/// many as were in flight.
const MIN_ROUND: u64 = 8;

/// After what time without enough calls alone there is a probe.
const PROBE_INTERVAL: Duration = Duration::from_secs(10);

/// The same if the calls take longer than they should. Until then the limit is
/// lowered slowly, as it may be the upstream that is slower.
const HASTY_PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// How many calls alone are enough, with which a probe ends, and how long it
/// lasts at most.
const PROBE_CALLS: u64 = 12;
const MAX_PROBE: Duration = Duration::from_secs(1);

/// A limit that is set again after each round of calls.
#[derive(Debug)]
pub(super) struct Adaptive {
    bounds: RangeInclusive<u64>,
    limit: u64,
    round: Round,
    /// How often the limit was cut.
    cuts: u64,
    /// When the probe that is going on ends at the latest.
    probe_until: Option<Instant>,
    /// When there were last enough calls alone, or a probe began, or the limit
    /// was first in use; and what the limit was.
    probed: Option<(Instant, u64)>,
    /// The calls alone since then.
    calm_calls: u64,
}

impl Adaptive {
    pub(super) fn new(initial: u32, min: u32, max: u32) -> Self {
        let [initial, min, max] = [initial, min, max].map(|calls| u64::from(calls.max(1)) * CALL);
        let max = max.max(min);
        Self {
            bounds: min..=max,
            limit: initial.clamp(min, max),
            round: Round::default(),
            cuts: 0,
            probe_until: None,
            probed: None,
            calm_calls: 0,
        }
    }

    /// How many calls may be in flight, apart from probes.
    pub(super) fn get(&self) -> u64 {
        self.limit / CALL
    }

    /// How many calls may be in flight without one having to wait in the
    /// upstream, as far as one can tell.
    fn calm(&self) -> u64 {
        (self.get() / 3).max(1)
    }

    /// Returns whether another call may be sent.
    pub(super) fn has_room(&mut self, now: Instant, in_flight: u64) -> bool {
        if self.probe_until.is_some_and(|until| until <= now) {
            self.probe_until = None;
        }
        match self.probe_until {
            Some(_) => in_flight < self.calm(),
            None => in_flight < self.get(),
        }
    }

    /// Takes note of a call that is sent; it is one of those in flight. How long
    /// it should take is known unless it is one of the first.
    pub(super) fn sent(
        &mut self,
        now: Instant,
        in_flight: u64,
        expected: Option<Duration>,
    ) -> Sent {
        let sent = Sent {
            alone: in_flight <= self.calm(),
            in_flight,
            cuts: self.cuts,
        };
        if sent.alone {
            self.calm_calls += 1;
            if self.calm_calls >= PROBE_CALLS {
                self.calm_calls = 0;
                self.probed = Some((now, self.limit));
                self.probe_until = None;
            }
        }
        self.round.is_full |= in_flight >= self.get();
        self.round.sent(sent, expected);
        sent
    }

    /// Takes note of what came of a call.
    pub(super) fn ended(&mut self, now: Instant, in_flight: u64, sent: Sent, ending: Ending) {
        self.round.ended(sent, ending, self.cuts);
        let Round {
            peak,
            ended,
            congested,
            ..
        } = self.round;
        if ended >= peak.max(MIN_ROUND) || congested >= (peak / 2).max(MIN_ROUND) {
            let round = std::mem::replace(&mut self.round, Round::new(in_flight));
            self.set(now, &round);
        }
    }

    fn set(&mut self, now: Instant, round: &Round) {
        let mut limit = self.limit;
        if round.is_full {
            limit = self.follow(now, round);
        }
        if round.congested > 0 {
            if 2 * round.congested > round.ended {
                limit = limit.min(round.peak * CALL);
            }
            // A round of nothing else halves the limit.
            limit -= limit * round.congested / (2 * round.ended);
        }
        let limit = limit.clamp(*self.bounds.start(), *self.bounds.end());
        if is_cut(self.limit, limit) {
            self.cuts += 1;
        }
        self.limit = limit;
    }

    /// Where the limit goes after a round in which it was in use.
    fn follow(&mut self, now: Instant, round: &Round) -> u64 {
        let aim = match round.aim(self.limit) {
            Some(aim) => aim,
            // Whatever is in flight is calm, so that nothing had to wait.
            None if self.calm() == self.get() => self.limit + CALL,
            None => self.limit,
        };
        let (at, before) = *self.probed.get_or_insert((now, self.limit));
        let age = now.saturating_duration_since(at);
        let is_slow = aim < before - before / 4;
        if age >= PROBE_INTERVAL || (is_slow && age >= HASTY_PROBE_INTERVAL) {
            self.probed = Some((now, aim));
            self.probe_until = Some(now + MAX_PROBE);
        } else if is_slow {
            return aim.max(self.limit - self.limit / 10);
        }
        aim
    }
}

/// Returns whether a limit is lowered so far that the calls sent before tell little
/// of it.
fn is_cut(before: u64, after: u64) -> bool {
    after < before - before / 10
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const WORK: Duration = Duration::from_millis(100);

    /// A limit of 12 in use, of which calls end one after the other.
    struct Upstream {
        limit: Adaptive,
        now: Instant,
        in_flight: u64,
    }

    impl Upstream {
        fn new() -> Self {
            Self {
                limit: Adaptive::new(12, 2, 100),
                now: Instant::now(),
                in_flight: 0,
            }
        }

        /// As many rounds of as many calls as are allowed, which all end in the
        /// same way.
        fn rounds(&mut self, rounds: u32, ending: Ending) -> u64 {
            for _ in 0..rounds {
                let mut calls = Vec::new();
                while self.limit.has_room(self.now, self.in_flight) {
                    self.in_flight += 1;
                    calls.push(self.limit.sent(self.now, self.in_flight, Some(WORK)));
                }
                self.now += WORK;
                for call in calls {
                    self.limit.ended(self.now, self.in_flight, call, ending);
                    self.in_flight -= 1;
                }
            }
            self.limit.get()
        }
    }

    fn took(latency: Duration) -> Ending {
        Ending::Answered {
            latency,
            expected: Some(WORK),
        }
    }

    fn expired(latency: Duration) -> Ending {
        Ending::Expired {
            latency,
            expected: Some(WORK),
        }
    }

    #[test]
    fn it_grows_to_the_maximum_while_nothing_has_to_wait() {
        assert_eq!(Upstream::new().rounds(100, took(WORK)), 100);
    }

    #[test]
    fn it_does_not_grow_while_it_is_not_in_use() {
        let mut upstream = Upstream::new();
        for _ in 0..100 {
            let call = upstream.limit.sent(upstream.now, 8, Some(WORK));
            upstream.limit.ended(upstream.now, 8, call, took(WORK));
        }
        assert_eq!(upstream.limit.get(), 12);
    }

    #[test]
    fn it_falls_while_calls_have_to_wait() {
        let limit = Upstream::new().rounds(4, took(3 * WORK));
        assert!(limit < 12, "it is {limit}");
    }

    #[test]
    fn refused_calls_halve_it_down_to_the_minimum() {
        let mut upstream = Upstream::new();
        assert_eq!(upstream.rounds(1, Ending::Refused), 6);
        assert_eq!(upstream.rounds(20, Ending::Refused), 2);
    }

    #[test]
    fn a_cut_is_not_repeated_for_calls_that_were_sent_before() {
        let mut limit = Adaptive::new(32, 1, 100);
        let now = Instant::now();
        let calls: Vec<_> = (1..=32)
            .map(|in_flight| limit.sent(now, in_flight, Some(WORK)))
            .collect();
        for call in calls {
            limit.ended(now, 32, call, Ending::Refused);
        }
        assert_eq!(limit.get(), 16);
    }

    #[test]
    fn expired_calls_lower_it() {
        let limit = Upstream::new().rounds(1, expired(3 * WORK));
        assert!(limit <= 6, "it is {limit}");
    }

    #[test]
    fn deadlines_that_were_too_short_do_not_lower_it() {
        let mut upstream = Upstream::new();
        let now = upstream.now;
        for _ in 0..100 {
            let short = upstream.limit.sent(now, 8, Some(WORK));
            let other = upstream.limit.sent(now, 9, Some(WORK));
            upstream.limit.ended(now, 9, short, expired(10 * MS));
            upstream.limit.ended(now, 9, other, took(WORK));
        }
        assert_eq!(upstream.limit.get(), 12);
    }

    #[test]
    fn expired_calls_lower_it_however_short_if_nothing_is_answered() {
        let limit = Upstream::new().rounds(20, expired(10 * MS));
        assert_eq!(limit, 2);
    }

    #[test]
    fn a_third_of_it_is_used_in_a_probe() {
        let mut upstream = Upstream::new();
        upstream.limit.probe_until = Some(upstream.now + MAX_PROBE);
        assert!(upstream.limit.has_room(upstream.now, 3));
        assert!(!upstream.limit.has_room(upstream.now, 4));
        for _ in 0..PROBE_CALLS {
            assert!(!upstream.limit.has_room(upstream.now, 4));
            assert!(upstream.limit.sent(upstream.now, 4, Some(WORK)).alone);
        }
        assert!(upstream.limit.has_room(upstream.now, 11));
    }

    #[test]
    fn a_probe_ends_in_time() {
        let mut upstream = Upstream::new();
        upstream.limit.probe_until = Some(upstream.now + MAX_PROBE);
        assert!(!upstream.limit.has_room(upstream.now, 11));
        assert!(upstream.limit.has_room(upstream.now + MAX_PROBE, 11));
    }

    #[test]
    fn a_fixed_limit_stays() {
        let mut limit = Adaptive::new(5, 5, 5);
        let now = Instant::now();
        for ending in [took(WORK), took(9 * WORK), Ending::Refused, expired(WORK)] {
            for in_flight in 1..=5 {
                let call = limit.sent(now, in_flight, Some(WORK));
                limit.ended(now, in_flight, call, ending);
            }
            assert_eq!(limit.get(), 5);
        }
    }
}
