//! The way to a REST API over the network.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client as PooledClient, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use tower::util::MapErr;
use transcode::{BoxError, RequestBody, SendError, SendErrorKind};

/// How long setting up a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection is kept without a request. Shorter than what servers
/// and load balancers usually allow, so that they are not the ones to close it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A client that keeps its connections: HTTP/1.1 with keep-alive, and HTTP/2
/// where the upstream offers it by ALPN.
///
/// It fails with a [`SendError`] that tells a certificate that is not trusted from
/// an upstream that cannot be reached, and both from a connection that is lost.
pub type Client =
    MapErr<PooledClient<HttpsConnector<HttpConnector>, RequestBody>, fn(ClientError) -> SendError>;

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
    Certificates(#[source] io::Error),
    /// A file of certificates to trust cannot be used.
    #[error("the certificates in {} cannot be read", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: BoxError,
    },
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

/// Reads the certificates of the authorities to trust from a PEM file.
///
/// # Errors
///
/// Fails where the file cannot be read, is malformed, or holds no certificate.
pub fn roots(file: &Path) -> Result<RootCertStore, Error> {
    let refuse = |source: BoxError| Error::File {
        file: file.to_owned(),
        source,
    };
    let read = || -> Result<RootCertStore, BoxError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file)? {
            roots.add(certificate?)?;
        }
        if roots.is_empty() {
            return Err(pem::Error::NoItemsFound.into());
        }
        Ok(roots)
    };
    read().map_err(refuse)
}

/// A new client with an empty pool, for an API at the base. An `https` upstream
/// has to have a certificate that one of the roots vouches for; without any,
/// those count that the system trusts.
///
/// # Errors
///
/// Fails where the base is `https` and the system trusts no certificate, and
/// where there are roots for a base that needs none.
pub fn client(base: &Uri, roots: Option<RootCertStore>) -> Result<Client, Error> {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.enforce_http(false);
    let trusting = |roots| {
        ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth()
    };
    let is_https = base.scheme() == Some(&Scheme::HTTPS);
    let builder = HttpsConnectorBuilder::new();
    let builder = match roots {
        Some(roots) if is_https => builder.with_tls_config(trusting(roots)),
        Some(_) => {
            return Err(Error::Base {
                url: base.to_string(),
                reason: "is not https, so there is no certificate to check",
            });
        }
        None if is_https => builder.with_native_roots().map_err(Error::Certificates)?,
        // A machine without certificates can still reach what needs none.
        None => builder.with_tls_config(trusting(RootCertStore::empty())),
    };
    let connector = builder
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(tcp);
    let client = PooledClient::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .timer(TokioTimer::new())
        .build(connector);
    Ok(MapErr::new(client, explain as fn(ClientError) -> SendError))
}

/// Tells callers of a certificate that is not trusted; otherwise they would
/// look for an upstream that is down.
fn explain(error: ClientError) -> SendError {
    let kind = if is_about_certificates(&error) {
        SendErrorKind::Untrusted
    } else if error.is_connect() {
        SendErrorKind::NeverSent { detail: None }
    } else {
        SendErrorKind::PerhapsCarriedOut
    };
    kind.because(error)
}

fn is_about_certificates(error: &(dyn std::error::Error + 'static)) -> bool {
    // The source of an I/O error is not what it holds, but the source of that.
    let held = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
        .map(|held| held as &(dyn std::error::Error + 'static));
    matches!(
        error.downcast_ref(),
        Some(rustls::Error::InvalidCertificate(_))
    ) || held.or(error.source()).is_some_and(is_about_certificates)
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

    #[test]
    fn roots_for_an_upstream_without_tls_are_refused() {
        let base = base("http://127.0.0.1:8080").expect("the base is usable");
        let error = client(&base, Some(RootCertStore::empty())).expect_err("it needs no roots");
        assert_eq!(
            error.to_string(),
            "the upstream \"http://127.0.0.1:8080/\" is not https, so there is no certificate to check",
        );
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let error = roots(&file).expect_err("a manifest is no certificate");
        assert_eq!(
            error.to_string(),
            format!("the certificates in {} cannot be read", file.display())
        );
        assert!(roots(Path::new("nowhere.pem")).is_err());
    }
}
