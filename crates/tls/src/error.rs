//! Why TLS cannot be set up.

use std::io;
use std::path::PathBuf;

use rustls::pki_types::pem;

/// Why TLS cannot be set up. No variant has anything of a private key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read.
    #[error("{} cannot be read", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// A file is larger than any certificate or key.
    #[error("{} has more than {limit} bytes, so it is no file of certificates or keys", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// How many bytes it may have.
        limit: u64,
    },
    /// A file is not PEM.
    #[error("{} is not PEM", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// A file has no certificate.
    #[error("{} has no certificate in it; a section -----BEGIN CERTIFICATE----- is needed", file.display())]
    NoCertificate {
        /// The file.
        file: PathBuf,
    },
    /// A certificate cannot be used.
    #[error("a certificate in {} cannot be used", file.display())]
    Certificate {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: rustls::Error,
    },
    /// A file has no private key.
    #[error("{} has no private key in it; a section of PKCS#8, PKCS#1 or SEC1 is needed, such as -----BEGIN PRIVATE KEY-----", file.display())]
    NoKey {
        /// The file.
        file: PathBuf,
    },
    /// A private key is encrypted.
    #[error("the private key in {} is encrypted; `openssl pkey -in FILE -out NEW_FILE` decrypts it", file.display())]
    EncryptedKey {
        /// The file.
        file: PathBuf,
    },
    /// A private key cannot be used.
    #[error("the private key in {} cannot be used", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: rustls::Error,
    },
    /// A private key is that of another certificate.
    #[error("the private key in {} is not that of the first certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The certificates of the authorities in a file cannot be used to check
    /// others.
    #[error("the authorities in {} cannot be used", file.display())]
    Authorities {
        /// The file.
        file: PathBuf,
        /// What is wrong with them.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The certificates that the system trusts cannot be read.
    #[error("the system's certificates cannot be read")]
    System(#[source] io::Error),
    /// rustls refuses its settings.
    #[error("TLS cannot be set up")]
    Setup(#[source] rustls::Error),
    /// Files are looked at in the background, which needs a runtime.
    #[error("there is no tokio runtime to look at the files of TLS in")]
    NoRuntime(#[source] tokio::runtime::TryCurrentError),
    /// Nothing looks at the files any more.
    #[error("nothing looks at the files of TLS any more")]
    NotLooked,
}

/// An error with all its sources, for the log.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
