//! HTTP/2 connections whose frames break the rules.

use tonic::Code;

use super::{BROKEN, End, FAULTY, Family, Fault, LATE, LOST, VIOLATION, http2};
use crate::http2 as wire;
use crate::http2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PUSH_PROMISE, RST_STREAM,
    SETTINGS, WINDOW_UPDATE,
};
use crate::upstream::{Act, On};

pub(super) const FAMILY: Family = Family {
    name: "Frames",
    about: "The upstream breaks a rule of HTTP/2. Where the rule is one of a stream, the stream \
            ends and the others go on; where it is one of the connection, that ends and the next \
            call finds another. Whether a caller reads of a violation or of a lost connection \
            depends on what can be told apart.",
    faults: FAULTS,
};

const WRONG: &[End] = &[VIOLATION, LOST, BROKEN];
const FAULTY_OR_WRONG: &[End] = &[FAULTY, VIOLATION, LOST, BROKEN];
/// A rule is broken in a way that may go unnoticed until the deadline.
const WRONG_OR_LATE: &[End] = &[VIOLATION, LOST, BROKEN, LATE];
const FAULTY_OR_BROKEN: &[End] = &[FAULTY, VIOLATION, BROKEN];

const OK: Act = Act::Headers(
    &[(":status", "200"), ("content-type", "application/json")],
    false,
);
const JSON: Act = Act::Data(br#"{"id":"fault"}"#, true);

const fn wrong(name: &'static str, acts: &'static [Act]) -> Fault {
    http2(name, acts, WRONG).attempts(1, 3)
}

/// A head that is malformed in the sense of RFC 9113, section 8.1.1.
macro_rules! malformed {
    ($name:literal, $($field:expr),*) => {
        wrong($name, &[Act::Headers(&[$($field),*], false), JSON])
    };
}

const FAULTS: &[Fault] = &[
    wrong("sends a body before the head", &[JSON, OK]),
    malformed!(
        "sends a head without :status",
        ("content-type", "application/json")
    ),
    malformed!(
        "sends :status twice",
        (":status", "200"),
        (":status", "201")
    ),
    malformed!("sends a :status of letters", (":status", "abc")),
    malformed!("sends a :status below 100", (":status", "099")),
    malformed!(
        "sends a pseudo-header that nobody knows",
        (":status", "200"),
        (":x", "1")
    ),
    http2(
        "sends a pseudo-header of requests",
        &[
            Act::Headers(
                &[
                    (":status", "200"),
                    (":path", "/"),
                    ("content-type", "application/json"),
                ],
                false,
            ),
            JSON,
        ],
        // It says nothing that anybody could act on.
        FAULTY_OR_WRONG,
    )
    .attempts(1, 3),
    malformed!(
        "sends a pseudo-header behind a field",
        ("content-type", "application/json"),
        (":status", "200")
    ),
    malformed!(
        "sends a field name in capitals",
        (":status", "200"),
        ("X-Name", "1")
    ),
    malformed!(
        "sends a field name with a space",
        (":status", "200"),
        ("x name", "1")
    ),
    malformed!(
        "sends a line feed in a field",
        (":status", "200"),
        ("x-name", "a\nb")
    ),
    http2(
        "sends a field of the connection",
        &[
            Act::Headers(
                &[
                    (":status", "200"),
                    ("connection", "close"),
                    ("content-type", "application/json"),
                ],
                false,
            ),
            JSON,
        ],
        FAULTY_OR_WRONG,
    )
    .attempts(1, 3),
    wrong(
        "sends less than it announces",
        &[
            Act::Headers(
                &[
                    (":status", "200"),
                    ("content-type", "application/json"),
                    ("content-length", "99"),
                ],
                false,
            ),
            JSON,
        ],
    ),
    wrong(
        "sends more than it announces",
        &[
            Act::Headers(
                &[
                    (":status", "200"),
                    ("content-type", "application/json"),
                    ("content-length", "3"),
                ],
                false,
            ),
            JSON,
        ],
    ),
    http2(
        "sends trailer fields",
        &[
            OK,
            Act::Data(br#"{"id":"fault"}"#, false),
            Act::Headers(&[("x-checksum", "1")], true),
        ],
        &[FAULTY],
    ),
    http2(
        "sends a pseudo-header as a trailer field",
        &[
            OK,
            Act::Data(br#"{"id":"fault"}"#, false),
            Act::Headers(&[(":status", "200")], true),
        ],
        FAULTY_OR_BROKEN,
    )
    .attempts(1, 3),
    http2(
        "goes on behind the end of the stream",
        &[OK, JSON, Act::Data(b"more", true)],
        &[FAULTY],
    ),
    http2(
        "sends 103 Early Hints before the answer",
        &[
            Act::Headers(&[(":status", "103"), ("link", "</a.css>")], false),
            OK,
            JSON,
        ],
        &[FAULTY],
    ),
    http2(
        "sends 103 Early Hints without end",
        &[Act::Flood(|stream| {
            wire::headers(stream, &[(":status", "103")], false).repeat(100)
        })],
        WRONG_OR_LATE,
    )
    .attempts(1, 3)
    .at_deadline()
    .next(super::Next::OkSoon),
    wrong(
        "ends the stream with 103 Early Hints",
        &[Act::Headers(&[(":status", "103")], true)],
    ),
    http2(
        "ends the stream with the head",
        &[Act::Headers(
            &[(":status", "200"), ("content-type", "application/json")],
            true,
        )],
        &[VIOLATION],
    ),
    wrong(
        "pushes a reply",
        &[
            Act::Frame(PUSH_PROMISE, END_HEADERS, On::Call, &[0, 0, 0, 2, 0x88]),
            OK,
            JSON,
        ],
    ),
    wrong(
        "answers on a stream that nobody opened",
        &[
            Act::Frame(HEADERS, END_HEADERS | END_STREAM, On::Stream(7), &[0x88]),
            Act::Stall,
        ],
    ),
    wrong(
        "answers on a stream of its own",
        &[
            Act::Frame(HEADERS, END_HEADERS | END_STREAM, On::Stream(2), &[0x88]),
            Act::Stall,
        ],
    ),
    wrong(
        "sends DATA on the connection",
        &[Act::Frame(DATA, 0, On::Connection, b"{}"), Act::Stall],
    ),
    wrong(
        "sends HEADERS on the connection",
        &[
            Act::Frame(HEADERS, END_HEADERS, On::Connection, &[0x88]),
            Act::Stall,
        ],
    ),
    wrong(
        "sends SETTINGS on a stream",
        &[Act::Frame(SETTINGS, 0, On::Call, &[]), Act::Stall],
    ),
    wrong(
        "sends SETTINGS of half a value",
        &[
            Act::Frame(SETTINGS, 0, On::Connection, &[0, 4, 0]),
            Act::Stall,
        ],
    ),
    wrong(
        "sends SETTINGS with an impossible window",
        &[
            Act::Frame(SETTINGS, 0, On::Connection, &[0, 4, 0xff, 0xff, 0xff, 0xff]),
            Act::Stall,
        ],
    ),
    wrong(
        "sends a PING of three bytes",
        &[Act::Frame(PING, 0, On::Connection, &[0; 3]), Act::Stall],
    ),
    wrong(
        "sends RST_STREAM of three bytes",
        &[Act::Frame(RST_STREAM, 0, On::Call, &[0; 3]), Act::Stall],
    ),
    wrong(
        "sends GOAWAY of three bytes",
        &[Act::Frame(GOAWAY, 0, On::Connection, &[0; 3]), Act::Stall],
    ),
    wrong(
        "opens the window of the connection by nothing",
        &[
            Act::Frame(WINDOW_UPDATE, 0, On::Connection, &[0; 4]),
            Act::Stall,
        ],
    ),
    wrong(
        "opens the window of the connection too far",
        &[
            Act::Frame(WINDOW_UPDATE, 0, On::Connection, &[0x7f, 0xff, 0xff, 0xff]),
            Act::Frame(WINDOW_UPDATE, 0, On::Connection, &[0x7f, 0xff, 0xff, 0xff]),
            Act::Stall,
        ],
    ),
    http2(
        "opens the window of the stream too far",
        &[
            Act::Frame(WINDOW_UPDATE, 0, On::Call, &[0x7f, 0xff, 0xff, 0xff]),
            Act::Frame(WINDOW_UPDATE, 0, On::Call, &[0x7f, 0xff, 0xff, 0xff]),
            Act::Stall,
        ],
        // The request has been sent, so its window matters to nobody.
        WRONG_OR_LATE,
    )
    .attempts(1, 3)
    .at_deadline(),
    wrong(
        "sends a frame beyond the limit",
        &[
            OK,
            Act::Frame(DATA, 0, On::Call, &[b' '; 17 << 10]),
            Act::Stall,
        ],
    ),
    wrong(
        "sends padding that is longer than its frame",
        &[
            OK,
            Act::Frame(DATA, 8, On::Call, &[200, b'{', b'}']),
            Act::Stall,
        ],
    ),
    wrong(
        "sends a header block that cannot be read",
        &[
            Act::Frame(HEADERS, END_HEADERS, On::Call, &[0xff, 0xff, 0xff, 0xff]),
            Act::Stall,
        ],
    ),
    wrong(
        "sends CONTINUATION out of place",
        &[
            Act::Frame(CONTINUATION, END_HEADERS, On::Call, &[0x88]),
            Act::Stall,
        ],
    ),
    wrong(
        "sends DATA in the middle of a header block",
        &[
            Act::Frame(HEADERS, 0, On::Call, &[0x88]),
            Act::Frame(DATA, 0, On::Call, b"{}"),
            Act::Stall,
        ],
    ),
    wrong(
        "continues its header block without end",
        &[
            Act::Frame(HEADERS, 0, On::Call, &[0x88]),
            Act::Flood(|stream| wire::frame(CONTINUATION, 0, stream, &[0; 8 << 10])),
        ],
    ),
    wrong(
        "continues its header block with nothing without end",
        &[
            Act::Frame(HEADERS, 0, On::Call, &[0x88]),
            Act::Flood(|stream| wire::frame(CONTINUATION, 0, stream, &[]).repeat(100)),
        ],
    ),
    http2(
        "sends a frame of a kind that nobody knows",
        &[Act::Frame(0xfa, 0xff, On::Call, b"?"), OK, JSON],
        &[FAULTY],
    ),
    http2(
        "sends a setting that nobody knows",
        &[
            Act::Frame(SETTINGS, 0, On::Connection, &[0xfa, 0xfa, 0, 0, 0, 1]),
            OK,
            JSON,
        ],
        &[FAULTY],
    ),
    http2(
        "acknowledges a PING that nobody sent",
        &[Act::Frame(PING, 1, On::Connection, &[3; 8]), OK, JSON],
        &[FAULTY],
    ),
    http2(
        "answers an error on a stream that goes on",
        &[
            Act::Headers(&[(":status", "404")], false),
            Act::Data(b"not found", false),
            Act::ResetStream(0),
        ],
        &[End::Fails(Code::NotFound, "UPSTREAM_HTTP_404")],
    ),
];
