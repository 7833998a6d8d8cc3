use std::net::IpAddr;

use h2::client::{Connection, SendRequest};
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinHandle;
use tower::service_fn;

use super::*;
use crate::traffic::Metered;

const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// A server of one connection, on a clock that stands still unless everybody
/// waits for it.
struct Served {
    client: DuplexStream,
    ended: JoinHandle<Duration>,
    phase: watch::Sender<Phase>,
    /// What is held for each call.
    held: Arc<()>,
}

/// Serves a connection whose calls take as long as the header `takes` says, in
/// seconds.
fn serve_with(config: Config) -> Served {
    let service = |request: Request<Body>, _: Arc<()>| async move {
        let takes = request.headers().get("takes");
        let takes = takes.map_or("0", |takes| takes.to_str().expect("a number"));
        tokio::time::sleep(Duration::from_secs(takes.parse().expect("a number"))).await;
        Response::new(Body::empty())
    };
    serve_on(config, 1 << 20, service)
}

/// Serves a connection whose replies have so many bytes and so much time, and
/// of which so many bytes are on the way at most.
fn serve_replies(config: Config, length: usize, time: Duration, on_the_way: usize) -> Served {
    let service = move |_: Request<Body>, held: Arc<()>| async move {
        let body = http_body_util::Full::new(Bytes::from(vec![0; length]));
        let mut response = Response::new(Body::new(body));
        let extensions = response.extensions_mut();
        extensions.insert(Ends(Instant::now() + time));
        extensions.insert(held);
        response
    };
    serve_on(config, on_the_way, service)
}

fn serve_on<S, F>(config: Config, on_the_way: usize, answer: S) -> Served
where
    S: Fn(Request<Body>, Arc<()>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send,
{
    let (client, server) = tokio::io::duplex(on_the_way);
    let (phase, phases) = watch::channel(Phase::Serving);
    let held = Arc::new(());
    let place = Arc::clone(&held);
    let service = service_fn(move |request: Request<Body>| {
        let answer = answer(request, Arc::clone(&place));
        async move { Ok(answer.await) }
    });
    let ended = tokio::spawn(async move {
        let started = Instant::now();
        // Either side may be the first to close.
        let (server, traffic) = Metered::new(server);
        let peer = Peer::new(PEER, None);
        let _ = serve(server, traffic, peer, service, &config, phases).await;
        started.elapsed()
    });
    Served {
        client,
        ended,
        phase,
        held,
    }
}

async fn connect(client: DuplexStream) -> (SendRequest<Bytes>, JoinHandle<()>) {
    let (requests, connection): (_, Connection<_, Bytes>) =
        h2::client::handshake(client).await.expect("HTTP/2");
    let connection = tokio::spawn(async move {
        connection.await.expect("the server says goodbye");
    });
    (requests.ready().await.expect("it is open"), connection)
}

fn request(takes: &str) -> Request<()> {
    let request = Request::post("http://gateway/").header("takes", takes);
    request.body(()).expect("a request")
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_after_the_preface_is_hung_up_on() {
    let config = Config::default();
    let within = config.preface_timeout;
    let mut served = serve_with(config);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    served.client.write_all(preface).await.expect("sent");
    let took = served.ended.await.expect("no panic");
    assert!(took >= within && took < within * 2, "it took {took:?}");
    let mut rest = Vec::new();
    let read = served.client.read_to_end(&mut rest).await;
    read.expect("the connection is closed");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_pings_is_hung_up_on() {
    let config = Config::default();
    let most = config.keep_alive_interval + config.keep_alive_timeout * 2;
    let served = serve_with(config);
    let (_requests, mut connection): (SendRequest<Bytes>, Connection<_, Bytes>) =
        h2::client::handshake(served.client).await.expect("HTTP/2");
    // It answers at first, and is then held without being driven.
    let driven = tokio::time::timeout(Duration::from_secs(1), &mut connection).await;
    assert!(driven.is_err(), "the connection ended early: {driven:?}");
    let took = served.ended.await.expect("no panic");
    assert!(took < most, "it took {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_busy_client_need_not_answer_pings_at_once() {
    let config = Config::default();
    let at_least = config.keep_alive_timeout * MAX_POSTPONED;
    let at_most = at_least + config.keep_alive_interval + config.keep_alive_timeout;
    let mut served = serve_with(config);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    served.client.write_all(preface).await.expect("sent");
    // `:method: POST`, `:scheme: http`, `:path: /` and `takes: 999`, of which
    // only the first three are in the static table (RFC 7541).
    let call = b"\0\0\x0e\x01\x05\0\0\0\x01\x83\x86\x84\0\x05takes\x03999";
    served.client.write_all(call).await.expect("sent");
    let update = b"\0\0\x04\x08\0\0\0\0\0\0\0\0\x01";
    while served.client.write_all(update).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let took = served.ended.await.expect("no panic");
    assert!(took >= at_least && took < at_most, "it took {took:?}");
}

/// Opens a connection with windows of 1 GiB, and makes one call.
async fn call_without_reading(client: &mut DuplexStream) {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\
        \0\0\x06\x04\0\0\0\0\0\0\x04\x40\0\0\0\
        \0\0\x04\x08\0\0\0\0\0\x3f\xff\0\0";
    client.write_all(preface).await.expect("sent");
    let call = b"\0\0\x03\x01\x05\0\0\0\x01\x83\x86\x84";
    client.write_all(call).await.expect("sent");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_and_does_not_read_is_hung_up_on() {
    let config = Config::default();
    let at_most = config.keep_alive_interval + config.keep_alive_timeout * 3;
    let mut served = serve_replies(config, 1 << 20, Duration::from_mins(5), 1 << 10);
    call_without_reading(&mut served.client).await;
    let update = b"\0\0\x04\x08\0\0\0\0\0\0\0\0\x01";
    while served.client.write_all(update).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let took = served.ended.await.expect("no panic");
    assert!(took < at_most, "it took {took:?}");
}

#[tokio::test(start_paused = true)]
async fn replies_that_are_not_read_are_held_for_until_their_deadline() {
    let deadline = Duration::from_secs(4);
    // The second is whole in the buffers of the connection.
    for length in [1 << 20, 100 << 10] {
        let config = Config::default();
        let stalled = config.keep_alive_timeout * 2;
        let mut served = serve_replies(config, length, deadline, 1 << 10);
        call_without_reading(&mut served.client).await;
        let call = b"\0\0\x03\x01\x05\0\0\0\x03\x83\x86\x84";
        served.client.write_all(call).await.expect("sent");
        // One is of the test, one of the service.
        let held = Arc::clone(&served.held);
        let held = || Arc::strong_count(&held) - 3;
        tokio::time::sleep(deadline * 3 / 4).await;
        assert_eq!(held(), 2, "{length} bytes are held for nobody");
        tokio::time::sleep(deadline / 2).await;
        assert!(!served.ended.is_finished(), "the connection is gone");
        // A frame that is partly written keeps what it is of.
        assert!(held() <= 1, "{length} bytes outlive their deadline");
        let took = served.ended.await.expect("no panic");
        assert!(took <= stalled, "it took {took:?}");
        assert_eq!(Arc::strong_count(&served.held), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_leaves_waits_for_whoever_reads_the_last_replies() {
    let config = Config {
        keep_alive_timeout: Duration::from_mins(1),
        ..Config::default()
    };
    let length = SMALL;
    let mut served = serve_replies(config, length, Duration::from_mins(1), 1 << 10);
    call_without_reading(&mut served.client).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    served.phase.send_replace(Phase::Leaving);
    let mut read = vec![0; 0];
    while read.len() < length {
        tokio::time::sleep(GOODBYE).await;
        let count = served.client.read_buf(&mut read).await.expect("open");
        assert!(count > 0, "the reply ends after {} bytes", read.len());
    }
    let took = served.ended.await.expect("no panic");
    assert!(took < Duration::from_mins(1), "it took {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_leaves_does_not_wait_for_whoever_reads_nothing() {
    let config = Config {
        keep_alive_interval: Duration::from_mins(5),
        ..Config::default()
    };
    let at_most = config.keep_alive_timeout * 2;
    let mut served = serve_replies(config, SMALL, Duration::from_mins(1), 1 << 10);
    call_without_reading(&mut served.client).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    served.phase.send_replace(Phase::Leaving);
    let took = served.ended.await.expect("no panic");
    assert!(took < at_most, "it took {took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_unused_connection_is_said_goodbye_to() {
    let config = Config {
        idle_timeout: Duration::from_mins(1),
        ..Config::default()
    };
    let served = serve_with(config);
    let (mut requests, connection) = connect(served.client).await;
    let (response, _) = requests.send_request(request("30"), true).expect("sent");
    response.await.expect("answered");
    let took = served.ended.await.expect("no panic");
    connection.await.expect("a graceful end");
    // The time counts from the end of the last call.
    let expected = Duration::from_secs(90)..Duration::from_secs(115);
    assert!(expected.contains(&took), "it took {took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_old_connection_goes_away_without_losing_a_call() {
    let config = Config {
        max_age: Duration::from_secs(10),
        ..Config::default()
    };
    let served = serve_with(config);
    let (mut requests, connection) = connect(served.client).await;
    let (response, _) = requests.send_request(request("15"), true).expect("sent");
    let response = response.await.expect("the call was under way");
    assert_eq!(response.status(), StatusCode::OK);
    connection.await.expect("a graceful end");
    let took = served.ended.await.expect("no panic");
    let expected = Duration::from_secs(15)..Duration::from_secs(18);
    assert!(expected.contains(&took), "it took {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_leaves_takes_its_idle_connections_along() {
    let served = serve_with(Config::default());
    let (_requests, connection) = connect(served.client).await;
    served.phase.send_replace(Phase::Leaving);
    let took = served.ended.await.expect("no panic");
    connection.await.expect("a graceful end");
    assert!(took < Duration::from_secs(3), "it took {took:?}");
}

#[tokio::test(start_paused = true)]
async fn streams_beyond_the_limit_are_refused_one_by_one() {
    let config = Config {
        max_streams: 10,
        ..Config::default()
    };
    let served = serve_with(config);
    let (client, server_side) = (served.client, served.ended);
    let (requests, connection): (_, Connection<_, Bytes>) = h2::client::Builder::new()
        .initial_max_send_streams(10_000)
        .handshake(client)
        .await
        .expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let mut calls = JoinSet::new();
    for _ in 0..5_000 {
        let mut requests = requests.clone();
        calls.spawn(async move {
            let (response, mut body) = requests.send_request(request("1"), false)?;
            let _ = body.send_data(Bytes::from_static(b"data"), true);
            response.await.map(|_| ())
        });
    }
    let (mut answered, mut refused) = (0, 0);
    while let Some(call) = calls.join_next().await {
        match call.expect("no panic") {
            Ok(()) => answered += 1,
            Err(error) => {
                assert_eq!(error.reason(), Some(Reason::REFUSED_STREAM), "{error}");
                refused += 1;
            }
        }
    }
    assert!(
        answered >= 10,
        "{answered} were answered, {refused} refused"
    );
    drop(requests);
    connection.abort();
    let _ = server_side.await;
}
