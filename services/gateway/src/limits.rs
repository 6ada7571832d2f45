//! What an operator sets of the gateway's limits.

use clap::Args;

use crate::address::{ForwardedIn, Network, Proxies};

/// Limits of connections, requests under way and memory; and whose word is taken for who a client is.
#[derive(Debug, Clone, Args)]
pub struct Limits {
    /// Connections at the same time at most; and as many requests whose bodies have not come.
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = MAX_CONNECTIONS)]
    pub max_connections: usize,
    /// Connections at the same time from one address, or one IPv6 network of 64 bits, that is no trusted
    /// proxy's.
    #[arg(long, env = "MAX_CONNECTIONS_PER_ADDRESS", default_value_t = PER_ADDRESS)]
    pub max_connections_per_address: usize,
    /// Requests at the same time at most, once their bodies are there.
    #[arg(long, env = "MAX_REQUESTS", default_value_t = MAX_REQUESTS)]
    pub max_requests: usize,
    /// Requests at the same time at most for one path.
    #[arg(long, env = "MAX_REQUESTS_PER_ROUTE", default_value_t = PER_ROUTE)]
    pub max_requests_per_route: usize,
    /// Requests at the same time at most of one tenant.
    #[arg(long, env = "MAX_REQUESTS_PER_TENANT", default_value_t = PER_TENANT)]
    pub max_requests_per_tenant: usize,
    /// MiB of bodies in memory at the same time at most, of callers who are known, each body counted twice for
    /// its copies; half as many of long answers that are still to be sent. One tenant may have half of either.
    #[arg(long, env = "MAX_BODIES_MIB", default_value_t = MAX_BODIES_MIB,
        value_parser = clap::value_parser!(u32).range(32..=65_536))]
    pub max_bodies_mib: u32,
    /// Addresses and networks of proxies whose word is taken for who the client is, separated by
    /// commas.
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,
    /// The header in which trusted proxies say it.
    #[arg(long, env = "FORWARDED_IN", value_enum, default_value_t = ForwardedIn::XForwardedFor)]
    pub forwarded_in: ForwardedIn,
}

const MAX_CONNECTIONS: usize = 4096;
const PER_ADDRESS: usize = 1024;
const MAX_REQUESTS: usize = 1024;
const PER_ROUTE: usize = 512;
const PER_TENANT: usize = 256;
const MAX_BODIES_MIB: u32 = 192;

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: MAX_CONNECTIONS,
            max_connections_per_address: PER_ADDRESS,
            max_requests: MAX_REQUESTS,
            max_requests_per_route: PER_ROUTE,
            max_requests_per_tenant: PER_TENANT,
            max_bodies_mib: MAX_BODIES_MIB,
            trusted_proxies: Vec::new(),
            forwarded_in: ForwardedIn::XForwardedFor,
        }
    }
}

impl Limits {
    /// MiB of long answers that are still to be sent.
    pub(crate) fn answers_mib(&self) -> u32 {
        self.max_bodies_mib.div_ceil(2)
    }

    pub(crate) fn proxies(&self) -> Proxies {
        Proxies { trusted: self.trusted_proxies.clone(), header: self.forwarded_in }
    }
}
