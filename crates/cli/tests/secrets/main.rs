//! Secrets that are planted in everything that reaches the program are found in nothing
//! that it shows.
//!
//! The program runs as its operator runs it, at the most verbose level. A secret is a
//! word that names the place that it was planted in, so that a failure tells what leaks.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test that panics has failed"
)]

mod backend;
mod collector;
#[path = "../command/mod.rs"]
mod command;
mod credentials;
mod gateway;
mod program;
mod rest;
mod serve;
mod start;
