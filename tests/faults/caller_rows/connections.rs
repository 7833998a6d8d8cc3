//! Callers that do not get as far as a call, or leave in the middle of it.

use super::{End, Family, Fault, LATE, Reaches, call};
use crate::caller::Step::{
    Abort, Bytes, Close, Data, Drip, Head as Open, MakeData, Preface, Reset, UntilUpstream,
};
use crate::caller::{GET_USER, Head, ME};
use crate::http2::{self as wire};
use crate::upstream::Step::Stall;
use crate::upstream::{Body, Reply, Script};

pub(super) const FAMILY: Family = Family {
    name: "Connections",
    about: "The caller connects and does not come to the point, or leaves in the middle of a \
            call. A connection without a request is closed within seconds. The clock of a call \
            starts with its headers. When a caller leaves, the upstream's side of the call ends \
            too.",
    faults: FAULTS,
};

/// A call with half a second.
const SHORT: Head = Head {
    fields: &[
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("grpc-timeout", "500m"),
    ],
    ..GET_USER
};

const WITHOUT_DEADLINE: Head = Head {
    fields: &[("content-type", "application/grpc"), ("te", "trailers")],
    ..GET_USER
};

const UPLOAD: Head = Head {
    path: "/web1on1.v2.UserService/UploadUserAvatar",
    ..SHORT
};

const LONG_UPLOAD: Head = Head {
    path: "/web1on1.v2.UserService/UploadUserAvatar",
    ..GET_USER
};

const WATCH: Head = Head {
    path: "/grpc.health.v1.Health/Watch",
    ..SHORT
};

const REFLECT: Head = Head {
    path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ..SHORT
};

const STALLS: Script = Script::OnRequest(&[Stall]);
const STALLS_EARLY: Script = Script::OnHead(&[Stall]);
const LARGE: Script = Script::Reply(Reply {
    status: 200,
    fields: &[("content-type", "application/json")],
    body: Body::Made(|| format!(r#"{{"id":"{}"}}"#, "x".repeat(1 << 20)).into_bytes()),
});

/// The header of an upload for the user `me`, and a chunk of it.
const UPLOAD_HEADER: &[u8] = b"\0\0\0\0\x06\x0a\x04\x0a\x02me";
const CHUNK: &[u8] = b"\0\0\0\0\x05\x12\x03abc";

const FAULTS: &[Fault] = &[
    Fault::new("connects and says nothing", &[], &[End::Closed]),
    Fault::new(
        "sends half of the preface",
        &[Bytes(b"PRI * HTTP/2.0\r\n\r\nS")],
        &[End::Closed],
    ),
    Fault::new(
        "sends the preface alone",
        &[Bytes(wire::PREFACE)],
        &[End::Closed],
    ),
    Fault::new(
        "sends preface and SETTINGS alone",
        &[Preface(&[])],
        &[End::Closed],
    ),
    Fault::new(
        "sends garbage",
        &[Bytes(&[0xfe; 64])],
        &[End::Closed, End::Http(400)],
    ),
    Fault::new(
        "greets in TLS",
        &[Bytes(&[
            0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ])],
        &[End::Closed, End::Http(400)],
    ),
    Fault::new(
        "asks in HTTP/1.1",
        &[Bytes(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")],
        &[End::Closed, End::Http(404), End::Http(405), End::Http(415)],
    ),
    Fault::new(
        "sends half a head of HTTP/1.1",
        &[Bytes(
            b"POST /web1on1.v2.UserService/GetUser HTTP/1.1\r\nhost:",
        )],
        &[End::Closed, End::Http(408)],
    ),
    call(
        "sends headers and no message",
        &[Preface(&[]), Open(SHORT, false)],
        &[LATE],
    ),
    call(
        "sends headers without a deadline and no message",
        &[Preface(&[]), Open(WITHOUT_DEADLINE, false)],
        &[LATE],
    ),
    call(
        "sends half a message",
        &[
            Preface(&[]),
            Open(SHORT, false),
            Data(b"\0\0\0\0\x04\x0a", false),
        ],
        &[LATE],
    ),
    call(
        "sends half the prefix of a message",
        &[Preface(&[]), Open(SHORT, false), Data(b"\0\0", false)],
        &[LATE],
    ),
    call(
        "sends its message and does not end the stream",
        &[Preface(&[]), Open(SHORT, false), Data(ME, false)],
        &[LATE],
    ),
    call(
        "sends its message byte by byte without end",
        &[
            Preface(&[]),
            Open(SHORT, false),
            Data(b"\0\0\0\x10\0", false),
            Drip(b"\x0a"),
        ],
        &[LATE, End::Reset],
    ),
    call(
        "sends the header of an upload and nothing else",
        &[
            Preface(&[]),
            Open(UPLOAD, false),
            Data(UPLOAD_HEADER, false),
        ],
        &[LATE],
    )
    .upstream(STALLS_EARLY)
    .reaches(Reaches::Perhaps),
    call(
        "stops in the middle of an upload",
        &[
            Preface(&[]),
            Open(UPLOAD, false),
            Data(UPLOAD_HEADER, false),
            Data(CHUNK, false),
        ],
        &[LATE],
    )
    .upstream(STALLS_EARLY)
    .reaches(Reaches::Once),
    call(
        "watches health until its deadline",
        &[Preface(&[]), Open(WATCH, false), Data(b"\0\0\0\0\0", true)],
        &[LATE],
    ),
    call(
        "opens a reflection stream and asks nothing",
        &[Preface(&[]), Open(REFLECT, false)],
        &[LATE],
    ),
    Fault::new(
        "opens no window for a reply",
        &[Preface(&[(4, 0)]), Open(SHORT, false), Data(ME, true)],
        &[End::Reset, LATE],
    )
    .upstream(LARGE)
    .reaches(Reaches::Once),
    Fault::new(
        "does not read a reply of 1 MiB",
        &[Preface(&[]), Open(SHORT, false), Data(ME, true)],
        &[End::Reset, LATE],
    )
    .reads_nothing()
    .upstream(LARGE)
    .reaches(Reaches::Once),
    call(
        "resets its call",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Data(ME, true),
            UntilUpstream,
            Reset(8),
        ],
        &[End::Gone],
    )
    .upstream(STALLS)
    .reaches(Reaches::Once),
    call(
        "resets an upload",
        &[
            Preface(&[]),
            Open(LONG_UPLOAD, false),
            Data(UPLOAD_HEADER, false),
            Data(CHUNK, false),
            UntilUpstream,
            Reset(8),
        ],
        &[End::Gone],
    )
    .upstream(STALLS_EARLY)
    .reaches(Reaches::Once),
    Fault::new(
        "hangs up in a call",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Data(ME, true),
            UntilUpstream,
            Close,
        ],
        &[End::Gone],
    )
    .upstream(STALLS)
    .reaches(Reaches::Once),
    Fault::new(
        "hangs up with RST in a call",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Data(ME, true),
            UntilUpstream,
            Abort,
        ],
        &[End::Gone],
    )
    .upstream(STALLS)
    .reaches(Reaches::Once),
    Fault::new(
        "hangs up in an upload",
        &[
            Preface(&[]),
            Open(LONG_UPLOAD, false),
            Data(UPLOAD_HEADER, false),
            MakeData(|| CHUNK.repeat(1000), false),
            UntilUpstream,
            Close,
        ],
        &[End::Gone],
    )
    .upstream(STALLS_EARLY)
    .reaches(Reaches::Once),
    Fault::new(
        "hangs up in half a message",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Data(b"\0\0\0\0\x04\x0a", false),
            Close,
        ],
        &[End::Gone],
    ),
];
