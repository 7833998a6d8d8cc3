//! Whom to trust.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::config::{Config, Protocol};
use crate::{BoxError, Error};

/// The ALPN name of HTTP/2.
pub(crate) const H2: &[u8] = b"h2";

/// Reads the certificates of the authorities to trust from a PEM file.
///
/// # Errors
///
/// Fails where the file cannot be read, is malformed, or holds no certificate.
pub fn roots(file: &Path) -> Result<RootCertStore, Error> {
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
    read().map_err(|source| Error::File {
        file: file.to_owned(),
        source,
    })
}

/// A connector that trusts what the configuration says.
pub(crate) fn connector(config: &Config) -> Result<TlsConnector, Error> {
    let roots = match &config.roots {
        Some(roots) => roots.clone(),
        None => native()?,
    };
    // The provider is named, so that a process with two of them does not panic.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = match config.protocol {
        Protocol::Auto => vec![H2.to_vec(), b"http/1.1".to_vec()],
        Protocol::Http1 => vec![b"http/1.1".to_vec()],
        Protocol::Http2 => vec![H2.to_vec()],
    };
    Ok(TlsConnector::from(Arc::new(tls)))
}

/// The certificates that the system trusts. Single ones that cannot be read are
/// left out, as long as there is one.
fn native() -> Result<RootCertStore, Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(roots);
    }
    let error = match found.errors.into_iter().next() {
        Some(error) => io::Error::other(error),
        None => io::Error::new(io::ErrorKind::NotFound, "no certificate was found"),
    };
    Err(Error::Certificates(error))
}

/// Returns whether an error says that a certificate is not trusted.
pub(crate) fn is_about_certificates(error: &(dyn std::error::Error + 'static)) -> bool {
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
