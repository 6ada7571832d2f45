//! The address of the client, also behind proxies. What proxies write down is believed of those that
//! are known, and only as far as each names one that is.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use clap::ValueEnum;
use http::HeaderMap;
use ipnet::IpNet;

/// Who made a request, as far as can be known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// An IP address or a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

/// A text that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotANetwork;

impl fmt::Display for NotANetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be an IP address or a network, as 10.0.0.0/8")
    }
}

impl std::error::Error for NotANetwork {}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse::<IpNet>().or_else(|_| address()).map(Self).map_err(|_| NotANetwork)
    }
}

impl Network {
    /// Whether an address is of it.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

/// Where proxies write the address of whom they pass on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ForwardedIn {
    /// `X-Forwarded-For: client, proxy`
    #[default]
    XForwardedFor,
    /// `Forwarded: for=client, for=proxy`, as in RFC 7239.
    Forwarded,
}

/// The proxies that are believed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies {
    pub(crate) trusted: Vec<Network>,
    pub(crate) header: ForwardedIn,
}

impl Proxies {
    /// Whether an address is a known proxy's.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    /// The client: the last address on the way that is no known proxy's.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trust(client) {
            return client;
        }
        let name = match self.header {
            ForwardedIn::XForwardedFor => "x-forwarded-for",
            ForwardedIn::Forwarded => "forwarded",
        };
        let lines = headers.get_all(name).iter().rev().filter_map(|value| value.to_str().ok());
        for hop in lines.flat_map(|line| line.rsplit(',')) {
            let told = match self.header {
                ForwardedIn::XForwardedFor => address(hop),
                ForwardedIn::Forwarded => forwarded_for(hop).and_then(address),
            };
            // Whoever is behind a name that is no address is not known.
            let Some(told) = told else { break };
            client = told;
            if !self.trust(client) {
                break;
            }
        }
        client
    }
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let plain = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    plain.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

/// What `for` says in one element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(header: ForwardedIn, peer: &str, lines: &[&'static str]) -> String {
        let trusted = ["10.0.0.0/8", "2001:db8:1::/48"].map(|text| text.parse().unwrap()).into();
        let name = match header {
            ForwardedIn::XForwardedFor => "x-forwarded-for",
            ForwardedIn::Forwarded => "forwarded",
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, HeaderValue::from_static(line));
        }
        let proxies = Proxies { trusted, header };
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        let told = client(ForwardedIn::XForwardedFor, "192.0.2.9", &["198.51.100.1"]);

        assert_eq!(told, "192.0.2.9");
    }

    #[test]
    fn the_last_address_that_is_no_proxys_is_the_clients() {
        for (peer, lines, expected) in [
            ("10.0.0.1", vec!["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", vec!["198.51.100.1:4711"], "198.51.100.1"),
            ("10.0.0.1", vec!["203.0.113.5, 198.51.100.1, 10.2.2.2"], "198.51.100.1"),
            ("10.0.0.1", vec!["203.0.113.5", "198.51.100.1"], "198.51.100.1"),
            ("2001:db8:1::5", vec!["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec!["198.51.100.1, nonsense"], "10.0.0.1"),
            ("10.0.0.1", vec!["10.3.3.3"], "10.3.3.3"),
        ] {
            assert_eq!(client(ForwardedIn::XForwardedFor, peer, &lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn rfc_7239_is_read_too() {
        for (line, expected) in [
            ("for=198.51.100.1;proto=https", "198.51.100.1"),
            ("proto=https;For=\"[2001:db8::7]:4711\"", "2001:db8::7"),
            ("for=203.0.113.5, for=198.51.100.1;by=10.0.0.1, for=10.9.9.9", "198.51.100.1"),
            ("for=198.51.100.1, for=unknown", "10.0.0.1"),
        ] {
            assert_eq!(client(ForwardedIn::Forwarded, "10.0.0.1", &[line]), expected, "{line}");
        }
    }
}
