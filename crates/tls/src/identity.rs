//! Who a client is by its certificate.
//!
//! rustls has verified the certificate when an [`Identity`] is made of it. What an
//! identity may do is decided elsewhere.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rustls::ServerConnection;
use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use crate::certificate;

/// Who a client is by its certificate: the names that an authority has vouched
/// for. Clones share the names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity(Arc<[Name]>);

/// One name of a client. It is written as its kind, a colon and the name, such as
/// `uri:spiffe://example.com/shop`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// A URI among the subject's alternative names, such as a SPIFFE ID.
    Uri(String),
    /// A DNS name among them.
    Dns(String),
    /// The common name of the subject. It counts only where there is neither of
    /// the others.
    CommonName(String),
}

impl Identity {
    /// Returns who the client at the other end of a connection is, if it has
    /// shown a certificate with a name in it.
    pub fn of(connection: &ServerConnection) -> Option<Self> {
        Self::of_certificate(connection.peer_certificates()?.first()?)
    }

    fn of_certificate(certificate: &CertificateDer<'_>) -> Option<Self> {
        let alternative = EndEntityCert::try_from(certificate).ok()?;
        let uris = alternative
            .valid_uri_names()
            .map(|name| Name::Uri(name.to_owned()));
        let names = alternative
            .valid_dns_names()
            .map(|name| Name::Dns(name.to_owned()));
        let mut names: Vec<_> = uris.chain(names).collect();
        if names.is_empty() {
            let common = certificate::common_name(certificate)?;
            names.push(Name::CommonName(common.to_owned()));
        }
        Some(Self(names.into()))
    }

    /// The names, URIs first. There is at least one.
    pub fn names(&self) -> &[Name] {
        &self.0
    }

    /// Returns whether this is one of the names.
    pub fn has(&self, name: &Name) -> bool {
        self.0.contains(name)
    }
}

impl FromIterator<Name> for Identity {
    fn from_iter<I: IntoIterator<Item = Name>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{name}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uri(name) => write!(f, "uri:{name}"),
            Self::Dns(name) => write!(f, "dns:{name}"),
            Self::CommonName(name) => write!(f, "cn:{name}"),
        }
    }
}

/// A text that is no name of a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no name of a certificate; \
     one is uri:spiffe://example.com/shop, dns:shop.example.com or cn:shop"
)]
pub struct NoName {
    /// The text.
    pub text: String,
}

impl FromStr for Name {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        let name = text.split_once(':').filter(|(_, name)| !name.is_empty());
        match name {
            Some(("uri", name)) => Ok(Self::Uri(name.to_owned())),
            Some(("dns", name)) => Ok(Self::Dns(name.to_owned())),
            Some(("cn", name)) => Ok(Self::CommonName(name.to_owned())),
            _ => Err(NoName {
                text: text.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    #[track_caller]
    fn check(alternatives: Vec<SanType>, common: Option<&str>, expected: Option<&str>) {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        if let Some(name) = common {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        params.subject_alt_names = alternatives;
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let found = Identity::of_certificate(certificate.der());
        assert_eq!(found.map(|id| id.to_string()).as_deref(), expected);
    }

    #[test]
    fn alternative_names_come_before_the_common_name() {
        let uri = SanType::URI("spiffe://example.com/shop".try_into().expect("ASCII"));
        let dns = SanType::DnsName("shop.example.com".try_into().expect("ASCII"));
        let address = SanType::IpAddress([127, 0, 0, 1].into());
        check(
            vec![dns.clone(), uri],
            Some("shop"),
            Some("uri:spiffe://example.com/shop, dns:shop.example.com"),
        );
        check(vec![dns], None, Some("dns:shop.example.com"));
        check(vec![address], Some("shop"), Some("cn:shop"));
        check(Vec::new(), Some("shop"), Some("cn:shop"));
        check(Vec::new(), None, None);
    }

    #[test]
    fn a_name_reads_as_it_is_written() {
        for text in ["uri:spiffe://a/b", "dns:a.example.com", "cn:a client: one"] {
            let name: Name = text.parse().expect("is a name");
            assert_eq!(name.to_string(), text);
        }
        for text in ["", "shop", "dns:", "email:a@b", "DNS:a"] {
            assert!(text.parse::<Name>().is_err(), "{text:?} was taken");
        }
    }
}
