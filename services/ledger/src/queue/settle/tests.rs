//! A database, or the way to it, that falls silent without ending the connection.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use sqlx::{PgPool, postgres::PgPoolOptions};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixListener, UnixStream},
    task::JoinSet,
};
use types::{Amount, Currency, Reference, TenantId, TransferId};

use super::*;
use crate::{
    domain::{
        metadata::Metadata,
        transfer::{Movement, Outside, Payer, Sides, TransferType},
    },
    store::{self, accounts::System},
};

/// What is not carried any more, of one connection.
#[derive(Debug, Clone, Default)]
struct Silence {
    requests: Arc<AtomicBool>,
    answers: Arc<AtomicBool>,
}

/// A way to PostgreSQL that can fall silent.
struct Way {
    directory: TempDir,
    connections: Arc<Mutex<Vec<Silence>>>,
    /// What connections are when they are made.
    later: Silence,
    _carrying: JoinSet<()>,
}

impl Way {
    fn to(server: &PgConnectOptions) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join(format!(".s.PGSQL.{}", server.get_port()));
        let listener = UnixListener::bind(socket).unwrap();
        let (connections, later) = (Arc::<Mutex<Vec<Silence>>>::default(), Silence::default());
        let mut carrying = JoinSet::new();
        carrying.spawn(accept(listener, server.clone(), Arc::clone(&connections), later.clone()));
        Self { directory, connections, later, _carrying: carrying }
    }

    /// From now on, for the connections that there are.
    fn silence(&self, what: fn(&Silence) -> &AtomicBool) {
        for connection in self.connections.lock().unwrap().iter() {
            what(connection).store(true, Ordering::SeqCst);
        }
    }
}

async fn accept(
    listener: UnixListener,
    server: PgConnectOptions,
    connections: Arc<Mutex<Vec<Silence>>>,
    later: Silence,
) {
    let mut carrying = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let at_first = |flag: &AtomicBool| Arc::new(flag.load(Ordering::SeqCst).into());
        let (requests, answers) = (at_first(&later.requests), at_first(&later.answers));
        let silence = Silence { requests, answers };
        connections.lock().unwrap().push(silence.clone());
        if let Some(directory) = server.get_socket() {
            let socket = directory.join(format!(".s.PGSQL.{}", server.get_port()));
            let upstream = UnixStream::connect(socket).await.unwrap().into_split();
            carry(&mut carrying, client, upstream, silence);
        } else {
            let address = (server.get_host(), server.get_port());
            let upstream = TcpStream::connect(address).await.unwrap().into_split();
            carry(&mut carrying, client, upstream, silence);
        }
    }
}

fn carry<R, W>(
    carrying: &mut JoinSet<()>,
    client: UnixStream,
    (answers, requests): (R, W),
    silence: Silence,
) where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (from_client, to_client) = client.into_split();
    carrying.spawn(one_way(from_client, requests, silence.requests));
    carrying.spawn(one_way(answers, to_client, silence.answers));
}

async fn one_way(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    is_silent: Arc<AtomicBool>,
) {
    let mut bytes = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if !is_silent.load(Ordering::SeqCst) && to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

struct Stage {
    way: Way,
    /// On the way.
    settler: Settler,
    /// Beside it.
    pool: PgPool,
    tenant: TenantId,
    pair: [crate::domain::account::AccountId; 2],
}

impl Stage {
    /// Two accounts without a floor, between which one order has been posted already.
    async fn new() -> Self {
        let pool = testkit::database("ledger", &crate::MIGRATIONS).await;
        let options = pool.connect_options().as_ref().clone();
        let way = Way::to(&options);
        let on_the_way =
            PgPoolOptions::new().connect_lazy_with(options.socket(way.directory.path()));
        let mut settler = Settler::new(&Database::new(&on_the_way, crate::ROLE));
        settler.limit = Duration::from_secs(1);
        let (tenant, currency) = (TenantId::new(), Currency::parse("GBP").unwrap());
        let mut conn = pool.acquire().await.unwrap();
        let mut pair = Vec::new();
        for stripe in 0..2 {
            let account = System::Settlement { stripe };
            pair.push(store::accounts::system(&mut conn, tenant, currency, account).await.unwrap());
        }
        drop(conn);
        let mut stage = Self { way, settler, pool, tenant, pair: pair.try_into().unwrap() };
        let first = stage.order();
        assert_eq!(stage.settle(first).await, Ok(false));
        stage
    }

    fn order(&self) -> Order {
        let [debit, credit] = self.pair;
        Order {
            tenant: self.tenant,
            payer: Payer::Outside,
            request: None,
            movement: Movement {
                id: TransferId::new(),
                kind: TransferType::InternalTransfer,
                sides: Sides::new(debit, credit).unwrap(),
                outside: Outside::Neither,
                amount: Amount::new(1, Currency::parse("GBP").unwrap()).unwrap(),
                reference: Reference::parse("rent").unwrap(),
                reverses: None,
                payment: None,
                initiator: None,
                metadata: Metadata::default(),
            },
        }
    }

    /// Whether it was answered as one that an earlier request had posted, or what was told instead.
    async fn settle(&mut self, order: Order) -> Result<bool, String> {
        let settled = self.settler.settle(vec![order]);
        let settled = tokio::time::timeout(Duration::from_secs(10), settled).await;
        let outcome = settled.expect("it does not hang").pop().unwrap();
        outcome.map(|posted| posted.replayed).map_err(|error| error.to_string())
    }

    async fn posted(&self) -> i64 {
        let count = "select count(*) from transfers where response_code = 1";
        let posted: i64 = sqlx::query_scalar(count).fetch_one(&self.pool).await.unwrap();
        let balance = "select sum(balance_minor)::bigint from accounts where balance_minor > 0";
        let balance: i64 = sqlx::query_scalar(balance).fetch_one(&self.pool).await.unwrap();
        assert_eq!(balance, posted);
        posted
    }
}

#[tokio::test]
async fn what_was_posted_on_a_connection_that_fell_silent_is_found() {
    let mut stage = Stage::new().await;
    stage.way.silence(|silence| &silence.answers);
    let order = stage.order();

    let told = stage.settle(order).await;

    assert_eq!((told, stage.posted().await), (Ok(false), 2));
    assert!(stage.way.connections.lock().unwrap().len() >= 2);
}

#[tokio::test]
async fn what_never_got_there_is_posted_on_another_connection() {
    for is_locked_way in [false, true] {
        let mut stage = Stage::new().await;
        stage.way.silence(|silence| &silence.requests);
        stage.settler.stale_tries = if is_locked_way { STALE_TRIES } else { 0 };
        let order = stage.order();

        let told = stage.settle(order).await;

        assert_eq!((told, stage.posted().await), (Ok(false), 2));
        assert!(stage.way.connections.lock().unwrap().len() >= 2);
    }
}

#[tokio::test]
async fn a_database_that_stays_silent_is_given_up() {
    let mut stage = Stage::new().await;
    stage.settler.patience = Duration::from_millis(1_500);
    stage.way.later.requests.store(true, Ordering::SeqCst);
    stage.way.silence(|silence| &silence.requests);
    let order = stage.order();

    let told = stage.settle(order).await;

    assert_eq!(told, Err(given_up(true).to_string()));
    assert_eq!(stage.posted().await, 1);
}

#[tokio::test]
async fn of_a_database_that_cannot_be_reached_it_is_known_that_nothing_was_posted() {
    let mut stage = Stage::new().await;
    stage.settler.patience = Duration::from_millis(100);
    stage.settler.options = stage.settler.options.clone().socket("/nowhere");
    for is_locked_way in [false, true] {
        stage.settler.conn = None;
        stage.settler.stale_tries = if is_locked_way { STALE_TRIES } else { 0 };
        let order = stage.order();

        let told = stage.settle(order).await;

        assert_eq!(told, Err(given_up(false).to_string()));
    }
    assert_eq!(stage.posted().await, 1);
}
