//! Payments that come in and cannot be credited go back, and none comes in twice.

use proto::ledger::v1::{
    CreateInboundPaymentRequest, Ledger, Payment, PaymentStatus, TransactionType,
};
use tokio::task::JoinSet;
use types::TenantId;
use uuid::Uuid;

use crate::{
    books::assert_sound,
    paying::{Working, eventually},
    support::{Setup, bad_fields, inbound, reason, setup},
};

fn named(ledger: &Ledger, rail_reference: &str) -> CreateInboundPaymentRequest {
    CreateInboundPaymentRequest { rail_reference: rail_reference.into(), ..inbound(ledger, "2") }
}

pub(crate) async fn suspense(setup: &Setup) -> i64 {
    let query = "
        select coalesce(sum(abs(balance_minor)), 0)::bigint from accounts where kind = 'suspense'";
    sqlx::query_scalar(query).fetch_one(&setup.pool).await.unwrap()
}

async fn payments(setup: &Setup) -> Vec<Payment> {
    setup.list_payments(None, "", None, PaymentStatus::Unspecified).await.unwrap().payments
}

#[tokio::test]
async fn what_comes_for_a_disabled_ledger_goes_back_through_suspense() {
    let setup = setup().await;
    for (currency, rail) in
        [("gbp", TransactionType::FasterPayment), ("usd", TransactionType::SwiftCredit)]
    {
        let ledger = setup.ledger(currency).await;
        setup.set_active(&ledger.ledger_id, false).await.unwrap();

        let refused = setup.inbound(inbound(&ledger, "2")).await.unwrap_err();

        let back = payments(&setup).await.remove(0);
        assert_eq!(reason(&refused), "LEDGER_DISABLED");
        assert_eq!(back.status(), PaymentStatus::Accepted);
        assert_eq!(back.r#type(), rail);
        assert_eq!((back.from_ledger_id.as_str(), back.transaction_id.as_str()), ("", ""));
        assert_eq!(back.creditor_name, "Dave Bloggs");
        assert_eq!(back.amount.as_ref().unwrap().minor_units, 200);
        assert_eq!(suspense(&setup).await, 200);
        assert_eq!(reason(&setup.cancel(&back).await.unwrap_err()), "PAYMENT_NOT_CANCELLABLE");
        assert_sound(&setup.pool).await;

        let working = Working::on(&setup);
        let settled = setup.wait_for(&back, PaymentStatus::Settled).await;
        working.stop().await;

        assert!(!settled.transfer_id.is_empty());
        assert_eq!(suspense(&setup).await, 0);
        assert_eq!(setup.list_all(&ledger).await.total_size, 0);
        assert_sound(&setup.pool).await;
    }
}

#[tokio::test]
async fn a_payment_that_went_back_is_answered_the_same_also_when_enabled_since() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    setup.set_active(&ledger.ledger_id, false).await.unwrap();
    let by_key = CreateInboundPaymentRequest { request_id: "k1".into(), ..inbound(&ledger, "2") };

    let first = [
        setup.inbound(by_key.clone()).await.unwrap_err(),
        setup.inbound(named(&ledger, "r1")).await.unwrap_err(),
    ];
    setup.set_active(&ledger.ledger_id, true).await.unwrap();
    let again = [
        setup.inbound(by_key).await.unwrap_err(),
        setup.inbound(named(&ledger, "r1")).await.unwrap_err(),
    ];

    for status in first.iter().chain(&again) {
        assert_eq!(reason(status), "LEDGER_DISABLED");
    }
    assert_eq!(payments(&setup).await.len(), 2);
    assert_eq!(setup.balance(&ledger).await, 0);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn a_rail_reference_comes_in_once_whatever_its_key() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    let mut coming = JoinSet::new();
    for n in 0..12 {
        let (setup, mut payment) = (setup.clone(), named(&ledger, "r1"));
        payment.request_id = if n % 2 == 0 { String::new() } else { format!("k{n}") };
        coming.spawn(async move { setup.inbound(payment).await.unwrap() });
    }

    let answers = coming.join_all().await;
    setup.set_active(&ledger.ledger_id, false).await.unwrap();
    let request = setup.request(named(&ledger, "r1"));
    let later = setup.sandbox.clone().create_inbound_payment(request).await.unwrap();

    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(later.metadata().get("x-lombard-replayed").unwrap(), "true");
    assert_eq!(later.into_inner(), answers[0]);
    assert_eq!(setup.balance(&ledger).await, 200);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn another_tenants_outside_world_has_references_of_its_own() {
    let setup = setup().await;
    let other = setup.other_tenant();
    let (alice, bob) = (setup.ledger("gbp").await, other.ledger("gbp").await);

    let ours = setup.inbound(named(&alice, "r1")).await.unwrap();
    let theirs = other.inbound(named(&bob, "r1")).await.unwrap();
    let bad = setup.inbound(named(&alice, &"r".repeat(65))).await.unwrap_err();

    assert_ne!(ours.transfer_id, theirs.transfer_id);
    assert_eq!(bad_fields(&bad), ["rail_reference"]);
    assert_eq!((setup.balance(&alice).await, other.balance(&bob).await), (200, 200));
}

/// Lets the rail bring a payment of 2.00 for an account.
pub(crate) async fn arrives(setup: &Setup, rail_reference: &str, account_number: &str) {
    sqlx::query(
        "
        insert into sandbox_rail_incoming (
            rail_reference, due_time, type, amount_minor, currency, reference, creditor_sort_code,
            creditor_account_number, debtor_name, debtor_sort_code, debtor_account_number
        )
        values (
            $1, now(), 'faster_payment', 200, 'GBP', 'rent', '040052', $2, 'Dave Bloggs', '200000',
            '12345678'
        )
        ",
    )
    .bind(rail_reference)
    .bind(account_number)
    .execute(&setup.pool)
    .await
    .unwrap();
}

/// Waits until the rail has nothing more for us.
pub(crate) async fn all_taken_in(setup: &Setup) {
    eventually(async || {
        let open = "select count(*) from sandbox_rail_incoming where acknowledge_time is null";
        let open: i64 = sqlx::query_scalar(open).fetch_one(&setup.pool).await.unwrap();
        (open == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_the_rail_brings_is_credited_or_sent_back_once() {
    let setup = setup().await;
    let (alice, bob) = (setup.ledger("gbp").await, setup.ledger("gbp").await);
    let number = |ledger: &Ledger| ledger.bank_details.clone().unwrap().account_number;
    setup.set_active(&bob.ledger_id, false).await.unwrap();
    arrives(&setup, "known", &number(&alice)).await;
    arrives(&setup, "disabled", &number(&bob)).await;
    arrives(&setup, "unknown", "99999999").await;
    let (_one, _other) = (Working::on(&setup), Working::on(&setup));
    all_taken_in(&setup).await;
    // The rail has forgotten that it has told us.
    sqlx::query("update sandbox_rail_incoming set acknowledge_time = null")
        .execute(&setup.pool)
        .await
        .unwrap();
    all_taken_in(&setup).await;

    let platform = Setup { tenant: TenantId::from_uuid(Uuid::nil()), ..setup.clone() };
    let (ours, theirs) = (payments(&setup).await, payments(&platform).await);
    assert_eq!((ours.len(), theirs.len()), (1, 1));
    setup.wait_for(&ours[0], PaymentStatus::Settled).await;
    platform.wait_for(&theirs[0], PaymentStatus::Settled).await;
    assert_eq!((setup.balance(&alice).await, setup.balance(&bob).await), (200, 0));
    assert_eq!(setup.list_all(&alice).await.transactions[0].counterparty_name, "Dave Bloggs");
    assert_eq!(suspense(&setup).await, 0);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn what_goes_back_and_is_rejected_there_stays_in_suspense() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    setup.set_active(&ledger.ledger_id, false).await.unwrap();
    let mut from_a_closed_account = inbound(&ledger, "2");
    from_a_closed_account.sender.as_mut().unwrap().account_number = "00000002".into();

    setup.inbound(from_a_closed_account).await.unwrap_err();
    let back = payments(&setup).await.remove(0);
    let _working = Working::on(&setup);
    setup.wait_for(&back, PaymentStatus::Rejected).await;

    assert_eq!(suspense(&setup).await, 200);
    assert_sound(&setup.pool).await;
}
