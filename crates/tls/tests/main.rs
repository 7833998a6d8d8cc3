//! Handshakes over real sockets, with certificates that are made for each test.

#[path = "it/authority.rs"]
#[allow(dead_code, reason = "tests of other crates use more of it")]
mod authority;
#[path = "it/clients.rs"]
mod clients;
#[path = "it/files.rs"]
mod files;
#[path = "it/floods.rs"]
mod floods;
#[path = "it/reloads.rs"]
mod reloads;
#[path = "it/support.rs"]
mod support;
