use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::*;

const ANN: CallerKey = CallerKey(1);
const RPC: &str = "sink.v1.Taps/Open";

/// A limit of one call at a time, and of three that wait.
fn limiter() -> Limiter {
    Limiter::new(LimitConfig {
        initial: 1,
        min: 1,
        max: 1,
        max_queued: 3,
        ..LimitConfig::default()
    })
}

async fn acquire(limiter: &Limiter) -> Result<Permit, Shed> {
    limiter.acquire(ANN, RPC, None).await
}

#[track_caller]
fn check(limiter: &Limiter, in_flight: u64, queued: usize) {
    let usage = limiter.usage();
    assert_eq!((usage.in_flight, usage.queued), (in_flight, queued));
}

/// Polls the future once, which is not done then.
#[track_caller]
fn is_pending(future: std::pin::Pin<&mut impl Future>) {
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(future.poll(&mut context), Poll::Pending));
}

#[tokio::test]
async fn a_permit_is_in_flight_until_it_is_dropped() {
    let limiter = limiter();
    let permit = acquire(&limiter).await.expect("there is room");
    check(&limiter, 1, 0);
    drop(permit);
    check(&limiter, 0, 0);
}

#[tokio::test]
async fn a_call_that_waits_is_sent_when_a_permit_is_dropped() {
    let limiter = limiter();
    let permit = acquire(&limiter).await.expect("there is room");
    let mut next = pin!(acquire(&limiter));
    is_pending(next.as_mut());
    check(&limiter, 1, 1);
    drop(permit);
    let _next = next.await.expect("there is room again");
    check(&limiter, 1, 0);
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_the_queue_at_once() {
    let limiter = limiter();
    let permit = acquire(&limiter).await.expect("there is room");
    {
        let mut given_up = pin!(acquire(&limiter));
        is_pending(given_up.as_mut());
        check(&limiter, 1, 1);
    }
    check(&limiter, 1, 0);
    drop(permit);
    check(&limiter, 0, 0);
}

#[tokio::test]
async fn a_permit_that_nobody_takes_frees_its_place() {
    let limiter = limiter();
    let permit = acquire(&limiter).await.expect("there is room");
    {
        let mut given_up = pin!(acquire(&limiter));
        is_pending(given_up.as_mut());
        drop(permit);
        // The permit is on its way.
        check(&limiter, 1, 0);
    }
    check(&limiter, 0, 0);
}

#[tokio::test]
async fn the_longest_wait_makes_room() {
    let limiter = limiter();
    let _permit = acquire(&limiter).await.expect("there is room");
    let mut first = pin!(acquire(&limiter));
    is_pending(first.as_mut());
    let (mut second, mut third) = (pin!(acquire(&limiter)), pin!(acquire(&limiter)));
    is_pending(second.as_mut());
    is_pending(third.as_mut());
    let mut fourth = pin!(acquire(&limiter));
    is_pending(fourth.as_mut());
    let shed = first.await.expect_err("it has to go");
    assert!(matches!(shed, Shed::QueueFull { .. }), "{shed:?}");
    check(&limiter, 1, 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_no_longer_than_it_may() {
    let limiter = limiter();
    let _permit = acquire(&limiter).await.expect("there is room");
    let start = Instant::now();
    let shed = acquire(&limiter).await.expect_err("nobody makes room");
    assert!(matches!(shed, Shed::WaitedTooLong { .. }), "{shed:?}");
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    check(&limiter, 1, 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_is_told_before_its_deadline_that_there_is_no_room() {
    let limiter = limiter();
    let _permit = acquire(&limiter).await.expect("there is room");
    let start = Instant::now();
    let deadline = start + Duration::from_millis(300);
    let shed = limiter.acquire(ANN, RPC, Some(deadline)).await;
    let shed = shed.expect_err("nobody makes room");
    assert!(matches!(shed, Shed::WaitedTooLong { .. }), "{shed:?}");
    assert_eq!(start.elapsed(), Duration::from_millis(225));
    check(&limiter, 1, 0);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_that_give_up_leave_nothing_behind() {
    let limiter = limiter();
    let permit = acquire(&limiter).await.expect("there is room");
    for caller in 0..1000 {
        let mut given_up = pin!(limiter.acquire(CallerKey(caller), RPC, None));
        is_pending(given_up.as_mut());
    }
    check(&limiter, 1, 0);
    drop(permit);
    check(&limiter, 0, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_if_calls_are_given_up_at_any_point() {
    let limiter = Limiter::new(LimitConfig {
        max: 4,
        max_queued: 8,
        ..LimitConfig::default()
    });
    let mut calls = Vec::new();
    for number in 0..5000_u64 {
        let limiter = limiter.clone();
        calls.push(tokio::spawn(async move {
            let caller = CallerKey(number % 7);
            if let Ok(mut permit) = limiter.acquire(caller, RPC, None).await {
                tokio::task::yield_now().await;
                permit.answered(number % 5 == 0);
            }
        }));
        if number % 3 == 0 {
            tokio::task::yield_now().await;
        }
        if number % 2 == 0 {
            calls[usize::try_from(number / 2).expect("it is small")].abort();
        }
    }
    for call in calls {
        let _ = call.await;
    }
    check(&limiter, 0, 0);
}
