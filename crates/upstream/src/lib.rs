//! The way to an HTTP API: endpoints, connections, TLS, retries, bounds.
//!
//! A [`Client`] sends requests to one API that has one or more endpoints. It
//! chooses an endpoint by load, keeps connections, sends again what was not
//! processed, retries what may be repeated, decodes replies, and bounds
//! everything that waits, grows or repeats ([`Config`]).
//!
//! Dropping the future of [`Client::send`], or the [`ReplyBody`] that it
//! returned, ends everything of that call at once: over HTTP/1.1 the connection
//! is closed, over HTTP/2 the stream is reset. Nothing of the request stays in
//! memory.
//!
//! This crate knows no API and no gRPC. It never reads a body for its meaning,
//! and it holds no body: what it passes on is what has arrived.

mod balance;
mod base;
mod body;
mod call;
mod client;
mod coding;
mod config;
mod connect;
mod decoded;
mod endpoint;
mod error;
mod failure;
mod fleet;
mod health;
mod http1;
mod http2;
mod io;
mod options;
mod pool;
mod raw_body;
mod reply;
mod resolve;
mod retry;
mod span;
mod status;
mod supervise;
mod task;

pub use base::base;
pub use body::Body;
pub use client::Client;
pub use config::{Config, Protocol};
pub use endpoint::Origin;
pub use error::{BoxError, Error, ReplyError, ReplyErrorKind, SendError, SendErrorKind};
pub use options::Options;
pub use reply::ReplyBody;
pub use resolve::Resolver;
pub use status::{BudgetStatus, EndpointState, EndpointStatus};
pub use tls::{CertificateFiles, Roots};
