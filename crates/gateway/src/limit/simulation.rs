//! Callers that do not slow down in front of an upstream that does not give up,
//! on the paused clock.
//!
//! The upstream has a number of workers and a queue of its own, first come,
//! first served, without a bound. It works on calls that nobody waits for any
//! more, as most servers do.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, sleep_until};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// How long calls come, in seconds.
const LENGTH: u32 = 30;

/// The seconds that count if nothing changes.
const STEADY: Range<u32> = 5..LENGTH;

#[derive(Clone)]
struct Upstream {
    workers: Arc<Semaphore>,
    /// The time that calls take, in percent of what they should take.
    slowness: Arc<AtomicU32>,
}

impl Upstream {
    fn new(workers: usize) -> Self {
        Self {
            workers: Arc::new(Semaphore::new(workers)),
            slowness: Arc::new(AtomicU32::new(100)),
        }
    }

    /// Answers when a worker has spent the time on the call. Goes on with it if
    /// the future is dropped.
    async fn call(&self, work: Duration) {
        let (answer, answered) = oneshot::channel();
        let upstream = self.clone();
        tokio::spawn(async move {
            let worker = upstream.workers.acquire().await;
            let slowness = upstream.slowness.load(Ordering::Relaxed);
            sleep(work * slowness / 100).await;
            drop(worker);
            let _ = answer.send(());
        });
        let _ = answered.await;
    }
}

/// Numbers that look random and are the same in each run (splitmix64).
struct Random(u64);

impl Random {
    /// Between 0 (exclusive) and 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let bits = u32::try_from(bits >> 32).expect("32 bits are left");
        (f64::from(bits) + 1.0) / (f64::from(u32::MAX) + 1.0)
    }

    /// Exponentially distributed, with this mean.
    fn exponential(&mut self, mean: Duration) -> Duration {
        mean.mul_f64(-self.next().ln())
    }
}

/// Calls of one rpc by one caller, which come at random at a rate.
#[derive(Clone, Copy)]
struct Calls {
    caller: CallerKey,
    rpc: &'static str,
    work: Duration,
    /// Whether the work of a call is random with `work` as the mean.
    varies: bool,
    per_second: u32,
    /// The seconds in which they come.
    from: u32,
    to: u32,
    /// How long each may take.
    deadline: Duration,
}

const fn calls(per_second: u32) -> Calls {
    Calls {
        caller: CallerKey(1),
        rpc: "sink.v1.Taps/Open",
        work: Duration::from_millis(100),
        varies: false,
        per_second,
        from: 0,
        to: LENGTH,
        deadline: SECOND,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    InTime,
    TooLate,
    Shed,
}

/// What became of all calls: whose they were, the second in which they came, and
/// the outcome.
struct Figures(Vec<(CallerKey, u32, Outcome)>);

impl Figures {
    fn count(&self, seconds: Range<u32>, outcome: Outcome) -> u32 {
        self.count_of(None, seconds, outcome)
    }

    fn count_of(&self, caller: Option<CallerKey>, seconds: Range<u32>, outcome: Outcome) -> u32 {
        let calls = self.0.iter().filter(|(whose, second, what)| {
            caller.is_none_or(|caller| caller == *whose)
                && seconds.contains(second)
                && *what == outcome
        });
        u32::try_from(calls.count()).expect("there are not so many calls")
    }

    /// The calls per second that were answered in time.
    fn goodput(&self, seconds: Range<u32>) -> f64 {
        let length = f64::from(seconds.end - seconds.start);
        f64::from(self.count(seconds, Outcome::InTime)) / length
    }
}

/// Runs calls against an upstream, which `change` may change meanwhile.
async fn simulate(
    upstream: Upstream,
    all: &[Calls],
    change: impl AsyncFnOnce(&Upstream),
) -> Figures {
    let limiter = Limiter::new(LimitConfig::default());
    let start = Instant::now();
    let (outcomes, mut ended) = mpsc::unbounded_channel();
    for (calls, seed) in all.iter().copied().zip(1..) {
        let (limiter, upstream, outcomes) = (limiter.clone(), upstream.clone(), outcomes.clone());
        tokio::spawn(async move {
            let mut random = Random(seed);
            let mean = SECOND / calls.per_second;
            let end = start + SECOND * calls.to;
            let mut at = start + SECOND * calls.from;
            loop {
                at += random.exponential(mean);
                if at >= end {
                    return;
                }
                sleep_until(at).await;
                let work = if calls.varies {
                    random.exponential(calls.work)
                } else {
                    calls.work
                };
                let (limiter, upstream) = (limiter.clone(), upstream.clone());
                let outcomes = outcomes.clone();
                tokio::spawn(async move {
                    let outcome = call(&limiter, &upstream, calls, work).await;
                    let second = u32::try_from((at - start).as_secs()).expect("it is soon");
                    let _ = outcomes.send((calls.caller, second, outcome));
                });
            }
        });
    }
    drop(outcomes);
    change(&upstream).await;
    let mut all = Vec::new();
    while let Some(outcome) = ended.recv().await {
        all.push(outcome);
    }
    let left = limiter.usage();
    assert_eq!((left.in_flight, left.queued), (0, 0), "something is left");
    Figures(all)
}

async fn call(limiter: &Limiter, upstream: &Upstream, calls: Calls, work: Duration) -> Outcome {
    let deadline = Instant::now() + calls.deadline;
    let sent = async {
        let mut permit = limiter
            .acquire(calls.caller, calls.rpc, Some(deadline))
            .await?;
        upstream.call(work).await;
        permit.answered(false);
        Ok::<_, Shed>(())
    };
    match timeout_at(deadline, sent).await {
        Ok(Ok(())) => Outcome::InTime,
        Ok(Err(_)) => Outcome::Shed,
        Err(_) => Outcome::TooLate,
    }
}

async fn unchanged(_: &Upstream) {}

/// Ten workers that take 100 ms: 100 calls per second.
fn ten() -> Upstream {
    Upstream::new(10)
}

/// One worker that takes 10 ms: 100 calls per second.
fn one() -> Upstream {
    Upstream::new(1)
}

fn short(per_second: u32) -> Calls {
    Calls {
        work: Duration::from_millis(10),
        ..calls(per_second)
    }
}

fn varied(per_second: u32) -> Calls {
    Calls {
        varies: true,
        ..calls(per_second)
    }
}

/// Calls of two rpcs, of which one takes 5 ms and the other 300 ms: ten workers
/// do 65 per second.
fn mixed(per_second: u32) -> [Calls; 2] {
    let fast = Calls {
        rpc: "sink.v1.Taps/Fast",
        work: Duration::from_millis(5),
        ..calls(per_second / 2)
    };
    let slow = Calls {
        rpc: "sink.v1.Taps/Slow",
        work: Duration::from_millis(300),
        ..calls(per_second / 2)
    };
    [fast, slow]
}

/// At less than the capacity no call is shed.
async fn sheds_nothing(upstream: Upstream, calls: &[Calls]) {
    let figures = simulate(upstream, calls, unchanged).await;
    assert_eq!(figures.count(0..LENGTH, Outcome::Shed), 0);
}

/// At four times the capacity, nine in ten of the calls that could be answered
/// in time are.
async fn keeps_up(upstream: impl Fn() -> Upstream, once: &[Calls], four_times: &[Calls]) {
    let peak = simulate(upstream(), once, unchanged).await.goodput(STEADY);
    let figures = simulate(upstream(), four_times, unchanged).await;
    let goodput = figures.goodput(STEADY);
    println!("{goodput:.1} of {peak:.1} calls per second");
    assert!(
        goodput >= 0.9 * peak,
        "{goodput:.1} calls per second are answered in time, {peak:.1} without overload"
    );
}

#[track_caller]
fn is_near(figures: &Figures, seconds: Range<u32>, capacity: f64) {
    let goodput = figures.goodput(seconds.clone());
    println!("{goodput:.1} of {capacity:.1} calls per second in {seconds:?}");
    assert!(
        goodput >= 0.9 * capacity,
        "{goodput:.1} of {capacity:.1} calls per second are answered in time in {seconds:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn ten_workers_shed_nothing_below_their_capacity() {
    for per_second in [50, 70, 90] {
        sheds_nothing(ten(), &[calls(per_second)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_worker_sheds_nothing_below_its_capacity() {
    for per_second in [50, 70, 90] {
        sheds_nothing(one(), &[short(per_second)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_vary_are_not_shed_below_the_capacity() {
    for per_second in [50, 80] {
        sheds_nothing(ten(), &[varied(per_second)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn mixed_rpcs_are_not_shed_below_the_capacity() {
    for per_second in [32, 52] {
        sheds_nothing(ten(), &mixed(per_second)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn ten_workers_keep_up_at_four_times_their_capacity() {
    keeps_up(ten, &[calls(100)], &[calls(400)]).await;
}

#[tokio::test(start_paused = true)]
async fn one_worker_keeps_up_at_four_times_its_capacity() {
    keeps_up(one, &[short(100)], &[short(400)]).await;
}

#[tokio::test(start_paused = true)]
async fn calls_that_vary_are_kept_up_with() {
    keeps_up(ten, &[varied(100)], &[varied(400)]).await;
}

#[tokio::test(start_paused = true)]
async fn mixed_rpcs_are_kept_up_with() {
    keeps_up(ten, &mixed(64), &mixed(256)).await;
}

#[tokio::test(start_paused = true)]
async fn short_deadlines_are_kept_up_with() {
    let in_a_hurry = |per_second| Calls {
        deadline: Duration::from_millis(300),
        ..calls(per_second)
    };
    keeps_up(ten, &[in_a_hurry(100)], &[in_a_hurry(400)]).await;
}

#[tokio::test(start_paused = true)]
async fn half_the_workers_are_made_the_most_of() {
    let figures = simulate(ten(), &[calls(400)], async |upstream| {
        sleep(10 * SECOND).await;
        let gone = upstream.workers.acquire_many(5).await;
        sleep(10 * SECOND).await;
        drop(gone);
    })
    .await;
    is_near(&figures, 12..20, 50.0);
    is_near(&figures, 22..LENGTH, 100.0);
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_is_slower_for_good_is_accepted() {
    let figures = simulate(ten(), &[calls(400)], async |upstream| {
        sleep(5 * SECOND).await;
        upstream.slowness.store(200, Ordering::Relaxed);
        sleep(15 * SECOND).await;
        upstream.slowness.store(100, Ordering::Relaxed);
    })
    .await;
    is_near(&figures, 12..20, 50.0);
    is_near(&figures, 22..LENGTH, 100.0);
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_stood_still_is_used_again() {
    let figures = simulate(ten(), &[calls(400)], async |upstream| {
        sleep(10 * SECOND).await;
        let gone = upstream.workers.acquire_many(10).await;
        sleep(5 * SECOND).await;
        drop(gone);
    })
    .await;
    is_near(&figures, 20..LENGTH, 100.0);
}

#[tokio::test(start_paused = true)]
async fn a_flood_by_one_caller_leaves_another_its_share() {
    let small = CallerKey(2);
    let small_calls = Calls {
        caller: small,
        ..calls(20)
    };
    let figures = simulate(ten(), &[calls(1000), small_calls], unchanged).await;
    let count = |outcome| figures.count_of(Some(small), 0..LENGTH, outcome);
    let in_time = count(Outcome::InTime);
    let all = in_time + count(Outcome::TooLate) + count(Outcome::Shed);
    println!("{in_time} of {all} calls of the small caller");
    assert!(
        100 * in_time >= 95 * all,
        "{in_time} of {all} calls of the small caller are answered in time"
    );
    is_near(&figures, STEADY, 100.0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_shed_after_a_flood() {
    let flood = Calls {
        from: 5,
        to: 15,
        ..calls(400)
    };
    let figures = simulate(ten(), &[calls(90), flood], unchanged).await;
    is_near(&figures, 5..15, 100.0);
    assert_eq!(figures.count(17..LENGTH, Outcome::Shed), 0);
    assert_eq!(figures.count(17..LENGTH, Outcome::TooLate), 0);
}
