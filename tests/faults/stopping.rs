//! Stopping: calls under way end well, and nothing else holds it up.

use std::slice;
use std::time::Duration;

use tokio::time::timeout;
use tonic::Code;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::QUIET;
use crate::caller::Step::{Bytes, Data, Head as Open, Preface};
use crate::caller::{Conversation, GET_USER, Head, Step};
use crate::calls::{Answer, Call, Caller};
use crate::gateway::{Gateway, Settings};
use crate::http2 as wire;
use crate::upstream::Step::{Pause, Send};
use crate::upstream::{GOOD, Script, Upstream, Version};

/// How long a stop may take that nothing holds up. The grace period is twice
/// that.
const PROMPT: Duration = Duration::from_secs(5);

const WATCH: Head = Head {
    path: "/grpc.health.v1.Health/Watch",
    fields: &[("content-type", "application/grpc"), ("te", "trailers")],
    ..GET_USER
};

const REFLECT: Head = Head {
    path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ..WATCH
};

const UPLOAD: Head = Head {
    path: "/web1on1.v2.UserService/UploadUserAvatar",
    ..WATCH
};

/// Stops a gateway that has a connection on which this was done.
async fn check(script: &[Step]) {
    let _quiet = QUIET.read().await;
    let any = ([127, 0, 0, 1], 0).into();
    let upstream = Upstream::good(any, Version::Http1);
    let settings = Settings {
        handshake: PROMPT * 4,
        default_deadline: PROMPT * 4,
        ..Settings::default()
    };
    let mut gateway = Gateway::start(slice::from_ref(&upstream.url), settings).await;
    let mut caller = Conversation::start(gateway.address, true)
        .await
        .expect("the gateway accepts connections");
    caller.follow(script, &upstream).await;
    // What was sent has arrived when another call on another connection, sent
    // later, is answered.
    let other = Caller::new(gateway.address);
    let answer = other.call(Call::Get, Some(PROMPT)).await;
    assert!(matches!(answer, Answer::Ok { .. }), "{answer:?}");
    gateway.stop();
    let stopped = timeout(PROMPT, gateway.stopped()).await;
    stopped
        .expect("the stop was held up")
        .expect("the gateway stops well");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_of_health_does_not_hold_up_the_stop() {
    check(&[Preface(&[]), Open(WATCH, false), Data(b"\0\0\0\0\0", true)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reflection_stream_does_not_hold_up_the_stop() {
    check(&[
        Preface(&[]),
        Open(REFLECT, false),
        // It lists the services.
        Data(b"\0\0\0\0\x03\x3a\x01*", false),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_says_nothing_does_not_hold_up_the_stop() {
    check(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_of_a_preface_does_not_hold_up_the_stop() {
    check(&[Bytes(b"PRI * HTTP/2.0\r\n\r\nS")]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preface_alone_does_not_hold_up_the_stop() {
    check(&[Bytes(wire::PREFACE)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_does_not_hold_up_the_stop() {
    check(&[Preface(&[])]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_without_a_message_do_not_hold_up_the_stop() {
    check(&[Preface(&[]), Open(GET_USER, false)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_of_a_message_does_not_hold_up_the_stop() {
    check(&[
        Preface(&[]),
        Open(WATCH, false),
        Data(b"\0\0\0\0\x04\x0a", false),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_without_its_header_does_not_hold_up_the_stop() {
    check(&[Preface(&[]), Open(UPLOAD, false)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_under_way_ends_well_while_the_gateway_stops() {
    const SCRIPT: Script = Script::OnRequest(&[
        Pause(Duration::from_secs(1)),
        Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{\"id\":\"late\"}"),
    ]);
    let _quiet = QUIET.read().await;
    let upstream = Upstream::start(Version::Http1, SCRIPT, false, GOOD);
    let mut gateway = Gateway::start(slice::from_ref(&upstream.url), Settings::default()).await;
    upstream.fault();
    let caller = Caller::new(gateway.address);
    let stopping = async {
        while upstream.attempts() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        gateway.stop();
        timeout(PROMPT, gateway.stopped()).await
    };
    let (answer, stopped) = tokio::join!(caller.call(Call::Get, Some(PROMPT)), stopping);
    let late = Answer::Ok {
        id: "late".to_owned(),
        next_offset: None,
    };
    assert_eq!(answer, late);
    stopped
        .expect("the stop was held up")
        .expect("the gateway stops well");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_connections_are_served_until_health_has_told_that_they_should_go_elsewhere() {
    let _quiet = QUIET.read().await;
    let any = ([127, 0, 0, 1], 0).into();
    let upstream = Upstream::good(any, Version::Http1);
    let settings = Settings {
        drain_delay: Duration::from_secs(2),
        ..Settings::default()
    };
    let mut gateway = Gateway::start(slice::from_ref(&upstream.url), settings).await;
    let channel = Endpoint::from_shared(format!("http://{}", gateway.address))
        .expect("the address is a URL")
        .connect()
        .await
        .expect("the gateway accepts connections");
    let request = HealthCheckRequest {
        service: String::new(),
    };
    let mut watch = HealthClient::new(channel)
        .watch(request)
        .await
        .expect("health can be watched")
        .into_inner();
    let first = watch.message().await.expect("a status").expect("a status");
    assert_eq!(first.status(), ServingStatus::Serving);
    gateway.stop();
    let told = timeout(PROMPT, watch.message()).await;
    let told = told.expect("health says nothing of the stop");
    let told = told.expect("a status").expect("a status");
    assert_eq!(told.status(), ServingStatus::NotServing);
    let late = Caller::new(gateway.address);
    let answer = late.call(Call::Get, Some(PROMPT)).await;
    assert!(
        matches!(answer, Answer::Ok { .. }),
        "a caller who connects while the news spreads is refused: {answer:?}"
    );
    let end = timeout(PROMPT, watch.message()).await;
    let end = end.expect("the watch goes on after the stop");
    assert!(
        matches!(&end, Ok(None)) || end.as_ref().is_err_and(is_of_the_stop),
        "{end:?}"
    );
    timeout(PROMPT, gateway.stopped())
        .await
        .expect("the stop was held up")
        .expect("the gateway stops well");
}

fn is_of_the_stop(status: &tonic::Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Cancelled)
}
