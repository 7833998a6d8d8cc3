//! Upstreams that have too much to do.

use std::time::Duration;

use tonic::Code;

use super::{End, Family, Fault, MENDED, RetryInfo, reply};
use crate::calls::Call;
use crate::upstream::Body;

pub(super) const FAMILY: Family = Family {
    name: "Overload",
    about: "The upstream answers that it cannot serve the call now. 408, 502, 503, 504, and 429 \
            with a short Retry-After, are tried again where the method is idempotent, at most \
            twice and never against a long Retry-After. An answer that is not waited for is tried \
            at another endpoint at once, if there is one. `RetryInfo` is what Retry-After says, \
            in seconds or as a date, up to a cap.",
    faults: FAULTS,
};

const E429: &[End] = &[End::Fails(Code::ResourceExhausted, "UPSTREAM_HTTP_429")];
const E502: &[End] = &[End::Fails(Code::Unavailable, "UPSTREAM_HTTP_502")];
const E503: &[End] = &[End::Fails(Code::Unavailable, "UPSTREAM_HTTP_503")];
const E504: &[End] = &[End::Fails(Code::DeadlineExceeded, "UPSTREAM_HTTP_504")];

const fn answers(name: &'static str, status: u16, ends: &'static [End]) -> Fault {
    reply(name, status, &[], Body::Bytes(b""), ends)
}

const fn after(
    name: &'static str,
    status: u16,
    fields: &'static [(&'static str, &'static str)],
    ends: &'static [End],
) -> Fault {
    reply(name, status, fields, Body::Bytes(b""), ends)
}

/// An answer to a POST, which is not sent again, with a Retry-After.
macro_rules! retry_after {
    ($name:literal, $value:literal, $expected:expr) => {
        after($name, 503, &[("retry-after", $value)], E503)
            .of(Call::Post)
            .retry_info($expected)
    };
}

const FAULTS: &[Fault] = &[
    answers("answers 502 once", 502, &[MENDED])
        .once()
        .attempts(2, 2),
    answers("answers 503 once", 503, &[MENDED])
        .once()
        .attempts(2, 2),
    answers("answers 503 once", 503, &[MENDED])
        .of(Call::Delete)
        .once()
        .attempts(2, 2),
    answers("answers 504 once", 504, &[MENDED])
        .once()
        .attempts(2, 2),
    answers("answers 502", 502, E502).attempts(3, 3),
    answers("answers 503", 503, E503).attempts(3, 3),
    answers("answers 504", 504, E504).attempts(3, 3),
    answers("answers 408 once", 408, &[MENDED])
        .once()
        .attempts(2, 2),
    answers("answers 502", 502, E502).of(Call::Post),
    answers("answers 503", 503, E503).of(Call::Post),
    answers("answers 503", 503, E503).of(Call::Patch),
    answers("answers 504", 504, E504).of(Call::Post),
    answers("answers 429", 429, E429).of(Call::Post),
    after(
        "answers 429 once and is there again at once",
        429,
        &[("retry-after", "0")],
        &[MENDED],
    )
    .once()
    .attempts(2, 2),
    after(
        "answers 429 and asks for an hour",
        429,
        &[("retry-after", "3600")],
        E429,
    )
    .retry_info(RetryInfo::Present),
    after(
        "answers 503 and asks for an hour",
        503,
        &[("retry-after", "3600")],
        E503,
    )
    .retry_info(RetryInfo::Present),
    after(
        "answers 429 and asks for a second",
        429,
        &[("retry-after", "1")],
        E429,
    )
    .of(Call::Post)
    .retry_info(RetryInfo::After(Duration::from_secs(1))),
    retry_after!(
        "asks for 7 seconds",
        "7",
        RetryInfo::After(Duration::from_secs(7))
    ),
    retry_after!("asks for no time", "0", RetryInfo::Legal),
    retry_after!("asks for negative time", "-5", RetryInfo::Legal),
    retry_after!("asks for words", "soon", RetryInfo::Legal),
    retry_after!("asks for a fraction of a second", "1.5", RetryInfo::Legal),
    retry_after!(
        "asks for more than a Duration holds",
        "999999999999",
        RetryInfo::Legal
    ),
    retry_after!(
        "asks for more than 64 bits hold",
        "99999999999999999999",
        RetryInfo::Legal
    ),
    retry_after!(
        "asks for a date that has passed",
        "Wed, 21 Oct 2015 07:28:00 GMT",
        RetryInfo::Legal
    ),
    retry_after!(
        "asks for a date far away",
        "Tue, 20 Oct 2099 07:28:00 GMT",
        RetryInfo::Present
    ),
    retry_after!(
        "asks for a date that is none",
        "Wed, 99 Oct 2015 07:28:00 GMT",
        RetryInfo::Legal
    ),
    after(
        "asks for two times",
        503,
        &[("retry-after", "3"), ("retry-after", "5")],
        E503,
    )
    .of(Call::Post),
];
