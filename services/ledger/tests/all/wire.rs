//! A way to a service that can be held up, cut, and whose calls are counted.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kit::server::{self, Service};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

/// What HTTP/2 begins with.
const PREFACE_SIZE: usize = 24;

/// The head of each frame after that: size, type, flags, stream.
const HEAD_SIZE: usize = 9;

/// The type of a frame that begins a request.
const HEADERS: u8 = 1;

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Open,
    Held,
    Cut,
}

/// Carries what is said to a service, as long as it lives and is not cut.
pub(crate) struct Wire {
    address: SocketAddr,
    state: watch::Sender<State>,
    requests: Arc<AtomicU64>,
    tasks: JoinSet<()>,
}

impl Wire {
    /// A wire to a service that is reached by this wire alone.
    pub(crate) async fn to(service: Service) -> Self {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let entry = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (there, address) = (server.local_addr().unwrap(), entry.local_addr().unwrap());
        let (state, seen) = watch::channel(State::Open);
        let requests = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let stop = CancellationToken::new();
            server::serve(server, service, Duration::from_secs(1), stop).await.unwrap();
        });
        let counted = Arc::clone(&requests);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = entry.accept().await {
                connections.spawn(carry(client, there, seen.clone(), Arc::clone(&counted)));
            }
        });
        Self { address, state, requests, tasks }
    }

    pub(crate) fn channel(&self) -> Channel {
        kit::client::channel(format!("http://{}", self.address)).unwrap()
    }

    /// From now on nothing gets through; it is kept.
    pub(crate) fn hold(&self) {
        self.state.send_replace(State::Held);
    }

    /// What was kept goes on its way.
    pub(crate) fn release(&self) {
        self.state.send_replace(State::Open);
    }

    /// From now on nobody is there.
    pub(crate) async fn cut(mut self) {
        self.state.send_replace(State::Cut);
        self.tasks.shutdown().await;
    }

    /// How many requests went to the service.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

async fn carry(
    client: TcpStream,
    there: SocketAddr,
    state: watch::Receiver<State>,
    requests: Arc<AtomicU64>,
) -> io::Result<()> {
    let service = TcpStream::connect(there).await?;
    service.set_nodelay(true)?;
    client.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_service, to_service) = service.into_split();
    let said = async {
        let mut to_service = to_service;
        let mut state = state;
        let mut preface = [0; PREFACE_SIZE];
        from_client.read_exact(&mut preface).await?;
        to_service.write_all(&preface).await?;
        loop {
            let mut head = [0; HEAD_SIZE];
            from_client.read_exact(&mut head).await?;
            let [size_1, size_2, size_3, kind, ..] = head;
            let size = u32::from_be_bytes([0, size_1, size_2, size_3]);
            let mut body = vec![0; usize::try_from(size).unwrap()];
            from_client.read_exact(&mut body).await?;
            let now = *state.wait_for(|state| *state != State::Held).await.unwrap();
            if now == State::Cut {
                return Ok(());
            }
            requests.fetch_add(u64::from(kind == HEADERS), Ordering::Relaxed);
            to_service.write_all(&head).await?;
            to_service.write_all(&body).await?;
        }
    };
    tokio::select! {
        ended = said => ended,
        answered = tokio::io::copy(&mut from_service, &mut to_client) => answered.map(drop),
    }
}
