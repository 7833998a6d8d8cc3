//! HTTP/1.1: what a call leaves on its connection, and what it does not.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use tokio::io::AsyncReadExt as _;
use tokio::sync::{Notify, mpsc};
use upstream::{Body, Config, ReplyErrorKind, SendErrorKind};

use crate::support::{
    Server, answer_all, closed, counted, feed, field, get, ok, post, read_request, request, send,
    soon, text, within, write,
};

/// A configuration that shows each failure as it is.
fn once() -> Config {
    Config {
        max_retries: 0,
        ..Config::default()
    }
}

#[track_caller]
fn is_malformed(kind: SendErrorKind, expected: &str) {
    match kind {
        SendErrorKind::Malformed { detail } => assert_eq!(detail, expected),
        other => panic!("the failure is {other:?}, not a malformed reply"),
    }
}

#[tokio::test]
async fn a_request_arrives_with_its_path_body_and_the_host_of_the_endpoint() {
    let (seen, mut requests) = mpsc::unbounded_channel();
    let server = Server::start(move |_, mut stream| {
        let seen = seen.clone();
        async move {
            while let Some(request) = read_request(&mut stream).await {
                seen.send(request).unwrap();
                write(&mut stream, ok("done")).await;
            }
        }
    })
    .await;
    let client = server.client(Config::default());
    let mut request = post();
    *request.uri_mut() = "http://somewhere/v2/things?a=b".parse().unwrap();
    let connection = "keep-alive, x".parse().unwrap();
    request.headers_mut().insert("connection", connection);
    assert_eq!(send(&client, request).await.unwrap(), "done");
    let seen = requests.recv().await.unwrap();
    assert!(
        seen.starts_with("POST /v2/things?a=b HTTP/1.1\r\n"),
        "{seen}"
    );
    assert!(seen.ends_with("\r\n\r\n{}"), "{seen}");
    let authority = server.url.authority().unwrap().as_str();
    assert_eq!(field(&seen, "host"), Some(authority));
    assert_eq!(field(&seen, "accept-encoding"), Some("gzip, zstd"));
    assert_eq!(field(&seen, "connection"), None);
}

#[tokio::test]
async fn a_connection_is_used_again_after_a_complete_reply() {
    let server = Server::start(|_, stream| answer_all(stream, ok("done"))).await;
    let client = server.client(Config::default());
    for _ in 0..10 {
        assert_eq!(send(&client, get()).await.unwrap(), "done");
    }
    assert_eq!(server.connections(), 1);
}

/// Answers with the head, then with a body in two parts that arrive one after
/// the other.
async fn check_arrives_whole(head: &'static str) {
    let server = Server::start(move |_, mut stream| async move {
        read_request(&mut stream).await;
        write(&mut stream, head).await;
        for _ in 0..2 {
            // The client is to see the part before on its own.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            write(&mut stream, vec![b'x'; 1 << 20]).await;
        }
    })
    .await;
    let client = server.client(once());
    for connections in 1..=2 {
        let body = soon(send(&client, get())).await.unwrap();
        assert_eq!(body.len(), 2 << 20, "for {head:?}");
        assert_eq!(server.connections(), connections, "for {head:?}");
    }
}

#[tokio::test]
async fn the_last_reply_of_a_connection_arrives_whole() {
    check_arrives_whole("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2097152\r\n\r\n")
        .await;
    check_arrives_whole("HTTP/1.1 200 OK\r\n\r\n").await;
    check_arrives_whole("HTTP/1.0 200 OK\r\n\r\n").await;
    check_arrives_whole("HTTP/1.0 200 OK\r\ncontent-length: 2097152\r\n\r\n").await;
}

#[tokio::test]
async fn a_connection_is_used_only_as_often_as_it_may() {
    let server = Server::start(|_, stream| answer_all(stream, ok("done"))).await;
    let config = Config {
        max_requests_per_connection: 2,
        ..Config::default()
    };
    let client = server.client(config);
    for _ in 0..6 {
        send(&client, get()).await.unwrap();
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn a_connection_is_not_kept_longer_than_the_server_keeps_it() {
    let answer = "HTTP/1.1 200 OK\r\nkeep-alive: timeout=0\r\ncontent-length: 0\r\n\r\n";
    let server = Server::start(|_, stream| answer_all(stream, answer.to_owned())).await;
    let client = server.client(Config::default());
    send(&client, get()).await.unwrap();
    send(&client, get()).await.unwrap();
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn dropping_a_call_closes_its_connection() {
    let (gone, mut closes) = mpsc::unbounded_channel();
    let arrived = Arc::new(Notify::new());
    let tells = Arc::clone(&arrived);
    let server = Server::start(move |_, mut stream| {
        let (gone, arrived) = (gone.clone(), Arc::clone(&tells));
        async move {
            read_request(&mut stream).await.unwrap();
            arrived.notify_one();
            closed(&mut stream).await;
            gone.send(()).unwrap();
        }
    })
    .await;
    let client = server.client(Config::default());
    tokio::select! {
        _ = client.send(post()) => panic!("there is no reply"),
        () = arrived.notified() => {}
    }
    soon(closes.recv()).await.unwrap();
}

#[tokio::test]
async fn abandoning_a_request_resets_its_connection() {
    let (gone, mut ends) = mpsc::unbounded_channel();
    let arrived = Arc::new(Notify::new());
    let tells = Arc::clone(&arrived);
    let server = Server::start(move |_, stream| {
        let (gone, arrived) = (gone.clone(), Arc::clone(&tells));
        async move {
            if stream.peek(&mut [0]).await.unwrap_or_default() == 0 {
                // Somebody has only looked whether there is a server.
                return;
            }
            arrived.notify_one();
            // What it has not read is not in the way of the news.
            let end = loop {
                match stream.take_error().unwrap() {
                    None => tokio::task::yield_now().await,
                    Some(error) => break error.kind(),
                }
            };
            gone.send(end).unwrap();
        }
    })
    .await;
    let client = server.client(Config::default());
    tokio::select! {
        _ = client.send(post()) => panic!("there is no reply"),
        () = arrived.notified() => {}
    }
    let end = soon(ends.recv()).await.unwrap();
    assert_eq!(end, std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn dropping_a_reply_closes_its_connection() {
    let (gone, mut closes) = mpsc::unbounded_channel();
    let server = Server::start(move |_, mut stream| {
        let gone = gone.clone();
        async move {
            read_request(&mut stream).await.unwrap();
            let part = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart";
            write(&mut stream, part).await;
            closed(&mut stream).await;
            gone.send(()).unwrap();
        }
    })
    .await;
    let client = server.client(Config::default());
    let mut response = soon(client.send(get())).await.unwrap();
    let frame = soon(response.body_mut().frame()).await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "part");
    drop(response);
    soon(closes.recv()).await.unwrap();
}

#[tokio::test]
async fn dropping_an_upload_frees_its_body() {
    let server = Server::start(|_, stream| async move {
        // It never reads.
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let client = server.client(Config::default());
    let (feeder, body) = feed();
    let upload = tokio::spawn(async move {
        let _ = client.send(request(Method::POST, body)).await;
    });
    let chunk = Bytes::from(vec![b'x'; 1 << 20]);
    // It stops taking chunks when the sockets are full.
    let stuck = Duration::from_millis(300);
    while tokio::time::timeout(stuck, feeder.send(Ok(chunk.clone())))
        .await
        .is_ok()
    {}
    upload.abort();
    soon(feeder.closed()).await;
}

/// Serves an answer that leaves something on the connection, then others.
async fn check_connection_ends_after(answer: &'static str, expected: &str) {
    let server = Server::start(move |number, mut stream| async move {
        if number > 0 {
            return answer_all(stream, ok("of another connection")).await;
        }
        read_request(&mut stream).await.unwrap();
        write(&mut stream, answer).await;
        answer_all(stream, ok("of the same connection")).await;
    })
    .await;
    let client = server.client(once());
    assert_eq!(send(&client, get()).await.unwrap(), expected);
    let next = send(&client, get()).await.unwrap();
    assert_eq!(next, "of another connection", "after {answer:?}");
}

#[tokio::test]
async fn a_reply_without_a_body_that_announces_one_ends_the_connection() {
    let smuggled = "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello";
    check_connection_ends_after(smuggled, "").await;
    check_connection_ends_after("HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n", "").await;
    let chunked = "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    check_connection_ends_after(chunked, "").await;
    let modified = "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\nhello";
    check_connection_ends_after(modified, "").await;
    let reset = "HTTP/1.1 205 Reset Content\r\ncontent-length: 5\r\n\r\nhello";
    check_connection_ends_after(reset, "hello").await;
}

#[tokio::test]
async fn bytes_behind_a_complete_reply_end_the_connection() {
    let second = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone\
        HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged";
    check_connection_ends_after(second, "done").await;
    let blank = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone\r\n";
    check_connection_ends_after(blank, "done").await;
}

#[tokio::test]
async fn a_connection_that_the_server_is_to_close_is_not_used_again() {
    let close = "HTTP/1.1 200 OK\r\nconnection: Close\r\ncontent-length: 4\r\n\r\ndone";
    check_connection_ends_after(close, "done").await;
}

async fn head_of(fields: usize, value: usize) -> Result<StatusCode, SendErrorKind> {
    let value = "x".repeat(value);
    let fields: Vec<_> = (0..fields)
        .map(|number| format!("x-{number}: {value}\r\n"))
        .collect();
    let fields = fields.concat();
    let answer = format!("HTTP/1.1 200 OK\r\n{fields}content-length: 0\r\n\r\n");
    let server = Server::start(move |_, stream| answer_all(stream, answer.clone())).await;
    let response = soon(server.client(once()).send(post())).await;
    response
        .map(|response| response.status())
        .map_err(|error| error.kind)
}

#[tokio::test]
async fn large_heads_are_read_within_the_bounds() {
    assert_eq!(head_of(101, 1).await, Ok(StatusCode::OK));
    assert_eq!(head_of(255, 1).await, Ok(StatusCode::OK));
    assert_eq!(head_of(1, 20 * 1024).await, Ok(StatusCode::OK));
    assert_eq!(head_of(10, 6 * 1024).await, Ok(StatusCode::OK));
}

#[tokio::test]
async fn heads_beyond_the_bounds_are_malformed() {
    is_malformed(head_of(256, 1).await.unwrap_err(), "its head is too large");
    is_malformed(
        head_of(1, 65 * 1024).await.unwrap_err(),
        "its head is too large",
    );
}

async fn failure_of(answer: &'static str) -> SendErrorKind {
    let server = Server::start(move |_, mut stream| async move {
        read_request(&mut stream).await;
        write(&mut stream, answer).await;
    })
    .await;
    let error = soon(server.client(once()).send(get())).await;
    error.expect_err("the reply is no good").kind
}

#[tokio::test]
async fn replies_that_are_no_http_are_malformed() {
    let kind = failure_of("SSH-2.0-OpenSSH_9.9\r\n").await;
    is_malformed(kind, "it is not valid HTTP/1.1");
    let kind = failure_of("HTTP/1.1 99 Low\r\n\r\n").await;
    is_malformed(kind, "its status is not valid");
    let two = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab";
    is_malformed(failure_of(two).await, "it is not valid HTTP/1.1");
    let kind = failure_of("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n").await;
    is_malformed(kind, "it switches protocols unasked");
}

#[tokio::test]
async fn a_connection_that_ends_without_a_reply_may_have_carried_the_request_out() {
    assert_eq!(failure_of("").await, SendErrorKind::PerhapsCarriedOut);
    let part = failure_of("HTTP/1.1 200 O").await;
    assert_eq!(part, SendErrorKind::PerhapsCarriedOut);
}

#[tokio::test]
async fn informational_responses_are_skipped() {
    let answer = format!(
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n{}",
        ok("done")
    );
    let server = Server::start(move |_, stream| answer_all(stream, answer.clone())).await;
    let client = server.client(once());
    assert_eq!(send(&client, get()).await.unwrap(), "done");
    assert_eq!(send(&client, get()).await.unwrap(), "done");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn endless_informational_responses_are_malformed() {
    let server = Server::start(|_, mut stream| async move {
        read_request(&mut stream).await;
        loop {
            let hint = "HTTP/1.1 103 Early Hints\r\n\r\n";
            if tokio::io::AsyncWriteExt::write_all(&mut stream, hint.as_bytes())
                .await
                .is_err()
            {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let error = soon(server.client(once()).send(get())).await.unwrap_err();
    is_malformed(error.kind, "too many informational responses");
}

#[tokio::test]
async fn an_early_reply_ends_the_upload() {
    let (gone, mut closes) = mpsc::unbounded_channel();
    let server = Server::start(move |_, mut stream| {
        let gone = gone.clone();
        async move {
            let mut buffer = [0; 1024];
            stream.read_exact(&mut buffer).await.unwrap();
            let answer = "HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig";
            write(&mut stream, answer).await;
            closed(&mut stream).await;
            gone.send(()).unwrap();
        }
    })
    .await;
    let client = server.client(once());
    let (feeder, body) = feed();
    feeder
        .send(Ok(Bytes::from(vec![b'x'; 1 << 20])))
        .await
        .unwrap();
    let response = soon(client.send(request(Method::POST, body)))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(text(response).await, "big");
    soon(feeder.closed()).await;
    soon(closes.recv()).await.unwrap();
}

/// Has two bodies of this size answered with a status, and checks how many
/// connections they take.
async fn check_reuse(size: usize, status: &str, connections: usize) {
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
    let server = Server::start(move |_, stream| answer_all(stream, answer.clone())).await;
    let client = server.client(once());
    for _ in 0..2 {
        let body = Bytes::from(vec![b'x'; size]);
        soon(client.send(request(Method::POST, body)))
            .await
            .unwrap();
    }
    assert_eq!(
        server.connections(),
        connections,
        "for {size} bytes and {status}"
    );
}

#[tokio::test]
async fn a_server_that_refuses_a_large_body_is_not_trusted_to_have_read_it() {
    check_reuse(64 << 10, "413 Too Large", 1).await;
    check_reuse((64 << 10) + 1, "413 Too Large", 2).await;
    check_reuse((64 << 10) + 1, "201 Created", 1).await;
}

#[tokio::test]
async fn an_early_reply_is_read_although_the_server_has_closed() {
    let server = Server::start(|_, mut stream| async move {
        let mut buffer = [0; 1024];
        stream.read_exact(&mut buffer).await.unwrap();
        write(
            &mut stream,
            "HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig",
        )
        .await;
        // Closing with unread bytes resets the connection.
    })
    .await;
    let client = server.client(once());
    let whole = Bytes::from(vec![b'x'; 8 << 20]);
    let outcome = soon(client.send(request(Method::POST, whole))).await;
    // The kernel may have thrown the answer away with the reset.
    match outcome {
        Ok(response) => assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE),
        Err(error) => assert_eq!(error.kind, SendErrorKind::PerhapsCarriedOut),
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_never_complete() {
    let (seen, mut ends) = mpsc::unbounded_channel();
    let server = Server::start(move |_, mut stream| {
        let seen = seen.clone();
        async move {
            let mut all = Vec::new();
            let _ = stream.read_to_end(&mut all).await;
            seen.send(String::from_utf8(all).unwrap()).unwrap();
        }
    })
    .await;
    let client = server.client(Config::default());
    let (feeder, body) = feed();
    let call = tokio::spawn(async move { client.send(request(Method::PUT, body)).await });
    feeder.send(Ok(Bytes::from("part"))).await.unwrap();
    feeder.send(Err("the caller is gone".into())).await.unwrap();
    let error = soon(call).await.unwrap().unwrap_err();
    assert_eq!(error.kind, SendErrorKind::RequestBody);
    let seen = soon(ends.recv()).await.unwrap();
    assert!(seen.contains("part"), "{seen}");
    assert!(
        !seen.ends_with("0\r\n\r\n"),
        "the upload looks complete: {seen}"
    );
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_reply_that_stalls_is_given_up() {
    let server = Server::start(|_, mut stream| async move {
        read_request(&mut stream).await;
        write(
            &mut stream,
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart",
        )
        .await;
        closed(&mut stream).await;
    })
    .await;
    let config = Config {
        stall_timeout: Duration::from_millis(50),
        ..once()
    };
    let response = soon(server.client(config).send(get())).await.unwrap();
    let error = soon(response.into_body().collect()).await.unwrap_err();
    assert_eq!(error.kind, ReplyErrorKind::Stalled);
    let client = server.client(once());
    let response = soon(client.send(within(get(), 100))).await.unwrap();
    let error = soon(response.into_body().collect()).await.unwrap_err();
    assert_eq!(error.kind, ReplyErrorKind::DeadlineExceeded);
}

async fn broken_body(answer: &'static str) -> ReplyErrorKind {
    let server = Server::start(move |_, mut stream| async move {
        read_request(&mut stream).await;
        write(&mut stream, answer).await;
    })
    .await;
    let response = soon(server.client(once()).send(get())).await.unwrap();
    let error = soon(response.into_body().collect()).await.unwrap_err();
    error.kind
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_told_from_one_that_is_malformed() {
    let short = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart";
    assert_eq!(broken_body(short).await, ReplyErrorKind::BrokeOff);
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n";
    assert_eq!(broken_body(chunked).await, ReplyErrorKind::BrokeOff);
    let nonsense = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n";
    let detail = "its chunks are not valid";
    assert_eq!(
        broken_body(nonsense).await,
        ReplyErrorKind::Malformed { detail }
    );
}

#[tokio::test]
async fn a_deadline_ends_the_wait_for_a_reply() {
    let server = Server::start(|_, mut stream| async move {
        closed(&mut stream).await;
    })
    .await;
    let (request, attempts) = counted(within(get(), 100));
    let error = soon(server.client(Config::default()).send(request)).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::PerhapsCarriedOut);
    assert_eq!(error.source.unwrap().to_string(), "the deadline passed");
    assert_eq!(attempts.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_call_waits_for_a_connection_only_until_its_deadline() {
    let arrived = Arc::new(Notify::new());
    let tells = Arc::clone(&arrived);
    let server = Server::start(move |_, mut stream| {
        let arrived = Arc::clone(&tells);
        async move {
            read_request(&mut stream).await;
            arrived.notify_one();
            closed(&mut stream).await;
        }
    })
    .await;
    let config = Config {
        max_connections: 1,
        ..Config::default()
    };
    let client = server.client(config);
    let other = client.clone();
    let first = tokio::spawn(async move { other.send(get()).await });
    soon(arrived.notified()).await;
    let (request, attempts) = counted(within(get(), 100));
    let error = soon(client.send(request)).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::NeverSent);
    assert_eq!(attempts.load(Ordering::SeqCst), 0);
    first.abort();
}

#[tokio::test]
async fn a_call_that_waits_gets_the_connection_that_becomes_free() {
    let server = Server::start(|_, stream| answer_all(stream, ok("done"))).await;
    let config = Config {
        max_connections: 2,
        ..Config::default()
    };
    let client = server.client(config);
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { send(&client, get()).await })
        })
        .collect();
    for call in calls {
        assert_eq!(soon(call).await.unwrap().unwrap(), "done");
    }
    assert!(
        server.connections() <= 2,
        "{} connections",
        server.connections()
    );
}

#[tokio::test]
async fn a_whole_body_and_a_stream_arrive_alike() {
    let (seen, mut requests) = mpsc::unbounded_channel();
    let server = Server::start(move |_, mut stream| {
        let seen = seen.clone();
        async move {
            while let Some(request) = read_request(&mut stream).await {
                seen.send(request).unwrap();
                write(&mut stream, ok("done")).await;
            }
        }
    })
    .await;
    let client = server.client(Config::default());
    let stream = Body::stream(http_body_util::Full::new(Bytes::from("same")));
    for body in [Body::from("same"), stream] {
        send(&client, request(Method::PUT, body)).await.unwrap();
        let seen = soon(requests.recv()).await.unwrap();
        assert_eq!(field(&seen, "content-length"), Some("4"), "{seen}");
        assert!(seen.ends_with("\r\n\r\nsame"), "{seen}");
    }
    send(&client, request(Method::POST, Body::empty()))
        .await
        .unwrap();
    let seen = soon(requests.recv()).await.unwrap();
    assert_eq!(field(&seen, "content-length"), Some("0"), "{seen}");
    assert_eq!(server.connections(), 1);
}
