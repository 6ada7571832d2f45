//! What becomes of payments when the service is killed while they are made, carried, rejected and sent
//! back, and the rail goes down and comes up in between.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a wrong place, or a wrong end, fails the test"
)]

use std::collections::HashMap;

use cluster::Cluster;
use proto::ledger::v1::{CreatePaymentRequest, Ledger, Payment, PaymentStatus};
use sqlx::{FromRow, PgPool};
use tokio::{sync::watch, task::JoinSet};
use tonic::Status;
use types::{LedgerId, TenantId};

use super::{Home, PAUSE};
use crate::{
    books::assert_sound,
    paying::{creditor, eventually, faster},
    payments_inbound::{all_taken_in, arrives, suspense},
    support::{Setup, reason},
};

/// Whoever pays at a time.
const CLIENTS: usize = 6;
const KILLS: usize = 6;
/// What the payers have at first: enough, and not.
const FUNDS: [i64; 2] = [1_000_000, 40];
/// What each plays is told in `ledger::rails`; none: to another tenant's ledger.
const CREDITORS: [Option<&str>; 6] = [
    Some("12345678"),
    Some("00000001"),
    Some("00000002"),
    Some("00000003"),
    Some("00000004"),
    None,
];

/// Who pays, and who is paid without a rail.
#[derive(Clone)]
struct Cast {
    payers: [Ledger; 2],
    elsewhere: Ledger,
}

/// What a client saw of one payment.
struct Seen {
    reference: String,
    creditor: Option<&'static str>,
    answers: Vec<Result<Payment, Status>>,
    is_cancelled: bool,
}

/// Keeps paying wherever the service is, until nobody is to be asked any more. Every second client has
/// keys: it repeats what was not answered, and a third of what was. Now and then one is taken back.
async fn client(home: watch::Receiver<Option<Setup>>, number: usize, cast: Cast) -> Vec<Seen> {
    let mut seen = Vec::new();
    for n in 0_usize.. {
        let Some(setup) = home.borrow().clone() else { break };
        let creditor = CREDITORS[(n + number) % CREDITORS.len()];
        let reference = format!("c{number}-n{n}");
        let mut order = order(&cast, usize::from(n % 5 == 0), creditor);
        order.reference.clone_from(&reference);
        let answers = if number.is_multiple_of(2) {
            vec![setup.pay(order).await]
        } else {
            order.request_id.clone_from(&reference);
            stubborn(&home, order, if n % 3 == 0 { 2 } else { 1 }).await
        };
        let is_cancelled = match answers.last() {
            Some(Ok(payment)) if n % 4 == 1 => setup.cancel(payment).await.is_ok(),
            _ => false,
        };
        seen.push(Seen { reference, creditor, answers, is_cancelled });
        tokio::time::sleep(PAUSE).await;
    }
    seen
}

fn order(cast: &Cast, payer: usize, to: Option<&str>) -> CreatePaymentRequest {
    let mut order = faster(&cast.payers[payer], to.unwrap_or_default(), "0.07");
    if to.is_none() {
        order.creditor = Some(creditor(&cast.elsewhere));
    }
    order
}

/// Asks until it was answered so many times.
async fn stubborn(
    home: &watch::Receiver<Option<Setup>>,
    order: CreatePaymentRequest,
    times: usize,
) -> Vec<Result<Payment, Status>> {
    let (mut answers, mut answered) = (Vec::new(), 0);
    while answered < times {
        let Some(setup) = home.borrow().clone() else { break };
        let answer = setup.pay(order.clone()).await;
        answered += usize::from(answer.is_ok());
        if let Err(status) = &answer {
            assert_ne!(reason(status), "INVALID_FIELDS", "{status:?}");
            tokio::time::sleep(PAUSE).await;
        }
        answers.push(answer);
    }
    answers
}

/// A payment as the service has it, and what the rail says of it.
#[derive(Debug, FromRow)]
struct Kept {
    payment_id: String,
    reference: String,
    account_id: uuid::Uuid,
    status: String,
    response_code: i16,
    amount_minor: i64,
    has_returned: bool,
    /// Whether the rail has paid it; none where it has never had it.
    is_paid: Option<bool>,
}

async fn kept(pool: &PgPool) -> Vec<Kept> {
    let all = "
        select
            p.payment_id::text, p.reference, p.account_id, p.status, p.response_code, p.amount_minor,
            p.return_transfer_id is not null as has_returned,
            case when r.payment_id is not null then r.taken and r.rejection_reason is null end
                as is_paid
        from payments p
        left join sandbox_rail_payments r on r.payment_id = p.payment_id
        where p.returns_transfer_id is null
    ";
    sqlx::query_as(all).fetch_all(pool).await.unwrap()
}

/// Every acknowledged payment is there once, every other at most once, and each has come to the end
/// that its creditor's number stands for, at the rail as here.
fn check(seen: &[Seen], kept: &[Kept]) {
    let mut by_reference: HashMap<&str, Vec<&Kept>> = HashMap::new();
    for payment in kept {
        by_reference.entry(&payment.reference).or_default().push(payment);
    }
    let mut acknowledged = 0;
    for Seen { reference, creditor, answers, is_cancelled } in seen {
        let there = by_reference.remove(reference.as_str()).unwrap_or_default();
        assert!(there.len() <= 1, "{reference} was made {} times: {there:?}", there.len());
        for answer in answers.iter().flatten() {
            acknowledged += 1;
            let ids: Vec<&str> = there.iter().map(|kept| kept.payment_id.as_str()).collect();
            assert_eq!(ids, [answer.payment_id.as_str()], "{reference}");
            let is_declined = answer.status() == PaymentStatus::Rejected;
            assert_eq!(there[0].response_code == 650, is_declined, "{there:?}");
        }
        if *is_cancelled {
            assert_eq!(there[0].status, "cancelled", "{reference} was taken back");
        }
        for payment in there {
            check_end(payment, *creditor);
        }
    }
    assert_eq!(by_reference.len(), 0, "nobody asked for {by_reference:?}");
    assert!(acknowledged > 100, "{acknowledged} acknowledged");
}

fn check_end(payment: &Kept, creditor: Option<&str>) {
    let end = (payment.status.as_str(), payment.response_code, payment.has_returned);
    let wanted = match (end, creditor) {
        (("cancelled", 1, false) | ("rejected", 650, false), _) | (("settled", 1, false), None) => {
            None
        }
        (("rejected", 101, false), Some("00000002")) => Some(false),
        (("settled", 1, true), Some("00000003"))
        | (("settled", 1, false), Some("12345678" | "00000001" | "00000004")) => Some(true),
        _ => panic!("{payment:?} to {creditor:?}"),
    };
    assert_eq!(payment.is_paid, wanted, "{payment:?} to {creditor:?}");
}

/// The rail's tables, gone or back: whatever it is asked meanwhile, it does not answer.
async fn set_rail(pool: &PgPool, is_up: bool) {
    let (from, to) = if is_up { ("_gone", "") } else { ("", "_gone") };
    let mut tx = pool.begin().await.unwrap();
    for table in ["sandbox_rail_payments", "sandbox_rail_incoming"] {
        let rename = format!("alter table {table}{from} rename to {table}{to}");
        sqlx::query(sqlx::AssertSqlSafe(rename)).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// Waits until the database has ended what a killed process had begun.
async fn until_forgotten(pool: &PgPool) {
    let others = "
        select count(*) from pg_stat_activity
        where datname = current_database() and application_name <> $1";
    eventually(async || {
        let others: i64 = sqlx::query_scalar(others).bind(WATCHER).fetch_one(pool).await.unwrap();
        (others == 0).then_some(())
    })
    .await;
}

/// Leases and pauses are over: minutes, which the test does not have.
async fn let_time_pass(pool: &PgPool) {
    let due = "
        update payments set next_attempt_time = now(), attempts = 0
        where next_attempt_time is not null";
    sqlx::query(due).execute(pool).await.unwrap();
}

/// What the sessions of the test itself are called.
const WATCHER: &str = "watcher";

fn watching(cluster: &Cluster) -> PgPool {
    kit::postgres::pool(cluster.options().database("ledger").application_name(WATCHER), 5)
}

async fn until_more(pool: &PgPool, more: i64) {
    let count = "select count(*) from payments";
    let before: i64 = sqlx::query_scalar(count).fetch_one(pool).await.unwrap();
    eventually(async || {
        let now: i64 = sqlx::query_scalar(count).fetch_one(pool).await.unwrap();
        (now >= before + more).then_some(())
    })
    .await;
}

/// Waits until nothing is left to do.
async fn until_all_ended(pool: &PgPool) {
    eventually(async || {
        let open = "select count(*) from payments where next_attempt_time is not null";
        let open: i64 = sqlx::query_scalar(open).fetch_one(pool).await.unwrap();
        let coming = "
            select count(*) from sandbox_rail_incoming
            where acknowledge_time is null and returned_payment_id is not null";
        let coming: i64 = sqlx::query_scalar(coming).fetch_one(pool).await.unwrap();
        (open + coming == 0).then_some(())
    })
    .await;
}

/// Lets the rail bring 2.00 to a ledger, to one that is disabled, and to nobody's.
async fn bring(setup: &Setup, round: usize, ledgers: [&Ledger; 2]) {
    let numbers = ledgers.map(|ledger| ledger.bank_details.clone().unwrap().account_number);
    for (at, number) in numbers.iter().map(String::as_str).chain(["99999999"]).enumerate() {
        arrives(setup, &format!("r{round}-{at}"), number).await;
    }
}

#[tokio::test]
async fn a_service_killed_again_and_again_pays_each_payment_once() {
    let home = Home::new().await;
    let pool = watching(&home.cluster);
    let (mut program, url) = home.serve().await;
    let mut setup = Setup { pool: pool.clone(), ..home.setup(&url) };
    let [rich, poor] = [setup.funded(FUNDS[0]).await, setup.funded(FUNDS[1]).await];
    let (receiver, disabled) = (setup.ledger("gbp").await, setup.ledger("gbp").await);
    setup.set_active(&disabled.ledger_id, false).await.unwrap();
    let other = Setup { tenant: TenantId::new(), ..setup.clone() };
    let cast = Cast { payers: [rich, poor], elsewhere: other.ledger("gbp").await };
    let told = watch::Sender::new(Some(setup.clone()));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(client(told.subscribe(), number, cast.clone()));
    }

    for kill in 0..KILLS {
        bring(&setup, kill, [&receiver, &disabled]).await;
        let has_outage = kill % 2 == 1;
        if has_outage {
            set_rail(&pool, false).await;
        }
        until_more(&pool, [40, 55, 25][kill % 3]).await;
        // It is killed when dropped.
        drop(program);
        until_forgotten(&pool).await;
        let_time_pass(&pool).await;
        assert_sound(&pool).await;
        let (restarted, url) = home.serve().await;
        (program, setup) = (restarted, Setup { pool: pool.clone(), ..home.setup(&url) });
        told.send_replace(Some(setup.clone()));
        if has_outage {
            until_more(&pool, 10).await;
            set_rail(&pool, true).await;
        }
    }
    told.send_replace(None);
    let seen: Vec<Seen> = clients.join_all().await.into_iter().flatten().collect();
    let_time_pass(&pool).await;
    all_taken_in(&setup).await;
    until_all_ended(&pool).await;

    let kept = kept(&pool).await;
    check(&seen, &kept);
    for (payer, funds) in cast.payers.iter().zip(FUNDS) {
        let id = LedgerId::parse(&payer.ledger_id).unwrap().uuid();
        let is_gone = |payment: &&Kept| {
            payment.account_id == id && payment.status == "settled" && !payment.has_returned
        };
        let gone: i64 = kept.iter().filter(is_gone).map(|payment| payment.amount_minor).sum();
        assert_eq!(setup.money(payer).await, (funds - gone, funds - gone));
    }
    let brought = 200 * i64::try_from(KILLS).unwrap();
    assert_eq!(setup.money(&receiver).await, (brought, brought));
    assert_eq!((setup.balance(&disabled).await, suspense(&setup).await), (0, 0));
    let strange = "
        select count(*) from sandbox_rail_payments r
        left join payments p on p.payment_id = r.payment_id
        where p.payment_id is null or p.amount_minor <> r.amount_minor or not r.taken";
    let strange: i64 = sqlx::query_scalar(strange).fetch_one(&pool).await.unwrap();
    assert_eq!(strange, 0, "the rail has what we have");
    assert_sound(&pool).await;
    drop(program);
    home.cluster.stop().await.unwrap();
}
