//! The client over real sockets, against servers that misbehave.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test that panics has failed"
)]

#[path = "../../tls/tests/it/authority.rs"]
#[allow(dead_code, reason = "the tests of TLS itself use more of it")]
mod authority;
#[path = "it/balance.rs"]
mod balance;
#[path = "it/coding.rs"]
mod coding;
#[path = "it/frames.rs"]
mod frames;
#[path = "it/http1.rs"]
mod http1;
#[path = "it/http2.rs"]
mod http2;
#[path = "it/mutual.rs"]
mod mutual;
#[path = "it/retry.rs"]
mod retry;
#[path = "it/support.rs"]
mod support;
#[path = "it/tls.rs"]
mod tls;
