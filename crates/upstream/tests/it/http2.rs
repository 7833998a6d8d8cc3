//! HTTP/2: what a call leaves on its connection, and how a dead one is found.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use tokio::sync::{Notify, mpsc};
use upstream::{Body, Config, Protocol, ReplyErrorKind, SendErrorKind};

use crate::frames::{
    CANCEL, DATA, END_HEADERS, END_STREAM, HEADERS, NO_ERROR, OK, PING, Peer, REFUSED_STREAM,
    RST_STREAM,
};
use crate::support::{Server, closed, counted, feed, get, post, request, send, soon, text, within};

fn http2() -> Config {
    Config {
        protocol: Protocol::Http2,
        ..Config::default()
    }
}

fn once() -> Config {
    Config {
        max_retries: 0,
        ..http2()
    }
}

/// A server that hands each connection to a function, after the prefaces.
async fn serve<F, A>(settings: &'static [(u16, u32)], handle: F) -> Server
where
    F: Fn(usize, Peer) -> A + Clone + Send + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    Server::start(move |number, stream| {
        let handle = handle.clone();
        async move {
            if let Some(peer) = Peer::accept(stream, settings).await {
                handle(number, peer).await;
            }
        }
    })
    .await
}

const MAX_CONCURRENT_STREAMS: u16 = 3;

/// A server on the h2 crate that answers each request with a function.
async fn proper<F>(answer: F) -> Server
where
    F: Fn(Request<Vec<u8>>) -> http::Response<String> + Copy + Send + Sync + 'static,
{
    Server::start(move |_, stream| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            tokio::spawn(async move {
                let (head, mut body) = request.into_parts();
                let mut all = Vec::new();
                while let Some(Ok(data)) = body.data().await {
                    let _ = body.flow_control().release_capacity(data.len());
                    all.extend_from_slice(&data);
                }
                let response = answer(Request::from_parts(head, all));
                let (head, text) = response.into_parts();
                let head = http::Response::from_parts(head, ());
                let mut stream = respond.send_response(head, false).unwrap();
                stream.send_data(Bytes::from(text), true).unwrap();
            });
        }
    })
    .await
}

#[tokio::test]
async fn requests_and_replies_share_a_connection() {
    let server = proper(|request| {
        assert_eq!(request.uri().path(), "/things");
        assert!(request.uri().authority().is_some());
        http::Response::new(request.body().len().to_string())
    })
    .await;
    let client = server.client(http2());
    assert_eq!(send(&client, get()).await.unwrap(), "0");
    let calls: Vec<_> = (0..20)
        .map(|number| {
            let client = client.clone();
            let body = Bytes::from(vec![b'x'; number * 100_000]);
            let call = async move { send(&client, request(Method::PUT, body)).await };
            (number, tokio::spawn(call))
        })
        .collect();
    for (number, call) in calls {
        let expected = (number * 100_000).to_string();
        assert_eq!(soon(call).await.unwrap().unwrap(), expected);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn calls_at_once_make_one_connection() {
    let server = proper(|_| http::Response::new("done".to_owned())).await;
    let client = server.client(http2());
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { send(&client, get()).await })
        })
        .collect();
    for call in calls {
        assert_eq!(soon(call).await.unwrap().unwrap(), "done");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn an_upload_arrives_in_order() {
    let server =
        proper(|request| http::Response::new(String::from_utf8(request.into_body()).unwrap()))
            .await;
    let client = server.client(http2());
    let (feeder, body) = feed();
    let call = tokio::spawn(async move { send(&client, request(Method::POST, body)).await });
    for chunk in ["one ", "", "two ", "three"] {
        feeder.send(Ok(Bytes::from(chunk))).await.unwrap();
    }
    drop(feeder);
    assert_eq!(soon(call).await.unwrap().unwrap(), "one two three");
}

#[tokio::test]
async fn dropping_a_call_resets_its_stream_and_keeps_the_connection() {
    let (seen, mut resets) = mpsc::unbounded_channel();
    let server = serve(&[], move |_, mut peer| {
        let seen = seen.clone();
        async move {
            let request = peer.next(HEADERS).await.unwrap();
            // It takes as much as the windows allow, and no more.
            let mut taken = 0;
            while taken < 65_535 {
                taken += peer.next(DATA).await.unwrap().payload.len();
            }
            seen.send(None).unwrap();
            let reset = peer.next(RST_STREAM).await.unwrap();
            assert_eq!(reset.stream, request.stream);
            seen.send(Some(reset.code())).unwrap();
            peer.answer_all("next").await;
        }
    })
    .await;
    let client = server.client(http2());
    let (feeder, body) = feed();
    let other = client.clone();
    let call = tokio::spawn(async move { other.send(request(Method::POST, body)).await });
    feeder
        .send(Ok(Bytes::from(vec![b'x'; 9 << 20])))
        .await
        .unwrap();
    assert_eq!(soon(resets.recv()).await.unwrap(), None);
    call.abort();
    assert_eq!(soon(resets.recv()).await.unwrap(), Some(CANCEL));
    soon(feeder.closed()).await;
    assert_eq!(send(&client, get()).await.unwrap(), "next");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn dropping_a_whole_body_that_is_stuck_resets_its_stream() {
    let (seen, mut resets) = mpsc::unbounded_channel();
    let server = serve(&[], move |_, mut peer| {
        let seen = seen.clone();
        async move {
            peer.next(DATA).await.unwrap();
            seen.send(0).unwrap();
            seen.send(peer.next(RST_STREAM).await.unwrap().code())
                .unwrap();
        }
    })
    .await;
    let client = server.client(http2());
    let body = Bytes::from_owner(vec![b'x'; 9 << 20]);
    let call = tokio::spawn(async move { client.send(request(Method::POST, body)).await });
    assert_eq!(soon(resets.recv()).await.unwrap(), 0);
    call.abort();
    assert_eq!(soon(resets.recv()).await.unwrap(), CANCEL);
}

#[tokio::test]
async fn dropping_a_reply_resets_its_stream() {
    let (seen, mut resets) = mpsc::unbounded_channel();
    let server = serve(&[], move |_, mut peer| {
        let seen = seen.clone();
        async move {
            let request = peer.next(HEADERS).await.unwrap();
            peer.write(HEADERS, END_HEADERS, request.stream, OK).await;
            peer.write(DATA, 0, request.stream, b"part").await;
            seen.send(peer.next(RST_STREAM).await.unwrap().code())
                .unwrap();
        }
    })
    .await;
    let client = server.client(http2());
    let mut response = soon(client.send(get())).await.unwrap();
    let frame = soon(response.body_mut().frame()).await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "part");
    drop(response);
    assert_eq!(soon(resets.recv()).await.unwrap(), CANCEL);
}

#[tokio::test]
async fn an_upload_that_breaks_off_resets_its_stream() {
    let (seen, mut resets) = mpsc::unbounded_channel();
    let server = serve(&[], move |_, mut peer| {
        let seen = seen.clone();
        async move {
            let data = peer.next(DATA).await.unwrap();
            assert_eq!(data.flags & END_STREAM, 0, "the upload looks complete");
            seen.send(peer.next(RST_STREAM).await.unwrap().code())
                .unwrap();
        }
    })
    .await;
    let client = server.client(http2());
    let (feeder, body) = feed();
    let call = tokio::spawn(async move { client.send(request(Method::PUT, body)).await });
    feeder.send(Ok(Bytes::from("part"))).await.unwrap();
    feeder.send(Err("the caller is gone".into())).await.unwrap();
    let error = soon(call).await.unwrap().unwrap_err();
    assert_eq!(error.kind, SendErrorKind::RequestBody);
    assert_eq!(error.source.unwrap().to_string(), "the caller is gone");
    assert_eq!(soon(resets.recv()).await.unwrap(), CANCEL);
    assert_eq!(server.connections(), 1);
}

/// Serves an early reply, and checks that it arrives and ends the upload.
async fn check_early_reply(resets: bool) {
    let (seen, mut ends) = mpsc::unbounded_channel();
    let server = serve(&[], move |_, mut peer| {
        let seen = seen.clone();
        async move {
            let request = peer.next(HEADERS).await.unwrap();
            peer.next(DATA).await.unwrap();
            peer.answer(request.stream, "too large").await;
            if resets {
                peer.reset(request.stream, NO_ERROR).await;
            } else {
                let reset = peer.next(RST_STREAM).await.unwrap();
                assert_eq!(reset.stream, request.stream);
            }
            seen.send(()).unwrap();
            peer.answer_all("next").await;
        }
    })
    .await;
    let client = server.client(once());
    let (feeder, body) = feed();
    feeder
        .send(Ok(Bytes::from(vec![b'x'; 9 << 20])))
        .await
        .unwrap();
    let reply = send(&client, request(Method::POST, body)).await.unwrap();
    assert_eq!(reply, "too large");
    soon(feeder.closed()).await;
    soon(ends.recv()).await.unwrap();
    assert_eq!(send(&client, get()).await.unwrap(), "next");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_reply_that_is_reset_before_its_end_is_not_whole() {
    let server = serve(&[], move |_, mut peer| async move {
        let request = peer.next(HEADERS).await.unwrap();
        peer.write(HEADERS, END_HEADERS, request.stream, OK).await;
        peer.write(DATA, 0, request.stream, b"half").await;
        peer.reset(request.stream, NO_ERROR).await;
        peer.answer_all("next").await;
    })
    .await;
    let client = server.client(once());
    let response = soon(client.send(get())).await.unwrap();
    let error = soon(response.into_body().collect()).await.unwrap_err();
    assert_eq!(error.kind, ReplyErrorKind::BrokeOff);
    assert_eq!(send(&client, get()).await.unwrap(), "next");
}

#[tokio::test]
async fn an_early_reply_ends_the_upload() {
    check_early_reply(false).await;
    check_early_reply(true).await;
}

/// Serves a first connection that does not process the first request, and a
/// second one that answers. Returns how often the request was sent.
async fn sent_again<F, A>(call: Request<Body>, fault: F) -> Result<u32, SendErrorKind>
where
    F: Fn(Peer, u32) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = ()> + Send + 'static,
{
    let server = serve(&[], move |number, mut peer| {
        let fault = fault.clone();
        async move {
            if number > 0 {
                return peer.answer_all("done").await;
            }
            let request = peer.next(HEADERS).await.unwrap();
            fault(peer, request.stream).await;
        }
    })
    .await;
    let (request, attempts) = counted(call);
    let outcome = send(&server.client(http2()), request).await;
    outcome.map_err(|error| error.kind)?;
    Ok(attempts.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_request_above_the_last_of_a_goaway_is_sent_again() {
    let fault = |mut peer: Peer, _| async move {
        peer.go_away(0, NO_ERROR).await;
        peer.read().await;
    };
    assert_eq!(sent_again(post(), fault).await, Ok(2));
    assert_eq!(sent_again(get(), fault).await, Ok(2));
}

#[tokio::test]
async fn a_refused_stream_is_sent_again_on_another_connection() {
    let fault = |mut peer: Peer, stream| async move {
        peer.reset(stream, REFUSED_STREAM).await;
        while let Some(frame) = peer.next(HEADERS).await {
            peer.reset(frame.stream, REFUSED_STREAM).await;
        }
    };
    assert_eq!(sent_again(post(), fault).await, Ok(2));
}

#[tokio::test]
async fn a_refused_stream_is_sent_again_where_there_is_room_for_no_other_connection() {
    let server = serve(&[], |_, mut peer| async move {
        let refused = peer.next(HEADERS).await.unwrap();
        peer.reset(refused.stream, REFUSED_STREAM).await;
        peer.answer_all("done").await;
    })
    .await;
    let config = Config {
        max_connections: 1,
        ..http2()
    };
    let (request, attempts) = counted(post());
    assert_eq!(send(&server.client(config), request).await.unwrap(), "done");
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn who_waits_for_a_suspected_connection_takes_it_once_it_shows_life() {
    let (waits, mut waiting) = mpsc::unbounded_channel();
    let server = serve(&[], move |_, mut peer| {
        let waits = waits.clone();
        async move {
            peer.answers_pings = false;
            peer.next(HEADERS).await.unwrap();
            let ping = peer.next(PING).await.unwrap();
            waits.send(()).unwrap();
            // Longer than the next call takes until it waits.
            tokio::time::sleep(Duration::from_millis(300)).await;
            peer.pong(&ping).await;
            peer.answers_pings = true;
            peer.answer_all("alive").await;
        }
    })
    .await;
    let config = Config {
        max_connections: 1,
        ..once()
    };
    let client = server.client(config);
    soon(client.send(within(get(), 100))).await.unwrap_err();
    soon(waiting.recv()).await.unwrap();
    assert_eq!(send(&client, get()).await.unwrap(), "alive");
}

#[tokio::test]
async fn a_request_that_may_have_been_processed_is_sent_again_only_if_idempotent() {
    let reset = |mut peer: Peer, stream| async move {
        peer.reset(stream, CANCEL).await;
        peer.read().await;
    };
    assert_eq!(sent_again(get(), reset).await, Ok(2));
    let perhaps = Err(SendErrorKind::PerhapsCarriedOut);
    assert_eq!(sent_again(post(), reset).await, perhaps);
    let patch = request(Method::PATCH, "{}");
    assert_eq!(sent_again(patch, reset).await, perhaps);
    // The server says that it has seen the request, and closes.
    let seen = |mut peer: Peer, stream| async move {
        peer.go_away(stream, NO_ERROR).await;
    };
    assert_eq!(sent_again(get(), seen).await, Ok(2));
    assert_eq!(sent_again(post(), seen).await, perhaps);
    let closes = |peer: Peer, _| async move { drop(peer) };
    assert_eq!(sent_again(post(), closes).await, perhaps);
}

#[tokio::test]
async fn a_request_below_the_last_of_a_goaway_gets_its_reply() {
    let server = serve(&[], |number, mut peer| async move {
        if number > 0 {
            return peer.answer_all("of another connection").await;
        }
        let request = peer.next(HEADERS).await.unwrap();
        peer.go_away(request.stream, NO_ERROR).await;
        peer.answer(request.stream, "late").await;
        while peer.read().await.is_some() {}
    })
    .await;
    let client = server.client(http2());
    assert_eq!(send(&client, post()).await.unwrap(), "late");
    let next = send(&client, post()).await.unwrap();
    assert_eq!(next, "of another connection");
}

#[tokio::test]
async fn a_connection_that_is_silently_dead_is_found() {
    let server = serve(&[], |number, mut peer| async move {
        if number > 0 {
            return peer.answer_all("alive").await;
        }
        peer.answers_pings = false;
        while peer.read().await.is_some() {}
    })
    .await;
    let config = Config {
        ping_interval: Duration::from_millis(50),
        ping_timeout: Duration::from_millis(50),
        ..http2()
    };
    let client = server.client(config);
    let (request, attempts) = counted(get());
    assert_eq!(send(&client, request).await.unwrap(), "alive");
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_call_on_a_dead_connection_may_have_been_carried_out() {
    let server = serve(&[], |_, mut peer| async move {
        peer.answers_pings = false;
        while peer.read().await.is_some() {}
    })
    .await;
    let config = Config {
        ping_interval: Duration::from_millis(50),
        ping_timeout: Duration::from_millis(50),
        ..http2()
    };
    let error = soon(server.client(config).send(post())).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::PerhapsCarriedOut);
    let source = error.source.unwrap().to_string();
    assert_eq!(
        source,
        "a connection was silent, a PING was not answered in time"
    );
}

#[tokio::test]
async fn a_slow_reply_on_a_live_connection_is_waited_for() {
    let server = serve(&[], |_, mut peer| async move {
        let request = peer.next(HEADERS).await.unwrap();
        for _ in 0..5 {
            peer.next(PING).await.unwrap();
        }
        peer.answer(request.stream, "late").await;
        while peer.read().await.is_some() {}
    })
    .await;
    let config = Config {
        ping_interval: Duration::from_millis(20),
        ping_timeout: Duration::from_secs(20),
        ..once()
    };
    assert_eq!(send(&server.client(config), post()).await.unwrap(), "late");
}

#[tokio::test]
async fn after_a_call_that_heard_nothing_the_next_one_takes_another_connection() {
    let server = serve(&[], |number, mut peer| async move {
        if number > 0 {
            return peer.answer_all("alive").await;
        }
        let request = peer.next(HEADERS).await.unwrap();
        peer.answer(request.stream, "once").await;
        peer.answers_pings = false;
        while peer.read().await.is_some() {}
    })
    .await;
    let client = server.client(once());
    assert_eq!(send(&client, get()).await.unwrap(), "once");
    let error = soon(client.send(within(get(), 300))).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::PerhapsCarriedOut);
    assert_eq!(send(&client, get()).await.unwrap(), "alive");
}

#[tokio::test]
async fn a_server_that_allows_one_stream_gets_one_at_a_time() {
    let both = Arc::new(Notify::new());
    let arrived = Arc::clone(&both);
    let server = serve(&[(MAX_CONCURRENT_STREAMS, 1)], move |number, mut peer| {
        let both = Arc::clone(&arrived);
        async move {
            if number > 0 {
                both.notify_one();
                return peer.answer_all("other").await;
            }
            let request = peer.next(HEADERS).await.unwrap();
            peer.answer(request.stream, "first").await;
            let request = peer.next(HEADERS).await.unwrap();
            both.notified().await;
            peer.answer(request.stream, "same").await;
            while peer.read().await.is_some() {}
        }
    })
    .await;
    let client = server.client(http2());
    assert_eq!(send(&client, get()).await.unwrap(), "first");
    let (one, two) = tokio::join!(send(&client, get()), send(&client, get()));
    let mut replies = [one.unwrap(), two.unwrap()];
    replies.sort();
    assert_eq!(replies, ["other", "same"]);
}

fn with_fields(fields: usize, value: usize) -> http::Response<String> {
    let mut response = http::Response::new(String::new());
    for number in 0..fields {
        let name: http::HeaderName = format!("x-{number}").parse().unwrap();
        let value = "x".repeat(value).parse().unwrap();
        response.headers_mut().insert(name, value);
    }
    response
}

#[tokio::test]
async fn large_heads_are_read_within_the_bounds() {
    let server = proper(|_| with_fields(101, 200)).await;
    let response = soon(server.client(once()).send(get())).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn heads_beyond_the_bounds_are_malformed() {
    let server = proper(|_| with_fields(257, 1)).await;
    let error = soon(server.client(once()).send(get())).await.unwrap_err();
    let detail = "it has too many fields";
    assert_eq!(error.kind, SendErrorKind::Malformed { detail });
    let server = proper(|_| with_fields(10, 10_000)).await;
    let error = soon(server.client(once()).send(get())).await.unwrap_err();
    let detail = "its head is too large or not valid";
    assert_eq!(error.kind, SendErrorKind::Malformed { detail });
}

#[tokio::test]
async fn a_server_that_speaks_no_http2_is_malformed() {
    let server = Server::start(|_, mut stream| async move {
        let answer = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        crate::support::write(&mut stream, answer).await;
        closed(&mut stream).await;
    })
    .await;
    let error = soon(server.client(once()).send(post())).await.unwrap_err();
    let detail = "it is not valid HTTP/2";
    assert_eq!(error.kind, SendErrorKind::Malformed { detail });
}

#[tokio::test]
async fn endless_informational_responses_are_malformed() {
    let server = serve(&[], |_, mut peer| async move {
        let request = peer.next(HEADERS).await.unwrap();
        for _ in 0..20 {
            // `:status: 103`, spelt out.
            let hint = [&[0x08, 0x03][..], b"103"].concat();
            peer.write(HEADERS, END_HEADERS, request.stream, &hint)
                .await;
        }
        while peer.read().await.is_some() {}
    })
    .await;
    let error = soon(server.client(once()).send(get())).await.unwrap_err();
    let detail = "too many informational responses";
    assert_eq!(error.kind, SendErrorKind::Malformed { detail });
}

#[tokio::test]
async fn a_reply_that_is_reset_has_broken_off() {
    let server = serve(&[], |_, mut peer| async move {
        let request = peer.next(HEADERS).await.unwrap();
        peer.write(HEADERS, END_HEADERS, request.stream, OK).await;
        peer.write(DATA, 0, request.stream, b"part").await;
        peer.reset(request.stream, CANCEL).await;
        while peer.read().await.is_some() {}
    })
    .await;
    let response = soon(server.client(once()).send(get())).await.unwrap();
    let error = soon(response.into_body().collect()).await.unwrap_err();
    assert_eq!(error.kind, ReplyErrorKind::BrokeOff);
}

#[tokio::test]
async fn a_large_reply_is_read_through_small_windows() {
    let server = proper(|_| http::Response::new("x".repeat(4 << 20))).await;
    let config = Config {
        stream_window: 65_535,
        max_streams: 1,
        ..once()
    };
    let response = soon(server.client(config).send(get())).await.unwrap();
    assert_eq!(text(response).await.len(), 4 << 20);
}

/// Sends this many POSTs at once.
async fn at_once(server: &Server, config: Config, calls: usize) -> Vec<String> {
    let client = server.client(config);
    let calls: Vec<_> = (0..calls)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { send(&client, post()).await })
        })
        .collect();
    let mut replies = Vec::new();
    for call in calls {
        replies.push(soon(call).await.unwrap().unwrap());
    }
    replies
}

#[tokio::test]
async fn one_request_goes_out_before_the_server_has_said_how_many_it_takes() {
    let (early, mut earlier) = mpsc::unbounded_channel();
    let server = Server::start(move |number, stream| {
        let early = early.clone();
        async move {
            let mut peer = Peer::accept_silently(stream).await.unwrap();
            let request = peer.next(HEADERS).await.unwrap();
            if number == 0 {
                // Longer than others would take to come along.
                let limit = Duration::from_millis(200);
                let other = tokio::time::timeout(limit, peer.next(HEADERS)).await;
                if other.is_ok() {
                    early.send(()).unwrap();
                }
            }
            peer.settings(&[(MAX_CONCURRENT_STREAMS, 1)]).await;
            peer.answer(request.stream, "done").await;
            peer.answer_all("done").await;
        }
    })
    .await;
    let replies = at_once(&server, http2(), 30).await;
    assert_eq!(replies, ["done"; 30]);
    assert!(earlier.try_recv().is_err(), "a second request went out");
}

#[tokio::test]
async fn a_server_that_never_says_how_many_it_takes_gets_requests_all_the_same() {
    let server = Server::start(|_, stream| async move {
        let peer = Peer::accept_silently(stream).await.unwrap();
        peer.answer_all("done").await;
    })
    .await;
    let config = Config {
        connect_timeout: Duration::from_millis(50),
        ..http2()
    };
    assert_eq!(at_once(&server, config, 10).await, ["done"; 10]);
}

#[tokio::test]
async fn refused_streams_are_sent_again_while_the_server_takes_others() {
    let server = serve(&[], |_, mut peer| async move {
        let mut streams = 0;
        while let Some(request) = peer.next(HEADERS).await {
            streams += 1;
            if streams % 4 == 1 {
                peer.answer(request.stream, "done").await;
            } else {
                peer.reset(request.stream, REFUSED_STREAM).await;
            }
        }
    })
    .await;
    let config = Config {
        max_connections: 1,
        ..http2()
    };
    assert_eq!(at_once(&server, config, 20).await, ["done"; 20]);
}
