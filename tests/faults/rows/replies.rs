//! Replies that are HTTP, and not what was agreed on.

use tonic::Code;

use super::{End, FAULTY, Family, Fault, JSON, LATE, TOO_LARGE, VIOLATION, ok, reply};
use crate::calls::Call;
use crate::upstream::Body;

pub(super) const FAMILY: Family = Family {
    name: "Replies",
    about: "The reply is valid HTTP and not what the API declares. What cannot be read is \
            `UPSTREAM_CONTRACT_VIOLATION`, with the JSON path of the offence; it is never \
            answered OK, and never passed on as it is. An error keeps what can be read of it; \
            else its HTTP status decides.",
    faults: FAULTS,
};

const HTML: &[(&str, &str)] = &[("content-type", "text/html")];

const NOT_FOUND: &[End] = &[End::Fails(Code::NotFound, "THING_GONE")];
const PAGE_4: &[End] = &[End::Page(Some(4))];
const LAST_PAGE: &[End] = &[End::Page(None)];
const FAULTY_OR_VIOLATION: &[End] = &[FAULTY, VIOLATION];

const fn body(name: &'static str, body: &'static [u8], ends: &'static [End]) -> Fault {
    ok(name, JSON, Body::Bytes(body), ends)
}

const fn error(
    name: &'static str,
    status: u16,
    body: &'static [u8],
    ends: &'static [End],
) -> Fault {
    reply(name, status, JSON, Body::Bytes(body), ends)
}

/// A page of a list with these fields.
const fn page(
    name: &'static str,
    fields: &'static [(&'static str, &'static str)],
    ends: &'static [End],
) -> Fault {
    ok(name, fields, Body::Bytes(br#"[{"id":"fault"}]"#), ends).of(Call::List)
}

const GONE: &[u8] = br#"{"error":{"code":404,"status":"NOT_FOUND","message":"gone","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"THING_GONE","domain":"d"}]}}"#;

const FAULTS: &[Fault] = &[
    ok(
        "answers an HTML page",
        HTML,
        Body::Bytes(b"<html>Please log in</html>"),
        &[VIOLATION],
    ),
    body("answers nothing", b"", &[VIOLATION]),
    body("answers blanks", b"  \r\n ", &[VIOLATION]),
    body("answers JSON that breaks off", br#"{"id":"fa"#, &[VIOLATION]),
    body("answers two documents", br#"{"id":"fault"}{"id":"b"}"#, &[VIOLATION]),
    body("answers a list where an object is due", br#"[{"id":"fault"}]"#, &[VIOLATION]),
    body("answers a text where an object is due", br#""fault""#, &[VIOLATION]),
    body("answers a number where a text is due", br#"{"id":7}"#, &[VIOLATION]),
    body(
        "answers null in a list",
        br#"{"id":"fault","settings":{"notifications":["a",null]}}"#,
        &[VIOLATION],
    ),
    body("answers null for what may be absent", br#"{"id":"fault","email":null}"#, &[FAULTY]),
    body("answers a property that nobody declared", br#"{"id":"fault","shoeSize":43}"#, &[FAULTY]),
    body("answers a spelling that nobody declared", br#"{"id":"fault","role":"janitor"}"#, &[FAULTY]),
    body("puts a byte-order mark first", b"\xef\xbb\xbf{\"id\":\"fault\"}", &[FAULTY]),
    body("answers in UTF-16", b"\xff\xfe{\0\"\0i\0d\0\"\0:\0\"\0f\0\"\0}\0", &[VIOLATION]),
    body("answers bytes that are no UTF-8", b"{\"id\":\"\xff\xfe\"}", &[VIOLATION]),
    body("answers half a surrogate pair", br#"{"id":"\ud800"}"#, &[VIOLATION]),
    ok(
        "answers 10,000 brackets",
        JSON,
        Body::Made(|| [br#"{"id":"fault","meta":{"a":"#.as_slice(), &[b'['; 10_000]].concat()),
        &[VIOLATION],
    ),
    ok(
        "answers 10,000 levels",
        JSON,
        Body::Made(|| {
            let levels = [[b'['; 10_000], [b']'; 10_000]].concat();
            [br#"{"id":"fault","meta":{"a":"#.as_slice(), &levels, b"}}"].concat()
        }),
        &[VIOLATION],
    ),
    body("answers NaN", br#"{"id":"fault","meta":{"a":NaN}}"#, &[VIOLATION]),
    body(
        "answers a number that no double holds",
        br#"{"id":"fault","meta":{"a":1e400}}"#,
        FAULTY_OR_VIOLATION,
    ),
    body(
        "answers an integer that no double holds exactly",
        br#"{"id":"fault","meta":{"a":9007199254740993}}"#,
        &[FAULTY],
    ),
    body(
        "answers a leap second",
        br#"{"id":"fault","createdAt":"2016-12-31T23:59:60Z"}"#,
        FAULTY_OR_VIOLATION,
    ),
    body(
        "answers an instant of the year 10000",
        br#"{"id":"fault","createdAt":"+010000-01-01T00:00:00Z"}"#,
        FAULTY_OR_VIOLATION,
    ),
    body(
        "answers an instant with an offset",
        br#"{"id":"fault","createdAt":"2020-01-01T01:00:00+01:00"}"#,
        &[FAULTY],
    ),
    body("answers an instant that is none", br#"{"id":"fault","createdAt":"today"}"#, &[VIOLATION]),
    ok(
        "answers more than the limit",
        JSON,
        Body::Made(|| [br#"{"id":"fault"}"#.as_slice(), &[b' '; 60 << 10]].concat()),
        &[TOO_LARGE],
    ),
    error("answers an error with a reason", 404, GONE, NOT_FOUND),
    error(
        "answers an error behind a byte-order mark",
        404,
        "\u{feff}{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\",\"message\":\"gone\",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"THING_GONE\",\"domain\":\"d\"}]}}"
            .as_bytes(),
        NOT_FOUND,
    ),
    error(
        "answers an error with null members",
        404,
        br#"{"error":{"code":404,"status":"NOT_FOUND","message":null,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"THING_GONE","domain":null,"metadata":null}]}}"#,
        NOT_FOUND,
    ),
    error(
        "answers an error with details in snake_case",
        503,
        br#"{"error":{"code":503,"status":"UNAVAILABLE","message":"busy","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"BUSY","domain":"d"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retry_delay":"7s"}]}}"#,
        &[End::Fails(Code::Unavailable, "BUSY")],
    )
    .of(Call::Post)
    .retry_info(super::RetryInfo::After(std::time::Duration::from_secs(7))),
    error(
        "answers an error with details of a type that nobody knows",
        404,
        br#"{"error":{"code":404,"status":"NOT_FOUND","message":"gone","details":[{"@type":"type.googleapis.com/a.B"},7,null,{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"THING_GONE","domain":"d"}]}}"#,
        NOT_FOUND,
    ),
    error(
        "answers an error that says OK",
        500,
        br#"{"error":{"code":200,"status":"OK","message":"fine"}}"#,
        &[End::Fails(Code::Internal, "UPSTREAM_HTTP_500")],
    ),
    error(
        "answers an error of half a document",
        404,
        br#"{"error":{"code":404,"status":"NOT_F"#,
        &[End::Fails(Code::NotFound, "UPSTREAM_HTTP_404")],
    ),
    error(
        "answers an error with a RetryInfo that is no Duration",
        503,
        br#"{"error":{"code":503,"status":"UNAVAILABLE","message":"busy","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"999999999999999999s"}]}}"#,
        &[End::Fails(Code::Unavailable, "UPSTREAM_HTTP_503")],
    )
    .of(Call::Post),
    error(
        "answers an error with a negative RetryInfo",
        503,
        br#"{"error":{"code":503,"status":"UNAVAILABLE","message":"busy","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"-3s"}]}}"#,
        &[End::Fails(Code::Unavailable, "UPSTREAM_HTTP_503")],
    )
    .of(Call::Post),
    reply(
        "answers an HTML error",
        502,
        HTML,
        Body::Bytes(b"<html>nginx</html>"),
        &[End::Fails(Code::Unavailable, "UPSTREAM_HTTP_502")],
    )
    .of(Call::Post),
    reply(
        "answers an error of 60 KiB",
        409,
        JSON,
        Body::Made(|| {
            let message = "x".repeat(60 << 10);
            format!(r#"{{"error":{{"code":409,"status":"ABORTED","message":"{message}"}}}}"#)
                .into_bytes()
        }),
        &[End::Fails(Code::Aborted, "UPSTREAM_HTTP_409")],
    )
    .of(Call::Patch),
    super::http1(
        "answers an error without end",
        &[
            super::Step::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            super::Step::Flood(&[b'x'; 4096]),
        ],
        &[End::Fails(Code::InvalidArgument, "UPSTREAM_HTTP_400")],
    )
    .closed(),
    page(
        "names the next page",
        &[
            ("content-type", "application/json"),
            ("link", "</v2/users?offset=4>; rel=\"next\""),
        ],
        PAGE_4,
    ),
    page(
        "names the next page among other links",
        &[
            ("content-type", "application/json"),
            ("link", "</v2/users?offset=0>; rel=\"first\", , </v2/users?offset=4>; title=\"a, b; c\"; rel=\"last next\""),
        ],
        PAGE_4,
    ),
    page(
        "names the next page in a second field",
        &[
            ("content-type", "application/json"),
            ("link", "</v2/users?offset=0>; rel=first"),
            ("link", "</v2/users?offset=4>; rel=next"),
        ],
        PAGE_4,
    ),
    page("names no next page", JSON, LAST_PAGE),
    page(
        "sends a link without a target",
        &[("content-type", "application/json"), ("link", "nonsense; rel=next")],
        &[VIOLATION],
    ),
    page(
        "sends a link whose target does not end",
        &[("content-type", "application/json"), ("link", "</v2/users?offset=4; rel=next")],
        &[VIOLATION],
    ),
    page(
        "sends a link whose quotes do not end",
        &[("content-type", "application/json"), ("link", "</v2/users?offset=4>; rel=\"next")],
        &[VIOLATION],
    ),
    page(
        "names a next page without its offset",
        &[("content-type", "application/json"), ("link", "</v2/users?limit=4>; rel=next")],
        &[VIOLATION],
    ),
    page(
        "names a next page whose offset is no number",
        &[("content-type", "application/json"), ("link", "</v2/users?offset=four>; rel=next")],
        &[VIOLATION],
    ),
    page(
        "names a next page whose offset is too large",
        &[("content-type", "application/json"), ("link", "</v2/users?offset=99999999999>; rel=next")],
        &[VIOLATION],
    ),
    reply(
        "answers 401",
        401,
        JSON,
        Body::Bytes(br#"{"error":{"message":"jwt expired"}}"#),
        &[End::Fails(Code::Unauthenticated, "UPSTREAM_HTTP_401")],
    ),
    reply(
        "answers 500",
        500,
        JSON,
        Body::Bytes(b"{}"),
        &[End::Fails(Code::Internal, "UPSTREAM_HTTP_500")],
    ),
    super::http1(
        "answers JSON and waits with the end of its body",
        &[
            super::Step::Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{\"id\":\"fault\"}"),
            super::Step::Stall,
        ],
        &[LATE],
    )
    .at_deadline(),
];
