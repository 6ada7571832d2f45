use proto::ledger::v1::{
    Direction, GetTransactionRequest, Ledger, ListTransactionsRequest, QueryTransactionsRequest,
    Transaction, TransactionFilter, TransactionType, query_transactions_response::Answer,
};
use tonic::{Code, Status};
use types::{LedgerId, TransferId};

use crate::support::{Setup, bad_fields, inbound, list, reason, setup, transfer};

async fn get(setup: &Setup, id: &str) -> Result<Transaction, Status> {
    let request = setup.request(GetTransactionRequest { transaction_id: id.into() });
    Ok(setup.ledger.clone().get_transaction(request).await?.into_inner())
}

async fn query(setup: &Setup, id: &str) -> Result<Answer, Status> {
    let request = setup.request(QueryTransactionsRequest { id: id.into(), ..Default::default() });
    Ok(setup.ledger.clone().query_transactions(request).await?.into_inner().answer.unwrap())
}

async fn filtered(setup: &Setup, ledger: &Ledger, filter: TransactionFilter) -> (Vec<i64>, i64) {
    let request = ListTransactionsRequest { filter: Some(filter), ..list(ledger) };
    let page = setup.list(request).await.unwrap();
    let amounts = page.transactions.into_iter().map(|row| row.amount.unwrap().minor_units);
    (amounts.collect(), page.total_size)
}

#[tokio::test]
async fn each_side_has_its_own_transaction_with_the_other_as_counterparty() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100).await, setup.ledger("gbp").await);

    let posted = setup.transfer(transfer(&alice, &bob, "0.60")).await.unwrap();
    let sent = get(&setup, &posted.from_transaction_id).await.unwrap();
    let received = get(&setup, &posted.to_transaction_id).await.unwrap();

    assert_eq!(sent.direction(), Direction::Out);
    assert_eq!(received.direction(), Direction::In);
    assert_eq!((&sent.ledger_id, &received.ledger_id), (&alice.ledger_id, &bob.ledger_id));
    assert_eq!(sent.linked_transaction_id, received.transaction_id);
    assert_eq!(received.linked_transaction_id, sent.transaction_id);
    assert_eq!(sent.counterparty, bob.bank_details);
    assert_eq!(received.counterparty, alice.bank_details);
    assert_eq!(sent.counterparty_name, "Joe Bloggs");
    assert_eq!(sent.amount.as_ref().unwrap().minor_units, 60);
    assert_eq!(sent.amount, received.amount);
    assert_eq!(sent.balance_after.as_ref().unwrap().minor_units, 40);
    assert_eq!(received.balance_after.as_ref().unwrap().minor_units, 60);
    assert_eq!(sent.create_time, posted.create_time);
    assert_eq!(setup.list_all(&alice).await.transactions[0], sent);
    assert_eq!(setup.list_all(&bob).await.transactions, [received]);
}

#[tokio::test]
async fn what_has_no_entry_on_a_ledger_is_no_transaction() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100).await, setup.ledger("gbp").await);
    let declined = setup.transfer(transfer(&alice, &bob, "2")).await.unwrap();
    let paid = setup.list_all(&alice).await.transactions.pop().unwrap();
    let side = |transfer_id: &str, side| {
        TransferId::parse(transfer_id).unwrap().transaction(side).to_string()
    };

    let ids = [
        side(&declined.transfer_id, types::Side::Credit),
        side(&paid.transfer_id, types::Side::Debit),
        declined.transfer_id.clone(),
        LedgerId::new().to_string(),
    ];
    for id in ids {
        let status = get(&setup, &id).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::NotFound, "TRANSACTION_NOT_FOUND")
        );
    }
    let theirs = get(&setup.other_tenant(), &declined.from_transaction_id).await.unwrap_err();
    assert_eq!(reason(&theirs), "TRANSACTION_NOT_FOUND");
    assert_eq!(bad_fields(&get(&setup, "x").await.unwrap_err()), ["transaction_id"]);
}

#[tokio::test]
async fn the_list_is_newest_first_and_stable_while_money_moves() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(1_000).await, setup.ledger("gbp").await);
    for decimal in ["0.01", "0.02", "0.03", "0.04"] {
        setup.transfer(transfer(&alice, &bob, decimal)).await.unwrap();
    }
    let amounts = |rows: &[Transaction]| -> Vec<i64> {
        rows.iter().map(|row| row.amount.as_ref().unwrap().minor_units).collect()
    };
    let page = |page_size, token: &str| ListTransactionsRequest {
        page_size: Some(page_size),
        page_token: token.into(),
        ..list(&alice)
    };

    let first = setup.list(page(2, "")).await.unwrap();
    setup.transfer(transfer(&alice, &bob, "0.05")).await.unwrap();
    let second = setup.list(page(2, &first.next_page_token)).await.unwrap();
    let last = setup.list(page(2, &second.next_page_token)).await.unwrap();

    assert_eq!(amounts(&first.transactions), [4, 3]);
    assert_eq!(amounts(&second.transactions), [2, 1]);
    assert_eq!(amounts(&last.transactions), [1_000]);
    assert_eq!(last.next_page_token, "");
    assert_eq!((first.total_size, second.total_size), (5, 6));
}

#[tokio::test]
async fn an_empty_ledger_has_an_empty_list() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;

    let page = setup.list(list(&ledger)).await.unwrap();

    assert_eq!((page.transactions.len(), page.total_size), (0, 0));
    assert_eq!(page.next_page_token, "");
}

#[tokio::test]
async fn filters_are_by_type_and_direction() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(1_000).await, setup.funded(500).await);
    setup.transfer(transfer(&alice, &bob, "0.10")).await.unwrap();
    setup.transfer(transfer(&bob, &alice, "0.20")).await.unwrap();
    setup.transfer(transfer(&alice, &bob, "99")).await.unwrap();
    let filter = |kind: Option<TransactionType>, direction: Option<Direction>| TransactionFilter {
        r#type: kind.map_or(0, Into::into),
        direction: direction.map_or(0, Into::into),
        ..Default::default()
    };
    let (internal, rail) = (TransactionType::InternalTransfer, TransactionType::FasterPayment);

    for (kind, direction, amounts) in [
        (None, None, &[9_900, 20, 10, 1_000][..]),
        (None, Some(Direction::In), &[20, 1_000]),
        (None, Some(Direction::Out), &[9_900, 10]),
        (Some(internal), None, &[9_900, 20, 10]),
        (Some(rail), None, &[1_000]),
        (Some(internal), Some(Direction::In), &[20]),
        (Some(rail), Some(Direction::Out), &[]),
    ] {
        let (found, total) = filtered(&setup, &alice, filter(kind, direction)).await;
        assert_eq!(found, amounts, "{kind:?} {direction:?}");
        assert_eq!(total, i64::try_from(amounts.len()).unwrap(), "{kind:?} {direction:?}");
    }
}

#[tokio::test]
async fn filters_by_time_include_the_start_and_exclude_the_end() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    for pounds in 1..=7 {
        setup.inbound(inbound(&ledger, &pounds.to_string())).await.unwrap();
    }
    let rows = setup.list_all(&ledger).await.transactions;
    let time = |pounds: usize| rows[7 - pounds].create_time;
    let span = |from, before| TransactionFilter {
        create_time_from: from,
        create_time_before: before,
        ..Default::default()
    };
    let long_ago = Some(prost_types::Timestamp { seconds: 0, nanos: 0 });
    let far_off = Some(prost_types::Timestamp { seconds: 99_999_999_999, nanos: 0 });

    for (from, before, pounds) in [
        (time(3), time(6), vec![5, 4, 3]),
        (time(6), None, vec![7, 6]),
        (None, time(2), vec![1]),
        (long_ago, far_off, vec![7, 6, 5, 4, 3, 2, 1]),
        (far_off, None, vec![]),
        (None, long_ago, vec![]),
        (time(6), time(3), vec![]),
    ] {
        let (found, total) = filtered(&setup, &ledger, span(from, before)).await;
        let pence: Vec<i64> = pounds.iter().map(|pounds| pounds * 100).collect();
        assert_eq!(found, pence, "{from:?} {before:?}");
        assert_eq!(total, i64::try_from(pence.len()).unwrap(), "{from:?} {before:?}");
    }
}

#[tokio::test]
async fn filters_page_like_the_whole_list() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(1_000).await, setup.funded(1_000).await);
    for decimal in ["0.01", "0.02", "0.03"] {
        setup.transfer(transfer(&alice, &bob, decimal)).await.unwrap();
        setup.transfer(transfer(&bob, &alice, "0.50")).await.unwrap();
    }
    let filter = TransactionFilter { direction: Direction::Out.into(), ..Default::default() };
    let page = |token: &str| ListTransactionsRequest {
        page_size: Some(2),
        page_token: token.into(),
        filter: Some(filter),
        ..list(&alice)
    };

    let first = setup.list(page("")).await.unwrap();
    let second = setup.list(page(&first.next_page_token)).await.unwrap();

    assert_eq!((first.transactions.len(), second.transactions.len()), (2, 1));
    assert_eq!((first.total_size, second.total_size), (3, 3));
    assert_eq!(second.next_page_token, "");
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let setup = setup().await;
    let request = ListTransactionsRequest {
        page_size: Some(1001),
        page_token: "made up".into(),
        ledger_id: "x".into(),
        filter: Some(TransactionFilter {
            create_time_from: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
            create_time_before: Some(prost_types::Timestamp { seconds: 0, nanos: -1 }),
            r#type: 99,
            direction: 99,
        }),
    };

    let status = setup.list(request).await.unwrap_err();

    let fields = [
        "filter.create_time_before",
        "filter.create_time_from",
        "filter.direction",
        "filter.type",
        "ledger_id",
        "page_size",
        "page_token",
    ];
    assert_eq!(bad_fields(&status), fields);
}

#[tokio::test]
async fn a_page_token_of_no_sequence_number_is_refused() {
    let setup = setup().await;
    let ledger = setup.funded(100).await;

    for place in [0, -1, i64::MIN] {
        let request =
            ListTransactionsRequest { page_token: kit::page::token(&place), ..list(&ledger) };
        let status = setup.list(request).await.unwrap_err();
        assert_eq!(bad_fields(&status), ["page_token"], "{place}");
    }
}

#[tokio::test]
async fn an_unknown_ledger_or_one_of_another_tenant_has_no_list() {
    let setup = setup().await;
    let mut ledger = setup.ledger("gbp").await;

    let theirs = setup.other_tenant().list(list(&ledger)).await.unwrap_err();
    ledger.ledger_id = LedgerId::new().to_string();
    let nobodys = setup.list(list(&ledger)).await.unwrap_err();

    assert_eq!((theirs.code(), reason(&theirs).as_str()), (Code::NotFound, "LEDGER_NOT_FOUND"));
    assert_eq!(reason(&nobodys), "LEDGER_NOT_FOUND");
}

#[tokio::test]
async fn one_query_answers_a_ledgers_id_and_a_transactions() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100).await, setup.ledger("gbp").await);
    let posted = setup.transfer(transfer(&alice, &bob, "1")).await.unwrap();

    let page = query(&setup, &alice.ledger_id).await.unwrap();
    let transaction = query(&setup, &posted.to_transaction_id).await.unwrap();
    let nothing = query(&setup, &LedgerId::new().to_string()).await.unwrap_err();
    let theirs = query(&setup.other_tenant(), &alice.ledger_id).await.unwrap_err();
    let malformed = query(&setup, "x").await.unwrap_err();

    assert_eq!(page, Answer::Page(setup.list_all(&alice).await));
    let expected = get(&setup, &posted.to_transaction_id).await.unwrap();
    assert_eq!(transaction, Answer::Transaction(expected));
    assert_eq!(reason(&nothing), "LEDGER_OR_TRANSACTION_NOT_FOUND");
    assert_eq!(reason(&theirs), "LEDGER_OR_TRANSACTION_NOT_FOUND");
    assert_eq!(bad_fields(&malformed), ["id"]);
}
