#![doc = include_str!("../README.md")]
//!
//! # The parts
//!
//! - [`Client`] connects, logs in, and gives the generated client of each service.
//! - [`v2`] has these clients and the messages, as prost makes them of the protos. Secrets
//!   in messages are not shown by `Debug`.
//! - [`Error`] is made of a [`tonic::Status`] by `?`, and tells [`Reason`] and
//!   [`Violation`]s.
//! - [`List`] reads what is too long for one message.
//! - [`Config`] bounds all of it.
//!
//! This crate does not know REST, and keeps nothing on disk.

mod calls;
mod client;
mod config;
mod credentials;
mod error;
mod generated;
mod kind;
mod list;
mod reason;
mod retry;
mod session;
mod transport;

pub use calls::Calls;
pub use client::{Client, ConnectError};
#[cfg(feature = "tls")]
pub use config::Tls;
pub use config::{Config, Retry};
pub use credentials::Credentials;
pub use error::{Error, Violation};
pub use generated::v2;
pub use list::{List, ListRequest};
pub use reason::Reason;

pub use {prost_types, tonic};

/// The programs of the documentation, which are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/clients-grpc.md")]
struct Documentation;
