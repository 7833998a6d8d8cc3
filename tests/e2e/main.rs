//! End-to-end tests over real sockets: a generated client, the gateway, and
//! behind it the backend or a stub that plays one.
//!
//! Every test owns its whole stack, on ports that the system picks.

mod auth;
#[path = "../../crates/tls/tests/it/authority.rs"]
#[allow(dead_code, reason = "the tests of TLS itself use more of it")]
mod authority;
mod avatars;
mod client;
mod client_faults;
mod connect;
mod coverage;
mod examples;
mod faults;
mod outcomes;
mod permissions;
mod protocol;
mod replay;
mod resources;
mod secured;
mod stack;
mod stopping;
mod streamed_lists;
mod streams;
mod stub;
mod tls;
mod users;
mod verify;
mod web;
