//! The production gRPC server around a transcoding gateway.
//!
//! [`upstream`] is the pooled HTTP client that a
//! [`Gateway`](transcode::Gateway) sends its requests through; [`server`]
//! serves the gateway's rpcs together with reflection and health, and stops
//! without dropping a call.
//!
//! The crate knows no resource: which services there are is handed in. It keeps
//! no state that matters, so that any number of gateways can run side by side.

pub mod descriptors;
pub mod drift;
pub mod health;
pub mod limit;
mod pb;
pub mod reflection;
pub mod rpcs;
pub mod server;
#[cfg(test)]
mod sink;
pub mod upstream;
