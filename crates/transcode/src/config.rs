//! What a gateway has to know of its upstream.

use std::time::Duration;

use http::Uri;

use crate::allowed::{ReplyFields, RequestFields};
use crate::caller::TimeAllowed;
use crate::error_shape::ErrorShape;

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
    /// How long a call may take whose caller does not say, if no layer of the server gives it
    /// a deadline ([`CallContext`](crate::CallContext)). A streamed list may take as long as
    /// the longest.
    pub default_deadline: Duration,
    /// How long a call may take at most, whatever its caller says. It covers everything from
    /// the headers to the end of the reply: a message that never comes, the exchange with the
    /// upstream, and a list that is not read.
    pub max_deadline: Duration,
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
    /// Where errors of the upstream have their parts, if they are neither a
    /// `google.rpc.Status` nor problem details.
    pub errors: ErrorShape,
    /// How many different differences between replies and their declared shape
    /// ([`Drift`](crate::json::Drift)) are told in the log. The first of each rpc, JSON path
    /// and kind is a warning, and then one that there are more. The record of each call has
    /// all of its own, whatever this says.
    pub max_logged_drifts: usize,
    /// How whoever runs the gateway knows its settings.
    pub names: SettingNames,
    /// Messages that stand in place of the upstream's, by the reason of its error (in the
    /// sense of `google.rpc.ErrorInfo`). They are for what callers of the gateway do in
    /// another way than callers of the upstream, such as logging in.
    pub messages: &'static [(&'static str, &'static str)],
}

/// How whoever runs the gateway knows its settings: callers are told of the one that has
/// refused a reply, so that they can ask for more. By default they are fields of [`Config`]; a
/// program with arguments gives the names of these.
#[derive(Debug, Clone, Copy)]
pub struct SettingNames {
    /// The name of [`Config::max_reply`].
    pub max_reply: &'static str,
    /// The name of [`Config::max_element`].
    pub max_element: &'static str,
}

impl Default for SettingNames {
    fn default() -> Self {
        Self {
            max_reply: "Config::max_reply",
            max_element: "Config::max_element",
        }
    }
}

impl Config {
    /// A configuration with the defaults: messages of up to 4 MiB, replies of up
    /// to 64 MiB and 256 MiB together, elements of up to 1 MiB, 30 s for a call and 5 min at
    /// most, 1 s for the body of an error, delays of up to an hour, and `authorization`, `accept-language`, `traceparent` and
    /// `tracestate` passed on. Of the headers of replies, none is. Errors are read as a
    /// `google.rpc.Status` or problem details, 1024 drifts are told in the log, and messages
    /// are the upstream's.
    #[must_use]
    pub fn new(base: Uri) -> Self {
        Self {
            base,
            domain: "gateway".to_owned(),
            max_message: 4 << 20,
            max_reply: 64 << 20,
            max_element: 1 << 20,
            max_held: 256 << 20,
            default_deadline: Duration::from_secs(30),
            max_deadline: Duration::from_mins(5),
            error_body_timeout: Duration::from_secs(1),
            max_retry_after: Duration::from_hours(1),
            forwarded: RequestFields::default(),
            forwarded_replies: ReplyFields::default(),
            errors: ErrorShape::default(),
            max_logged_drifts: 1024,
            names: SettingNames::default(),
            messages: &[],
        }
    }

    /// How long a call may take.
    pub(crate) fn time_allowed(&self, is_streamed: bool) -> TimeAllowed {
        TimeAllowed {
            by_default: if is_streamed {
                self.max_deadline
            } else {
                self.default_deadline
            },
            at_most: self.max_deadline,
        }
    }
}
