//! The bounds of the gRPC server as arguments.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use gateway::config::Config;
use http::{HeaderValue, Uri};

use super::forward::ForwardArgs;

/// What the gRPC server allows its callers, and how it stops.
#[derive(Args, Debug)]
#[command(next_help_heading = "Bounds on calls and connections")]
pub(crate) struct BoundsArgs {
    /// The deadline of a call whose caller gives none
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = lasting)]
    default_deadline: Duration,

    /// The longest deadline; longer ones are cut to it
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = lasting)]
    max_deadline: Duration,

    /// The size of the largest message of a caller, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 4 << 20, value_parser = positive::<usize>)]
    max_message: usize,

    /// The size of the largest reply of the upstream, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20, value_parser = positive::<usize>)]
    max_reply: usize,

    /// The size of the largest element of a streamed list, in bytes; the list may
    /// be of any length
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20, value_parser = positive::<usize>)]
    max_element: usize,

    /// How many bytes of replies may be held at once, all calls together
    #[arg(long, value_name = "BYTES", default_value_t = 256 << 20, value_parser = positive::<usize>)]
    max_held_replies: usize,

    /// How many bytes of callers' messages may be held at once, all calls
    /// together; one caller may take half of it
    #[arg(long, value_name = "BYTES", default_value_t = 256 << 20, value_parser = positive::<usize>)]
    max_held_requests: usize,

    /// How many different drifts of replies from their contract are told in the log, the
    /// first of each rpc, JSON path and kind
    #[arg(long, value_name = "NUMBER", default_value_t = 1024)]
    max_logged_drifts: usize,

    #[command(flatten)]
    forward: ForwardArgs,

    /// How many calls may be open at once, watches included
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, value_parser = positive::<usize>)]
    max_calls: usize,

    /// How many of them may be of one caller, as told by its token, once the
    /// upstream has accepted that, or else by its address
    #[arg(long, value_name = "NUMBER", default_value_t = 5_000, value_parser = positive::<usize>)]
    max_calls_per_caller: usize,

    /// How many calls may stream a list at once; one caller may have a quarter of
    /// them
    #[arg(long, value_name = "NUMBER", default_value_t = 128, value_parser = positive::<usize>)]
    max_lists: usize,

    /// How many calls may be sent upstream at once; the gateway finds a lower
    /// number by itself where more would only wait there
    #[arg(long, value_name = "NUMBER", default_value_t = 1024, value_parser = positive::<u32>)]
    max_in_flight: u32,

    /// How many uploads may be sent upstream at once, apart from other calls; one
    /// caller may send a quarter of them
    #[arg(long, value_name = "NUMBER", default_value_t = 128, value_parser = positive::<u32>)]
    max_uploads: u32,

    /// How many calls may wait to be sent upstream
    #[arg(long, value_name = "NUMBER", default_value_t = 1024)]
    max_queue: usize,

    /// How long a call may wait to be sent upstream
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    max_queue_wait: Duration,

    /// How many connections may be open at once; further ones wait
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, value_parser = positive::<usize>)]
    max_connections: usize,

    /// How many calls may be open at once on one connection
    #[arg(long, value_name = "NUMBER", default_value_t = 1024, value_parser = positive::<u32>)]
    max_streams: u32,

    /// How large the headers of a request may be, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 16 << 10, value_parser = positive::<u32>)]
    max_headers: u32,

    /// How long a new connection may take until it speaks HTTP
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    preface_timeout: Duration,

    /// How long an HTTP/2 connection is kept that has not made a call yet
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    first_call_timeout: Duration,

    /// How often a connection is asked whether it is still there
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = duration)]
    keep_alive_interval: Duration,

    /// How long it has to answer
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    keep_alive_timeout: Duration,

    /// How long a connection is kept without a call
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    idle_timeout: Duration,

    /// How long a connection is used for new calls
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    max_connection_age: Duration,

    /// Speak gRPC and gRPC-Web alone, and not the Connect protocol
    #[arg(long)]
    no_connect: bool,

    /// An origin whose pages may call over gRPC-Web or Connect, or * for all
    ///
    /// An example is `https://app.example.com`. May be given several times.
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    cors_origin: Vec<HeaderValue>,

    /// How long new connections are still served after SIGTERM or Ctrl-C, while
    /// health and readiness already say no
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub(super) drain_delay: Duration,

    /// How long calls may go on after that
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(super) grace: Duration,
}

impl BoundsArgs {
    /// How long a server that stops still accepts connections, and how long calls may
    /// go on after that.
    #[cfg(test)]
    pub(super) fn stopping(&self) -> (Duration, Duration) {
        (self.drain_delay, self.grace)
    }

    /// The configuration of a server that gives reasons of this domain.
    pub(super) fn config(&self, domain: &str) -> Config {
        let mut config = Config {
            domain: domain.to_owned(),
            default_deadline: self.default_deadline,
            max_deadline: self.max_deadline,
            max_message: self.max_message,
            max_held: self.max_held_requests,
            max_calls: self.max_calls,
            max_calls_per_caller: self.max_calls_per_caller,
            max_lists: self.max_lists,
            max_connections: self.max_connections,
            max_streams: self.max_streams,
            max_headers: self.max_headers,
            preface_timeout: self.preface_timeout,
            first_call_timeout: self.first_call_timeout,
            keep_alive_interval: self.keep_alive_interval,
            keep_alive_timeout: self.keep_alive_timeout,
            idle_timeout: self.idle_timeout,
            max_age: self.max_connection_age,
            connect: !self.no_connect,
            cors_origins: self.cors_origin.clone(),
            cors_request_headers: self.forward.extra_requests(),
            cors_reply_headers: self.forward.replies().names().to_vec(),
            drain_delay: self.drain_delay,
            grace: self.grace,
            ..Config::default()
        };
        config.limit.max = self.max_in_flight;
        config.limit.initial = config.limit.initial.min(self.max_in_flight);
        config.limit.max_uploads = self.max_uploads;
        config.limit.max_queued = self.max_queue;
        config.limit.max_wait = self.max_queue_wait;
        config
    }

    /// The configuration of the translation to an API at the base.
    pub(super) fn transcode(&self, base: Uri, domain: &str) -> transcode::Config {
        let mut config = transcode::Config::new(base);
        domain.clone_into(&mut config.domain);
        config.default_deadline = self.default_deadline;
        config.max_deadline = self.max_deadline;
        config.max_message = self.max_message;
        config.max_reply = self.max_reply;
        config.max_element = self.max_element;
        config.max_held = self.max_held_replies;
        config.max_logged_drifts = self.max_logged_drifts;
        config.names = transcode::SettingNames {
            max_reply: "--max-reply",
            max_element: "--max-element",
        };
        config.forwarded = self.forward.requests();
        config.forwarded_replies = self.forward.replies();
        config.messages = MESSAGES;
        config
    }
}

/// What callers over gRPC are told in place of what REST callers are: how to get a token
/// here. The words for refused tokens are the vendor's, for an SDK that speaks REST.
const MESSAGES: &[(&str, &str)] = &[
    (
        "TOKEN_MISSING",
        "a token is needed: send the metadata `authorization: Bearer <token>` with one from \
         AuthService/CreateToken",
    ),
    (
        "TOKEN_EXPIRED",
        "the token has expired: get another one from AuthService/RefreshToken or \
         AuthService/CreateToken",
    ),
    (
        "TOKEN_SIGNATURE_INVALID",
        "the signature of the token is invalid: get a token of this system from \
         AuthService/CreateToken",
    ),
    (
        "TOKEN_INVALID",
        "the token is invalid: get an access token from AuthService/CreateToken",
    ),
];

/// What is longer means for ever. Instants have an end, and a duration that leads
/// beyond it cannot be waited for.
const MAX_DURATION: Duration = Duration::from_hours(24 * 366);

/// Reads a duration such as `30s`, `500ms` or `1h 30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let example = "a duration has a number and a unit, such as 30s, 500ms or 1h 30m";
    let duration: jiff::SignedDuration = text.parse().map_err(|_| example.to_owned())?;
    let duration =
        Duration::try_from(duration).map_err(|_| "a duration cannot be negative".to_owned())?;
    if duration > MAX_DURATION {
        return Err("a duration can be a year at most".to_owned());
    }
    Ok(duration)
}

/// Reads a duration that nothing could be done within if it were zero.
pub(super) fn lasting(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration.is_zero() {
        return Err("must be longer than nothing".to_owned());
    }
    Ok(duration)
}

/// Reads how many there may be of something that a server cannot do without.
pub(super) fn positive<T>(text: &str) -> Result<T, String>
where
    T: FromStr<Err: ToString> + Default + PartialEq,
{
    match text.parse() {
        Ok(number) if number == T::default() => Err("must be 1 or more".to_owned()),
        Ok(number) => Ok(number),
        Err(_) if text.starts_with('-') => Err("must be 1 or more".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Arguments {
        #[command(flatten)]
        bounds: BoundsArgs,
    }

    #[test]
    fn messages_are_for_reasons_that_there_are() {
        for (reason, _) in MESSAGES {
            let known = ::contract::reasons::REASONS;
            assert!(known.iter().any(|known| known.name == *reason), "{reason}");
        }
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_mins(90)));
        assert_eq!(duration("8760h"), Ok(Duration::from_hours(8760)));
        for text in ["", "30", "-1s", "soon", "8785h", "9223372036854775807s"] {
            assert!(duration(text).is_err(), "{text:?} was taken for a duration");
        }
    }

    #[test]
    fn what_a_server_cannot_do_without_is_positive() {
        assert_eq!(positive("1"), Ok(1_u32));
        assert_eq!(lasting("1ms"), Ok(Duration::from_millis(1)));
        assert!(lasting("0s").is_err());
        for text in ["0", "-1", "-0", "many", "4294967296"] {
            assert!(positive::<u32>(text).is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn the_defaults_of_the_arguments_are_those_of_the_server() {
        let arguments = <Arguments as clap::Parser>::parse_from(["web1on1"]);
        let found = format!("{:?}", arguments.bounds.config("gateway"));
        assert_eq!(found, format!("{:?}", Config::default()));
    }
}
