//! Confirmation of payee.

use proto::ledger::v1::{
    BankDetails, ConfirmPayeeRequest, PayeeMatch, payment_service_client::PaymentServiceClient,
};
use tonic::Status;

use crate::{
    paying::{creditor, sepa_iban},
    support::{Setup, bad_fields, settings, setup},
};

fn number(account_number: &str) -> BankDetails {
    BankDetails {
        sort_code: "200000".into(),
        account_number: account_number.into(),
        ..Default::default()
    }
}

async fn ask(
    setup: &Setup,
    name: &str,
    account: BankDetails,
) -> Result<(PayeeMatch, String), Status> {
    let message = ConfirmPayeeRequest { name: name.into(), account: Some(account) };
    let answer = setup.payment.clone().confirm_payee(setup.request(message)).await?.into_inner();
    Ok((answer.r#match(), answer.held_name))
}

async fn confirm(setup: &Setup, name: &str, account: BankDetails) -> (PayeeMatch, String) {
    ask(setup, name, account).await.unwrap()
}

fn only(matched: PayeeMatch) -> (PayeeMatch, String) {
    (matched, String::new())
}

#[tokio::test]
async fn our_ledgers_are_held_in_their_customers_names_whosever_they_are() {
    let setup = setup().await;
    let bob = setup.ledger("gbp").await;
    let iban = bob.bank_details.as_ref().unwrap().iban.clone();
    let by_iban = BankDetails { iban, ..Default::default() };
    for asking in [&setup, &setup.other_tenant()] {
        let matched = confirm(asking, "Mr JOE  BLOGGS", creditor(&bob)).await;
        assert_eq!(matched, only(PayeeMatch::Match));
        let close = confirm(asking, "J Bloggs", by_iban.clone()).await;
        assert_eq!(close, (PayeeMatch::CloseMatch, "Joe Bloggs".into()));
        let other = confirm(asking, "Jane Smith", creditor(&bob)).await;
        assert_eq!(other, only(PayeeMatch::NoMatch));
    }

    setup.rename_customer(&bob.customer_id, "Smith").await;

    assert_eq!(confirm(&setup, "Joe Smith", by_iban).await, only(PayeeMatch::Match));
}

#[tokio::test]
async fn everybody_else_is_the_sandbox() {
    let setup = setup().await;
    let iban = |number| BankDetails { iban: sepa_iban(number), ..Default::default() };

    for account in [number("00000011"), iban("00000011")] {
        let close = (PayeeMatch::CloseMatch, "Jane Smith".into());
        assert_eq!(confirm(&setup, "jane smith", account.clone()).await, only(PayeeMatch::Match));
        assert_eq!(confirm(&setup, "Jane Smyth", account.clone()).await, close);
        assert_eq!(confirm(&setup, "Bob Jones", account).await, only(PayeeMatch::NoMatch));
    }
    assert_eq!(confirm(&setup, "A", number("00000012")).await, only(PayeeMatch::NoMatch));
    assert_eq!(confirm(&setup, "A", iban("00000013")).await, only(PayeeMatch::Unavailable));
    assert_eq!(confirm(&setup, "A", number("12345678")).await, only(PayeeMatch::Match));
}

#[tokio::test]
async fn where_nobody_can_be_asked_it_is_unavailable() {
    let setup = setup().await;
    let bob = setup.ledger("gbp").await;
    let without = setup.without_sandbox().await;
    let nowhere = kit::client::channel("http://127.0.0.1:1".into()).unwrap();
    let (service, _) = ledger::service(settings(), setup.pool.clone(), nowhere);
    let payment = PaymentServiceClient::new(testkit::serve(service).await);
    let cut_off = Setup { payment, ..setup.clone() };

    let elsewhere = confirm(&without, "Joe Bloggs", number("12345678")).await;
    let ours = confirm(&without, "Joe Bloggs", creditor(&bob)).await;
    let nameless = confirm(&cut_off, "Joe Bloggs", creditor(&bob)).await;

    assert_eq!(elsewhere, only(PayeeMatch::Unavailable));
    assert_eq!(ours, only(PayeeMatch::Match));
    assert_eq!(nameless, only(PayeeMatch::Unavailable));
}

#[tokio::test]
async fn every_bad_field_of_a_payee_is_named() {
    let setup = setup().await;
    let half = BankDetails {
        sort_code: "200000".into(),
        bic_swift: "PAYRGB20XXX".into(),
        ..Default::default()
    };

    let nothing = ask(&setup, "", BankDetails::default()).await.unwrap_err();
    let half = ask(&setup, "<", half).await.unwrap_err();

    assert_eq!(bad_fields(&nothing), ["account.iban", "account.sort_code", "name"]);
    assert_eq!(bad_fields(&half), ["account.account_number", "account.iban", "name"]);
}
