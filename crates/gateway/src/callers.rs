//! Who a caller is, as far as sharing the gateway fairly goes.
//!
//! A caller is told by its token, once the upstream has accepted that. Until
//! then it is told by its certificate or else by its address, because anybody can
//! make up any number of tokens. Nothing here decides what a caller may do.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, StatusCode, header};
use transcode::CallerKey;

use crate::identity::Identity;

/// How many tokens are remembered. Two of them that share a slot push each
/// other out, and their callers count as new again.
const SLOTS: u64 = 1 << 14;

/// Tells callers apart. Cheap to clone; all clones remember the same tokens.
#[derive(Clone)]
pub(crate) struct Callers {
    /// Makes the keys unpredictable.
    keys: RandomState,
    /// The hashes of the tokens that were accepted of late, each in the slot
    /// that its last bits name.
    accepted: Arc<[AtomicU64]>,
}

/// A caller, and the token that it shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) key: CallerKey,
    token: Option<u64>,
}

impl Caller {
    /// What tells the token of the caller from others, and nothing else of it: a
    /// hash with a key that this process has made up. `None` without a token.
    pub(crate) fn subject(self) -> Option<u64> {
        self.token
    }
}

impl Callers {
    pub(crate) fn new(keys: RandomState) -> Self {
        Self {
            keys,
            accepted: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Who sends these headers from this address, with this certificate.
    pub(crate) fn identify(
        &self,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
        identity: Option<&Identity>,
    ) -> Caller {
        let token = headers.get(header::AUTHORIZATION);
        let token = token.map(|token| self.keys.hash_one(token.as_bytes()));
        let key = token.filter(|token| self.slot(*token).load(Ordering::Relaxed) == *token);
        Caller {
            key: CallerKey(key.unwrap_or_else(|| match identity {
                Some(identity) => self.keys.hash_one(identity),
                None => self.keys.hash_one(peer.map(network)),
            })),
            token,
        }
    }

    /// Learns from what the upstream has answered to a caller whether its token
    /// is one.
    pub(crate) fn answered(&self, caller: Caller, status: StatusCode) {
        if let Some(token) = caller.token
            && caller.key != CallerKey(token)
            && status.is_success()
        {
            self.slot(token).store(token, Ordering::Relaxed);
        }
    }

    fn slot(&self, token: u64) -> &AtomicU64 {
        // The remainder is below the length, which is a `usize`.
        &self.accepted[usize::try_from(token % SLOTS).unwrap_or_default()]
    }
}

/// The part of an address that one customer of a network has: all of an IPv4
/// address, and 64 bits of an IPv6 address (RFC 6177).
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Name;

    fn of(token: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, token.parse().expect("a value"));
        headers
    }

    fn peer(address: &str) -> IpAddr {
        address.parse().expect("an address")
    }

    #[test]
    fn tokens_that_were_never_accepted_are_one_caller() {
        let callers = Callers::new(RandomState::new());
        let here = Some(peer("192.0.2.1"));
        let first = callers.identify(&of("one"), here, None);
        let second = callers.identify(&of("two"), here, None);
        assert_eq!(first.key, second.key);
        callers.answered(second, StatusCode::UNAUTHORIZED);
        assert_eq!(callers.identify(&of("two"), here, None).key, first.key);
        assert_eq!(
            callers.identify(&HeaderMap::new(), here, None).key,
            first.key
        );
        let elsewhere = callers.identify(&of("one"), Some(peer("192.0.2.2")), None);
        assert_ne!(elsewhere.key, first.key);
    }

    #[test]
    fn an_accepted_token_is_a_caller_wherever_it_comes_from() {
        let callers = Callers::new(RandomState::new());
        let new = callers.identify(&of("one"), Some(peer("192.0.2.1")), None);
        callers.answered(new, StatusCode::OK);
        let known = callers.identify(&of("one"), Some(peer("192.0.2.1")), None);
        assert_ne!(known.key, new.key);
        let elsewhere = callers.identify(&of("one"), Some(peer("192.0.2.2")), None);
        assert_eq!(elsewhere.key, known.key);
    }

    #[test]
    fn a_certificate_is_a_caller_wherever_it_comes_from() {
        let callers = Callers::new(RandomState::new());
        let identity = |name: &str| Identity::from_iter([Name::CommonName(name.to_owned())]);
        let key = |name, address| {
            let identity = identity(name);
            let identified =
                callers.identify(&HeaderMap::new(), Some(peer(address)), Some(&identity));
            identified.key
        };
        assert_eq!(key("one", "192.0.2.1"), key("one", "192.0.2.2"));
        assert_ne!(key("one", "192.0.2.1"), key("two", "192.0.2.1"));
    }

    #[test]
    fn one_network_of_ipv6_is_one_caller() {
        let callers = Callers::new(RandomState::new());
        let key = |address| {
            callers
                .identify(&HeaderMap::new(), Some(peer(address)), None)
                .key
        };
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
    }
}
