//! One channel to all replicas of a service: names are resolved again every second, each address is
//! asked for its health, and requests go to those that serve. A replica that is told to stop says so
//! and is left, while it still answers; one that is added is used within a second or two.

use std::{
    collections::{HashMap, HashSet},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use http::Uri;
use tokio::{sync::mpsc::Sender, task::JoinSet, time::timeout};
use tonic::transport::{Channel, Endpoint, channel::Change};

use super::endpoint;
use crate::readiness;

/// How often names are resolved and replicas asked. A replica that leaves serves for longer.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long an answer about one's health may take.
const PATIENCE: Duration = Duration::from_millis(800);
/// In place of the address of a name that has led nowhere yet: calls fail at once and say so.
const UNRESOLVED: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
/// Changes that may wait to be taken up.
const CHANGES: usize = 64;

/// A channel to all addresses of these URLs.
pub(super) fn channel(urls: Vec<Uri>) -> Channel {
    let (channel, changes) = Channel::balance_channel(CHANGES);
    let replicas = Replicas { urls, changes, known: HashMap::new(), used: HashSet::new() };
    #[expect(clippy::disallowed_methods, reason = "it ends with the last clone of the channel")]
    tokio::spawn(replicas.follow());
    channel
}

/// Where a replica is, and the URL that led there.
type Place = (SocketAddr, usize);

struct Replicas {
    urls: Vec<Uri>,
    changes: Sender<Change<Place, Endpoint>>,
    /// Those that the names led to last, and how to ask them.
    known: HashMap<Place, Channel>,
    used: HashSet<Place>,
}

impl Replicas {
    /// Follows who comes and goes for as long as the channel is held.
    async fn follow(mut self) {
        while !self.changes.is_closed() {
            self.resolve().await;
            let serving = self.serving().await;
            // Where none says that it serves, each is as good as the other, and tells why not.
            let wanted =
                if serving.is_empty() { self.known.keys().copied().collect() } else { serving };
            self.use_only(&wanted).await;
            tokio::select! {
                () = self.changes.closed() => {}
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    /// A name that cannot be resolved for the moment leads where it led before.
    async fn resolve(&mut self) {
        for (at, url) in self.urls.iter().enumerate() {
            let Some((host, port)) = host_and_port(url) else { continue };
            let found = match tokio::net::lookup_host((host, port)).await {
                Ok(found) => found.map(|address| (address, at)).collect::<HashSet<_>>(),
                Err(error) => {
                    tracing::warn!(%error, "{host} cannot be resolved");
                    if self.known.keys().any(|place| place.1 == at) {
                        continue;
                    }
                    HashSet::from([(UNRESOLVED, at)])
                }
            };
            self.known.retain(|place, _| place.1 != at || found.contains(place));
            for place in found {
                if !self.known.contains_key(&place)
                    && let Some(endpoint) = of(url, place.0)
                {
                    self.known.insert(place, endpoint.connect_lazy());
                }
            }
        }
    }

    async fn serving(&self) -> HashSet<Place> {
        let mut asked = JoinSet::new();
        for (place, replica) in &self.known {
            let (place, replica) = (*place, replica.clone());
            asked.spawn(async move {
                let serves = timeout(PATIENCE, readiness::serves(&replica)).await;
                serves.unwrap_or_default().then_some(place)
            });
        }
        asked.join_all().await.into_iter().flatten().collect()
    }

    async fn use_only(&mut self, wanted: &HashSet<Place>) {
        for &place in wanted.difference(&self.used) {
            if let Some(endpoint) = self.urls.get(place.1).and_then(|url| of(url, place.0)) {
                let _ = self.changes.send(Change::Insert(place, endpoint)).await;
            }
        }
        for &place in self.used.difference(wanted) {
            let _ = self.changes.send(Change::Remove(place)).await;
        }
        self.used.clone_from(wanted);
    }
}

/// How to reach one address of a URL, under the URL's own name.
fn of(url: &Uri, address: SocketAddr) -> Option<Endpoint> {
    if address == UNRESOLVED {
        return Some(endpoint(Endpoint::from(url.clone())));
    }
    let scheme = url.scheme_str().unwrap_or("http");
    let reached = Endpoint::from_shared(format!("{scheme}://{address}")).ok()?;
    Some(endpoint(reached).origin(url.clone()))
}

/// Where a URL leads.
pub(crate) fn host_and_port(url: &Uri) -> Option<(&str, u16)> {
    let default = if url.scheme_str() == Some("https") { 443 } else { 80 };
    let host = url.host()?;
    // An IPv6 address stands in brackets.
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Some((host, url.port_u16().unwrap_or(default)))
}
