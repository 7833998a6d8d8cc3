//! Whether and when a request is sent again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use http::header::{HeaderMap, RETRY_AFTER};
use http::{Method, StatusCode};
use tower::retry::budget::{Budget as _, TpsBudget};

use crate::config::Config;
use crate::status::BudgetStatus;

/// Over how long the budget counts calls.
const BUDGET_WINDOW: Duration = Duration::from_secs(10);

/// How many retries there may be for all calls together.
pub(crate) struct Budget {
    bucket: TpsBudget,
    granted: AtomicU64,
    refused: AtomicU64,
}

impl Budget {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            bucket: TpsBudget::new(BUDGET_WINDOW, config.retry_floor, config.retry_ratio),
            granted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Counts a call.
    pub(crate) fn deposit(&self) {
        self.bucket.deposit();
    }

    /// Takes a retry, if there is one.
    pub(crate) fn withdraw(&self) -> bool {
        let is_granted = self.bucket.withdraw();
        let count = if is_granted {
            &self.granted
        } else {
            &self.refused
        };
        count.fetch_add(1, Ordering::Relaxed);
        is_granted
    }

    /// What became of the wish to retry so far.
    pub(crate) fn status(&self) -> BudgetStatus {
        BudgetStatus {
            granted: self.granted.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

/// Returns whether a request of this method may be carried out twice (RFC 9110
/// §9.2.2).
pub(crate) fn is_idempotent(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE
    )
}

/// A pause before a retry: anything below a limit that doubles ("full jitter").
pub(crate) fn pause(config: &Config, retries: u32) -> Duration {
    let limit = config
        .backoff
        .saturating_mul(2_u32.saturating_pow(retries))
        .min(config.max_backoff);
    limit.mul_f64(fastrand::f64())
}

/// Returns whether another attempt may fare better than this answer.
pub(crate) fn may_pass(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// How long to wait before a request is repeated that got this answer, if the
/// same endpoint may get it again. `None` if it may not.
pub(crate) fn pause_after(
    status: StatusCode,
    headers: &HeaderMap,
    config: &Config,
    retries: u32,
) -> Option<Duration> {
    let asked = retry_after(headers, SystemTime::now());
    match asked {
        _ if !may_pass(status) => None,
        // It would be too many again.
        None if status == StatusCode::TOO_MANY_REQUESTS => None,
        Some(asked) if asked > config.max_retry_after => None,
        // Who is told the same time does not come back at the same instant.
        Some(asked) => Some(asked + pause(config, 0)),
        None => Some(pause(config, retries)),
    }
}

/// What `Retry-After` says: seconds, or a date (RFC 9110 §10.2.3).
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().expect("it is a value"));
        headers
    }

    #[track_caller]
    fn check(status: u16, headers: &HeaderMap, expected: Option<(f64, f64)>) {
        let status = StatusCode::from_u16(status).expect("it is a status");
        let pause = pause_after(status, headers, &Config::default(), 0);
        let holds = match (pause, expected) {
            (Some(pause), Some((least, most))) => (least..most).contains(&pause.as_secs_f64()),
            (pause, expected) => pause.is_none() && expected.is_none(),
        };
        assert!(
            holds,
            "the pause after {status} is {pause:?}, not {expected:?}"
        );
    }

    #[test]
    fn answers_that_may_pass_are_repeated() {
        let bare = HeaderMap::new();
        for status in [408, 502, 503, 504] {
            check(status, &bare, Some((0.0, 0.05)));
        }
        for status in [200, 400, 404, 409, 429, 500, 501] {
            check(status, &bare, None);
        }
    }

    #[test]
    fn a_short_retry_after_is_waited_for_and_a_long_one_is_not() {
        check(503, &after("1"), Some((1.0, 1.05)));
        check(429, &after("2"), Some((2.0, 2.05)));
        check(429, &after("0"), Some((0.0, 0.05)));
        check(429, &after("3"), None);
        check(503, &after("3600"), None);
        check(503, &after("99999999999999999999999"), Some((0.0, 0.05)));
    }

    #[test]
    fn retry_after_may_be_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        let headers = after("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(retry_after(&headers, now), Some(Duration::from_secs(7)));
        let later = now + Duration::from_mins(1);
        assert_eq!(retry_after(&headers, later), Some(Duration::ZERO));
    }

    #[test]
    fn the_budget_is_the_floor_and_a_part_of_the_calls() {
        let config = Config {
            retry_floor: 0,
            ..Config::default()
        };
        let budget = Budget::new(&config);
        assert!(!budget.withdraw(), "there is a retry before any call");
        for _ in 0..10 {
            budget.deposit();
        }
        assert!(budget.withdraw());
        assert!(budget.withdraw());
        assert!(!budget.withdraw(), "there are three retries for ten calls");
        let expected = BudgetStatus {
            granted: 2,
            refused: 2,
        };
        assert_eq!(budget.status(), expected);
    }

    #[test]
    fn pauses_grow_up_to_a_limit() {
        let config = Config::default();
        for retries in [0, 1, 2, 10, u32::MAX] {
            assert!(pause(&config, retries) <= config.max_backoff);
        }
    }
}
