use std::convert::Infallible;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use tower::service_fn;

use super::*;

/// Something is wrong with a reply that says so.
fn judge(rpc: &str, _: StatusCode, reply: &[u8]) -> Option<Result<(), Vec<String>>> {
    match reply {
        _ if rpc.is_empty() => None,
        b"bad" => Some(Err(vec!["[3].email".to_owned(), "[4].email".to_owned()])),
        _ => Some(Ok(())),
    }
}

struct Watching {
    watch: Watch,
    drifts: Drifts,
    registry: Registry,
}

impl Watching {
    fn start(ratio: f64) -> Self {
        let (drifts, registry) = (Drifts::default(), Registry::default());
        let watch = Watch::start(ratio, judge, drifts.clone(), &registry);
        Self {
            watch: watch.expect("there is a thread"),
            drifts,
            registry,
        }
    }

    /// Sends a call to an upstream that answers with this, and reads the reply.
    async fn call(&self, reply: &[u8], status: u16) -> Bytes {
        let body = self.begin(reply, status).await;
        body.collect().await.expect("it is whole").to_bytes()
    }

    /// Sends a call to an upstream that answers with this.
    async fn begin(&self, reply: &[u8], status: u16) -> WatchedBody<Full<Bytes>> {
        let reply = Bytes::copy_from_slice(reply);
        let upstream = self.watch.over(service_fn(move |_: Request<RequestBody>| {
            let mut response = Response::new(Full::new(reply.clone()));
            *response.status_mut() = StatusCode::from_u16(status).expect("it is a status");
            async move { Ok::<_, Infallible>(response) }
        }));
        let mut request = Request::new(RequestBody::Whole(Bytes::new()));
        request.extensions_mut().insert(CallContext {
            rpc: "a.B/C",
            ..CallContext::default()
        });
        let response = upstream.send(request).await.expect("there is a reply");
        response.into_body()
    }

    /// Checks that the counter gets to this value.
    #[track_caller]
    fn check(&self, result: &str, expected: u64) {
        let line =
            format!("web1on1_gateway_watched_replies_total{{result=\"{result}\"}} {expected}");
        let begun = Instant::now();
        loop {
            let text = self.registry.render();
            if text.lines().any(|found| found == line) {
                return;
            }
            let is_late = begun.elapsed() > Duration::from_secs(10);
            assert!(!is_late, "there is no {line}:\n{text}");
            std::thread::yield_now();
        }
    }
}

#[tokio::test]
async fn what_is_picked_is_validated_and_handed_on_as_it_is() {
    let watching = Watching::start(1.0);
    assert_eq!(watching.call(b"good", 200).await, "good");
    watching.check("valid", 1);
    assert_eq!(watching.call(b"bad", 200).await, "bad");
    watching.check("invalid", 1);
    let found = watching.drifts.listed();
    assert_eq!(
        found,
        [(
            "a.B/C".to_owned(),
            "/*/email".to_owned(),
            "schema_violation",
            1
        )]
    );
}

#[tokio::test]
async fn errors_of_the_upstream_are_not_validated() {
    let watching = Watching::start(1.0);
    assert_eq!(watching.call(b"bad", 500).await, "bad");
    watching.call(b"good", 200).await;
    watching.check("valid", 1);
    watching.check("invalid", 0);
}

#[tokio::test]
async fn what_is_too_large_is_counted_and_handed_on() {
    let watching = Watching::start(1.0);
    let large = vec![b'x'; MAX_REPLY + 1];
    assert_eq!(watching.call(&large, 200).await.len(), large.len());
    watching.check("too_large", 1);
}

#[tokio::test]
async fn what_there_is_no_room_for_is_counted_until_there_is() {
    let watching = Watching::start(1.0);
    let whole = vec![b'x'; MAX_REPLY];
    let mut on_their_way = Vec::new();
    for _ in 0..MAX_HELD / MAX_REPLY {
        let mut body = watching.begin(&whole, 200).await;
        body.frame().await.expect("a piece").expect("it is whole");
        on_their_way.push(body);
    }
    watching.check("too_many", 0);
    assert_eq!(watching.call(b"good", 200).await, "good");
    watching.check("too_many", 1);
    drop(on_their_way);
    assert_eq!(watching.call(b"good", 200).await, "good");
    watching.check("valid", 1);
}

#[tokio::test]
async fn without_a_ratio_nothing_is_picked() {
    let watching = Watching::start(0.0);
    assert_eq!(watching.call(b"bad", 200).await, "bad");
    assert_eq!(watching.registry.render(), "");
}
