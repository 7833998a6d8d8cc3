//! What connections and the stack above the services tell each other, in the
//! extensions of requests and responses.

use std::net::IpAddr;

use http::HeaderValue;
use tokio::time::Instant;

use crate::identity::Identity;

/// The other end of a connection, in the extensions of a request.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// The address as `x-forwarded-for` has it. Made once for all requests of the
    /// connection.
    pub(crate) forwarded_for: Option<HeaderValue>,
    /// Who it is by its certificate, if it has shown one.
    pub(crate) identity: Option<Identity>,
}

impl Peer {
    pub(crate) fn new(address: IpAddr, identity: Option<Identity>) -> Self {
        Self {
            address,
            forwarded_for: address.to_canonical().to_string().parse().ok(),
            identity,
        }
    }
}

/// When a call is over at the latest, in the extensions of its response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends(pub(crate) Instant);
