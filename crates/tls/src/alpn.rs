//! The names that ALPN has for the versions of HTTP (RFC 7301).

/// The ALPN name of HTTP/2.
pub const H2: &[u8] = b"h2";

/// The ALPN name of HTTP/1.1.
pub const HTTP_1_1: &[u8] = b"http/1.1";
