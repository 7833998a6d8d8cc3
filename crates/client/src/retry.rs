//! When a failed call is sent again. Decides, and never waits.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::config::Retry;
use crate::kind::Kind;

/// What a success gives back of the budget; a failure costs [`FAILURE`].
const SUCCESS: u32 = 1;
const FAILURE: u32 = 10;

/// The retries of all calls of a client.
#[derive(Debug)]
pub(crate) struct Retries {
    policy: Retry,
    /// What is left of the budget, in tenths.
    left: AtomicU32,
}

/// What a server says of another attempt.
#[derive(Debug, PartialEq, Eq)]
enum Advice {
    /// Nothing.
    None,
    /// It must not be made.
    Never,
    /// It may be made after this time.
    After(Duration),
}

impl Retries {
    pub(crate) fn new(policy: Retry) -> Self {
        let left = AtomicU32::new(policy.budget.saturating_mul(FAILURE));
        Self { policy, left }
    }

    /// Counts a success.
    pub(crate) fn succeeded(&self) {
        let most = self.policy.budget.saturating_mul(FAILURE);
        self.change(|left| left.saturating_add(SUCCESS).min(most));
    }

    /// Counts a failure, and returns how long to pause before the call is sent again;
    /// `None` if it is not. `attempt` counts from 1.
    pub(crate) fn pause(&self, kind: Kind, attempt: u32, status: &Status) -> Option<Duration> {
        if status.code() != Code::Unavailable {
            // Whatever it came to, the server has answered.
            self.succeeded();
            return None;
        }
        let left = self.change(|left| left.saturating_sub(FAILURE));
        let is_within_budget = left > self.policy.budget.saturating_mul(FAILURE) / 2;
        if !kind.is_safe() || attempt >= self.policy.attempts || !is_within_budget {
            return None;
        }
        let doublings = attempt.saturating_sub(1).min(16);
        let most = self.policy.first_pause.saturating_mul(1 << doublings);
        let chosen = most.min(self.policy.max_pause).mul_f64(random());
        match advice(status) {
            Advice::Never => None,
            Advice::None => Some(chosen),
            // Later than asked for is right, and not everybody at the same time.
            Advice::After(least) => Some(least.saturating_add(chosen)),
        }
    }

    /// Changes what is left, and returns what that has come to.
    fn change(&self, change: impl Fn(u32) -> u32) -> u32 {
        let before = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(change(left))
            });
        change(before.unwrap_or_else(|left| left))
    }
}

/// Reads `grpc-retry-pushback-ms`, or else the `RetryInfo` detail.
fn advice(status: &Status) -> Advice {
    if let Some(pushback) = status.metadata().get("grpc-retry-pushback-ms") {
        let pushback = pushback.to_str().ok().and_then(|text| text.parse().ok());
        // What is negative or no number forbids it, says gRFC A6.
        return pushback.map_or(Advice::Never, |ms: u32| {
            Advice::After(Duration::from_millis(ms.into()))
        });
    }
    let info = status.get_details_retry_info();
    info.and_then(|info| info.retry_delay)
        .map_or(Advice::None, Advice::After)
}

/// A number from 0 to 1. The keys of a hash map are random enough to spread callers.
fn random() -> f64 {
    let [a, b, c, d, ..] = RandomState::new().hash_one(()).to_ne_bytes();
    f64::from(u32::from_ne_bytes([a, b, c, d])) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    const ASKED: Duration = Duration::from_secs(7);

    fn unavailable() -> Status {
        Status::unavailable("nobody answers")
    }

    fn with_pushback(value: &str) -> Status {
        let mut status = unavailable();
        let value = value.parse().expect("is ASCII");
        status
            .metadata_mut()
            .insert("grpc-retry-pushback-ms", value);
        status
    }

    fn with_retry_info(delay: Duration) -> Status {
        let details = ErrorDetails::with_retry_info(Some(delay));
        Status::with_error_details(Code::Unavailable, "later", details)
    }

    fn retries() -> Retries {
        Retries::new(Retry::default())
    }

    #[test]
    fn what_only_reads_is_sent_again_after_unavailable() {
        for kind in [Kind::Read, Kind::List] {
            let pause = retries().pause(kind, 1, &unavailable());
            let pause = pause.expect("it is sent again");
            assert!(pause <= Retry::default().first_pause, "{pause:?}");
        }
    }

    #[test]
    fn what_may_change_something_is_never_sent_again() {
        for kind in [Kind::Write, Kind::Upload] {
            assert_eq!(retries().pause(kind, 1, &with_retry_info(ASKED)), None);
        }
    }

    #[test]
    fn other_codes_are_never_sent_again() {
        for code in (1..=16).map(Code::from) {
            let pause = retries().pause(Kind::Read, 1, &Status::new(code, ""));
            assert_eq!(pause.is_some(), code == Code::Unavailable, "{code:?}");
        }
    }

    #[test]
    fn the_last_attempt_is_not_followed_by_another() {
        assert!(retries().pause(Kind::Read, 2, &unavailable()).is_some());
        assert_eq!(retries().pause(Kind::Read, 3, &unavailable()), None);
    }

    #[test]
    fn pauses_grow_no_further_than_the_longest() {
        let policy = Retry {
            attempts: u32::MAX,
            budget: 1000,
            ..Retry::default()
        };
        let retries = Retries::new(policy);
        for attempt in [1, 5, 30, 400] {
            let pause = retries.pause(Kind::Read, attempt, &unavailable());
            assert!(pause.is_some_and(|pause| pause <= Duration::from_secs(2)));
        }
    }

    #[test]
    fn pushback_and_retry_info_are_kept_to() {
        for status in [with_pushback("7000"), with_retry_info(ASKED)] {
            let pause = retries().pause(Kind::Read, 1, &status);
            assert!(pause.is_some_and(|pause| pause >= ASKED), "{pause:?}");
        }
    }

    #[test]
    fn pushback_that_is_no_time_forbids_another_attempt() {
        for value in ["-1", "soon", ""] {
            assert_eq!(retries().pause(Kind::Read, 1, &with_pushback(value)), None);
        }
    }

    #[test]
    fn failures_use_the_budget_up_and_successes_restore_it() {
        let retries = retries();
        let sent_again = |retries: &Retries| retries.pause(Kind::Read, 1, &unavailable()).is_some();
        let times = (0..20).filter(|_| sent_again(&retries)).count();
        assert_eq!(
            times, 4,
            "half of the budget of ten, less the one that reaches it"
        );
        for _ in 0..100 {
            retries.succeeded();
        }
        assert!(sent_again(&retries), "the budget is whole again");
    }
}
