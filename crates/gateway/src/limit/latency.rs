//! What is known of the time that the calls of one rpc take.

use std::time::Duration;

use tokio::time::Instant;

/// Over how many calls the expected latency is averaged.
const AVERAGED: u32 = 16;

/// How far one call counts, as a multiple of what was expected. An upstream
/// that stood still for a minute is no reason to expect minutes.
const OUTLIER: u32 = 10;

/// How long a call is remembered for the least latency, once to twice.
const RECENT: Duration = Duration::from_secs(2);

/// How many calls the least latency is taken of. Fewer say little, as each may
/// have met an upstream that stood still.
const ENOUGH: u32 = 4;

/// The latencies of one rpc.
#[derive(Debug, Default)]
pub(super) struct Latency {
    expected: Option<Duration>,
    averaged: u32,
    recent: Option<Recent>,
}

/// The least latency of a time that began at an instant, and of the one before.
#[derive(Debug)]
struct Recent {
    since: Instant,
    least: Duration,
    calls: u32,
    before: Option<(Duration, u32)>,
}

impl Latency {
    /// The mean latency of calls that did not have to wait for others in the
    /// upstream. Returns `None` before the first such call.
    pub(super) fn expected(&self) -> Option<Duration> {
        self.expected
    }

    /// A latency as far as it counts.
    pub(super) fn bounded(&self, latency: Duration) -> Duration {
        match self.expected {
            Some(expected) => latency.min(expected * OUTLIER),
            None => latency,
        }
    }

    /// The shortest time in which a call has been answered of late. Returns
    /// `None` if there were too few.
    ///
    /// It is forgotten within seconds, so that an upstream that was slow for a
    /// while is tried again even if all callers are in a hurry.
    pub(super) fn least(&self, now: Instant) -> Option<Duration> {
        let recent = self.recent.as_ref()?;
        let age = now.saturating_duration_since(recent.since);
        let current = (age < 2 * RECENT).then_some((recent.least, recent.calls));
        let before = recent.before.filter(|_| age < RECENT);
        let known = || current.into_iter().chain(before);
        let calls: u32 = known().map(|(_, calls)| calls).sum();
        let least = known().map(|(least, _)| least).min();
        least.filter(|_| calls >= ENOUGH)
    }

    /// Takes note of a call that was answered. `alone` says that it did not
    /// have to wait for others in the upstream, as far as one can tell.
    pub(super) fn record(&mut self, now: Instant, latency: Duration, alone: bool) {
        self.remember(now, latency);
        if alone {
            let counted = self.bounded(latency);
            self.averaged = (self.averaged + 1).min(AVERAGED);
            let before = self.expected.unwrap_or_default();
            self.expected = Some((before * (self.averaged - 1) + counted) / self.averaged);
        }
    }

    fn remember(&mut self, now: Instant, latency: Duration) {
        let current = self.recent.take();
        self.recent = Some(match current {
            Some(recent) if now.saturating_duration_since(recent.since) < RECENT => Recent {
                least: recent.least.min(latency),
                calls: recent.calls.saturating_add(1),
                ..recent
            },
            past => Recent {
                since: now,
                least: latency,
                calls: 1,
                before: past
                    .filter(|past| now.saturating_duration_since(past.since) < 2 * RECENT)
                    .map(|past| (past.least, past.calls)),
            },
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn after(latencies: &[u32], alone: bool) -> (Latency, Instant) {
        let now = Instant::now();
        let mut latency = Latency::default();
        for taken in latencies {
            latency.record(now, *taken * MS, alone);
        }
        (latency, now)
    }

    #[test]
    fn nothing_is_expected_before_a_call() {
        assert_eq!(Latency::default().expected(), None);
        assert_eq!(after(&[100; 9], false).0.expected(), None);
    }

    #[test]
    fn the_mean_of_calls_alone_is_expected() {
        let (latency, _) = after(&[100, 200, 300], true);
        assert_eq!(latency.expected(), Some(200 * MS));
    }

    #[test]
    fn what_takes_longer_for_good_is_expected_in_the_end() {
        let (mut latency, now) = after(&[100; 16], true);
        for _ in 0..64 {
            latency.record(now, 200 * MS, true);
        }
        let expected = latency.expected().expect("there were calls");
        assert!(expected > 195 * MS, "only {expected:?} is expected");
    }

    #[test]
    fn one_outlier_counts_no_more_than_ten_calls() {
        let (mut latency, now) = after(&[100; 16], true);
        latency.record(now, 60_000 * MS, true);
        assert_eq!(latency.expected(), Some((15 * 100 + 1000) * MS / 16));
    }

    #[test]
    fn the_least_of_recent_calls_is_known() {
        let (latency, now) = after(&[130, 110, 120, 140], false);
        assert_eq!(latency.least(now), Some(110 * MS));
    }

    #[test]
    fn a_few_calls_have_no_least() {
        let (latency, now) = after(&[130, 110, 120], false);
        assert_eq!(latency.least(now), None);
    }

    #[test]
    fn the_least_is_forgotten() {
        let (mut latency, now) = after(&[100; 4], false);
        latency.record(now + RECENT, 300 * MS, false);
        assert_eq!(latency.least(now + RECENT), Some(100 * MS));
        let later = now + 2 * RECENT;
        for _ in 0..4 {
            latency.record(later, 300 * MS, false);
        }
        assert_eq!(latency.least(later), Some(300 * MS));
        assert_eq!(latency.least(later + 2 * RECENT), None);
    }
}
