//! The bounds of the REST server as arguments.

use std::time::Duration;

use ::backend::ServerLimits;
use clap::Args;

use super::bounds::{duration, positive};

/// What the REST server allows its clients.
#[derive(Args, Debug)]
#[command(next_help_heading = "Bounds on REST requests and connections")]
#[expect(
    clippy::struct_field_names,
    reason = "clap names the arguments after the fields"
)]
pub(crate) struct HttpBoundsArgs {
    /// How many connections may be open at once; further ones wait
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, value_parser = positive::<usize>)]
    http_max_connections: usize,

    /// How many of them may come from one address, or one /64 of IPv6; further
    /// ones are closed
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000, value_parser = positive::<usize>)]
    http_max_connections_per_peer: usize,

    /// How many requests may be under way at once on one HTTP/2 connection
    #[arg(long, value_name = "NUMBER", default_value_t = 128, value_parser = positive::<u32>)]
    http_max_streams: u32,

    /// How large the head of a request may be, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 32 << 10, value_parser = positive::<usize>)]
    http_max_head: usize,

    /// How many headers a request may have
    #[arg(long, value_name = "NUMBER", default_value_t = 64, value_parser = positive::<usize>)]
    http_max_headers: usize,

    /// How long the URL of a request may be, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 16 << 10, value_parser = positive::<usize>)]
    http_max_uri: usize,

    /// How long the head of a request may take
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    http_head_timeout: Duration,

    /// How long a connection is kept between two requests
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = duration)]
    http_idle_timeout: Duration,

    /// How long the whole body of a request may take
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    http_body_timeout: Duration,

    /// How long the sender of a body may pause
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    http_body_pause: Duration,

    /// How many bytes of a body must come in a second, on average after one
    /// pause; 0 asks for none
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 10)]
    http_min_body_rate: u32,

    /// How long a client may read nothing of the reply that waits for it
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    http_write_timeout: Duration,

    /// How often an HTTP/2 connection is asked whether it is still there
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = duration)]
    http_keep_alive_interval: Duration,

    /// How long it has to answer
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    http_keep_alive_timeout: Duration,

    /// How long a client may go on sending a request that was answered before
    /// all of it had come
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    http_linger_timeout: Duration,

    /// How many bytes it may send by then
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20)]
    http_linger_bytes: usize,
}

impl HttpBoundsArgs {
    /// The bounds of the server.
    pub(super) fn limits(&self) -> ServerLimits {
        ServerLimits {
            max_connections: self.http_max_connections,
            max_connections_per_peer: self.http_max_connections_per_peer,
            max_streams: self.http_max_streams,
            max_head: self.http_max_head,
            max_headers: self.http_max_headers,
            max_uri: self.http_max_uri,
            head_timeout: self.http_head_timeout,
            idle_timeout: self.http_idle_timeout,
            body_timeout: self.http_body_timeout,
            body_pause: self.http_body_pause,
            min_body_rate: self.http_min_body_rate,
            write_timeout: self.http_write_timeout,
            keep_alive_interval: self.http_keep_alive_interval,
            keep_alive_timeout: self.http_keep_alive_timeout,
            linger_timeout: self.http_linger_timeout,
            linger_bytes: self.http_linger_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Arguments {
        #[command(flatten)]
        bounds: HttpBoundsArgs,
    }

    #[test]
    fn the_defaults_of_the_arguments_are_those_of_the_server() {
        let arguments = <Arguments as clap::Parser>::parse_from(["web1on1"]);
        assert_eq!(arguments.bounds.limits(), ServerLimits::default());
    }
}
