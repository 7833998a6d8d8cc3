//! Upstreams that do not go on.

use tonic::Code;

use super::{
    Deadline, End, FAULTY_BODY, Family, Fault, LATE, Next, RetryInfo, VIOLATION, http1, http2,
};
use crate::calls::Call;
use crate::http2::{self as wire, PING, SETTINGS};
use crate::upstream::Step::{Close, Drip, Flood, Send, Stall};
use crate::upstream::{Act, On, Script};

pub(super) const FAMILY: Family = Family {
    name: "Stalls",
    about: "The upstream accepts a call and does not go on. The call ends with its deadline, which \
            every call has, and with it everything that belongs to it: the connection is closed \
            over HTTP/1.1, the stream is reset over HTTP/2. An error whose body stalls is told \
            without its body.",
    faults: FAULTS,
};

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const HEAD_OF_100: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n";
const HEAD_OF_CHUNKS: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
const OK: Act = Act::Headers(
    &[(":status", "200"), ("content-type", "application/json")],
    false,
);

const ANSWER_503: &[End] = &[End::Fails(Code::Unavailable, "UPSTREAM_HTTP_503")];
const ANSWER_404: &[End] = &[End::Fails(Code::NotFound, "UPSTREAM_HTTP_404")];
const ANSWER_400: &[End] = &[End::Fails(Code::InvalidArgument, "UPSTREAM_HTTP_400")];
const ANSWER_413: End = End::Fails(Code::ResourceExhausted, "UPSTREAM_HTTP_413");

const NO_WINDOW: &[(u16, u32)] = &[(4, 0)];
const NO_STREAMS: &[(u16, u32)] = &[(3, 0)];

const FAULTS: &[Fault] = &[
    http1("never answers", &[Stall], &[LATE]).at_deadline(),
    http1("never answers", &[Stall], &[LATE])
        .of(Call::Post)
        .at_deadline(),
    http1("never answers", &[Stall], &[LATE])
        .of(Call::LargePost)
        .at_deadline(),
    http1("never answers a call without a deadline", &[Stall], &[LATE])
        .deadline(Deadline::Default)
        .at_deadline(),
    http1("never answers a call that would wait for an hour", &[Stall], &[LATE])
        .deadline(Deadline::TooLong)
        .at_deadline(),
    http1("never answers on a connection that was used", &[Stall], &[LATE])
        .warm()
        .at_deadline(),
    http1("sends half a status line", &[Send(b"HTTP/1.1 20"), Stall], &[LATE]).at_deadline(),
    http1("sends half a head", &[Send(HEAD), Stall], &[LATE]).at_deadline(),
    http1("sends a head and no body", &[Send(HEAD_OF_100), Stall], &[LATE]).at_deadline(),
    http1(
        "sends half a body",
        &[Send(HEAD_OF_100), Send(b"{\"id\":"), Stall],
        &[LATE],
    )
    .at_deadline(),
    http1(
        "announces a chunk and does not send it",
        &[Send(HEAD_OF_CHUNKS), Send(b"10\r\n"), Stall],
        &[LATE],
    )
    .at_deadline(),
    http1(
        "sends everything but the last chunk",
        &[
            Send(HEAD_OF_CHUNKS),
            Send(b"e\r\n{\"id\":\"fault\"}\r\n"),
            Stall,
        ],
        &[LATE],
    )
    .at_deadline(),
    http1("sends its head byte by byte", &[Send(HEAD), Drip(b"x-a: 1\r\n")], &[LATE]).at_deadline(),
    http1(
        "sends its body byte by byte",
        &[Send(HEAD_OF_CHUNKS), Drip(b"1\r\n \r\n")],
        &[LATE],
    )
    .at_deadline(),
    http1(
        "sends 102 Processing and nothing else",
        &[Send(b"HTTP/1.1 102 Processing\r\n\r\n"), Stall],
        &[LATE],
    )
    .at_deadline(),
    http1(
        "sends 100 Continue without end",
        &[Flood(b"HTTP/1.1 100 Continue\r\n\r\n")],
        &[LATE, VIOLATION],
    )
    .attempts(1, 3)
    .at_deadline(),
    Fault::new(
        "accepts and reads nothing",
        Script::OnAccept(&[Stall]),
        &[LATE],
    )
    // The gateway looks by itself whether it can connect again.
    .attempts(1, 4)
    .at_deadline(),
    Fault::new(
        "accepts and reads nothing",
        Script::OnAccept(&[Stall]),
        &[LATE],
    )
    // The gateway looks by itself whether it can connect again.
    .attempts(1, 4)
    .of(Call::LargePost)
    .at_deadline(),
    Fault::new("stops reading", Script::OnHead(&[Stall]), &[LATE])
        .of(Call::Upload)
        .at_deadline(),
    Fault::new("stops reading", Script::OnHead(&[Stall]), &[LATE])
        .of(Call::LargePost)
        .at_deadline(),
    Fault::new(
        "answers 413 early and stops reading",
        Script::OnHead(&[
            Send(b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n"),
            Stall,
        ]),
        &[ANSWER_413],
    )
    .of(Call::Upload)
    .closed(),
    Fault::new(
        "answers 413 early and hangs up",
        Script::OnHead(&[
            Send(b"HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
            Close,
        ]),
        // The reset that follows the bytes that nobody read may overtake the
        // answer.
        &[
            ANSWER_413,
            End::Fails(Code::Unavailable, "UPSTREAM_CONNECTION_LOST"),
        ],
    )
    .of(Call::Upload)
    .closed(),
    Fault::new(
        "answers 200 early and stops reading",
        Script::OnHead(&[
            Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{\"id\":\"fault\"}"),
            Stall,
        ]),
        &[super::FAULTY],
    )
    .of(Call::Upload)
    .closed(),
    http1(
        "answers 503 and stalls in its body",
        &[
            Send(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 100\r\n\r\n"),
            Stall,
        ],
        ANSWER_503,
    )
    .of(Call::Post)
    .closed(),
    http1(
        "answers 404 and stalls in its body",
        &[
            Send(b"HTTP/1.1 404 Not Found\r\ncontent-length: 100\r\n\r\n{"),
            Stall,
        ],
        ANSWER_404,
    )
    .closed(),
    http1(
        "answers 400 with a body that never ends",
        &[
            Send(b"HTTP/1.1 400 Bad Request\r\ntransfer-encoding: chunked\r\n\r\n"),
            Drip(b"1\r\n \r\n"),
        ],
        ANSWER_400,
    )
    .closed(),
    Fault::new(
        "never finishes the TLS handshake",
        Script::InsteadOfTls(&[Stall]),
        &[LATE],
    )
    // The gateway looks by itself whether it can connect again.
    .attempts(1, 4)
    .at_deadline(),
    Fault::new(
        "finishes the TLS handshake and sends nothing",
        Script::InsteadOfSettings(&[Stall]),
        &[LATE],
    )
    .at_deadline()
    .next(Next::OkSoon),
    http2("never answers", &[Act::Stall], &[LATE]).at_deadline(),
    http2("never answers", &[Act::Stall], &[LATE])
        .of(Call::Post)
        .at_deadline(),
    http2("never answers a call without a deadline", &[Act::Stall], &[LATE])
        .deadline(Deadline::Default)
        .at_deadline(),
    http2("sends a head and no body", &[OK, Act::Stall], &[LATE]).at_deadline(),
    http2(
        "sends half a body",
        &[OK, Act::Data(b"{\"id\":", false), Act::Stall],
        &[LATE],
    )
    .at_deadline(),
    http2("sends its body byte by byte", &[OK, Act::Drip], &[LATE]).at_deadline(),
    http2(
        "sends empty frames of a body without end",
        &[OK, Act::Flood(|stream| wire::data(stream, b"", false).repeat(100))],
        &[
            LATE,
            VIOLATION,
            End::Fails(Code::Unavailable, "UPSTREAM_REPLY_BROKEN"),
        ],
    )
    .attempts(1, 3)
    .at_deadline(),
    http2(
        "sends PINGs without end",
        &[Act::Flood(|_| wire::frame(PING, 0, 0, &[1; 8]).repeat(100))],
        &[
            LATE,
            VIOLATION,
            End::Fails(Code::Unavailable, "UPSTREAM_CONNECTION_LOST"),
        ],
    )
    .attempts(1, 3)
    .at_deadline()
    .next(Next::OkSoon),
    http2(
        "sends SETTINGS without end",
        &[Act::Flood(|_| wire::frame(SETTINGS, 0, 0, &[]).repeat(100))],
        &[
            LATE,
            VIOLATION,
            End::Fails(Code::Unavailable, "UPSTREAM_CONNECTION_LOST"),
        ],
    )
    .attempts(1, 3)
    .at_deadline()
    .next(Next::OkSoon),
    Fault::new(
        "opens no window",
        Script::OnHeaders(NO_WINDOW, &[Act::Stall]),
        &[LATE],
    )
    .of(Call::Upload)
    .at_deadline(),
    Fault::new(
        "opens no window",
        Script::OnHeaders(NO_WINDOW, &[Act::Stall]),
        &[LATE],
    )
    .of(Call::LargePost)
    .at_deadline(),
    Fault::new(
        "stops reading",
        Script::OnHeaders(&[], &[Act::Stall]),
        &[LATE],
    )
    .of(Call::Upload)
    .at_deadline(),
    Fault::new(
        "stops reading",
        Script::OnHeaders(&[], &[Act::Stall]),
        &[LATE],
    )
    .of(Call::LargePost)
    .at_deadline(),
    Fault::new(
        "answers 413 early and stops reading",
        Script::OnHeaders(&[], &[Act::Headers(&[(":status", "413")], true)]),
        &[ANSWER_413],
    )
    .of(Call::Upload),
    Fault::new(
        "allows no streams",
        Script::OnHeaders(NO_STREAMS, &[Act::Stall]),
        &[LATE],
    )
    .attempts(0, 1)
    .at_deadline()
    .next(Next::OkSoon),
    http2(
        "answers 503 and stalls in its body",
        &[Act::Headers(&[(":status", "503")], false), Act::Stall],
        ANSWER_503,
    )
    .of(Call::Post),
    http2(
        "falls silent, PINGs included",
        &[Act::Silence],
        &[
            LATE,
            End::Fails(Code::Unavailable, "UPSTREAM_CONNECTION_LOST"),
        ],
    )
    .of(Call::Post)
    .warm()
    .at_deadline()
    .retry_info(RetryInfo::Absent)
    .next(Next::OkSoon),
    http2(
        "sends a whole body and does not end the stream",
        &[OK, Act::Data(br#"{"id":"fault"}"#, false), Act::Stall],
        &[LATE],
    )
    .at_deadline(),
    http2(
        "answers and sends frames for the connection besides",
        &[
            Act::Frame(PING, 0, On::Connection, &[2; 8]),
            Act::Frame(SETTINGS, 0, On::Connection, &[]),
            OK,
            Act::Data(br#"{"id":"fault"}"#, true),
        ],
        &[super::FAULTY],
    ),
    super::ok(
        "answers without a content type",
        &[],
        FAULTY_BODY,
        // RFC 9110, section 8.3: the recipient may look at the content.
        &[super::FAULTY, VIOLATION],
    ),
];
