//! HTTP/1.1 replies whose head or framing is wrong.

use tonic::Code;

use super::{
    BROKEN, BROKEN_OR_VIOLATION, End, FAULTY, FAULTY_BODY, Family, Fault, JSON, LATE, LOST,
    TOO_LARGE, VIOLATION, http1, ok, reply,
};
use crate::calls::Call;
use crate::upstream::Step::{Close, Flood, Make, Send, Stall};
use crate::upstream::{Act, Body, Script};

pub(super) const FAMILY: Family = Family {
    name: "Heads and framing",
    about: "The reply is no HTTP, or is framed in a way that cannot be trusted. A caller is told \
            that the upstream breaks its contract; the connection is closed, so that nothing of \
            it is taken for the answer to another call. Large heads are accepted up to a bound.",
    faults: FAULTS,
};

const FAILS_101: &[End] = &[VIOLATION, End::Fails(Code::Internal, "UPSTREAM_HTTP_101")];
const FAILS_205: &[End] = &[VIOLATION, End::Fails(Code::Internal, "UPSTREAM_HTTP_205")];
const FAILS_206: &[End] = &[VIOLATION, End::Fails(Code::Internal, "UPSTREAM_HTTP_206")];
const FAILS_302: &[End] = &[End::Fails(Code::Internal, "UPSTREAM_HTTP_302")];
const FAILS_304: &[End] = &[End::Fails(Code::Internal, "UPSTREAM_HTTP_304")];
const FAILS_600: &[End] = &[VIOLATION, End::Fails(Code::Internal, "UPSTREAM_HTTP_600")];
const FAULTY_OR_VIOLATION: &[End] = &[FAULTY, VIOLATION];
const DELETED: &[End] = &[End::Ok("")];

/// A reply that is no HTTP, and behind it an end.
const fn garbage(name: &'static str, steps: &'static [super::Step]) -> Fault {
    http1(name, steps, &[VIOLATION])
        .retry_info(super::RetryInfo::Absent)
        .closed()
}

/// A reply of 14 bytes of JSON whose head goes on and ends like this.
macro_rules! json_with {
    ($($head:literal),*) => {
        &[Send(concat!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n", $($head, "\r\n",)* "\r\n",
            "{\"id\":\"fault\"}"
        ).as_bytes())]
    };
}

/// A chunked reply.
macro_rules! chunks {
    ($chunks:literal) => {
        &[
            Send(
                concat!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n",
                    "transfer-encoding: chunked\r\n\r\n",
                    $chunks
                )
                .as_bytes(),
            ),
            Stall,
        ]
    };
}

fn many_headers(count: usize, size: usize) -> Vec<(String, String)> {
    (0..count)
        .map(|index| (format!("x-filler-{index}"), "x".repeat(size)))
        .collect()
}

fn with_headers(count: usize, size: usize) -> Vec<u8> {
    use std::fmt::Write as _;

    let mut text = String::from("HTTP/1.1 200 OK\r\n");
    for (name, value) in many_headers(count, size) {
        write!(text, "{name}: {value}\r\n").expect("strings take everything");
    }
    text.push_str("content-type: application/json\r\ncontent-length: 14\r\n\r\n{\"id\":\"fault\"}");
    text.into_bytes()
}

fn head_with(count: usize, size: usize) -> Vec<(String, String)> {
    let mut fields = vec![(":status".to_owned(), "200".to_owned())];
    fields.extend(many_headers(count, size));
    fields.push(("content-type".to_owned(), "application/json".to_owned()));
    fields
}

const JSON_DATA: Act = Act::Data(br#"{"id":"fault"}"#, true);

const FAULTS: &[Fault] = &[
    garbage("answers HTML without a head", &[Send(b"<html>\r\n\r\n"), Close]),
    garbage("answers as an SSH server", &[Send(b"SSH-2.0-OpenSSH_9.6\r\n"), Stall]),
    garbage("answers zeros", &[Send(&[0; 512]), Stall]),
    garbage("answers with a TLS alert", &[Send(&[21, 3, 1, 0, 2, 2, 70, 13, 10]), Close]),
    garbage("answers noise without end", &[Flood(&[0xfe; 4096])]),
    garbage(
        "answers in HTTP/2.0",
        &[Send(b"HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\n{}"), Stall],
    ),
    http1(
        "answers in HTTP/1.0",
        &[
            Send(b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{\"id\":\"fault\"}"),
            Close,
        ],
        &[FAULTY],
    ),
    garbage(
        "answers with a status of two digits",
        &[Send(b"HTTP/1.1 99 Words\r\ncontent-length: 0\r\n\r\n"), Stall],
    ),
    garbage(
        "answers with the status 099",
        &[Send(b"HTTP/1.1 099 Words\r\ncontent-length: 0\r\n\r\n"), Stall],
    ),
    garbage(
        "answers with a status of letters",
        &[Send(b"HTTP/1.1 abc Words\r\ncontent-length: 0\r\n\r\n"), Stall],
    ),
    reply("answers with the status 600", 600, JSON, FAULTY_BODY, FAILS_600),
    garbage(
        "sends a field name with a space",
        &[Send(b"HTTP/1.1 200 OK\r\nx y: 1\r\ncontent-length: 2\r\n\r\n{}"), Stall],
    ),
    garbage(
        "sends a field value with a zero byte",
        &[Send(b"HTTP/1.1 200 OK\r\nx-y: 1\0\r\ncontent-length: 2\r\n\r\n{}"), Stall],
    ),
    garbage(
        "sends a line of a head without a colon",
        &[Send(b"HTTP/1.1 200 OK\r\nnonsense\r\ncontent-length: 2\r\n\r\n{}"), Stall],
    ),
    http1(
        "sends a field value outside of ASCII",
        json_with!("x-name: Z\u{fc}rich", "content-length: 14"),
        // RFC 9110, section 5.5: obs-text is opaque.
        &[FAULTY],
    ),
    http1(
        "sends two content-lengths that differ",
        json_with!("content-length: 14", "content-length: 12"),
        &[VIOLATION],
    )
    .closed(),
    http1("sends a negative content-length", json_with!("content-length: -1"), &[VIOLATION]).closed(),
    http1("sends a content-length with a sign", json_with!("content-length: +14"), &[VIOLATION])
        .closed(),
    http1("sends a content-length of words", json_with!("content-length: many"), &[VIOLATION])
        .closed(),
    http1(
        "sends a content-length beyond 64 bits",
        json_with!("content-length: 99999999999999999999"),
        &[VIOLATION, TOO_LARGE],
    )
    .closed(),
    http1(
        "announces more than the limit",
        json_with!("content-length: 100000000"),
        &[TOO_LARGE],
    )
    .retry_info(super::RetryInfo::Absent)
    .closed(),
    http1(
        "sends more than the limit without announcing it",
        &[
            Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"),
            Flood(&[b' '; 4096]),
        ],
        &[TOO_LARGE],
    )
    .retry_info(super::RetryInfo::Absent)
    .closed(),
    http1(
        "sends a chunk beyond the limit",
        chunks!("7fffffff\r\n{"),
        // It may be waited for, since it has not been sent.
        &[TOO_LARGE, LATE],
    )
    .at_deadline(),
    http1(
        "announces less than it sends",
        json_with!("content-length: 6"),
        &[VIOLATION],
    )
    .closed(),
    http1("sends chunks and a content-length", &[
        Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\
               transfer-encoding: chunked\r\n\r\ne\r\n{\"id\":\"fault\"}\r\n0\r\n\r\n"),
    ], FAULTY_OR_VIOLATION),
    http1("sends a chunk size that is no number", chunks!("zz\r\n{}\r\n"), BROKEN_OR_VIOLATION)
        .attempts(1, 3)
        .closed(),
    http1(
        "sends a chunk size beyond 64 bits",
        chunks!("10000000000000000000\r\n{}\r\n"),
        &[BROKEN, VIOLATION, TOO_LARGE],
    )
    .attempts(1, 3)
    .closed(),
    http1(
        "sends a chunk that is longer than its size",
        chunks!("2\r\n{\"id\":\"fault\"}\r\n0\r\n\r\n"),
        BROKEN_OR_VIOLATION,
    )
    .attempts(1, 3)
    .closed(),
    http1(
        "sends trailer fields",
        &[Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n\
                 e\r\n{\"id\":\"fault\"}\r\n0\r\nx-checksum: 1\r\n\r\n")],
        &[FAULTY],
    ),
    http1(
        "sends bytes behind its reply",
        &[
            Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{\"id\":\"fault\"}GARBAGE"),
            Stall,
        ],
        &[FAULTY],
    )
    .closed(),
    http1(
        "sends two replies to one request",
        &[
            Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{\"id\":\"fault\"}\
                   HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{\"id\":\"second\"}"),
            Stall,
        ],
        &[FAULTY],
    )
    .closed(),
    http1(
        "announces a body with 204 and sends it",
        &[
            Send(b"HTTP/1.1 204 No Content\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{\"id\":\"behind\"}"),
            Stall,
        ],
        DELETED,
    )
    .of(Call::Delete)
    .closed(),
    http1(
        "announces a whole reply as the body of 204",
        &[
            Send(b"HTTP/1.1 204 No Content\r\ncontent-length: 100\r\n\r\n\
                   HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{\"id\":\"behind\"}"),
            Stall,
        ],
        DELETED,
    )
    .of(Call::Delete)
    .closed(),
    reply("answers 204 where a resource is due", 204, &[], Body::Bytes(b""), &[VIOLATION]),
    reply("answers 205 with a body", 205, JSON, FAULTY_BODY, FAILS_205),
    reply("answers 206 to a request without a range", 206, JSON, FAULTY_BODY, FAILS_206),
    reply(
        "redirects",
        302,
        &[("location", "http://127.0.0.1:1/")],
        Body::Bytes(b""),
        FAILS_302,
    ),
    reply("answers 304 to a request without a condition", 304, &[], Body::Bytes(b""), FAILS_304),
    http1(
        "switches protocols unasked",
        &[Send(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"), Stall],
        FAILS_101,
    )
    .closed(),
    http1(
        "sends 103 Early Hints before the answer",
        &[
            Send(b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n"),
            Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{\"id\":\"fault\"}"),
        ],
        &[FAULTY],
    ),
    http1("sends 150 fields", &[Make(|| with_headers(150, 10))], &[FAULTY]),
    http1("sends a head of 40 KiB", &[Make(|| with_headers(4, 10 << 10))], &[FAULTY]),
    garbage(
        "sends a head of 8 MiB",
        &[Make(|| with_headers(1024, 8 << 10)), Stall],
    ),
    garbage(
        "sends 20,000 fields",
        &[Make(|| with_headers(20_000, 400)), Stall],
    ),
    garbage(
        "sends a head without end",
        &[Send(b"HTTP/1.1 200 OK\r\nx-a: "), Flood(&[b'x'; 4096])],
    ),
    Fault::new(
        "sends 150 fields",
        Script::OnStream(&[Act::MakeHeaders(|| head_with(150, 10)), JSON_DATA]),
        &[FAULTY],
    ),
    Fault::new(
        "sends a head of 40 KiB",
        Script::OnStream(&[Act::MakeHeaders(|| head_with(4, 10 << 10)), JSON_DATA]),
        &[FAULTY],
    ),
    Fault::new(
        "sends a head of 8 MiB",
        Script::OnStream(&[Act::MakeHeaders(|| head_with(1024, 8 << 10)), JSON_DATA]),
        &[
            VIOLATION,
            // A header block that is not read to its end ends the connection.
            End::Fails(Code::Unavailable, "UPSTREAM_CONNECTION_LOST"),
        ],
    )
    .attempts(1, 3),
    ok(
        "sends fields that speak of the connection",
        &[("content-type", "application/json"), ("keep-alive", "timeout=0")],
        FAULTY_BODY,
        const { &[FAULTY, VIOLATION, LOST] },
    )
    .attempts(1, 3),
];
