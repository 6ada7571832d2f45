//! Payments over a rail.

use std::time::{Duration, Instant};

use proto::ledger::v1::{
    BankDetails, CancelPaymentRequest, ConfirmPayeeRequest, CreatePaymentRequest,
    GetPaymentRequest, Ledger, ListPaymentsRequest, PayeeMatch, Payment, PaymentStatus,
    ResponseCode, TransactionType, create_payment_request,
};
use tonic::Code;

use super::{Tenant, fields, reason};

fn payment(request_id: &str, from: &Ledger, decimal: &str) -> CreatePaymentRequest {
    let creditor = BankDetails {
        sort_code: "400052".to_owned(),
        account_number: "12345678".to_owned(),
        ..BankDetails::default()
    };
    CreatePaymentRequest {
        request_id: request_id.to_owned(),
        r#type: TransactionType::FasterPayment.into(),
        from_ledger_id: from.ledger_id.clone(),
        creditor_name: "Dave Bloggs".to_owned(),
        creditor: Some(creditor),
        amount: Some(create_payment_request::Amount::Decimal(decimal.to_owned())),
        reference: "rent".to_owned(),
        validate_only: false,
    }
}

/// The payment once it has settled.
async fn settled(tenant: &Tenant, payment_id: &str) -> Payment {
    let start = Instant::now();
    loop {
        let request = tenant.ask(GetPaymentRequest { payment_id: payment_id.to_owned() });
        let found = tenant.payments.clone().get_payment(request).await.unwrap().into_inner();
        if found.status() == PaymentStatus::Settled {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", found.status());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_payment_is_made_read_and_listed() {
    let tenant = Tenant::new();
    let mut payments = tenant.payments.clone();
    let from = tenant.ledger("gbp").await;
    tenant.fund(&from, "10").await;

    let made = payments.create_payment(tenant.ask(payment("k-1", &from, "4"))).await.unwrap();
    let again = payments.create_payment(tenant.ask(payment("k-1", &from, "4"))).await.unwrap();
    let made = made.into_inner();
    let found = settled(&tenant, &made.payment_id).await;
    let cancel = CancelPaymentRequest { payment_id: made.payment_id.clone(), ..Default::default() };
    let late = payments.cancel_payment(tenant.ask(cancel)).await.unwrap_err();
    let list = ListPaymentsRequest {
        from_ledger_id: from.ledger_id.clone(),
        status: PaymentStatus::Settled.into(),
        ..ListPaymentsRequest::default()
    };
    let page = payments.list_payments(tenant.ask(list)).await.unwrap().into_inner();

    assert_eq!((made.status(), made.transfer_id.as_str()), (PaymentStatus::Accepted, ""));
    assert_eq!(again.metadata().get("x-lombard-replayed").unwrap(), "true");
    assert_eq!(again.into_inner(), made);
    assert_eq!((page.payments.as_slice(), page.total_size), (&[found][..], 1));
    assert_eq!(
        (late.code(), reason(&late).as_str()),
        (Code::FailedPrecondition, "PAYMENT_NOT_CANCELLABLE")
    );
    assert_eq!(tenant.balance(&from).await, 600);
}

#[tokio::test]
async fn declines_are_answers_and_refusals_carry_their_reason() {
    let (tenant, stranger) = (Tenant::new(), Tenant::new());
    let mut payments = tenant.payments.clone();
    let [from, euros] = [tenant.ledger("gbp").await, tenant.ledger("eur").await];

    let declined = payments.create_payment(tenant.ask(payment("", &from, "1"))).await.unwrap();
    let mut bad = payment("a b", &from, "0.001");
    bad.creditor = None;
    let bad = payments.create_payment(tenant.ask(bad)).await.unwrap_err();
    let differ = payments.create_payment(tenant.ask(payment("", &euros, "1"))).await.unwrap_err();
    let unseen = payments.create_payment(stranger.ask(payment("", &from, "1"))).await.unwrap_err();
    let get = GetPaymentRequest { payment_id: declined.get_ref().payment_id.clone() };
    let missing = payments.get_payment(stranger.ask(get)).await.unwrap_err();

    let declined = declined.into_inner();
    assert_eq!(declined.status(), PaymentStatus::Rejected);
    assert_eq!(declined.response_code(), ResponseCode::InsufficientFunds);
    let mut bad = fields(&bad);
    bad.sort_unstable();
    assert_eq!(bad, ["creditor.account_number", "creditor.sort_code", "decimal", "request_id"]);
    for (status, code, expected) in [
        (differ, Code::FailedPrecondition, "CURRENCY_MISMATCH"),
        (unseen, Code::NotFound, "LEDGER_NOT_FOUND"),
        (missing, Code::NotFound, "PAYMENT_NOT_FOUND"),
    ] {
        assert_eq!((status.code(), reason(&status).as_str()), (code, expected));
    }
}

#[tokio::test]
async fn a_payee_is_confirmed() {
    let tenant = Tenant::new();
    let mut payments = tenant.payments.clone();
    let account = BankDetails {
        sort_code: "400052".to_owned(),
        account_number: "12345678".to_owned(),
        ..BankDetails::default()
    };
    let request = ConfirmPayeeRequest { name: "Dave Bloggs".to_owned(), account: Some(account) };

    let said = payments.confirm_payee(tenant.ask(request)).await.unwrap().into_inner();
    let nothing = tenant.ask(ConfirmPayeeRequest::default());
    let bad = payments.confirm_payee(nothing).await.unwrap_err();

    assert_eq!((said.r#match(), said.held_name.as_str()), (PayeeMatch::Match, ""));
    assert_eq!(fields(&bad), ["name", "account.sort_code", "account.iban"]);
}
