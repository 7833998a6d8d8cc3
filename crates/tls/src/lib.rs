//! TLS for servers and clients: files, identities, reloading, bounded handshakes.
//!
//! An [`Acceptor`] takes the handshakes of a server and a [`Connector`] makes those
//! of a client. Both read PEM files, look every few seconds whether these have
//! changed, and use the new ones for new connections. Open connections go on.
//! [`identity`] says who a client is by its certificate.
//!
//! This crate knows no HTTP beyond the names that ALPN has for it, and decides
//! nothing about what a client may do. It never shows a private key: not in an
//! error, not in the log.

mod acceptor;
mod certificate;
mod connector;
mod der;
mod error;
mod files;
mod handshakes;
pub mod identity;
mod reload;

pub use acceptor::{Acceptor, ClientAuthentication, ClientAuthorities, HandshakeError, ServerTls};
pub use connector::{ClientTls, Connector, Roots, roots};
pub use error::Error;
pub use files::CertificateFiles;
pub use reload::Status;

/// The ALPN name of HTTP/2.
pub const H2: &[u8] = b"h2";

/// The ALPN name of HTTP/1.1.
pub const HTTP_1_1: &[u8] = b"http/1.1";

/// How often files are looked at for changes, unless something else is asked for.
pub const RELOAD_INTERVAL: std::time::Duration = std::time::Duration::from_secs(5);

/// The cryptography. It is named wherever rustls takes it, so that a process with
/// two kinds of it does not panic.
fn provider() -> std::sync::Arc<rustls::crypto::CryptoProvider> {
    std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
