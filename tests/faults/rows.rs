//! The faults of an upstream and what comes of each, as data.
//!
//! What is expected follows from the RFCs, from the documentation of gRPC, and
//! from what the gateway promises to its callers; never from what it happens
//! to do.

mod codings;
mod deaths;
mod frames;
mod heads;
mod lists;
mod overload;
mod replies;
mod stalls;

use std::ops::RangeInclusive;
use std::time::Duration;

use tonic::Code;

use crate::calls::{Call, Retry};
use crate::upstream::{Act, Body, Reply, Script, Step, Version};

/// All families, in the order of the documentation.
pub(crate) const FAMILIES: &[Family] = &[
    stalls::FAMILY,
    deaths::FAMILY,
    heads::FAMILY,
    replies::FAMILY,
    lists::FAMILY,
    codings::FAMILY,
    frames::FAMILY,
    overload::FAMILY,
];

/// Faults of a kind.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    /// What an operator should know of them, as Markdown.
    pub(crate) about: &'static str,
    pub(crate) faults: &'static [Fault],
}

/// A fault of an upstream, and what comes of it.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    /// What the upstream does. No other fault of the same version of HTTP and
    /// the same call is named so.
    pub(crate) name: &'static str,
    pub(crate) script: Script,
    pub(crate) call: Call,
    /// Whether only the first attempt meets the script, rather than each.
    pub(crate) once: bool,
    /// Whether there is a good call before, so that the fault meets a
    /// connection that was used.
    pub(crate) warm: bool,
    pub(crate) deadline: Deadline,
    /// What the caller may be told. Any of them will do: where there are
    /// several, the documents leave it open.
    pub(crate) ends: &'static [End],
    pub(crate) retry_info: RetryInfo,
    /// How often the upstream sees the request. Of a script that starts with
    /// the connection: how many connections it sees.
    pub(crate) attempts: Attempts,
    pub(crate) time: Time,
    /// What becomes of the connections that met the script.
    pub(crate) closed: bool,
    pub(crate) next: Next,
}

/// The deadline of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deadline {
    /// Half a second, for calls that end with it; else far away.
    Own,
    /// None, so that the gateway's default holds.
    Default,
    /// Longer than the gateway allows.
    TooLong,
}

/// What a caller is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// OK, with the resource of this id.
    Ok(&'static str),
    /// OK, with a page of a list that goes on here.
    Page(Option<i32>),
    /// A code and the reason in its `ErrorInfo`.
    Fails(Code, &'static str),
}

/// Whether the caller is invited to call again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryInfo {
    /// It may be; what is there is a legal Duration.
    Legal,
    Absent,
    Present,
    After(Duration),
}

impl RetryInfo {
    pub(crate) fn admits(self, found: Retry) -> bool {
        match self {
            Self::Legal => found != Retry::Illegal,
            Self::Absent => found == Retry::None,
            Self::Present => matches!(found, Retry::After(_)),
            Self::After(delay) => found == Retry::After(delay),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempts {
    pub(crate) least: usize,
    pub(crate) most: usize,
}

impl Attempts {
    pub(crate) fn range(self) -> RangeInclusive<usize> {
        self.least..=self.most
    }
}

/// When the call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Time {
    /// Long before its deadline.
    AtOnce,
    /// With its deadline.
    AtDeadline,
}

/// What the next call on the same gateway sees, when the upstream is well
/// again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Ok,
    /// OK once the gateway has found that the connection is dead.
    OkSoon,
}

impl Fault {
    /// The versions of HTTP that have this fault.
    pub(crate) fn versions(&self) -> &'static [Version] {
        match self.script {
            Script::OnAccept(_) | Script::OnHead(_) | Script::OnRequest(_) => &[Version::Http1],
            Script::InsteadOfTls(_)
            | Script::InsteadOfSettings(_)
            | Script::OnHeaders(..)
            | Script::OnStream(_) => &[Version::Http2],
            Script::Refuse | Script::Reply(_) => &[Version::Http1, Version::Http2],
        }
    }

    const fn new(name: &'static str, script: Script, ends: &'static [End]) -> Self {
        Self {
            name,
            script,
            call: Call::Get,
            once: false,
            warm: false,
            deadline: Deadline::Own,
            ends,
            retry_info: RetryInfo::Legal,
            attempts: Attempts { least: 1, most: 1 },
            time: Time::AtOnce,
            closed: false,
            next: Next::Ok,
        }
    }

    /// The call, where it is not a GET.
    const fn of(mut self, call: Call) -> Self {
        self.call = call;
        self
    }

    const fn once(mut self) -> Self {
        self.once = true;
        self
    }

    const fn warm(mut self) -> Self {
        self.warm = true;
        self
    }

    const fn attempts(mut self, least: usize, most: usize) -> Self {
        self.attempts = Attempts { least, most };
        self
    }

    const fn closed(mut self) -> Self {
        self.closed = true;
        self
    }

    const fn retry_info(mut self, retry_info: RetryInfo) -> Self {
        self.retry_info = retry_info;
        self
    }

    const fn at_deadline(mut self) -> Self {
        self.time = Time::AtDeadline;
        self.closed = true;
        self
    }

    const fn deadline(mut self, deadline: Deadline) -> Self {
        self.deadline = deadline;
        self
    }

    const fn next(mut self, next: Next) -> Self {
        self.next = next;
        self
    }
}

/// HTTP/1.1, once the request is whole.
const fn http1(name: &'static str, steps: &'static [Step], ends: &'static [End]) -> Fault {
    Fault::new(name, Script::OnRequest(steps), ends)
}

/// HTTP/2, once the request is whole.
const fn http2(name: &'static str, acts: &'static [Act], ends: &'static [End]) -> Fault {
    Fault::new(name, Script::OnStream(acts), ends)
}

/// A whole reply with status 200, of JSON unless its fields say otherwise.
const fn ok(
    name: &'static str,
    fields: &'static [(&'static str, &'static str)],
    body: Body,
    ends: &'static [End],
) -> Fault {
    reply(name, 200, fields, body, ends)
}

const fn reply(
    name: &'static str,
    status: u16,
    fields: &'static [(&'static str, &'static str)],
    body: Body,
    ends: &'static [End],
) -> Fault {
    let reply = Reply {
        status,
        fields,
        body,
    };
    Fault::new(name, Script::Reply(reply), ends)
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// What a reply of a fault holds where it is read in spite of it.
const FAULTY: End = End::Ok("fault");
const FAULTY_BODY: Body = Body::Bytes(br#"{"id":"fault"}"#);

/// What a caller sees where another attempt was answered well.
const MENDED: End = End::Ok("good");

const LATE: End = End::Fails(Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
const NEVER_SENT: End = End::Fails(Code::Unavailable, "UPSTREAM_UNAVAILABLE");
const LOST: End = End::Fails(Code::Unavailable, "UPSTREAM_CONNECTION_LOST");
const BROKEN: End = End::Fails(Code::Unavailable, "UPSTREAM_REPLY_BROKEN");
const VIOLATION: End = End::Fails(Code::Internal, "UPSTREAM_CONTRACT_VIOLATION");
const TOO_LARGE: End = End::Fails(Code::ResourceExhausted, "UPSTREAM_REPLY_TOO_LARGE");

/// A connection that ends while it is not clear whether a request was sent.
const AWAY: &[End] = &[NEVER_SENT, LOST];
/// A head that broke off.
const LOST_OR_BROKEN: &[End] = &[LOST, BROKEN, VIOLATION];
/// A body whose framing is wrong, which is broken off or a violation.
const BROKEN_OR_VIOLATION: &[End] = &[BROKEN, VIOLATION];
