//! What the calls between two settings of the limit say.

use std::time::Duration;

/// How many calls may wait in the upstream, as a part of those that it works on
/// and a few. Without any, a worker that is done would be idle until the answer
/// has arrived here.
const WAITING: (i128, i128) = (1, 4);
const WAITING_FEW: i128 = 3;

/// What was known when a call was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    /// Whether so few calls were in flight that it did not have to wait in the
    /// upstream.
    pub(super) alone: bool,
    /// How many calls were in flight, with this one.
    pub(super) in_flight: u64,
    /// How often the limit had been cut.
    pub(super) cuts: u64,
}

/// What came of a call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ending {
    /// It was answered after a time. The expected time is known, unless this is
    /// one of the first calls.
    Answered {
        latency: Duration,
        expected: Option<Duration>,
    },
    /// The upstream said that it is overloaded.
    Refused,
    /// It was not answered before its deadline, which was a time after it was
    /// sent.
    Expired {
        latency: Duration,
        expected: Option<Duration>,
    },
}

/// The calls since the limit was set.
#[derive(Debug, Default)]
pub(super) struct Round {
    /// The most calls in flight.
    pub(super) peak: u64,
    /// Whether the last place was taken.
    pub(super) is_full: bool,
    /// The calls that have ended.
    pub(super) ended: u64,
    /// Those of them that are signs of congestion.
    pub(super) congested: u64,
    /// The calls since the last answer that expired too early to be such signs.
    hopeless: u64,
    /// How many calls were in flight when those were sent that were not alone.
    in_flight: i128,
    /// How much longer the same calls took than they should have.
    excess: Mean,
    /// How long those should take that were sent, and not alone. Of these, the
    /// ones that take short are the first to end.
    work: Mean,
}

/// A mean of times, in nanoseconds.
#[derive(Debug, Default, Clone, Copy)]
struct Mean {
    sum: i128,
    squares: i128,
    count: i128,
}

impl Mean {
    fn add(&mut self, time: i128) {
        self.sum += time;
        self.squares += time * time;
        self.count += 1;
    }

    fn get(self) -> Option<i128> {
        self.sum.checked_div(self.count)
    }

    /// By how much the mean is off, as a rule: the standard error.
    fn error(self) -> Option<i128> {
        let mean = self.get()?;
        let variance = self.squares / self.count - mean * mean;
        Some((variance.max(0) / self.count).isqrt())
    }
}

/// In nanoseconds, at most those of an hour, so that squares can be added up.
fn nanoseconds(time: Duration) -> i128 {
    const MAX: i64 = 3_600_000_000_000;
    i64::try_from(time.as_nanos())
        .map_or(MAX, |time| time.min(MAX))
        .into()
}

impl Round {
    /// A round that begins with these calls in flight.
    pub(super) fn new(in_flight: u64) -> Self {
        Self {
            peak: in_flight,
            ..Self::default()
        }
    }

    /// Takes note of a call that is sent. How long it should take is known
    /// unless it is one of the first.
    pub(super) fn sent(&mut self, sent: Sent, expected: Option<Duration>) {
        self.peak = self.peak.max(sent.in_flight);
        if let Some(expected) = expected.filter(|_| !sent.alone) {
            self.work.add(nanoseconds(expected));
        }
    }

    /// Takes note of the end of a call. `cuts` says how often the limit has been
    /// cut by now: a cut is not repeated for what was sent before it.
    pub(super) fn ended(&mut self, sent: Sent, ending: Ending, cuts: u64) {
        match ending {
            Ending::Answered { latency, expected } => {
                self.ended += 1;
                self.hopeless = 0;
                if let Some(expected) = expected {
                    self.took(sent, latency, expected);
                }
            }
            Ending::Refused | Ending::Expired { .. } if sent.cuts != cuts => {}
            Ending::Refused => {
                self.ended += 1;
                self.congested += 1;
            }
            Ending::Expired { latency, expected } => match expected {
                Some(expected) if latency > expected + expected / 4 => {
                    self.ended += 1;
                    self.congested += 1;
                    self.took(sent, latency, expected);
                }
                // The deadline was too short, or it is not known whether it was.
                // That says nothing of the upstream, unless it answers nothing
                // at all.
                _ => {
                    self.hopeless += 1;
                    if self.hopeless >= self.peak {
                        self.ended += self.hopeless;
                        self.congested += self.hopeless;
                        self.hopeless = 0;
                    }
                }
            },
        }
    }

    fn took(&mut self, sent: Sent, latency: Duration, expected: Duration) {
        if !sent.alone {
            self.in_flight += i128::from(sent.in_flight);
            self.excess
                .add(nanoseconds(latency) - nanoseconds(expected));
        }
    }

    /// Where the limit should go, in thousandths of a call. Returns `None` if the
    /// calls do not say.
    ///
    /// The time that a call takes over the time that it takes alone is the
    /// number of calls in flight over the number that is worked on (Little's
    /// law).
    pub(super) fn aim(&self, limit: u64) -> Option<u64> {
        let work = self.work.get()?;
        // What may be chance does not count: rpcs whose calls differ would be
        // limited too much.
        let waited = (self.excess.get()? - self.excess.error()?).max(0);
        let in_flight = 1000 * self.in_flight / self.excess.count;
        let worked_on = in_flight * work / (work + waited).max(1);
        let (part, whole) = WAITING;
        let aim = worked_on + worked_on * part / whole + 1000 * WAITING_FEW;
        let aim = u64::try_from(aim).unwrap_or(u64::MAX);
        // If hardly a call had to wait, more of them could be worked on.
        let hardly = waited < work / 10;
        Some(if hardly {
            aim.max(limit + limit / 4)
        } else {
            aim
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORK: Duration = Duration::from_millis(100);

    /// A round of calls that were sent with so many in flight, took so long, and
    /// should have taken 100 ms.
    fn round(calls: &[(u64, u32)]) -> Round {
        let mut round = Round::new(0);
        for (in_flight, latency) in calls {
            let sent = Sent {
                alone: false,
                in_flight: *in_flight,
                cuts: 0,
            };
            let ending = Ending::Answered {
                latency: Duration::from_millis((*latency).into()),
                expected: Some(WORK),
            };
            round.sent(sent, Some(WORK));
            round.ended(sent, ending, 0);
        }
        round
    }

    #[track_caller]
    fn check_aim(calls: &[(u64, u32)], limit: u64, expected: Option<u64>) {
        assert_eq!(round(calls).aim(limit), expected);
    }

    #[test]
    fn the_aim_is_a_little_more_than_what_is_worked_on() {
        // Twice the time with 20 in flight: 10 are worked on.
        check_aim(&[(20, 200); 9], 20_000, Some(12_500 + 3_000));
    }

    #[test]
    fn the_aim_depends_on_what_was_in_flight_and_not_on_the_limit() {
        check_aim(&[(20, 200); 9], 1_000_000, Some(15_500));
    }

    #[test]
    fn if_nothing_waits_the_aim_is_a_quarter_more() {
        check_aim(&[(20, 100); 9], 20_000, Some(28_000));
        check_aim(&[(10, 109); 9], 20_000, Some(25_000));
    }

    #[test]
    fn what_may_be_chance_is_no_wait() {
        let calls = [(20, 10), (20, 10), (20, 10), (20, 500)];
        check_aim(&calls, 20_000, Some(28_000));
    }

    #[test]
    fn short_calls_that_end_first_do_not_weigh_more() {
        let mut round = round(&[(20, 200); 4]);
        // Long calls are under way that are to take 900 ms.
        for _ in 0..4 {
            let sent = Sent {
                alone: false,
                in_flight: 20,
                cuts: 0,
            };
            round.sent(sent, Some(9 * WORK));
        }
        // A wait of 100 ms is a fifth of the mean work: 16.7 are worked on.
        assert_eq!(round.aim(20_000), Some(16_666 + 4_166 + 3_000));
    }

    #[test]
    fn calls_alone_have_no_aim() {
        let mut round = Round::new(0);
        let sent = Sent {
            alone: true,
            in_flight: 1,
            cuts: 0,
        };
        round.sent(sent, Some(WORK));
        let ending = Ending::Answered {
            latency: WORK,
            expected: Some(WORK),
        };
        round.ended(sent, ending, 0);
        assert_eq!(round.aim(20_000), None);
    }
}
