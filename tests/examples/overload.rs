//! Measures what the gateway gets through when it is asked for too much: the
//! goodput at four times the capacity of the upstream, as a ratio of the peak.
//!
//!     cargo run --release -p web1on1-tests --example overload
//!
//! The upstream serves ten requests at a time, each for a tenth of a second.
//! Calls arrive at a fixed rate, whatever becomes of the ones before them, with
//! a deadline of one second. Goodput counts the calls that are answered OK.

#[path = "../faults/calls.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod calls;
#[path = "../faults/gateway.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod gateway;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::calls::{Answer, Call, Caller};
use crate::gateway::{Gateway, Settings};

/// Of the upstream, in requests.
const AT_ONCE: usize = 10;

/// How long the upstream takes for each.
const SERVICE: Duration = Duration::from_millis(100);

/// Of the upstream, in calls a second.
const CAPACITY: f64 = 100.0;

const DEADLINE: Duration = Duration::from_secs(1);

/// How long each rate is kept up, and how long before that nothing is counted.
const MEASURED: Duration = Duration::from_secs(8);
const SETTLING: Duration = Duration::from_secs(4);

/// Rates around the capacity, as multiples of it, and the one too much.
const AROUND: [f64; 3] = [0.8, 1.0, 1.2];
const TOO_MUCH: f64 = 4.0;

#[tokio::main]
async fn main() {
    let upstream = upstream().await;
    let settings = Settings {
        default_deadline: Duration::from_secs(30),
        ..Settings::default()
    };
    let gateway = Gateway::start(&[upstream], settings).await;
    // Callers that share nothing, so that fairness has somebody to be fair to.
    let callers: Vec<_> = (0..20).map(|_| Caller::new(gateway.address)).collect();
    let mut peak = 0.0_f64;
    for factor in AROUND {
        let goodput = goodput(&callers, factor * CAPACITY).await;
        println!(
            "offered {:>5.0}/s  goodput {goodput:>5.1}/s",
            factor * CAPACITY
        );
        peak = peak.max(goodput);
    }
    let goodput = goodput(&callers, TOO_MUCH * CAPACITY).await;
    println!(
        "offered {:>5.0}/s  goodput {goodput:>5.1}/s",
        TOO_MUCH * CAPACITY
    );
    println!();
    println!("peak goodput     {peak:>6.1}/s");
    println!("goodput at four  {goodput:>6.1}/s");
    println!("ratio            {:>6.1} %", 100.0 * goodput / peak);
}

/// An upstream of limited capacity. Returns its URL. Work that was begun is
/// carried out, whether or not somebody still waits for it.
async fn upstream() -> String {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let answer = get(move || {
        let places = Arc::clone(&places);
        async move {
            let work = tokio::spawn(async move {
                let _place = places.acquire().await;
                sleep(SERVICE).await;
            });
            let _ = work.await;
            ([("content-type", "application/json")], r#"{"id":"me"}"#)
        }
    });
    let router = axum::Router::new().fallback(answer);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener
        .local_addr()
        .expect("a bound listener has an address");
    tokio::spawn(async move {
        axum::serve(listener, router)
            .await
            .expect("the upstream serves");
    });
    format!("http://{address}/v2")
}

/// Offers so many calls a second. Returns how many of them a second are
/// answered in time.
async fn goodput(callers: &[Caller], rate: f64) -> f64 {
    let answered = Arc::new(AtomicUsize::new(0));
    let mut ticks = interval(Duration::from_secs_f64(1.0 / rate));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let begun = Instant::now();
    for caller in callers.iter().cycle() {
        ticks.tick().await;
        if begun.elapsed() > SETTLING + MEASURED {
            break;
        }
        let (caller, answered) = (caller.clone(), Arc::clone(&answered));
        tokio::spawn(async move {
            let answer = caller.call(Call::Get, Some(DEADLINE)).await;
            let counts = begun.elapsed() > SETTLING && begun.elapsed() < SETTLING + MEASURED;
            if counts && matches!(answer, Answer::Ok { .. }) {
                answered.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    // What is late must not weigh on the next rate.
    sleep(DEADLINE * 4).await;
    let answered = u32::try_from(answered.load(Ordering::SeqCst)).unwrap_or(u32::MAX);
    f64::from(answered) / MEASURED.as_secs_f64()
}
