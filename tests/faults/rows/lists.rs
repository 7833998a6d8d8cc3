//! Upstreams that fail in the middle of a list that is streamed.

use super::{
    BROKEN, End, FAULTY, Family, Fault, JSON, LATE, RetryInfo, VIOLATION, http1, http2, ok,
};
use crate::calls::Call;
use crate::upstream::Step::{Close, Reset, Send, Stall};
use crate::upstream::{Act, Body};

pub(super) const FAMILY: Family = Family {
    name: "Streamed lists",
    about: "The upstream fails in the middle of a list whose elements are handed on while they \
            arrive. The stream brings the elements that were whole and ends with the error; what \
            comes behind the first of them is not asked for again.",
    faults: FAULTS,
};

/// A head and an element.
const ONE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
    transfer-encoding: chunked\r\n\r\n10\r\n[{\"id\":\"fault\"},\r\n";
const OK: Act = Act::Headers(
    &[(":status", "200"), ("content-type", "application/json")],
    false,
);
const ONE_DATA: Act = Act::Data(b"[{\"id\":\"fault\"},", false);
const INTERNAL_ERROR: u32 = 2;

/// A whole reply with this body.
const fn body(name: &'static str, body: &'static [u8], ends: &'static [End]) -> Fault {
    ok(name, JSON, Body::Bytes(body), ends).of(Call::Stream)
}

const FAULTS: &[Fault] = &[
    body(
        "answers a list",
        br#"[{"id":"fault"},{"id":"b"}]"#,
        &[FAULTY],
    ),
    http1("hangs up behind an element", &[Send(ONE), Close], &[BROKEN])
        .of(Call::Stream)
        .retry_info(RetryInfo::Present)
        .closed(),
    http1(
        "resets the connection behind an element",
        &[Send(ONE), Reset],
        &[BROKEN],
    )
    .of(Call::Stream)
    .retry_info(RetryInfo::Present)
    .closed(),
    http1("stalls behind an element", &[Send(ONE), Stall], &[LATE])
        .of(Call::Stream)
        .at_deadline(),
    http2(
        "resets the stream behind an element",
        &[OK, ONE_DATA, Act::ResetStream(INTERNAL_ERROR)],
        &[BROKEN],
    )
    .of(Call::Stream)
    .retry_info(RetryInfo::Present),
    http2(
        "hangs up behind an element",
        &[OK, ONE_DATA, Act::Close],
        &[BROKEN],
    )
    .of(Call::Stream)
    .retry_info(RetryInfo::Present)
    .closed(),
    body("answers nothing", b"", &[VIOLATION]),
    body(
        "answers an object where a list is due",
        br#"{"id":"fault"}"#,
        &[VIOLATION],
    ),
    body(
        "answers a list that ends within an element",
        br#"[{"id":"fault"},{"id":"#,
        &[VIOLATION],
    ),
    body(
        "answers a list without its end",
        br#"[{"id":"fault"}"#,
        &[VIOLATION],
    ),
    body(
        "answers a list with null in it",
        br#"[{"id":"fault"},null]"#,
        &[VIOLATION],
    ),
    body("answers two lists", br#"[{"id":"fault"}][]"#, &[VIOLATION]),
    ok(
        "links each page to the same next page",
        &[
            ("content-type", "application/json"),
            ("link", "</v2/users?offset=1>; rel=\"next\""),
        ],
        Body::Bytes(br#"[{"id":"fault"}]"#),
        &[VIOLATION],
    )
    .of(Call::Stream)
    .attempts(2, 2),
];
