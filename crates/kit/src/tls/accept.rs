//! Connections that come in. Handshakes are made beside one another, within a time and up to a number,
//! so that one who does not go on keeps nobody else waiting.

use std::{
    io,
    net::SocketAddr,
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
use crate::peers::Peer;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How many are made at a time.
const HANDSHAKES: usize = 512;
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

async fn accept(listener: Listener, sender: mpsc::Sender<Connection>) {
    let mut handshakes = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.tcp.accept(), if handshakes.len() < HANDSHAKES => match accepted {
                Ok((stream, address)) => {
                    let (security, sender) = (listener.security.clone(), sender.clone());
                    handshakes.spawn(async move {
                        match timeout(HANDSHAKE, prove(stream, address, &security)).await {
                            // Nobody receives any more when the server has ended.
                            Ok(Ok(connection)) => drop(sender.send(connection).await),
                            Ok(Err(error)) => tracing::warn!(%address, %error, "a handshake failed"),
                            Err(_) => tracing::warn!(%address, "a handshake took too long"),
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(PAUSE).await;
                }
            },
            Some(_) = handshakes.join_next() => {}
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
