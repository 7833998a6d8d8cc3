use std::net::IpAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinHandle;
use tower::service_fn;

use super::*;
use crate::traffic::Metered;

const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const DEADLINE: Duration = Duration::from_secs(3);
const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nhost: gateway\r\ncontent-length: 0\r\n\r\n";

/// A connection whose replies have so many bytes, at most so many of which are
/// on their way, and what is held for its calls.
struct Served {
    client: DuplexStream,
    ended: JoinHandle<Duration>,
    held: Arc<()>,
    phase: watch::Sender<Phase>,
}

fn serve_with(length: usize, on_the_way: usize) -> Served {
    let (client, server) = tokio::io::duplex(on_the_way);
    let (phase, phases) = watch::channel(Phase::Serving);
    let held = Arc::new(());
    let place = Arc::clone(&held);
    let service = service_fn(move |_: Request<Body>| {
        let place = Arc::clone(&place);
        async move {
            let body = http_body_util::Full::new(Bytes::from(vec![b'.'; length]));
            let mut response = Response::new(Body::new(body));
            let extensions = response.extensions_mut();
            extensions.insert(Ends(Instant::now() + DEADLINE));
            extensions.insert(place);
            Ok(response)
        }
    });
    let ended = tokio::spawn(async move {
        let started = Instant::now();
        let config = Config::default();
        // Either side may be the first to close.
        let (server, traffic) = Metered::new(server);
        let peer = Peer::new(PEER, None);
        let _ = serve(server, traffic, peer, service, &config, phases).await;
        started.elapsed()
    });
    Served {
        client,
        ended,
        held,
        phase,
    }
}

async fn call(client: &mut DuplexStream, length: usize) {
    client.write_all(REQUEST).await.expect("it is open");
    let mut reply = Vec::new();
    while !reply.ends_with(&vec![b'.'; length]) {
        let read = client.read_buf(&mut reply).await.expect("it is open");
        assert!(read > 0, "the connection was closed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_outlives_the_deadline_of_a_call_that_is_over() {
    let mut served = serve_with(5, 1 << 20);
    call(&mut served.client, 5).await;
    tokio::time::sleep(DEADLINE * 2).await;
    call(&mut served.client, 5).await;
    drop(served.client);
    served.ended.await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn an_unread_reply_is_held_for_until_its_deadline() {
    for length in [1 << 10, 1 << 20] {
        let mut served = serve_with(length, 512);
        served.client.write_all(REQUEST).await.expect("it is open");
        tokio::time::sleep(DEADLINE / 2).await;
        let is_large = length > CHUNK * 2;
        // One is of the test, one of the service.
        let is_held = Arc::strong_count(&served.held) > 2;
        assert!(is_held || !is_large, "{length} bytes are held for nobody");
        let took = served.ended.await.expect("no panic");
        assert!(took >= DEADLINE && took < DEADLINE * 2, "it took {took:?}");
        assert_eq!(Arc::strong_count(&served.held), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_the_idle_timeout() {
    let Config { idle_timeout, .. } = Config::default();
    let mut served = serve_with(5, 1 << 20);
    call(&mut served.client, 5).await;
    tokio::time::sleep(idle_timeout * 9 / 10).await;
    call(&mut served.client, 5).await;
    let took = served.ended.await.expect("no panic");
    assert!(took > idle_timeout, "it took {took:?}");
    assert!(took < idle_timeout * 2, "it took {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_become_whole_ends_the_connection() {
    let Config {
        preface_timeout, ..
    } = Config::default();
    for calls in [0, 1] {
        let mut served = serve_with(5, 1 << 20);
        for _ in 0..calls {
            call(&mut served.client, 5).await;
        }
        let dripping = async {
            for byte in REQUEST.iter().cycle().take(10) {
                let _ = served.client.write_all(&[*byte]).await;
                tokio::time::sleep(preface_timeout / 2).await;
            }
        };
        let ((), ended) = tokio::join!(dripping, served.ended);
        let took = ended.expect("no panic");
        assert!(took <= preface_timeout * 3, "it took {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_head_does_not_hold_up_a_server_that_leaves() {
    for calls in [0, 1] {
        let mut served = serve_with(5, 1 << 20);
        for _ in 0..calls {
            call(&mut served.client, 5).await;
        }
        served
            .client
            .write_all(b"POST /")
            .await
            .expect("it is open");
        tokio::task::yield_now().await;
        served.phase.send_replace(Phase::Leaving);
        let took = served.ended.await.expect("no panic");
        assert!(took <= LAST_WORDS, "it took {took:?}");
    }
}
