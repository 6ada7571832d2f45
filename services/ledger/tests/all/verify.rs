//! Sound books pass; books in which one thing is wrong fail for that, by name.

mod corrupted;
mod paid;
mod sealed;

use std::time::Duration;

use ledger::verify::{Options, Report};
use proto::ledger::v1::{Ledger, ReverseTransferRequest, Transfer};
use sqlx::{AssertSqlSafe, PgPool};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    books::assert_sound,
    support::{Setup, inbound, is_posted, setup, transfer},
};

/// Books with everything in them that there is.
struct Books {
    setup: Setup,
    alice: Ledger,
    bob: Ledger,
    /// From Alice to Bob, with a key; undone by `reversal`, which has one too.
    undone: Transfer,
    reversal: Transfer,
    /// From Alice to Bob, and Bob's last but for what was declined.
    posted: Transfer,
    /// Bob's last.
    declined: Transfer,
}

impl Books {
    async fn new() -> Self {
        let setup = setup().await;
        let closed = setup.ledger("gbp").await;
        setup.set_active(&closed.ledger_id, false).await.unwrap();
        setup.inbound(inbound(&closed, "2")).await.unwrap_err();
        let (alice, bob) = (setup.funded(10_000).await, setup.ledger("gbp").await);
        setup.funded(700).await;
        let request_id = String::from("key");
        let mut payment = inbound(&alice, "5");
        payment.request_id.clone_from(&request_id);
        setup.inbound(payment).await.unwrap();
        let mut request = transfer(&alice, &bob, "25");
        request.request_id.clone_from(&request_id);
        request.metadata.insert("invoice".into(), "7".into());
        let undone = setup.transfer(request).await.unwrap();
        let transfer_id = undone.transfer_id.clone();
        let request = ReverseTransferRequest { request_id, transfer_id, ..Default::default() };
        let reversed = setup.ledger.clone().reverse_transfer(setup.request(request)).await;
        let reversal = reversed.unwrap().into_inner();
        let posted = setup.transfer(transfer(&alice, &bob, "25")).await.unwrap();
        let declined = setup.transfer(transfer(&bob, &alice, "9999")).await.unwrap();
        assert!(is_posted(&reversal) && is_posted(&posted) && !is_posted(&declined));
        Self { setup, alice, bob, undone, reversal, posted, declined }
    }

    fn pool(&self) -> &PgPool {
        &self.setup.pool
    }

    /// Changes what is in the database, as nobody should. What stands in braces is filled in.
    async fn corrupt(&self, sql: &str) {
        let mut sql = sql.to_owned();
        for (name, id) in [
            ("{alice}", &self.alice.ledger_id),
            ("{bob}", &self.bob.ledger_id),
            ("{undone}", &self.undone.transfer_id),
            ("{reversal}", &self.reversal.transfer_id),
            ("{posted}", &self.posted.transfer_id),
            ("{declined}", &self.declined.transfer_id),
        ] {
            sql = sql.replace(name, &format!("'{id}'"));
        }
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(self.pool()).await.unwrap();
    }

    async fn report(&self) -> Report {
        ledger::verify(self.pool(), Options::default()).await.unwrap()
    }

    /// The rules that are broken, each with what breaks it.
    async fn broken(&self) -> Vec<(&'static str, Vec<String>)> {
        let report = self.report().await;
        let broken = report.checks.iter().filter(|check| !check.holds());
        broken.map(|check| (check.name, check.offenders.clone())).collect()
    }

    fn id(&self, rest: &str) -> String {
        format!("{}/{rest}", self.setup.tenant)
    }

    fn alice(&self, rest: &str) -> String {
        self.id(&format!("{}{rest}", self.alice.ledger_id))
    }

    fn bob(&self, rest: &str) -> String {
        self.id(&format!("{}{rest}", self.bob.ledger_id))
    }
}

#[tokio::test]
async fn sound_books_pass_every_check_and_every_check_sees_rows() {
    let books = Books::new().await;
    assert!(ledger::seal(books.pool(), Duration::ZERO).await.unwrap() > 0);

    let report = books.report().await;

    assert!(report.is_sound(), "{:#?}", report.checks);
    for check in &report.checks {
        assert!(check.checked > 0, "{} has checked nothing", check.name);
    }
    assert_eq!(report.check("entry_sides").unwrap().checked, 15);
    assert_eq!(report.check("request_ids").unwrap().checked, 3);
}

#[tokio::test]
async fn empty_books_are_sound_and_a_database_without_a_schema_is_an_error() {
    let pool = testkit::database("ledger", &ledger::MIGRATIONS).await;
    let empty = testkit::empty_database("ledger").await;

    assert_sound(&pool).await;
    let error = ledger::verify(&empty, Options::default()).await.unwrap_err();

    assert!(error.to_string().contains("no schema"), "{error}");
}

#[tokio::test]
async fn books_are_sound_at_every_moment_while_money_moves() {
    let setup = setup().await;
    let ring = [setup.funded(1_000).await, setup.funded(300).await, setup.funded(0).await];
    let (mut moving, enough) = (JoinSet::new(), CancellationToken::new());
    for turn in 0..6_usize {
        let (setup, ring, enough) = (setup.clone(), ring.clone(), enough.clone());
        moving.spawn(async move {
            for n in (turn..).take_while(|_| !enough.is_cancelled()) {
                let (from, to) = (&ring[n % 3], &ring[(n + 1 + turn % 2) % 3]);
                setup.transfer(transfer(from, to, "1")).await.unwrap();
                setup.inbound(inbound(to, "0.10")).await.unwrap();
            }
        });
    }

    for _ in 0..5 {
        ledger::seal(&setup.pool, Duration::ZERO).await.unwrap();
        assert_sound(&setup.pool).await;
    }
    enough.cancel();
    moving.join_all().await;

    assert_sound(&setup.pool).await;
}
