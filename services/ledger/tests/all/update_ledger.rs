use std::time::{Duration, Instant};

use prost_types::FieldMask;
use proto::ledger::v1::{
    Ledger, LedgerStatus, UpdateLedgerRequest, ledger_service_client::LedgerServiceClient,
};
use tonic::Code;
use types::LedgerId;

use crate::support::{bad_fields, inbound, is_posted, reason, settings, setup, transfer};

#[tokio::test]
async fn a_disabled_ledger_takes_part_in_no_transfer_until_it_is_enabled() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100).await, setup.funded(100).await);

    let disabled = setup.set_active(&alice.ledger_id, false).await.unwrap();
    let out = setup.transfer(transfer(&alice, &bob, "1")).await.unwrap_err();
    let back = setup.transfer(transfer(&bob, &alice, "1")).await.unwrap_err();
    let inwards = setup.inbound(inbound(&alice, "1")).await.unwrap_err();
    let enabled = setup.set_active(&alice.ledger_id, true).await.unwrap();
    let again = setup.transfer(transfer(&alice, &bob, "1")).await.unwrap();

    assert_eq!((disabled.active, disabled.status()), (false, LedgerStatus::Disabled));
    for refused in [out, back, inwards] {
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason(&refused), "LEDGER_DISABLED");
    }
    assert_eq!((enabled.active, enabled.status()), (true, LedgerStatus::Ready));
    assert!(is_posted(&again));
    assert_eq!(setup.list_all(&alice).await.total_size, 2, "refusals are not recorded");
}

#[tokio::test]
async fn money_is_stopped_without_the_customer_service() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    let nobody = kit::client::channel("http://127.0.0.1:1".into()).unwrap();
    let (alone_service, _) = ledger::service(settings(), setup.pool.clone(), nobody);
    let mut alone = setup.clone();
    alone.ledger = LedgerServiceClient::new(testkit::serve(alone_service).await);

    let disabled = alone.set_active(&ledger.ledger_id, false).await.unwrap();
    let read = setup.get_ledger(&ledger.ledger_id).await.unwrap();

    assert!(!disabled.active);
    assert_eq!(disabled.holder_name, "");
    assert!(!read.active);
    assert_eq!(read.holder_name, ledger.holder_name);
}

#[tokio::test]
async fn money_is_stopped_without_waiting_for_a_customer_service_that_does_not_answer() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    // Connections are accepted and nothing is ever said.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let silent_channel = kit::client::channel(address).unwrap();
    let (alone_service, _) = ledger::service(settings(), setup.pool.clone(), silent_channel);
    let mut alone = LedgerServiceClient::new(testkit::serve(alone_service).await);
    let disable = UpdateLedgerRequest {
        request_id: "disable-1".into(),
        ledger: Some(Ledger { ledger_id: ledger.ledger_id.clone(), ..Default::default() }),
        update_mask: Some(FieldMask { paths: vec!["active".into()] }),
        ..Default::default()
    };

    for _ in ["first", "replayed"] {
        let start = Instant::now();
        let disabled = alone.update_ledger(setup.request(disable.clone())).await.unwrap();
        let waited = start.elapsed();

        let disabled = disabled.into_inner();
        assert!(waited < Duration::from_secs(3), "{waited:?}");
        assert_eq!((disabled.active, disabled.holder_name.as_str()), (false, ""));
    }
    assert!(!setup.get_ledger(&ledger.ledger_id).await.unwrap().active);
}

#[tokio::test]
async fn doing_what_is_already_so_is_a_success_and_no_change() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;

    let same = setup.set_active(&ledger.ledger_id, true).await.unwrap();
    let changed = setup.set_active(&ledger.ledger_id, false).await.unwrap();
    let again = setup.set_active(&ledger.ledger_id, false).await.unwrap();

    assert_eq!(same, ledger);
    assert_ne!(changed.update_time, ledger.update_time);
    assert_eq!(again, changed);
}

#[tokio::test]
async fn only_active_can_be_changed() {
    let setup = setup().await;
    let mut client = setup.ledger.clone();
    let request = |ledger_id: &str, paths: &[&str]| UpdateLedgerRequest {
        ledger: Some(Ledger { ledger_id: ledger_id.into(), ..Default::default() }),
        update_mask: Some(FieldMask {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        }),
        ..Default::default()
    };
    let id = LedgerId::new().to_string();

    for paths in [&["owner"][..], &["active", "owner"], &[]] {
        let status = client.update_ledger(setup.request(request(&id, paths))).await.unwrap_err();
        assert_eq!(bad_fields(&status), ["update_mask"]);
    }
    let both = client.update_ledger(setup.request(UpdateLedgerRequest::default())).await;
    let missing = client.update_ledger(setup.request(request(&id, &["active"]))).await;

    assert_eq!(bad_fields(&both.unwrap_err()), ["ledger.ledger_id", "update_mask"]);
    assert_eq!(reason(&missing.unwrap_err()), "LEDGER_NOT_FOUND");
}

#[tokio::test]
async fn an_old_disable_repeated_with_its_key_does_not_disable_again() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    let disable = UpdateLedgerRequest {
        request_id: "disable-1".into(),
        ledger: Some(Ledger { ledger_id: ledger.ledger_id.clone(), ..Default::default() }),
        update_mask: Some(FieldMask { paths: vec!["active".into()] }),
        ..Default::default()
    };
    let mut client = setup.ledger.clone();

    let first = client.update_ledger(setup.request(disable.clone())).await.unwrap();
    setup.set_active(&ledger.ledger_id, true).await.unwrap();
    let again = client.update_ledger(setup.request(disable)).await.unwrap();

    assert_eq!(again.metadata().get("x-lombard-replayed").unwrap(), "true");
    assert_eq!(first.into_inner(), again.into_inner());
    assert!(setup.get_ledger(&ledger.ledger_id).await.unwrap().active);
}

#[tokio::test]
async fn validation_alone_changes_nothing() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    let request = UpdateLedgerRequest {
        ledger: Some(Ledger { ledger_id: ledger.ledger_id.clone(), ..Default::default() }),
        update_mask: Some(FieldMask { paths: vec!["active".into()] }),
        validate_only: true,
        ..Default::default()
    };

    setup.ledger.clone().update_ledger(setup.request(request)).await.unwrap();

    assert!(setup.get_ledger(&ledger.ledger_id).await.unwrap().active);
}

#[tokio::test]
async fn a_limit_can_be_given_by_those_who_do_not_know_the_currency() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    let mut client = setup.ledger.clone();
    let request = |decimal: &str| UpdateLedgerRequest {
        ledger: Some(Ledger { ledger_id: ledger.ledger_id.clone(), ..Default::default() }),
        update_mask: Some(FieldMask { paths: vec!["overdraft_limit".into()] }),
        overdraft_limit_decimal: decimal.into(),
        ..Default::default()
    };

    for (decimal, minor_units) in [("12.3", 1230), ("99999999.99", 9_999_999_999), ("0.00", 0)] {
        let changed = client.update_ledger(setup.request(request(decimal))).await.unwrap();

        assert_eq!(changed.into_inner().overdraft_limit.unwrap().minor_units, minor_units);
    }
    for decimal in ["0.001", "-1", "1e3", "100000000", "x"] {
        for validate_only in [false, true] {
            let request = UpdateLedgerRequest { validate_only, ..request(decimal) };
            let status = client.update_ledger(setup.request(request)).await.unwrap_err();

            assert_eq!(bad_fields(&status), ["overdraft_limit_decimal"], "{decimal}");
        }
    }
}

#[tokio::test]
async fn one_limit_is_given_in_one_form_and_what_is_wrong_is_told_with_all_else() {
    let setup = setup().await;
    let ledger = setup.ledger("gbp").await;
    let mut client = setup.ledger.clone();
    let paths = vec!["overdraft_limit".into(), "owner".into()];
    let given = Ledger { overdraft_limit: ledger.overdraft_limit.clone(), ..ledger };
    let request = UpdateLedgerRequest {
        ledger: Some(given.clone()),
        update_mask: Some(FieldMask { paths: paths.clone() }),
        overdraft_limit_decimal: "1".into(),
        ..Default::default()
    };
    let too_fine = UpdateLedgerRequest {
        ledger: Some(Ledger { overdraft_limit: None, ..given }),
        update_mask: Some(FieldMask { paths }),
        overdraft_limit_decimal: "0.001".into(),
        ..Default::default()
    };

    let both = client.update_ledger(setup.request(request)).await.unwrap_err();
    let fine = client.update_ledger(setup.request(too_fine)).await.unwrap_err();

    assert_eq!(bad_fields(&both), ["overdraft_limit_decimal", "update_mask"]);
    assert_eq!(bad_fields(&fine), ["overdraft_limit_decimal", "update_mask"]);
}
