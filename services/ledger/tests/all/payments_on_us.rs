//! Payments to ledgers of this platform, which no rail has to do with.

use proto::ledger::v1::{
    CreatePaymentRequest, Ledger, PaymentStatus, ResponseCode, TransactionType,
};

use crate::{
    books::assert_sound,
    paying::{Working, creditor, faster, sepa},
    support::{Setup, inbound, reason, setup},
};

fn to(from: &Ledger, ledger: &Ledger, decimal: &str) -> CreatePaymentRequest {
    CreatePaymentRequest { creditor: Some(creditor(ledger)), ..faster(from, "", decimal) }
}

async fn rail_was_given(setup: &Setup) -> i64 {
    sqlx::query_scalar("select count(*) from sandbox_rail_payments")
        .fetch_one(&setup.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn to_a_ledger_of_the_same_tenant_it_is_one_transfer_at_once() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(1_000).await, setup.ledger("gbp").await);

    let payment = setup.pay(to(&alice, &bob, "4")).await.unwrap();
    let declined = setup.pay(to(&alice, &bob, "6.01")).await.unwrap();

    let sent = setup.list_all(&alice).await.transactions;
    let received = setup.list_all(&bob).await.transactions;
    assert_eq!(payment.status(), PaymentStatus::Settled);
    assert_eq!(payment.transaction_id, sent[1].transaction_id);
    assert_eq!(payment.transfer_id, received[0].transfer_id);
    assert_eq!(sent[1].linked_transaction_id, received[0].transaction_id);
    assert_eq!(received[0].r#type(), TransactionType::FasterPayment);
    assert_eq!(received[0].counterparty_name, "Joe Bloggs");
    assert_eq!(declined.status(), PaymentStatus::Rejected);
    assert_eq!(declined.response_code(), ResponseCode::InsufficientFunds);
    assert_eq!(declined.transaction_id, sent[0].transaction_id);
    assert_eq!((setup.balance(&alice).await, setup.balance(&bob).await), (600, 400));
    assert_eq!(rail_was_given(&setup).await, 0);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn a_ledger_of_the_same_tenant_that_cannot_take_it_is_told_at_once() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(1_000).await, setup.ledger("gbp").await);
    let euros = setup.ledger("eur").await;
    setup.set_active(&bob.ledger_id, false).await.unwrap();

    let disabled = setup.pay(to(&alice, &bob, "4")).await.unwrap_err();
    let mismatch = setup.pay(to(&alice, &euros_in_pounds(&setup, &euros).await, "4")).await;

    assert_eq!(reason(&disabled), "LEDGER_DISABLED");
    assert_eq!(reason(&mismatch.unwrap_err()), "CURRENCY_MISMATCH");
    assert_eq!(setup.money(&alice).await, (1_000, 1_000));
}

/// A ledger in euros with the UK address that it has, but does not show.
async fn euros_in_pounds(setup: &Setup, ledger: &Ledger) -> Ledger {
    let (sort_code, account_number): (String, String) =
        sqlx::query_as("select sort_code, account_number from ledgers where ledger_id = $1::uuid")
            .bind(&ledger.ledger_id)
            .fetch_one(&setup.pool)
            .await
            .unwrap();
    let mut ledger = ledger.clone();
    let details = ledger.bank_details.as_mut().unwrap();
    (details.sort_code, details.account_number) = (sort_code, account_number);
    ledger
}

#[tokio::test]
async fn to_another_tenants_ledger_both_sides_are_booked_without_the_rail() {
    let setup = setup().await;
    let other = setup.other_tenant();
    let _working = Working::on(&setup);
    let (alice, bob) = (setup.funded(1_000).await, other.ledger("gbp").await);

    let payment = setup.pay(to(&alice, &bob, "4")).await.unwrap();
    assert_eq!(payment.transfer_id, "");
    let settled = setup.wait_for(&payment, PaymentStatus::Settled).await;

    let sent = setup.list_all(&alice).await.transactions.remove(0);
    let received = other.list_all(&bob).await.transactions.remove(0);
    assert_eq!(sent.transaction_id, settled.transaction_id);
    assert_eq!(sent.counterparty_name, "Carol Creditor");
    assert_eq!(received.counterparty_name, "Joe Bloggs");
    assert_eq!(received.counterparty.unwrap(), creditor(&alice));
    assert_eq!((received.payment_id.as_str(), received.linked_transaction_id.as_str()), ("", ""));
    assert_eq!(received.reference, "invoice 7");
    assert_eq!((setup.money(&alice).await, other.money(&bob).await), ((600, 600), (400, 400)));
    assert_eq!(rail_was_given(&setup).await, 0);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn euros_go_to_another_tenant_by_iban() {
    let setup = setup().await;
    let other = setup.other_tenant();
    let _working = Working::on(&setup);
    let (alice, bob) = (setup.ledger("eur").await, other.ledger("eur").await);
    setup.inbound(inbound(&alice, "10")).await.unwrap();
    let iban = bob.bank_details.as_ref().unwrap().iban.clone();

    let payment = setup.pay(sepa(&alice, &iban, "4")).await.unwrap();
    setup.wait_for(&payment, PaymentStatus::Settled).await;

    let received = other.list_all(&bob).await.transactions.remove(0);
    assert_eq!(received.r#type(), TransactionType::SepaCredit);
    assert_eq!(received.counterparty.unwrap().iban, alice.bank_details.unwrap().iban);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn what_another_tenants_ledger_does_not_take_is_rejected_and_free_again() {
    let setup = setup().await;
    let other = setup.other_tenant();
    let alice = setup.funded(1_000).await;
    let (bob, euros) = (other.ledger("gbp").await, other.ledger("eur").await);
    other.set_active(&bob.ledger_id, false).await.unwrap();
    let euros = euros_in_pounds(&setup, &euros).await;
    let _working = Working::on(&setup);

    let disabled = setup.pay(to(&alice, &bob, "4")).await.unwrap();
    let mismatch = setup.pay(to(&alice, &euros, "4")).await.unwrap();
    let disabled = setup.wait_for(&disabled, PaymentStatus::Rejected).await;
    let mismatch = setup.wait_for(&mismatch, PaymentStatus::Rejected).await;

    assert_eq!(disabled.rejection_reason, "AC06");
    assert_eq!(mismatch.rejection_reason, "AM03");
    assert_eq!(setup.money(&alice).await, (1_000, 1_000));
    assert_eq!(other.list_all(&bob).await.total_size, 0);
    assert_sound(&setup.pool).await;
}
