use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinHandle;
use tower::service_fn;

use super::*;

const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const DEADLINE: Duration = Duration::from_secs(3);
const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nhost: gateway\r\ncontent-length: 0\r\n\r\n";

/// A connection whose replies have so many bytes, at most so many of which are
/// on their way, and what is held for its calls.
struct Served {
    client: DuplexStream,
    ended: JoinHandle<Duration>,
    held: Arc<()>,
    _phase: watch::Sender<Phase>,
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
        let config = Config {
            // The client must not seem to be late with its next request.
            preface_timeout: Duration::from_mins(1),
            ..Config::default()
        };
        // Either side may be the first to close.
        let _ = serve(server, PEER, service, &config, phases).await;
        started.elapsed()
    });
    Served {
        client,
        ended,
        held,
        _phase: phase,
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
