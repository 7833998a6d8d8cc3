//! Several endpoints: which gets a request, and what happens when one is gone.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Uri};
use http_body_util::BodyExt as _;
use tokio::net::{TcpListener, TcpSocket};
use upstream::{Client, Config, Error, Origin, Resolver, SendErrorKind};

use crate::support::{
    Server, answer_all, counted, get, ok, post, read_request, request, send, soon, text, write,
};

/// Bounds that a test need not wait long for.
fn quick() -> Config {
    Config {
        ejection: Duration::from_millis(50),
        max_ejection: Duration::from_millis(200),
        probe_interval: Duration::from_millis(20),
        resolve_interval: Duration::from_millis(20),
        ..Config::default()
    }
}

async fn named(name: &'static str) -> Server {
    Server::start(move |_, stream| answer_all(stream, ok(name))).await
}

fn address(server: &Server) -> SocketAddr {
    server.url.authority().unwrap().as_str().parse().unwrap()
}

/// Listens again where a server was that is gone.
async fn listen(address: SocketAddr) -> TcpListener {
    soon(async {
        loop {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            if socket.bind(address).is_ok()
                && let Ok(listener) = socket.listen(128)
            {
                return listener;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// An address where nobody listens.
async fn nowhere() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    listener.local_addr().unwrap()
}

fn url(address: SocketAddr) -> Uri {
    format!("http://{address}").parse().unwrap()
}

#[tokio::test]
async fn every_endpoint_gets_requests() {
    let (one, two) = (named("one").await, named("two").await);
    let client = Client::new(&[one.url.clone(), two.url.clone()], quick()).unwrap();
    let mut seen = std::collections::HashMap::new();
    for _ in 0..200 {
        let name = send(&client, get()).await.unwrap();
        *seen.entry(name).or_insert(0) += 1;
    }
    assert!(seen.len() == 2, "only {seen:?} got requests");
}

#[tokio::test]
async fn a_slow_endpoint_gets_fewer_requests() {
    let fast = named("fast").await;
    let slow = Server::start(|_, mut stream| async move {
        while read_request(&mut stream).await.is_some() {
            tokio::time::sleep(Duration::from_millis(100)).await;
            write(&mut stream, ok("slow")).await;
        }
    })
    .await;
    let client = Client::new(&[fast.url.clone(), slow.url.clone()], quick()).unwrap();
    let mut of_slow = 0;
    for _ in 0..100 {
        if send(&client, get()).await.unwrap() == "slow" {
            of_slow += 1;
        }
    }
    assert!(
        of_slow < 30,
        "the slow endpoint got {of_slow} of 100 requests"
    );
}

#[tokio::test]
async fn an_endpoint_that_is_killed_and_restarted_costs_no_idempotent_call() {
    let (one, two) = (named("one").await, named("two").await);
    let address = address(&one);
    let client = Client::new(&[one.url.clone(), two.url.clone()], quick()).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let done = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (client, stop, done) = (client.clone(), Arc::clone(&stop), Arc::clone(&done));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    for method in [Method::GET, Method::PUT, Method::DELETE] {
                        let outcome = send(&client, request(method, bytes::Bytes::new())).await;
                        outcome.expect("the caller sees an error");
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                }
            })
        })
        .collect();
    let more = async |count: usize| {
        let until = done.load(Ordering::SeqCst) + count;
        soon(async {
            while done.load(Ordering::SeqCst) < until {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    };
    more(300).await;
    drop(one);
    more(300).await;
    let back = Server::on(listen(address).await, |_, stream| {
        answer_all(stream, ok("back"))
    });
    soon(async {
        while back.connections() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    more(300).await;
    stop.store(true, Ordering::SeqCst);
    for caller in callers {
        soon(caller).await.unwrap();
    }
}

#[tokio::test]
async fn an_endpoint_that_is_ejected_gets_requests_again_after_it_has_recovered() {
    let ill = Arc::new(AtomicBool::new(true));
    let is_ill = Arc::clone(&ill);
    let one = Server::start(move |_, mut stream| {
        let is_ill = Arc::clone(&is_ill);
        async move {
            while read_request(&mut stream).await.is_some() {
                if is_ill.load(Ordering::SeqCst) {
                    return;
                }
                write(&mut stream, ok("one")).await;
            }
        }
    })
    .await;
    let two = named("two").await;
    let config = Config {
        eject_after: 1,
        ..quick()
    };
    let client = Client::new(&[one.url.clone(), two.url.clone()], config).unwrap();
    for _ in 0..50 {
        assert_eq!(send(&client, get()).await.unwrap(), "two");
    }
    ill.store(false, Ordering::SeqCst);
    soon(async { while send(&client, get()).await.unwrap() != "one" {} }).await;
}

#[tokio::test]
async fn a_post_goes_to_another_endpoint_if_the_first_cannot_be_reached() {
    let two = named("two").await;
    let client = Client::new(&[url(nowhere().await), two.url.clone()], quick()).unwrap();
    for _ in 0..50 {
        assert_eq!(send(&client, post()).await.unwrap(), "two");
    }
}

#[tokio::test]
async fn an_open_circuit_fails_at_once_and_closes_after_a_recovery() {
    let address = nowhere().await;
    let client = Client::new(&[url(address)], quick()).unwrap();
    let mut reachable = client.reachable();
    let mut sources = Vec::new();
    for _ in 0..6 {
        let error = send(&client, post()).await.unwrap_err();
        assert_eq!(error.kind, SendErrorKind::NeverSent);
        sources.push(error.source.unwrap().to_string());
    }
    let open = "every endpoint failed just now".to_owned();
    assert!(sources.contains(&open), "the failures were {sources:?}");
    soon(reachable.wait_for(|reachable| !reachable))
        .await
        .unwrap();
    let server = Server::on(listen(address).await, |_, stream| {
        answer_all(stream, ok("back"))
    });
    soon(reachable.wait_for(|reachable| *reachable))
        .await
        .unwrap();
    assert_eq!(send(&client, post()).await.unwrap(), "back");
    drop(server);
}

#[tokio::test]
async fn an_endpoint_is_not_reachable_before_it_was_reached() {
    let address = nowhere().await;
    let client = Client::new(&[url(address)], quick()).unwrap();
    let mut reachable = client.reachable();
    // Rounds in which it is tried in vain.
    for _ in 0..10 {
        assert!(!*reachable.borrow(), "nobody listens there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let server = Server::on(listen(address).await, |_, stream| {
        answer_all(stream, ok("late"))
    });
    soon(reachable.wait_for(|reachable| *reachable))
        .await
        .unwrap();
    drop(server);
}

#[tokio::test]
async fn an_endpoint_is_tried_as_soon_as_somebody_asks() {
    let server = named("one").await;
    let address = address(&server);
    let resolver = Resolver::new(move |_, _| async move { Ok(vec![address]) });
    // Nothing would happen by itself in the time of a test.
    let config = Config {
        resolver,
        probe_interval: Duration::from_hours(1),
        ..Config::default()
    };
    for url in [
        server.url.clone(),
        "http://api.example.com".parse().unwrap(),
    ] {
        let client = Client::new(&[url], config.clone()).unwrap();
        let mut reachable = client.reachable();
        assert!(!*reachable.borrow());
        soon(reachable.wait_for(|reachable| *reachable))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn new_addresses_are_as_reachable_as_the_old_ones_until_they_are_tried() {
    let (one, two) = (named("one").await, named("two").await);
    let answer = Arc::new(Mutex::new(address(&one)));
    let answers = Arc::clone(&answer);
    let resolver = Resolver::new(move |_, _| {
        let address = *answers.lock().unwrap();
        async move { Ok(vec![address]) }
    });
    let config = Config {
        resolver,
        ..quick()
    };
    let url = "http://api.example.com".parse().unwrap();
    let client = Client::new(&[url], config).unwrap();
    assert_eq!(send(&client, get()).await.unwrap(), "one");
    let mut reachable = client.reachable();
    assert!(*reachable.borrow_and_update());
    *answer.lock().unwrap() = address(&two);
    soon(async { while send(&client, get()).await.unwrap() != "two" {} }).await;
    assert!(!reachable.has_changed().unwrap(), "it was not reachable");
}

#[tokio::test]
async fn an_endpoint_that_answers_is_not_tried_in_the_background() {
    let server = named("one").await;
    let client = server.client(quick());
    send(&client, get()).await.unwrap();
    // Twenty rounds in which it could be.
    tokio::time::sleep(Duration::from_millis(400)).await;
    send(&client, get()).await.unwrap();
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn the_only_endpoint_gets_requests_whatever_it_answers() {
    let busy = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n";
    let server = Server::start(move |_, stream| answer_all(stream, busy.to_owned())).await;
    let client = server.client(quick());
    for _ in 0..20 {
        let response = soon(client.send(post())).await.unwrap();
        assert_eq!(response.status(), 503);
    }
    assert!(*client.reachable().borrow());
}

#[tokio::test]
async fn names_are_resolved_again_and_again() {
    let (one, two) = (named("one").await, named("two").await);
    let answer = Arc::new(Mutex::new(Ok(vec![address(&one)])));
    let answers = Arc::clone(&answer);
    let resolver = Resolver::new(move |name, port| {
        assert_eq!((name.as_str(), port), ("api.example.com", 80));
        let answer = answers.lock().unwrap().clone();
        async move { answer.map_err(std::io::Error::other) }
    });
    let config = Config {
        resolver,
        ..quick()
    };
    let url = "http://api.example.com".parse().unwrap();
    let client = Client::new(&[url], config).unwrap();
    assert_eq!(send(&client, get()).await.unwrap(), "one");
    *answer.lock().unwrap() = Ok(vec![address(&two)]);
    soon(async { while send(&client, get()).await.unwrap() != "two" {} }).await;
    // The last good answer stands.
    *answer.lock().unwrap() = Err("no answer");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(send(&client, get()).await.unwrap(), "two");
}

#[tokio::test]
async fn a_name_without_an_address_is_an_error_with_its_cause() {
    let resolver = Resolver::new(|_, _| async { Err(std::io::Error::other("no such name")) });
    let config = Config {
        resolver,
        ..quick()
    };
    let url = "http://api.example.com".parse().unwrap();
    let client = Client::new(&[url], config).unwrap();
    let mut reachable = client.reachable();
    let error = send(&client, post()).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::NeverSent);
    assert_eq!(error.source.unwrap().to_string(), "no such name");
    soon(reachable.wait_for(|reachable| !reachable))
        .await
        .unwrap();
}

#[tokio::test]
async fn endpoints_with_different_paths_are_refused() {
    let urls = ["http://one/v1", "http://two/v2"].map(|url| url.parse().unwrap());
    let error = Client::new(&urls, Config::default()).expect_err("the paths differ");
    let expected = "the upstream \"http://two/v2\" has another path than the first upstream";
    assert_eq!(error.to_string(), expected);
    let error = Client::new(&[], Config::default()).expect_err("there is none");
    assert!(matches!(error, Error::NoEndpoints), "{error:?}");
}

#[tokio::test]
async fn bounds_that_make_no_sense_are_refused() {
    let config = Config {
        max_head: 1,
        ..Config::default()
    };
    let url = "http://127.0.0.1:1".parse().unwrap();
    let error = Client::new(&[url], config).expect_err("the bound is too small");
    assert_eq!(
        error.to_string(),
        "max_head is not between 8 KiB and 16 MiB"
    );
}

const GARBAGE: &str = "garbage\r\n\r\n";

/// An answer without a body.
fn bare(status: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")
}

/// A server that takes its time and answers well.
async fn unhurried(answer: String) -> Server {
    Server::start(move |_, mut stream| {
        let answer = answer.clone();
        async move {
            while read_request(&mut stream).await.is_some() {
                tokio::time::sleep(Duration::from_millis(2)).await;
                write(&mut stream, &answer).await;
            }
        }
    })
    .await
}

/// Sends 200 requests to an endpoint that answers this at once and to one that
/// answers well, only slower. Returns how many have met the former.
async fn met(answer: String, call: fn() -> http::Request<upstream::Body>) -> usize {
    let broken = Server::start(move |_, stream| answer_all(stream, answer.clone())).await;
    let good = unhurried(ok("good")).await;
    let config = Config {
        ejection: Duration::from_mins(1),
        max_ejection: Duration::from_mins(1),
        ..quick()
    };
    let client = Client::new(&[broken.url.clone(), good.url.clone()], config).unwrap();
    let mut met = 0;
    for _ in 0..200 {
        if send(&client, call()).await.ok().as_deref() != Some("good") {
            met += 1;
        }
    }
    met
}

#[tokio::test]
async fn an_endpoint_that_fails_fast_is_left_alone() {
    let failures = ["500 E", "501 E", "505 E", "503 E", "599 E"].map(bare);
    let broken = [GARBAGE.to_owned(), "HTTP/1.1 abc\r\n\r\n".to_owned()];
    for answer in failures.into_iter().chain(broken) {
        let met = met(answer.clone(), post).await;
        assert!(met <= 5, "{met} of 200 calls met {answer:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_busy_gets_few_requests() {
    let met = met(bare("429 Busy"), post).await;
    assert!(met < 100, "{met} of 200 calls met the busy endpoint");
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_a_failure_of_its_endpoint() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\nhalf";
    let broken = Server::start(move |_, mut stream| async move {
        read_request(&mut stream).await;
        write(&mut stream, half).await;
    })
    .await;
    let good = unhurried(ok("good")).await;
    let config = Config {
        ejection: Duration::from_mins(1),
        max_ejection: Duration::from_mins(1),
        ..quick()
    };
    let client = Client::new(&[broken.url.clone(), good.url.clone()], config).unwrap();
    let mut met = 0;
    for _ in 0..200 {
        let response = soon(client.send(post())).await.unwrap();
        if soon(response.into_body().collect()).await.is_err() {
            met += 1;
        }
    }
    assert!(met <= 5, "{met} of 200 replies broke off");
}

#[tokio::test]
async fn a_reply_that_is_rejected_is_a_failure_of_its_endpoint() {
    let page = Server::start(|_, stream| answer_all(stream, ok("<html>"))).await;
    let good = unhurried(ok("good")).await;
    let config = Config {
        ejection: Duration::from_mins(1),
        max_ejection: Duration::from_mins(1),
        ..quick()
    };
    let client = Client::new(&[page.url.clone(), good.url.clone()], config).unwrap();
    let mut met = 0;
    for _ in 0..200 {
        let response = soon(client.send(post())).await.unwrap();
        let origin = response.extensions().get::<Origin>().cloned().unwrap();
        if text(response).await == "<html>" {
            origin.reject();
            // Once is enough.
            origin.reject();
            met += 1;
        }
    }
    assert!(met <= 5, "{met} of 200 calls met the page");
}

#[tokio::test]
async fn answers_that_are_the_callers_fault_eject_nobody() {
    let strict = Server::start(|_, stream| answer_all(stream, bare("404 Not Found"))).await;
    let other = named("other").await;
    let config = Config {
        eject_after: 1,
        ejection: Duration::from_mins(1),
        max_ejection: Duration::from_mins(1),
        ..quick()
    };
    let client = Client::new(&[strict.url.clone(), other.url.clone()], config).unwrap();
    for _ in 0..5 {
        soon(async { while !send(&client, get()).await.unwrap().is_empty() {} }).await;
    }
}

#[tokio::test]
async fn a_call_that_one_endpoint_puts_off_is_answered_by_another() {
    let busy = bare("429 Busy");
    let later = "HTTP/1.1 503 Later\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n";
    for answer in [busy, later.to_owned()] {
        let one = Server::start({
            let answer = answer.clone();
            move |_, stream| answer_all(stream, answer.clone())
        })
        .await;
        let two = named("two").await;
        let client = Client::new(&[one.url.clone(), two.url.clone()], quick()).unwrap();
        for _ in 0..50 {
            assert_eq!(send(&client, get()).await.unwrap(), "two", "{answer:?}");
        }
        assert!(one.connections() > 0, "nothing went to the first endpoint");
    }
}

#[tokio::test]
async fn what_every_endpoint_puts_off_is_told() {
    let busy = Server::start(|_, stream| answer_all(stream, bare("429 Busy"))).await;
    let too = Server::start(|_, stream| answer_all(stream, bare("429 Busy"))).await;
    let client = Client::new(&[busy.url.clone(), too.url.clone()], quick()).unwrap();
    let (request, attempts) = counted(get());
    let response = soon(client.send(request)).await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
}
