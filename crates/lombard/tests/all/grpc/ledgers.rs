//! Ledgers, and the money on them.

use prost_types::FieldMask;
use proto::{
    ledger::v1::{
        CreateTransferRequest, Direction, GetBalanceRequest, GetLedgerRequest,
        GetTransactionRequest, GetTransferRequest, Ledger, LedgerStatus, ListLedgersRequest,
        ListTransactionsRequest, PrimaryUse, QueryTransactionsRequest, ResponseCode,
        ReverseTransferRequest, TransactionFilter, TransactionType, UpdateLedgerRequest,
        create_transfer_request, query_transactions_response::Answer,
    },
    r#type::v1::Money,
};
use tonic::Code;

use super::{Tenant, create_ledger, fields, reason};

fn transfer(
    request_id: &str,
    from: &Ledger,
    to: &Ledger,
    minor_units: i64,
) -> CreateTransferRequest {
    let money = Money { currency: from.currency.clone(), minor_units };
    CreateTransferRequest {
        request_id: request_id.to_owned(),
        from_ledger_id: from.ledger_id.clone(),
        to_ledger_id: to.ledger_id.clone(),
        amount: Some(create_transfer_request::Amount::Money(money)),
        reference: "rent".to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_ledger_is_issued_read_changed_and_listed() {
    let tenant = Tenant::new();
    let mut ledgers = tenant.ledgers.clone();
    let customer_id = tenant.customer("Bloggs").await.customer_id;
    let ask = || tenant.ask(create_ledger("k-1", &customer_id, "gbp"));

    let issued = ledgers.create_ledger(ask()).await.unwrap().into_inner();
    let again = ledgers.create_ledger(ask()).await.unwrap();
    let get = tenant.ask(GetLedgerRequest { ledger_id: issued.ledger_id.clone() });
    let found = ledgers.get_ledger(get).await.unwrap().into_inner();
    let change = UpdateLedgerRequest {
        ledger: Some(Ledger { active: false, ..issued.clone() }),
        update_mask: Some(FieldMask { paths: vec!["active".to_owned()] }),
        ..UpdateLedgerRequest::default()
    };
    let disabled = ledgers.update_ledger(tenant.ask(change)).await.unwrap().into_inner();
    let list = ListLedgersRequest { customer_id, ..ListLedgersRequest::default() };
    let page = ledgers.list_ledgers(tenant.ask(list)).await.unwrap().into_inner();

    assert_eq!((issued.currency.as_str(), issued.holder_name.as_str()), ("GBP", "Joe Bloggs"));
    assert_eq!(
        (issued.primary_use.as_slice(), issued.status()),
        (&[PrimaryUse::Payments.into()][..], LedgerStatus::Ready)
    );
    assert_eq!(again.metadata().get("x-lombard-replayed").unwrap(), "true");
    assert_eq!((again.into_inner(), found), (issued.clone(), issued));
    assert_eq!((disabled.active, disabled.status()), (false, LedgerStatus::Disabled));
    assert_eq!((page.ledgers.as_slice(), page.total_size), (&[disabled][..], 1));
    let bad = ledgers.create_ledger(tenant.ask(create_ledger("", "x", "jpy"))).await.unwrap_err();
    assert_eq!(fields(&bad), ["ledger.customer_id", "ledger.currency"]);
}

#[tokio::test]
async fn money_comes_in_moves_and_is_read_on_both_sides() {
    let tenant = Tenant::new();
    let mut ledgers = tenant.ledgers.clone();
    let [from, to] = [tenant.ledger("gbp").await, tenant.ledger("GBP").await];

    let came = tenant.fund(&from, "10.5").await;
    let ask = || tenant.ask(transfer("k-1", &from, &to, 250));
    let moved = ledgers.create_transfer(ask()).await.unwrap().into_inner();
    let again = ledgers.create_transfer(ask()).await.unwrap();
    let declined = tenant.ask(transfer("k-2", &from, &to, 1_000_000));
    let declined = ledgers.create_transfer(declined).await.unwrap().into_inner();
    let get = tenant.ask(GetTransferRequest { transfer_id: moved.transfer_id.clone() });
    let found = ledgers.get_transfer(get).await.unwrap().into_inner();

    assert_eq!((came.r#type(), came.from_ledger_id.as_str()), (TransactionType::FasterPayment, ""));
    assert_eq!(moved.response_code(), ResponseCode::Success);
    assert_eq!(again.metadata().get("x-lombard-replayed").unwrap(), "true");
    assert_eq!((again.into_inner(), found), (moved.clone(), moved.clone()));
    assert_eq!(declined.response_code(), ResponseCode::InsufficientFunds);
    assert_eq!(declined.to_transaction_id, "");
    assert_eq!([tenant.balance(&from).await, tenant.balance(&to).await], [800, 250]);
    let filter =
        TransactionFilter { direction: Direction::In.into(), ..TransactionFilter::default() };
    let list = ListTransactionsRequest {
        ledger_id: to.ledger_id.clone(),
        filter: Some(filter),
        ..ListTransactionsRequest::default()
    };
    let page = ledgers.list_transactions(tenant.ask(list)).await.unwrap().into_inner();
    assert_eq!((page.transactions.len(), page.total_size), (1, 1));
    let received = &page.transactions[0];
    assert_eq!(received.transaction_id, moved.to_transaction_id);
    assert_eq!(received.linked_transaction_id, moved.from_transaction_id);
    assert_eq!(received.counterparty, from.bank_details);
    let get = GetTransactionRequest { transaction_id: moved.to_transaction_id.clone() };
    let one = ledgers.get_transaction(tenant.ask(get)).await.unwrap().into_inner();
    assert_eq!(&one, received);
    for (id, is_page) in [(&to.ledger_id, true), (&moved.to_transaction_id, false)] {
        let query =
            QueryTransactionsRequest { id: id.clone(), ..QueryTransactionsRequest::default() };
        let found = ledgers.query_transactions(tenant.ask(query)).await.unwrap().into_inner();
        assert_eq!(matches!(found.answer, Some(Answer::Page(_))), is_page);
    }
}

#[tokio::test]
async fn refusals_carry_their_reason_and_every_bad_field() {
    let (tenant, stranger) = (Tenant::new(), Tenant::new());
    let mut ledgers = tenant.ledgers.clone();
    let [from, euros] = [tenant.ledger("gbp").await, tenant.ledger("eur").await];
    tenant.fund(&from, "10").await;

    let mut bad = transfer("a b", &from, &from, 0);
    bad.reference = "a,b".to_owned();
    let bad = ledgers.create_transfer(tenant.ask(bad)).await.unwrap_err();
    let differ = tenant.ask(transfer("", &from, &euros, 100));
    let differ = ledgers.create_transfer(differ).await.unwrap_err();
    let unseen = stranger.ask(transfer("", &from, &euros, 100));
    let unseen = ledgers.create_transfer(unseen).await.unwrap_err();

    let mut bad = fields(&bad);
    bad.sort_unstable();
    assert_eq!(bad, ["money.minor_units", "reference", "request_id", "to_ledger_id"]);
    assert_eq!(
        (differ.code(), reason(&differ).as_str()),
        (Code::FailedPrecondition, "CURRENCY_MISMATCH")
    );
    assert_eq!((unseen.code(), reason(&unseen).as_str()), (Code::NotFound, "LEDGER_NOT_FOUND"));
}

#[tokio::test]
async fn a_transfer_is_undone_and_the_balance_of_before_is_still_told() {
    let tenant = Tenant::new();
    let mut ledgers = tenant.ledgers.clone();
    let [from, to] = [tenant.ledger("gbp").await, tenant.ledger("gbp").await];
    tenant.fund(&from, "10").await;
    let mut noted = transfer("", &from, &to, 250);
    noted.metadata.insert("invoice".to_owned(), "7".to_owned());
    let moved = ledgers.create_transfer(tenant.ask(noted)).await.unwrap().into_inner();
    let reverse = ReverseTransferRequest {
        request_id: "k-1".to_owned(),
        transfer_id: moved.transfer_id.clone(),
        ..ReverseTransferRequest::default()
    };

    let back = ledgers.reverse_transfer(tenant.ask(reverse.clone())).await.unwrap().into_inner();
    let again = ledgers.reverse_transfer(tenant.ask(reverse.clone())).await.unwrap();
    let anew = ReverseTransferRequest { request_id: String::new(), ..reverse };
    let anew = ledgers.reverse_transfer(tenant.ask(anew)).await.unwrap_err();
    let at = |time| GetBalanceRequest { ledger_id: from.ledger_id.clone(), at: time };
    let then = ledgers.get_balance(tenant.ask(at(moved.create_time))).await.unwrap().into_inner();
    let now = ledgers.get_balance(tenant.ask(at(None))).await.unwrap().into_inner();

    assert_eq!(moved.metadata["invoice"], "7");
    assert_eq!(back.reverses_transfer_id, moved.transfer_id);
    assert_eq!(again.metadata().get("x-lombard-replayed").unwrap(), "true");
    assert_eq!(again.into_inner(), back);
    assert_eq!(reason(&anew), "ALREADY_REVERSED");
    let told = [then, now].map(|found| (found.balance.unwrap().minor_units, found.transaction_id));
    assert_eq!(told, [(750, moved.from_transaction_id), (1000, back.to_transaction_id)]);
}

#[tokio::test]
async fn a_limit_is_set_in_either_form() {
    let tenant = Tenant::new();
    let mut ledgers = tenant.ledgers.clone();
    let ledger = tenant.ledger("gbp").await;
    let money = Money { currency: "GBP".to_owned(), minor_units: 500 };
    let request = |limit: Option<Money>, decimal: &str| UpdateLedgerRequest {
        ledger: Some(Ledger { overdraft_limit: limit, ..ledger.clone() }),
        update_mask: Some(FieldMask { paths: vec!["overdraft_limit".to_owned()] }),
        overdraft_limit_decimal: decimal.to_owned(),
        ..UpdateLedgerRequest::default()
    };

    let one = tenant.ask(request(Some(money.clone()), ""));
    let one = ledgers.update_ledger(one).await.unwrap().into_inner();
    let other = tenant.ask(request(None, "7.5"));
    let other = ledgers.update_ledger(other).await.unwrap().into_inner();
    let both = ledgers.update_ledger(tenant.ask(request(Some(money), "7.5"))).await.unwrap_err();

    assert_eq!(one.overdraft_limit.unwrap().minor_units, 500);
    assert_eq!(other.overdraft_limit.unwrap().minor_units, 750);
    assert_eq!(fields(&both), ["overdraft_limit_decimal"]);
}
