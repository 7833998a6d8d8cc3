//! The way upstream as arguments.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use http::{HeaderName, Uri};
use rustls::pki_types::ServerName;
use upstream::{Client, Config, Protocol, Roots};

use super::bounds::{duration, lasting, positive};
use super::tls::certificate_files;

/// Where the REST API is, and how it is reached.
#[derive(Args, Debug)]
#[command(next_help_heading = "The way upstream")]
pub(crate) struct UpstreamArgs {
    /// The REST API, such as `https://api.example.com/v2`
    ///
    /// Without a path, /v2 is meant. May be given several times for endpoints of the same
    /// API.
    #[arg(long, value_name = "URL", value_delimiter = ',', required = true, value_parser = base, help_heading = None)]
    upstream: Vec<String>,

    /// A PEM file with the certificates of the authorities that may vouch for
    /// the upstream, in place of those that the system trusts
    #[arg(long, value_name = "FILE", help_heading = None)]
    upstream_ca: Option<PathBuf>,

    /// A PEM file with the certificate to show to an upstream that asks for one, and
    /// those of the authorities between it and a root. Files of TLS that change are
    /// taken into use for new connections
    #[arg(long, value_name = "FILE", requires = "upstream_key", help_heading = None)]
    upstream_cert: Option<PathBuf>,

    /// A PEM file with the private key of that certificate
    #[arg(long, value_name = "FILE", requires = "upstream_cert", help_heading = None)]
    upstream_key: Option<PathBuf>,

    /// The name that the upstream's certificate has to be for, in place of the host
    /// in its URL
    #[arg(long, value_name = "NAME", value_parser = server_name, help_heading = None)]
    upstream_server_name: Option<ServerName<'static>>,

    /// The version of HTTP
    ///
    /// `auto` speaks HTTP/2 where the upstream offers it by ALPN.
    #[arg(long, value_name = "VERSION", value_enum, default_value_t = Version::Auto)]
    upstream_protocol: Version,

    /// How long setting up a connection may take, TLS included
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = lasting)]
    upstream_connect_timeout: Duration,

    /// How long a connection is kept without a request
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    upstream_idle_timeout: Duration,

    /// How long the body of a reply may be silent while somebody waits for it
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = lasting)]
    upstream_stall_timeout: Duration,

    /// How many connections an endpoint may have
    #[arg(long, value_name = "NUMBER", default_value_t = 512, value_parser = positive::<usize>)]
    upstream_max_connections: usize,

    /// How long an HTTP/2 connection may be silent before it is asked for a
    /// sign of life, and how long that may take
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = lasting)]
    upstream_ping_interval: Duration,

    /// How large the head of a reply may be, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 10, value_parser = positive::<usize>)]
    upstream_max_head: usize,

    /// How often names are resolved again
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    upstream_resolve_interval: Duration,

    /// How often a request is sent again at most where that is safe
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    upstream_retries: u32,

    /// How many retries there may be for each call, on average
    #[arg(long, value_name = "RATIO", default_value_t = 0.2)]
    upstream_retry_ratio: f32,

    /// A header that tells the upstream how many milliseconds are left
    ///
    /// None is sent by default.
    #[arg(long, value_name = "NAME")]
    deadline_header: Option<HeaderName>,
}

/// What somebody can do instead who puts a password into the URL.
const OWN_CREDENTIALS: &str = "the gateway logs in with \
    --credentials-email instead, and nobody but it sees the password";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Version {
    Auto,
    Http1,
    Http2,
}

/// Checks that a text is the base of an API. What is wrong with it repeats nothing that
/// may be a password.
fn base(text: &str) -> Result<String, String> {
    match upstream::base(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) if text.contains('@') => Err(format!("{error}; {OWN_CREDENTIALS}")),
        Err(upstream::Error::Base { reason, .. }) => Err(format!("it {reason}")),
        Err(_) => Err("it is no URL such as https://api.example.com/v2".to_owned()),
    }
}

impl UpstreamArgs {
    /// The bases of the endpoints.
    pub(super) fn bases(&self) -> anyhow::Result<Vec<Uri>> {
        let base = |url: &String| -> anyhow::Result<Uri> {
            let base = upstream::base(url)?;
            if base.path() != "/" {
                return Ok(base);
            }
            let url = format!("{base}").trim_end_matches('/').to_owned();
            Ok(upstream::base(&(url + ::contract::operation::BASE_PATH))?)
        };
        self.upstream.iter().map(base).collect()
    }

    /// A client for the endpoints.
    pub(super) fn client(&self, bases: &[Uri]) -> anyhow::Result<Client> {
        let files = gateway::open_files::for_upstream().unwrap_or(usize::MAX);
        let files = (files / bases.len().max(1)).max(1);
        let config = Config {
            protocol: match self.upstream_protocol {
                Version::Auto => Protocol::Auto,
                Version::Http1 => Protocol::Http1,
                Version::Http2 => Protocol::Http2,
            },
            roots: self.upstream_ca.clone().map_or(Roots::System, Roots::File),
            certificate: certificate_files(self.upstream_cert.as_ref(), self.upstream_key.as_ref()),
            server_name: self.upstream_server_name.clone(),
            connect_timeout: self.upstream_connect_timeout,
            idle_timeout: self.upstream_idle_timeout,
            stall_timeout: self.upstream_stall_timeout,
            max_connections: self.upstream_max_connections.min(files),
            ping_interval: self.upstream_ping_interval,
            ping_timeout: self.upstream_ping_interval,
            max_head: self.upstream_max_head,
            resolve_interval: self.upstream_resolve_interval,
            max_retries: self.upstream_retries,
            retry_ratio: self.upstream_retry_ratio,
            deadline_header: self.deadline_header.clone(),
            ..Config::default()
        };
        Client::new(bases, config).context("the upstream cannot be used")
    }
}

/// Reads the name that a certificate has to be for.
pub(crate) fn server_name(text: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(text.to_owned())
        .map_err(|_| "a certificate is for a DNS name or an IP address".to_owned())
}
