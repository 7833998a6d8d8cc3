//! Where a request comes from.

use std::net::{IpAddr, Ipv6Addr};

/// The address at the other end of a connection. It is an extension of every
/// request that came over one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The part of an address that one client has: all of an IPv4 address, or the /64
/// of an IPv6 one.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(network))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, expected: &str) {
        let parse = |text: &str| text.parse::<IpAddr>().expect("is an address");
        assert_eq!(network(parse(address)), parse(expected));
    }

    #[test]
    fn a_client_has_an_ipv4_address_or_an_ipv6_network() {
        check("192.0.2.7", "192.0.2.7");
        check("::ffff:192.0.2.7", "192.0.2.7");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
    }
}
