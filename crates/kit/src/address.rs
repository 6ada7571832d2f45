//! Addresses of clients, as they are counted.

use std::net::{IpAddr, Ipv6Addr};

/// The address; of IPv6 the network, because each client has 2^64 addresses of it.
#[must_use]
pub fn one_client(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}
