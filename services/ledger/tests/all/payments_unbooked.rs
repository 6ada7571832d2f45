//! What the rail has for us and cannot be booked keeps nothing else waiting, and is not forgotten.

use std::time::Duration;

use ledger::PaymentSettings;
use proto::ledger::v1::{Payment, PaymentStatus};

use crate::{
    books::assert_sound,
    paying::{Working, eventually, faster, hurried},
    payments_inbound::{all_taken_in, arrives},
    support::{Setup, is_posted, setup, transfer},
};

async fn has_returned(setup: &Setup, payment: &Payment) -> bool {
    let found = setup.get_payment(&payment.payment_id).await.unwrap();
    !found.return_transfer_id.is_empty()
}

/// Lets the rail send back what it would later.
async fn comes_back(setup: &Setup) {
    let due = "update sandbox_rail_incoming set due_time = now() where due_time > now()";
    sqlx::query(due).execute(&setup.pool).await.unwrap();
}

#[tokio::test]
async fn what_a_full_ledger_cannot_take_back_is_booked_when_it_can() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(1_000).await, setup.ledger("gbp").await);
    let pace = PaymentSettings { sandbox_delay: Duration::from_hours(1), ..hurried() };
    let working = Working::at(&setup, pace.clone());
    let payment = setup.pay(faster(&alice, "00000003", "4.00")).await.unwrap();
    setup.wait_for(&payment, PaymentStatus::Settled).await;
    // With the 4.00 it is a penny more than fits.
    let fill =
        "update accounts set balance_minor = $2, version = version + 1 where account_id = $1::uuid";
    let full = i64::MAX.checked_sub(399).unwrap();
    sqlx::query(fill).bind(&alice.ledger_id).bind(full).execute(&setup.pool).await.unwrap();
    comes_back(&setup).await;
    arrives(&setup, "behind", &bob.bank_details.clone().unwrap().account_number).await;
    eventually(async || (setup.balance(&bob).await == 200).then_some(())).await;
    assert!(!has_returned(&setup, &payment).await);
    assert_eq!(setup.money(&alice).await, (full, full));
    // Nobody but the rail remembers it then.
    working.stop().await;
    let _working = Working::at(&setup, pace);

    assert!(is_posted(&setup.transfer(transfer(&alice, &bob, "0.01")).await.unwrap()));
    all_taken_in(&setup).await;

    assert!(has_returned(&setup, &payment).await);
    assert_eq!(setup.money(&alice).await, (i64::MAX, i64::MAX));
    assert_eq!(setup.balance(&bob).await, 201);
}

#[tokio::test]
async fn returns_of_payments_that_are_nobodys_hold_up_nothing() {
    let setup = setup().await;
    let alice = setup.ledger("gbp").await;
    let strange = "
        insert into sandbox_rail_incoming (rail_reference, due_time, returned_payment_id)
        select 'strange-' || n, now() - interval '1 hour', gen_random_uuid()
        from generate_series(1, 250) n";
    sqlx::query(strange).execute(&setup.pool).await.unwrap();
    arrives(&setup, "known", &alice.bank_details.clone().unwrap().account_number).await;
    let _working = Working::on(&setup);

    eventually(async || (setup.balance(&alice).await == 200).then_some(())).await;

    let kept = "select count(*) from sandbox_rail_incoming where acknowledge_time is null";
    let kept: i64 = sqlx::query_scalar(kept).fetch_one(&setup.pool).await.unwrap();
    assert_eq!(kept, 250, "the rail keeps what is not booked");
    assert_sound(&setup.pool).await;
}
