//! Replies with content codings (RFC 9110, section 8.4).

use std::io::Write as _;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use tonic::Code;

use super::{BROKEN, End, FAULTY, Family, Fault, TOO_LARGE, VIOLATION, ok, reply};
use crate::upstream::Body;

pub(super) const FAMILY: Family = Family {
    name: "Codings",
    about: "The reply is compressed, asked for or not. gzip, zstd, deflate and br are decoded, \
            with a bound on the size and on the ratio. What does not decode is a violation of \
            the contract.",
    faults: FAULTS,
};

const RESOURCE: &[u8] = br#"{"id":"fault"}"#;
const CONFLICT: &[u8] = br#"{"error":{"code":409,"status":"ABORTED","message":"again","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TRY_AGAIN","domain":"d"}]}}"#;

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn zlib(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// One raw block in a frame of zstd (RFC 8878).
fn zstd(content: &[u8]) -> Vec<u8> {
    let size = u8::try_from(content.len()).expect("a short content");
    let mut bytes = vec![
        0x28,
        0xb5,
        0x2f,
        0xfd,
        0x20,
        size,
        1 | size << 3,
        size >> 5,
        0,
    ];
    bytes.extend(content);
    bytes
}

/// 128 MiB of zeros in blocks of zstd that repeat a byte.
fn zstd_bomb() -> Vec<u8> {
    const BLOCKS: usize = 1024;
    // 2^17 bytes of type 1 (RLE).
    const BLOCK: [u8; 4] = [1 << 1, 0, 1 << 4, 0];
    let mut bytes = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3];
    for _ in 0..BLOCKS {
        bytes.extend(BLOCK);
    }
    bytes.extend([1, 0, 0]);
    bytes
}

/// One uncompressed block of brotli (RFC 7932, section 9.2).
fn brotli(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() - 1).expect("a short content");
    // Window of 16 bits, not the last, four nibbles of length, uncompressed.
    let head = length << 4 | 1 << 20;
    let mut bytes = head.to_le_bytes()[..3].to_vec();
    bytes.extend(content);
    // The last block, empty.
    bytes.push(3);
    bytes
}

/// 4 MiB of blanks.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| gzip(&vec![b' '; 4 << 20]));

fn bomb() -> Vec<u8> {
    BOMB.clone()
}

macro_rules! coded {
    ($coding:literal) => {
        &[
            ("content-type", "application/json"),
            ("content-encoding", $coding),
        ]
    };
}

const TOO_LARGE_OR_VIOLATION: &[End] = &[TOO_LARGE, VIOLATION];
const BROKEN_OR_VIOLATION: &[End] = &[VIOLATION, BROKEN];
const FAULTY_OR_VIOLATION: &[End] = &[FAULTY, VIOLATION];
const KEEPS_ITS_REASON: &[End] = &[End::Fails(Code::Aborted, "TRY_AGAIN")];
const BY_STATUS: &[End] = &[End::Fails(Code::InvalidArgument, "UPSTREAM_HTTP_400")];

const FAULTS: &[Fault] = &[
    ok(
        "answers in gzip",
        coded!("gzip"),
        Body::Made(|| gzip(RESOURCE)),
        &[FAULTY],
    ),
    ok(
        "answers in x-gzip",
        coded!("x-gzip"),
        Body::Made(|| gzip(RESOURCE)),
        &[FAULTY],
    ),
    ok(
        "answers in GZIP",
        coded!("GZIP"),
        Body::Made(|| gzip(RESOURCE)),
        &[FAULTY],
    ),
    ok(
        "answers in deflate",
        coded!("deflate"),
        Body::Made(|| zlib(RESOURCE)),
        &[FAULTY],
    ),
    ok(
        "answers in deflate without its wrapper",
        coded!("deflate"),
        Body::Made(|| deflate(RESOURCE)),
        // RFC 9110, section 8.4.1.2 notes that some do so.
        FAULTY_OR_VIOLATION,
    ),
    ok(
        "answers in zstd",
        coded!("zstd"),
        Body::Made(|| zstd(RESOURCE)),
        &[FAULTY],
    ),
    ok(
        "answers in br",
        coded!("br"),
        Body::Made(|| brotli(RESOURCE)),
        &[FAULTY],
    ),
    ok(
        "answers in identity",
        coded!("identity"),
        Body::Bytes(RESOURCE),
        &[FAULTY],
    ),
    ok(
        "answers in a coding that nobody knows",
        coded!("rot13"),
        Body::Bytes(RESOURCE),
        &[VIOLATION],
    ),
    ok(
        "answers in gzip twice",
        coded!("gzip, gzip"),
        Body::Made(|| gzip(&gzip(RESOURCE))),
        FAULTY_OR_VIOLATION,
    ),
    ok(
        "announces gzip and sends JSON",
        coded!("gzip"),
        Body::Bytes(RESOURCE),
        &[VIOLATION],
    ),
    ok(
        "announces gzip and sends nothing",
        coded!("gzip"),
        Body::Bytes(b""),
        &[VIOLATION],
    ),
    ok(
        "answers half of a gzip",
        coded!("gzip"),
        Body::Made(|| {
            let mut whole = gzip(RESOURCE);
            whole.truncate(whole.len() / 2);
            whole
        }),
        BROKEN_OR_VIOLATION,
    )
    .attempts(1, 3),
    ok(
        "answers a gzip whose checksum is wrong",
        coded!("gzip"),
        Body::Made(|| {
            let mut whole = gzip(RESOURCE);
            let checksum = whole.len() - 8;
            whole[checksum] ^= 1;
            whole
        }),
        BROKEN_OR_VIOLATION,
    )
    .attempts(1, 3),
    ok(
        "answers a gzip with bytes behind it",
        coded!("gzip"),
        Body::Made(|| [gzip(RESOURCE), b"behind".to_vec()].concat()),
        FAULTY_OR_VIOLATION,
    ),
    ok(
        "answers 4 MiB in 4 KiB of gzip",
        coded!("gzip"),
        Body::Made(bomb),
        TOO_LARGE_OR_VIOLATION,
    )
    .retry_info(super::RetryInfo::Absent),
    ok(
        "answers 128 MiB in 4 KiB of zstd",
        coded!("zstd"),
        Body::Made(zstd_bomb),
        TOO_LARGE_OR_VIOLATION,
    )
    .retry_info(super::RetryInfo::Absent),
    reply(
        "answers an error in gzip",
        409,
        coded!("gzip"),
        Body::Made(|| gzip(CONFLICT)),
        KEEPS_ITS_REASON,
    )
    .of(crate::calls::Call::Patch),
    reply(
        "answers an error of 4 MiB in 4 KiB of gzip",
        400,
        coded!("gzip"),
        Body::Made(bomb),
        BY_STATUS,
    ),
    reply(
        "answers an error in a coding that nobody knows",
        400,
        coded!("rot13"),
        Body::Bytes(CONFLICT),
        BY_STATUS,
    ),
];
