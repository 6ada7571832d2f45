//! Payments, what came in, and suspense.

use proto::ledger::v1::{Payment, PaymentStatus};

use super::Books;
use crate::{
    books::assert_sound,
    paying::{Working, faster},
    support::inbound,
};

impl Books {
    /// With a payment of Bob's that was made, and one that was sent back; suspense has 2 pounds.
    async fn paid() -> (Self, Payment) {
        let books = Self::new().await;
        let setup = &books.setup;
        let made = setup.pay(faster(&books.bob, "12345678", "1.00")).await.unwrap();
        let closed = setup.ledger("gbp").await;
        setup.set_active(&closed.ledger_id, false).await.unwrap();
        let working = Working::on(setup);
        let made = setup.wait_for(&made, PaymentStatus::Settled).await;
        working.stop().await;
        setup.inbound(inbound(&closed, "2")).await.unwrap_err();
        assert_sound(&setup.pool).await;
        (books, made)
    }

    async fn names(&self) -> Vec<&'static str> {
        self.broken().await.into_iter().map(|(name, _)| name).collect()
    }
}

#[tokio::test]
async fn a_payment_that_is_not_what_was_moved_for_it_is_caught() {
    let (books, made) = Books::paid().await;
    let offender = books.id(&made.payment_id);
    for change in [
        "transfer_id = gen_random_uuid()",
        "transfer_id = {posted}",
        "amount_minor = amount_minor + 1",
        "return_transfer_id = transfer_id",
        "account_id = {alice}",
    ] {
        let restored = "create table kept as select * from payments";
        books.corrupt(restored).await;
        let id = &made.payment_id;
        books.corrupt(&format!("update payments set {change} where payment_id = '{id}'")).await;

        assert_eq!(books.broken().await, [("payments", vec![offender.clone()])], "{change}");

        books
            .corrupt(
                "delete from payments; insert into payments select * from kept; drop table kept",
            )
            .await;
    }
    assert_sound(books.pool()).await;
}

#[tokio::test]
async fn money_that_moved_twice_for_one_payment_is_caught() {
    let (books, made) = Books::paid().await;
    let id = &made.payment_id;

    books
        .corrupt(&format!(
            "update transfers set payment_id = '{id}' where transfer_id = {{posted}}"
        ))
        .await;

    assert_eq!(books.broken().await, [("payments", vec![books.id(id)])]);
}

#[tokio::test]
async fn what_came_in_and_is_nowhere_or_booked_twice_is_caught() {
    for change in [
        "update inbound_payments set transfer_id = gen_random_uuid() where outcome = 'credited'",
        "update inbound_payments set transfer_id = (
            select transfer_id from inbound_payments where outcome = 'credited' limit 1
        ) where outcome = 'credited'",
        "update inbound_payments set transfer_id = {posted} where outcome = 'returned'",
    ] {
        let (books, _) = Books::paid().await;

        books.corrupt(change).await;

        assert_eq!(books.names().await, ["inbound_payments"], "{change}");
    }
}

#[tokio::test]
async fn money_that_left_suspense_otherwise_is_caught() {
    let (books, _) = Books::paid().await;

    books
        .corrupt(
            "update payments set status = 'settled', transfer_id = {posted},
                next_attempt_time = null, route = 'rail'
            where returns_transfer_id is not null and status = 'accepted'",
        )
        .await;

    assert_eq!(books.names().await, ["payments", "suspense"]);
}
