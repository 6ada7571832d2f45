use proto::{
    ledger::v1::{
        CreateTransferRequest, GetTransferRequest, ResponseCode, TransactionType, Transfer,
        create_transfer_request::Amount, ledger_service_client::LedgerServiceClient,
    },
    r#type::v1::Money,
};
use tonic::Code;
use types::{LedgerId, TransferId};

use crate::{
    books::assert_sound,
    support::{bad_fields, inbound, is_posted, reason, settings, setup, transfer},
};

fn money(currency: &str, minor_units: i64) -> Amount {
    Amount::Money(Money { currency: currency.into(), minor_units })
}

#[tokio::test]
async fn a_transfer_moves_both_balances() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(10_000).await, setup.ledger("gbp").await);

    let posted = setup.transfer(transfer(&alice, &bob, "60.5")).await.unwrap();
    let request = GetTransferRequest { transfer_id: posted.transfer_id.clone() };
    let read = setup.ledger.clone().get_transfer(setup.request(request)).await.unwrap();

    assert_eq!(read.into_inner(), posted);
    assert!(is_posted(&posted));
    assert_eq!(posted.r#type(), TransactionType::InternalTransfer);
    assert_eq!(posted.amount, Some(Money { currency: "GBP".into(), minor_units: 6_050 }));
    assert_eq!((&posted.from_ledger_id, &posted.to_ledger_id), (&alice.ledger_id, &bob.ledger_id));
    assert_eq!(posted.reference, "testing");
    assert_ne!(posted.from_transaction_id, posted.to_transaction_id);
    assert_eq!((setup.balance(&alice).await, setup.balance(&bob).await), (3_950, 6_050));
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn all_may_be_spent_and_not_a_penny_more() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100).await, setup.ledger("gbp").await);

    let too_much = setup.transfer(transfer(&alice, &bob, "1.01")).await.unwrap();
    let all = setup.transfer(transfer(&alice, &bob, "1.00")).await.unwrap();

    assert_eq!(too_much.response_code(), ResponseCode::InsufficientFunds);
    assert!(is_posted(&all));
    assert_eq!((setup.balance(&alice).await, setup.balance(&bob).await), (0, 100));
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn a_decline_is_recorded_on_the_senders_ledger_only_and_moves_nothing() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100).await, setup.ledger("gbp").await);

    let declined = setup.transfer(transfer(&alice, &bob, "2")).await.unwrap();

    let (sent, received) = (setup.list_all(&alice).await, setup.list_all(&bob).await);
    assert_eq!(declined.response_code(), ResponseCode::InsufficientFunds);
    assert_eq!(declined.to_transaction_id, "");
    assert_eq!((sent.total_size, received.total_size), (2, 0));
    let listed = &sent.transactions[0];
    assert_eq!(listed.transaction_id, declined.from_transaction_id);
    assert_eq!(listed.response_code(), ResponseCode::InsufficientFunds);
    assert_eq!(listed.amount.as_ref().unwrap().minor_units, 200);
    assert_eq!(listed.balance_after.as_ref().unwrap().minor_units, 100);
    assert_eq!(listed.linked_transaction_id, "");
    assert!(received.transactions.is_empty());
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let setup = setup().await;
    let bad = CreateTransferRequest {
        request_id: "not visible".into(),
        from_ledger_id: "x".into(),
        amount: Some(money("XXX", 1)),
        reference: "a reference too long to be".into(),
        ..Default::default()
    };

    let malformed = setup.transfer(bad).await.unwrap_err();
    let absent = setup.transfer(CreateTransferRequest::default()).await.unwrap_err();

    let fields = ["from_ledger_id", "money.currency", "reference", "request_id", "to_ledger_id"];
    assert_eq!(bad_fields(&malformed), fields);
    assert_eq!(bad_fields(&absent), ["amount", "from_ledger_id", "reference", "to_ledger_id"]);
}

#[tokio::test]
async fn an_amount_that_does_not_fit_its_currency_is_named_among_the_others() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100).await, setup.ledger("gbp").await);
    let alone = transfer(&alice, &bob, "0.001");
    let both = CreateTransferRequest { reference: "~".into(), ..alone.clone() };
    let checked = CreateTransferRequest { validate_only: true, ..alone.clone() };

    assert_eq!(bad_fields(&setup.transfer(alone).await.unwrap_err()), ["decimal"]);
    assert_eq!(bad_fields(&setup.transfer(both).await.unwrap_err()), ["decimal", "reference"]);
    assert_eq!(bad_fields(&setup.transfer(checked).await.unwrap_err()), ["decimal"]);
}

#[tokio::test]
async fn amounts_have_the_decimals_of_their_currency() {
    let setup = setup().await;
    for (currency, fits, does_not) in
        [("jpy", "5", "5.0"), ("gbp", "5.25", "5.255"), ("eur", "5.25", "5.250")]
    {
        let (one, other) = (setup.ledger(currency).await, setup.ledger(currency).await);
        setup.inbound(inbound(&one, "10")).await.unwrap();

        let posted = setup.transfer(transfer(&one, &other, fits)).await.unwrap();
        let refused = setup.transfer(transfer(&one, &other, does_not)).await.unwrap_err();

        let minor: i64 = fits.replace('.', "").parse().unwrap();
        assert_eq!(posted.amount.unwrap().minor_units, minor, "{currency}");
        assert_eq!(bad_fields(&refused), ["decimal"], "{currency}");
    }
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn nothing_a_sign_or_too_much_is_no_amount() {
    let setup = setup().await;
    let (alice, bob) = (setup.ledger("gbp").await, setup.ledger("gbp").await);

    for decimal in ["0", "0.00", "-1", "+1", "1e2", "1,000", "100000000.00", "", " "] {
        let status = setup.transfer(transfer(&alice, &bob, decimal)).await.unwrap_err();
        assert_eq!(bad_fields(&status), ["decimal"], "{decimal}");
    }
    for minor in [0, -1, i64::MIN, i64::MAX] {
        let amount = Some(money("GBP", minor));
        let request = CreateTransferRequest { amount, ..transfer(&alice, &bob, "1") };
        let status = setup.transfer(request).await.unwrap_err();
        assert_eq!(bad_fields(&status), ["money.minor_units"], "{minor}");
    }
}

#[tokio::test]
async fn a_ledger_cannot_pay_itself() {
    let setup = setup().await;
    let alice = setup.funded(100).await;

    let status = setup.transfer(transfer(&alice, &alice, "1")).await.unwrap_err();

    assert_eq!(bad_fields(&status), ["to_ledger_id"]);
}

#[tokio::test]
async fn currencies_do_not_mix() {
    let setup = setup().await;
    let (pounds, euros) = (setup.funded(100).await, setup.ledger("eur").await);
    let more = setup.ledger("gbp").await;
    let counted =
        CreateTransferRequest { amount: Some(money("EUR", 1)), ..transfer(&pounds, &more, "1") };

    for request in [transfer(&pounds, &euros, "1"), counted] {
        let status = setup.transfer(request).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(reason(&status), "CURRENCY_MISMATCH");
    }
    assert_eq!(setup.balance(&pounds).await, 100);
}

#[tokio::test]
async fn a_disabled_customer_sends_nothing_and_still_receives() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100).await, setup.funded(100).await);
    setup.set_customer_active(&alice.customer_id, false).await;

    let out = setup.transfer(transfer(&alice, &bob, "1")).await.unwrap_err();
    let back = setup.transfer(transfer(&bob, &alice, "1")).await.unwrap();

    assert_eq!(
        (out.code(), reason(&out).as_str()),
        (Code::FailedPrecondition, "CUSTOMER_DISABLED")
    );
    assert!(is_posted(&back));
    assert_eq!(setup.balance(&alice).await, 200);
}

#[tokio::test]
async fn both_ledgers_must_be_the_tenants() {
    let setup = setup().await;
    let other = setup.other_tenant();
    let (alice, stranger) = (setup.funded(100).await, other.funded(100).await);
    let mut nobody = alice.clone();
    nobody.ledger_id = LedgerId::new().to_string();

    for (from, to) in [(&alice, &stranger), (&stranger, &alice), (&alice, &nobody)] {
        let status = setup.transfer(transfer(from, to, "1")).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "LEDGER_NOT_FOUND"));
    }
    assert_eq!((setup.balance(&alice).await, other.balance(&stranger).await), (100, 100));
}

#[tokio::test]
async fn a_settlement_account_is_nobodys_to_name() {
    let setup = setup().await;
    let alice = setup.funded(100).await;
    let settlement = "select account_id::text from accounts where kind = 'settlement'";
    let mut outside = alice.clone();
    outside.ledger_id = sqlx::query_scalar(settlement).fetch_one(&setup.pool).await.unwrap();

    for (from, to) in [(&alice, &outside), (&outside, &alice)] {
        let status = setup.transfer(transfer(from, to, "1")).await.unwrap_err();
        assert_eq!(reason(&status), "LEDGER_NOT_FOUND");
    }
    assert!(setup.get_ledger(&outside.ledger_id).await.is_err());
}

#[tokio::test]
async fn a_balance_that_would_not_fit_is_refused() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100).await, setup.ledger("gbp").await);
    let fill =
        "update accounts set balance_minor = 9223372036854775807 where account_id = $1::uuid";
    sqlx::query(fill).bind(&bob.ledger_id).execute(&setup.pool).await.unwrap();

    let status = setup.transfer(transfer(&alice, &bob, "1")).await.unwrap_err();

    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::FailedPrecondition, "BALANCE_LIMIT")
    );
    assert_eq!(setup.balance(&alice).await, 100);
}

#[tokio::test]
async fn held_money_cannot_be_spent() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100).await, setup.ledger("gbp").await);
    let hold = "update accounts set held_minor = 40 where account_id = $1::uuid";
    sqlx::query(hold).bind(&alice.ledger_id).execute(&setup.pool).await.unwrap();

    let read = setup.get_ledger(&alice.ledger_id).await.unwrap();
    let too_much = setup.transfer(transfer(&alice, &bob, "0.61")).await.unwrap();
    let rest = setup.transfer(transfer(&alice, &bob, "0.60")).await.unwrap();

    assert_eq!(read.available.unwrap().minor_units, 60);
    assert_eq!(too_much.response_code(), ResponseCode::InsufficientFunds);
    assert!(is_posted(&rest));
}

#[tokio::test]
async fn validation_alone_moves_nothing_and_looks_for_nothing() {
    let setup = setup().await;
    let mut nobody = setup.ledger("gbp").await;
    let mut neither = nobody.clone();
    nobody.ledger_id = LedgerId::new().to_string();
    neither.ledger_id = LedgerId::new().to_string();
    let request = CreateTransferRequest {
        request_id: "once".into(),
        validate_only: true,
        ..transfer(&nobody, &neither, "1")
    };

    assert_eq!(setup.transfer(request).await.unwrap(), Transfer::default());
}

#[tokio::test]
async fn a_transfer_of_nobody_or_of_another_tenant_is_not_found() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100).await, setup.ledger("gbp").await);
    let posted = setup.transfer(transfer(&alice, &bob, "1")).await.unwrap();
    let mut client = setup.ledger.clone();
    let ask = |transfer_id: &str| GetTransferRequest { transfer_id: transfer_id.into() };

    let theirs = setup.other_tenant().request(ask(&posted.transfer_id));
    let theirs = client.get_transfer(theirs).await.unwrap_err();
    let nobodys = setup.request(ask(&TransferId::new().to_string()));
    let nobodys = client.get_transfer(nobodys).await.unwrap_err();
    let malformed = client.get_transfer(setup.request(ask("x"))).await.unwrap_err();

    assert_eq!((theirs.code(), reason(&theirs).as_str()), (Code::NotFound, "TRANSFER_NOT_FOUND"));
    assert_eq!(reason(&nobodys), "TRANSFER_NOT_FOUND");
    assert_eq!(bad_fields(&malformed), ["transfer_id"]);
}

#[tokio::test]
async fn the_databases_clock_decides_and_never_goes_back() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100).await, setup.ledger("gbp").await);
    let hour_ahead = "
        create function public.statement_timestamp() returns timestamptz language sql stable
        return pg_catalog.statement_timestamp() + interval '1 hour'";
    sqlx::query(hour_ahead).execute(&setup.pool).await.unwrap();
    let options = (*setup.pool.connect_options()).clone();
    let options = options.options([("search_path", "public,pg_catalog")]);
    let pool = sqlx::PgPool::connect_with(options).await.unwrap();
    let (service, _) = ledger::service(settings(), pool, setup.customer_channel.clone());
    let mut fast = setup.clone();
    fast.ledger = LedgerServiceClient::new(testkit::serve(service).await);

    let before_s = kit::time::now().unix_timestamp();
    let ahead = fast.transfer(transfer(&alice, &bob, "0.10")).await.unwrap();
    let later = setup.transfer(transfer(&bob, &alice, "0.10")).await.unwrap();

    let ahead_s = ahead.create_time.unwrap().seconds - before_s;
    assert!((3_500..3_700).contains(&ahead_s), "{ahead_s}");
    assert_eq!(later.create_time, ahead.create_time);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn without_the_customer_service_nothing_is_moved_and_what_was_is_still_told() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(200).await, setup.ledger("gbp").await);
    let keyed =
        |key: &str| CreateTransferRequest { request_id: key.into(), ..transfer(&alice, &bob, "1") };
    let first = setup.transfer(keyed("first")).await.unwrap();
    let nowhere = kit::client::channel("http://127.0.0.1:1".into()).unwrap();
    let (service, _) = ledger::service(settings(), setup.pool.clone(), nowhere);
    let mut alone = setup.clone();
    alone.ledger = LedgerServiceClient::new(testkit::serve(service).await);

    let refused = alone.transfer(keyed("second")).await.unwrap_err();
    let replayed = alone.transfer(keyed("first")).await.unwrap();

    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unavailable, "UNAVAILABLE"));
    assert_eq!(replayed, first);
    assert_eq!(setup.balance(&alice).await, 100);
    assert!(is_posted(&setup.transfer(keyed("second")).await.unwrap()));
}
