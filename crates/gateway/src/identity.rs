//! Who a caller is by the certificate of its connection.
//!
//! A server with [`Server::with_tls`](crate::server::Server::with_tls) that knows
//! authorities for its clients puts an [`Identity`] into the extensions of each
//! request whose connection has shown a certificate. Every layer and every service
//! finds it there. Nothing here decides what a caller may do.

pub use tls::identity::{Identity, Name, NoName};
