//! The way to a REST API over the network.

use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http::uri::Scheme;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as PooledClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

/// How long setting up a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection is kept without a request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request, in memory or on its way through.
pub(crate) type Body = UnsyncBoxBody<Bytes, BoxError>;

/// A client that keeps its connections.
pub(crate) type Client = PooledClient<HttpsConnector<HttpConnector>, Body>;

/// Why there is no way to an API.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The address is not a URL.
    #[error("{url:?} is not a URL")]
    Url {
        /// The address as it was given.
        url: String,
        /// What is wrong with it.
        source: http::uri::InvalidUri,
    },
    /// The URL is not the base of an API.
    #[error("{url:?} {reason}")]
    Base {
        /// The address as it was given.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The certificates that the system trusts cannot be read.
    #[error("the system's certificates cannot be read")]
    Certificates(#[source] std::io::Error),
}

/// Reads an absolute `http` or `https` URL without a query.
pub(crate) fn base(url: &str) -> Result<Uri, UpstreamError> {
    let refuse = |reason| UpstreamError::Base {
        url: url.to_owned(),
        reason,
    };
    let uri: Uri = url.parse().map_err(|source| UpstreamError::Url {
        url: url.to_owned(),
        source,
    })?;
    match uri.scheme_str() {
        Some("http" | "https") => {}
        Some(_) => return Err(refuse("is neither http nor https")),
        None => return Err(refuse("has no scheme; did you mean http:// before it?")),
    }
    if uri.query().is_some() {
        return Err(refuse("has a query, which no path can follow"));
    }
    Ok(uri)
}

/// A new client with an empty pool, for an API at the base.
pub(crate) fn client(base: &Uri) -> Result<Client, UpstreamError> {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.enforce_http(false);
    let builder = HttpsConnectorBuilder::new();
    let builder = if base.scheme() == Some(&Scheme::HTTPS) {
        builder
            .with_native_roots()
            .map_err(UpstreamError::Certificates)?
    } else {
        // A machine without certificates can still reach what needs none.
        let trust_nobody = ClientConfig::builder()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        builder.with_tls_config(trust_nobody)
    };
    let connector = builder
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(tcp);
    Ok(PooledClient::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .timer(TokioTimer::new())
        .build(connector))
}

/// A body that is in memory.
pub(crate) fn full(bytes: Bytes) -> Body {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}
