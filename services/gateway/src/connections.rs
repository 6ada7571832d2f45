//! Connections: how many there are, how long each may be silent, slow or stuck, and what HTTP/2 may do on
//! one.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::Request;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use kit::{
    address::one_client,
    tls::{Accepting, Connection},
};
use tokio::{
    io::AsyncWriteExt,
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use self::{
    unsent::Unsent,
    watch::{Activity, Verdict, Watched},
};
use crate::{address::Proxies, limits::Limits};

mod unsent;
mod watch;

/// How often each connection is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How many looks an idle connection that was told to end is given to do so: what was answered before may
/// still be on its way.
const FAREWELL: u32 = 45;
/// What a request's line and headers may have together, in bytes.
const HEADERS: usize = 32 * 1024;
/// Requests at the same time on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// Streams that a client has reset and that are not forgotten yet: more end the connection (rapid
/// reset, CVE-2023-44487).
const RESETS: usize = 32;

/// What somebody is told for whom there is no place.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
    Content-Length: 0\r\n\r\n";

/// Serves until `stop`, then until the requests under way have ended.
pub(crate) async fn serve(
    mut incoming: Accepting,
    router: Router,
    limits: &Limits,
    stop: CancellationToken,
) {
    let counts = Counts::new(limits);
    let builder = Arc::new(builder());
    let mut connections = JoinSet::new();
    loop {
        let mut stream = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            stream = incoming.next() => stream,
        };
        let peer = stream.address();
        let Some(place) = counts.enter(peer.ip()) else {
            // Whoever does not take it at once is told nothing.
            let told = async {
                stream.write_all(FULL).await?;
                stream.flush().await
            };
            let _ = timeout(Duration::ZERO, told).await;
            continue;
        };
        let (builder, router, stop) = (Arc::clone(&builder), router.clone(), stop.clone());
        connections.spawn(async move {
            run(&builder, stream, peer, router, stop).await;
            drop(place);
        });
    }
    drop(incoming);
    while connections.join_next().await.is_some() {}
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(watch::IDLE).max_buf_size(HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(HEADERS).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(RESETS)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}

/// One connection, from its first byte to its last.
async fn run(
    builder: &Builder<TokioExecutor>,
    stream: Connection,
    peer: SocketAddr,
    router: Router,
    stop: CancellationToken,
) {
    let activity = Arc::new(Activity::begin());
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
    let requests = Arc::clone(&activity);
    let service = tower::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let (router, under_way) = (router.clone(), requests.request());
        async move {
            let answered = router.oneshot(request).await;
            answered.map(|answer| answer.map(|body| Unsent::new(body, under_way)))
        }
    });
    let mut connection = pin!(builder.serve_connection(io, TowerToHyperService::new(service)));
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_stopping = false;
    let mut idle_looks = 0_u32;
    loop {
        tokio::select! {
            // Whatever broke is the client's affair.
            _ = connection.as_mut() => return,
            () = stop.cancelled(), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = looks.tick() => match activity.look() {
                Verdict::Alive => idle_looks = 0,
                // Who was told to end and has not is ended.
                Verdict::Idle if idle_looks >= FAREWELL => return,
                Verdict::Idle => {
                    idle_looks = idle_looks.saturating_add(1);
                    connection.as_mut().graceful_shutdown();
                }
                Verdict::Stuck => return,
            }
        }
    }
}

/// How many connections there are, in all and from each address.
#[derive(Debug, Clone)]
struct Counts {
    most: usize,
    most_of_one: usize,
    proxies: Proxies,
    by_address: Arc<Mutex<ByAddress>>,
}

#[derive(Debug, Default)]
struct ByAddress {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// A connection that is counted until this is dropped.
#[derive(Debug)]
struct Place {
    counts: Counts,
    address: Option<IpAddr>,
}

impl Counts {
    fn new(limits: &Limits) -> Self {
        Self {
            most: limits.max_connections,
            most_of_one: limits.max_connections_per_address,
            proxies: limits.proxies(),
            by_address: Arc::default(),
        }
    }

    fn enter(&self, peer: IpAddr) -> Option<Place> {
        let address = (!self.proxies.trust(peer)).then(|| one_client(peer));
        let mut counted = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.all >= self.most {
            return None;
        }
        if let Some(address) = address {
            let of_one = counted.of.entry(address).or_insert(0);
            if *of_one >= self.most_of_one {
                return None;
            }
            *of_one = of_one.saturating_add(1);
        }
        counted.all = counted.all.saturating_add(1);
        Some(Place { counts: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let by_address = &self.counts.by_address;
        let mut counted = by_address.lock().unwrap_or_else(PoisonError::into_inner);
        counted.all = counted.all.saturating_sub(1);
        let Some(address) = self.address else { return };
        if let Some(of_one) = counted.of.get_mut(&address) {
            *of_one = of_one.saturating_sub(1);
            if *of_one == 0 {
                counted.of.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_no_more_than_its_share() {
        let counts = Counts::new(&Limits {
            max_connections: 4,
            max_connections_per_address: 2,
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..Limits::default()
        });
        let enter = |address: &str| counts.enter(address.parse().unwrap());

        let first = enter("192.0.2.1").unwrap();
        let _second = enter("192.0.2.1").unwrap();
        assert!(enter("::ffff:192.0.2.1").is_none());
        let _proxies = (enter("10.0.0.1").unwrap(), enter("10.0.0.1").unwrap());
        assert!(enter("10.0.0.1").is_none(), "there is no place in all");

        drop(first);
        let _again = enter("192.0.2.1").unwrap();
        assert_eq!(counts.by_address.lock().unwrap().of.len(), 1);
    }
}
