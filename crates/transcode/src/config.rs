//! What a gateway has to know of its upstream.

use std::time::Duration;

use http::Uri;

use crate::allowed::{ReplyFields, RequestFields};

/// What a gateway has to know of its upstream.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the API lies: scheme, authority and the path that all paths are
    /// below, such as `https://api.example.com/v2`. An upstream in the same
    /// process may do with the path. A query plays no part.
    pub base: Uri,
    /// The domain of the reasons that the gateway itself gives, in the sense of
    /// `google.rpc.ErrorInfo`.
    pub domain: String,
    /// How large a message of a caller may be, in bytes. A larger one is refused
    /// before it is decoded.
    pub max_message: usize,
    /// How large a reply may be, in bytes. A larger one is `RESOURCE_EXHAUSTED`
    /// with the reason `UPSTREAM_REPLY_TOO_LARGE`; one that announces it is not
    /// read at all.
    pub max_reply: usize,
    /// How large one element of a streamed list may be, in bytes of protobuf; the list
    /// itself may be of any length. A larger one ends the stream as a reply that is
    /// too large ends a call.
    pub max_element: usize,
    /// How many bytes of replies all calls may hold together, as the messages that they
    /// become, from their arrival until their [`Held`](crate::Held) is dropped. A
    /// reply that finds no room is `RESOURCE_EXHAUSTED` with the reason `OVERLOADED`.
    pub max_held: usize,
    /// How long the body of an error is waited for. What has not arrived by
    /// then is not told.
    pub error_body_timeout: Duration,
    /// The longest delay that a `RetryInfo` asks for, whatever the upstream
    /// says.
    pub max_retry_after: Duration,
    /// The headers that are passed on from the request as it reaches the
    /// gateway. Everything else stays behind. A layer in front of the gateway may
    /// put other credentials in their place.
    pub forwarded: RequestFields,
    /// The headers of the upstream's replies that are passed on to the caller.
    /// Everything else stays behind.
    pub forwarded_replies: ReplyFields,
    /// Messages that stand in place of the upstream's, by the reason of its error (in the
    /// sense of `google.rpc.ErrorInfo`). They are for what callers of the gateway do in
    /// another way than callers of the upstream, such as logging in.
    pub messages: &'static [(&'static str, &'static str)],
}

impl Config {
    /// A configuration with the defaults: messages of up to 4 MiB, replies of up
    /// to 64 MiB and 256 MiB together, elements of up to 1 MiB, 1 s for the body of an error, delays of
    /// up to an hour, and `authorization`, `accept-language`, `traceparent` and
    /// `tracestate` passed on. Of the headers of replies, none is. Messages are the upstream's.
    #[must_use]
    pub fn new(base: Uri) -> Self {
        Self {
            base,
            domain: "gateway".to_owned(),
            max_message: 4 << 20,
            max_reply: 64 << 20,
            max_element: 1 << 20,
            max_held: 256 << 20,
            error_body_timeout: Duration::from_secs(1),
            max_retry_after: Duration::from_hours(1),
            forwarded: RequestFields::default(),
            forwarded_replies: ReplyFields::default(),
            messages: &[],
        }
    }
}
