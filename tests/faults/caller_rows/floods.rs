//! Callers that send too much, or frames that break the rules of HTTP/2.

use tonic::Code;

use super::{End, Family, Fault, Reaches, call};
use crate::caller::Step::{Calls, Data, Head as Open, Make, MakeData, Preface, Repeat, Resets};
use crate::caller::{GET_USER, Head, ME};
use crate::http2 as wire;

pub(super) const FAMILY: Family = Family {
    name: "Floods",
    about: "The caller sends too much of something, or breaks a rule of HTTP/2. Good calls are \
            refused one by one where there are too many. A caller that does harm loses its \
            connection; others notice nothing.",
    faults: FAULTS,
};

/// A call that waits its turn.
const PATIENT: Head = Head {
    fields: &[
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("grpc-timeout", "20S"),
    ],
    ..GET_USER
};

/// Whatever bounds the harm.
const BOUNDED: &[End] = &[
    End::Ok,
    End::Closed,
    End::Reset,
    End::Http(431),
    End::Code(Code::ResourceExhausted),
    End::Code(Code::InvalidArgument),
    End::Code(Code::Internal),
];

/// A rule of the connection is broken, by RFC 9113 at the latest.
const fn breaks(name: &'static str, script: &'static [super::Step]) -> Fault {
    Fault::new(name, script, &[End::Closed])
}

/// A rule is broken that may be taken for one of the stream.
const fn breaks_stream(name: &'static str, script: &'static [super::Step]) -> Fault {
    Fault::new(name, script, &[End::Reset, End::Closed, End::Http(400)])
}

fn many_fields(stream: u32, count: usize, size: usize) -> Vec<u8> {
    let value = "x".repeat(size);
    let names: Vec<_> = (0..count)
        .map(|index| format!("x-filler-{index}"))
        .collect();
    let mut fields = vec![
        (":method", "POST"),
        (":scheme", "http"),
        (":path", GET_USER.path),
        (":authority", "localhost"),
    ];
    fields.extend(GET_USER.fields);
    fields.extend(names.iter().map(|name| (name.as_str(), value.as_str())));
    wire::headers(stream, &fields, false)
}

pub(crate) const FAULTS: &[Fault] = &[
    Fault::new(
        "makes 5,000 calls at once",
        &[Preface(&[]), Calls(PATIENT, 5000)],
        &[End::EachByItself],
    )
    .reaches(Reaches::Perhaps)
    .connection_goes_on(),
    Fault::new(
        "makes and resets 2,000 calls",
        &[
            Preface(&[]),
            Resets(GET_USER, 2000),
            Open(GET_USER, false),
            Data(ME, true),
        ],
        &[
            End::Ok,
            End::Closed,
            End::Reset,
            End::Code(Code::ResourceExhausted),
        ],
    )
    .reaches(Reaches::Perhaps),
    Fault::new(
        "sends 2,000 fields",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Make(|| many_fields(3, 2000, 10)),
            Data(ME, true),
        ],
        BOUNDED,
    )
    .reaches(Reaches::Perhaps),
    Fault::new(
        "sends a field of 1 MiB",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Data(ME, true),
            Make(|| many_fields(3, 1, 1 << 20)),
        ],
        BOUNDED,
    )
    .reaches(Reaches::Perhaps),
    breaks(
        "continues its headers without end",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Make(|| wire::frame(wire::HEADERS, 0, 3, &wire::block(&[(":method", "POST")]))),
            Repeat(
                |_| wire::frame(wire::CONTINUATION, 0, 3, &[0; 16 << 10]),
                2000,
            ),
        ],
    ),
    breaks(
        "continues its headers with nothing without end",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Make(|| wire::frame(wire::HEADERS, 0, 3, &wire::block(&[(":method", "POST")]))),
            Repeat(
                |_| wire::frame(wire::CONTINUATION, 0, 3, &[]).repeat(100),
                2000,
            ),
        ],
    ),
    call(
        "sends 10,000 PINGs",
        &[
            Preface(&[]),
            Repeat(|_| wire::frame(wire::PING, 0, 0, &[1; 8]).repeat(100), 100),
            Open(GET_USER, false),
            Data(ME, true),
        ],
        &[End::Ok, End::Closed],
    )
    .reaches(Reaches::Perhaps),
    call(
        "sends 10,000 SETTINGS",
        &[
            Preface(&[]),
            Repeat(|_| wire::settings(&[(4, 65_535)]).repeat(100), 100),
            Open(GET_USER, false),
            Data(ME, true),
        ],
        &[End::Ok, End::Closed],
    )
    .reaches(Reaches::Perhaps),
    call(
        "sends 10,000 empty frames of its message",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Repeat(|stream| wire::data(stream, b"", false).repeat(100), 100),
            Data(ME, true),
        ],
        &[End::Ok, End::Closed, End::Reset],
    )
    .reaches(Reaches::Perhaps),
    call(
        "opens windows 10,000 times",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Repeat(|stream| wire::window_update(stream, 1).repeat(100), 100),
            Data(ME, true),
        ],
        &[End::Ok, End::Closed, End::Reset],
    )
    .reaches(Reaches::Perhaps),
    breaks_stream(
        "sends more than the window allows",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            // A message of 3 MB, which is not too large.
            Data(b"\0\0\x2d\xc6\xc0", false),
            MakeData(|| vec![0; 16 << 20], false),
        ],
    ),
    breaks(
        "sends DATA on the connection",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Make(|| wire::data(0, ME, false)),
        ],
    ),
    breaks(
        "sends HEADERS on a stream of the gateway",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Make(|| wire::headers(2, &[(":method", "POST")], true)),
        ],
    ),
    breaks(
        "sends DATA on a stream that was never opened",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Make(|| wire::data(9, ME, true)),
        ],
    ),
    breaks(
        "sends a frame beyond the limit",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Make(|| wire::frame(wire::PING, 0, 0, &vec![0; (16 << 20) - 1])),
        ],
    ),
    breaks(
        "sends a PING of three bytes",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Make(|| wire::frame(wire::PING, 0, 0, &[0; 3])),
        ],
    ),
    breaks(
        "opens the window of the connection by nothing",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Make(|| wire::window_update(0, 0)),
        ],
    ),
    breaks(
        "opens the window of the connection too far",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Make(|| wire::window_update(0, 0x7fff_ffff).repeat(2)),
        ],
    ),
    breaks(
        "sends headers that cannot be read",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Make(|| wire::frame(wire::HEADERS, wire::END_HEADERS, 3, &[0xff; 8])),
        ],
    ),
    breaks(
        "sends SETTINGS with an impossible window",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Make(|| wire::settings(&[(4, u32::MAX)])),
        ],
    ),
    breaks_stream(
        "sends headers without a path",
        &[
            Preface(&[]),
            Open(
                Head {
                    path: "",
                    ..GET_USER
                },
                false,
            ),
            Data(ME, true),
        ],
    ),
    call(
        "sends a frame of a kind that nobody knows",
        &[
            Preface(&[]),
            Make(|| wire::frame(0xfa, 0xff, 0, b"?")),
            Open(GET_USER, false),
            Data(ME, true),
        ],
        &[End::Ok],
    )
    .reaches(Reaches::Once),
    Fault::new(
        "says goodbye with GOAWAY and waits for its answer",
        &[
            Preface(&[]),
            Open(GET_USER, false),
            Data(ME, true),
            Make(|| wire::go_away(0, 0)),
        ],
        &[End::Ok],
    )
    .reaches(Reaches::Once),
];
