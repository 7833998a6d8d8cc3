//! Which traces are recorded.

use crate::context::Context;
use crate::ids::TraceId;

/// A share of all traces, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio(f64);

impl Ratio {
    /// Every trace.
    pub const ALL: Self = Self(1.0);

    /// A share. `None` unless it is from 0 to 1.
    pub fn new(share: f64) -> Option<Self> {
        (0.0..=1.0).contains(&share).then_some(Self(share))
    }

    /// Decides of a trace by its name, as OpenTelemetry's `TraceIdRatioBased` does, so
    /// that all who have the same ratio decide alike.
    fn has(self, trace: TraceId) -> bool {
        /// 2^63, one more than the largest number in the name of a trace.
        const ALL: f64 = 9_223_372_036_854_775_808.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is from 0 to 2^63"
        )]
        let below = (self.0 * ALL) as u64;
        trace.randomness() < below
    }
}

/// Which traces are recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Which of the traces that begin here.
    pub ratio: Ratio,
    /// Whether a caller that has a trace decides itself whether it is recorded. Else
    /// the ratio counts for it too.
    pub follows_callers: bool,
}

impl Sampling {
    /// Decides of a trace that begins here.
    pub(crate) fn of_new(self, trace: TraceId) -> bool {
        self.ratio.has(trace)
    }

    /// Decides of the trace of a caller.
    pub(crate) fn of_caller(self, caller: Context) -> bool {
        if self.follows_callers {
            caller.is_sampled
        } else {
            self.ratio.has(caller.trace)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(last: &str) -> TraceId {
        TraceId::read(format!("0af7651916cd43dd{last}").as_bytes()).expect("it is a name")
    }

    #[track_caller]
    fn check(share: f64, last: &str, expected: bool) {
        let ratio = Ratio::new(share).expect("it is a share");
        assert_eq!(ratio.has(trace(last)), expected, "{share} of {last}");
    }

    #[test]
    fn the_name_of_a_trace_decides() {
        for last in ["0000000000000000", "7fffffffffffffff", "ffffffffffffffff"] {
            check(0.0, last, false);
            check(1.0, last, true);
        }
        check(0.5, "7fffffffffffffff", true);
        check(0.5, "8000000000000000", false);
        check(0.01, "0000000000000000", true);
        check(0.01, "10000000000000ff", false);
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for wrong in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Ratio::new(wrong), None);
        }
    }
}
