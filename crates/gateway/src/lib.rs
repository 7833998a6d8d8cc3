//! The production gRPC server around a transcoding gateway.
//!
//! [`server`] accepts connections, HTTP/2 for gRPC and HTTP/1.1 for gRPC-Web and
//! Connect, and takes each call through one stack of layers, from its deadline down to
//! its service. [`upstream`] is the other side: the [`limit`] on what is sent at
//! once, and the client that a [`Gateway`](transcode::Gateway) sends its
//! requests through. A gateway may have [`credentials`] of its own, which go upstream in
//! place of the callers' ([`authorized`]); [`admission`] then says whose calls are made
//! with them. What a call came to is one
//! [`Outcome`](outcome::Outcome), handed to observers; [`access_log`] is one.
//!
//! The crate knows no resource: which services there are is handed in. It keeps
//! no state that matters, so that any number of gateways can run side by side.

pub mod access_log;
pub mod admission;
pub mod authorized;
mod batched;
mod callers;
pub mod config;
mod cork;
pub mod credentials;
pub mod descriptors;
mod extensions;
pub mod health;
mod http1;
mod http2;
pub mod identity;
pub mod limit;
pub mod open_files;
pub mod outcome;
mod pb;
mod phase;
mod places;
pub mod reflection;
mod rewind;
pub mod rpcs;
mod schemas;
pub mod server;
#[cfg(test)]
mod sink;
mod socket;
mod stack;
mod traffic;
pub mod upstream;
pub mod usage;
