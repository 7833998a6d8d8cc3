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
mod alpn;
mod certificate;
mod connector;
mod der;
mod error;
mod files;
mod handshakes;
pub mod identity;
mod outcomes;
mod provider;
mod reload;

pub use acceptor::{Acceptor, ClientAuthentication, ClientAuthorities, HandshakeError, ServerTls};
pub use alpn::{H2, HTTP_1_1};
pub use connector::{ClientTls, Connector, Roots, roots};
pub use error::Error;
pub use files::CertificateFiles;
pub use outcomes::HandshakeOutcome;
pub use reload::{RELOAD_INTERVAL, Status};
