use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt as _, StreamBody};
use tonic_types::StatusExt as _;

use super::*;
use crate::config::Config;
use crate::rpcs::Rpc;

const MAX: usize = 1000;

fn config() -> Config {
    Config {
        max_message: MAX,
        ..Config::default()
    }
}

fn frame(flag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("a short message");
    [&[flag][..], &length.to_be_bytes(), content].concat()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

/// The body of a request of which nothing has arrived yet.
fn checked(layer: Layer, kind: Kind, body: Body) -> Checked {
    Checked {
        body,
        kind,
        encoding: Encoding::Identity,
        count: 0,
        length: 0,
        unread: Bytes::new(),
        state: State::Flag,
        leaving: None,
        layer: Arc::new(layer),
        call: Call::of(Rpc {
            name: "a.B/C".into(),
            client_streaming: kind != Kind::One,
            server_streaming: kind == Kind::Conversation,
        }),
    }
}

/// What passes of a request that arrives in chunks of this size.
async fn pass(
    kind: Kind,
    encoding: Encoding,
    request: &[u8],
    chunk: usize,
) -> Result<Vec<u8>, Status> {
    let chunks: Vec<_> = request
        .chunks(chunk)
        .map(|chunk| Ok::<_, Status>(Frame::data(Bytes::copy_from_slice(chunk))))
        .collect();
    let (_serving, phase) = watch::channel(Phase::Serving);
    let layer = Layer::new(Bounds::new(&config(), "test".into()), "test".into(), phase);
    let body = Body::new(StreamBody::new(tokio_stream::iter(chunks)));
    let checked = Checked {
        encoding,
        ..checked(layer, kind, body)
    };
    Ok(checked.collect().await?.to_bytes().to_vec())
}

/// Checks what passes, whatever the chunks are that the request arrives in.
async fn passes(kind: Kind, encoding: Encoding, request: &[u8], expected: &[u8]) {
    for chunk in [1, 2, 3, 5, 7, 64, 1 << 20] {
        let passed = pass(kind, encoding.clone(), request, chunk).await;
        let passed = passed.unwrap_or_else(|status| panic!("in chunks of {chunk}: {status}"));
        assert_eq!(passed, expected, "in chunks of {chunk}");
    }
}

async fn refuses(kind: Kind, encoding: Encoding, request: &[u8], code: Code, reason: &str) {
    for chunk in [1, 4, 1 << 20] {
        let status = pass(kind, encoding.clone(), request, chunk)
            .await
            .expect_err("it is not what gRPC has");
        assert_eq!(status.code(), code, "{status}");
        let details = status.get_error_details();
        let found = details.error_info().map(|info| info.reason.as_str());
        assert_eq!(found, Some(reason), "{status}");
    }
}

#[tokio::test]
async fn messages_pass_as_they_came() {
    let one = frame(0, b"hello");
    passes(Kind::One, Encoding::Identity, &one, &one).await;
    let empty = frame(0, b"");
    passes(Kind::One, Encoding::Identity, &empty, &empty).await;
    let largest = frame(0, &[7; MAX]);
    passes(Kind::One, Encoding::Gzip, &largest, &largest).await;
    let several = [one, empty, largest].concat();
    passes(Kind::Upload, Encoding::Identity, &several, &several).await;
    passes(Kind::Conversation, Encoding::Identity, b"", b"").await;
}

#[tokio::test]
async fn compressed_messages_are_inflated() {
    let request = frame(1, &gzip(b"hello"));
    passes(Kind::One, Encoding::Gzip, &request, &frame(0, b"hello")).await;
    let mixed = [
        frame(0, b"a"),
        request,
        frame(0, b"b"),
        frame(1, &gzip(b"")),
    ]
    .concat();
    let inflated = [
        frame(0, b"a"),
        frame(0, b"hello"),
        frame(0, b"b"),
        frame(0, b""),
    ]
    .concat();
    passes(Kind::Upload, Encoding::Gzip, &mixed, &inflated).await;
}

#[tokio::test]
async fn a_unary_call_has_exactly_one_message() {
    let two = [frame(0, b"a"), frame(0, b"b")].concat();
    let (code, reason) = (Code::Unimplemented, "MESSAGE_COUNT");
    refuses(Kind::One, Encoding::Identity, &two, code, reason).await;
    refuses(Kind::One, Encoding::Identity, b"", code, reason).await;
}

#[tokio::test]
async fn messages_above_the_limit_are_refused() {
    let (code, reason) = (Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
    let large = frame(0, &[7; MAX + 1]);
    refuses(Kind::One, Encoding::Identity, &large, code, reason).await;
    let announced = [0, 0xff, 0xff, 0xff, 0xff];
    refuses(Kind::Upload, Encoding::Identity, &announced, code, reason).await;
    let bomb = frame(1, &gzip(&vec![0; 100 * MAX]));
    assert!(bomb.len() < MAX, "the bomb is small as it is sent");
    refuses(Kind::One, Encoding::Gzip, &bomb, code, reason).await;
    refuses(Kind::Upload, Encoding::Gzip, &bomb, code, reason).await;
}

#[tokio::test]
async fn what_is_not_framed_is_refused() {
    let (code, reason) = (Code::Internal, "MALFORMED_MESSAGE");
    for request in [
        &frame(2, b"a")[..],
        &frame(0, b"hello")[..6],
        &frame(0, b"hello")[..3],
        &frame(1, b"no gzip"),
        &frame(1, &gzip(b"hello")[..10]),
        &frame(1, b""),
    ] {
        refuses(Kind::One, Encoding::Gzip, request, code, reason).await;
    }
    let compressed = frame(1, &gzip(b"hello"));
    refuses(Kind::One, Encoding::Identity, &compressed, code, reason).await;
}

#[tokio::test]
async fn other_compressions_are_refused_with_those_that_are_accepted() {
    let encoding = Encoding::Other("snappy".to_owned());
    let request = frame(1, b"whatever");
    let status = pass(Kind::One, encoding.clone(), &request, 64)
        .await
        .expect_err("snappy is not supported");
    assert_eq!(status.code(), Code::Unimplemented);
    let accepted = status.metadata().get("grpc-accept-encoding");
    assert_eq!(
        accepted.map(tonic::metadata::MetadataValue::as_bytes),
        Some(&b"identity,gzip"[..])
    );
    // A message that is not compressed has nothing to do with it.
    let plain = frame(0, b"hello");
    passes(Kind::One, encoding, &plain, &plain).await;
}

#[tokio::test(start_paused = true)]
async fn half_a_message_does_not_hold_up_a_server_that_leaves() {
    let (half, whole) = (&[0, 0][..], &[0, 0, 0, 0, 0][..]);
    for (kind, sent) in [
        (Kind::One, half),
        (Kind::Conversation, half),
        (Kind::Conversation, whole),
        (Kind::Upload, half),
        (Kind::Upload, whole),
    ] {
        let (serving, phase) = watch::channel(Phase::Serving);
        let half = tokio_stream::once(Ok::<_, Status>(Frame::data(Bytes::from_static(sent))));
        let stalled = tokio_stream::StreamExt::chain(half, tokio_stream::pending());
        let layer = Layer::new(Bounds::new(&config(), "test".into()), "test".into(), phase);
        let mut checked = checked(layer, kind, Body::new(StreamBody::new(stalled)));
        let first = checked.frame().await.expect("what was sent");
        first.expect("it passes");
        serving.send_replace(Phase::Leaving);
        let next = tokio::time::timeout(Duration::from_secs(5), checked.frame()).await;
        match next {
            Ok(Some(Err(status))) => {
                assert_eq!(status.code(), Code::Unavailable);
                let details = status.get_error_details();
                assert!(details.retry_info().is_some(), "{details:?}");
            }
            other => panic!("{kind:?} after {sent:?}: {other:?}"),
        }
    }
}

/// A request whose messages arrive one by one, with a pause before each.
fn slowly(messages: usize, pause: Duration) -> Body {
    let frames = (0..messages).map(|_| Ok::<_, Status>(Frame::data(frame(0, b"part").into())));
    let frames = tokio_stream::iter(frames);
    Body::new(StreamBody::new(Box::pin(
        tokio_stream::StreamExt::throttle(frames, pause),
    )))
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_goes_on_is_waited_for_by_a_server_that_leaves() {
    for (pause, goes_on) in [(STANDSTILL / 2, true), (STANDSTILL * 2, false)] {
        let (serving, phase) = watch::channel(Phase::Serving);
        let layer = Layer::new(Bounds::new(&config(), "test".into()), "test".into(), phase);
        let mut checked = checked(layer, Kind::Upload, slowly(10, pause));
        checked
            .frame()
            .await
            .expect("a message")
            .expect("it passes");
        serving.send_replace(Phase::Leaving);
        let rest = checked.collect().await;
        assert_eq!(rest.is_ok(), goes_on, "with pauses of {pause:?}");
    }
}

/// A request of which so many bytes of one message arrive, and no more.
fn half(bytes: usize) -> Body {
    let mut begun = frame(0, &vec![0; bytes + 1]);
    begun.pop();
    let begun = tokio_stream::once(Ok::<_, Status>(Frame::data(begun.into())));
    let stalled = tokio_stream::StreamExt::chain(begun, tokio_stream::pending());
    Body::new(StreamBody::new(stalled))
}

#[tokio::test(start_paused = true)]
async fn all_messages_together_take_no_more_memory_than_they_may() {
    let config = Config {
        max_message: 1 << 20,
        max_held: 4 << 20,
        ..Config::default()
    };
    let (_serving, phase) = watch::channel(Phase::Serving);
    let layer = Layer::new(Bounds::new(&config, "test".into()), "test".into(), phase);
    let begin = async || {
        let body = half((1 << 20) - 1);
        let mut checked = checked(layer.clone(), Kind::One, body);
        match checked.frame().await.expect("what was sent") {
            Ok(_) => Ok(checked),
            Err(status) => Err(status),
        }
    };
    // One caller may take half of it.
    let first = begin().await.expect("there is room");
    let second = begin().await.expect("there is room");
    let status = begin().await.map(drop).expect_err("there is no room");
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    let details = status.get_error_details();
    assert!(details.retry_info().is_some(), "{details:?}");
    drop(first);
    begin().await.map(drop).expect("there is room again");
    begin().await.map(drop).expect("and again");
    drop(second);
}

#[tokio::test]
async fn what_follows_a_compressed_message_is_not_dropped() {
    let members = [gzip(b"hello "), gzip(b"world")].concat();
    let (sent, expected) = (frame(1, &members), frame(0, b"hello world"));
    passes(Kind::One, Encoding::Gzip, &sent, &expected).await;
    let garbled = frame(1, &[&gzip(b"hello")[..], b"garbage"].concat());
    let malformed = "MALFORMED_MESSAGE";
    refuses(
        Kind::One,
        Encoding::Gzip,
        &garbled,
        Code::Internal,
        malformed,
    )
    .await;
}
