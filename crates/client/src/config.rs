//! Where a client connects to and what bounds its calls.

use std::time::Duration;

use crate::credentials::Credentials;

/// How a client connects and calls. [`Client`](crate::Client) takes it.
///
/// ```
/// use std::time::Duration;
/// use web1on1_client::{Config, Credentials};
///
/// let mut config = Config::new("http://127.0.0.1:50051");
/// config.credentials = Credentials::password("owner@example.com", "correct horse battery");
/// config.deadline = Some(Duration::from_secs(5));
/// config.retry.attempts = 5;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The URL of the gateway: `http://HOST:PORT`, or `https://HOST` with the feature
    /// `tls`.
    pub url: String,
    /// Who calls. Anonymous by default.
    pub credentials: Credentials,
    /// How long a call with one reply may take, with all attempts and a login that it has
    /// to wait for. A call overrides it with [`tonic::Request::set_timeout`]. 30 s by
    /// default; `None` waits for as long as the server does.
    pub deadline: Option<Duration>,
    /// The same for a list that is streamed and for an upload, until its end. 5 min by
    /// default.
    pub stream_deadline: Option<Duration>,
    /// How long it may take until a connection is there, TLS included. 10 s by default.
    pub connect_timeout: Duration,
    /// How often a connection with open calls is asked for a sign of life, which has to
    /// come within [`Config::connect_timeout`]. 30 s by default.
    pub ping_interval: Duration,
    /// The most bytes that the message of a reply may have. 4 MiB by default; for a long
    /// list use [`Client::list`](crate::Client::list).
    pub max_reply: usize,
    /// What is sent again after it has failed.
    pub retry: Retry,
    /// How long before its end an access token is replaced; never more than a tenth of
    /// its life. 5 min by default.
    pub refresh_before: Duration,
    /// How long after a login or a refresh, successful or not, no other one is made
    /// because of a refused token or a failed login. 5 s by default, more where the server
    /// asks for it.
    pub login_pause: Duration,
    /// The trust in the server and the certificate of the client.
    #[cfg(feature = "tls")]
    pub tls: Tls,
}

impl Config {
    /// The defaults for a gateway at this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            credentials: Credentials::anonymous(),
            deadline: Some(Duration::from_secs(30)),
            stream_deadline: Some(Duration::from_mins(5)),
            connect_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(30),
            max_reply: 4 * 1024 * 1024,
            retry: Retry::default(),
            refresh_before: Duration::from_mins(5),
            login_pause: Duration::from_secs(5),
            #[cfg(feature = "tls")]
            tls: Tls::default(),
        }
    }
}

/// Which calls are sent again, and how often.
///
/// An rpc that only reads (a GET in its `google.api.http`) is sent again after
/// UNAVAILABLE, if nothing of its reply has arrived. Nothing else is: what changes
/// something may have been carried out.
///
/// Before the attempt there is a random pause of at most [`first_pause`](Self::first_pause),
/// then twice as much each time, up to [`max_pause`](Self::max_pause). Where the server
/// names a time (`grpc-retry-pushback-ms`, or a `RetryInfo` detail) that is kept to; where
/// it forbids another attempt, or the pause would outlast the deadline, there is none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Retry {
    /// How often a call is sent at most, the first time included. 3 by default; 1 turns
    /// retries off.
    pub attempts: u32,
    /// The longest pause before the second attempt. 100 ms by default.
    pub first_pause: Duration,
    /// The longest pause that this client chooses. 2 s by default.
    pub max_pause: Duration,
    /// How many calls more than succeed may fail before retries stop, until successes make
    /// up for it: each failure costs one, each success gives a tenth back, and below half
    /// nothing is sent again ([gRFC A6](https://github.com/grpc/proposal/blob/master/A6-client-retries.md#throttling-retry-attempts-and-hedged-rpcs)).
    /// 10 by default.
    pub budget: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_millis(100),
            max_pause: Duration::from_secs(2),
            budget: 10,
        }
    }
}

/// Whom a client trusts and how it is known itself. `Debug` never shows the key.
///
/// ```
/// use web1on1_client::{Config, Tls};
/// # fn read(_: &str) -> Vec<u8> { Vec::new() }
///
/// let mut config = Config::new("https://gateway.internal");
/// config.tls = Tls::default()
///     .with_roots(read("ca.pem"))
///     .with_identity(read("client.pem"), read("client.key"))
///     .with_domain("api.example.com");
/// ```
#[cfg(feature = "tls")]
#[derive(Clone, Default)]
pub struct Tls {
    pub(crate) roots: Option<Vec<u8>>,
    pub(crate) identity: Option<(Vec<u8>, Vec<u8>)>,
    pub(crate) domain: Option<String>,
}

#[cfg(feature = "tls")]
impl Tls {
    /// Trusts whom these certificates (PEM) vouch for, in place of the roots of the
    /// system.
    #[must_use]
    pub fn with_roots(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Shows this certificate, with the chain behind it, and proves it with this key
    /// (both PEM).
    #[must_use]
    pub fn with_identity(
        mut self,
        certificate: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.identity = Some((certificate.into(), key.into()));
        self
    }

    /// Expects a certificate for this name, where the host of the URL is another name or
    /// an address.
    #[must_use]
    pub fn with_domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }
}

#[cfg(feature = "tls")]
impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field(
                "roots",
                &self.roots.as_ref().map_or("of the system", |_| "given"),
            )
            .field("identity", &self.identity.as_ref().map(|_| "[secret]"))
            .field("domain", &self.domain)
            .finish()
    }
}
