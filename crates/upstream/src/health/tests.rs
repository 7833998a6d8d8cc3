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
