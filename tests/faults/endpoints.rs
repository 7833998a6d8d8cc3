//! Endpoints that come and go, on either side of the gateway, under load.

use std::slice;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::QUIET;
use crate::calls::{Answer, Call, Caller};
use crate::gateway::{Gateway, Settings};
use crate::upstream::Step::{Close, Send};
use crate::upstream::{GOOD, Script, Upstream, Version, roots};

/// How many callers there are.
const CALLERS: usize = 8;

const DEADLINE: Option<Duration> = Some(Duration::from_secs(5));

/// Callers of what is idempotent, until they are told to stop.
struct Load {
    over: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    calling: JoinSet<Vec<Answer>>,
}

impl Load {
    /// Each call goes to the gateway that `pick` returns at that time.
    fn start(pick: impl Fn() -> Caller + Clone + std::marker::Send + 'static) -> Self {
        let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let mut calling = JoinSet::new();
        for _ in 0..CALLERS {
            let (over, pick) = (Arc::clone(&over), pick.clone());
            let answered: Arc<AtomicUsize> = Arc::clone(&answered);
            calling.spawn(async move {
                let mut failures = Vec::new();
                while !over.load(Ordering::SeqCst) {
                    match pick().call(Call::Get, DEADLINE).await {
                        Answer::Ok { .. } => {
                            answered.fetch_add(1, Ordering::SeqCst);
                        }
                        failed @ Answer::Failed(_) => failures.push(failed),
                    }
                }
                failures
            });
        }
        Self {
            over,
            answered,
            calling,
        }
    }

    /// Lets so many calls be answered, or two seconds pass.
    async fn go_on(&self, calls: usize) {
        let enough = self.answered.load(Ordering::SeqCst) + calls;
        for _ in 0..200 {
            if self.answered.load(Ordering::SeqCst) >= enough {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Stops, and fails if a caller saw an error.
    async fn end(self) {
        self.over.store(true, Ordering::SeqCst);
        let failures = self.calling.join_all().await.concat();
        let answered = self.answered.load(Ordering::SeqCst);
        assert!(answered > 0, "no call was answered");
        assert!(
            failures.is_empty(),
            "{} of {} calls failed, the first with {:?}",
            failures.len(),
            failures.len() + answered,
            failures[0]
        );
    }
}

/// The gateways that a load balancer knows, and each caller opens connections
/// to, again and again.
#[derive(Clone)]
struct Balancer {
    known: Arc<Mutex<Vec<Caller>>>,
    picked: Arc<AtomicUsize>,
}

impl Balancer {
    fn of(gateways: &[&Gateway]) -> Self {
        let callers = gateways.iter().map(|gateway| Caller::new(gateway.address));
        Self {
            known: Arc::new(Mutex::new(callers.collect())),
            picked: Arc::default(),
        }
    }

    fn learn(&self, gateways: &[&Gateway]) {
        *self.known.lock().expect("nobody panics") = gateways
            .iter()
            .map(|gateway| Caller::new(gateway.address))
            .collect();
    }

    fn pick(&self) -> Caller {
        let known = self.known.lock().expect("nobody panics");
        let picked = self.picked.fetch_add(1, Ordering::SeqCst);
        let caller = &known[picked % known.len()];
        if picked.is_multiple_of(3) {
            // A new connection.
            return Caller::new(caller.gateway);
        }
        caller.clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_of_gateways_shows_callers_no_error() {
    let _quiet = QUIET.read().await;
    let any = ([127, 0, 0, 1], 0).into();
    let upstream = Upstream::good(any, Version::Http1);
    let endpoints = [upstream.url.clone()];
    let settings = Settings {
        drain_delay: Duration::from_millis(500),
        ..Settings::default()
    };
    let mut first = Gateway::start(&endpoints, settings.clone()).await;
    let mut second = Gateway::start(&endpoints, settings.clone()).await;
    let balancer = Balancer::of(&[&first, &second]);
    let picking = balancer.clone();
    let load = Load::start(move || picking.pick());
    load.go_on(100).await;
    for round in 0..2 {
        let (leaving, staying) = if round == 0 {
            (&mut first, &second)
        } else {
            (&mut second, &first)
        };
        leaving.stop();
        // The news takes a while to get around.
        sleep(Duration::from_millis(200)).await;
        balancer.learn(&[staying]);
        leaving.stopped().await.expect("it stops well");
        *leaving = Gateway::start(&endpoints, settings.clone()).await;
        balancer.learn(&[&first, &second]);
        load.go_on(100).await;
    }
    load.end().await;
}

async fn an_endpoint_dies_and_returns(version: Version) {
    let _quiet = QUIET.read().await;
    let any = ([127, 0, 0, 1], 0).into();
    let mut mortal = Upstream::good(any, version);
    let lasting = Upstream::good(any, version);
    let endpoints = [mortal.url.clone(), lasting.url.clone()];
    let settings = Settings {
        roots: roots(version),
        ..Settings::default()
    };
    let gateway = Gateway::start(&endpoints, settings).await;
    let caller = Caller::new(gateway.address);
    let load = Load::start(move || caller.clone());
    for _ in 0..3 {
        load.go_on(100).await;
        let address = mortal.address;
        mortal.stop();
        load.go_on(200).await;
        mortal = Upstream::good(address, version);
    }
    load.go_on(100).await;
    load.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_dies_and_returns_shows_callers_no_error_over_http_1() {
    an_endpoint_dies_and_returns(Version::Http1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_dies_and_returns_shows_callers_no_error_over_http_2() {
    an_endpoint_dies_and_returns(Version::Http2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_closes_after_each_reply_shows_callers_no_error() {
    const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{\"id\":\"closed\"}";
    const SCRIPT: Script = Script::OnRequest(&[Send(REPLY), Close]);
    let _quiet = QUIET.read().await;
    let upstream = Upstream::start(Version::Http1, SCRIPT, false, GOOD);
    let gateway = Gateway::start(slice::from_ref(&upstream.url), Settings::default()).await;
    upstream.fault();
    let caller = Caller::new(gateway.address);
    let load = Load::start(move || caller.clone());
    load.go_on(500).await;
    load.end().await;
}

/// Sends calls to an endpoint that follows the script at once and to one that is
/// well. Fails if more than a few of them show an error.
async fn a_bad_endpoint_is_left_out(reply: Script) {
    let _quiet = QUIET.read().await;
    let any = ([127, 0, 0, 1], 0).into();
    let bad = Upstream::start(Version::Http1, reply, false, GOOD);
    bad.fault();
    let well = Upstream::good(any, Version::Http1);
    let endpoints = [bad.url.clone(), well.url.clone()];
    let gateway = Gateway::start(&endpoints, Settings::default()).await;
    let caller = Caller::new(gateway.address);
    let mut failed = 0;
    for _ in 0..200 {
        if let Answer::Failed(_) = caller.call(Call::Post, DEADLINE).await {
            failed += 1;
        }
    }
    // Five in a row, and now and then a trial.
    assert!(failed <= 10, "{failed} of 200 calls failed");
    assert!(bad.attempts() > 0, "nothing went to the bad endpoint");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_answers_with_a_page_is_left_out() {
    const PAGE: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>";
    a_bad_endpoint_is_left_out(Script::OnRequest(&[Send(PAGE)])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_fails_at_once_is_left_out() {
    const ERROR: &[u8] = b"HTTP/1.1 500 Error\r\ncontent-length: 0\r\n\r\n";
    a_bad_endpoint_is_left_out(Script::OnRequest(&[Send(ERROR)])).await;
}
