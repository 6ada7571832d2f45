use proto::ledger::v1::{
    BankDetails, CreateInboundPaymentRequest, Direction, TransactionType,
    create_inbound_payment_request::Amount,
};
use tokio::task::JoinSet;
use types::LedgerId;

use crate::{
    books::assert_sound,
    support::{bad_fields, inbound, is_posted, reason, setup},
};

fn dave() -> BankDetails {
    BankDetails {
        iban: "GB22 PAYR 0400 5200 4596 15".into(),
        bic_swift: "payrgb20xxx".into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn money_comes_in_over_the_rail_of_its_currency() {
    let setup = setup().await;
    let rails = [
        ("gbp", TransactionType::FasterPayment),
        ("eur", TransactionType::SepaCredit),
        ("usd", TransactionType::SwiftCredit),
    ];
    for (currency, rail) in rails {
        let ledger = setup.ledger(currency).await;

        let posted = setup.inbound(inbound(&ledger, "200.00")).await.unwrap();

        let listed = setup.list_all(&ledger).await.transactions;
        assert!(is_posted(&posted));
        assert_eq!((posted.r#type(), listed[0].r#type()), (rail, rail));
        assert_eq!((posted.from_ledger_id.as_str(), posted.from_transaction_id.as_str()), ("", ""));
        assert_eq!(posted.to_transaction_id, listed[0].transaction_id);
        assert_eq!(listed[0].direction(), Direction::In);
        assert_eq!(listed[0].linked_transaction_id, "");
        assert_eq!(listed[0].counterparty_name, "Dave Bloggs");
        let sender = listed[0].counterparty.clone().unwrap();
        assert_eq!((sender.sort_code, sender.account_number), ("400052".into(), "12345678".into()));
        assert_eq!(setup.balance(&ledger).await, 20_000);
    }
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn a_sender_may_be_known_by_iban() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    let request = CreateInboundPaymentRequest { sender: Some(dave()), ..inbound(&ledger, "1") };

    setup.inbound(request).await.unwrap();

    let listed = setup.list_all(&ledger).await.transactions[0].counterparty.clone().unwrap();
    assert_eq!(listed.iban, "GB22PAYR04005200459615");
    assert_eq!(listed.bic_swift, "PAYRGB20XXX");
    assert_eq!((listed.sort_code, listed.account_number), (String::new(), String::new()));
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    let absent = setup.inbound(CreateInboundPaymentRequest::default()).await.unwrap_err();
    let malformed = CreateInboundPaymentRequest {
        amount: Some(Amount::Decimal("0.001".into())),
        name: "<script>".into(),
        sender: Some(BankDetails {
            sort_code: "1".into(),
            iban: "GB00".into(),
            ..Default::default()
        }),
        ..inbound(&ledger, "1")
    };
    let malformed = setup.inbound(malformed).await.unwrap_err();

    let blank = BankDetails { sort_code: " ".into(), ..Default::default() };
    let blank = CreateInboundPaymentRequest { sender: Some(blank), ..inbound(&ledger, "1") };
    let blank = setup.inbound(blank).await.unwrap_err();

    assert_eq!(bad_fields(&blank), ["sender.iban", "sender.sort_code"]);
    let neither = ["amount", "ledger_id", "name", "reference", "sender.iban", "sender.sort_code"];
    assert_eq!(bad_fields(&absent), neither);
    let halves = ["sender.account_number", "sender.bic_swift", "sender.iban", "sender.sort_code"];
    assert_eq!(bad_fields(&malformed), [&["decimal", "name"][..], &halves].concat());
}

#[tokio::test]
async fn an_unknown_ledger_or_another_currency_leaves_no_trace() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    let mut nobody = ledger.clone();
    nobody.ledger_id = LedgerId::new().to_string();
    let euros = proto::r#type::v1::Money { currency: "EUR".into(), minor_units: 1 };
    let euros =
        CreateInboundPaymentRequest { amount: Some(Amount::Money(euros)), ..inbound(&ledger, "1") };

    let missing = setup.inbound(inbound(&nobody, "1")).await.unwrap_err();
    let theirs = setup.other_tenant().inbound(inbound(&ledger, "1")).await.unwrap_err();
    let mismatch = setup.inbound(euros).await.unwrap_err();

    assert_eq!(reason(&missing), "LEDGER_NOT_FOUND");
    assert_eq!(reason(&theirs), "LEDGER_NOT_FOUND");
    assert_eq!(reason(&mismatch), "CURRENCY_MISMATCH");
    let made = "select count(*) from accounts where kind = 'settlement'";
    assert_eq!(sqlx::query_scalar::<_, i64>(made).fetch_one(&setup.pool).await.unwrap(), 0);
}

#[tokio::test]
async fn first_payments_at_once_make_each_settlement_account_once() {
    let setup = setup().await;
    let mut paying = JoinSet::new();
    for _ in 0..24 {
        let setup = setup.clone();
        paying.spawn(async move {
            let ledger = setup.ledger("gbp").await;
            setup.inbound(inbound(&ledger, "1")).await.unwrap();
        });
    }

    paying.join_all().await;

    let twice = "
        select count(*) - count(distinct stripe) from accounts
        where kind = 'settlement' and currency = 'GBP'";
    assert_eq!(sqlx::query_scalar::<_, i64>(twice).fetch_one(&setup.pool).await.unwrap(), 0);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn a_payment_is_taken_once_for_its_key() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    let request = CreateInboundPaymentRequest { request_id: "p1".into(), ..inbound(&ledger, "1") };

    let first = setup.inbound(request.clone()).await.unwrap();
    let again = setup.inbound(request).await.unwrap();

    assert_eq!(first, again);
    assert_eq!(setup.balance(&ledger).await, 100);
}
