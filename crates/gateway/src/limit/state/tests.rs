use super::*;

const ANN: CallerKey = CallerKey(1);
const BOB: CallerKey = CallerKey(2);
const MS: Duration = Duration::from_millis(1);
const RPC: &str = "sink.v1.Taps/Open";

/// A place for one call at a time, and for two that wait.
const CONFIG: LimitConfig = LimitConfig {
    initial: 1,
    min: 1,
    max: 1,
    max_uploads: 1,
    max_queued: 2,
    max_wait: Duration::from_secs(1),
    retry_after: Duration::from_secs(1),
};

fn call(caller: CallerKey, deadline: Option<Instant>) -> Call {
    Call {
        caller,
        rpc: RPC,
        deadline,
    }
}

/// A state in which one call is in flight, with the instant that it was sent.
fn busy() -> (State<u32>, InFlight, Instant) {
    let now = Instant::now();
    let mut state = State::new(CONFIG);
    let Arrival::Sent(sent) = state.arrive(now, call(ANN, None), 0) else {
        panic!("the first call is not sent");
    };
    (state, sent, now)
}

#[track_caller]
fn waits(state: &mut State<u32>, now: Instant, call: Call, waiter: u32) -> (Ticket, Instant, Shed) {
    match state.arrive(now, call, waiter) {
        Arrival::Waits(ticket, until, shed) => (ticket, until, shed),
        other => panic!("call {waiter} does not wait: {other:?}"),
    }
}

/// The waiter that is told next, and whether its call is sent.
fn told(state: &mut State<u32>, now: Instant) -> Option<(u32, Option<Shed>)> {
    let (waiter, outcome) = state.next(now)?;
    Some((waiter, outcome.err()))
}

/// Answers calls of the rpc after this time.
fn learn(state: &mut State<u32>, sent: &InFlight, now: Instant, latency: Duration) {
    for _ in 0..8 {
        state.answered(now + latency, sent, false);
    }
}

#[test]
fn a_call_waits_until_a_place_is_free() {
    let (mut state, _, now) = busy();
    waits(&mut state, now, call(ANN, None), 1);
    assert_eq!(told(&mut state, now), None);
    state.release();
    assert_eq!(told(&mut state, now), Some((1, None)));
    assert_eq!(told(&mut state, now), None);
    assert_eq!((state.in_flight(), state.queued()), (1, 0));
}

#[test]
fn a_call_does_not_overtake_those_that_wait() {
    let (mut state, _, now) = busy();
    waits(&mut state, now, call(ANN, None), 1);
    state.release();
    waits(&mut state, now, call(ANN, None), 2);
    assert_eq!(told(&mut state, now), Some((1, None)));
}

#[test]
fn the_call_that_makes_room_is_told() {
    let (mut state, _, now) = busy();
    for waiter in 1..=3 {
        waits(&mut state, now, call(ANN, None), waiter);
    }
    let (waiter, shed) = told(&mut state, now).expect("one has to go");
    assert_eq!(waiter, 1);
    assert!(matches!(shed, Some(Shed::QueueFull { .. })), "{shed:?}");
    assert_eq!(state.queued(), 2);
}

#[test]
fn a_flood_does_not_push_out_another_caller() {
    let (mut state, _, now) = busy();
    waits(&mut state, now, call(BOB, None), 1);
    for waiter in 2..10 {
        waits(&mut state, now, call(ANN, None), waiter);
        told(&mut state, now);
    }
    state.release();
    assert_eq!(told(&mut state, now), Some((1, None)));
}

#[test]
fn without_a_queue_a_call_is_shed_at_once() {
    let now = Instant::now();
    let mut state = State::new(LimitConfig {
        max_queued: 0,
        ..CONFIG
    });
    state.arrive(now, call(ANN, None), 0);
    waits(&mut state, now, call(ANN, None), 1);
    let (waiter, shed) = told(&mut state, now).expect("it is told");
    assert_eq!(waiter, 1);
    assert!(matches!(shed, Some(Shed::QueueFull { .. })), "{shed:?}");
}

#[test]
fn a_call_waits_as_long_as_it_may() {
    let (mut state, _, now) = busy();
    let (_, until, shed) = waits(&mut state, now, call(ANN, None), 1);
    assert_eq!(until, now + CONFIG.max_wait);
    assert!(matches!(shed, Shed::WaitedTooLong { .. }), "{shed:?}");
}

#[test]
fn a_call_waits_for_three_quarters_of_the_time_that_it_can_spare() {
    let (mut state, sent, now) = busy();
    learn(&mut state, &sent, now, 100 * MS);
    let now = now + 100 * MS;
    let in_a_hurry = call(ANN, Some(now + 300 * MS));
    let (_, until, shed) = waits(&mut state, now, in_a_hurry, 1);
    assert_eq!(until, now + 150 * MS);
    assert!(matches!(shed, Shed::WaitedTooLong { .. }), "{shed:?}");
}

#[test]
fn a_call_that_cannot_be_answered_in_time_is_not_sent() {
    let (mut state, sent, now) = busy();
    learn(&mut state, &sent, now, 100 * MS);
    state.release();
    let now = now + 100 * MS;
    let late = state.arrive(now, call(ANN, Some(now + 99 * MS)), 1);
    assert!(
        matches!(late, Arrival::Shed(Shed::DeadlineUnattainable)),
        "{late:?}"
    );
    let just = state.arrive(now, call(ANN, Some(now + 100 * MS)), 2);
    assert!(matches!(just, Arrival::Sent(_)), "{just:?}");
}

#[test]
fn a_call_that_has_become_late_in_the_queue_is_not_sent() {
    let (mut state, sent, now) = busy();
    waits(&mut state, now, call(ANN, Some(now + 150 * MS)), 1);
    // What the rpc takes is only learnt while it waits.
    learn(&mut state, &sent, now, 100 * MS);
    state.release();
    let (waiter, shed) = told(&mut state, now + 100 * MS).expect("it is told");
    assert_eq!(waiter, 1);
    assert!(matches!(shed, Some(Shed::WaitedTooLong { .. })), "{shed:?}");
    assert_eq!(state.in_flight(), 0);
}

#[test]
fn a_call_without_time_is_not_sent() {
    let now = Instant::now();
    let mut state = State::<u32>::new(CONFIG);
    let late = state.arrive(now + MS, call(ANN, Some(now)), 1);
    assert!(
        matches!(late, Arrival::Shed(Shed::DeadlineUnattainable)),
        "{late:?}"
    );
}

#[test]
fn an_rpc_is_not_judged_by_another() {
    let (mut state, sent, now) = busy();
    learn(&mut state, &sent, now, 100 * MS);
    state.release();
    let now = now + 100 * MS;
    let other = Call {
        rpc: "sink.v1.Taps/Close",
        ..call(ANN, Some(now + MS))
    };
    let arrival = state.arrive(now, other, 1);
    assert!(matches!(arrival, Arrival::Sent(_)), "{arrival:?}");
}

#[test]
fn retries_are_spread_between_once_and_twice_the_time() {
    let (mut state, _, now) = busy();
    let mut seen = std::collections::BTreeSet::new();
    for waiter in 0..64 {
        let (ticket, _, shed) = waits(&mut state, now, call(ANN, None), waiter);
        state.leave(ticket);
        let Shed::WaitedTooLong { retry_after } = shed else {
            panic!("it is shed otherwise: {shed:?}");
        };
        assert!((1000 * MS..2000 * MS).contains(&retry_after));
        seen.insert(retry_after);
    }
    assert_eq!(seen.len(), 16);
}
