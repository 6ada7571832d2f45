//! Connections that come in. Handshakes are made beside one another, within a time and up to a number, in all
//! and of one address, so that one who does not go on keeps nobody else waiting.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use anyhow::ensure;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_stream::Stream;

use super::{
    Plaintext,
    connection::{Connection, Link},
    identity::{Identity, Public},
};
use crate::{address::one_client, peers::Peer};

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How many are made at a time.
const HANDSHAKES: usize = 1024;
/// So many of them with whoever comes. Of the others no address has more than a few.
const FREE: usize = 384;
const FEW: usize = 16;
/// How long to wait when there are too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// A port, and how those who connect to it are to prove themselves.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    security: Security,
}

#[derive(Debug, Clone)]
pub(super) enum Security {
    None(Plaintext),
    Mutual(Arc<Identity>),
    Server(Arc<Public>),
}

impl From<TcpListener> for Listener {
    /// Without TLS, and thus for this machine alone.
    fn from(tcp: TcpListener) -> Self {
        Self::new(tcp, Security::None(Plaintext::Loopback))
    }
}

impl Listener {
    pub(super) fn new(tcp: TcpListener, security: Security) -> Self {
        Self { tcp, security }
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// When the operating system does not know.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    pub(super) fn permitted(&self) -> anyhow::Result<()> {
        if let Security::None(Plaintext::Loopback) = self.security {
            let address = self.local_addr()?;
            ensure!(
                address.ip().is_loopback(),
                "{address} is reached from other machines and would be without TLS: set \
                 certificates (TLS_CERT_FILE …, the gateway: HTTPS_CERT_FILE …), or \
                 PLAINTEXT=allow"
            );
        }
        Ok(())
    }

    /// Accepts connections from now on, until what this answers is dropped.
    ///
    /// # Errors
    ///
    /// When it is reached from elsewhere and would be without TLS.
    pub fn start(self) -> anyhow::Result<Accepting> {
        self.permitted()?;
        let address = self.local_addr()?;
        let (sender, connections) = mpsc::channel(1);
        let mut task = JoinSet::new();
        task.spawn(accept(self, sender));
        Ok(Accepting { connections, address, _task: task })
    }
}

/// Connections whose other end has proved itself.
#[derive(Debug)]
pub struct Accepting {
    connections: mpsc::Receiver<Connection>,
    address: SocketAddr,
    _task: JoinSet<()>,
}

impl Accepting {
    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The next connection. Never ends.
    pub async fn next(&mut self) -> Connection {
        match self.connections.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }
}

impl Stream for Accepting {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.connections.poll_recv(cx).map(|connection| connection.map(Ok))
    }
}

/// Handshakes under way.
#[derive(Debug, Default)]
struct Handshakes {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

impl Handshakes {
    /// Whether one more may begin with somebody.
    fn begin(&mut self, with: IpAddr) -> bool {
        let of_one = self.of.get(&with).copied().unwrap_or(0);
        if self.all >= FREE && of_one >= FEW {
            return false;
        }
        self.all = self.all.saturating_add(1);
        self.of.insert(with, of_one.saturating_add(1));
        true
    }

    fn end(&mut self, with: IpAddr) {
        self.all = self.all.saturating_sub(1);
        if let Some(of_one) = self.of.get_mut(&with) {
            *of_one = of_one.saturating_sub(1);
            if *of_one == 0 {
                self.of.remove(&with);
            }
        }
    }
}

async fn accept(listener: Listener, sender: mpsc::Sender<Connection>) {
    let mut handshakes = JoinSet::new();
    let mut counts = Handshakes::default();
    loop {
        tokio::select! {
            accepted = listener.tcp.accept(), if handshakes.len() < HANDSHAKES => match accepted {
                Ok((stream, address)) => {
                    // Without TLS there is nothing to wait for.
                    let is_plain = matches!(listener.security, Security::None(_));
                    let with = (!is_plain).then(|| one_client(address.ip()));
                    if with.is_some_and(|with| !counts.begin(with)) {
                        // Dropped, and thus told.
                        metrics::counter!("lombard_handshakes_refused_total").increment(1);
                        continue;
                    }
                    let (security, sender) = (listener.security.clone(), sender.clone());
                    handshakes.spawn(async move {
                        match timeout(HANDSHAKE, prove(stream, address, &security)).await {
                            // Nobody receives any more when the server has ended.
                            Ok(Ok(connection)) => drop(sender.send(connection).await),
                            Ok(Err(error)) => tracing::warn!(%address, %error, "a handshake failed"),
                            Err(_) => tracing::warn!(%address, "a handshake took too long"),
                        }
                        with
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(PAUSE).await;
                }
            },
            Some(ended) = handshakes.join_next() => match ended {
                Ok(Some(with)) => counts.end(with),
                Ok(None) => {}
                // Of whom it was is not known: the counts begin anew.
                Err(error) => {
                    tracing::error!(%error, "a handshake broke");
                    counts = Handshakes::default();
                }
            },
        }
    }
}

async fn prove(
    stream: TcpStream,
    address: SocketAddr,
    security: &Security,
) -> io::Result<Connection> {
    // Else an answer waits for acknowledgements that the client delays.
    stream.set_nodelay(true)?;
    let (link, peer) = match security {
        Security::None(_) => (Link::Plain(stream), Peer::Plaintext),
        Security::Server(config) => {
            let acceptor = TlsAcceptor::from(config.server());
            (Link::Tls(Box::new(acceptor.accept(stream).await?)), Peer::Unnamed)
        }
        Security::Mutual(identity) => {
            let acceptor = TlsAcceptor::from(Arc::clone(&identity.keys().server));
            let stream = acceptor.accept(stream).await?;
            let peer = identity.peer(stream.get_ref().1.peer_certificates());
            (Link::Tls(Box::new(stream)), peer)
        }
    };
    Ok(Connection { link, peer, address })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_leaves_handshakes_to_others() {
        let mut counts = Handshakes::default();
        let address = |i: u16| one_client(IpAddr::from([0x2001, 0xdb8, i, 0, 0, 0, 0, i]));

        let began = (0..5000).filter(|_| counts.begin(address(1))).count();

        assert_eq!(began, FREE);
        for _ in 0..FEW {
            assert!(counts.begin(address(2)));
        }
        assert!(!counts.begin(address(2)), "nobody has more than a few of the rest");
        assert!(counts.begin(address(3)));
        for _ in 0..began {
            counts.end(address(1));
        }
        assert!(counts.begin(address(2)), "there is room again");
        assert_eq!(counts.of.len(), 2);
    }
}
