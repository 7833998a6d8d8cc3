//! Certificates and private keys in PEM files.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};

use crate::certificate::{self, Validity};
use crate::error::Error;
use crate::provider::provider;

/// How large a file may be, in bytes. The authorities of a whole system have a
/// quarter of it.
const MAX_FILE: u64 = 1 << 20;

/// The files of a certificate: in PEM, the certificate with those of the
/// authorities between it and a root behind it, and its private key in PKCS#8,
/// PKCS#1 or SEC1. Both may be in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The file of the certificate.
    pub certificate: PathBuf,
    /// The file of the private key.
    pub key: PathBuf,
}

/// The bytes of a file. Its debug form does not show them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) file: PathBuf,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Content").field(&self.file).finish()
    }
}

impl Content {
    /// Reads a file.
    pub(crate) fn read(file: &Path) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        File::open(file)
            .and_then(|open| open.take(MAX_FILE + 1).read_to_end(&mut bytes))
            .map_err(|source| Error::Unreadable {
                file: file.to_owned(),
                source,
            })?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(Error::TooLarge {
                file: file.to_owned(),
                limit: MAX_FILE,
            });
        }
        let file = file.to_owned();
        Ok(Self { file, bytes })
    }

    /// The certificates in the file, of which there is at least one.
    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, Error> {
        let certificates: Result<Vec<_>, pem::Error> =
            CertificateDer::pem_slice_iter(&self.bytes).collect();
        let file = self.file.clone();
        match certificates {
            Ok(certificates) if certificates.is_empty() => Err(Error::NoCertificate { file }),
            Ok(certificates) => Ok(certificates),
            Err(source) => Err(Error::Malformed { file, source }),
        }
    }

    /// The first private key in the file.
    fn key(&self) -> Result<PrivateKeyDer<'static>, Error> {
        let file = self.file.clone();
        if self.has_encrypted_key() {
            return Err(Error::EncryptedKey { file });
        }
        PrivateKeyDer::from_pem_slice(&self.bytes).map_err(|source| match source {
            pem::Error::NoItemsFound => Error::NoKey { file },
            source => Error::Malformed { file, source },
        })
    }

    /// Returns whether the file has a key that needs a password, in PKCS#8 or as
    /// OpenSSL used to write it.
    fn has_encrypted_key(&self) -> bool {
        let has = |text: &[u8]| self.bytes.windows(text.len()).any(|part| part == text);
        has(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || has(b"Proc-Type: 4,ENCRYPTED")
    }

    /// The certificates in the file as authorities to trust.
    pub(crate) fn authorities(&self) -> Result<RootCertStore, Error> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates()? {
            roots
                .add(certificate)
                .map_err(|source| Error::Certificate {
                    file: self.file.clone(),
                    source,
                })?;
        }
        Ok(roots)
    }
}

/// A certificate with its key, and when it ends.
pub(crate) struct Certified {
    pub(crate) key: Arc<CertifiedKey>,
    pub(crate) ends: Option<SystemTime>,
}

impl Certified {
    /// Takes a certificate and the key that belongs to it from two files. Warns of
    /// one that is not valid now.
    pub(crate) fn new(certificate: &Content, key: &Content) -> Result<Self, Error> {
        let chain = certificate.certificates()?;
        let validity = chain.first().and_then(|first| certificate::validity(first));
        let private = key.key()?;
        let certified =
            CertifiedKey::from_der(chain, private, &provider()).map_err(|error| match error {
                rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => Error::Mismatch {
                    certificate: certificate.file.clone(),
                    key: key.file.clone(),
                },
                source @ rustls::Error::InvalidCertificate(_) => Error::Certificate {
                    file: certificate.file.clone(),
                    source,
                },
                source => Error::Key {
                    file: key.file.clone(),
                    source,
                },
            })?;
        warn_unless_valid(&certificate.file, validity, SystemTime::now());
        Ok(Self {
            key: Arc::new(certified),
            ends: validity.map(|validity| validity.ends),
        })
    }
}

fn warn_unless_valid(file: &Path, validity: Option<Validity>, now: SystemTime) {
    let file = file.display();
    match validity {
        Some(Validity { ends, .. }) if now > ends => {
            let ended = shown(ends);
            tracing::warn!(%file, ended, "the certificate has expired; peers will refuse it");
        }
        Some(Validity { begins, .. }) if now < begins => {
            let begins = shown(begins);
            tracing::warn!(%file, begins, "the certificate is not valid yet; peers will refuse it");
        }
        _ => {}
    }
}

/// A time as people read it.
pub(crate) fn shown(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map_or_else(
        |_| "beyond the calendar".to_owned(),
        |time| time.to_string(),
    )
}
