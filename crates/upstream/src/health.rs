//! How an endpoint is doing: its latency, and whether it gets requests.
//!
//! An endpoint that fails several times in a row is ejected: it gets no
//! requests while there are others. After a while a connection to it is tried
//! in the background; if that works, one request is its trial, and the outcome
//! of that admits it or ejects it for longer. An endpoint that cannot even be
//! connected to is an open circuit: without others, requests to it fail at
//! once, except for a trial every so often. An endpoint that fails otherwise
//! gets requests all the same if there is no better one.
//!
//! An endpoint that answers fast and badly must not be preferred for being fast,
//! so no failure lowers the latency. What is found wrong with a reply after its
//! head counts as if the head had never been good.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::Config;

/// The latency that is assumed while the first request is on its way.
const FIRST_LATENCY: Duration = Duration::from_millis(30);

/// How fast a peak of the latency is forgotten.
const DECAY: Duration = Duration::from_secs(10);

/// The latency that a failure counts for, so that one that fails fast is
/// not preferred for it. It is forgotten with the first reply.
const PENALTY: Duration = Duration::from_millis(100);

/// How often the penalty of an endpoint doubles that says again and again that
/// it is busy.
const DOUBLINGS: u32 = 4;

/// How often an endpoint that refuses connections is tried by requests while
/// there is no other. Finding out costs next to nothing.
const REFUSED_GAP: Duration = Duration::from_millis(100);

/// How often one is tried that lets connections wait.
const SLOW_GAP: Duration = Duration::from_secs(1);

/// How an attempt ended, as far as it concerns the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A reply began after this time.
    Answered(Duration),
    /// After this time the endpoint said that it has failed (500 and above) or
    /// does not take the request, or sent what is no reply.
    Failed(Duration),
    /// After this time the endpoint said that it is sent too much (429). That may
    /// be about one caller alone, so it ejects nobody.
    Busy(Duration),
    /// No connection was made. `slow` if that took long.
    Unreached { slow: bool },
    /// The connection ended without a reply.
    Lost,
    /// There was no reply by the deadline.
    TimedOut,
}

/// Whether an endpoint gets a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It does.
    Free,
    /// It may get one, whose outcome decides.
    Trial,
    /// It does only if there is no better one.
    Ejected,
    /// It does not: it cannot be connected to.
    Open,
}

/// What is known of the way to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reachability {
    /// Nothing.
    Untried,
    /// There was a connection.
    Reached,
    /// There never was one, or the endpoint does not answer any more.
    Silent,
}

#[derive(Debug)]
pub(crate) struct Health {
    latency: f64,
    measured: Option<Instant>,
    /// Failures in a row, of any kind.
    streak: u32,
    /// Failures in a row without any reply.
    silent: u32,
    /// Failures in a row to connect.
    unreached: u32,
    /// How often in a row the endpoint was busy.
    busy: u32,
    last_failure: Instant,
    last_answer: Option<Instant>,
    slow: bool,
    ejection: Option<Ejection>,
    tried: bool,
    /// Whether there ever was a connection.
    known: bool,
}

#[derive(Clone, Copy, Debug)]
struct Ejection {
    until: Instant,
    length: Duration,
    /// Whether a connection was made since, so that one request may follow.
    trial: bool,
}

/// What a good reply makes forgotten, in case that it turns out to be none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    streak: u32,
    ejection: Option<Ejection>,
}

impl Health {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            latency: FIRST_LATENCY.as_secs_f64(),
            measured: None,
            streak: 0,
            silent: 0,
            unreached: 0,
            busy: 0,
            last_failure: now,
            last_answer: None,
            slow: false,
            ejection: None,
            tried: false,
            known: false,
        }
    }

    /// What a request is expected to cost while others are in flight: latency
    /// in seconds times requests.
    ///
    /// A peak of the latency counts at once and is forgotten slowly (peak EWMA,
    /// as in Finagle). Without requests it is forgotten too, so that an endpoint
    /// that was slow once is measured again.
    pub(crate) fn load(&self, in_flight: usize, now: Instant) -> f64 {
        if self.measured.is_none() && in_flight == 0 {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "there are no 2^52 requests")]
        let requests = (in_flight + 1) as f64;
        self.latency * self.remembered(now) * requests
    }

    /// How much of the latency still counts, between 0 and 1.
    fn remembered(&self, now: Instant) -> f64 {
        let elapsed = self
            .measured
            .map(|measured| now.saturating_duration_since(measured));
        elapsed.map_or(1.0, |elapsed| {
            (-elapsed.as_secs_f64() / DECAY.as_secs_f64()).exp()
        })
    }

    fn measure(&mut self, sample: Duration, now: Instant) {
        let sample = sample.as_secs_f64();
        let weight = self.remembered(now);
        let is_first = self.measured.replace(now).is_none();
        self.latency = if is_first || sample > self.latency {
            sample
        } else {
            self.latency * weight + sample * (1.0 - weight)
        };
    }

    /// Counts a failure as a latency. It makes an endpoint look slower, never
    /// faster.
    fn penalize(&mut self, latency: Duration, now: Instant) {
        let latency = latency.as_secs_f64();
        self.latency = match self.measured.replace(now) {
            Some(_) => self.latency.max(latency),
            None => latency,
        };
    }

    /// What a good reply makes forgotten.
    pub(crate) fn memory(&self) -> Memory {
        Memory {
            streak: self.streak,
            ejection: self.ejection,
        }
    }

    /// Notes that a reply was none after all, whose head had made this
    /// forgotten.
    pub(crate) fn reject(&mut self, memory: Memory, others: bool, config: &Config, now: Instant) {
        self.streak = self.streak.max(memory.streak);
        self.ejection = self.ejection.or(memory.ejection);
        self.record(Outcome::Failed(Duration::ZERO), others, config, now);
    }

    /// Notes how an attempt ended. `others` says whether there is an endpoint
    /// that is not ejected.
    pub(crate) fn record(&mut self, outcome: Outcome, others: bool, config: &Config, now: Instant) {
        self.tried = true;
        self.known |= !matches!(outcome, Outcome::Unreached { .. } | Outcome::TimedOut);
        if let Outcome::Answered(latency) = outcome {
            if self.streak > 0 || self.busy > 0 {
                self.measured = None;
            }
            self.measure(latency, now);
            self.last_answer = Some(now);
            self.streak = 0;
            self.busy = 0;
            self.silent = 0;
            self.unreached = 0;
            self.ejection = None;
            return;
        }
        if let Outcome::Busy(latency) = outcome {
            let penalty = PENALTY * 2_u32.pow(self.busy.min(DOUBLINGS));
            self.penalize(latency + penalty, now);
            self.busy = self.busy.saturating_add(1);
            self.silent = 0;
            self.unreached = 0;
            if let Some(ejection) = &mut self.ejection
                && now >= ejection.until
            {
                *ejection = Ejection::new(ejection.length, now);
            }
            return;
        }
        self.streak = self.streak.saturating_add(1);
        self.last_failure = now;
        match outcome {
            Outcome::Answered(_) | Outcome::Busy(_) => {}
            Outcome::Failed(latency) => {
                self.penalize(latency + PENALTY, now);
                self.silent = 0;
                self.unreached = 0;
            }
            Outcome::Unreached { slow } => {
                self.penalize(PENALTY, now);
                self.silent = self.silent.saturating_add(1);
                self.unreached = self.unreached.saturating_add(1);
                self.slow = slow;
            }
            Outcome::Lost => {
                self.penalize(PENALTY, now);
                self.silent = self.silent.saturating_add(1);
                self.unreached = 0;
            }
            Outcome::TimedOut => {
                self.penalize(PENALTY, now);
                self.unreached = 0;
            }
        }
        let at_once = others && self.unreached > 0;
        if let Some(ejection) = &mut self.ejection {
            // A call that began before the ejection says nothing new.
            if now >= ejection.until {
                let length = (ejection.length * 2).min(config.max_ejection);
                *ejection = Ejection::new(length, now);
            }
        } else if at_once || self.streak >= config.eject_after {
            self.ejection = Some(Ejection::new(config.ejection, now));
        }
    }

    /// Whether the endpoint gets requests without conditions.
    pub(crate) fn is_free(&self) -> bool {
        self.ejection.is_none()
    }

    pub(crate) fn admission(&self, now: Instant) -> Admission {
        match &self.ejection {
            None => Admission::Free,
            Some(ejection) if ejection.trial => Admission::Trial,
            Some(_) if self.unreached == 0 => Admission::Ejected,
            Some(_) => {
                let gap = if self.slow { SLOW_GAP } else { REFUSED_GAP };
                if now >= self.last_failure + gap {
                    Admission::Ejected
                } else {
                    Admission::Open
                }
            }
        }
    }

    /// Notes that a request is on its way to an endpoint that is ejected.
    /// Returns whether it is its trial.
    pub(crate) fn begin(&mut self, now: Instant) -> bool {
        self.tried = true;
        if self.unreached > 0 {
            // The next one waits for as long again.
            self.last_failure = now;
        }
        self.ejection
            .as_mut()
            .is_some_and(|ejection| std::mem::take(&mut ejection.trial))
    }

    /// Notes that a trial ended without an outcome.
    pub(crate) fn give_back_trial(&mut self) {
        if let Some(ejection) = &mut self.ejection {
            ejection.trial = true;
        }
    }

    /// Whether a connection is to be tried in the background.
    pub(crate) fn wants_probe(&self, now: Instant) -> bool {
        match &self.ejection {
            Some(ejection) => !ejection.trial && (now >= ejection.until || self.unreached > 0),
            None => !self.tried || self.unreached > 0,
        }
    }

    /// Notes that a connection was made in the background.
    pub(crate) fn reached(&mut self, now: Instant) {
        self.tried = true;
        self.known = true;
        self.silent = 0;
        let was_open = std::mem::take(&mut self.unreached) > 0;
        if let Some(ejection) = &mut self.ejection
            && (was_open || now >= ejection.until)
        {
            ejection.until = now;
            ejection.trial = true;
        }
    }

    /// Whether a good reply has come within this time.
    pub(crate) fn has_answered_within(&self, time: Duration, now: Instant) -> bool {
        self.last_answer.is_some_and(|at| now < at + time)
    }

    /// Whether the endpoint can be reached, as far as that is known.
    pub(crate) fn reachability(&self, config: &Config) -> Reachability {
        if self.is_silent(config) {
            Reachability::Silent
        } else if self.known {
            Reachability::Reached
        } else if self.tried {
            Reachability::Silent
        } else {
            Reachability::Untried
        }
    }

    /// Whether the endpoint does not answer at all.
    fn is_silent(&self, config: &Config) -> bool {
        self.unreached >= 2 || self.silent >= config.eject_after
    }
}

impl Ejection {
    fn new(length: Duration, now: Instant) -> Self {
        Self {
            until: now + length,
            length,
            trial: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: Outcome = Outcome::Unreached { slow: false };
    const OK: Outcome = Outcome::Answered(Duration::from_millis(1));

    struct Endpoint {
        health: Health,
        config: Config,
        start: Instant,
    }

    impl Endpoint {
        fn new() -> Self {
            let start = Instant::now();
            Self {
                health: Health::new(start),
                config: Config::default(),
                start,
            }
        }

        fn at(&self, millis: u64) -> Instant {
            self.start + Duration::from_millis(millis)
        }

        fn fails(&mut self, outcome: Outcome, times: u32, others: bool, millis: u64) {
            let now = self.at(millis);
            for _ in 0..times {
                self.health.record(outcome, others, &self.config, now);
            }
        }

        /// A reply has a good head, and then turns out to be none.
        fn rejects(&mut self, millis: u64) {
            let now = self.at(millis);
            let memory = self.health.memory();
            self.health.record(OK, true, &self.config, now);
            self.health.reject(memory, true, &self.config, now);
        }

        #[track_caller]
        fn check(&self, millis: u64, expected: Admission) {
            assert_eq!(self.health.admission(self.at(millis)), expected);
        }
    }

    #[test]
    fn failures_in_a_row_eject() {
        let mut endpoint = Endpoint::new();
        endpoint.fails(Outcome::Lost, 4, true, 0);
        endpoint.check(0, Admission::Free);
        endpoint.fails(Outcome::Lost, 1, true, 0);
        endpoint.check(0, Admission::Ejected);
    }

    #[test]
    fn a_reply_between_failures_ends_the_row() {
        let mut endpoint = Endpoint::new();
        endpoint.fails(Outcome::Lost, 4, true, 0);
        endpoint.fails(OK, 1, true, 0);
        endpoint.fails(Outcome::Lost, 4, true, 0);
        endpoint.check(0, Admission::Free);
    }

    #[test]
    fn an_endpoint_that_cannot_be_reached_is_ejected_at_once_if_there_are_others() {
        let mut endpoint = Endpoint::new();
        endpoint.fails(REFUSED, 1, true, 0);
        endpoint.check(0, Admission::Open);
    }

    #[test]
    fn the_only_endpoint_is_not_given_up_at_once() {
        let mut endpoint = Endpoint::new();
        endpoint.fails(REFUSED, 4, false, 0);
        endpoint.check(0, Admission::Free);
    }

    #[test]
    fn an_open_circuit_lets_a_request_through_every_so_often() {
        let mut endpoint = Endpoint::new();
        endpoint.fails(REFUSED, 5, false, 0);
        endpoint.check(50, Admission::Open);
        endpoint.check(100, Admission::Ejected);
        endpoint.health.begin(endpoint.at(100));
        endpoint.check(150, Admission::Open);
    }

    #[test]
    fn after_a_connection_in_the_background_one_request_is_the_trial() {
        let mut endpoint = Endpoint::new();
        endpoint.fails(REFUSED, 5, false, 0);
        assert!(endpoint.health.wants_probe(endpoint.at(500)));
        endpoint.health.reached(endpoint.at(500));
        endpoint.check(500, Admission::Trial);
        assert!(endpoint.health.begin(endpoint.at(500)));
        endpoint.check(500, Admission::Ejected);
        endpoint.fails(OK, 1, false, 500);
        endpoint.check(500, Admission::Free);
    }

    #[test]
    fn a_failed_trial_ejects_for_twice_as_long() {
        let mut endpoint = Endpoint::new();
        endpoint.fails(Outcome::Lost, 5, true, 0);
        assert!(!endpoint.health.wants_probe(endpoint.at(999)));
        assert!(endpoint.health.wants_probe(endpoint.at(1000)));
        endpoint.health.reached(endpoint.at(1000));
        endpoint.health.begin(endpoint.at(1000));
        endpoint.fails(Outcome::Lost, 1, true, 1000);
        assert!(!endpoint.health.wants_probe(endpoint.at(2999)));
        assert!(endpoint.health.wants_probe(endpoint.at(3000)));
    }

    #[test]
    fn a_slow_reply_counts_at_once_and_is_forgotten_slowly() {
        let mut endpoint = Endpoint::new();
        endpoint.fails(Outcome::Answered(Duration::from_secs(2)), 1, true, 0);
        let before = endpoint.health.load(0, endpoint.at(0));
        assert!((before - 2.0).abs() < 1e-9, "the latency is {before}");
        endpoint.fails(OK, 1, true, 1000);
        let after = endpoint.health.load(0, endpoint.at(1000));
        assert!(1.5 < after && after < 2.0, "the latency is {after}");
    }

    #[test]
    fn a_reply_makes_failures_forgotten() {
        let mut endpoint = Endpoint::new();
        endpoint.fails(Outcome::Lost, 2, true, 0);
        endpoint.fails(OK, 1, true, 0);
        let load = endpoint.health.load(0, endpoint.at(0));
        assert!(load < 0.01, "the load is {load}");
    }

    #[test]
    fn a_fast_failure_makes_no_endpoint_look_fast() {
        let at_once = Duration::ZERO;
        for failure in [
            Outcome::Failed(at_once),
            Outcome::Busy(at_once),
            Outcome::Lost,
            REFUSED,
            Outcome::TimedOut,
        ] {
            let mut endpoint = Endpoint::new();
            endpoint.fails(Outcome::Answered(Duration::from_secs(1)), 1, true, 0);
            endpoint.fails(failure, 3, true, 0);
            let load = endpoint.health.load(0, endpoint.at(0));
            assert!(load >= 1.0, "after {failure:?} the load is {load}");
            let mut endpoint = Endpoint::new();
            endpoint.fails(failure, 1, true, 0);
            let load = endpoint.health.load(0, endpoint.at(0));
            assert!(load >= 0.1, "after {failure:?} alone the load is {load}");
        }
    }

    #[test]
    fn an_endpoint_that_is_busy_is_avoided_more_and_more_but_not_ejected() {
        let mut endpoint = Endpoint::new();
        endpoint.fails(Outcome::Busy(Duration::ZERO), 50, true, 0);
        endpoint.check(0, Admission::Free);
        let load = endpoint.health.load(0, endpoint.at(0));
        assert!((1.6..2.0).contains(&load), "the load is {load}");
        endpoint.fails(OK, 1, true, 0);
        let load = endpoint.health.load(0, endpoint.at(0));
        assert!(load < 0.01, "the load after a good reply is {load}");
    }

    #[test]
    fn a_trial_that_meets_a_busy_endpoint_ejects_it_for_as_long_again() {
        let mut endpoint = Endpoint::new();
        endpoint.fails(Outcome::Lost, 5, true, 0);
        endpoint.fails(Outcome::Busy(Duration::ZERO), 1, true, 1000);
        assert!(!endpoint.health.wants_probe(endpoint.at(1999)));
        assert!(endpoint.health.wants_probe(endpoint.at(2000)));
    }

    #[test]
    fn replies_that_turn_out_to_be_none_eject() {
        let mut endpoint = Endpoint::new();
        for _ in 0..4 {
            endpoint.rejects(0);
        }
        endpoint.check(0, Admission::Free);
        endpoint.rejects(0);
        endpoint.check(0, Admission::Ejected);
        // The trial fares no better.
        endpoint.health.reached(endpoint.at(1000));
        endpoint.health.begin(endpoint.at(1000));
        endpoint.rejects(1000);
        assert!(!endpoint.health.wants_probe(endpoint.at(2999)));
        assert!(endpoint.health.wants_probe(endpoint.at(3000)));
    }

    #[test]
    fn a_good_reply_between_rejected_ones_ends_the_row() {
        let mut endpoint = Endpoint::new();
        for _ in 0..20 {
            endpoint.rejects(0);
            endpoint.fails(OK, 1, true, 0);
        }
        endpoint.check(0, Admission::Free);
    }

    #[test]
    fn an_endpoint_that_nobody_has_measured_gets_one_request() {
        let endpoint = Endpoint::new();
        let load = |in_flight| endpoint.health.load(in_flight, endpoint.at(0));
        assert!(load(0) < 1e-9, "the load is {}", load(0));
        assert!(load(1) > 0.01, "the load is {}", load(1));
    }

    #[test]
    fn an_endpoint_that_only_times_out_is_not_silent() {
        let mut endpoint = Endpoint::new();
        endpoint.fails(Outcome::TimedOut, 50, false, 0);
        assert!(!endpoint.health.is_silent(&endpoint.config));
        endpoint.fails(REFUSED, 2, false, 0);
        assert!(endpoint.health.is_silent(&endpoint.config));
    }
}
