//! What connections and the stack above the services tell each other, in the
//! extensions of requests and responses.

use std::net::IpAddr;

use tokio::time::Instant;

/// The address at the other end of a connection, in the extensions of a
/// request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// When a call is over at the latest, in the extensions of its response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends(pub(crate) Instant);
