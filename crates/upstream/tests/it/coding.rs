//! Replies that are coded, and what they may not do.

use std::io::Write as _;

use async_compression::Level;
use async_compression::tokio::bufread;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body_util::BodyExt as _;
use tokio::io::AsyncReadExt as _;
use upstream::{Config, ReplyErrorKind, SendErrorKind};

use crate::support::{Server, get, read_request, request, send, soon, text, write};

async fn coded(coding: &str, plain: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = match coding {
        "gzip" | "x-gzip" => {
            bufread::GzipEncoder::new(plain)
                .read_to_end(&mut bytes)
                .await
        }
        "deflate" => {
            bufread::ZlibEncoder::new(plain)
                .read_to_end(&mut bytes)
                .await
        }
        "br" => {
            bufread::BrotliEncoder::with_quality(plain, Level::Fastest)
                .read_to_end(&mut bytes)
                .await
        }
        "zstd" => {
            bufread::ZstdEncoder::new(plain)
                .read_to_end(&mut bytes)
                .await
        }
        other => panic!("{other} is no coding"),
    };
    read.unwrap();
    bytes
}

/// A server that answers with these bytes as they are, said to be coded so.
async fn serving(coding: &str, bytes: Vec<u8>) -> Server {
    let mut answer = Vec::new();
    let length = bytes.len();
    write!(
        answer,
        "HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {length}\r\n\r\n"
    )
    .unwrap();
    answer.extend(bytes);
    Server::start(move |_, mut stream| {
        let answer = answer.clone();
        async move {
            while read_request(&mut stream).await.is_some() {
                write(&mut stream, &answer).await;
            }
        }
    })
    .await
}

fn once() -> Config {
    Config {
        max_retries: 0,
        ..Config::default()
    }
}

async fn failure(coding: &str, bytes: Vec<u8>, config: Config) -> String {
    let server = serving(coding, bytes).await;
    let response = soon(server.client(config).send(get())).await.unwrap();
    let error = soon(response.into_body().collect()).await.unwrap_err();
    error.kind.to_string()
}

#[tokio::test]
async fn each_coding_is_decoded_although_nobody_asked() {
    let plain = "{\"name\":\"Ada\"}".repeat(1000);
    for coding in ["gzip", "x-gzip", "deflate", "br", "zstd"] {
        let server = serving(coding, coded(coding, plain.as_bytes()).await).await;
        let client = server.client(once());
        for _ in 0..2 {
            let response = soon(client.send(get())).await.unwrap();
            assert_eq!(response.headers().get(CONTENT_ENCODING), None);
            assert_eq!(response.headers().get(CONTENT_LENGTH), None);
            assert_eq!(text(response).await, plain, "from {coding}");
        }
        assert_eq!(server.connections(), 1, "for {coding}");
    }
}

#[tokio::test]
async fn codings_on_top_of_each_other_are_decoded() {
    let inner = coded("gzip", b"plain").await;
    let bytes = coded("zstd", &inner).await;
    let server = serving("gzip, zstd", bytes).await;
    assert_eq!(send(&server.client(once()), get()).await.unwrap(), "plain");
}

#[tokio::test]
async fn members_of_gzip_follow_each_other() {
    let mut bytes = coded("gzip", b"one ").await;
    bytes.extend(coded("gzip", b"two").await);
    let server = serving("gzip", bytes).await;
    assert_eq!(
        send(&server.client(once()), get()).await.unwrap(),
        "one two"
    );
}

#[tokio::test]
async fn frames_of_zstd_follow_each_other() {
    let mut bytes = coded("zstd", b"one ").await;
    bytes.extend(coded("zstd", b"two").await);
    let server = serving("zstd", bytes).await;
    assert_eq!(
        send(&server.client(once()), get()).await.unwrap(),
        "one two"
    );
}

#[tokio::test]
async fn bytes_behind_the_last_of_several_members_are_malformed() {
    for coding in ["gzip", "zstd"] {
        let mut bytes = coded(coding, b"one ").await;
        bytes.extend(coded(coding, b"two").await);
        bytes.extend(b"more");
        let found = failure(coding, bytes, once()).await;
        assert!(
            found.starts_with("the reply is malformed"),
            "{coding}: {found}"
        );
    }
}

#[tokio::test]
async fn an_unknown_coding_is_malformed() {
    let server = serving("compress", b"bytes".to_vec()).await;
    let error = soon(server.client(once()).send(get())).await.unwrap_err();
    let detail = "its content coding is unknown";
    assert_eq!(error.kind, SendErrorKind::Malformed { detail });
}

#[tokio::test]
async fn a_coding_that_is_cut_off_is_malformed() {
    let plain: Vec<u8> = (0..5_000_u32)
        .flat_map(|number| number.wrapping_mul(number).to_be_bytes())
        .collect();
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let mut bytes = coded(coding, &plain).await;
        bytes.truncate(bytes.len() - 10);
        let found = failure(coding, bytes, once()).await;
        assert!(
            found.starts_with("the reply is malformed"),
            "{coding}: {found}"
        );
    }
}

#[tokio::test]
async fn bytes_behind_the_end_of_a_coding_are_malformed() {
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let mut bytes = coded(coding, b"plain").await;
        bytes.extend(b"more");
        let found = failure(coding, bytes, once()).await;
        assert!(
            found.starts_with("the reply is malformed"),
            "{coding}: {found}"
        );
    }
}

#[tokio::test]
async fn what_is_not_coded_as_it_says_is_malformed() {
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let found = failure(coding, b"{\"plain\": true}".to_vec(), once()).await;
        assert!(
            found.starts_with("the reply is malformed"),
            "{coding}: {found}"
        );
    }
}

#[tokio::test]
async fn a_large_reply_that_grows_too_much_is_refused() {
    let plain = vec![0; 20 << 20];
    for coding in ["gzip", "zstd", "br"] {
        let bytes = coded(coding, &plain).await;
        let found = failure(coding, bytes, once()).await;
        let expected = "the reply is malformed: it grows too much when decoded";
        assert_eq!(found, expected, "for {coding}");
    }
}

#[tokio::test]
async fn a_list_of_rows_that_are_alike_may_grow_as_it_likes() {
    let plain = "{\"id\":\"4711\",\"name\":\"Ada\"},".repeat(100_000);
    for coding in ["gzip", "zstd", "br"] {
        let bytes = coded(coding, plain.as_bytes()).await;
        let ratio = plain.len() / bytes.len();
        assert!(
            ratio > 200,
            "the rows shrink only {ratio} times in {coding}"
        );
        let server = serving(coding, bytes).await;
        let reply = send(&server.client(once()), get()).await.unwrap();
        assert_eq!(reply.len(), plain.len());
    }
}

#[tokio::test]
async fn the_bound_on_growth_can_be_set() {
    let config = Config {
        ratio_floor: 1 << 20,
        ..once()
    };
    let bytes = coded("gzip", &vec![b'x'; 2 << 20]).await;
    let found = failure("gzip", bytes, config).await;
    assert_eq!(
        found,
        "the reply is malformed: it grows too much when decoded"
    );
}

#[tokio::test]
async fn a_reply_that_breaks_off_while_decoding_has_broken_off() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 900\r\n\r\n\x1f";
    let server = Server::start(move |_, mut stream| async move {
        read_request(&mut stream).await;
        write(&mut stream, answer).await;
    })
    .await;
    let response = soon(server.client(once()).send(get())).await.unwrap();
    let error = soon(response.into_body().collect()).await.unwrap_err();
    assert_eq!(error.kind, ReplyErrorKind::BrokeOff);
}

#[tokio::test]
async fn without_decoding_a_reply_stays_as_it_is() {
    let bytes = coded("gzip", b"plain").await;
    let server = serving("gzip", bytes.clone()).await;
    let config = Config {
        decode: false,
        ..once()
    };
    let response = soon(server.client(config).send(get())).await.unwrap();
    assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
    let found = soon(response.into_body().collect())
        .await
        .unwrap()
        .to_bytes();
    assert_eq!(found, bytes);
}

#[tokio::test]
async fn a_reply_without_a_body_may_say_how_it_would_be_coded() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 900\r\n\r\n";
    let server = Server::start(move |_, mut stream| async move {
        read_request(&mut stream).await;
        write(&mut stream, answer).await;
    })
    .await;
    let head = request(http::Method::HEAD, bytes::Bytes::new());
    assert_eq!(send(&server.client(once()), head).await.unwrap(), "");
}
