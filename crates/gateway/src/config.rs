//! The bounds of a server, all in one place.

use std::hash::RandomState;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use trace::Tracer;

use crate::admission::Admission;
use crate::limit::LimitConfig;

/// The bounds of a server and how it stops. Each has a default that is safe
/// without any configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The domain of the reasons that the server itself gives, in the sense of
    /// `google.rpc.ErrorInfo`.
    pub domain: String,

    /// Whose calls are made, where the gateway has credentials of its own. Without it
    /// everybody's are, and the upstream decides by the tokens of the callers.
    pub admission: Option<Arc<Admission>>,

    /// Says where calls stand in their traces. Without it, what callers say of that is
    /// passed on like other fields.
    pub tracer: Option<Tracer>,

    /// The key of the hashes by which callers are told apart, in the memory of the server
    /// and in what observers are told.
    pub subjects: RandomState,

    /// The deadline of a call whose caller gives none. It counts from the
    /// arrival of the request's headers to the last byte of the reply.
    pub default_deadline: Duration,
    /// The longest deadline. A longer one of a caller is cut to it, and a watch
    /// or a streamed list without a deadline of its own ends with it.
    pub max_deadline: Duration,

    /// The size of the largest message that is accepted, in bytes, both as it
    /// was sent and decompressed.
    pub max_message: usize,
    /// How many bytes the messages of all calls may take together, from their
    /// arrival until their calls are over. One caller's may take half of it.
    pub max_held: usize,
    /// How many calls may be under way at once on all connections together,
    /// watches included. One more is refused with `RESOURCE_EXHAUSTED`.
    pub max_calls: usize,
    /// How many of them may be of one caller, as told by its token, if the
    /// upstream has accepted that of late, or else by its address.
    pub max_calls_per_caller: usize,
    /// How many calls may stream a list at once. They last as long as their
    /// callers read. One caller may have a quarter of them.
    pub max_lists: usize,
    /// How many calls are sent upstream at once, and which of the others wait.
    pub limit: LimitConfig,

    /// How many connections may be open at once. Further ones wait until one
    /// of them closes. The limit of the process on open files lowers it, so
    /// that some stay for the way upstream.
    pub max_connections: usize,
    /// How many calls may be under way at once on one connection. HTTP/2
    /// refuses further ones in a way that lets clients send them again.
    pub max_streams: u32,
    /// How large the headers of a request may be, in bytes, uncompressed.
    pub max_headers: u32,
    /// How many bytes of one call may be on the way or not yet read.
    pub stream_window: u32,
    /// How many bytes of one connection may be on the way or not yet read.
    pub connection_window: u32,

    /// How long a new connection may take until it speaks HTTP, TLS included.
    pub preface_timeout: Duration,
    /// How long an HTTP/2 connection is kept that has not made a call yet.
    pub first_call_timeout: Duration,
    /// How often a connection is asked whether it is still there.
    pub keep_alive_interval: Duration,
    /// How long it has to answer before it is closed.
    pub keep_alive_timeout: Duration,
    /// How long a connection is kept without a call.
    pub idle_timeout: Duration,
    /// How long a connection is used for new calls; a tenth more or less, so
    /// that connections of the same age are not all replaced at once.
    pub max_age: Duration,

    /// Whether the Connect protocol is spoken beside gRPC and gRPC-Web.
    pub connect: bool,
    /// The origins of the browsers that may call over gRPC-Web or Connect. Without any,
    /// no page may read an answer; `*` stands for all.
    pub cors_origins: Vec<HeaderValue>,
    /// The fields of metadata that pages may send, beside those that gRPC-Web and
    /// the gateway itself go by.
    pub cors_request_headers: Vec<HeaderName>,
    /// The fields of metadata that pages may read, beside the status of gRPC and the
    /// request id.
    pub cors_reply_headers: Vec<HeaderName>,

    /// How long new connections are still served after the server was told to
    /// stop, while health already says `NOT_SERVING`. It gives load balancers
    /// the time to notice.
    pub drain_delay: Duration,
    /// How long calls may go on after that.
    pub grace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            domain: "gateway".to_owned(),
            admission: None,
            tracer: None,
            subjects: RandomState::new(),
            default_deadline: Duration::from_secs(30),
            max_deadline: Duration::from_mins(5),
            max_message: 4 << 20,
            max_held: 256 << 20,
            max_calls: 10_000,
            max_calls_per_caller: 5_000,
            max_lists: 128,
            limit: LimitConfig::default(),
            max_connections: 10_000,
            max_streams: 1024,
            max_headers: 16 << 10,
            stream_window: 256 << 10,
            connection_window: 16 << 20,
            preface_timeout: Duration::from_secs(5),
            first_call_timeout: Duration::from_secs(10),
            keep_alive_interval: Duration::from_secs(20),
            keep_alive_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(5),
            max_age: Duration::from_hours(1),
            connect: true,
            cors_origins: Vec::new(),
            cors_request_headers: Vec::new(),
            cors_reply_headers: Vec::new(),
            drain_delay: Duration::ZERO,
            grace: Duration::from_secs(30),
        }
    }
}
