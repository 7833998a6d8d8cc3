//! What is sent again, how often, and what is not.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Method, Request, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use upstream::{Body, Client, Config, SendErrorKind};

use crate::support::{
    Server, answer_all, counted, feed, field, get, ok, post, read_request, request, send, soon,
    within, write,
};

const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy";

/// A server that gives one answer after the other, then 200. An empty one
/// closes the connection.
async fn scripted(answers: &[&'static str]) -> Server {
    let answers: VecDeque<_> = answers.iter().copied().collect();
    let answers = Arc::new(Mutex::new(answers));
    Server::start(move |_, mut stream| {
        let answers = Arc::clone(&answers);
        async move {
            while read_request(&mut stream).await.is_some() {
                let next = answers.lock().unwrap().pop_front();
                match next {
                    Some("") => return,
                    Some(answer) => write(&mut stream, answer).await,
                    None => write(&mut stream, ok("done")).await,
                }
            }
        }
    })
    .await
}

#[track_caller]
fn check(call: Request<Body>, answers: &[&'static str]) -> impl Future<Output = (u16, u32)> {
    let answers = answers.to_vec();
    async move {
        let server = scripted(&answers).await;
        let (request, attempts) = counted(call);
        let outcome = soon(server.client(Config::default()).send(request)).await;
        let status = outcome.map_or(0, |response| response.status().as_u16());
        (status, attempts.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn answers_that_may_pass_are_not_passed_on() {
    let bad_gateway = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n";
    let timeout = "HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 0\r\n\r\n";
    let too_many = "HTTP/1.1 429 Too Many\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n";
    for answer in [UNAVAILABLE, bad_gateway, timeout, too_many] {
        assert_eq!(check(get(), &[answer]).await, (200, 2), "after {answer}");
    }
    for method in [Method::PUT, Method::DELETE] {
        let call = request(method, Bytes::new());
        assert_eq!(check(call, &[UNAVAILABLE]).await, (200, 2));
    }
}

#[tokio::test]
async fn the_last_answer_stands() {
    let answers = [UNAVAILABLE, "", UNAVAILABLE, UNAVAILABLE];
    assert_eq!(check(get(), &answers).await, (503, 3));
    assert_eq!(check(get(), &[UNAVAILABLE, "", ""]).await, (0, 3));
}

#[tokio::test]
async fn what_must_not_run_twice_is_sent_once() {
    for method in [Method::POST, Method::PATCH] {
        let call = request(method.clone(), "{}");
        assert_eq!(check(call, &[UNAVAILABLE]).await, (503, 1), "{method}");
        let call = request(method.clone(), "{}");
        assert_eq!(check(call, &[""]).await, (0, 1), "{method}");
    }
}

#[tokio::test]
async fn answers_that_will_not_pass_are_not_repeated() {
    let later = "HTTP/1.1 503 Busy\r\nretry-after: 60\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(check(get(), &[later]).await, (503, 1));
    let too_many = "HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(check(get(), &[too_many]).await, (429, 1));
    let error = "HTTP/1.1 500 Error\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(check(get(), &[error]).await, (500, 1));
}

#[tokio::test]
async fn a_retry_that_does_not_fit_the_deadline_is_not_waited_for() {
    let later = "HTTP/1.1 503 Busy\r\nretry-after: 2\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(check(within(get(), 1500), &[later]).await, (503, 1));
}

#[tokio::test]
async fn without_retries_each_answer_is_seen() {
    let server = scripted(&[UNAVAILABLE, ""]).await;
    let config = Config {
        max_retries: 0,
        ..Config::default()
    };
    let client = server.client(config);
    assert_eq!(send(&client, get()).await.unwrap(), "busy");
    let error = send(&client, get()).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::PerhapsCarriedOut);
    assert_eq!(send(&client, get()).await.unwrap(), "done");
}

#[tokio::test]
async fn a_repeated_answer_leaves_its_connection_usable() {
    let server = scripted(&[UNAVAILABLE]).await;
    assert_eq!(
        send(&server.client(Config::default()), get())
            .await
            .unwrap(),
        "done"
    );
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_get_survives_the_close_of_an_idle_connection_as_it_goes_out() {
    let server = Server::start(|_, mut stream| async move {
        read_request(&mut stream).await;
        write(&mut stream, ok("done")).await;
        // The next request meets the close.
        read_request(&mut stream).await;
    })
    .await;
    let client = server.client(Config::default());
    for _ in 0..5 {
        assert_eq!(send(&client, get()).await.unwrap(), "done");
    }
}

#[tokio::test]
async fn a_post_on_an_idle_connection_that_was_closed_is_sent_on_another() {
    let closed = Arc::new(Notify::new());
    let tells = Arc::clone(&closed);
    let server = Server::start(move |_, mut stream| {
        let closed = Arc::clone(&tells);
        async move {
            read_request(&mut stream).await;
            write(&mut stream, ok("done")).await;
            drop(stream);
            closed.notify_one();
        }
    })
    .await;
    let client = server.client(Config::default());
    for expected in 1..=20 {
        let (request, attempts) = counted(post());
        assert_eq!(send(&client, request).await.unwrap(), "done");
        assert_eq!(attempts.load(Ordering::SeqCst), 1);
        assert_eq!(server.connections(), expected);
        soon(closed.notified()).await;
    }
}

#[tokio::test]
async fn an_upload_is_sent_again_while_nobody_has_read_from_it() {
    let closed = Arc::new(Notify::new());
    let tells = Arc::clone(&closed);
    let server = Server::start(move |number, mut stream| {
        let closed = Arc::clone(&tells);
        async move {
            read_request(&mut stream).await;
            write(&mut stream, ok(&number.to_string())).await;
            drop(stream);
            closed.notify_one();
        }
    })
    .await;
    let client = server.client(Config::default());
    send(&client, get()).await.unwrap();
    soon(closed.notified()).await;
    let (feeder, body) = feed();
    feeder.send(Ok(Bytes::from("all of it"))).await.unwrap();
    drop(feeder);
    assert_eq!(
        send(&client, request(Method::POST, body)).await.unwrap(),
        "1"
    );
}

#[tokio::test]
async fn an_upload_that_was_read_from_is_not_sent_again() {
    let server = scripted(&["", ""]).await;
    let (feeder, body) = feed();
    feeder.send(Ok(Bytes::from("all of it"))).await.unwrap();
    drop(feeder);
    let (request, attempts) = counted(request(Method::PUT, body));
    let error = send(&server.client(Config::default()), request)
        .await
        .unwrap_err();
    assert_eq!(error.kind, SendErrorKind::PerhapsCarriedOut);
    assert_eq!(attempts.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_budget_ends_retries() {
    let server = Server::start(|_, stream| answer_all(stream, UNAVAILABLE.to_owned())).await;
    let config = Config {
        retry_floor: 0,
        ..Config::default()
    };
    let client = server.client(config);
    let mut sent = 0;
    for _ in 0..50 {
        let (request, attempts) = counted(get());
        let response = soon(client.send(request)).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        sent += attempts.load(Ordering::SeqCst);
    }
    assert!((51..=60).contains(&sent), "50 calls were sent {sent} times");
}

#[tokio::test]
async fn each_attempt_tells_the_server_what_time_is_left() {
    let (seen, mut requests) = mpsc::unbounded_channel();
    let server = Server::start(move |_, mut stream| {
        let seen = seen.clone();
        async move {
            while let Some(request) = read_request(&mut stream).await {
                seen.send(request).unwrap();
                write(&mut stream, UNAVAILABLE).await;
            }
        }
    })
    .await;
    let config = Config {
        deadline_header: Some(HeaderName::from_static("x-time-left")),
        ..Config::default()
    };
    let client = server.client(config);
    send(&client, within(get(), 60_000)).await.unwrap();
    let mut last = 60_000;
    for _ in 0..3 {
        let request = soon(requests.recv()).await.unwrap();
        let left: u64 = field(&request, "x-time-left").unwrap().parse().unwrap();
        assert!(left <= last, "{left} ms are left after {last}");
        assert!(left > 30_000, "only {left} ms are left");
        last = left;
    }
    send(&client, get()).await.unwrap();
    let request = soon(requests.recv()).await.unwrap();
    assert_eq!(field(&request, "x-time-left"), None);
}

#[tokio::test]
async fn what_could_not_be_sent_says_so() {
    let server = Server::start(|_, stream| async move { drop(stream) }).await;
    let url = server.url.clone();
    let client = server.client(Config::default());
    drop(server);
    // The listener is closed a moment after its task has ended.
    loop {
        let address = url.authority().unwrap().as_str();
        if tokio::net::TcpStream::connect(address).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (request, attempts) = counted(post());
    let error = soon(client.send(request)).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::NeverSent);
    let source = error.source.unwrap().to_string();
    assert!(source.contains("refused"), "{source}");
    assert_eq!(attempts.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_an_earlier_attempt_may_have_done_is_not_forgotten() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = Client::new(&[url.parse().unwrap()], Config::default()).unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // The next attempt finds nobody.
        drop(listener);
        read_request(&mut stream).await;
    });
    let (request, attempts) = counted(request(Method::PUT, "{}"));
    let error = soon(client.send(request)).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::PerhapsCarriedOut);
    assert_eq!(attempts.load(Ordering::SeqCst), 1);
    soon(server).await.unwrap();
}

const GIVEN_UP: &str =
    "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn a_connection_that_is_given_up_as_a_request_goes_out_is_replaced() {
    for method in [Method::POST, Method::GET] {
        let server = Server::start(|number, mut stream| async move {
            read_request(&mut stream).await;
            write(&mut stream, ok("done")).await;
            if number == 0 && read_request(&mut stream).await.is_some() {
                write(&mut stream, GIVEN_UP).await;
            }
        })
        .await;
        let client = server.client(Config::default());
        for _ in 0..2 {
            let call = request(method.clone(), "{}");
            assert_eq!(send(&client, call).await.unwrap(), "done", "{method}");
        }
        assert_eq!(server.connections(), 2);
    }
}

#[tokio::test]
async fn a_408_on_a_fresh_connection_is_an_answer_that_may_pass() {
    assert_eq!(check(get(), &[GIVEN_UP]).await, (200, 2));
    assert_eq!(check(get(), &[GIVEN_UP; 3]).await, (408, 3));
    assert_eq!(check(post(), &[GIVEN_UP]).await, (408, 1));
}

#[tokio::test]
async fn a_408_that_keeps_its_connection_is_an_answer() {
    let late = "HTTP/1.1 408 Too Late\r\ncontent-length: 4\r\n\r\nlate";
    let server = scripted(&["HTTP/1.1 204 No Content\r\n\r\n", late]).await;
    let client = server.client(Config::default());
    send(&client, get()).await.unwrap();
    assert_eq!(send(&client, post()).await.unwrap(), "late");
}
