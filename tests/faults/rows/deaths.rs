//! Upstreams that hang up.

use super::{
    AWAY, BROKEN, FAULTY, Family, Fault, LOST, LOST_OR_BROKEN, MENDED, NEVER_SENT, RetryInfo,
    VIOLATION, http1, http2,
};
use crate::calls::Call;
use crate::upstream::Step::{Close, Reset, Send, Stall};
use crate::upstream::{Act, Last, Script};

pub(super) const FAMILY: Family = Family {
    name: "Deaths",
    about: "The upstream is not there or hangs up. What was never processed is sent again, \
            whatever its method. What may have been processed is sent again where the method is \
            idempotent (GET, PUT, DELETE), at most twice. A caller that reads \
            `UPSTREAM_UNAVAILABLE` can call again without a second thought; \
            `UPSTREAM_CONNECTION_LOST` and `UPSTREAM_REPLY_BROKEN` say that the call may have \
            been carried out, and invite to call again only where that is harmless.",
    faults: FAULTS,
};

const NO_ERROR: u32 = 0;
const PROTOCOL_ERROR: u32 = 1;
const INTERNAL_ERROR: u32 = 2;
const FLOW_CONTROL_ERROR: u32 = 3;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;
const HTTP_1_1_REQUIRED: u32 = 13;
const UNKNOWN_CODE: u32 = 0xff;

const HALF: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"id\":";
const HALF_OF_CHUNKS: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
    transfer-encoding: chunked\r\n\r\ne\r\n{\"id\":\"fault\"}\r\n";
const OK: Act = Act::Headers(
    &[(":status", "200"), ("content-type", "application/json")],
    false,
);
const JSON: Act = Act::Data(br#"{"id":"fault"}"#, true);
const HALF_DATA: Act = Act::Data(b"{\"id\":", false);

/// Never processed, by RFC 9113, section 8.7: sent again twice at the most.
const fn unprocessed(name: &'static str, acts: &'static [Act]) -> Fault {
    http2(name, acts, &[NEVER_SENT])
        .of(Call::Post)
        .attempts(2, 3)
        .retry_info(RetryInfo::Present)
}

/// A stream that is reset and may have been processed.
const fn processed(name: &'static str, acts: &'static [Act]) -> Fault {
    http2(name, acts, &[LOST])
        .of(Call::Post)
        .retry_info(RetryInfo::Absent)
}

const GIVEN_UP: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

const FAULTS: &[Fault] = &[
    Fault::new("is not there", Script::Refuse, &[NEVER_SENT])
        .attempts(0, 0)
        .retry_info(RetryInfo::Present),
    Fault::new("is not there", Script::Refuse, &[NEVER_SENT])
        .of(Call::Post)
        .attempts(0, 0)
        .retry_info(RetryInfo::Present),
    Fault::new("hangs up on every connection", Script::OnAccept(&[Close]), AWAY)
        .attempts(1, 9)
        .retry_info(RetryInfo::Present)
        .closed(),
    Fault::new("resets every connection", Script::OnAccept(&[Reset]), AWAY)
        .attempts(1, 9)
        .retry_info(RetryInfo::Present)
        .closed(),
    Fault::new("hangs up on one connection", Script::OnAccept(&[Close]), &[MENDED])
        .once()
        .attempts(2, 9)
        .closed(),
    Fault::new("resets one connection", Script::OnAccept(&[Reset]), &[MENDED])
        .once()
        .attempts(2, 9)
        .closed(),
    http1("hangs up in place of each answer", &[Close], &[LOST])
        .attempts(3, 3)
        .retry_info(RetryInfo::Present)
        .closed(),
    http1("hangs up in place of each answer", &[Close], &[LOST])
        .of(Call::Delete)
        .attempts(3, 3)
        .retry_info(RetryInfo::Present)
        .closed(),
    http1("hangs up in place of each answer", &[Close], &[LOST])
        .of(Call::Post)
        .retry_info(RetryInfo::Absent)
        .closed(),
    http1("hangs up in place of each answer", &[Close], &[LOST])
        .of(Call::Patch)
        .retry_info(RetryInfo::Absent)
        .closed(),
    http1("hangs up in place of one answer", &[Close], &[MENDED])
        .once()
        .attempts(2, 2)
        .closed(),
    http1("hangs up in place of one answer", &[Close], &[MENDED])
        .of(Call::Delete)
        .once()
        .attempts(2, 2)
        .closed(),
    http1("hangs up on a connection that was used", &[Close], &[MENDED])
        .warm()
        .once()
        .attempts(2, 2)
        .closed(),
    http1("hangs up on a connection that was used", &[Close], &[LOST])
        .of(Call::Post)
        .warm()
        .once()
        .retry_info(RetryInfo::Absent)
        .closed(),
    http1(
        "gives up a connection that was used with 408 as a call goes out",
        &[Send(GIVEN_UP), Close],
        &[MENDED],
    )
    .of(Call::Post)
    .warm()
    .once()
    .attempts(2, 2)
    .closed(),
    http1("resets the connection in place of each answer", &[Reset], &[LOST])
        .attempts(3, 3)
        .retry_info(RetryInfo::Present)
        .closed(),
    http1("resets the connection in place of each answer", &[Reset], &[LOST])
        .of(Call::Post)
        .retry_info(RetryInfo::Absent)
        .closed(),
    http1("resets the connection in place of one answer", &[Reset], &[MENDED])
        .once()
        .attempts(2, 2)
        .closed(),
    http1(
        "hangs up in the status line",
        &[Send(b"HTTP/1.1 20"), Close],
        LOST_OR_BROKEN,
    )
    .attempts(1, 3)
    .closed(),
    http1(
        "hangs up in the head",
        &[Send(b"HTTP/1.1 200 OK\r\ncontent-ty"), Close],
        LOST_OR_BROKEN,
    )
    .of(Call::Post)
    .retry_info(RetryInfo::Absent)
    .closed(),
    http1("hangs up in the body", &[Send(HALF), Close], &[BROKEN])
        .attempts(1, 3)
        .retry_info(RetryInfo::Present)
        .closed(),
    http1("hangs up in the body", &[Send(HALF), Close], &[BROKEN])
        .of(Call::Post)
        .retry_info(RetryInfo::Absent)
        .closed(),
    http1("resets the connection in the body", &[Send(HALF), Reset], &[BROKEN])
        .of(Call::Post)
        .retry_info(RetryInfo::Absent)
        .closed(),
    http1(
        "hangs up before the last chunk",
        &[Send(HALF_OF_CHUNKS), Close],
        &[BROKEN],
    )
    .of(Call::Post)
    .retry_info(RetryInfo::Absent)
    .closed(),
    http1(
        "ends its body by hanging up",
        &[
            Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"id\":\"fault\"}"),
            Close,
        ],
        &[FAULTY],
    )
    .closed(),
    http1(
        "answers and hangs up without saying so",
        &[
            Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{\"id\":\"fault\"}"),
            Close,
        ],
        &[FAULTY],
    )
    .closed(),
    http1(
        "answers with connection: close and does not hang up",
        &[
            Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 14\r\n\r\n{\"id\":\"fault\"}"),
            Stall,
        ],
        &[FAULTY],
    )
    .closed(),
    Fault::new(
        "hangs up in an upload",
        Script::OnHead(&[Close]),
        &[LOST],
    )
    .of(Call::Upload)
    .retry_info(RetryInfo::Absent)
    .closed(),
    Fault::new(
        "hangs up in the TLS handshake",
        Script::InsteadOfTls(&[Close]),
        &[NEVER_SENT],
    )
    .attempts(1, 9)
    .retry_info(RetryInfo::Present)
    .closed(),
    Fault::new(
        "hangs up in the TLS handshake",
        Script::InsteadOfTls(&[Close]),
        &[NEVER_SENT],
    )
    .of(Call::Post)
    .attempts(1, 9)
    .retry_info(RetryInfo::Present)
    .closed(),
    Fault::new(
        "hangs up behind the TLS handshake",
        Script::InsteadOfSettings(&[Close]),
        AWAY,
    )
    .attempts(1, 9)
    .closed(),
    unprocessed("refuses each stream", &[Act::ResetStream(REFUSED_STREAM)]),
    http2(
        "refuses one stream",
        &[Act::ResetStream(REFUSED_STREAM)],
        &[MENDED],
    )
    .of(Call::Post)
    .once()
    .attempts(2, 2),
    http2(
        "refuses one stream",
        &[Act::ResetStream(REFUSED_STREAM)],
        &[MENDED],
    )
    .once()
    .attempts(2, 2),
    processed("resets the stream with NO_ERROR", &[Act::ResetStream(NO_ERROR)]),
    processed(
        "resets the stream with PROTOCOL_ERROR",
        &[Act::ResetStream(PROTOCOL_ERROR)],
    ),
    processed(
        "resets the stream with INTERNAL_ERROR",
        &[Act::ResetStream(INTERNAL_ERROR)],
    ),
    processed(
        "resets the stream with FLOW_CONTROL_ERROR",
        &[Act::ResetStream(FLOW_CONTROL_ERROR)],
    ),
    processed("resets the stream with CANCEL", &[Act::ResetStream(CANCEL)]),
    processed(
        "resets the stream with ENHANCE_YOUR_CALM",
        &[Act::ResetStream(ENHANCE_YOUR_CALM)],
    ),
    processed(
        "resets the stream with HTTP_1_1_REQUIRED",
        &[Act::ResetStream(HTTP_1_1_REQUIRED)],
    ),
    processed(
        "resets the stream with an unknown code",
        &[Act::ResetStream(UNKNOWN_CODE)],
    ),
    http2(
        "resets one stream with INTERNAL_ERROR",
        &[Act::ResetStream(INTERNAL_ERROR)],
        &[MENDED],
    )
    .once()
    .attempts(2, 2),
    http2(
        "resets each stream with INTERNAL_ERROR",
        &[Act::ResetStream(INTERNAL_ERROR)],
        &[LOST],
    )
    .attempts(3, 3)
    .retry_info(RetryInfo::Present),
    http2(
        "resets the stream behind the head",
        &[OK, Act::ResetStream(INTERNAL_ERROR)],
        &[BROKEN],
    )
    .of(Call::Post)
    .retry_info(RetryInfo::Absent),
    http2(
        "resets the stream in the body",
        &[OK, HALF_DATA, Act::ResetStream(CANCEL)],
        &[BROKEN],
    )
    .of(Call::Post)
    .retry_info(RetryInfo::Absent),
    Fault::new(
        "refuses an upload",
        Script::OnHeaders(&[], &[Act::ResetStream(REFUSED_STREAM)]),
        // Its content came from the caller and is gone.
        &[NEVER_SENT],
    )
    .of(Call::Upload)
    .attempts(1, 3)
    .retry_info(RetryInfo::Present),
    unprocessed(
        "says with GOAWAY that it processed nothing, each time",
        &[Act::GoAway(Last::None, NO_ERROR), Act::Close],
    ),
    http2(
        "says with GOAWAY that it processed nothing",
        &[Act::GoAway(Last::None, NO_ERROR), Act::Close],
        &[MENDED],
    )
    .of(Call::Post)
    .once()
    .attempts(2, 2),
    http2(
        "says with GOAWAY that it processed nothing, and stays",
        &[Act::GoAway(Last::None, NO_ERROR), Act::Stall],
        &[MENDED],
    )
    .of(Call::Post)
    .once()
    .attempts(2, 2),
    http2(
        "asks for calm with GOAWAY and processed nothing",
        &[Act::GoAway(Last::None, ENHANCE_YOUR_CALM), Act::Close],
        &[MENDED],
    )
    .of(Call::Post)
    .once()
    .attempts(2, 2),
    http2(
        "says goodbye with GOAWAY and answers",
        &[Act::GoAway(Last::Call, NO_ERROR), OK, JSON],
        &[FAULTY],
    ),
    http2(
        "announces with GOAWAY that it will stop, and answers",
        &[Act::GoAway(Last::Any, NO_ERROR), OK, JSON],
        &[FAULTY],
    ),
    http2(
        "says goodbye with GOAWAY and hangs up",
        &[Act::GoAway(Last::Call, NO_ERROR), Act::Close],
        &[LOST],
    )
    .of(Call::Post)
    .retry_info(RetryInfo::Absent),
    http2(
        "says goodbye with GOAWAY and hangs up",
        &[Act::GoAway(Last::Call, NO_ERROR), Act::Close],
        &[MENDED],
    )
    .once()
    .attempts(2, 2),
    http2(
        "fails with GOAWAY INTERNAL_ERROR",
        &[Act::GoAway(Last::Any, INTERNAL_ERROR), Act::Close],
        &[LOST],
    )
    .of(Call::Post)
    .retry_info(RetryInfo::Absent),
    http2("hangs up in place of an answer", &[Act::Close], &[LOST])
        .of(Call::Post)
        .retry_info(RetryInfo::Absent),
    http2("hangs up in place of one answer", &[Act::Close], &[MENDED])
        .once()
        .attempts(2, 2),
    http2("hangs up in place of each answer", &[Act::Close], &[LOST])
        .attempts(3, 3)
        .retry_info(RetryInfo::Present),
    http2("hangs up in the body", &[OK, HALF_DATA, Act::Close], &[BROKEN])
        .of(Call::Post)
        .retry_info(RetryInfo::Absent),
    Fault::new(
        "speaks HTTP/1.1 where HTTP/2 was agreed",
        Script::InsteadOfSettings(&[
            Send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"),
            Close,
        ]),
        &[NEVER_SENT, LOST, VIOLATION],
    )
    .attempts(1, 9)
    .closed(),
];
