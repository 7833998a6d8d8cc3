//! The way to a REST API over the network.

use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as PooledClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use transcode::RequestBody;

/// How long setting up a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection is kept without a request. Shorter than what servers
/// and load balancers usually allow, so that they are not the ones to close it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A client that keeps its connections: HTTP/1.1 with keep-alive, and HTTP/2
/// where the upstream offers it by ALPN.
pub type Client = PooledClient<HttpsConnector<HttpConnector>, RequestBody>;

/// Why there is no way to an upstream.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is not a URL.
    #[error("the upstream {url:?} is not a URL")]
    Url {
        /// The address as it was given.
        url: String,
        /// What is wrong with it.
        source: http::uri::InvalidUri,
    },
    /// The URL is not the base of an API.
    #[error("the upstream {url:?} {reason}")]
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

/// Reads the base of an API, such as `https://api.example.com/v2`.
///
/// # Errors
///
/// Fails where the text is not an absolute `http` or `https` URL, or has a
/// query, which no path could follow.
pub fn base(url: &str) -> Result<Uri, Error> {
    let refuse = |reason| Error::Base {
        url: url.to_owned(),
        reason,
    };
    let uri: Uri = url.parse().map_err(|source| Error::Url {
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
///
/// # Errors
///
/// Fails where the base is `https` and the system trusts no certificate.
pub fn client(base: &Uri) -> Result<Client, Error> {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.enforce_http(false);
    let builder = HttpsConnectorBuilder::new();
    let builder = if base.scheme() == Some(&Scheme::HTTPS) {
        builder.with_native_roots().map_err(Error::Certificates)?
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refuses(url: &str, expected: &str) {
        let error = base(url).expect_err("the base is not usable");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn absolute_urls_are_bases() {
        for url in [
            "http://127.0.0.1:8080",
            "https://api.example.com/v2",
            "http://[::1]:1/a/",
        ] {
            assert!(base(url).is_ok(), "{url} was refused");
        }
    }

    #[test]
    fn what_is_no_base_is_refused_with_the_reason() {
        refuses(
            "api.example.com",
            "the upstream \"api.example.com\" has no scheme; did you mean http:// before it?",
        );
        refuses(
            "/v2",
            "the upstream \"/v2\" has no scheme; did you mean http:// before it?",
        );
        refuses(
            "ftp://a/b",
            "the upstream \"ftp://a/b\" is neither http nor https",
        );
        refuses(
            "http://a/b?c",
            "the upstream \"http://a/b?c\" has a query, which no path can follow",
        );
        refuses("http://", "the upstream \"http://\" is not a URL");
        refuses("", "the upstream \"\" is not a URL");
    }
}
