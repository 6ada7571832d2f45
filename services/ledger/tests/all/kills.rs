//! What becomes of transfers when the service or PostgreSQL is killed while they are under way: the real
//! program, on a cluster of its own that is as durable as in production.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]

mod payments;

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    time::Duration,
};

use cluster::Cluster;
use kit::server;
use ledger::MIGRATIONS;
use proto::{
    customer::v1::customer_service_client::CustomerServiceClient,
    ledger::v1::{
        CreateTransferRequest, Ledger, Transfer, ledger_service_client::LedgerServiceClient,
        payment_service_client::PaymentServiceClient, sandbox_service_client::SandboxServiceClient,
    },
};
use sqlx::{PgConnection, PgPool};
use tempfile::TempDir;
use testkit::program::Program;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use types::{LedgerId, TenantId};

use crate::{
    books::assert_sound,
    several::{keyed, referenced},
    support::{Setup, inbound, is_posted, reason, transfer},
};

const BINARY: &str = env!("CARGO_BIN_EXE_ledger");
/// Whoever asks at a time.
const CLIENTS: usize = 12;
const PAUSE: Duration = Duration::from_millis(10);

/// A cluster of its own with the ledger's database, and customers.
struct Home {
    cluster: Cluster,
    directory: TempDir,
    pool: PgPool,
    customer_url: String,
    customer_pool: PgPool,
    tenant: TenantId,
}

impl Home {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // PostgreSQL's own user must get there.
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        let cluster = Box::pin(Cluster::durable(&directory.path().join("postgres"))).await.unwrap();
        cluster::ensure_database(&cluster.options(), "ledger").await.unwrap();
        let pool = kit::postgres::pool(cluster.options().database("ledger"), 5);
        kit::postgres::migrate(&pool, &MIGRATIONS).await.unwrap();
        let customer_pool = testkit::database("customer", &customer::MIGRATIONS).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let customer_url = format!("http://{}", listener.local_addr().unwrap());
        let customers = customer::service(customer_pool.clone(), testkit::keys());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(server::serve(listener, customers, PAUSE, CancellationToken::new()));
        let tenant = TenantId::new();
        Self { cluster, directory, pool, customer_url, customer_pool, tenant }
    }

    async fn serve(&self) -> (Program, String) {
        // A log that nobody reads must not fill its pipe.
        let log = ["--log", "error,kit::server=info"];
        let serve = ["serve", "--listen", "127.0.0.1:0", "--sandbox", "--customer-url"];
        let arguments = [&log[..], &serve[..], &[self.customer_url.as_str()]].concat();
        let mut program = Program::start(BINARY, &arguments, &self.pool);
        let url = format!("http://{}", program.address().await);
        (program, url)
    }

    fn setup(&self, url: &str) -> Setup {
        let channel = kit::client::channel(url.to_owned()).unwrap();
        let customers = kit::client::channel(self.customer_url.clone()).unwrap();
        Setup {
            ledger: LedgerServiceClient::new(channel.clone()),
            payment: PaymentServiceClient::new(channel.clone()),
            sandbox: SandboxServiceClient::new(channel),
            customer: CustomerServiceClient::new(customers.clone()),
            customer_channel: customers,
            customer_pool: self.customer_pool.clone(),
            pool: self.pool.clone(),
            tenant: self.tenant,
        }
    }

    /// kill -9 of PostgreSQL, all at once or its main process alone, and a new one.
    async fn kill_postgres(mut self) -> Self {
        let place = self.directory.path().join("postgres");
        signal("-KILL", &postmaster(&place));
        drop(self.cluster);
        // As long as one of its processes lives, no server starts there.
        self.cluster = loop {
            match Box::pin(Cluster::durable(&place)).await {
                Ok(cluster) => break cluster,
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        };
        self
    }
}

fn postmaster(place: &Path) -> String {
    let lock = fs::read_to_string(place.join("data/postmaster.pid")).unwrap();
    lock.lines().next().unwrap().trim().to_owned()
}

fn signal(signal: &str, process: &str) {
    assert!(Command::new("kill").args([signal, process]).status().unwrap().success());
}

/// What a client saw of one transfer.
struct Seen {
    reference: String,
    answers: Vec<Result<Transfer, Status>>,
}

/// Keeps asking wherever the service is, until nobody is to be asked any more. Every second client has
/// keys: it repeats what was not answered, and a third of what was.
async fn client(
    home: watch::Receiver<Option<Setup>>,
    number: usize,
    [alice, bob]: [Ledger; 2],
) -> Vec<Seen> {
    let ends = if number % 4 < 2 { [alice, bob] } else { [bob, alice] };
    let mut seen = Vec::new();
    for n in 0_usize.. {
        let reference = format!("c{number}-n{n}");
        let request = referenced(&reference, transfer(&ends[0], &ends[1], "0.01"));
        let Some(setup) = home.borrow().clone() else { break };
        let answers = if number.is_multiple_of(2) {
            let answer = setup.transfer(request).await;
            if answer.is_err() {
                tokio::time::sleep(PAUSE).await;
            }
            vec![answer]
        } else {
            stubborn(&home, keyed(&reference, request), if n % 3 == 0 { 2 } else { 1 }).await
        };
        seen.push(Seen { reference, answers });
    }
    seen
}

/// Asks until it was answered so many times.
async fn stubborn(
    home: &watch::Receiver<Option<Setup>>,
    request: CreateTransferRequest,
    times: usize,
) -> Vec<Result<Transfer, Status>> {
    let (mut answers, mut answered) = (Vec::new(), 0);
    while answered < times {
        let Some(setup) = home.borrow().clone() else { break };
        let answer = setup.transfer(request.clone()).await;
        answered += usize::from(answer.is_ok());
        if let Err(status) = &answer {
            assert_ne!(reason(status), "INVALID_FIELDS", "{status:?}");
            tokio::time::sleep(PAUSE).await;
        }
        answers.push(answer);
    }
    answers
}

/// Every acknowledged transfer is there once, as it was told; every other at most once, and not at all
/// when the service itself said that it did nothing.
async fn check(setup: &Setup, seen: Vec<Seen>) {
    let (mut acknowledged, mut unknown) = (0, 0);
    for Seen { reference, answers } in seen {
        let ids = "select transfer_id from transfers where reference = $1";
        let ids: Vec<uuid::Uuid> =
            sqlx::query_scalar(ids).bind(&reference).fetch_all(&setup.pool).await.unwrap();
        assert!(ids.len() <= 1, "{reference} was posted {} times", ids.len());
        for answer in answers.iter().flatten() {
            acknowledged += 1;
            assert!(is_posted(answer));
            let there: Vec<String> = ids.iter().map(ToString::to_string).collect();
            assert_eq!(
                there,
                std::slice::from_ref(&answer.transfer_id),
                "{reference} {answers:#?}"
            );
        }
        unknown += usize::from(answers.iter().all(Result::is_err));
        if answers.iter().all(|answer| answer.as_ref().is_err_and(was_refused)) {
            assert!(ids.is_empty(), "{reference} was refused, and posted: {answers:#?}");
        }
    }
    assert!(acknowledged > 100, "{acknowledged} acknowledged, {unknown} not");
}

/// Whether the service itself said that it did nothing.
fn was_refused(status: &Status) -> bool {
    status.code() == Code::Unavailable && reason(status) == "UNAVAILABLE"
}

/// Money on two ledgers, and clients that move it to and fro.
async fn load(setup: &Setup) -> (watch::Sender<Option<Setup>>, JoinSet<Vec<Seen>>) {
    let pair = [setup.funded(1_000_000).await, setup.funded(1_000_000).await];
    let told = watch::Sender::new(Some(setup.clone()));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(client(told.subscribe(), number, pair.clone()));
    }
    (told, clients)
}

/// Waits until so many more transfers are recorded.
async fn until_more(pool: &PgPool, more: i64) {
    let count = "select count(*) from transfers";
    let mut wanted = None;
    loop {
        // While PostgreSQL is gone, or has just come back, there is nothing to count.
        if let Ok(count) = sqlx::query_scalar::<_, i64>(count).fetch_one(pool).await
            && count >= *wanted.get_or_insert(count + more)
        {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn finish(setup: &Setup, told: watch::Sender<Option<Setup>>, clients: JoinSet<Vec<Seen>>) {
    told.send_replace(None);
    check(setup, clients.join_all().await.into_iter().flatten().collect()).await;
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn a_service_killed_again_and_again_loses_nothing_and_doubles_nothing() {
    let home = Home::new().await;
    let (mut program, url) = home.serve().await;
    let mut setup = home.setup(&url);
    let (told, clients) = load(&setup).await;

    for kill in 0..8 {
        until_more(&home.pool, 60 + 13 * kill).await;
        // It is killed when dropped.
        drop(program);
        assert_sound(&home.pool).await;
        let (restarted, url) = home.serve().await;
        (program, setup) = (restarted, home.setup(&url));
        told.send_replace(Some(setup.clone()));
    }
    until_more(&home.pool, 50).await;

    finish(&setup, told, clients).await;
    drop(program);
    home.cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_postgres_killed_again_and_again_loses_nothing_and_doubles_nothing() {
    let mut home = Home::new().await;
    let (_program, url) = home.serve().await;
    let setup = home.setup(&url);
    let (told, clients) = load(&setup).await;

    for kill in 0..3 {
        until_more(&home.pool, 100 + 37 * kill).await;
        home = home.kill_postgres().await;
        until_more(&home.pool, 1).await;
        assert_sound(&home.pool).await;
    }
    until_more(&home.pool, 50).await;

    finish(&setup, told, clients).await;
    home.cluster.stop().await.unwrap();
}

/// The session that waits for a standby to confirm a commit.
async fn committing(pool: &PgPool) -> i32 {
    let waiting = "select pid from pg_stat_activity where wait_event = 'SyncRep'";
    loop {
        if let Some(pid) = sqlx::query_scalar(waiting).fetch_optional(pool).await.unwrap() {
            return pid;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Commits wait for a standby that is not there, until their sessions are ended: then they have been
/// made, and nobody was told.
async fn hold_commits(cluster: &Cluster, is_held: bool) {
    use sqlx::Connection;
    let mut conn = PgConnection::connect_with(&cluster.options()).await.unwrap();
    let set = if is_held {
        "alter system set synchronous_standby_names = 'nobody'"
    } else {
        "alter system reset synchronous_standby_names"
    };
    sqlx::query(set).execute(&mut conn).await.unwrap();
    sqlx::query("select pg_reload_conf()").execute(&mut conn).await.unwrap();
    let wanted = if is_held { "nobody" } else { "" };
    loop {
        let mut fresh = PgConnection::connect_with(&cluster.options()).await.unwrap();
        let now: String = sqlx::query_scalar("show synchronous_standby_names")
            .fetch_one(&mut fresh)
            .await
            .unwrap();
        if now == wanted {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[tokio::test]
async fn what_was_committed_unseen_is_never_told_as_not_done() {
    let home = Home::new().await;
    let (_program, url) = home.serve().await;
    let setup = home.setup(&url);
    let (alice, bob) = (setup.funded(10_000).await, setup.funded(10_000).await);
    let carol = setup.funded(100).await;
    setup.transfer(transfer(&alice, &bob, "1")).await.unwrap();
    hold_commits(&home.cluster, true).await;
    let batch = vec![
        referenced("one", transfer(&alice, &bob, "1")),
        keyed("k", referenced("two", transfer(&bob, &alice, "2"))),
        referenced("three", transfer(&carol, &bob, "0.50")),
    ];
    let cut_off = async {
        let posting = committing(&home.pool).await;
        let id = LedgerId::parse(&alice.ledger_id).unwrap().uuid();
        let lock = sqlx::query("select 1 from accounts where account_id = $1 for update").bind(id);
        let mut tx = home.pool.begin().await.unwrap();
        // It is first in the line for the lock that the commit holds.
        let end = async {
            let waits =
                "select exists (select from pg_stat_activity where wait_event_type = 'Lock')";
            while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&home.pool).await.unwrap() {}
            let end = "select pg_terminate_backend($1)";
            sqlx::query(end).bind(posting).execute(&home.pool).await.unwrap();
        };
        let (locked, ()) = tokio::join!(lock.execute(&mut *tx), end);
        locked.unwrap();
        tx
    };

    let (outcomes, tx) = tokio::join!(setup.batch(batch), cut_off);

    let outcomes = outcomes.unwrap();
    let told: Vec<_> = outcomes.iter().map(crate::several::item).collect();
    assert_eq!(told[0], Err("OUTCOME_UNKNOWN"));
    assert_eq!(told[1], Err("OUTCOME_UNKNOWN"));
    assert!(is_posted(told[2].unwrap()), "its accounts were free to look at");
    tx.rollback().await.unwrap();
    hold_commits(&home.cluster, false).await;
    let again = keyed("k", referenced("two", transfer(&bob, &alice, "2")));
    assert!(is_posted(&setup.transfer(again).await.unwrap()));
    for reference in ["one", "two", "three"] {
        assert_eq!(setup.recorded(reference).await, 1, "{reference}");
    }
    assert_sound(&home.pool).await;
    home.cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_payment_that_came_in_while_the_service_died_is_there_once() {
    let home = Home::new().await;
    let (program, url) = home.serve().await;
    let setup = home.setup(&url);
    let alice = setup.funded(0).await;
    hold_commits(&home.cluster, true).await;
    let request = proto::ledger::v1::CreateInboundPaymentRequest {
        request_id: "in".into(),
        ..inbound(&alice, "5")
    };
    let killed = async {
        committing(&home.pool).await;
        drop(program);
        hold_commits(&home.cluster, false).await;
    };

    let (cut_off, ()) = tokio::join!(setup.inbound(request.clone()), killed);
    let (_program, url) = home.serve().await;
    let setup = home.setup(&url);
    let again = loop {
        match setup.inbound(request.clone()).await {
            Ok(answer) => break answer,
            // The first one has not ended yet.
            Err(status) => assert_ne!(status.code(), Code::AlreadyExists),
        }
    };

    assert!(cut_off.is_err());
    assert!(is_posted(&again));
    assert_eq!(setup.balance(&alice).await, 500);
    assert_sound(&home.pool).await;
    home.cluster.stop().await.unwrap();
}
