//! The client's side: whom it trusts, and what it shows.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::ResolvesClientCert;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

use crate::error::Error;
use crate::files::{CertificateFiles, Certified, Content};
use crate::provider::provider;
use crate::reload::{Made, RELOAD_INTERVAL, Reloaded, Status};

/// Whom a client trusts.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// Those whom the system trusts.
    #[default]
    System,
    /// These.
    Given(RootCertStore),
    /// Those in a PEM file, which is looked at for changes.
    File(PathBuf),
}

/// What a client needs for TLS.
#[derive(Debug, Clone)]
pub struct ClientTls {
    /// Whom it trusts.
    pub roots: Roots,
    /// The certificate that it shows to servers that ask for one.
    pub certificate: Option<CertificateFiles>,
    /// How often files are looked at for changes. 5 s.
    pub reload_interval: Duration,
}

impl Default for ClientTls {
    fn default() -> Self {
        Self {
            roots: Roots::System,
            certificate: None,
            reload_interval: RELOAD_INTERVAL,
        }
    }
}

/// Makes the handshakes of a client, with what its files have at the time. Clones
/// share everything.
#[derive(Clone)]
pub struct Connector(Arc<Reloaded<Arc<ClientConfig>>>);

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

impl Connector {
    /// Reads the files, and looks at them for changes as long as there is a clone
    /// of this. Offers these protocols by ALPN, the one that it likes best first.
    ///
    /// # Errors
    ///
    /// Fails where a file cannot be used, where the system's certificates are
    /// needed and cannot be read, where the key is not that of the certificate, and
    /// where there are files and no tokio runtime.
    pub fn open(tls: ClientTls, protocols: &[&[u8]]) -> Result<Self, Error> {
        let ClientTls {
            roots,
            certificate,
            reload_interval,
        } = tls;
        let (roots, ca) = match roots {
            Roots::System => (system()?, None),
            Roots::Given(roots) => (roots, None),
            Roots::File(file) => (RootCertStore::empty(), Some(file)),
        };
        let has_ca = ca.is_some();
        let mut files = Vec::from_iter(ca);
        files.extend(certificate.into_iter().flat_map(|files| {
            let CertificateFiles { certificate, key } = files;
            [certificate, key]
        }));
        let protocols: Vec<_> = protocols.iter().map(|name| name.to_vec()).collect();
        let make = move |contents: &[Content]| {
            let (ca, certificate) = contents.split_at(usize::from(has_ca));
            let roots = match ca {
                [ca] => ca.authorities()?,
                _ => roots.clone(),
            };
            make(roots, certificate, protocols.clone())
        };
        let reloaded = Reloaded::open(files, reload_interval, make)?;
        Ok(Self(Arc::new(reloaded)))
    }

    /// What connects with the files as they are now.
    pub fn current(&self) -> TlsConnector {
        TlsConnector::from(self.0.current())
    }

    /// Tells how it stands with the files, now and whenever that changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.0.status()
    }

    /// Looks at the files now instead of when their interval is over, and returns once new
    /// connections use what they hold.
    ///
    /// # Errors
    ///
    /// Fails where the files cannot be used. New connections use what they held before.
    pub async fn reload(&self) -> Result<(), Error> {
        self.0.reload().await
    }
}

fn make(
    roots: RootCertStore,
    certificate: &[Content],
    protocols: Vec<Vec<u8>>,
) -> Result<Made<Arc<ClientConfig>>, Error> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(Error::Setup)?
        .with_root_certificates(roots);
    let (mut config, ends) = if let [certificate, key] = certificate {
        let Certified { key, ends } = Certified::new(certificate, key)?;
        let key = SingleCertAndKey::from(Arc::unwrap_or_clone(key));
        let resolver: Arc<dyn ResolvesClientCert> = Arc::new(key);
        (builder.with_client_cert_resolver(resolver), ends)
    } else {
        (builder.with_no_client_auth(), None)
    };
    config.alpn_protocols = protocols;
    Ok(Made {
        thing: Arc::new(config),
        ends,
    })
}

/// Reads the certificates of the authorities to trust from a PEM file.
///
/// # Errors
///
/// Fails where the file cannot be read, is malformed, or holds no certificate.
pub fn roots(file: &Path) -> Result<RootCertStore, Error> {
    Content::read(file)?.authorities()
}

/// The certificates that the system trusts. Single ones that cannot be read are
/// left out, as long as there is one.
fn system() -> Result<RootCertStore, Error> {
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
    Err(Error::System(error))
}
