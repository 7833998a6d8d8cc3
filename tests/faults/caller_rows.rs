//! The faults of callers and what comes of each, as data.
//!
//! What is expected follows from the RFCs and from the documentation of gRPC
//! (PROTOCOL-HTTP2.md, PROTOCOL-WEB.md, statuscodes.md, compression.md).

mod calls;
mod connections;
pub(crate) mod floods;

use tonic::Code;

use crate::caller::Step;
use crate::upstream::{Body, Reply, Script};

/// All families, in the order of the documentation.
pub(crate) const FAMILIES: &[Family] = &[connections::FAMILY, calls::FAMILY, floods::FAMILY];

/// Faults of a kind.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    /// What an operator should know of them, as Markdown.
    pub(crate) about: &'static str,
    pub(crate) faults: &'static [Fault],
}

/// A fault of a caller, and what comes of it.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    /// What the caller does. No other fault of a caller is named so.
    pub(crate) name: &'static str,
    pub(crate) script: &'static [Step],
    /// Whether the caller takes what it is sent.
    pub(crate) reads: bool,
    /// What the upstream does meanwhile.
    pub(crate) upstream: Script,
    /// What the caller may be told. Any of them will do.
    pub(crate) ends: &'static [End],
    /// Whether the call is carried out.
    pub(crate) reaches_upstream: Reaches,
    /// Whether the connection serves another call afterwards.
    pub(crate) connection_goes_on: bool,
}

/// What a caller is told of its first call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Ok,
    /// A code, and the reason in its `ErrorInfo`.
    Fails(Code, &'static str),
    /// A code, whatever its reason.
    Code(Code),
    /// A status of HTTP alone.
    Http(u16),
    /// `RST_STREAM`.
    Reset,
    /// The connection ends, with or without GOAWAY.
    Closed,
    /// Each of the calls ends with OK, `RESOURCE_EXHAUSTED` or
    /// `REFUSED_STREAM`, and the connection goes on.
    EachByItself,
    /// The caller has left and is told nothing.
    Gone,
}

/// Whether the upstream sees anything of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reaches {
    Never,
    Once,
    /// It may.
    Perhaps,
}

impl Fault {
    const fn new(name: &'static str, script: &'static [Step], ends: &'static [End]) -> Self {
        Self {
            name,
            script,
            reads: true,
            upstream: WELL,
            ends,
            reaches_upstream: Reaches::Never,
            connection_goes_on: false,
        }
    }

    const fn reaches(mut self, reaches: Reaches) -> Self {
        self.reaches_upstream = reaches;
        self
    }

    const fn upstream(mut self, upstream: Script) -> Self {
        self.upstream = upstream;
        self
    }

    const fn connection_goes_on(mut self) -> Self {
        self.connection_goes_on = true;
        self
    }

    const fn reads_nothing(mut self) -> Self {
        self.reads = false;
        self
    }
}

/// An upstream that answers well.
const WELL: Script = Script::Reply(Reply {
    status: 200,
    fields: &[("content-type", "application/json")],
    body: Body::Bytes(br#"{"id":"good"}"#),
});

/// A call that is told to the end and leaves the connection as it was.
const fn call(name: &'static str, script: &'static [Step], ends: &'static [End]) -> Fault {
    Fault::new(name, script, ends).connection_goes_on()
}

const LATE: End = End::Fails(Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
const INVALID: End = End::Fails(Code::InvalidArgument, "INVALID_REQUEST");
const MALFORMED: End = End::Fails(Code::Internal, "MALFORMED_MESSAGE");
const COUNT: End = End::Fails(Code::Unimplemented, "MESSAGE_COUNT");
const TOO_LARGE: End = End::Fails(Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
