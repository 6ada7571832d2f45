use std::time::Duration;

use ledger::verify::{Options, Report};
use proto::ledger::v1::{BatchCreateTransfersRequest, CreateTransferRequest};
use time::OffsetDateTime;
use tokio::{net::TcpListener, task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

use super::Books;
use crate::{
    books::assert_sound,
    support::{Setup, settings, transfer},
};

impl Books {
    async fn sealed() -> Self {
        let books = Self::new().await;
        books.seal().await;
        books
    }

    async fn seal(&self) -> u64 {
        ledger::seal(self.pool(), Duration::ZERO).await.unwrap()
    }

    async fn spans(&self, account: &str) -> Vec<(i64, i64)> {
        sqlx::query_as(
            "select from_sequence, to_sequence from seals where account_id = $1::uuid order by 1",
        )
        .bind(account)
        .fetch_all(self.pool())
        .await
        .unwrap()
    }

    async fn report_until(&self, until: OffsetDateTime, root: Option<String>) -> Report {
        let options = Options { sealed_until: Some(until), root };
        ledger::verify(self.pool(), options).await.unwrap()
    }

    fn both(&self) -> Vec<String> {
        let mut spans = vec![self.alice("/1-5"), self.bob("/1-4")];
        spans.sort();
        spans
    }
}

#[tokio::test]
async fn an_amount_that_was_changed_everywhere_is_caught_by_the_seals_alone() {
    let books = Books::sealed().await;

    books
        .corrupt(
            "update transfers set amount_minor = amount_minor - 1 where transfer_id = {posted};
            update entries set amount_minor = amount_minor + 1
            where transfer_id = {posted} and direction = 'out';
            update entries set amount_minor = amount_minor - 1
            where transfer_id = {posted} and direction = 'in';
            update entries set balance_after_minor = balance_after_minor + 1
            where account_id = {alice} and sequence >= 5;
            update entries set balance_after_minor = balance_after_minor - 1
            where account_id = {bob} and sequence >= 3;
            update accounts set balance_minor = balance_minor + 1 where account_id = {alice};
            update accounts set balance_minor = balance_minor - 1 where account_id = {bob}",
        )
        .await;

    assert_eq!(books.broken().await, [("seals", books.both())]);
}

#[tokio::test]
async fn what_was_said_of_a_transfer_cannot_be_changed_unseen() {
    let columns =
        ["reference = 'rent'", "metadata = '{\"invoice\": \"8\"}'", "user_id = transfer_id"];
    for column in columns {
        let books = Books::sealed().await;

        books
            .corrupt(&format!("update transfers set {column} where transfer_id = {{undone}}"))
            .await;

        assert_eq!(books.broken().await, [("seals", books.both())], "{column}");
    }
}

#[tokio::test]
async fn a_transfer_that_is_said_to_be_a_payments_is_caught_twice() {
    let books = Books::sealed().await;

    books
        .corrupt("update transfers set payment_id = transfer_id where transfer_id = {undone}")
        .await;

    let payment = books.id(&books.undone.transfer_id);
    assert_eq!(books.broken().await, [("payments", vec![payment]), ("seals", books.both())]);
}

#[tokio::test]
async fn a_changed_removed_or_misplaced_seal_is_named() {
    let corruptions = [
        "update seals set root = sha256(root) where account_id = {bob} and from_sequence = 5",
        "update seals set to_sequence = 5 where account_id = {bob} and from_sequence = 5",
        "update seals set version = 1 where account_id = {bob} and from_sequence = 5",
        "delete from seals where account_id = {bob} and from_sequence = 1",
    ];
    for corruption in corruptions {
        let books = Books::sealed().await;
        for _ in 0..2 {
            books.setup.transfer(transfer(&books.alice, &books.bob, "1")).await.unwrap();
        }
        books.seal().await;
        assert_eq!(books.spans(&books.bob.ledger_id).await, [(1, 4), (5, 6)]);

        books.corrupt(corruption).await;

        let broken = books.broken().await;
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert_eq!(broken[0].0, "seals");
        assert_eq!(broken[0].1.len(), 1, "{broken:?}");
        assert!(broken[0].1[0].starts_with(&books.bob("/5-")), "{broken:?}");
    }
}

#[tokio::test]
async fn seals_made_anew_are_caught_by_the_root_that_was_kept() {
    let books = Books::sealed().await;
    let until = OffsetDateTime::now_utc();
    let kept = books.report_until(until, None).await.seals;
    let root = Some(kept.root.clone());
    books.setup.transfer(transfer(&books.alice, &books.bob, "1")).await.unwrap();
    books.seal().await;
    let later = books.report_until(until, root.clone()).await;
    assert_eq!(later.seals, kept, "later seals do not count");
    assert!(later.is_sound());

    books
        .corrupt("update transfers set reference = 'rent' where transfer_id = {posted}; delete from seals")
        .await;
    books.seal().await;
    books.corrupt("update seals set create_time = create_time - interval '1 hour'").await;

    let forged = books.report_until(until, None).await;
    let compared = books.report_until(until, root).await;
    assert!(forged.is_sound(), "nothing else tells");
    let broken: Vec<_> = compared.checks.iter().filter(|check| !check.holds()).collect();
    assert_eq!(broken.iter().map(|check| check.name).collect::<Vec<_>>(), ["kept_root"]);
}

#[tokio::test]
async fn sealing_goes_on_from_where_it_was_and_leaves_what_is_sealed() {
    let books = Books::sealed().await;
    assert_eq!(books.seal().await, 0);
    books.setup.transfer(transfer(&books.alice, &books.bob, "1")).await.unwrap();

    let too_young = ledger::seal(books.pool(), Duration::from_hours(1)).await.unwrap();
    let made = books.seal().await;

    assert_eq!((too_young, made), (0, 2));
    assert_eq!(books.spans(&books.alice.ledger_id).await, [(1, 5), (6, 6)]);
    assert_eq!(books.spans(&books.bob.ledger_id).await, [(1, 4), (5, 5)]);
    assert_sound(books.pool()).await;
}

#[tokio::test]
async fn many_who_seal_at_once_make_each_seal_once() {
    let books = Books::new().await;

    for _ in 0..5 {
        let mut sealing = JoinSet::new();
        for _ in 0..6 {
            let (pool, pay) = (books.pool().clone(), transfer(&books.alice, &books.bob, "0.01"));
            let setup = books.setup.clone();
            sealing.spawn(async move {
                setup.transfer(pay).await.unwrap();
                ledger::seal(&pool, Duration::ZERO).await.unwrap()
            });
        }
        sealing.join_all().await;
        books.seal().await;

        let spans = books.spans(&books.alice.ledger_id).await;
        assert!(spans.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0), "{spans:?}");
        assert_sound(books.pool()).await;
    }
    let spans = books.spans(&books.alice.ledger_id).await;
    assert_eq!(spans.last().unwrap().1, 35);
}

async fn post_many(setup: &Setup, request: &CreateTransferRequest, count: usize) {
    let request = BatchCreateTransfersRequest { transfers: vec![request.clone(); count] };
    setup.ledger.clone().batch_create_transfers(setup.request(request)).await.unwrap();
}

#[tokio::test]
async fn a_long_history_is_sealed_in_spans_of_1024() {
    let books = Books::new().await;
    let pay = transfer(&books.alice, &books.bob, "0.01");
    for _ in 0..3 {
        post_many(&books.setup, &pay, 700).await;
    }

    books.seal().await;

    let spans = books.spans(&books.alice.ledger_id).await;
    assert_eq!(spans, [(1, 1_024), (1_025, 2_048), (2_049, 2_105)]);
    assert_sound(books.pool()).await;
}

#[tokio::test]
async fn an_entry_that_cannot_be_sealed_ends_the_span_before_it() {
    let books = Books::new().await;
    books.corrupt("delete from transfers where transfer_id = {posted}").await;

    books.seal().await;
    books.seal().await;

    assert_eq!(books.spans(&books.alice.ledger_id).await, [(1, 4)]);
    assert_eq!(books.spans(&books.bob.ledger_id).await, [(1, 2)]);
}

#[tokio::test]
async fn the_service_seals_by_itself_and_stops() {
    let books = Books::new().await;
    books
        .corrupt(
            "update entries set create_time = create_time - interval '1 minute';
            update transfers set create_time = create_time - interval '1 minute';
            update accounts set last_entry_time = last_entry_time - interval '1 minute'",
        )
        .await;
    let settings = ledger::Settings { seal_interval_s: 1, ..settings() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (pool, customer) = (books.pool().clone(), books.setup.customer_channel.clone());
    let stop = CancellationToken::new();
    let serving =
        ledger::serve(listener, settings, pool, customer, Duration::from_secs(5), stop.clone());

    let watch = async {
        while books.spans(&books.bob.ledger_id).await.is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
    };
    let (served, ()) = tokio::join!(serving, watch);

    served.unwrap();
    assert_eq!(books.spans(&books.bob.ledger_id).await, [(1, 4)]);
    assert_sound(books.pool()).await;
}
