//! Calls that are not what gRPC or an rpc has them to be.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tonic::Code;

use super::{COUNT, End, Family, Fault, INVALID, LATE, MALFORMED, Reaches, TOO_LARGE, call};
use crate::caller::Step::{Data, Head as Open, MakeData, Preface};
use crate::caller::{GET_USER, Head, ME};

pub(super) const FAMILY: Family = Family {
    name: "Calls",
    about: "The call is not what gRPC or its rpc has it to be. It is refused with the code that \
            gRPC's documentation gives, before anything is sent upstream, and the connection \
            serves other calls.",
    faults: FAULTS,
};

/// A call with this head, whose message is as it should be.
macro_rules! head {
    ($name:literal, $head:expr, $ends:expr) => {
        call(
            $name,
            const { &[Preface(&[]), Open($head, false), Data(ME, true)] },
            $ends,
        )
    };
}

const fn fields(fields: &'static [(&'static str, &'static str)]) -> Head {
    Head { fields, ..GET_USER }
}

const fn method(method: &'static str) -> Head {
    Head { method, ..GET_USER }
}

const fn path(path: &'static str) -> Head {
    Head { path, ..GET_USER }
}

/// A well-formed head with this body.
macro_rules! body {
    ($name:literal, $($step:expr),*; $ends:expr) => {
        call(
            $name,
            const { &[Preface(&[]), Open(GET_USER, false), $($step),*] },
            $ends,
        )
    };
}

/// The same for an upload.
macro_rules! upload {
    ($name:literal, $($step:expr),*; $ends:expr) => {
        call(
            $name,
            const { &[Preface(&[]), Open(UPLOAD, false), $($step),*] },
            $ends,
        )
    };
}

const UPLOAD: Head = Head {
    path: "/web1on1.v2.UserService/UploadUserAvatar",
    ..GET_USER
};
const UPLOAD_HEADER: &[u8] = b"\0\0\0\0\x06\x0a\x04\x0a\x02me";
const CHUNK: &[u8] = b"\0\0\0\0\x05\x12\x03abc";

/// 5 MiB, which is more than a message may have.
const PREFIX_OF_5_MIB: &[u8] = b"\0\0\x50\0\0";
const PREFIX_OF_4_GIB: &[u8] = b"\0\xff\xff\xff\xff";

/// A message of 5 MiB that is compressed.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![1, 0, 0, 0, 0], Compression::fast());
    encoder
        .write_all(&vec![0; 5 << 20])
        .expect("memory takes it");
    let mut message = encoder.finish().expect("memory takes it");
    let length = u32::try_from(message.len() - 5).expect("it is small");
    message[1..5].copy_from_slice(&length.to_be_bytes());
    message
}

const GRPC: (&str, &str) = ("content-type", "application/grpc");
const TE: (&str, &str) = ("te", "trailers");
const UNKNOWN: End = End::Fails(Code::Unimplemented, "UNKNOWN_METHOD");
const UNSUPPORTED: End = End::Fails(Code::Unimplemented, "UNSUPPORTED_COMPRESSION");

const FAULTS: &[Fault] = &[
    head!(
        "calls with application/json",
        fields(&[("content-type", "application/json"), TE]),
        &[End::Http(400)]
    ),
    head!(
        "calls with text/plain",
        fields(&[("content-type", "text/plain"), TE]),
        &[End::Http(415)]
    ),
    head!(
        "calls with application/grpcx",
        fields(&[("content-type", "application/grpcx"), TE]),
        &[End::Http(415)]
    ),
    head!(
        "calls with application/grpc+json",
        fields(&[("content-type", "application/grpc+json"), TE]),
        &[End::Http(415)]
    ),
    head!(
        "calls without a content type",
        fields(&[TE]),
        &[End::Http(415)]
    ),
    head!(
        "calls with application/grpc+proto",
        fields(&[("content-type", "application/grpc+proto"), TE]),
        &[End::Ok]
    )
    .reaches(Reaches::Once),
    head!(
        "calls without te",
        fields(&[GRPC]),
        &[End::Ok, End::Http(400)]
    )
    .reaches(Reaches::Perhaps),
    head!("calls with GET", method("GET"), &[End::Http(405)]),
    head!("calls with PUT", method("PUT"), &[End::Http(405)]),
    head!("calls with DELETE", method("DELETE"), &[End::Http(405)]),
    head!("calls with PATCH", method("PATCH"), &[End::Http(405)]),
    head!(
        "calls a method that is not there",
        path("/web1on1.v2.UserService/Nothing"),
        &[UNKNOWN]
    ),
    head!(
        "calls a service that is not there",
        path("/a.B/C"),
        &[UNKNOWN]
    ),
    head!("calls a path that names no method", path("/"), &[UNKNOWN]),
    head!(
        "sends authorization twice",
        fields(&[
            GRPC,
            TE,
            ("authorization", "Bearer a"),
            ("authorization", "Bearer b")
        ]),
        &[INVALID]
    ),
    head!(
        "sends grpc-encoding twice",
        fields(&[
            GRPC,
            TE,
            ("grpc-encoding", "gzip"),
            ("grpc-encoding", "identity")
        ]),
        &[INVALID]
    ),
    head!(
        "sends user-agent twice",
        fields(&[GRPC, TE, ("user-agent", "a"), ("user-agent", "b")]),
        &[INVALID]
    ),
    head!(
        "sends x-request-id twice",
        fields(&[GRPC, TE, ("x-request-id", "a"), ("x-request-id", "b")]),
        &[INVALID]
    ),
    head!(
        "sends grpc-timeout twice",
        fields(&[GRPC, TE, ("grpc-timeout", "1S"), ("grpc-timeout", "2S")]),
        &[INVALID]
    ),
    head!(
        "sends a grpc-timeout without a unit",
        fields(&[GRPC, TE, ("grpc-timeout", "10")]),
        &[INVALID]
    ),
    head!(
        "sends a grpc-timeout of nine digits",
        fields(&[GRPC, TE, ("grpc-timeout", "123456789S")]),
        &[INVALID]
    ),
    head!(
        "sends a negative grpc-timeout",
        fields(&[GRPC, TE, ("grpc-timeout", "-1S")]),
        &[INVALID]
    ),
    head!(
        "sends a grpc-timeout of nothing",
        fields(&[GRPC, TE, ("grpc-timeout", "0n")]),
        &[
            LATE,
            End::Fails(Code::DeadlineExceeded, "DEADLINE_UNATTAINABLE")
        ]
    ),
    head!(
        "sends a grpc-timeout of eleven thousand years",
        fields(&[GRPC, TE, ("grpc-timeout", "99999999H")]),
        &[End::Ok]
    )
    .reaches(Reaches::Once),
    body!("sends no message", Data(b"", true); &[COUNT]),
    call(
        "sends no message and no DATA",
        const { &[Preface(&[]), Open(GET_USER, true)] },
        &[COUNT],
    ),
    body!("sends two messages", Data(ME, false), Data(ME, true); &[COUNT]),
    body!("sends two messages and waits", Data(ME, false), Data(ME, false); &[COUNT]),
    body!(
        "ends its message early",
        Data(b"\0\0\0\0\x04\x0a", true);
        &[MALFORMED, COUNT]
    ),
    body!(
        "ends the prefix of its message early",
        Data(b"\0\0", true);
        &[MALFORMED, COUNT]
    ),
    body!(
        "sends a message that does not parse",
        Data(b"\0\0\0\0\x03\xff\xff\xff", true);
        &[MALFORMED]
    ),
    body!(
        "sends a text that is no UTF-8",
        Data(b"\0\0\0\0\x04\x0a\x02\xff\xfe", true);
        &[MALFORMED]
    ),
    body!("announces 5 MiB", Data(PREFIX_OF_5_MIB, false); &[TOO_LARGE]),
    body!("announces 4 GiB", Data(PREFIX_OF_4_GIB, false); &[TOO_LARGE]),
    call(
        "sends 5 MiB in 5 KiB of gzip",
        const {
            &[
                Preface(&[]),
                Open(fields(&[GRPC, TE, ("grpc-encoding", "gzip")]), false),
                MakeData(bomb, true),
            ]
        },
        &[TOO_LARGE],
    ),
    call(
        "compresses with what nobody knows",
        const {
            &[
                Preface(&[]),
                Open(fields(&[GRPC, TE, ("grpc-encoding", "rot13")]), false),
                Data(b"\x01\0\0\0\x04\x0a\x02me", true),
            ]
        },
        &[UNSUPPORTED],
    ),
    call(
        "announces gzip and does not compress",
        const {
            &[
                Preface(&[]),
                Open(fields(&[GRPC, TE, ("grpc-encoding", "gzip")]), false),
                Data(b"\x01\0\0\0\x04\x0a\x02me", true),
            ]
        },
        &[MALFORMED],
    ),
    body!(
        "compresses without saying how",
        Data(b"\x01\0\0\0\x04\x0a\x02me", true);
        &[MALFORMED]
    ),
    body!(
        "sends a flag that nobody knows",
        Data(b"\x02\0\0\0\x04\x0a\x02me", true);
        &[MALFORMED]
    ),
    upload!("uploads nothing", Data(b"", true); &[INVALID, COUNT]),
    upload!("uploads without a header", Data(CHUNK, true); &[INVALID]),
    upload!(
        "sends the header of an upload twice",
        Data(UPLOAD_HEADER, false),
        Data(UPLOAD_HEADER, true);
        &[INVALID]
    )
    .reaches(Reaches::Perhaps),
    upload!(
        "uploads a chunk that does not parse",
        Data(UPLOAD_HEADER, false),
        Data(b"\0\0\0\0\x03\xff\xff\xff", true);
        &[MALFORMED]
    )
    .reaches(Reaches::Perhaps),
    upload!(
        "uploads a chunk of 5 MiB",
        Data(UPLOAD_HEADER, false),
        Data(PREFIX_OF_5_MIB, false);
        &[TOO_LARGE]
    )
    .reaches(Reaches::Perhaps),
    upload!(
        "ends an upload in the middle of a chunk",
        Data(UPLOAD_HEADER, false),
        Data(b"\0\0\0\0\x05\x12", true);
        &[MALFORMED, End::Code(Code::Cancelled)]
    )
    .reaches(Reaches::Perhaps),
    call(
        "calls in gRPC-Web",
        const {
            &[
                Preface(&[]),
                Open(
                    fields(&[("content-type", "application/grpc-web+proto")]),
                    false,
                ),
                Data(ME, true),
            ]
        },
        &[End::Ok],
    )
    .reaches(Reaches::Once),
    call(
        "calls in gRPC-Web as text",
        const {
            &[
                Preface(&[]),
                Open(
                    fields(&[("content-type", "application/grpc-web-text+proto")]),
                    false,
                ),
                // ME in base64.
                Data(b"AAAAAAQKAm1l", true),
            ]
        },
        &[End::Ok],
    )
    .reaches(Reaches::Once),
    call(
        "calls in gRPC-Web as text that is no base64",
        const {
            &[
                Preface(&[]),
                Open(
                    fields(&[("content-type", "application/grpc-web-text+proto")]),
                    false,
                ),
                Data(b"AAAA!!!!AAAA", true),
            ]
        },
        &[
            End::Code(Code::Internal),
            End::Code(Code::InvalidArgument),
            End::Http(400),
        ],
    ),
    call(
        "calls in gRPC-Web as text that breaks off",
        const {
            &[
                Preface(&[]),
                Open(
                    fields(&[("content-type", "application/grpc-web-text+proto")]),
                    false,
                ),
                Data(b"AAAAAAQKA", true),
            ]
        },
        &[
            End::Code(Code::Internal),
            End::Code(Code::InvalidArgument),
            End::Code(Code::Unimplemented),
            End::Http(400),
        ],
    ),
];
