//! Payments that leave the platform, each through the life that its magic account number gives it.

use std::time::Duration;

use proto::ledger::v1::{
    Direction, Payment, PaymentStatus, ResponseCode, TransactionType,
    create_payment_request::Amount,
};
use types::PaymentId;

use crate::{
    books::assert_sound,
    paying::{Working, creditor, faster, sepa, sepa_iban},
    support::{bad_fields, inbound, reason, setup},
};

mod holds {
    use super::*;

    #[tokio::test]
    async fn an_accepted_payment_holds_its_amount_and_moves_nothing() {
        let setup = setup().await;
        let alice = setup.funded(1_000).await;

        let payment = setup.pay(faster(&alice, "12345678", "4.00")).await.unwrap();

        assert_eq!(payment.status(), PaymentStatus::Accepted);
        assert_eq!(payment.response_code(), ResponseCode::Success);
        assert_eq!(payment.from_ledger_id, alice.ledger_id);
        assert_eq!((payment.transfer_id.as_str(), payment.transaction_id.as_str()), ("", ""));
        assert_eq!(payment, setup.get_payment(&payment.payment_id).await.unwrap());
        assert_eq!(setup.money(&alice).await, (1_000, 600));
        assert_eq!(setup.list_all(&alice).await.total_size, 1, "what came in");
        assert_sound(&setup.pool).await;
    }

    #[tokio::test]
    async fn want_of_funds_is_recorded_and_holds_nothing() {
        let setup = setup().await;
        let alice = setup.funded(1_000).await;
        setup.pay(faster(&alice, "12345678", "6.00")).await.unwrap();

        let payment = setup.pay(faster(&alice, "12345678", "4.01")).await.unwrap();

        let listed = setup.list_all(&alice).await.transactions.remove(0);
        assert_eq!(payment.status(), PaymentStatus::Rejected);
        assert_eq!(payment.response_code(), ResponseCode::InsufficientFunds);
        assert_eq!(payment.rejection_reason, "");
        assert_eq!(listed.transaction_id, payment.transaction_id);
        assert_eq!(listed.payment_id, payment.payment_id);
        assert_eq!(listed.r#type(), TransactionType::FasterPayment);
        assert_eq!(listed.direction(), Direction::Out);
        assert_eq!(listed.response_code(), ResponseCode::InsufficientFunds);
        assert_eq!(listed.counterparty_name, "Carol Creditor");
        assert_eq!(setup.money(&alice).await, (1_000, 400));
        assert_sound(&setup.pool).await;
    }

    #[tokio::test]
    async fn an_overdraft_can_be_held_and_not_taken_away_then() {
        let setup = setup().await;
        let alice = setup.funded(100).await;
        setup.set_overdraft(&alice, 500).await.unwrap();

        let held = setup.pay(faster(&alice, "12345678", "6.00")).await.unwrap();
        let too_much = setup.pay(faster(&alice, "12345678", "0.01")).await.unwrap();
        let less = setup.set_overdraft(&alice, 499).await.unwrap_err();

        assert_eq!(held.status(), PaymentStatus::Accepted);
        assert_eq!(too_much.status(), PaymentStatus::Rejected);
        assert_eq!(reason(&less), "OVERDRAFT_IN_USE");
        let _working = Working::on(&setup);
        setup.wait_for(&held, PaymentStatus::Settled).await;
        assert_eq!(setup.money(&alice).await, (-500, -500));
        assert_sound(&setup.pool).await;
    }
}

#[tokio::test]
async fn a_payment_settles_over_the_rail_of_its_currency() {
    let setup = setup().await;
    let _working = Working::on(&setup);
    let (pounds, euros) = (setup.funded(1_000).await, setup.ledger("eur").await);
    setup.inbound(inbound(&euros, "10.00")).await.unwrap();
    let orders = [
        (&pounds, faster(&pounds, "12345678", "4.00"), TransactionType::FasterPayment),
        (&euros, sepa(&euros, &sepa_iban("12345678"), "4.00"), TransactionType::SepaCredit),
    ];
    for (ledger, order, rail) in orders {
        let accepted = setup.pay(order).await.unwrap();

        let settled = setup.wait_for(&accepted, PaymentStatus::Settled).await;

        let listed = setup.list_all(ledger).await.transactions.remove(0);
        assert_eq!(settled.response_code(), ResponseCode::Success);
        assert_eq!(listed.transfer_id, settled.transfer_id);
        assert_eq!(listed.transaction_id, settled.transaction_id);
        assert_eq!(listed.payment_id, settled.payment_id);
        assert_eq!(listed.r#type(), rail);
        assert_eq!(listed.direction(), Direction::Out);
        assert_eq!(listed.counterparty, settled.creditor);
        assert_eq!(setup.balance(ledger).await, 600);
        assert_eq!(setup.times_submitted(&settled).await, 1);
    }
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn a_slow_rail_keeps_the_money_held_until_it_settles() {
    let setup = setup().await;
    let _working = Working::on(&setup);
    let alice = setup.funded(1_000).await;

    let payment = setup.pay(faster(&alice, "00000001", "4.00")).await.unwrap();
    setup.wait_for(&payment, PaymentStatus::Submitted).await;
    assert_eq!(setup.money(&alice).await, (1_000, 600));
    let too_late = setup.cancel(&payment).await.unwrap_err();
    setup.wait_for(&payment, PaymentStatus::Settled).await;

    assert_eq!(reason(&too_late), "PAYMENT_NOT_CANCELLABLE");
    assert_eq!(setup.money(&alice).await, (600, 600));
    assert_eq!(setup.times_submitted(&payment).await, 1);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn what_the_rail_rejects_is_free_again() {
    let setup = setup().await;
    let _working = Working::on(&setup);
    let alice = setup.funded(1_000).await;

    let payment = setup.pay(faster(&alice, "00000002", "4.00")).await.unwrap();
    let rejected = setup.wait_for(&payment, PaymentStatus::Rejected).await;

    assert_eq!(rejected.rejection_reason, "AC01");
    assert_eq!(rejected.response_code(), ResponseCode::Declined);
    assert_eq!(rejected.transfer_id, "");
    assert_eq!(setup.money(&alice).await, (1_000, 1_000));
    assert_eq!(setup.list_all(&alice).await.total_size, 1, "what came in");
    assert_sound(&setup.pool).await;
}

/// Waits until a payment has come back.
async fn returned(setup: &crate::support::Setup, payment: &Payment) -> Payment {
    crate::paying::eventually(async || {
        let found = setup.get_payment(&payment.payment_id).await.unwrap();
        (!found.return_transfer_id.is_empty()).then_some(found)
    })
    .await
}

#[tokio::test]
async fn what_comes_back_later_is_a_transfer_of_its_own_and_booked_once() {
    let setup = setup().await;
    let (_one, _other) = (Working::on(&setup), Working::on(&setup));
    let alice = setup.funded(1_000).await;

    let payment = setup.pay(faster(&alice, "00000003", "4.00")).await.unwrap();
    let settled = setup.wait_for(&payment, PaymentStatus::Settled).await;
    let back = returned(&setup, &payment).await;
    // Whoever tells of it again tells nothing new.
    sqlx::query("update sandbox_rail_incoming set acknowledge_time = null")
        .execute(&setup.pool)
        .await
        .unwrap();
    crate::paying::eventually(async || {
        let open = "select count(*) from sandbox_rail_incoming where acknowledge_time is null";
        let open: i64 = sqlx::query_scalar(open).fetch_one(&setup.pool).await.unwrap();
        (open == 0).then_some(())
    })
    .await;

    let listed = setup.list_all(&alice).await;
    assert_eq!(back.status(), PaymentStatus::Settled);
    assert_eq!(back.transfer_id, settled.transfer_id);
    assert_eq!(listed.total_size, 3);
    assert_eq!(listed.transactions[0].transfer_id, back.return_transfer_id);
    assert_eq!(listed.transactions[0].payment_id, payment.payment_id);
    assert_eq!(listed.transactions[0].direction(), Direction::In);
    assert_eq!(listed.transactions[0].r#type(), TransactionType::FasterPayment);
    assert_eq!(listed.transactions[0].counterparty_name, "Carol Creditor");
    assert_eq!(setup.money(&alice).await, (1_000, 1_000));
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn what_comes_back_is_credited_to_a_disabled_ledger_too() {
    let setup = setup().await;
    let alice = setup.funded(1_000).await;
    let payment = setup.pay(faster(&alice, "00000003", "4.00")).await.unwrap();
    setup.set_active(&alice.ledger_id, false).await.unwrap();

    let _working = Working::on(&setup);
    returned(&setup, &payment).await;

    assert_eq!(setup.money(&alice).await, (1_000, 1_000));
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn a_rail_that_is_down_is_tried_again_until_it_pays_once() {
    let setup = setup().await;
    let _working = Working::on(&setup);
    let alice = setup.funded(1_000).await;

    let payment = setup.pay(faster(&alice, "00000004", "4.00")).await.unwrap();
    setup.wait_for(&payment, PaymentStatus::Settled).await;

    assert_eq!(setup.times_submitted(&payment).await, 4);
    assert_eq!(setup.money(&alice).await, (600, 600));
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn the_magic_numbers_work_in_an_iban_too() {
    let setup = setup().await;
    let _working = Working::on(&setup);
    let alice = setup.ledger("eur").await;
    setup.inbound(inbound(&alice, "10.00")).await.unwrap();

    let slow = setup.pay(sepa(&alice, &sepa_iban("00000001"), "1")).await.unwrap();
    let wrong = setup.pay(sepa(&alice, &sepa_iban("00000002"), "1")).await.unwrap();
    let back = setup.pay(sepa(&alice, &sepa_iban("00000003"), "1")).await.unwrap();
    let down = setup.pay(sepa(&alice, &sepa_iban("00000004"), "1")).await.unwrap();

    setup.wait_for(&slow, PaymentStatus::Settled).await;
    setup.wait_for(&wrong, PaymentStatus::Rejected).await;
    setup.wait_for(&down, PaymentStatus::Settled).await;
    returned(&setup, &back).await;
    assert_eq!(setup.money(&alice).await, (800, 800));
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn a_payment_that_was_accepted_goes_although_its_ledger_is_disabled_by_then() {
    let setup = setup().await;
    let alice = setup.funded(1_000).await;
    let payment = setup.pay(faster(&alice, "12345678", "4.00")).await.unwrap();
    setup.set_active(&alice.ledger_id, false).await.unwrap();

    let _working = Working::on(&setup);
    setup.wait_for(&payment, PaymentStatus::Settled).await;

    assert_eq!(setup.money(&alice).await, (600, 600));
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn every_bad_field_is_told_at_once_also_when_only_validated() {
    let setup = setup().await;
    let alice = setup.funded(1_000).await;
    let mut bad = faster(&alice, "1234567", "4.001");
    bad.request_id = "a b".into();
    bad.creditor_name = "<b>".into();
    bad.reference = "€".into();
    bad.creditor.as_mut().unwrap().iban = sepa_iban("12345678");
    let fields = [
        "creditor.account_number",
        "creditor.iban",
        "creditor_name",
        "decimal",
        "reference",
        "request_id",
    ];
    let mut validated = bad.clone();
    validated.validate_only = true;
    let mut itself = faster(&alice, "1234567", "4");
    itself.creditor = Some(creditor(&alice));
    let mut itself_and_more = itself.clone();
    itself_and_more.reference = String::new();
    let mut only_validated = faster(&alice, "12345678", "4");
    only_validated.validate_only = true;

    assert_eq!(bad_fields(&setup.pay(bad).await.unwrap_err()), fields);
    assert_eq!(bad_fields(&setup.pay(validated).await.unwrap_err()), fields);
    let field = "creditor.account_number";
    assert_eq!(bad_fields(&setup.pay(itself).await.unwrap_err()), [field]);
    assert_eq!(bad_fields(&setup.pay(itself_and_more).await.unwrap_err()), [field, "reference"]);
    assert_eq!(setup.pay(only_validated).await.unwrap(), Payment::default());
    assert_eq!(setup.money(&alice).await, (1_000, 1_000));
}

#[tokio::test]
async fn a_payment_without_anything_names_everything() {
    let setup = setup().await;

    let nothing = setup.pay(proto::ledger::v1::CreatePaymentRequest::default()).await.unwrap_err();
    let mut internal = faster(&setup.ledger("gbp").await, "12345678", "1");
    internal.r#type = TransactionType::InternalTransfer.into();
    let internal = setup.pay(internal).await.unwrap_err();

    let fields = ["amount", "creditor_name", "from_ledger_id", "reference", "type"];
    assert_eq!(bad_fields(&nothing), fields);
    assert_eq!(bad_fields(&internal), ["type"]);
}

#[tokio::test]
async fn who_may_not_pay_or_not_so_leaves_no_trace() {
    let setup = setup().await;
    let (alice, dollars) = (setup.funded(1_000).await, setup.ledger("usd").await);
    let bob = setup.funded(1_000).await;
    let euros = proto::r#type::v1::Money { currency: "EUR".into(), minor_units: 1 };
    let mut in_euros = faster(&alice, "12345678", "1");
    in_euros.amount = Some(Amount::Money(euros));

    let theirs = setup.other_tenant().pay(faster(&alice, "12345678", "1")).await.unwrap_err();
    let no_rail = setup.pay(faster(&dollars, "12345678", "1")).await.unwrap_err();
    let wrong_rail = setup.pay(sepa(&alice, &sepa_iban("12345678"), "1")).await.unwrap_err();
    let in_euros = setup.pay(in_euros).await.unwrap_err();
    setup.set_active(&alice.ledger_id, false).await.unwrap();
    let disabled = setup.pay(faster(&alice, "12345678", "1")).await.unwrap_err();
    setup.set_customer_active(&bob.customer_id, false).await;
    let no_customer = setup.pay(faster(&bob, "12345678", "1")).await.unwrap_err();

    assert_eq!(reason(&theirs), "LEDGER_NOT_FOUND");
    assert_eq!(reason(&no_rail), "CURRENCY_MISMATCH");
    assert_eq!(reason(&wrong_rail), "CURRENCY_MISMATCH");
    assert_eq!(reason(&in_euros), "CURRENCY_MISMATCH");
    assert_eq!(reason(&disabled), "LEDGER_DISABLED");
    assert_eq!(reason(&no_customer), "CUSTOMER_DISABLED");
    let made: i64 =
        sqlx::query_scalar("select count(*) from payments").fetch_one(&setup.pool).await.unwrap();
    assert_eq!(made, 0);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn without_a_rail_nothing_is_held_for_somebody_elsewhere() {
    let with = setup().await;
    let (alice, bob) = (with.funded(1_000).await, with.ledger("gbp").await);
    let without = with.without_sandbox().await;

    let outside = without.pay(faster(&alice, "12345678", "1")).await.unwrap_err();
    let mut inside = faster(&alice, "12345678", "1");
    inside.creditor = Some(creditor(&bob));
    let inside = without.pay(inside).await.unwrap();

    assert_eq!(reason(&outside), "RAIL_MISSING");
    assert_eq!(inside.status(), PaymentStatus::Settled);
    assert_eq!(with.money(&alice).await, (900, 900));
}

#[tokio::test]
async fn payments_are_listed_newest_first_by_page_ledger_and_status() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(300).await, setup.funded(300).await);
    let mut made = Vec::new();
    for n in 0..5 {
        let payer = if n % 2 == 0 { &alice } else { &bob };
        made.push(setup.pay(faster(payer, "12345678", "1")).await.unwrap());
    }
    setup.cancel(&made[0]).await.unwrap();
    made.reverse();
    let ids = |payments: &[Payment]| -> Vec<String> {
        payments.iter().map(|payment| payment.payment_id.clone()).collect()
    };

    let first = setup.list_payments(Some(3), "", None, PaymentStatus::Unspecified).await.unwrap();
    let token = first.next_page_token.as_str();
    let rest = setup.list_payments(Some(3), token, None, PaymentStatus::Unspecified).await.unwrap();
    let of_bob =
        setup.list_payments(None, "", Some(&bob), PaymentStatus::Unspecified).await.unwrap();
    let accepted = setup.list_payments(None, "", None, PaymentStatus::Accepted).await.unwrap();
    let of_alice =
        setup.list_payments(None, "", Some(&alice), PaymentStatus::Cancelled).await.unwrap();

    assert_eq!([ids(&first.payments), ids(&rest.payments)].concat(), ids(&made));
    assert_eq!((first.total_size, rest.total_size, rest.next_page_token.as_str()), (5, 5, ""));
    assert_eq!(ids(&of_bob.payments), [made[1].payment_id.clone(), made[3].payment_id.clone()]);
    assert_eq!((of_bob.total_size, accepted.total_size), (2, 4));
    assert_eq!(ids(&accepted.payments), ids(&made[..4]));
    assert_eq!(ids(&of_alice.payments), [made[4].payment_id.clone()]);
    let others = setup.other_tenant();
    let theirs = others.list_payments(None, "", None, PaymentStatus::Unspecified).await.unwrap();
    let not_theirs = others.list_payments(None, "", Some(&bob), PaymentStatus::Unspecified).await;
    assert_eq!((theirs.total_size, theirs.payments.len()), (0, 0));
    assert_eq!(reason(&not_theirs.unwrap_err()), "LEDGER_NOT_FOUND");
    let bad = setup.list_payments(Some(0), "?", None, PaymentStatus::Unspecified).await;
    assert_eq!(bad_fields(&bad.unwrap_err()), ["page_size", "page_token"]);
}

#[tokio::test]
async fn another_tenants_payment_is_nobodys() {
    let setup = setup().await;
    let alice = setup.funded(300).await;
    let payment = setup.pay(faster(&alice, "12345678", "1")).await.unwrap();
    let (theirs, nobody) = (setup.other_tenant(), PaymentId::new().to_string());

    for missing in [
        theirs.get_payment(&payment.payment_id).await.unwrap_err(),
        theirs.cancel(&payment).await.unwrap_err(),
        setup.get_payment(&nobody).await.unwrap_err(),
    ] {
        assert_eq!(reason(&missing), "PAYMENT_NOT_FOUND");
    }
    assert_eq!(bad_fields(&setup.get_payment("x").await.unwrap_err()), ["payment_id"]);
}

#[tokio::test]
async fn a_payment_that_nobody_announces_is_found_within_the_poll_interval() {
    let setup = setup().await;
    let alice = setup.funded(1_000).await;
    let working = Working::on(&setup);
    tokio::time::sleep(Duration::from_millis(50)).await;

    // The service that accepts it is not the worker's process: nothing wakes it.
    let payment = setup.pay(faster(&alice, "12345678", "1")).await.unwrap();
    setup.wait_for(&payment, PaymentStatus::Settled).await;

    working.stop().await;
}
