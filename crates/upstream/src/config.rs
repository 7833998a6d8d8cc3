//! The bounds of a client, and their defaults.

use std::time::Duration;

use http::HeaderName;
use rustls::pki_types::ServerName;
use tls::{CertificateFiles, Roots};

use crate::{Error, Resolver};

/// How to reach an API, and within what bounds.
///
/// Every field has a default that suits an API behind a load balancer; see
/// [`Config::default`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Which version of HTTP is spoken. Default: [`Protocol::Auto`].
    pub protocol: Protocol,
    /// The authorities to trust. Default: those that the system trusts.
    pub roots: Roots,
    /// The certificate to show to a server that asks for one. Default: none.
    pub certificate: Option<CertificateFiles>,
    /// The name that the certificate of a server has to be for, in place of the host
    /// in its URL. Default: none.
    pub server_name: Option<ServerName<'static>>,
    /// How often the files of authorities and certificates are looked at for
    /// changes. New connections use what has changed. Default: 5 s.
    pub reload_interval: Duration,
    /// How names become addresses. Default: as the system does it.
    pub resolver: Resolver,
    /// How often names are resolved again. Default: 10 s.
    pub resolve_interval: Duration,

    /// How long setting up a connection may take, TLS included. Default: 5 s.
    pub connect_timeout: Duration,
    /// How long a call without a [deadline](crate::Options::deadline) may wait for the
    /// head of its reply, all attempts together. Default: 60 s.
    pub timeout: Duration,
    /// How long the body of a reply may be silent. Default: 30 s.
    pub stall_timeout: Duration,

    /// How many connections an endpoint may have. Calls beyond wait for one, as
    /// long as they may take. Default: 512. Where the process may not open as many
    /// files, calls wait too, as long as setting up a connection may take.
    pub max_connections: usize,
    /// How many requests a connection carries before it is replaced, so that
    /// load spreads over servers that came later. Default: 10,000.
    pub max_requests_per_connection: usize,
    /// How many streams an HTTP/2 connection carries at once, if the server
    /// allows as many. Default: 100.
    pub max_streams: usize,
    /// How long a connection is kept without a request. Default: 30 s, which is
    /// shorter than what servers and load balancers usually allow, so that they
    /// are not the ones to close it. A server that sends `Keep-Alive: timeout=`
    /// makes it shorter.
    pub idle_timeout: Duration,
    /// How many bytes of one reply an HTTP/2 server may send ahead. A connection
    /// takes as much for each of its streams. Default: 256 KiB.
    pub stream_window: u32,
    /// How long an HTTP/2 connection with open streams may be silent before it
    /// is asked for a sign of life. Default: 5 s.
    pub ping_interval: Duration,
    /// How long a sign of life may take before the connection counts as dead.
    /// Default: 5 s.
    pub ping_timeout: Duration,

    /// How many bytes the head of a reply may have. Default: 64 KiB.
    pub max_head: usize,
    /// How many fields the head of a reply may have. Default: 256. More
    /// than 100 cost every reply over HTTP/1.1 two allocations of their size.
    pub max_headers: usize,
    /// How many informational (1xx) responses may come before a reply.
    /// Default: 16.
    pub max_informational: u32,
    /// Whether codings are offered to the server (`Accept-Encoding: gzip, zstd`,
    /// unless the request has that field), and replies decoded. Default: true.
    pub decode: bool,
    /// How many times its own size a reply may have after decoding, beyond
    /// [`Config::ratio_floor`]. Default: 200.
    pub max_ratio: u64,
    /// How many decoded bytes of a reply are free of [`Config::max_ratio`]. Lists
    /// of rows that are alike shrink a thousandfold, and are honest. Default:
    /// 16 MiB.
    pub ratio_floor: u64,

    /// How often a request is sent again at most. 0 shows each reply and each
    /// failure as it is. Default: 2.
    pub max_retries: u32,
    /// The upper end of the first pause before a retry; it doubles with each.
    /// The pause is chosen at random below it. Default: 50 ms.
    pub backoff: Duration,
    /// The upper end of any pause that the server has not asked for.
    /// Default: 1 s.
    pub max_backoff: Duration,
    /// The longest `Retry-After` that is waited for. Default: 2 s.
    pub max_retry_after: Duration,
    /// How many retries there may be for each call, on average over ten
    /// seconds. Default: 0.2. One divided by it should be whole.
    pub retry_ratio: f32,
    /// How many retries per second there may be in any case. Default: 10.
    pub retry_floor: u32,

    /// After how many failures in a row an endpoint is ejected while there are
    /// others. It fails with a status of 500 and above, with a reply that is
    /// malformed, breaks off or is [rejected](crate::Origin::reject), and without a
    /// reply; 429 alone ejects nobody. Where it cannot be connected to, the first
    /// failure suffices. Default: 5.
    pub eject_after: u32,
    /// How long an endpoint is ejected at first; it doubles each time that it
    /// still fails. Default: 1 s.
    pub ejection: Duration,
    /// How long an endpoint is ejected at most. Default: 10 s.
    pub max_ejection: Duration,
    /// How often endpoints are tried in the background that were ejected or
    /// cannot be reached. Default: 500 ms.
    pub probe_interval: Duration,

    /// The field that tells the server how many milliseconds are left for a
    /// request. Default: none.
    pub deadline_header: Option<HeaderName>,
}

/// Which version of HTTP is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Over TLS what the server chooses by ALPN, else HTTP/1.1.
    #[default]
    Auto,
    /// HTTP/1.1 in any case.
    Http1,
    /// HTTP/2 in any case: without TLS by prior knowledge (RFC 9113 §3.3).
    Http2,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            protocol: Protocol::Auto,
            roots: Roots::System,
            certificate: None,
            server_name: None,
            reload_interval: tls::RELOAD_INTERVAL,
            resolver: Resolver::default(),
            resolve_interval: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_mins(1),
            stall_timeout: Duration::from_secs(30),
            max_connections: 512,
            max_requests_per_connection: 10_000,
            max_streams: 100,
            idle_timeout: Duration::from_secs(30),
            stream_window: 256 * 1024,
            ping_interval: Duration::from_secs(5),
            ping_timeout: Duration::from_secs(5),
            max_head: 64 * 1024,
            max_headers: 256,
            max_informational: 16,
            decode: true,
            max_ratio: 200,
            ratio_floor: 16 * 1024 * 1024,
            max_retries: 2,
            backoff: Duration::from_millis(50),
            max_backoff: Duration::from_secs(1),
            max_retry_after: Duration::from_secs(2),
            retry_ratio: 0.2,
            retry_floor: 10,
            eject_after: 5,
            ejection: Duration::from_secs(1),
            max_ejection: Duration::from_secs(10),
            probe_interval: Duration::from_millis(500),
            deadline_header: None,
        }
    }
}

/// What the libraries below take at least and at most.
const HEAD_BYTES: std::ops::RangeInclusive<usize> = 8192..=16 * 1024 * 1024;
const HEAD_FIELDS: std::ops::RangeInclusive<usize> = 1..=16_384;
const WINDOW: std::ops::RangeInclusive<u32> = 65_535..=(1 << 30);
const RATIO: std::ops::RangeInclusive<f32> = 0.0..=1.0;

/// So that no instant overflows.
const LONGEST: Duration = Duration::from_hours(365 * 24);

impl Config {
    /// Refuses bounds that would make the libraries below panic, or a client
    /// that can do nothing.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let checks = [
            (
                "max_head",
                HEAD_BYTES.contains(&self.max_head),
                "is not between 8 KiB and 16 MiB",
            ),
            (
                "max_headers",
                HEAD_FIELDS.contains(&self.max_headers),
                "is not between 1 and 16384",
            ),
            (
                "stream_window",
                WINDOW.contains(&self.stream_window),
                "is not between 64 KiB - 1 and 1 GiB",
            ),
            (
                "retry_ratio",
                RATIO.contains(&self.retry_ratio),
                "is not between 0 and 1",
            ),
            (
                "retry_floor",
                self.retry_floor < 1_000_000,
                "is a million or more",
            ),
            (
                "max_connections",
                (1..=1 << 20).contains(&self.max_connections),
                "is not between 1 and 1048576",
            ),
            ("max_streams", self.max_streams > 0, "is 0"),
            (
                "max_requests_per_connection",
                self.max_requests_per_connection > 0,
                "is 0",
            ),
            ("eject_after", self.eject_after > 0, "is 0"),
            ("probe_interval", !self.probe_interval.is_zero(), "is 0"),
            ("ping_interval", !self.ping_interval.is_zero(), "is 0"),
        ];
        let durations = [
            ("resolve_interval", self.resolve_interval),
            ("connect_timeout", self.connect_timeout),
            ("timeout", self.timeout),
            ("stall_timeout", self.stall_timeout),
            ("idle_timeout", self.idle_timeout),
            ("ping_interval", self.ping_interval),
            ("ping_timeout", self.ping_timeout),
            ("backoff", self.backoff),
            ("max_backoff", self.max_backoff),
            ("max_retry_after", self.max_retry_after),
            ("ejection", self.ejection),
            ("max_ejection", self.max_ejection),
            ("probe_interval", self.probe_interval),
        ];
        let durations = durations
            .map(|(field, duration)| (field, duration <= LONGEST, "is longer than a year"));
        for (field, holds, reason) in checks.into_iter().chain(durations) {
            if !holds {
                return Err(Error::Bound { field, reason });
            }
        }
        Ok(())
    }
}
