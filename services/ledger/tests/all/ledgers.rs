use std::collections::HashSet;

use proto::ledger::v1::{
    BatchGetLedgerSummariesRequest, BatchGetLedgersRequest, CreateLedgerRequest, Ledger,
    LedgerStatus, ListLedgersRequest, PrimaryUse,
};
use tokio::task::JoinSet;
use tonic::Code;
use types::{Iban, LedgerId};

use crate::support::{bad_fields, inbound, new_ledger, reason, settings, setup, setup_with};

#[tokio::test]
async fn a_new_ledger_is_empty_active_and_has_all_its_bank_details() {
    let setup = setup().await;
    let customer_id = setup.customer("Bloggs").await;

    let ledger = setup.create_ledger(new_ledger(&customer_id, "gbp")).await.unwrap();
    let read = setup.get_ledger(&ledger.ledger_id).await.unwrap();

    let bank = ledger.bank_details.clone().unwrap();
    assert_eq!(ledger, read);
    assert_eq!((ledger.currency.as_str(), ledger.holder_name.as_str()), ("GBP", "Joe Bloggs"));
    assert_eq!((ledger.active, ledger.status()), (true, LedgerStatus::Ready));
    assert_eq!(ledger.balance.unwrap().minor_units, 0);
    assert_eq!(ledger.available.unwrap().minor_units, 0);
    assert_eq!((bank.sort_code.as_str(), bank.bic_swift.as_str()), ("040052", "PAYRGB20XXX"));
    assert_eq!(bank.account_number, "00000001");
    assert!(bank.iban.ends_with("PAYR04005200000001"), "{}", bank.iban);
    Iban::parse(&bank.iban).unwrap();
}

#[tokio::test]
async fn every_bad_field_of_a_new_ledger_is_named_at_once() {
    let setup = setup().await;
    let bad = Ledger {
        customer_id: "x".into(),
        currency: "CHF".into(),
        primary_use: vec![99],
        owner: "m".into(),
        ..Default::default()
    };
    let request = CreateLedgerRequest {
        request_id: "not visible".into(),
        ledger: Some(bad),
        ..Default::default()
    };

    let malformed = setup.ledger.clone().create_ledger(setup.request(request)).await.unwrap_err();
    let absent = setup.create_ledger(Ledger::default()).await.unwrap_err();

    let fields = ["ledger.currency", "ledger.customer_id", "ledger.owner", "ledger.primary_use"];
    assert_eq!(bad_fields(&absent), fields);
    assert_eq!(bad_fields(&malformed), [&fields[..], &["request_id"]].concat());
}

#[tokio::test]
async fn validation_alone_issues_nothing_and_takes_no_key() {
    let setup = setup().await;
    let request = CreateLedgerRequest {
        request_id: "once".into(),
        ledger: Some(new_ledger(&types::CustomerId::new().to_string(), "gbp")),
        validate_only: true,
    };

    let answer = setup.ledger.clone().create_ledger(setup.request(request)).await.unwrap();

    assert_eq!(answer.into_inner(), Ledger::default());
    let written = "select (select count(*) from ledgers) + (select count(*) from requests)";
    assert_eq!(sqlx::query_scalar::<_, i64>(written).fetch_one(&setup.pool).await.unwrap(), 0);
}

#[tokio::test]
async fn a_ledger_needs_an_active_customer() {
    let setup = setup().await;
    let nobody = types::CustomerId::new().to_string();
    let customer_id = setup.customer("Bloggs").await;
    setup.set_customer_active(&customer_id, false).await;

    let missing = setup.create_ledger(new_ledger(&nobody, "gbp")).await.unwrap_err();
    let disabled = setup.create_ledger(new_ledger(&customer_id, "gbp")).await.unwrap_err();

    assert_eq!((missing.code(), reason(&missing).as_str()), (Code::NotFound, "CUSTOMER_NOT_FOUND"));
    assert_eq!(disabled.code(), Code::FailedPrecondition);
    assert_eq!(reason(&disabled), "CUSTOMER_DISABLED");
}

#[tokio::test]
async fn account_numbers_issued_at_once_are_all_different() {
    let setup = setup().await;
    let customer_id = setup.customer("Bloggs").await;
    let mut issuing = JoinSet::new();
    for _ in 0..50 {
        let (setup, new) = (setup.clone(), new_ledger(&customer_id, "gbp"));
        issuing.spawn(async move { setup.create_ledger(new).await.unwrap() });
    }

    let ledgers = issuing.join_all().await;

    let bank = ledgers.into_iter().map(|ledger| ledger.bank_details.unwrap());
    let numbers: HashSet<u32> = bank
        .inspect(|bank| assert!(Iban::parse(&bank.iban).is_ok()))
        .map(|bank| bank.account_number.parse().unwrap())
        .collect();
    assert_eq!(numbers.len(), 50);
}

#[tokio::test]
async fn an_account_number_is_taken_without_keeping_others_from_theirs() {
    let setup = setup().await;
    let customer_id = setup.customer("Bloggs").await;
    let mut blocking = setup.pool.begin().await.unwrap();
    sqlx::query("lock table ledgers in share mode").execute(&mut *blocking).await.unwrap();
    let mut issuing = JoinSet::new();
    issuing.spawn({
        let (setup, new) = (setup.clone(), new_ledger(&customer_id, "gbp"));
        async move { setup.create_ledger(new).await.unwrap() }
    });
    let waits = "
        select exists (
            select from pg_locks where not granted and relation = 'ledgers'::regclass
        )";
    while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&setup.pool).await.unwrap() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }

    let counter = "select next from account_number_counters for update nowait";
    let next: Result<i32, _> = sqlx::query_scalar(counter).fetch_one(&setup.pool).await;
    blocking.rollback().await.unwrap();

    assert_eq!(next.unwrap(), 2);
    assert_eq!(issuing.join_all().await.len(), 1);
}

#[tokio::test]
async fn two_tenants_never_have_the_same_account_number() {
    let setup = setup().await;

    let (one, other) = (setup.ledger("gbp").await, setup.other_tenant().ledger("gbp").await);

    assert_ne!(one.bank_details, other.bank_details);
}

#[tokio::test]
async fn a_used_up_sort_code_is_not_the_callers_to_know() {
    let setup = setup().await;
    let customer_id = setup.customer("Bloggs").await;
    let last = "insert into account_number_counters values ('040052', 99999999)";
    sqlx::query(last).execute(&setup.pool).await.unwrap();

    let last = setup.create_ledger(new_ledger(&customer_id, "gbp")).await.unwrap();
    let full = setup.create_ledger(new_ledger(&customer_id, "gbp")).await.unwrap_err();

    assert_eq!(last.bank_details.unwrap().account_number, "99999999");
    assert_eq!((full.code(), reason(&full).as_str()), (Code::Unavailable, "UNAVAILABLE"));
    assert!(!full.message().contains("number"));
}

#[tokio::test]
async fn the_holders_name_is_the_present_one() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    let request = proto::customer::v1::UpdateCustomerRequest {
        customer: Some(proto::customer::v1::Customer {
            customer_id: ledger.customer_id.clone(),
            last_name: "Married".into(),
            ..Default::default()
        }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["last_name".into()] }),
        ..Default::default()
    };

    setup.customer.clone().update_customer(setup.request(request)).await.unwrap();

    assert_eq!(setup.get_ledger(&ledger.ledger_id).await.unwrap().holder_name, "Joe Married");
}

#[tokio::test]
async fn ledgers_of_other_tenants_do_not_exist() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    let other = setup.other_tenant();
    let customer_id = ledger.customer_id.clone();
    let mut client = setup.ledger.clone();

    let read = other.get_ledger(&ledger.ledger_id).await.unwrap_err();
    let update = other.set_active(&ledger.ledger_id, false).await.unwrap_err();
    let issue = other.create_ledger(new_ledger(&customer_id, "gbp")).await.unwrap_err();
    let list = ListLedgersRequest { customer_id: customer_id.clone(), ..Default::default() };
    let list = client.list_ledgers(other.request(list)).await.unwrap_err();
    let batch = BatchGetLedgersRequest { ledger_ids: vec![ledger.ledger_id.clone()] };
    let batch = client.batch_get_ledgers(other.request(batch)).await.unwrap().into_inner();
    let sums = BatchGetLedgerSummariesRequest { customer_ids: vec![customer_id] };
    let sums = client.batch_get_ledger_summaries(other.request(sums)).await.unwrap().into_inner();

    assert_eq!((read.code(), reason(&read).as_str()), (Code::NotFound, "LEDGER_NOT_FOUND"));
    assert_eq!(reason(&update), "LEDGER_NOT_FOUND");
    assert_eq!(reason(&issue), "CUSTOMER_NOT_FOUND");
    assert_eq!(reason(&list), "CUSTOMER_NOT_FOUND");
    assert!(batch.ledgers.is_empty());
    assert!(sums.summaries.is_empty());
}

#[tokio::test]
async fn a_call_without_a_tenant_is_refused() {
    let setup = setup().await;
    let request = proto::ledger::v1::GetLedgerRequest { ledger_id: LedgerId::new().to_string() };

    let status = setup.ledger.clone().get_ledger(request).await.unwrap_err();

    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unauthenticated, "CALLER_REQUIRED")
    );
}

#[tokio::test]
async fn a_batch_answers_in_the_order_of_its_ids() {
    let setup = setup().await;
    let (one, two) = (setup.ledger("gbp").await, setup.ledger("eur").await);
    let nothing = LedgerId::new().to_string();
    let mut client = setup.ledger.clone();

    let ids = vec![two.ledger_id.clone(), nothing, one.ledger_id.clone()];
    let found = client.batch_get_ledgers(setup.request(BatchGetLedgersRequest { ledger_ids: ids }));
    let found = found.await.unwrap().into_inner().ledgers;
    let bad = BatchGetLedgersRequest { ledger_ids: vec![one.ledger_id.clone(), "x".into()] };
    let bad = client.batch_get_ledgers(setup.request(bad)).await.unwrap_err();
    let long = BatchGetLedgersRequest { ledger_ids: vec![one.ledger_id.clone(); 1001] };
    let long = client.batch_get_ledgers(setup.request(long)).await.unwrap_err();

    assert_eq!(found, [two, one]);
    assert_eq!(bad_fields(&bad), ["ledger_ids[1]"]);
    assert_eq!(bad_fields(&long), ["ledger_ids"]);
}

#[tokio::test]
async fn a_customers_ledgers_are_listed_newest_first_and_pages_are_stable() {
    let setup = setup().await;
    let customer_id = setup.customer("Bloggs").await;
    let mut issued = Vec::new();
    for _ in 0..5 {
        issued.insert(0, setup.create_ledger(new_ledger(&customer_id, "gbp")).await.unwrap());
    }
    let ask = |page_size, page_token: &str| ListLedgersRequest {
        page_size: Some(page_size),
        page_token: page_token.into(),
        customer_id: customer_id.clone(),
    };
    let mut client = setup.ledger.clone();

    let first = client.list_ledgers(setup.request(ask(2, ""))).await.unwrap().into_inner();
    setup.create_ledger(new_ledger(&customer_id, "gbp")).await.unwrap();
    let token = &first.next_page_token;
    let rest = client.list_ledgers(setup.request(ask(3, token))).await.unwrap().into_inner();
    let bad = client.list_ledgers(setup.request(ask(0, "made up"))).await.unwrap_err();

    assert_eq!(first.ledgers, issued[..2]);
    assert_eq!((first.total_size, rest.total_size), (5, 6));
    assert_eq!(rest.ledgers, issued[2..]);
    assert_eq!(rest.next_page_token, "");
    assert_eq!(bad_fields(&bad), ["page_size", "page_token"]);
}

#[tokio::test]
async fn summaries_count_ledgers_and_join_their_uses() {
    let setup = setup().await;
    let (one, none) = (setup.customer("One").await, setup.customer("None").await);
    let two = setup.customer("Two").await;
    for primary_use in
        [[PrimaryUse::Escrow, PrimaryUse::Fee], [PrimaryUse::Fee, PrimaryUse::Deposit]]
    {
        let primary_use = primary_use.map(i32::from).into();
        let ledger = Ledger { primary_use, ..new_ledger(&two, "gbp") };
        setup.create_ledger(ledger).await.unwrap();
    }
    setup.create_ledger(new_ledger(&one, "eur")).await.unwrap();

    let request =
        BatchGetLedgerSummariesRequest { customer_ids: vec![two.clone(), none, one.clone()] };
    let found = setup.ledger.clone().batch_get_ledger_summaries(setup.request(request)).await;
    let found = found.unwrap().into_inner().summaries;

    assert_eq!(found.len(), 2);
    assert_eq!((&found[0].customer_id, found[0].ledger_count), (&two, 2));
    let joined: Vec<PrimaryUse> = found[0].primary_use().collect();
    assert_eq!(joined, [PrimaryUse::Deposit, PrimaryUse::Fee, PrimaryUse::Escrow]);
    assert_eq!((&found[1].customer_id, found[1].ledger_count), (&one, 1));
}

#[tokio::test]
async fn repeated_uses_are_dropped() {
    let setup = setup().await;
    let customer_id = setup.customer("Bloggs").await;
    let uses = [PrimaryUse::Fee, PrimaryUse::Deposit, PrimaryUse::Fee].map(i32::from);
    let ledger = Ledger { primary_use: uses.into(), ..new_ledger(&customer_id, "gbp") };

    let ledger = setup.create_ledger(ledger).await.unwrap();

    assert_eq!(ledger.primary_use, uses[..2]);
}

#[tokio::test]
async fn without_the_sandbox_no_money_comes_from_nowhere() {
    let setup = setup_with(ledger::Settings { sandbox: false, ..settings() }).await;
    let ledger = setup.ledger("gbp").await;

    let status = setup.inbound(inbound(&ledger, "1")).await.unwrap_err();

    assert_eq!(status.code(), Code::Unimplemented);
}
