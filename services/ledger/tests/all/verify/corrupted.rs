use super::Books;

#[tokio::test]
async fn an_entry_of_another_amount_is_caught() {
    let books = Books::new().await;

    books
        .corrupt(
            "update entries set amount_minor = amount_minor + 1
            where account_id = {bob} and transfer_id = {posted}",
        )
        .await;

    let (transfer, entry) = (books.id(&books.posted.transfer_id), books.bob("/3"));
    let expected = [
        ("transfer_sums", vec![transfer]),
        ("entry_sides", vec![entry.clone()]),
        ("running_balances", vec![entry]),
        ("balances", vec![books.bob("")]),
    ];
    assert_eq!(books.broken().await, expected);
}

#[tokio::test]
async fn a_missing_entry_is_caught() {
    let books = Books::new().await;

    books.corrupt("delete from entries where account_id = {alice} and sequence = 3").await;

    let transfer = books.id(&books.undone.transfer_id);
    let expected = [
        ("transfer_sums", vec![transfer.clone()]),
        ("transfer_entries", vec![transfer]),
        ("entry_sequences", vec![books.alice("/4")]),
        ("running_balances", vec![books.alice("/4")]),
        ("balances", vec![books.alice("")]),
        ("entry_counts", vec![books.alice("")]),
    ];
    assert_eq!(books.broken().await, expected);
}

#[tokio::test]
async fn an_entry_too_many_is_caught() {
    let books = Books::new().await;

    books
        .corrupt(
            "insert into entries
            select tenant_id, account_id, sequence + 1, transfer_id, type, 'out', 0,
                balance_after_minor, create_time
            from entries where account_id = {bob} and transfer_id = {declined};
            update accounts set entry_count = entry_count + 1 where account_id = {bob}",
        )
        .await;

    let expected = [
        ("transfer_entries", vec![books.id(&books.declined.transfer_id)]),
        ("entry_sides", vec![books.bob("/5")]),
    ];
    assert_eq!(books.broken().await, expected);
}

#[tokio::test]
async fn entries_without_their_transfer_are_caught() {
    let books = Books::new().await;

    books.corrupt("delete from transfers where transfer_id = {posted}").await;

    let mut entries = vec![books.alice("/5"), books.bob("/3")];
    entries.sort();
    assert_eq!(books.broken().await, [("entry_transfers", entries)]);
}

#[tokio::test]
async fn a_transfer_without_entries_is_caught() {
    let books = Books::new().await;

    books
        .corrupt(
            "insert into transfers (tenant_id, transfer_id, type, response_code, debit_account_id,
                credit_account_id, amount_minor, currency, reference, debit_sequence,
                credit_sequence, create_time)
            select tenant_id, '00000000-0000-7000-8000-000000000000', type, response_code,
                debit_account_id, credit_account_id, amount_minor, currency, reference,
                debit_sequence, credit_sequence, create_time
            from transfers where transfer_id = {posted}",
        )
        .await;

    let expected = books.id("00000000-0000-7000-8000-000000000000");
    assert_eq!(books.broken().await, [("transfer_entries", vec![expected])]);
}

#[tokio::test]
async fn a_transfer_of_another_currency_than_its_accounts_is_caught() {
    let books = Books::new().await;

    books.corrupt("update transfers set currency = 'EUR' where transfer_id = {posted}").await;

    let expected = [("transfer_accounts", vec![books.id(&books.posted.transfer_id)])];
    assert_eq!(books.broken().await, expected);
}

#[tokio::test]
async fn money_from_nowhere_is_caught() {
    let books = Books::new().await;

    books
        .corrupt("update accounts set balance_minor = balance_minor + 1 where account_id = {alice}")
        .await;

    let expected = [("balances", vec![books.alice("")]), ("currency_sums", vec![books.id("GBP")])];
    assert_eq!(books.broken().await, expected);
}

#[tokio::test]
async fn a_wrong_balance_after_an_entry_is_caught() {
    let books = Books::new().await;

    books
        .corrupt(
            "update entries set balance_after_minor = balance_after_minor + 1
            where account_id = {alice} and sequence = 3",
        )
        .await;

    let expected = [("running_balances", vec![books.alice("/3"), books.alice("/4")])];
    assert_eq!(books.broken().await, expected);
}

#[tokio::test]
async fn a_wrong_count_of_entries_is_caught() {
    let books = Books::new().await;

    books
        .corrupt("update accounts set entry_count = entry_count + 1 where account_id = {alice}")
        .await;

    assert_eq!(books.broken().await, [("entry_counts", vec![books.alice("")])]);
}

#[tokio::test]
async fn time_that_goes_back_is_caught() {
    let books = Books::new().await;

    books
        .corrupt(
            "update entries set create_time = create_time - interval '1 day'
            where transfer_id = {declined};
            update transfers set create_time = create_time - interval '1 day'
            where transfer_id = {declined};
            update accounts set last_entry_time = (
                select max(create_time) from entries where account_id = {bob}
            ) where account_id = {bob}",
        )
        .await;

    assert_eq!(books.broken().await, [("entry_times", vec![books.bob("/4")])]);
}

#[tokio::test]
async fn an_account_with_another_time_than_its_last_entrys_is_caught() {
    let books = Books::new().await;

    books
        .corrupt(
            "update accounts set last_entry_time = last_entry_time + interval '1 second'
            where account_id = {bob}",
        )
        .await;

    assert_eq!(books.broken().await, [("last_entry_times", vec![books.bob("")])]);
}

#[tokio::test]
async fn money_that_is_held_for_nothing_is_caught() {
    let books = Books::new().await;

    books.corrupt("update accounts set held_minor = 1 where account_id = {alice}").await;

    assert_eq!(books.broken().await, [("holds", vec![books.alice("")])]);
}

#[tokio::test]
async fn an_account_below_its_floor_is_caught() {
    let books = Books::new().await;

    books
        .corrupt(
            "alter table accounts drop constraint accounts_balance_above_floor;
            update accounts set floor_minor = balance_minor + 1 where account_id = {alice}",
        )
        .await;

    assert_eq!(books.broken().await, [("floors", vec![books.alice("")])]);
}

#[tokio::test]
async fn a_key_with_two_outcomes_is_caught() {
    let books = Books::new().await;

    books
        .corrupt(
            "drop index transfers_request_once;
            update transfers t set request_id = u.request_id, request_hash = u.request_hash
            from transfers u where t.transfer_id = {posted} and u.transfer_id = {undone}",
        )
        .await;

    let expected = [("request_ids", vec![books.id("CreateTransfer key")])];
    assert_eq!(books.broken().await, expected);
}

#[tokio::test]
async fn keys_without_an_answer_or_a_hash_are_caught() {
    let books = Books::new().await;

    books
        .corrupt(
            "alter table transfers drop constraint transfers_request_with_hash;
            update transfers set request_hash = null where transfer_id = {undone};
            update requests set response = ''",
        )
        .await;

    let keys = ["CreateInboundPayment key", "CreateTransfer key"].map(|key| books.id(key));
    assert_eq!(books.broken().await, [("request_outcomes", keys.to_vec())]);
}

#[tokio::test]
async fn a_transfer_that_is_undone_twice_is_caught() {
    let books = Books::new().await;

    books
        .corrupt(
            "drop index transfers_reversed_once;
            update transfers set reverses = {posted} where transfer_id = {reversal}",
        )
        .await;
    assert_eq!(books.broken().await, [], "the other one, which is as good");
    let back = crate::support::transfer(&books.bob, &books.alice, "25");
    let again = books.setup.transfer(back).await.unwrap();
    books
        .corrupt(&format!(
            "update transfers set reverses = {{posted}} where transfer_id = '{}'",
            again.transfer_id
        ))
        .await;

    let both = [&books.reversal, &again].map(|transfer| books.id(&transfer.transfer_id));
    assert_eq!(books.broken().await, [("reversals", both.to_vec())]);
}

#[tokio::test]
async fn a_reversal_of_something_else_is_caught() {
    for other in ["{declined}", "{reversal}", "'00000000-0000-7000-8000-000000000000'"] {
        let books = Books::new().await;

        books
            .corrupt(&format!(
                "update transfers set reverses = {other} where transfer_id = {{reversal}}"
            ))
            .await;

        let expected = [("reversals", vec![books.id(&books.reversal.transfer_id)])];
        assert_eq!(books.broken().await, expected, "{other}");
    }
}

#[tokio::test]
async fn a_customers_account_that_is_no_ledger_is_caught() {
    let books = Books::new().await;

    books.corrupt("delete from ledgers where ledger_id = {bob}").await;

    assert_eq!(books.broken().await, [("ledgers", vec![books.bob("")])]);
}

#[tokio::test]
async fn numbers_that_are_wrong_or_were_never_given_out_are_caught() {
    let corruptions = [
        "update ledgers set iban = overlay(iban placing '00' from 3) where ledger_id = {bob}",
        "update ledgers set bic_swift = 'PAYR' where ledger_id = {bob}",
        "update ledgers set account_number = '99999999' where ledger_id = {bob}",
        "update account_number_counters
        set next = (select account_number::int from ledgers where ledger_id = {bob});
        delete from ledgers where account_number > (
            select account_number from ledgers where ledger_id = {bob}
        );
        update accounts set kind = 'settlement', stripe = 9
        where kind = 'customer' and account_id not in (select ledger_id from ledgers);
        delete from inbound_payments where outcome = 'credited' and transfer_id in (
            select transfer_id from transfers
            where credit_account_id not in (select ledger_id from ledgers)
        )",
    ];
    for corruption in corruptions {
        let books = Books::new().await;

        books.corrupt(corruption).await;

        assert_eq!(
            books.broken().await,
            [("account_numbers", vec![books.bob("")])],
            "{corruption}"
        );
    }
}

#[tokio::test]
async fn numbers_of_two_ledgers_are_caught() {
    let books = Books::new().await;

    books
        .corrupt(
            "alter table ledgers drop constraint ledgers_account_number_once;
            alter table ledgers drop constraint ledgers_iban_once;
            update ledgers l set account_number = a.account_number, iban = a.iban
            from ledgers a where l.ledger_id = {bob} and a.ledger_id = {alice}",
        )
        .await;

    let mut both = vec![books.alice(""), books.bob("")];
    both.sort();
    assert_eq!(books.broken().await, [("account_numbers_once", both)]);
}

#[tokio::test]
async fn of_many_that_break_a_rule_twenty_are_named() {
    let books = Books::new().await;
    for _ in 0..25 {
        books.setup.ledger("gbp").await;
    }

    books.corrupt("update ledgers set bic_swift = 'PAYR'").await;

    let report = books.report().await;
    let check = report.check("account_numbers").unwrap();
    assert_eq!((check.checked, check.violations, check.offenders.len()), (29, 29, 20));
}
