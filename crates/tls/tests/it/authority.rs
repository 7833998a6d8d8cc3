//! An authority that makes certificates, and files of them.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    SanType, date_time_ymd,
};
use tempfile::TempDir;
use tls::CertificateFiles;

/// An authority whose certificate is in a file.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

/// What a certificate says.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) common_name: &'a str,
    pub(crate) dns: Option<&'a str>,
    pub(crate) uri: Option<&'a str>,
    pub(crate) expired: bool,
}

impl Subject<'static> {
    pub(crate) const LOCALHOST: Self = Self {
        common_name: "a server",
        dns: Some("localhost"),
        uri: None,
        expired: false,
    };
    pub(crate) const CLIENT: Self = Self {
        common_name: "a client",
        dns: None,
        uri: Some("spiffe://example.com/shop"),
        expired: false,
    };
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names = vec![SanType::DnsName(name.try_into().expect("ASCII"))];
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self {
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// The key of the authority itself, in PEM.
    pub(crate) fn key(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// A new certificate and its key, in PEM.
    pub(crate) fn issue(&self, subject: Subject<'_>) -> (String, String) {
        let mut params = CertificateParams::default();
        let name = subject.common_name;
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let dns = subject.dns.map(|name| {
            let name = name.try_into().expect("ASCII");
            SanType::DnsName(name)
        });
        let uri = subject.uri.map(|name| {
            let name = name.try_into().expect("ASCII");
            SanType::URI(name)
        });
        params.subject_alt_names = dns.into_iter().chain(uri).collect();
        if subject.expired {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("it is signed");
        (certificate.pem(), key.serialize_pem())
    }
}

/// Files of one test.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("the directory is ours");
        path
    }

    /// Writes a certificate and its key into two files of this name.
    pub(crate) fn certificate(&self, name: &str, pair: &(String, String)) -> CertificateFiles {
        CertificateFiles {
            certificate: self.write(&format!("{name}.pem"), &pair.0),
            key: self.write(&format!("{name}.key"), &pair.1),
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        self.0.path()
    }
}
