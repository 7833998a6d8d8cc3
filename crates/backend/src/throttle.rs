//! How often something may be tried: so many times at once, and then once in a
//! while. It remembers a bounded number of those who try, and forgets first who
//! may try again soonest.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// How many of those who try are remembered.
const REMEMBERED: usize = 10_000;

/// How often something may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many times at once; at least 1.
    pub burst: u32,
    /// How long it takes until one more is allowed.
    pub interval: Duration,
}

/// Holds those who try to a rate, each by itself.
#[derive(Debug)]
pub(crate) struct Throttle {
    rate: Rate,
    /// Makes it hard to find two that are taken for one.
    keys: RandomState,
    used_until: Mutex<UsedUntil>,
}

/// Until when, in milliseconds since 1970, all that somebody has tried counts.
type UsedUntil = HashMap<u64, i64>;

/// Somebody has tried too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooOften {
    /// When the next try is allowed, from now on.
    pub(crate) retry_after: Duration,
}

impl Throttle {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            keys: RandomState::new(),
            used_until: Mutex::default(),
        }
    }

    /// Refuses somebody who has tried too often to try once more.
    pub(crate) fn check(&self, who: impl Hash, now: Timestamp) -> Result<(), TooOften> {
        let who = self.keys.hash_one(who);
        self.check_in(&self.lock(), who, now.as_millisecond())
    }

    /// Counts a try of somebody.
    pub(crate) fn count(&self, who: impl Hash, now: Timestamp) {
        let who = self.keys.hash_one(who);
        self.count_in(&mut self.lock(), who, now.as_millisecond());
    }

    /// Counts a try of somebody, or refuses it. Of many at once no more than are allowed
    /// are counted.
    pub(crate) fn check_and_count(&self, who: impl Hash, now: Timestamp) -> Result<(), TooOften> {
        let (who, now) = (self.keys.hash_one(who), now.as_millisecond());
        let mut used_until = self.lock();
        self.check_in(&used_until, who, now)?;
        self.count_in(&mut used_until, who, now);
        Ok(())
    }

    fn check_in(&self, used_until: &UsedUntil, who: u64, now: i64) -> Result<(), TooOften> {
        let used = used_until.get(&who).map_or(now, |used| now.max(*used));
        let allowed = self.interval() * i64::from(self.rate.burst.max(1));
        let next = used.saturating_add(self.interval());
        let wait = next.saturating_sub(now).saturating_sub(allowed);
        if wait > 0 {
            let retry_after = Duration::from_millis(wait.unsigned_abs());
            return Err(TooOften { retry_after });
        }
        Ok(())
    }

    fn count_in(&self, used_until: &mut UsedUntil, who: u64, now: i64) {
        if used_until.len() >= REMEMBERED && !used_until.contains_key(&who) {
            used_until.retain(|_, used| *used > now);
            let soonest = used_until.iter().min_by_key(|(_, used)| **used);
            if used_until.len() >= REMEMBERED
                && let Some(soonest) = soonest.map(|(who, _)| *who)
            {
                used_until.remove(&soonest);
            }
        }
        let used = used_until.entry(who).or_insert(now);
        // No more than what is allowed, so that a wait is never longer than one interval.
        let most = now.saturating_add(self.interval() * i64::from(self.rate.burst.max(1)));
        *used = now.max(*used).saturating_add(self.interval()).min(most);
    }

    fn interval(&self) -> i64 {
        // More than a day is a day: nobody waits for longer.
        const LONGEST: i64 = 24 * 60 * 60 * 1000;
        i64::try_from(self.rate.interval.as_millis())
            .unwrap_or(LONGEST)
            .clamp(1, LONGEST)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, UsedUntil> {
        self.used_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle() -> Throttle {
        Throttle::new(Rate {
            burst: 3,
            interval: Duration::from_secs(10),
        })
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("is a time")
    }

    /// Checks how long somebody who tries at a second has to wait.
    #[track_caller]
    fn check(throttle: &Throttle, who: &str, second: i64, expected: Option<u64>) {
        let wait = throttle.check(who, at(second)).err();
        let wait = wait.map(|too_often| too_often.retry_after);
        assert_eq!(wait, expected.map(Duration::from_secs));
        if expected.is_none() {
            throttle.count(who, at(second));
        }
    }

    #[test]
    fn of_many_at_once_no_more_than_are_allowed_are_counted() {
        let throttle = throttle();
        let allowed = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..20)
                .map(|_| scope.spawn(|| throttle.check_and_count("anna", at(0)).is_ok()))
                .collect();
            let tries = tries.into_iter().map(std::thread::ScopedJoinHandle::join);
            tries.filter(|allowed| matches!(allowed, Ok(true))).count()
        });
        assert_eq!(allowed, 3);
    }

    #[test]
    fn so_many_at_once_and_then_one_at_a_time() {
        let throttle = throttle();
        for _ in 0..3 {
            check(&throttle, "anna", 0, None);
        }
        check(&throttle, "anna", 0, Some(10));
        check(&throttle, "anna", 4, Some(6));
        check(&throttle, "bert", 4, None);
        check(&throttle, "anna", 10, None);
        check(&throttle, "anna", 10, Some(10));
        for _ in 0..3 {
            check(&throttle, "anna", 100, None);
        }
        check(&throttle, "anna", 100, Some(10));
    }

    #[test]
    fn to_check_does_not_count() {
        let throttle = throttle();
        for _ in 0..100 {
            throttle.check("anna", at(0)).expect("is allowed");
        }
    }

    #[test]
    fn many_at_once_wait_no_longer_than_others() {
        let throttle = throttle();
        for _ in 0..1000 {
            throttle.count("anna", at(0));
        }
        check(&throttle, "anna", 0, Some(10));
    }

    #[test]
    fn a_bounded_number_is_remembered() {
        let throttle = throttle();
        for _ in 0..3 {
            check(&throttle, "anna", 0, None);
        }
        for number in 0..2 * REMEMBERED {
            throttle.count(number, at(0));
        }
        assert_eq!(throttle.lock().len(), REMEMBERED);
        // Who must wait longest is remembered longest.
        check(&throttle, "anna", 0, Some(10));
    }
}
